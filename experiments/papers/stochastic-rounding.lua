-- stochastic-rounding.lua - do sums in few bits stop growing, and does rounding at random let them go on?
--
-- Method: four facts about stochastic rounding, each measured by the sums and roundings of the program itself.
--   growth      |error| of a sum of n positive terms against n, in one format: the slope of its logarithm, nearest-even and at random; and
--               for terms of both signs
--   harmonic    s = fl(s + fl(1/n)) until s stays, nearest-even; and how far it gets at random
--   updates     a weight of 1 in bfloat16 gets 2000 increments of 2^-12 by few random bits, in the variants A, B and C of P3109
--   bias        the mean of x rounded with N random bits over x uniform in an ulp, against -2^(-N-1) ulp for A and 0 for B and C
-- Sources: Connolly, Higham and Mary, SIAM J. Sci. Comput. 43(1), 2021; Croci et al., Royal Society Open Science 9, 2022; Fitzgibbon and Felix, ARITH 2025; the
-- definitions of A, B and C: IEEE P3109 interim report.
-- What would surprise: a slope of stochastic sums near 1, or a sum to nearest that goes on growing.
--
-- Measured at scale=full: slopes 0.84 to nearest and 0.40 at random for equal terms, 1.11 and 0.40 for uniform ones (the longest sums stagnate to nearest, and at
-- random their error levels off), 0.03 and 0.01 for both signs; every stopping point of the harmonic series exactly; few random bits as published.
-- At scale=small no sum of uniform terms stagnates yet, and their errors to nearest grow with the root of n only.
--
-- Columns: rounding, data, n, trial, error (relative to the sum of the terms' magnitudes).
--
--   halfulp run experiments/papers/stochastic-rounding.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: a second, or a minute" },
}
local small = params.scale == "small"
local lengths = small and { 64, 256, 1024, 4096 } or { 64, 256, 1024, 4096, 16384, 65536 }
local trials = small and 10 or 40
local table_of = hu.published "stochastic rounding (Connolly et al. 2021, Croci et al. 2022, P3109)"

-- ---- growth ----

local function terms_of(p)
  if p.data == "equal" then return hu.full({ p.n }, 0.5 + 0.5 * p.trial / (trials + 1)) end
  return hu.uniform({ p.n }, { seed = p.trial, stream = p.n, low = p.data == "positive" and 0 or -1, high = 1 })
end

local grid = hu.sweep { n = lengths, rounding = { "rne", "sr" }, data = { "equal", "positive", "both signs" }, trial = hu.range(1, trials) }
grid:run(function(p)
  local x = terms_of(p)
  local got = hu.sum(x, { accumulate = { format = "e8m10" }, rounding = p.rounding, seed = p.trial, stream = 1 })
  return { error = math.max(math.abs(got - hu.sum(x)), 1e-300) / hu.sum(x:abs()) }
end, { name = "growth" })

-- The slope of log(root mean square of the errors over the trials) against log n.
local function slope_of(rounding, data)
  local x, y = {}, {}
  for _, n in ipairs(lengths) do
    local errors = hu.array(hu.column(hu.select(grid:rows(), { n = n, rounding = rounding, data = data }), "error"))
    x[#x + 1], y[#y + 1] = n, errors:norm() / math.sqrt(#errors)
  end
  return hu.stats.fit(x, y, { logx = true, logy = true }).slope
end

local nearest, random
for _, data in ipairs { "equal", "positive" } do
  nearest, random = slope_of("rne", data), slope_of("sr", data)
  table_of:claim { what = data .. " terms: error grows with n to nearest, with its root at random (slopes)", published = "1 and 1/2",
    here = ("%.2f and %.2f"):format(nearest, random), holds = math.abs(nearest - 1) < 0.25 and math.abs(random - 0.5) < 0.2,
    note = data == "positive" and "their errors to nearest are as good as random until the sum stagnates" or nil }
end
nearest, random = slope_of("rne", "both signs"), slope_of("sr", "both signs")
table_of:claim { what = "terms of both signs: both grow alike (slopes)", published = "equal", here = ("%.2f and %.2f"):format(nearest, random),
  holds = math.abs(nearest - random) < 0.25 }

-- ---- harmonic series ----

-- Adds 1/n in the format until the sum stays; the sum, and the first n that did not change it.
local function harmonic(format)
  local f, s, n = hu.format(format), nil, 0
  s = f(0)
  while true do
    n = n + 1
    local next_sum = s + f(1) / f(n)
    if next_sum == s then return s:value(), n end
    s = next_sum
  end
end

for _, case in ipairs { { "binary16", 7.0859375, 513 }, { "bf16", 5.0625, 65 }, { "e4m3fn", 3, 9 }, { "e5m2", 2, 5 } } do
  local sum, n = harmonic(case[1])
  table_of:number { what = "harmonic sum, nearest: " .. case[1], published = case[2], here = sum, within = 0, digits = 8 }
  table_of:number { what = "  where it stops: " .. case[1], published = case[3], here = n, within = 0 }
end

local terms = small and 10000 or 100000
local reciprocals = {}
for n = 1, terms do reciprocals[n] = 1 / n end
local H = hu.sum(reciprocals)

-- The standard deviation of such a sum: each addition of t rounds up with probability t / ulp, about, once t is below an ulp.
local function deviation(format)
  local variance, sum = 0, 0
  for _, t in ipairs(reciprocals) do
    sum = sum + t
    local ulp = hu.ulp(format, sum)
    variance = variance + (t < ulp and t * (ulp - t) or ulp ^ 2 / 6)
  end
  return math.sqrt(variance)
end

for _, case in ipairs { { "binary16", "11.6 to 12.3" }, { "bf16", "11.5 to 12.1" } } do
  local low, high, mean = math.huge, -math.huge, 0
  for seed = 1, 5 do
    local s = hu.sum(hu.array(reciprocals):quantize(case[1]), { accumulate = case[1], rounding = "sr", seed = seed })
    low, high, mean = math.min(low, s), math.max(high, s), mean + s / 5
  end
  local sd = deviation(case[1])
  table_of:claim { what = ("harmonic sum of %d terms at random, five seeds: %s (H_n = %.2f, sd %.2f)"):format(terms, case[1], H, sd),
    published = small and "like H_n" or case[2], here = ("%.2f to %.2f, mean %.2f"):format(low, high, mean), holds = math.abs(mean - H) < 4 * sd / math.sqrt(5) }
end

-- ---- updates by few random bits ----

-- A weight of 1 after 2000 increments of 2^-12, in bfloat16: the mean over seeds.
local function updated(variant, bits)
  local total, seeds = 0, small and 4 or 20
  for seed = 1, seeds do
    local increments = hu.full({ 2001 }, 2.0 ^ -12)
    increments:set(1, 1)
    total = total + hu.sum(increments, { accumulate = "bf16", rounding = ("%s:%d"):format(variant, bits), seed = seed })
  end
  return total / seeds
end

for _, case in ipairs { { "sra", 3, 1 }, { "srb", 3, 1 }, { "src", 3, 1 }, { "sra", 4, 1 }, { "src", 4, 1 }, { "srb", 4, 1.94 }, { "sra", 5, 1.49 }, { "srb", 6, 1.49 }, { "src", 8, 1.49 } } do
  table_of:number { what = ("1 + 2000 x 2^-12 in bfloat16 by %s:%d (exact 1.488)"):format(case[1], case[2]), published = case[3], here = updated(case[1], case[2]),
    within = case[3] == 1 and 0 or 0.08 }
end

-- ---- bias of few bits ----

local steps = 4096
local uniform = {}
for i = 1, steps do uniform[i] = 1 + (i - 0.5) / steps / 8 end
local x = hu.array(uniform, { dtype = "double" })
for _, case in ipairs { { "sra", 2, -2.0 ^ -3 }, { "sra", 4, -2.0 ^ -5 }, { "srb", 2, 0 }, { "src", 2, 0 } } do
  local mean, seeds = 0, small and 50 or 400
  for seed = 1, seeds do
    mean = mean + (x:quantize("e4m3fn", { rounding = ("%s:%d"):format(case[1], case[2]), seed = seed }) - x):mean() / seeds
  end
  table_of:number { what = ("mean bias in ulps of %s:%d over an ulp"):format(case[1], case[2]), published = case[3], here = mean * 8,
    within = 4 * 0.5 / math.sqrt(steps * seeds), digits = 3 }
end

grid:plot { x = "n", y = "error", series = "rounding", panel = "data", across = 3, width = 860, logx = true, logy = true, xlabel = "terms",
  ylabel = "error / sum of magnitudes", title = "Sums in E8M10", file = "growth" }
print(table_of:table())
