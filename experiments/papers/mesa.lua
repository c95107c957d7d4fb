-- mesa.lua - may what a network keeps for its backward pass have eight bits, when its forward pass stays exact?
--
-- Method: a vision transformer is written out here: 16 tokens, heads with matrices of their own, LayerNorm, softmax, GELU. Forward everything is exact; what the backward
-- pass needs (inputs of linear layers, LayerNorms and GELUs, queries, keys, values and the softmax's output) is kept as q = round((x - low) 255 / (high - low)), cut to 0
-- to 255, rounded at random, and becomes low + q (high - low) / 255 again. Every head and every group of channels has its own range, an average of the batches' ranges with decay
-- 0.9 that starts at the first batch. Beside it: rounding to nearest, the range of the batch itself, one range for all heads and channels, and fewer bits.
-- (a) The gradient of one batch, after some training: bias is |mean of g' - g| / |g| over repeated draws, error the root mean square of |g' - g| / |g|. (b) Bytes that are kept.
-- (c) Training with Adam: accuracy on held-out images. What lies outside an averaged range is cut here; the source does not say what becomes of it above.
-- Source: Mesa, arXiv:2111.11124 (DeiT and Swin on ImageNet).
-- What would surprise: accuracy lost to eight bits, or a bias of rounding at random.
--
-- Measured at scale=full (4 seeds, of 2 bits 2): with ranges of the batch 8 bits have a bias of 3.0e-4 of the gradient at random and 1.0e-2 to nearest, 4 bits 2.5e-3 and
-- 0.16; a single gradient is further off at random (1.5e-2 for 1.0e-2). Averaged ranges have a bias of 2.3e-2 whatever the rounding, since what lies outside is cut, 80 times
-- that of the batch's ranges; one range for all heads and channels raises the error to 1.7e-2. Accuracy 91.5 % (averaged ranges), 91.8 % (the batch's), 91.6 % (4 bits),
-- 88.0 % (2 bits), 91.9 % in float, with a spread over the seeds of 2 to 4 points. 0.257 of the bytes are kept, ranges and LayerNorm's statistics included.
--
-- Columns: kept, seed; accuracy (held out, %). Of "gradients": kept, seed; bias, error, bytes (kept of a batch).
--
--   halfulp run experiments/papers/mesa.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or minutes" },
}
local small = params.scale == "small"
local p = small and { seeds = 1, steps = 100, draws = 12, heldout = 500, batch = 16 } or { seeds = 4, steps = 200, draws = 24, heldout = 2000, batch = 16 }
local tokens, patch, width, heads, hidden, layers, classes = 16, 4, 32, 4, 64, 2, 10
local size = width // heads
local claims = hu.published "Mesa (arXiv:2111.11124)"
local double = { dtype = "double" }

-- ---- what is kept ----

-- A function keep(name, list) that returns the arrays of a list as the backward pass will see them. how: bits (nil: exact), rounding, range = "average" or "batch",
-- joint: one range for all. Matrices have `heads` groups of columns each; a list of more than one has a group an array.
local function keeper(how, seed)
  local self = { bytes = 0, ranges = {}, seed = seed, draw = 0 }
  local top = how.bits and 2 ^ how.bits - 1
  local function range_of(list)
    local low, high = {}, {}
    for i, x in ipairs(list) do
      local shape = x:shape()
      local last = shape[#shape]
      local groups = #list == 1 and not how.joint and last % heads == 0 and heads or 1
      local parts = x:reshape { x.n // last, groups, last // groups }
      low[i], high[i] = parts:min(3):min(1):reshape { 1, groups, 1 }, parts:max(3):max(1):reshape { 1, groups, 1 }
    end
    if how.joint then
      for i = 2, #list do low[1], high[1] = hu.minimum(low[1], low[i]), hu.maximum(high[1], high[i]) end
      for i = 2, #list do low[i], high[i] = low[1], high[1] end
    end
    return low, high
  end
  function self.keep(name, list)
    for _, x in ipairs(list) do self.bytes = self.bytes + (top and x.n * how.bits / 8 or 4 * x.n) end
    if not top then return list end
    local low, high = range_of(list)
    local past, result = self.ranges[name], {}
    for i, x in ipairs(list) do
      if how.range == "average" and past then low[i], high[i] = 0.9 * past.low[i] + 0.1 * low[i], 0.9 * past.high[i] + 0.1 * high[i] end
      local step = hu.maximum(high[i] - low[i], 1e-30) / top
      local groups = low[i].n
      local shape = x:shape()
      local parts = x:reshape { x.n // shape[#shape], groups, shape[#shape] // groups }
      self.draw, self.bytes = self.draw + 1, self.bytes + 8 * groups
      local q = hu.minimum(((parts - low[i]) / step):quantize("uint8", { rounding = how.rounding, overflow = "saturate", seed = self.seed, stream = self.draw }), top)
      result[i] = (q * step + low[i]):reshape(shape)
    end
    if not self.frozen then self.ranges[name] = { low = low, high = high } end
    return result
  end
  return self
end

-- ---- the network: every operation gives its result and a function from the result's gradient to the input's ----

local function linear(net, grads, name, x, kept)
  local w, b = net[name .. ".w"], net[name .. ".b"]
  return hu.matmul(x, w, { transpose_b = true }) + b, function(g)
    grads[name .. ".w"], grads[name .. ".b"] = hu.matmul(g, kept, { transpose_a = true }), g:sum(1):reshape { 1, #w }
    return hu.matmul(g, w)
  end
end

local function layernorm(net, grads, name, x, store)
  local n = #x
  local mean = x:mean(2):reshape { n, 1 }
  local inverse = 1 / (((x - mean) ^ 2):mean(2):reshape { n, 1 } + 1e-5):sqrt()
  local kept = store.keep(name, { x })[1]
  store.bytes = store.bytes + 8 * n
  return (x - mean) * inverse * net[name .. ".w"] + net[name .. ".b"], function(g)
    local unit = (kept - mean) * inverse
    grads[name .. ".w"], grads[name .. ".b"] = (g * unit):sum(1):reshape { 1, width }, g:sum(1):reshape { 1, width }
    g = g * net[name .. ".w"]
    return inverse * (g - g:mean(2):reshape { n, 1 } - unit * (g * unit):mean(2):reshape { n, 1 })
  end
end

-- The form of GELU with the hyperbolic tangent.
local function gelu(x, kept)
  local function inner(a) return ((a + 0.044715 * a ^ 3) * math.sqrt(2 / math.pi)):tanh() end
  return 0.5 * x * (1 + inner(x)), function(g)
    local t = inner(kept)
    return g * (0.5 * (1 + t) + 0.5 * kept * (1 - t ^ 2) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * kept ^ 2))
  end
end

local function softmax(x)
  local n, shape = x.n // tokens, x:shape()
  local e = (x:reshape { n, tokens } - x:reshape({ n, tokens }):max(2):reshape { n, 1 }):exp()
  return (e / e:sum(2):reshape { n, 1 }):reshape(shape)
end

local function attention(net, grads, name, x, store)
  local n = #x
  local images, kept_x = n // tokens, store.keep(name .. ".in", { x })[1]
  local made, back = { q = {}, k = {}, v = {} }, { q = {}, k = {}, v = {} }
  for what in pairs(made) do
    for h = 1, heads do
      local y
      y, back[what][h] = linear(net, grads, ("%s.%s%d"):format(name, what, h), x, kept_x)
      made[what][h] = y:reshape { images, tokens, size }
    end
  end
  local weights, out, y = {}, {}, net[name .. ".out.b"]
  for h = 1, heads do
    weights[h] = softmax(hu.matmul(made.q[h], made.k[h], { transpose_b = true }) / math.sqrt(size))
    out[h] = hu.matmul(weights[h], made.v[h]):reshape { n, size }
    y = y + hu.matmul(out[h], net[name .. ".out.w" .. h], { transpose_b = true })
  end
  local q, k, v = store.keep(name .. ".q", made.q), store.keep(name .. ".k", made.k), store.keep(name .. ".v", made.v)
  local a, o = store.keep(name .. ".softmax", weights), store.keep(name .. ".out", out)
  return y, function(g)
    grads[name .. ".out.b"] = g:sum(1):reshape { 1, width }
    local gx = 0
    for h = 1, heads do
      grads[name .. ".out.w" .. h] = hu.matmul(g, o[h], { transpose_a = true })
      local go = hu.matmul(g, net[name .. ".out.w" .. h]):reshape { images, tokens, size }
      local gv, ga = hu.matmul(a[h], go, { transpose_a = true }), hu.matmul(go, v[h], { transpose_b = true })
      local product = ga * a[h]
      local gs = (product - a[h] * product:sum(3):reshape { images, tokens, 1 }) / math.sqrt(size)
      local gq, gk = hu.matmul(gs, k[h]), hu.matmul(gs, q[h], { transpose_a = true })
      gx = gx + back.q[h](gq:reshape { n, size }) + back.k[h](gk:reshape { n, size }) + back.v[h](gv:reshape { n, size })
    end
    return gx
  end
end

local function feed(net, grads, name, x, store)
  local y, back_in = linear(net, grads, name .. ".in", x, store.keep(name .. ".in", { x })[1])
  local z, back_gelu = gelu(y, store.keep(name .. ".gelu", { y })[1])
  local out, back_out = linear(net, grads, name .. ".out", z, store.keep(name .. ".out", { z })[1])
  return out, function(g) return back_in(back_gelu(back_out(g))) end
end

-- Logits of images [n][tokens * patch], and a function from their gradient to that of all weights.
local function forward(net, images, store)
  local n, grads, backs = #images, {}, {}
  local x = images:reshape { n * tokens, patch }
  local y, back_patch = linear(net, grads, "patch", x, store.keep("patch", { x })[1])
  y = (y:reshape { n, tokens * width } + net.position):reshape { n * tokens, width }
  for i = 1, layers do
    for _, part in ipairs { { "attention", attention }, { "feed", feed } } do
      local name = i .. "." .. part[1]
      local unit, back_norm = layernorm(net, grads, name .. ".norm", y, store)
      local z, back = part[2](net, grads, name, unit, store)
      y = y + z
      backs[#backs + 1] = function(g) return g + back_norm(back(g)) end
    end
  end
  local pooled = y:reshape({ n, tokens, width }):mean(2)
  local logits, back_head = linear(net, grads, "head", pooled, store.keep("head", { pooled })[1])
  return logits, function(g)
    g = (back_head(g) / tokens):reshape { n, 1, width } * hu.ones({ 1, tokens, 1 }, double)
    g = g:reshape { n * tokens, width }
    for i = #backs, 1, -1 do g = backs[i](g) end
    grads.position = g:reshape({ n, tokens * width }):sum(1):reshape { 1, tokens * width }
    back_patch(g)
    return grads
  end
end

local function initial(seed)
  local net, stream = { position = hu.randn({ 1, tokens * width }, { seed = seed, stream = 1, std = 0.1, dtype = "double" }) }, 1
  local function matrix(name, out, inputs)
    stream = stream + 1
    net[name] = hu.randn({ out, inputs }, { seed = seed, stream = stream, std = 1 / math.sqrt(inputs), dtype = "double" })
  end
  local function layer(name, out, inputs)
    matrix(name .. ".w", out, inputs)
    net[name .. ".b"] = hu.zeros({ 1, out }, double)
  end
  local function norm(name) net[name .. ".w"], net[name .. ".b"] = hu.ones({ 1, width }, double), hu.zeros({ 1, width }, double) end
  layer("patch", width, patch)
  for i = 1, layers do
    norm(i .. ".attention.norm")
    for h = 1, heads do
      for _, what in ipairs { "q", "k", "v" } do layer(("%d.attention.%s%d"):format(i, what, h), size, width) end
      matrix(("%d.attention.out.w%d"):format(i, h), width, size)
    end
    net[i .. ".attention.out.b"] = hu.zeros({ 1, width }, double)
    norm(i .. ".feed.norm")
    layer(i .. ".feed.in", hidden, width)
    layer(i .. ".feed.out", width, hidden)
  end
  layer("head", classes, width)
  return net
end

-- ---- the task: a pattern of each class at some token, in normal noise ----

local function examples(seed, n, draw)
  local marks = hu.randn({ classes, 2 * patch }, { seed = seed, stream = 1, dtype = "double" }) * 2.5
  local x = hu.randn({ n, tokens * patch }, { seed = seed, stream = 2 * draw + 10, dtype = "double" })
  local which = hu.uniform({ n, 2 }, { seed = seed, stream = 2 * draw + 11, dtype = "double" })
  local labels = hu.zeros({ n, classes }, double)
  for i = 1, n do
    local class, at = math.floor(which(i, 1) * classes) + 1, math.floor(which(i, 2) * (tokens - 1)) * patch
    for j = 1, 2 * patch do x:set(i, at + j, x(i, at + j) + marks(class, j)) end
    labels:set(i, class, 1)
  end
  return x, labels
end

local function gradients(net, x, labels, store)
  local logits, back = forward(net, x, store)
  local loss, g = hu.nn.cross_entropy(logits, labels)
  return back(g), loss
end

-- Adam without decay, its rate falling as a cosine.
local function train(net, seed, steps, store)
  local m, v = {}, {}
  for t = 1, steps do
    local x, labels = examples(seed, p.batch, t)
    local grads = gradients(net, x, labels, store)
    local rate = 1e-2 * 0.5 * (1 + math.cos(math.pi * t / steps))
    for name, g in pairs(grads) do
      m[name], v[name] = 0.9 * (m[name] or 0) + 0.1 * g, 0.999 * (v[name] or 0) + 0.001 * g * g
      net[name] = net[name] - rate * (m[name] / (1 - 0.9 ^ t)) / ((v[name] / (1 - 0.999 ^ t)):sqrt() + 1e-8)
    end
  end
  return net
end

local function accuracy(net, seed)
  local x, labels = examples(seed, p.heldout, 1000000)
  local found, want, right = forward(net, x, keeper {}):argmax(2):totable(), labels:argmax(2):totable(), 0
  for i, class in ipairs(found) do right = right + (class == want[i] and 1 or 0) end
  return 100 * right / p.heldout
end

local ways = {
  ["float"] = {},
  ["Mesa"] = { bits = 8, rounding = "sr", range = "average" },
  ["Mesa, nearest"] = { bits = 8, rounding = "rne", range = "average" },
  ["8 bits"] = { bits = 8, rounding = "sr", range = "batch" },
  ["8 bits, nearest"] = { bits = 8, rounding = "rne", range = "batch" },
  ["8 bits, one range"] = { bits = 8, rounding = "sr", range = "batch", joint = true },
  ["4 bits"] = { bits = 4, rounding = "sr", range = "batch" },
  ["4 bits, nearest"] = { bits = 4, rounding = "rne", range = "batch" },
  ["2 bits"] = { bits = 2, rounding = "sr", range = "batch" },
  ["2 bits, nearest"] = { bits = 2, rounding = "rne", range = "batch" },
}
local names = hu.keys(ways)

-- ---- (a) the gradient, (b) bytes ----

-- All gradients one after the other, by the names of their weights.
local function flat(grads)
  local list = {}
  for _, key in ipairs(hu.keys(grads)) do table.move(grads[key]:reshape({ grads[key].n }):totable(), 1, grads[key].n, #list + 1, list) end
  return hu.array(list, double)
end

local halfway = {}
local function measure(point)
  local seed = point.seed
  halfway[seed] = halfway[seed] or train(initial(seed), seed, p.steps // 4, keeper {})
  local net, store = halfway[seed], keeper(ways[point.kept], seed)
  for t = 1, 20 do
    local images = examples(seed, p.batch, 2000 + t)
    forward(net, images, store)
  end
  store.frozen = true
  local x, labels = examples(seed, p.batch, 3000)
  local want = flat(gradients(net, x, labels, keeper {}))
  local mean, squares = want * 0, 0
  for _ = 1, p.draws do
    store.bytes = 0
    local off = flat(gradients(net, x, labels, store)) - want
    mean, squares = mean + off / p.draws, squares + off:norm() ^ 2 / p.draws
  end
  -- The mean of the draws is off by their bias and by noise, whose variance is known from the draws.
  local noise = (squares - mean:norm() ^ 2) / (p.draws - 1)
  return { bias = math.sqrt(math.max(0, mean:norm() ^ 2 - noise)) / want:norm(), error = math.sqrt(squares) / want:norm(), bytes = store.bytes }
end
local sampled = hu.sweep { kept = names, seed = hu.range(1, p.seeds) }
sampled:run(measure, { name = "gradients" })
local found = sampled:rows()
local function of(rows, what, kept) return hu.stats.mean(hu.column(hu.select(rows, { kept = kept }), what)) end
for _, name in ipairs(names) do print(("measured: %-18s bias %.3g, error %.3g of the gradient"):format(name, of(found, "bias", name), of(found, "error", name))) end

-- ---- (c) training ----

local trained = small and { "float", "Mesa" } or { "float", "Mesa", "8 bits", "4 bits", "2 bits" }
local sweep = hu.sweep { kept = trained, seed = hu.range(1, p.seeds) }
sweep:run(function(point)
  return { accuracy = accuracy(train(initial(point.seed), point.seed, p.steps, keeper(ways[point.kept], point.seed)), point.seed) }
end, { name = "training" })
local rows = sweep:rows()
for _, name in ipairs(trained) do print(("measured: %-18s accuracy %.1f %%"):format(name, of(rows, "accuracy", name))) end

-- ---- the claims ----

-- The slope of the loss along a random direction in all weights, by the backward pass and by a difference quotient.
local function slopes()
  local net, x, labels = initial(3), examples(3, p.batch, 1)
  local grads, direction, slope = gradients(net, x, labels, keeper {}), {}, 0
  for i, name in ipairs(hu.keys(grads)) do
    direction[name] = hu.randn(net[name]:shape(), { seed = 4, stream = i, dtype = "double" })
    slope = slope + (direction[name] * grads[name]):sum()
  end
  local function along(distance)
    local moved = {}
    for name, w in pairs(net) do moved[name] = w + distance * direction[name] end
    local logits = forward(moved, x, keeper {})
    return (hu.nn.cross_entropy(logits, labels))
  end
  return slope, (along(1e-5) - along(-1e-5)) / 2e-5
end
local slope, quotient = slopes()
claims:claim { what = "slope of the loss against a difference quotient (relative error)", published = "equal", here = math.abs(slope / quotient - 1),
  holds = math.abs(slope / quotient - 1) < 1e-6 }

-- The range of the third batch, and what it makes of numbers: 0 and 4, -1 and 3, then 1 and 9; averages (0.81, 0.09, 0.1) -0.09 + 0.1 and 4 - 0.09 + ...
local store = keeper({ bits = 8, rounding = "rne", range = "average", joint = true }, 1)
local back
for _, ends in ipairs { { 0, 4 }, { -1, 3 }, { 1, 9 } } do back = store.keep("x", { hu.array({ { ends[1], ends[2], 2 } }, double) })[1] end
local low, high = 0.81 * 0 + 0.09 * -1 + 0.1 * 1, 0.81 * 4 + 0.09 * 3 + 0.1 * 9
local step = (high - low) / 255
local got = store.ranges.x.low[1](1, 1, 1)
claims:claim { what = "an averaged range after three batches: its ends, and 2 on its grid", published = "decay 0.9",
  here = ("%.4g, %.4g, %.4g"):format(got, back(1, 2), back(1, 3)), holds = math.abs(got - low) < 1e-12 and math.abs(back(1, 2) - high) < 1e-12
    and math.abs(back(1, 3) - (low + step * math.floor((2 - low) / step + 0.5))) < 1e-12 }

local function two(rows_of, what, a, b) return ("%.3g, %.3g"):format(of(rows_of, what, a), of(rows_of, what, b)) end
for _, bits in ipairs { "8 bits", "4 bits" } do
  local nearest = bits .. ", nearest"
  claims:claim { what = ("%s, ranges of the batch: bias at random, to nearest"):format(bits), published = "SR is unbiased", here = two(found, "bias", bits, nearest),
    holds = of(found, "bias", bits) < 0.5 * of(found, "bias", nearest) }
end
claims:claim { what = "8 bits: error with ranges of heads and groups is below that with one range", published = "yes", here = two(found, "error", "8 bits", "8 bits, one range"),
  holds = of(found, "error", "8 bits") < of(found, "error", "8 bits, one range") }

local kept, exact = of(found, "bytes", "Mesa"), of(found, "bytes", "float")
local states = 0
for _, w in pairs(initial(1)) do states = states + 16 * w.n end
claims:claim { what = "bytes kept for the backward pass, of those in float: about a quarter", published = "0.25", here = kept / exact,
  holds = kept / exact > 0.25 and kept / exact < 0.27 }
claims:claim { what = "  with weights, gradients and Adam's moments: at most the published part", published = "0.445 (4171 to 1858 MB)", here = (kept + states) / (exact + states),
  holds = (kept + states) / (exact + states) < 0.445 }

local function accuracies(a, b) return ("%.1f, %.1f"):format(of(rows, "accuracy", a), of(rows, "accuracy", b)) end
local room = small and 3 or 1
claims:claim { what = ("accuracy of Mesa is that of float (within %d points)"):format(room), published = "72.1, 71.9", here = accuracies("Mesa", "float"),
  holds = math.abs(of(rows, "accuracy", "Mesa") - of(rows, "accuracy", "float")) <= room, note = "DeiT-Ti" }

hu.plot { rows = found, x = "error", y = "bias", series = "kept", logx = true, width = 860, xlabel = "error of a gradient", ylabel = "bias of the gradient", legend = " ",
  title = "Kept for the backward pass in few bits", file = "mesa-gradients" }
print(claims:table())
