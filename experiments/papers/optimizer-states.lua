-- optimizer-states.lua - what do Adam's two moments lose in eight and in four bits, and what helps?
--
-- Method: (a) the tables of the dynamic maps, read off the formats. (b) Adam's moments m and v of a small language model after some steps in binary64 are put on the grid
-- once, and the update m / (sqrt(v) + 1e-8) is computed from them: its relative mean square error, over all matrices. The expansion of the range (|x| / c)^k
-- is written out here, by the group of 128, with k in steps of 1/16. (c) Training with the states on the same grids after every step: the loss on
-- held-out text above that with states in binary32.
-- Sources: COAT, arXiv:2410.19313 (expansion); 8-bit optimizers, 2110.02861; 4-bit states, 2309.01507.
-- What would surprise: four bits with a zero in the second moment that train as well as without.
--
-- Measured at scale=full (5 seeds): error of one update 3.5e-4 with both moments of E4M3 expanded, 5.1e-4 with the second in E5M2, 8.4e-4 in the dynamic maps of 8 bits; 1.4e-3
-- without expansion and the second moment in E5M2. In E4M3 without expansion small second moments become zero, and the update is off by 1e4 times itself, whether the
-- first is expanded or not (at scale=small, after fewer steps, none does: 9.1e-4 and 3.9e-4). Four bits: 0.056 linear by rank 1, 0.062 dynamic without zero, 0.17 linear by
-- groups of 128, 0.40 of 2048, and 6e8 with a zero. In training only the map with a zero fails (thousands of nats). All others end a little BELOW binary32,
-- those of four bits by 0.03 to 0.09 nats: at this rate the noise of the states does not harm, so these losses say no more than that. Gradients are clipped to 1.
--
-- Columns: states, seed; error (of the update, relative mean square), loss (nats a byte, held out), gap (against binary32 from the same seed).
--
--   halfulp run experiments/papers/optimizer-states.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or a minute" },
}
local p = ({ small = { seeds = 2, adam = 20, steps = 60, pieces = 64 }, full = { seeds = 5, adam = 80, steps = 200, pieces = 256 } })[params.scale]
local text = hu.nn.markov { alphabet = 8, order = 2, seed = 7 }
local claims = hu.published "Adam's states in few bits (arXiv:2410.19313, 2110.02861, 2309.01507)"

-- ---- (a) the maps ----

-- The values of a format in [low, 1], by what it makes of a fine grid.
local function values_of(format, low)
  local grid, seen, list = {}, {}, {}
  for i = 0, 4000 do grid[i + 1] = low + (1 - low) * i / 4000 end
  for _, value in ipairs(hu.array(grid, { dtype = "double" }):quantize(format):totable()) do
    if not seen[value] then seen[value], list[#list + 1] = true, value end
  end
  return list
end

for _, case in ipairs {
  { "de4", "signed dynamic map of 4 bits, magnitudes", 0, "0 0.0055 0.0325 0.0775 0.2125 0.4375 0.6625 0.8875 1" },
  { "ude4", "unsigned", 0, "0 0.00325 0.00775 0.02125 0.04375 0.06625 0.08875 0.15625 0.26875 0.38125 0.49375 0.60625 0.71875 0.83125 0.94375 1" },
  { "linear4", "linear without zero", 0, "0.0625 0.125 0.1875 0.25 0.3125 0.375 0.4375 0.5 0.5625 0.625 0.6875 0.75 0.8125 0.875 0.9375 1" },
} do
  local got = {}
  for i, value in ipairs(values_of(case[1], case[3])) do got[i] = ("%.5g"):format(value) end
  local here = table.concat(got, " ")
  claims:claim { what = case[2], published = #got .. " values", here = here == case[4] and "the same" or here, holds = here == case[4] }
end
for _, case in ipairs { { "de8", 5.5e-7, 0.99296875 }, { "ude8", 3.25e-7, 0.996484375 } } do
  local f = hu.format(case[1])
  claims:number { what = case[1] .. ": smallest positive value", published = case[2], here = f.min_subnormal, relative = 1e-6, digits = 3 }
  claims:number { what = "  largest below 1", published = case[3], here = hu.array({ 0.9951 < case[3] and 0.997 or 0.995 }, { dtype = "double" }):quantize(case[1])(1),
    relative = 1e-6, digits = 9 }
end

-- ---- (b) the update ----

local function groups(format, size) return { format = format, group = size, flat = true } end

-- name -> {m, v}: options of hu.quantizer, or {format =, expand = true}.
local function expanded(format) return { format = format, expand = true, group = 128 } end
local schemes = {
  ["E4M3, E4M3"] = { groups("e4m3fn", 128), groups("e4m3fn", 128) },
  ["E4M3, E4M3, first expanded"] = { expanded "e4m3fn", groups("e4m3fn", 128) },
  ["E4M3, E4M3, both expanded"] = { expanded "e4m3fn", expanded "e4m3fn" },
  ["E4M3, E5M2"] = { groups("e4m3fn", 128), groups("e5m2", 128) },
  ["E4M3, E5M2, both expanded"] = { expanded "e4m3fn", expanded "e5m2" },
  ["dynamic 8 bits, groups of 2048"] = { groups("de8", 2048), groups("ude8", 2048) },
  ["dynamic 4 bits, v with zero"] = { groups("de4", 128), groups("ude4", 128) },
  ["dynamic 4 bits, v without zero"] = { groups("de4", 128), groups("ude4nz", 128) },
  ["dynamic 4 bits, v linear"] = { groups("de4", 128), groups("linear4", 128) },
  ["dynamic 4 bits, v linear by rank 1"] = { groups("de4", 128), { format = "linear4", per = "rank1" } },
  ["groups of 2048, v linear"] = { groups("de4", 2048), groups("linear4", 2048) },
}

local function new_model(seed) return hu.nn.lm { layers = 1, heads = 2, width = 32, context = 16, vocabulary = 128, seed = seed } end

-- The moments of every matrix after some steps of Adam: {rows, cols, m, v} each. `objective` gives loss and gradient of the weights.
local function moments_of(seed)
  local model = new_model(seed)
  local w = model:flat():to "double"
  local m, v = hu.zeros({ model.n_weights }, { dtype = "double" }), hu.zeros({ model.n_weights }, { dtype = "double" })
  for t = 1, p.adam do
    local _, g = model:objective(w, text, { seed = seed, step = t, rows = 4, split = "train" })
    m, v = m * 0.9 + g * 0.1, v * 0.95 + g * g * 0.05
    w = w - (m / (1 - 0.9 ^ t)) / ((v / (1 - 0.95 ^ t)) ^ 0.5 + 1e-8) * 1e-2
  end
  local list, ms, vs = {}, m:totable(), v:totable()
  for _, q in ipairs(model:parameters()) do
    if q.rows > 1 then
      local n = q.rows * q.cols
      list[#list + 1] = { rows = q.rows, cols = q.cols, m = table.move(ms, q.first, q.first + n - 1, 1, {}), v = table.move(vs, q.first, q.first + n - 1, 1, {}) }
    end
  end
  return list
end

-- The scale c, the power k and the factor S of a group: its range becomes as wide as the format's.
local function expansion(x, first, last, top)
  local most, least = 1e-30, math.huge
  for i = first, last do
    local a = math.abs(x[i])
    most = math.max(most, a + 1e-30)
    if a > 0 then least = math.min(least, a + 1e-30) end
  end
  least = math.min(least, most)
  local c, ratio = math.sqrt(most * least), most / least
  local k = ratio > 1 and math.floor(16 * math.log(448 ^ 2 / 2) / math.log(ratio)) / 16 or 1
  return c, k, (most / c) ^ k / top
end

-- Every group on the grid of the format with its range expanded: x = sign (|q| S)^(1/k) c.
local function expand(x, format, size)
  local groups_of, list, top = {}, {}, hu.format(format).max
  for first = 1, #x, size do
    local last = math.min(#x, first + size - 1)
    local c, k, scale = expansion(x, first, last, top)
    groups_of[#groups_of + 1] = { c, k, scale }
    for i = first, last do list[i] = (x[i] < 0 and -1 or 1) * (math.abs(x[i]) / c) ^ k / scale end
  end
  local q = hu.array(list, { dtype = "double" }):quantize(format, { overflow = "saturate" }):totable()
  for i, value in ipairs(q) do
    local c, k, scale = table.unpack(groups_of[(i - 1) // size + 1])
    q[i] = (value < 0 and -1 or 1) * (math.abs(value) * scale) ^ (1 / k) * c
  end
  return q
end

local function on_grid(x, rows, cols, scheme)
  if not scheme.expand then
    local array = hu.array(x, { dtype = "double" }):reshape { rows, cols }
    return array:quantize(hu.quantizer(scheme)):reshape({ rows * cols }):totable()
  end
  return expand(x, scheme.format, scheme.group)
end

local function update_error(moments, scheme)
  local off, all = 0, 0
  for _, q in ipairs(moments) do
    local m, v = on_grid(q.m, q.rows, q.cols, scheme[1]), on_grid(q.v, q.rows, q.cols, scheme[2])
    for i = 1, #m do
      local want = q.m[i] / (math.sqrt(q.v[i]) + 1e-8)
      off, all = off + (m[i] / (math.sqrt(v[i]) + 1e-8) - want) ^ 2, all + want ^ 2
    end
  end
  return off / all
end

-- ---- (c) training ----

local function loss_of(seed, scheme)
  local model, optimizer = new_model(seed), { name = "adamw", least = 0 }
  if scheme then optimizer.states = { m = scheme[1], v = scheme[2] } end
  local run = hu.nn.train { model = model, data = text, steps = p.steps, batch = 4, lr = 1e-2, seed = seed, optimizer = optimizer }
  local loss = math.log(2) * model:loss(text, { pieces = p.pieces })
  return (run.diverged or loss ~= loss) and math.huge or loss
end

local names, moments = { "binary32" }, {}
for name in pairs(schemes) do names[#names + 1] = name end
table.sort(names)
local sweep = hu.sweep { states = names, seed = hu.range(1, p.seeds) }
sweep:run(function(point)
  local scheme = schemes[point.states]
  if not scheme then return { error = 0, loss = loss_of(point.seed) } end
  moments[point.seed] = moments[point.seed] or moments_of(point.seed)
  return { error = update_error(moments[point.seed], scheme), loss = loss_of(point.seed, scheme) }
end, { name = "optimizer-states" })
local rows, base, of = sweep:rows(), {}, {}
for _, row in ipairs(rows) do
  if row.states == "binary32" then base[row.seed] = row.loss end
end
for _, row in ipairs(rows) do
  row.gap = row.loss - base[row.seed]
  of[row.states] = of[row.states] or { error = {}, gap = {} }
  table.insert(of[row.states].error, row.error)
  table.insert(of[row.states].gap, row.gap)
end

local function mean(name, what) return hu.stats.mean(of[name][what]) end
for _, name in ipairs(names) do
  print(("measured: %-36s error of the update %.3g, loss above binary32 %.4f +- %.4f"):format(name, mean(name, "error"), mean(name, "gap"),
    hu.stats.sd(of[name].gap) / math.sqrt(p.seeds)))
end

-- The first is smaller, by the error of the update.
local function ordered(what, ...)
  local list, texts, holds = { ... }, {}, true
  for i, name in ipairs(list) do
    texts[i] = ("%.3g"):format(mean(name, "error"))
    holds = holds and (i == 1 or mean(list[i - 1], "error") < mean(name, "error"))
  end
  claims:claim { what = "error of the update: " .. what, published = "rising", here = table.concat(texts, " < "):gsub("<", holds and "<" or "?"), holds = holds }
end
ordered("both expanded, first expanded, none", "E4M3, E4M3, both expanded", "E4M3, E4M3, first expanded", "E4M3, E4M3")
ordered("E4M3 and E5M2: both expanded, none", "E4M3, E5M2, both expanded", "E4M3, E5M2")
ordered("expanded: second in E4M3, in E5M2", "E4M3, E4M3, both expanded", "E4M3, E5M2, both expanded")
ordered("4 bits: v without zero, with zero", "dynamic 4 bits, v without zero", "dynamic 4 bits, v with zero")
ordered("4 bits: v linear by rank 1, by groups", "dynamic 4 bits, v linear by rank 1", "dynamic 4 bits, v linear")
ordered("4 bits: v linear by groups of 128, of 2048", "dynamic 4 bits, v linear", "groups of 2048, v linear")

-- Trains as binary32 does: the gap is below 0.05 nats.
local function trains(name, published, wanted)
  local gap = mean(name, "gap")
  claims:claim { what = "training: " .. name .. ", loss above binary32", published = published, here = ("%.4f"):format(gap), holds = (gap < 0.05) == wanted }
end
trains("E4M3, E4M3, both expanded", "as binary32", true)
trains("dynamic 8 bits, groups of 2048", "as binary32", true)
trains("dynamic 4 bits, v linear by rank 1", "as binary32", true)
trains("dynamic 4 bits, v with zero", "unstable", false)

local shown = {}
for _, row in ipairs(rows) do
  if row.states ~= "binary32" and row.gap < 1 then shown[#shown + 1] = { states = row.states, error = row.error, gap = row.gap } end
end
hu.plot { rows = shown, x = "error", y = "gap", series = "states", logx = true, width = 860, xlabel = "error of one update (relative mean square)",
  ylabel = "loss above binary32 (nats)", legend = " ", title = "Adam's moments in few bits", file = "states", reference = { { y = 0 } },
  caption = "A point a seed; runs that ended more than a nat above binary32 are left out." }
print(claims:table())
