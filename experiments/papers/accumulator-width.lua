-- accumulator-width.lua - how much do the few bits of an FP8 matrix unit's sums cost, and what does promotion every 128 terms bring back?
--
-- Method: dot products of E4M3 numbers of length K under the model of H100's FP8 adder (32 products at a time, aligned to the largest, 13 bits kept, cut off),
-- against exact sums: uniform numbers in [0, 1), where cutting off is a bias, and normal ones, where signs hide it. With and without promotion:
-- every 128 terms the partial sum goes to an fp32 register and the unit starts anew. Then the same unit with 10 to 25 bits kept.
-- Sources: DeepSeek-V3, arXiv:2412.19437, section 3.3.2, and arXiv:2505.09343; the figures are recomputed from the model of Khattak and Mikaitis, for 2000
-- dot products each.
-- What would surprise: a bias that does not grow with K, or promotion that does not hold it.
--
-- Measured at scale=full: all 17 figures as published; the bias of uniform numbers is -5.0e-4, -1.35e-2, -6.6e-2, -0.249 for 128 to 16384 terms,
-- and -5.0e-4 for all of them with promotion every 128.
--
-- Columns: data, promotion (0: none), bits (kept), K, trial, relative (error / exact sum, signed), scaled (|error| / sum of |products|).
--
--   halfulp run experiments/papers/accumulator-width.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: 40 dot products of each kind, or 2000" },
}
local small = params.scale == "small"
local lengths = small and { 128, 1024, 4096 } or { 128, 1024, 4096, 16384 }
local rows_of, batches = small and 20 or 50, small and 2 or 40
local claims = hu.published "FP8 accumulation (arXiv:2412.19437, arXiv:2505.09343; H100's model)"

-- A unit that keeps that many bits, and what gathers its sums.
local function unit(bits, promotion)
  return { block = { group = 32, width = bits, output = ("e8m%d"):format(math.min(bits, 23)), rounding = "rz", lowest = -133, input = "e4m3fn" },
    chunk = promotion > 0 and promotion or nil, outer = promotion > 0 and "fp32" or nil }
end

local points = {}
for _, data in ipairs { "uniform", "normal" } do
  for _, K in ipairs(lengths) do
    for trial = 1, batches do
      for _, promotion in ipairs { 0, 64, 128 } do points[#points + 1] = { data = data, K = K, bits = 13, promotion = promotion, trial = trial } end
    end
  end
  for bits = 10, 25, small and 5 or 1 do
    for trial = 1, batches do points[#points + 1] = { data = data, K = 4096, bits = bits, promotion = -1, trial = trial } end
  end
end

-- A point is the mean of `rows_of` dot products.
local sweep = hu.sweep(points)
sweep:run(function(p)
  local relative, scaled = 0, 0
  for row = 1, rows_of do
    local seed = { seed = p.trial * 1000 + row, stream = p.K }
    local other = { seed = p.trial * 1000 + row, stream = p.K + 1 }
    local draw = p.data == "uniform" and hu.uniform or hu.randn
    local a, b = draw({ p.K }, seed):quantize("e4m3fn"), draw({ p.K }, other):quantize("e4m3fn")
    local exact = hu.dot(a, b, { accumulate = { order = "exact", format = "fp64" } })
    local err = hu.dot(a, b, { accumulate = unit(p.bits, math.max(p.promotion, 0)) }) - exact
    relative, scaled = relative + err / exact / rows_of, scaled + math.abs(err) / hu.dot(a:abs(), b:abs()) / rows_of
  end
  return { relative = relative, scaled = scaled }
end, { name = "accumulation" })

local rows = sweep:rows()

-- The mean of a result over the points that are as wanted, and its standard error.
local function mean_of(name, wanted)
  local list = hu.column(hu.select(rows, wanted), name)
  return hu.stats.mean(list), #list > 1 and hu.stats.sd(list) / math.sqrt(#list) or 0
end

local bias = { [128] = -5.0e-4, [1024] = -1.35e-2, [4096] = -6.6e-2, [16384] = -0.249 }
local normal, promoted = { [128] = 1.1e-5, [1024] = 1.7e-5, [4096] = 2.1e-5, [16384] = 2.5e-5 }, { [128] = 1.1e-5, [1024] = 4.7e-6, [4096] = 2.5e-6, [16384] = 1.2e-6 }
for _, K in ipairs(lengths) do
  local here, se = mean_of("relative", { data = "uniform", promotion = 0, K = K, bits = 13 })
  claims:number { what = ("uniform, K = %d: mean relative error"):format(K), published = bias[K], here = here, within = 0.03 * -bias[K] + 4 * se, digits = 3 }
end
for _, K in ipairs(lengths) do
  local here, se = mean_of("relative", { data = "uniform", promotion = 128, K = K, bits = 13 })
  claims:number { what = ("  promoted every 128, K = %d"):format(K), published = -4.97e-4, here = here, within = 1.5e-5 + 4 * se, digits = 3 }
end
for _, K in ipairs(lengths) do
  local here, se = mean_of("scaled", { data = "normal", promotion = 0, K = K, bits = 13 })
  claims:number { what = ("normal, K = %d: mean |error| / sum of |products|"):format(K), published = normal[K], here = here, within = 0.05 * normal[K] + 4 * se, digits = 2 }
  here, se = mean_of("scaled", { data = "normal", promotion = 128, K = K, bits = 13 })
  claims:number { what = "  promoted every 128", published = promoted[K], here = here, within = 0.05 * promoted[K] + 4 * se, digits = 2 }
end
local without, with = mean_of("relative", { data = "uniform", promotion = 0, K = 4096, bits = 13 }), mean_of("relative", { data = "uniform", promotion = 64, K = 4096, bits = 13 })
claims:claim { what = "promotion at K = 4096 takes most of the bias away (none, every 64)", published = "yes", here = ("%.3g to %.3g"):format(without, with),
  holds = math.abs(with) < 0.02 * math.abs(without) }

local length_rows, bit_rows = {}, {}
for _, row in ipairs(rows) do
  row.bias = math.abs(row.relative)
  row.way = row.promotion == 0 and "none" or "every " .. row.promotion
  local list = row.promotion < 0 and bit_rows or length_rows
  list[#list + 1] = row
end
hu.plot { rows = length_rows, x = "K", y = "scaled", series = "way", panel = "data", across = 2, width = 860, logx = true, logy = true, xlabel = "terms",
  ylabel = "error / sum of magnitudes", legend = "promotion", title = "FP8 sums with 13 bits kept", file = "promotion" }
hu.plot { rows = bit_rows, x = "bits", y = "scaled", series = "data", logy = true, xlabel = "bits kept", ylabel = "error / sum of magnitudes",
  title = "Sums of 4096 products", file = "bits-kept" }
print(claims:table())
