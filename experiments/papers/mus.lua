-- mus.lua - does munit scaling keep every variance near one in any width and depth, eight bits without scales, and the best rate where it is?
--
-- Method: GPT-2-style models (LayerNorm, GELU, no biases) over bytes with and without munit scaling (hu.nn.models.gpt2, `units = "mus"`): weights of deviation 1, products
-- divided by sqrt(inputs), attention by the roots of the softmax, a norm at the end of each branch, stream sqrt(1 - tau) x + sqrt(tau) branch.
--   attention  variance of the last of k positions over normal queries and keys, and values that are independent or share half of their variance
--   depth      variance of the untrained stream at the last position after so many blocks, mean of 20 models of width 32, and of the usual one: norms at the start of a branch, the same weights, plain sums
--   rates      best rate of Lion (vertex of a parabola in log2) against the width: slope of its logarithm; hidden matrices learn at the rate / sqrt(inputs)
--   eight bits operands in E4M3, gradients in E5M2, no scale but one constant on the loss (tokens * width): loss above binary32, and the operands of the first step
--   tau        held-out loss of deep models with a fixed tau and with the running mean, each at the best of three rates
-- Source: munit Scaling, arXiv:2502.05967 (widths 256 to 8192, four layers, Lion, cosine to 10 %). Its pair of formats and the table of tau against depth are not known to us.
-- What would surprise: a best rate that moves, or an operand that needs a scale.
--
-- Measured at scale=full (3 seeds, widths 16 to 128, 150 steps): the best rate moves as width^-0.22 with munit scaling (2^-3.08 to 2^-3.77) and as width^-1.03 without
-- (2^-6.96 to 2^-10.16). Attention by roots keeps the variance (0.987 to 0.996 over 16 to 256 positions; softmax 0.129 to 0.0102); where values share half of their
-- variance it rises to 101, as k exp(-1/4) / 2 says. The stream's variance is 1.08 after 64 blocks with tau 0.4 and 0.97 with the running mean; norms first: 159.
-- In the first step operands are 0.74 to 1.9 and gradients 0.37 to 8.7, without 0.011 to 1.1 and 2.8 to 97 under the same constant; but in eight bits neither loses more than
-- 0.002 nats at this size, so that the ways do not differ in that. At 12 layers tau 0.1 (1.694) beats the running mean (1.716), and 0.4 (2.026) does not.
--
-- Columns: part ("rates", "depth"), units, policy, layers, tau, width, rate, seed; loss (nats a byte, held out).
--
--   halfulp run experiments/papers/mus.lua [scale=small|full]

local hu = require "halfulp"
local mus = require "halfulp.models.mus"
local block = require "halfulp.models.block"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or some minutes" },
}
local p = ({
  small = { seeds = 2, steps = 60, widths = { 16, 64 }, rates = 8, pieces = 64, rows = 50, depths = { 1, 4, 16 }, layers = 6, streams = 5 },
  full = { seeds = 3, steps = 150, widths = { 16, 32, 64, 128 }, rates = 9, pieces = 128, rows = 400, depths = { 1, 4, 16, 64 }, layers = 12, streams = 20 },
})[params.scale]
local text = hu.nn.markov { alphabet = 8, order = 1, seed = 7 }
local claims = hu.published "munit scaling (arXiv:2502.05967)"
local eight = "e4m3fn/e5m2:rne+sat"
local context, batch = 16, 4

local function mean_square(array) return (array * array):sum() / array.n end

-- ---- attention ----

-- The variance of attention at the last of k positions; `shared`: the part of the values' variance that all positions have in common.
local function attention_variance(k, root, shared)
  local d = 64
  local model = hu.nn.model { name = "attention", { "features", channels = 3 * d, height = k }, { "gain" }, { "attention", rotary = false, root = root }, { "flatten" },
    { "columns", first = (k - 1) * d, count = d }, { "cross_entropy" } }
  collectgarbage()
  local own, common = hu.ones { 1, 1, 3 * d }, hu.zeros { 1, 1, 3 * d }
  for c = 2 * d + 1, 3 * d do
    own:set(1, 1, c, math.sqrt(1 - shared))
    common:set(1, 1, c, math.sqrt(shared))
  end
  local x = hu.randn({ p.rows, k, 3 * d }, { seed = 1, stream = k }) * own + hu.randn({ p.rows, 1, 3 * d }, { seed = 2, stream = k }) * common
  return mean_square(model:logits { features = x:reshape { p.rows, k * 3 * d } })
end

local ks, plain, root, shared = { 16, 64, 256 }, {}, {}, {}
for i, k in ipairs(ks) do
  plain[i], root[i], shared[i] = attention_variance(k, false, 0), attention_variance(k, true, 0), attention_variance(k, true, 0.5)
  print(("measured: attention over %d positions: variance %.4f, with roots %.4f, with roots of values that share half %.2f"):format(k, plain[i], root[i], shared[i]))
end
local e = math.exp(1)
claims:number { what = "variance of softmax attention over 256 independent values", published = e / 256 - (e - 1) / 256 ^ 2, here = plain[3], relative = 0.08, digits = 3 }
for i, k in ipairs(ks) do
  claims:number { what = ("variance with the roots of the softmax, %d positions"):format(k), published = 1, here = root[i], within = 0.06, digits = 3 }
end
-- Of values that share a part: that part is multiplied by the square of the sum of the roots, about k exp(-1/4).
claims:claim { what = "with roots the variance of correlated values rises with the position (16, 64, 256; expected 6.6, 25, 100)", published = "rises",
  here = ("%.1f, %.1f, %.1f"):format(shared[1], shared[2], shared[3]), holds = shared[1] < shared[2] and shared[2] < shared[3] and math.abs(shared[3] / 100 - 1) < 0.15 }

-- ---- depth ----

-- The mean square of the stream after so many blocks, untrained; the stream is the model's output.
local function stream_of(depth, units, tau, seed)
  local width = 32
  local o = { norm = "layernorm", width = width, heads = 2, hidden = 4 * width, activation = "gelu", causal = true, rotary = false, bias = false, deviation = 1 / math.sqrt(width),
    residual = 1 / math.sqrt(width), tau = tau }
  local parts = units == "mus" and mus or block
  local list = { name = "stream", seed = seed, { "tokens", context = context, vocabulary = 128 }, { "embedding", name = "x", width = width, deviation = 1 } }
  local x = "x"
  for i = 0, depth - 1 do x = parts.feed(list, o, tostring(i), parts.attention(list, o, tostring(i), x)) end
  list[#list + 1] = { "cross_entropy" }
  collectgarbage()                                                                        -- the models before were large
  return mean_square(hu.nn.model(list):logits(text, { rows = 25 }))
end

local depth_rows, at = {}, {}
for _, way in ipairs { { "tau 0.4", "mus", 0.4 }, { "running mean", "mus", 0 }, { "norms first", "none", 0 } } do
  at[way[1]] = {}
  for i, depth in ipairs(p.depths) do
    local list = {}
    for seed = 1, p.streams do
      list[seed] = stream_of(depth, way[2], way[3], seed)
      depth_rows[#depth_rows + 1] = { depth = depth, variance = list[seed], way = way[1] }
    end
    local variance = hu.stats.mean(list)
    at[way[1]][i] = variance
    print(("measured: %s, %d blocks: variance of the stream %.3f"):format(way[1], depth, variance))
  end
end
local last, deepest = #p.depths, p.depths[#p.depths]
for _, way in ipairs { "tau 0.4", "running mean" } do
  claims:number { what = ("variance of the stream after %d blocks, %s"):format(deepest, way), published = 1, here = at[way][last], within = 0.2, digits = 3 }
end
claims:claim { what = ("norms first and plain sums: the variance grows (after %d blocks and after 1)"):format(deepest), published = "grows",
  here = ("%.1f, %.1f"):format(at["norms first"][last], at["norms first"][1]), holds = at["norms first"][last] > 4 * at["norms first"][1] }

-- ---- the runs ----

local first_rate = { mus = 2 ^ -8, none = 2 ^ -13 }               -- the lowest; each further one is twice as large

local function options_of(point)
  return { model = hu.nn.models.gpt2 { layers = point.layers, heads = 2, width = point.width, context = context, vocabulary = 128, tied = false, units = point.units,
      tau = point.units == "mus" and point.tau or nil, seed = point.seed },
    data = text, batch = batch, seed = point.seed, weight_decay = 0, optimizer = "lion", steps = p.steps, lr = point.rate,
    policy = point.policy ~= "fp32" and point.policy or nil, loss_scale = batch * context * point.width }
end

local function train(point)
  local options = options_of(point)
  local run = hu.nn.train(options)
  local loss = math.log(2) * options.model:loss(text, { policy = options.policy, pieces = p.pieces })
  return { loss = (run.diverged or loss ~= loss) and math.huge or loss }
end

local points, widest = {}, p.widths[#p.widths]
local function add(part, rates, point)
  for _, rate in ipairs(rates) do
    for seed = 1, p.seeds do
      points[#points + 1] = { part = part, units = point.units, policy = point.policy or "fp32", layers = point.layers or 2, tau = point.tau or 0.4, width = point.width, rate = rate, seed = seed }
    end
  end
end
local function rates_of(units)
  local list = {}
  for i = 1, p.rates do list[i] = first_rate[units] * 2 ^ (i - 1) end
  return list
end
for _, units in ipairs { "mus", "none" } do
  for _, width in ipairs(p.widths) do add("rates", rates_of(units), { units = units, width = width }) end
  add("rates", rates_of(units), { units = units, width = widest, policy = eight })
end
local deep_rates = { 2 ^ -6, 2 ^ -5, 2 ^ -4 }
for _, tau in ipairs { 0, 0.1, 0.2, 0.4 } do add("depth", deep_rates, { units = "mus", width = 16, layers = p.layers, tau = tau }) end
local sweep = hu.sweep(points)
sweep:run(train, { name = "mus" })
local rows = sweep:rows()

-- Mean loss over the seeds of the rows that are as `wanted` says.
local function loss_of(wanted)
  return hu.stats.mean(hu.column(hu.select(rows, wanted), "loss"))
end

-- ---- the best rate against the width ----

local function rates_against_width(units, policy)
  return hu.scaling.transfer(hu.select(rows, { part = "rates", units = units, policy = policy }))
end
local moves = { mus = rates_against_width("mus", "fp32"), none = rates_against_width("none", "fp32") }
for _, units in ipairs { "mus", "none" } do
  for _, best in ipairs(moves[units].best) do
    print(("measured: units %s, width %d: best rate 2^%.2f, loss %.4f%s"):format(units, best.size, math.log(best.rate or 0 / 0, 2), best.loss, best.inside and "" or ", at the end of the rates"))
  end
end
local function where_known(units, holds)
  if moves[units].inside then return holds end
end
claims:claim { what = "the best rate stays (slope of its logarithm against the width's)", published = 0, here = ("%.2f"):format(moves.mus.slope),
  holds = where_known("mus", math.abs(moves.mus.slope) < 0.25) }
claims:claim { what = "without munit scaling it falls like 1 / width", published = -1, here = ("%.2f"):format(moves.none.slope),
  holds = where_known("none", math.abs(moves.none.slope + 1) < 0.5) }

-- ---- eight bits ----

for _, units in ipairs { "mus", "none" } do
  local gap = rates_against_width(units, eight).best[1].loss - moves[units].best[#p.widths].loss
  claims:claim { what = ("E4M3 and E5M2 without scales, units %s: loss above binary32, each at its best rate"):format(units), published = units == "mus" and "about 0" or "more",
    here = ("%.4f"):format(gap), holds = (gap < 0.02) == (units == "mus") }
end

-- Root mean squares of operands (from the histogram of their exponents, as if even within a binade) and the largest share of nonzero numbers that becomes zero.
local function first_step(units, roles)
  local options = options_of { units = units, policy = eight, layers = 2, tau = 0.4, width = widest, rate = 2 ^ -12, seed = 1 }
  options.counters, options.steps = true, 10
  local trainer = hu.nn.trainer(options)
  trainer:step()
  local low, high, flushed = math.huge, 0, 0
  for _, c in ipairs(trainer:counters()) do
    if c.layer ~= "all" and roles[c.role] then
      local squares = 0
      for exponent, n in pairs(c.exponents) do squares = squares + n * 4.0 ^ exponent * 7 / 3 end
      local size = math.sqrt(squares / c.n)
      low, high, flushed = math.min(low, size), math.max(high, size), math.max(flushed, c.flushed / c.n)
      print(("measured: units %s, %s of %s: root mean square %.3g, flushed %.2g"):format(units, c.role, c.layer, size, c.flushed / c.n))
    end
  end
  return low, high, flushed
end
for _, what in ipairs { { "inputs and weights", { p1 = true, p2 = true } }, { "gradients", { p3 = true } } } do
  for _, units in ipairs { "mus", "none" } do
    local low, high, flushed = first_step(units, what[2])
    claims:claim { what = ("root mean squares of %s in the first step, units %s"):format(what[1], units), published = units == "mus" and "0.1 to 10" or "beyond",
      here = ("%.2g to %.2g"):format(low, high), holds = (low >= 0.1 and high <= 10) == (units == "mus"), note = ("at most %.2g of them become zero"):format(flushed) }
  end
end

-- ---- tau ----

local deep = {}
for _, tau in ipairs { 0, 0.1, 0.2, 0.4 } do
  deep[tau] = math.huge
  for _, rate in ipairs(deep_rates) do deep[tau] = math.min(deep[tau], loss_of { part = "depth", tau = tau, rate = rate }) end
  print(("measured: %d layers, tau %g: loss %.4f"):format(p.layers, tau, deep[tau]))
end
local fixed = math.min(deep[0.1], deep[0.2], deep[0.4])
claims:claim { what = ("%d layers: the best fixed tau beats the running mean (loss)"):format(p.layers), published = "yes", here = ("%.4f, %.4f"):format(fixed, deep[0]), holds = fixed < deep[0] }

local shown = {}
for _, row in ipairs(hu.select(rows, { part = "rates", policy = "fp32" })) do
  if row.loss < 4 then
    shown[#shown + 1] = { rate = row.rate, loss = row.loss, width = ("width %d"):format(row.width), way = row.units == "mus" and "munit scaling" or "usual" }
  end
end
hu.plot { rows = shown, x = "rate", y = "loss", series = "width", panel = "way", across = 2, width = 860, logx = true, xlabel = "learning rate",
  ylabel = "loss (nats a byte)", legend = " ", title = "The best rate against the width", file = "mus-rates", caption = "Mean and 95 % interval over seeds; losses below 4." }
hu.plot { rows = depth_rows, x = "depth", y = "variance", series = "way", logx = true, logy = true, xlabel = "blocks", ylabel = "variance of the stream", legend = " ",
  title = "Variance of the untrained stream", file = "mus-depth" }
print(claims:table())
