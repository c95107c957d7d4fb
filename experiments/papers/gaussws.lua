-- gaussws.lua - do weights that were trained under rounded normal noise bear few bits better than under uniform noise, stochastic rounding, nearest, or none?
--
-- Method: the pass takes W + R max |W of its block| 2^(1 - b), cast to bfloat16, with R = round(N(0, 1) / 2) anew each step; gradients go to W as they are, and to the bits b of each
-- block through the noise: dL/db = -ln 2 sum(dL/dW_hat noise). A penalty moves b from 6 toward 4. Beside it: uniform noise of the same step (DiffQ), weights rounded in
-- every pass to 3 bits with the block's scale, stochastically or to nearest (straight through), and plain float. A language model learns a made-up text by AdamW, all alike else.
--   after     held-out loss when the trained weights are rounded to 3 and 2 bits with the block's scale, above the loss unrounded
--   noise     frequencies and variance of R; what the cast to bfloat16 leaves of small weights
-- Source: Gaussian Weight Sampling, arXiv:2505.11170 (GPT-2 and Llama to 1 B parameters; b from 6 to 4; sums of bfloat16). The power 2^(1 - b) and the side of blocks are
-- not known to us for certain: they are parameters (`power`, `side`).
-- What would surprise: noise that helps less than none.
--
-- Measured at scale=full (5 seeds, 400 steps, width 32): weights of 2 bits raise the loss by 0.670 after training with the noise, 0.873 with uniform noise and 1.147 without any;
-- weights of 3 bits by 0.023, 0.031 and 0.020, so that there the noise helps against uniform noise only. Training with it ends at 1.296, without at 1.281 (b goes to 4). Rounding to
-- 3 bits in training is better for these 3 bits: 1.282 to nearest and 1.310 stochastically, against 1.319; of instability of either nothing is seen at this size.
-- What the source says of R, the cast and the gradient by b holds.
--
-- Columns: way ("none", "gauss", "uniform", "sr", "nearest"), seed; loss (nats a byte, held out, unrounded), at3, at2 (the same with weights of 3 and 2 bits), bits (mean b in the end).
--
--   halfulp run experiments/papers/gaussws.lua [scale=small|full] [side=DIVISOR] [power=1]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: two seeds and 150 steps, or five and 400" },
  side = { default = 32, min = 1, max = 32, help = "rows and columns of a block" },
  power = { default = 1, min = -4, max = 4, help = "the noise is the block's largest magnitude times 2^(power - b)" },
}
local small = params.scale == "small"
local seeds, steps, width = small and 2 or 5, small and 150 or 400, 32
local start_bits, least_bits, bits_rate, decay, rate = 6, 4, 0.05, 1, 0.01
local side = params.side
if width % side ~= 0 then error(("side is %d; it takes a divisor of %d, the width of the model"):format(side, width), 0) end
local claims = hu.published "Gaussian weight sampling (arXiv:2505.11170)"

-- ---- blocks and noise ----

-- A matrix as {rows of blocks, side, columns of blocks, side}; the largest magnitude of each block {rows, 1, columns, 1}; sums over blocks, in the same shape.
local function blocked(w)
  local rows, cols = table.unpack(w:shape())
  local high, wide = math.min(side, rows), math.min(side, cols)
  return w:reshape { rows // high, high, cols // wide, wide }
end
local function of_blocks(x, what)
  local shape = x:shape()
  return x[what](x[what](x, 4), 2):reshape { shape[1], 1, shape[3], 1 }
end

-- R, a function of seed and stream, and what the uniform noise of DiffQ is in its place: both in steps of the block.
local draw = {
  gauss = function(shape, seed, stream) return (hu.randn(shape, { seed = seed, stream = stream, dtype = "double" }) / 2):round() end,
  uniform = function(shape, seed, stream) return hu.uniform(shape, { seed = seed, stream = stream, low = -0.5, high = 0.5, dtype = "double" }) end,
}

-- The noise of w, blocked: b are the bits of each block.
local function noise_of(way, w, b, seed, stream)
  local x = blocked(w)
  return draw[way](x:shape(), seed, stream) * (of_blocks(x:abs(), "max") * ((b * -1 + params.power) * math.log(2)):exp())
end

-- w + noise in bfloat16; and dL/db from dL/dw_hat.
local function noisy(w, noise) return (w + noise:reshape(w:shape())):quantize "bf16" end
local function bits_gradient(gradient, noise) return of_blocks(blocked(gradient) * noise, "sum") * -math.log(2) end

-- w in b bits with the scale of its block.
local function rounded(w, b, rounding, stream)
  return w:quantize(hu.quantizer { format = "int" .. b, narrow = true, tile = { side, side }, rounding = rounding, seed = 1, stream = stream })
end

local n = small and 100000 or 1000000
local r = draw.gauss({ n }, 11, 0)
local count = {}
r:map(function(value) local k = math.min(math.abs(value), 2) count[k] = (count[k] or 0) + 1 return value end)
for i, p in ipairs { 0.68269, 0.31461, 0.00270 } do
  claims:number { what = ("share of R %s"):format(({ "= 0", "= 1 or -1", "of 2 and more" })[i]), published = p, here = count[i - 1] / n, within = 5 * math.sqrt(p * (1 - p) / n), digits = 4 }
end
claims:number { what = "variance of R", published = 0.3254, here = (r * r):sum() / n, within = 5 * math.sqrt(0.3382 - 0.3254 ^ 2 + 0.03) / math.sqrt(n), digits = 4 }

-- One block of normal weights in bfloat16.
local block = hu.randn({ side, side }, { seed = 5, dtype = "double" }):quantize "bf16"
local function cast(b)
  local most, values = block:abs():max(), block:totable()
  local at = { zeros = 0, kept = 0, large = 0, changed = 0, small = 0, lost = 0 }
  local function note(what, whether, also)
    at[what], at[also] = at[what] + 1, at[also] + (whether and 1 or 0)
  end
  for stream = 1, 20 do
    local noise = noise_of("gauss", block, hu.full({ 1, 1, 1, 1 }, b), 12, stream):reshape { side, side }
    local out, noises = noisy(block, noise):totable(), noise:totable()
    for i, row in ipairs(values) do
      for k, w in ipairs(row) do
        local e = noises[i][k]
        if e == 0 then note("zeros", out[i][k] == w, "kept") end
        if e ~= 0 and math.abs(w) > most / 4 then note("large", out[i][k] ~= w, "changed") end
        if e ~= 0 and math.abs(w) < math.abs(e) / 512 then note("small", out[i][k] == e, "lost") end
      end
    end
  end
  return { kept = at.kept / at.zeros, changed = at.changed / math.max(at.large, 1), lost = at.lost, small = at.small }
end
local nine, twelve, one = cast(9), cast(12), cast(1)
claims:claim { what = "weights with R = 0 pass the cast unchanged (share)", published = 1, here = nine.kept, holds = nine.kept == 1 }
claims:claim { what = "noise of 9 bits passes it, of 12 not (share of the largest weights that change)", published = "up to 9 bits", here = ("%.2f, %.2f"):format(nine.changed, twelve.changed),
  holds = nine.changed > 0.9 and twelve.changed < 0.1 }
claims:claim { what = "weights below the noise / 512 are wiped out (of those in blocks at 1 bit)", published = "all", here = ("%d of %d"):format(one.lost, one.small), holds = one.lost == one.small and one.small > 0 }

-- dL/db of L = sum of w_hat^2 / 2 for a block, before the cast, beside the difference.
local function quadratic(b)
  local noise = noise_of("gauss", block, hu.full({ 1, 1, 1, 1 }, b), 13, 0)
  local hat = block + noise:reshape { side, side }
  return (hat * hat):sum() / 2, bits_gradient(hat, noise)(1, 1, 1, 1)
end
local h = 1e-4
local difference = (quadratic(5 + h) - quadratic(5 - h)) / (2 * h)
local _, slope = quadratic(5)
claims:number { what = "gradient by the bits of a block: -ln 2 sum(gradient noise), beside the difference", published = difference, here = slope, relative = 1e-6, digits = 7 }

-- ---- training ----

local text = hu.nn.markov { alphabet = 6, order = 2, seed = 7 }

local function held_out(model, tensors)
  model:set_tensors(tensors)
  return math.log(2) * model:loss(text, { pieces = 64 })
end

local function train(way, seed)
  local model = hu.nn.lm { layers = 2, heads = 2, width = width, hidden = 2 * width, context = 16, vocabulary = 128, seed = seed }
  local w, m, v, b, places = {}, {}, {}, {}, model:parameters()
  for name, x in pairs(model:tensors()) do w[name], m[name], v[name] = x:to "double", x:to "double" * 0, x:to "double" * 0 end
  for _, p in ipairs(places) do
    if p.rows > 1 and p.name:match "^%d" then b[p.name] = of_blocks(blocked(w[p.name]), "max") * 0 + start_bits end
  end
  for step = 1, steps do
    local taken, noise = {}, {}
    for k, p in ipairs(places) do
      local name, stream = p.name, step * 64 + k
      taken[name] = w[name]
      if b[name] and draw[way] then
        noise[name] = noise_of(way, w[name], b[name], seed, stream)
        taken[name] = noisy(w[name], noise[name])
      elseif b[name] and way ~= "none" then
        taken[name] = rounded(w[name], 3, way == "sr" and "sr" or "rne", stream)
      end
    end
    model:set_tensors(taken)
    local _, gradient = model:objective(nil, text, { rows = 16, seed = seed, step = step })
    gradient = gradient / math.max(1, gradient:norm())
    local eta = rate * math.min(1, step / 10) * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
    for _, p in ipairs(places) do
      local name = p.name
      local g = gradient:slice(p.first, p.first + p.rows * p.cols - 1):reshape { p.rows, p.cols }
      m[name], v[name] = m[name] * 0.9 + g * 0.1, v[name] * 0.95 + g * g * 0.05
      w[name] = w[name] - (m[name] / (1 - 0.9 ^ step)) / ((v[name] / (1 - 0.95 ^ step)):sqrt() + 1e-8) * eta
      if noise[name] then                                          -- the penalty: decay times the mean of b over the matrix's blocks
        b[name] = hu.maximum(b[name] - (bits_gradient(g, noise[name]) + decay / b[name].n) * bits_rate, least_bits)
      end
    end
  end
  local result = { loss = held_out(model, w), bits = 0 }
  for _, bits in ipairs { 3, 2 } do
    local few = {}
    for name, x in pairs(w) do few[name] = b[name] and rounded(x, bits, "rne", 0) or x end
    result["at" .. bits] = held_out(model, few)
  end
  local blocks = 0
  for _, x in pairs(b) do blocks, result.bits = blocks + x.n, result.bits + x:sum() end
  result.bits = draw[way] and result.bits / blocks or way == "none" and 32 or 3
  return result
end

local ways = { "none", "gauss", "uniform", "sr", "nearest" }
local sweep = hu.sweep { way = ways, seed = hu.range(1, seeds) }
sweep:run(function(p) return train(p.way, p.seed) end, { name = "gaussws" })
local rows = sweep:rows()
local function mean(way, name) return hu.stats.mean(hu.column(hu.select(rows, { way = way }), name)) end
local rise = { [3] = {}, [2] = {} }
for _, way in ipairs(ways) do
  for _, bits in ipairs { 3, 2 } do rise[bits][way] = mean(way, "at" .. bits) - mean(way, "loss") end
  print(("measured: %s: loss %.4f, with weights of 3 bits %+.4f, of 2 bits %+.4f; %.2f bits in the end"):format(way, mean(way, "loss"), rise[3][way], rise[2][way], mean(way, "bits")))
end
claims:claim { what = "the bits of blocks move from 6 toward 4 (mean in the end)", published = "yes", here = ("%.2f"):format(mean("gauss", "bits")), holds = mean("gauss", "bits") < 5.5 and mean("gauss", "bits") >= 4 }
claims:claim { what = "training with the noise ends near training without (loss)", published = "yes", here = ("%.4f; %.4f"):format(mean("gauss", "loss"), mean("none", "loss")),
  holds = mean("gauss", "loss") < mean("none", "loss") + 0.06 }
-- Two seeds and few steps tell no order.
local function at_full(holds)
  if not small then return holds end
end
for _, bits in ipairs { 3, 2 } do
  local x = rise[bits]
  claims:claim { what = ("weights of %d bits: the rise of the loss is less with the noise than without"):format(bits), published = "yes", here = ("%.4f, %.4f"):format(x.gauss, x.none), holds = at_full(x.gauss < x.none) }
  claims:claim { what = ("  and less than with uniform noise"):format(bits), published = "yes", here = ("%.4f, %.4f"):format(x.gauss, x.uniform), holds = at_full(x.gauss < x.uniform) }
end
claims:claim { what = "loss with weights of 3 bits: the noise, against rounding stochastically in training", published = "lower", here = ("%.4f, %.4f"):format(mean("gauss", "at3"), mean("sr", "at3")),
  holds = mean("gauss", "at3") < mean("sr", "at3") }
claims:claim { what = "  against rounding to nearest in training (3 bits)", published = "lower", here = ("%.4f, %.4f"):format(mean("gauss", "at3"), mean("nearest", "at3")),
  holds = mean("gauss", "at3") < mean("nearest", "at3") }

local shown = {}
for _, row in ipairs(rows) do
  for _, x in ipairs { { 32, row.loss }, { 3, row.at3 }, { 2, row.at2 } } do shown[#shown + 1] = { bits = tostring(x[1]), loss = x[2], way = row.way } end
end
hu.plot { rows = shown, kind = "box", x = "way", y = "loss", panel = "bits", across = 3, width = 900, xlabel = "trained with", ylabel = "loss (nats a byte)",
  title = "Weights of 32, 3 and 2 bits after training", file = "gaussws-bits" }
print(claims:table())
