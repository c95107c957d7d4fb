-- deepseek-fp8.lua - what do scales of small tiles save, and do eight bits of logarithm beat eight bits of floating point?
--
-- Method: (a) Y = X W' for normal X [tokens][in] and W [out][in]; one token in 16 has an element that is `factor` times as large. X and W are put on E4M3, or INT8,
-- with one scale a tensor, or tiles of 1 x 128 for X and 128 x 128 for W; the product is exact. Error: the mean over tokens of the relative errors of their rows of Y.
-- (b) X in tiles of 1 x 128 is tiled anew as 128 x 1 for the weights' gradient: the error of both steps over that of the second alone, with exact scales and with powers of two.
-- (c) LogFMT: a tile of 1 x 128 keeps the logarithms of its least and largest magnitude and an even grid of 2^(n-1) - 1 values between them; code 0 is zero; an element goes to
-- the neighbor that is nearer itself (linear) or in the logarithm (log). The least is not below the largest times 2^-32. SQNR and bias, sum |q| / sum |x| - 1.
-- (d) A small language model trained in bfloat16 and in E4M3 by (a)'s tiles, the head in float: the gap of the held-out losses.
-- Sources: DeepSeek-V3, arXiv:2412.19437, section 3.3; LogFMT: arXiv:2505.09343. Outliers, model and data are ours; that FP8 sums are short is in accumulator-width.lua.
-- What would surprise: tiles that do not help INT8, or LogFMT of eight bits behind E4M3.
--
-- Measured at scale=small: outliers of 1000 bring the tokens' error in int8 to 0.94 with one scale, 0.012 with tiles; of 1e5 in e4m3fn to 0.12 and 0.036. Tiling anew costs a factor
-- 1.42 with exact scales, nothing with powers of two. LogFMT of 8 bits has 36.9 dB, e4m3fn 31.8, e5m2 25.8. Losses after 150
-- steps: 1.408 in bfloat16, 1.401 in e4m3fn (one seed). With 1024 rows, a model of width 128 and 1000 steps the ratios of (a) to (c) are the same, and the gap
-- of (d) is 0.26 % (1.3445, 1.3480), just above what is published. Full as it is set now is smaller than that and was not measured.
-- Differs: outliers of 1000 do nothing to e4m3fn, whose own exponents hold them (0.037, 0.036); LogFMT of 10 bits (49.0 dB) is behind bfloat16 (55.6), where the source compares
-- losses; nearest in the linear domain is not unbiased for normal numbers: -1.5e-2 at 5 bits, 1.1e-2 nearest in the logarithm (at 8 bits both are lost in the noise).
--
-- Columns: format, scales ("tensor" or "tiles"), factor, trial, error.
--
--   halfulp run experiments/papers/deepseek-fp8.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: matrices of 256 rows and 150 steps, or 512 and 600" },
}
local small = params.scale == "small"
local side, trials, steps = small and 256 or 512, small and 2 or 4, small and 150 or 600
local claims = hu.published "DeepSeek-V3 (arXiv:2412.19437) and LogFMT (arXiv:2505.09343)"

-- ---- (a): tiles against tensors ----

-- The least scale is that of the source: max(amax, 1e-4) / 448.
local function scales_of(format, x_side)
  local least = 1e-4 / hu.format(format).max
  return {
    tensor = hu.quantizer { format = format, scale_least = least },
    tiles = x_side and hu.quantizer { format = format, group = 128, scale_least = least } or hu.quantizer { format = format, tile = { 128, 128 }, scale_least = least },
  }
end

local function tokens(trial, factor)
  local X = hu.randn({ side, side }, { seed = trial, stream = 1, dtype = "double" })
  for i = 1, side, 16 do X:set(i, 1 + i * 7 % side, factor) end
  return X
end

local sweep = hu.sweep { format = { "e4m3fn", "int8" }, scales = { "tensor", "tiles" }, factor = { 1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6 }, trial = hu.range(1, trials) }
sweep:run(function(p)
  local X, W = tokens(p.trial, p.factor), hu.randn({ side, side }, { seed = p.trial, stream = 2, dtype = "double" })
  local Y = hu.matmul(X, W:transpose())
  local got = hu.matmul(X:quantize(scales_of(p.format, true)[p.scales]), W:quantize(scales_of(p.format)[p.scales]):transpose())
  return { error = ((got - Y):norm(2) / Y:norm(2)):mean() }
end, { name = "tiles" })

local function error_of(format, scales, factor)
  local list = {}
  for _, row in ipairs(sweep:rows()) do
    if row.format == format and row.scales == scales and row.factor == factor then list[#list + 1] = row.error end
  end
  return hu.stats.mean(list)
end

for _, case in ipairs { { "int8", 1e3 }, { "e4m3fn", 1e3 }, { "e4m3fn", 1e5 } } do
  local tensor, tiles = error_of(case[1], "tensor", case[2]), error_of(case[1], "tiles", case[2])
  claims:claim { what = ("%s, outliers of %g: tiles halve the error (tensor, tiles)"):format(case[1], case[2]), published = "tiles isolate outliers",
    here = ("%.3g, %.3g"):format(tensor, tiles), holds = tiles < 0.5 * tensor }
end
local calm, wild = error_of("e4m3fn", "tiles", 1.0), error_of("e4m3fn", "tiles", 1e6)
claims:claim { what = "e4m3fn in tiles: outliers harm no other token (1, 1e6)", published = "yes", here = ("%.3g, %.3g"):format(calm, wild), holds = wild < 1.15 * calm }

-- ---- (b): tiles of 1 x 128 become 128 x 1 ----

for _, way in ipairs { { "exact" }, { "powers of two", "ceil" } } do
  local X = tokens(1, 1)
  local along, across = hu.quantizer { format = "e4m3fn", group = 128, pow2 = way[2] }, hu.quantizer { format = "e4m3fn", group = 128, axis = 1, pow2 = way[2] }
  local once, twice = (X:quantize(across) - X):norm(), (X:quantize(along):quantize(across) - X):norm()
  claims:claim { what = ("1 x 128 tiled anew as 128 x 1, %s scales: error over that of tiling once"):format(way[1]), published = way[2] and "no further error" or "a further error",
    here = ("%.3f"):format(twice / once), holds = way[2] and twice < 1.02 * once or not way[2] and twice > 1.2 * once }
end

-- ---- (c): LogFMT ----

-- A list of numbers, one tile, in LogFMT of n bits.
local function logfmt(list, n, domain)
  local low, high = math.huge, 0
  for _, x in ipairs(list) do
    if x ~= 0 then low, high = math.min(low, math.abs(x)), math.max(high, math.abs(x)) end
  end
  if high == 0 then return list end
  low, high = math.max(math.log(low), math.log(high) - 32 * math.log(2)), math.log(high)
  local most, result = (1 << (n - 1)) - 2, {}
  local step = (high - low) / most
  for i, x in ipairs(list) do
    local m = math.abs(x)
    local at = m == 0 and 0 or step == 0 and 0 or math.max((math.log(m) - low) / step, 0)
    local k = math.min(math.floor(at), most)
    local below, above = math.exp(low + k * step), math.exp(low + math.min(k + 1, most) * step)
    local up = domain == "log" and at - k >= 0.5 or domain ~= "log" and m - below > above - m
    local q = up and above or below
    if m < math.exp(low) / 2 then q = 0 end
    result[i] = x < 0 and -q or q
  end
  return result
end

local tile_rows = small and 128 or 2048
local tiles = hu.randn({ tile_rows, 128 }, { seed = 5, dtype = "double" })
local function logs(n, domain)
  local rows = {}
  for i = 1, tile_rows do rows[i] = logfmt(tiles:row(i):totable(), n, domain) end
  return hu.array(rows, { dtype = "double" })
end
local function sqnr(q) return 20 * math.log(tiles:norm() / (q - tiles):norm(), 10) end
local function bias(q) return q:abs():sum() / tiles:abs():sum() - 1 end
local function floats(format) return tiles:quantize(hu.quantizer { format = format, group = 128 }) end

local log8, log10 = logs(8), logs(10)
for _, format in ipairs { "e4m3fn", "e5m2" } do
  claims:claim { what = ("LogFMT of 8 bits is ahead of %s (SQNR in dB)"):format(format), published = "yes, in training", here = ("%.1f, %.1f"):format(sqnr(log8), sqnr(floats(format))),
    holds = sqnr(log8) > sqnr(floats(format)) }
end
claims:claim { what = "LogFMT of 10 bits is level with bfloat16 (SQNR in dB)", published = "alike, in training", here = ("%.1f, %.1f"):format(sqnr(log10), sqnr(tiles:quantize "bf16")),
  holds = sqnr(log10) > sqnr(tiles:quantize "bf16") - 3, note = "the source compares losses" }
local linear, logarithm = bias(logs(5)), bias(logs(5, "log"))
claims:claim { what = "LogFMT of 5 bits: rounding in the linear domain has less bias than in the logarithm", published = "unbiased", here = ("%.2g, %.2g"):format(linear, logarithm),
  holds = math.abs(linear) < math.abs(logarithm) }

-- ---- (d): training ----

local text = hu.nn.markov { alphabet = 4 }
local function loss_of(policy)
  local model = hu.nn.lm { layers = 2, heads = 4, width = small and 32 or 64, context = 32, seed = 1 }
  hu.nn.train { model = model, data = text, steps = steps, batch = 8, lr = small and 1e-2 or 3e-3, policy = policy, seed = 1 }
  return model:loss(text, { pieces = 64 })
end
local fp8 = { format = "e4m3fn", group = 128, scale_least = 1e-4 / 448 }
local bf16, e4m3 = loss_of { format = "bf16" }, loss_of { activation = fp8, weight = { format = "e4m3fn", tile = { 128, 128 } }, gradient = fp8, layers = { head = "fp32" } }
claims:claim { what = ("a language model, %d steps: loss in E4M3 by tiles is at most 0.25 %% above bfloat16's"):format(steps), published = "below 0.25 %",
  here = ("%.4f, %.4f: %.2f %%"):format(bf16, e4m3, 100 * (e4m3 / bf16 - 1)), holds = e4m3 / bf16 - 1 < 0.0025 }

sweep:plot { x = "factor", y = "error", series = "scales", panel = "format", across = 2, width = 860, logx = true, logy = true, xlabel = "size of the outliers",
  ylabel = "relative error, mean of tokens", title = "Scales of tensors and of tiles", file = "tiles" }
print(claims:table())
