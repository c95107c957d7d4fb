-- zero-collectives.lua - what does it cost a mean of gradients to go through four bits, once or at every hop?
--
-- Method: n workers have a gradient each: independent normal numbers, or those plus as large a part that all have in common; runs of 1024 elements differ in size by
-- powers of two up to 2^6, as layers do. Their mean is formed through INT4 (symmetric, -7 to 7), three ways:
--   ring          a partial sum goes from worker to worker, quantized before each hop: n - 1 times
--   all to all    every worker quantizes its gradient once; the receiver adds them without rounding
--   hierarchical  all to all within groups of four, whose sums are quantized once more for an all to all between groups (qgZ of ZeRO++)
-- with one scale for each block of 2048 or 256 elements, or for the whole tensor. The error is the norm of the difference to the exact mean over the norm of that.
-- Then the volume of a step: 3 M numbers of 16 bits for M parameters, against INT8 weights once (qwZ), none in the backward pass (hpZ), INT4 gradients (qgZ).
-- Source: ZeRO++, arXiv:2306.10209; block lengths are ours. The slopes follow from independent errors: a ring's partial sum grows, and so does each error.
-- What would surprise: a ring whose error does not grow, or an all to all whose error does.
--
-- Measured at scale=small (full was not run to its end): of 32 workers' own gradients the ring's error is 0.71, the hierarchy's 0.27, all to all 0.19 (0.43, 0.091, 0.049 with a shared part); with
-- the number of workers the ring's error grows (slopes 0.56 and 0.57), the others' stays (0.03 to 0.07), or falls where there is a shared part (-0.4). One scale a tensor 0.24,
-- blocks of 2048 0.18, of 256 0.12.
-- Differs: with a shared part and rounding at random the ring's error grows with slope 0.32 only. A sum that was just quantized stays near its grid when a small part is added,
-- so that its next error may be smaller than an independent one.
--
-- Columns: collective, workers, block ("tensor", 2048 or 256), data, rounding, trial, error.
--
--   halfulp run experiments/papers/zero-collectives.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: 2^13 elements and up to 32 workers, or 2^15 and 64" },
}
local small = params.scale == "small"
local elements, workers, trials = small and 1 << 13 or 1 << 15, small and { 4, 8, 16, 32 } or { 4, 8, 16, 32, 64 }, small and 1 or 2
local claims = hu.published "ZeRO++ (arXiv:2306.10209)"

local function quantizer(block)
  return block == "tensor" and hu.quantizer { format = "int4", narrow = true } or hu.quantizer { format = "int4", narrow = true, group = tonumber(block) }
end

-- The sizes of runs of elements: 2^0 to 2^6, in no order.
local function sizes()
  return hu.array((function()
    local list = {}
    for i = 0, elements - 1 do list[i + 1] = 2.0 ^ (i // 1024 * 5 % 7) end
    return list
  end)(), { dtype = "double" })
end

local function gradients(p)
  local size, list = sizes(), {}
  local shared = hu.randn({ elements }, { seed = p.trial, stream = 1000, dtype = "double" })
  for w = 1, p.workers do
    local own = hu.randn({ elements }, { seed = p.trial, stream = w, dtype = "double" })
    list[w] = (p.data == "shared" and own + shared or own) * size
  end
  return list
end

local function total(list)
  local sum = list[1]
  for w = 2, #list do sum = sum + list[w] end
  return sum
end

local function each(list, Q)
  local sent = {}
  for w, g in ipairs(list) do sent[w] = Q(g) end
  return sent
end

local collectives = {
  ring = function(list, Q)
    local sum = list[1]
    for w = 2, #list do sum = Q(sum) + list[w] end
    return sum
  end,
  ["all to all"] = function(list, Q) return total(each(list, Q)) end,
  hierarchical = function(list, Q)
    local sums = {}
    for first = 1, #list, 4 do sums[#sums + 1] = total(each({ table.unpack(list, first, first + 3) }, Q)) end
    return total(each(sums, Q))
  end,
}

local names = { "ring", "all to all", "hierarchical" }
local points = {}
for _, n in ipairs(workers) do
  for trial = 1, trials do
    for _, data in ipairs { "own", "shared" } do
      for _, way in ipairs { { "2048", "rne" }, { "2048", "sr" }, { "tensor", "rne" }, { "256", "rne" } } do
        points[#points + 1] = { workers = n, block = way[1], data = data, rounding = way[2], trial = trial }
      end
    end
  end
end
local sweep = hu.sweep(points)
sweep:run(function(p)
  local list, result = gradients(p), {}
  local want = total(list)
  for _, name in ipairs(names) do
    local calls, q = 0, quantizer(p.block):with { rounding = p.rounding }
    local function Q(g)
      calls = calls + 1                   -- every message has its own random words, which are no gradient's either
      return (q:apply(g, { seed = p.trial, stream = 2000 + calls }))
    end
    result[name] = (collectives[name](list, Q) - want):norm() / want:norm()
  end
  return result
end, { name = "collectives" })

local rows = {}
for _, point in ipairs(sweep:rows()) do
  for _, name in ipairs(names) do
    rows[#rows + 1] = { collective = name, workers = point.workers, block = point.block, data = point.data, rounding = point.rounding, trial = point.trial, error = point[name] }
  end
end

local function of(collective, wanted)
  local list = {}
  for _, row in ipairs(rows) do
    local fits = row.collective == collective
    for key, value in pairs(wanted) do fits = fits and row[key] == value end
    if fits then list[#list + 1] = row.error end
  end
  return hu.stats.mean(list)
end

local function slope(collective, data, rounding, block)
  local y = {}
  for i, n in ipairs(workers) do y[i] = of(collective, { workers = n, data = data, rounding = rounding, block = block or "2048" }) end
  return hu.stats.fit(workers, y, { logx = true, logy = true }).slope
end

for _, case in ipairs {
  { "ring", "own", 0.5 }, { "all to all", "own", 0 }, { "hierarchical", "own", 0 }, { "ring", "shared", 0.5 }, { "all to all", "shared", -0.5 }, { "hierarchical", "shared", -0.5 },
} do
  for _, rounding in ipairs { "sr", "rne" } do
    claims:number { what = ("%s, %s gradients, %s: slope of log error over log workers"):format(case[1], case[2], rounding), published = case[3],
      here = slope(case[1], case[2], rounding), within = 0.15, digits = 2,
      note = "derived from independent errors" }
  end
end

local most = workers[#workers]
for _, data in ipairs { "own", "shared" } do
  local at = { workers = most, data = data, rounding = "rne", block = "2048" }
  claims:claim { what = ("%s gradients, %d workers: ring, hierarchical, all to all"):format(data, most), published = "in this order",
    here = ("%.3g, %.3g, %.3g"):format(of("ring", at), of("hierarchical", at), of("all to all", at)),
    holds = of("ring", at) > of("hierarchical", at) and of("hierarchical", at) > of("all to all", at) }
end
local errors = {}
for i, block in ipairs { "tensor", "2048", "256" } do errors[i] = of("all to all", { block = block, rounding = "rne", data = "own" }) end
claims:claim { what = "all to all: one scale a tensor, blocks of 2048, of 256", published = "ever smaller", here = ("%.3g, %.3g, %.3g"):format(table.unpack(errors)),
  holds = errors[2] < 0.9 * errors[1] and errors[3] < 0.9 * errors[2] }

local function bits(format)
  local x = hu.randn({ 1 << 16 }, { seed = 1 })
  local _, info = hu.quantizer { format = format, narrow = true, group = 2048, scale_format = "fp32" }:apply(x)
  return info.bits
end
claims:number { what = "volume of a step for M parameters, in M numbers of 16 bits", published = 0.75, here = (bits "int8" + bits "int4") / 16, relative = 0.01, digits = 4 }
claims:number { what = "  times less than 3 M", published = 4, here = 3 * 16 / (bits "int8" + bits "int4"), relative = 0.01, digits = 4 }

local shown = {}
for _, row in ipairs(rows) do
  if row.block == "2048" and row.rounding == "rne" then shown[#shown + 1] = row end
end
hu.plot { rows = shown, x = "workers", y = "error", series = "collective", panel = "data", across = 2, width = 860, logx = true, logy = true, xlabel = "workers",
  ylabel = "relative error of the mean", title = "Mean of gradients through INT4, blocks of 2048", file = "collectives" }
print(claims:table())
