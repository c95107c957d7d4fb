-- adapt.lua - does a training that chooses the fixed-point format of each of its weight matrices go down with the bits, up again, and learn as in float?
--
-- Method: a classifier learns by SGD on float master weights; the pass takes each matrix rounded stochastically to a fixed-point format of WL bits, FL of them fraction, with biases
-- in the format of the matrix before. When a matrix has seen its look-back LB of gradients, PushDown finds by bisection the least FL, then the least WL, with which rounding loses
-- nothing: the divergence KL(histogram of w || histogram of Q(w)) over RES bins is no more than `loss`. PushUp then adds bits by the diversity g = sum |g_k| / |sum g_k| of these gradients.
--   rule = intended: KL as written; the bisection looks at its middle. rule = released: the divergence is given probabilities where it takes logarithms, sum p (ln p - q),
--   and the bisection looks at its lower end, as in the authors' code.
-- Source: AdaPT, arXiv:2107.13490 (CIFAR: training 1.27 and inference 2.33 times as fast by a model weighted by bits, accuracy 0.98 points above float's).
-- Our `loss` is 1e-3 for the intended rule (0 in the source): stochastic rounding moves some weight across an edge of the histogram at any width.
-- What would surprise: formats that never come back up, or a network that does not learn in them.
--
-- Measured at scale=full (5 seeds, 600 steps, start at 16 and 8 bits): accuracy 0.951 by the intended rule and 0.950 by the released one, 0.950 in float: neither better nor worse.
-- A weight takes 21.1 bits on the way by the intended rule (32 over that: 1.51) and 16.8 by the released one (1.91). Words of the first matrix go from 16 to 12 and up to 23 by the
-- released rule, for which any loss is none, so that PushDown takes the fraction to 4 bits each time; by the intended one they rise only (25), since the eight bits that
-- PushUp leaves above the fraction are more than PushDown had saved. Rounding makes zeros of 1.1 % of the weights (released) and 0.02 % (intended): the sparsity that the source reports is not seen here.
--
-- Columns: rule ("float", "intended", "released"), seed; loss (held out, nats), accuracy, bits (mean WL over steps and weights), last (the same in the end), zeros (share of weights).
--
--   halfulp run experiments/papers/adapt.lua [scale=small|full] [wl=BITS] [fl=BITS] [loss=1e-3]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: one seed and 150 steps, or five and 600" },
  wl = { default = 16, min = 10, max = 32, help = "bits of a word at the start" },
  fl = { default = 8, min = 1, max = 24, help = "and of its fraction" },
  loss = { default = 1e-3, min = 0, help = "divergence that counts as no loss, for the intended rule" },
}
if params.fl >= params.wl then error(("fl is %d; it takes fewer than the %d bits of a word (wl)"):format(params.fl, params.wl), 0) end
local small = params.scale == "small"
local seeds, steps, rate = small and 1 or 5, small and 150 or 600, 0.2
local most_bits, buffer, momentum, least_look, most_look = 32, 8, 0.33, 10, 100
local claims = hu.published "AdaPT (arXiv:2107.13490)"

-- ---- the formats ----

local draws = 0                                                   -- of random numbers: every rounding has its own
local function rounded(w, wl, fl)
  draws = draws + 1
  return w:to "double":quantize(hu.format(("q%d.%d"):format(wl - fl, fl), { rounding = "sr", seed = 1, stream = draws }))
end

local function histogram(w, low, high, bins)
  local counts, scale = {}, bins / (high - low)
  for b = 0, bins - 1 do counts[b] = 0 end
  for _, value in ipairs(w:reshape({ w.n }):totable()) do
    local b = math.floor((value - low) * scale)
    b = b < 0 and 0 or b >= bins and bins - 1 or b
    counts[b] = counts[b] + 1 / w.n
  end
  return counts
end

-- What rounding w to that format loses, by the rule; huge where a bin that has weights is empty afterwards.
local function divergence(w, wl, fl, bins, rule)
  local low, high = w:min(), w:max()
  if high <= low then return 0 end
  local p, q, sum = histogram(w, low, high, bins), histogram(rounded(w, wl, fl), low, high, bins), 0
  for b = 0, bins - 1 do
    if p[b] > 0 and rule == "released" then
      sum = sum + p[b] * (math.log(p[b]) - q[b])
    elseif p[b] > 0 then
      sum = sum + (q[b] > 0 and p[b] * math.log(p[b] / q[b]) or math.huge)
    end
  end
  return sum
end

-- The least number from low to high that loses nothing; `high` where none below does.
local function bisect(low, high, loses, rule)
  while low < high do
    local middle = (low + high) // 2
    if loses(rule == "released" and low or middle) then low = middle + 1 else high = middle end
  end
  return high
end

local function push_down(w, state, rule)
  local most = rule == "released" and 0 or params.loss
  state.fl = bisect(math.min(4, state.fl), state.fl, function(fl) return divergence(w, state.wl, fl, state.bins, rule) > most end, rule)
  state.wl = bisect(math.max(state.fl, 2), state.wl, function(wl) return divergence(w, wl, state.fl, state.bins, rule) > most end, rule)
end

-- ---- the way up ----

-- sum |g_k| / |sum g_k|
local function diversity(gradients)
  local norms, sum = 0, gradients[1] * 0
  for _, g in ipairs(gradients) do norms, sum = norms + g:norm(), sum + g end
  return sum:norm() > 0 and norms / sum:norm() or math.huge
end

-- Bits to add to FL: s1 and s2 of the source, the least, mean or most of them.
local function suggest(g, fl, strategy)
  local l = math.log(g) - 1
  if not (l > 0) then return 1, 1, 1 end
  local s1, s2 = math.max(math.ceil(1 / l ^ 2), 1), math.max(math.min(math.ceil(32 * l ^ 2), 32) - fl, 0)
  return strategy == "min" and math.min(s1, s2) or strategy == "max" and math.max(s1, s2) or math.ceil((s1 + s2) / 2), s1, s2
end

local function push_up(state, g, strategy)
  state.fl = math.min(state.fl + suggest(g, state.fl, strategy), most_bits)
  state.wl = math.min(math.max(state.wl, state.fl) + 1, most_bits)
  state.fl = math.min(state.fl, most_bits - buffer)
  state.wl = math.max(state.wl, math.min(state.fl + buffer, most_bits))
end

local function look_back(state, g)
  local new = math.ceil(math.min(math.max(most_look / g, least_look), most_look))
  state.look = math.ceil(momentum * new + (1 - momentum) * state.look - 1e-9)
  state.bins = math.min(math.max(state.bins + (state.look == most_look and 1 or state.look == least_look and -1 or 0), 1), 100)
end

-- ---- the formulas, on numbers known beforehand ----

local function unit(k) local g = hu.zeros { 100 } g:set(k, 1) return g end
local same, apart = {}, {}
for k = 1, 100 do same[k], apart[k] = unit(1), unit(k) end
claims:number { what = "diversity of 100 gradients that are the same", published = 1, here = diversity(same), within = 1e-12 }
claims:number { what = "diversity of 100 gradients at right angles", published = 10, here = diversity(apart), within = 1e-12 }
for _, case in ipairs { { 1, 8, 1, 1 }, { 10, 8, 1, 24 }, { 3.5, 2, 16, 1 }, { 4, 4, 7, 1 } } do
  local _, s1, s2 = suggest(case[1], case[2], "min")
  claims:claim { what = ("bits that a diversity of %g suggests at FL %d, s1 and s2"):format(case[1], case[2]), published = ("%d, %d"):format(case[3], case[4]), here = ("%d, %d"):format(s1, s2),
    holds = s1 == case[3] and s2 == case[4] }
end
local state = { look = 50, bins = 50, wl = 20, fl = 16 }
look_back(state, 10)
push_up(state, 10, "max")
claims:claim { what = "look-back 50 at a diversity of 10; WL and FL after 20, 16", published = "37; 32, 24", here = ("%d; %d, %d"):format(state.look, state.wl, state.fl),
  holds = state.look == 37 and state.wl == 32 and state.fl == 24 }
state = { wl = 8, fl = 4 }
push_up(state, 1, "mean")
claims:claim { what = "WL and FL after 8, 4 at a diversity of 1: a bit more, and eight above the fraction", published = "13, 5", here = ("%d, %d"):format(state.wl, state.fl),
  holds = state.wl == 13 and state.fl == 5 }
-- Multiples of 2^-6 in (-1, 1): six bits of fraction lose nothing, five do; with the sign seven bits.
local grid = (hu.uniform({ 4000 }, { low = -63, high = 63, seed = 3 })):round() / 64
state = { wl = 16, fl = 12, bins = 100 }
push_down(grid, state, "intended")
claims:claim { what = "PushDown of multiples of 2^-6 below 1: WL, FL", published = "7, 6", here = ("%d, %d"):format(state.wl, state.fl), holds = state.wl == 7 and state.fl == 6 }
state = { wl = 16, fl = 12, bins = 100 }
push_down(grid, state, "released")
claims:claim { what = "  by the released rule, which takes any loss for none", published = "4 or less of fraction", here = ("%d, %d"):format(state.wl, state.fl), holds = state.fl <= 4 }

-- ---- training ----

-- Matrices, each with the bias that follows it, and their formats.
local function matrices(model)
  local list = {}
  for _, p in ipairs(model:parameters()) do
    if p.rows > 1 then
      list[#list + 1] = { parts = { p }, n = p.rows * p.cols, wl = params.wl, fl = params.fl, look = 25, bins = 50, gradients = {} }
    else
      table.insert(list[#list].parts, p)
    end
  end
  return list
end

-- More bits are asked for while the loss does not fall: it is above its mean over the look-back.
local function next_strategy(strategy, losses, look)
  local recent = {}
  for k = math.max(1, #losses - look + 1), #losses do recent[#recent + 1] = losses[k] end
  if losses[#losses] <= hu.stats.mean(recent) then return "min" end
  return strategy == "min" and "mean" or "max"
end

local data_of = function(seed) return hu.nn.blobs { classes = 10, height = 4, width = 4, separation = 5, train = 4000, heldout = 1000, seed = seed } end

local function train(rule, seed)
  local data = data_of(seed)
  local model = hu.nn.models.mlp { inputs = 16, classes = 10, layers = 2, width = 32, seed = seed }
  local list, master, losses, strategy, used, weights, path = matrices(model), {}, {}, "min", 0, 0, { params.wl }
  for name, w in pairs(model:tensors()) do master[name] = w:to "double" end
  local function set()
    local taken, zeros = {}, 0
    for _, m in ipairs(list) do
      for _, p in ipairs(m.parts) do
        taken[p.name] = rule == "float" and master[p.name] or rounded(master[p.name], m.wl, m.fl)
      end
      taken[m.parts[1].name]:map(function(value) if value == 0 then zeros = zeros + 1 end return value end)
    end
    model:set_tensors(taken)
    return zeros
  end
  for step = 1, steps do
    set()
    local loss, gradient = model:objective(nil, data, { rows = 32, seed = seed, step = step })
    losses[step] = loss
    local length = gradient:norm()
    if length > 1 then gradient = gradient / length end
    for k, m in ipairs(list) do
      for _, p in ipairs(m.parts) do
        local g = gradient:slice(p.first, p.first + p.rows * p.cols - 1):reshape { p.rows, p.cols }
        master[p.name] = master[p.name] - g * rate
        if p.rows > 1 then m.gradients[#m.gradients + 1] = g end
      end
      used, weights = used + m.wl * m.n, weights + m.n
      if rule ~= "float" and #m.gradients >= m.look then
        strategy = next_strategy(strategy, losses, m.look)
        local g = diversity(m.gradients)
        push_down(master[m.parts[1].name], m, rule)
        push_up(m, g, strategy)
        look_back(m, g)
        if k == 1 then path[#path + 1] = m.wl end
        m.gradients = {}
      elseif rule == "float" then
        m.gradients = {}
      end
    end
  end
  local zeros, n, last = set(), 0, 0
  for _, m in ipairs(list) do n, last = n + m.n, last + m.wl * m.n end
  local loss, accuracy = model:evaluate(data)
  return { loss = loss, accuracy = accuracy, bits = rule == "float" and 32 or used / weights, last = rule == "float" and 32 or last / n, zeros = zeros / n, path = path }
end

local sweep = hu.sweep { rule = { "float", "intended", "released" }, seed = hu.range(1, seeds) }
sweep:run(function(p) return train(p.rule, p.seed) end, { name = "adapt" })
local rows = sweep:rows()
local function mean(rule, name) return hu.stats.mean(hu.column(hu.select(rows, { rule = rule }), name)) end
for _, row in ipairs(rows) do
  print(("measured: %s, seed %d: loss %.4f, accuracy %.1f %%, %.1f bits on the way and %.1f in the end, %.2g zeros"):format(row.rule, row.seed, row.loss, 100 * row.accuracy, row.bits,
    row.last, row.zeros))
end
local function seen(rule, name, shape) return (shape .. "; " .. shape):format(mean(rule, name), mean("float", name)) end
claims:claim { what = "accuracy is that of float within a point, intended rule (share; float's)", published = "+0.98 points", here = seen("intended", "accuracy", "%.3f"),
  holds = mean("intended", "accuracy") > mean("float", "accuracy") - 0.01 }
claims:claim { what = "  released rule", published = "the same", here = seen("released", "accuracy", "%.3f"), holds = mean("released", "accuracy") > mean("float", "accuracy") - 0.01 }
for _, rule in ipairs { "intended", "released" } do
  local path = hu.select(rows, { rule = rule, seed = 1 })[1].path
  local least, later = 99, 0
  for i, wl in ipairs(path) do
    if wl < least then least, later = wl, 0 end
    if wl > later then later = wl end
  end
  claims:claim { what = ("bits of the first matrix after each switch fall, then rise, %s rule (start, least, most after that)"):format(rule), published = "yes", here = ("%d, %d, %d"):format(params.wl, least, later),
    holds = least < params.wl and later > least }
  claims:claim { what = ("bits a weight on the way make training faster than float, %s rule (32 over bits)"):format(rule), published = "faster (1.27, all costs)", here = ("%.2f"):format(32 / mean(rule, "bits")),
    holds = mean(rule, "bits") < 32 }
  claims:claim { what = ("  and inference (32 over bits in the end), %s rule"):format(rule), published = "faster (2.33, all costs)", here = ("%.2f"):format(32 / mean(rule, "last")),
    holds = mean(rule, "last") < 32 }
  claims:claim { what = ("rounding makes zeros, %s rule (share of weights)"):format(rule), published = "yes", here = ("%.2g"):format(mean(rule, "zeros")), holds = mean(rule, "zeros") > 0.005 }
end
local shown = {}
for _, rule in ipairs { "intended", "released" } do
  for i, wl in ipairs(hu.select(rows, { rule = rule, seed = 1 })[1].path) do shown[#shown + 1] = { switch = i - 1, bits = wl, rule = rule } end
end
hu.plot { rows = shown, x = "switch", y = "bits", series = "rule", xlabel = "switches", ylabel = "word length (bits)", title = "Word length of the first matrix", file = "adapt-bits" }
print(claims:table())
