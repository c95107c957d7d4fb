-- halo-rotations.lua - which rotation saves which of a layer's three products from outliers, and at what price?
--
-- Method: X [tokens][in], W [out][in] and E [tokens][out] (the gradient of the output) are normal numbers; some channels of X, some tokens of E, or both are 50
-- times as large. Every operand is put on a grid with one scale a tensor, from its largest magnitude, and multiplied exactly. Three levels, H an orthonormal Hadamard matrix:
--   level   Y = X W'        dX = E W            dW = E' X
--   0       Q(X) Q(W)'      Q(E) Q(W)           Q(E)' Q(X)
--   1       Q(XH) Q(WH)'    Q(E) Q(W)           Q(E)' Q(X)
--   2       Q(XH) Q(WH)'    H' [Q(HE) Q(W)]     Q(E)' Q(X)
-- Two measures: the error of the whole product (Frobenius norms), and the mean over its vectors (tokens of Y and dX, input channels of dW) of their relative errors,
-- so that small tokens count like large ones.
-- Source: HALO, arXiv:2501.02625. The ordering of levels is the paper's; factor and shapes of the outliers are ours.
-- What would surprise: a level 1 that helps dX, or a rotation that harms.
--
-- Measured at scale=full: in int8 channel outliers bring Y to 7.1e-2, level 1 back to 1.5e-2 (1.5e-2 without outliers); token outliers bring dX to 6.7e-2, which level 1 leaves
-- and level 2 brings back to 1.5e-2; token by token 0.41, 0.41, 6.1e-2: the outliers' error is spread over the small tokens. dW, whose sum runs over
-- tokens, is repaired by none (0.48). In e4m3fn every token has its own exponents, and level 2 harms the small ones: 3.8e-2, 3.8e-2, 0.17.
-- Differs: in e3m2fn level 1 does nothing for Y (7.7e-2, 7.5e-2), as the outliers, which dominate the product, have their own exponents there too.
--
-- Columns: outliers, format, level, trial, Y, dX, dW (relative errors of the whole product), Y_each, dX_each, dW_each (means over the vectors).
--
--   halfulp run experiments/papers/halo-rotations.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: matrices of 128 rows, or of 512" },
}
local small = params.scale == "small"
local side, trials, factor = small and 128 or 512, small and 3 or 4, 50
local planted = side // 64                -- outliers are one channel, or one token, in 64
local claims = hu.published "HALO (arXiv:2501.02625)"

local grids = {
  int8 = hu.quantizer { format = "int8", narrow = true },
  e4m3fn = hu.quantizer { format = "e4m3fn" },
  e3m2fn = hu.quantizer { format = "e3m2fn" },
}

-- 1 everywhere, `factor` at the planted places.
local function gains(wanted, shape)
  local g = hu.full({ side }, 1)
  for i = 1, wanted and planted or 0 do g:set((i - 1) * 64 + 7, factor) end
  return g:reshape(shape)
end

local function operands(p)
  local function draw(stream) return hu.randn({ side, side }, { seed = p.trial, stream = stream, dtype = "double" }) end
  local channels, tokens = p.outliers == "channels" or p.outliers == "both", p.outliers == "tokens" or p.outliers == "both"
  return draw(1) * gains(channels, { 1, side }), draw(2) * (1 / math.sqrt(side)), draw(3) * gains(tokens, { side, 1 })
end

-- The three products at that level; Q is the grid, or nothing is rounded without it.
local function products(X, W, E, level, Q)
  Q = Q or function(a) return a end
  local rotated = level > 0
  local Y = hu.matmul(Q(rotated and X:hadamard() or X), Q(rotated and W:hadamard() or W):transpose())
  local dX = hu.matmul(Q(level > 1 and E:hadamard { axis = 1 } or E), Q(W))
  if level > 1 then dX = dX:hadamard { axis = 1 } end
  return { Y = Y, dX = dX, dW = hu.matmul(Q(E):transpose(), Q(X)) }
end

local function errors_of(got, want)
  local result = {}
  for name, exact in pairs(want) do
    local axis = name == "dW" and 1 or 2
    local err = got[name] - exact
    result[name] = err:norm() / exact:norm()
    result[name .. "_each"] = (err:norm(axis) / exact:norm(axis)):mean()
  end
  return result
end

local sweep = hu.sweep { outliers = { "none", "channels", "tokens", "both" }, format = { "int8", "e4m3fn", "e3m2fn" }, level = { 0, 1, 2 }, trial = hu.range(1, trials) }
sweep:run(function(p)
  local X, W, E = operands(p)
  return errors_of(products(X, W, E, p.level, function(a) return a:quantize(grids[p.format]) end), products(X, W, E, 0))
end, { name = "levels" })
local rows = sweep:rows()

-- The mean of a result over the trials.
local function of(name, outliers, level, format)
  local list = {}
  for _, row in ipairs(rows) do
    if row.outliers == outliers and row.level == level and row.format == (format or "int8") then list[#list + 1] = row[name] end
  end
  return hu.stats.mean(list)
end
local function three(name, outliers, format)
  return ("%.3g, %.3g, %.3g"):format(of(name, outliers, 0, format), of(name, outliers, 1, format), of(name, outliers, 2, format))
end

local X, W, E = operands { trial = 1, outliers = "both" }
local worst = 0
for level = 1, 2 do
  for name, err in pairs(errors_of(products(X, W, E, level), products(X, W, E, 0))) do worst = math.max(worst, name:match "each" and 0 or err) end
end
claims:claim { what = "without rounding every level gives the same products", published = "equal", here = worst, holds = worst < 1e-12 }

for _, name in ipairs { "Y", "dX", "dW" } do
  local none = of(name, "none", 0)
  claims:claim { what = ("int8, no outliers: %s alike at all levels"):format(name), published = "alike", here = three(name, "none"),
    holds = math.abs(of(name, "none", 1) / none - 1) < 0.2 and math.abs(of(name, "none", 2) / none - 1) < 0.2 }
end
claims:claim { what = "int8, channel outliers: level 1 repairs Y", published = "yes", here = three("Y", "channels"), holds = of("Y", "channels", 1) < 0.5 * of("Y", "channels", 0) }
for _, outliers in ipairs { "tokens", "both" } do
  for _, name in ipairs { "dX", "dX_each" } do
    claims:claim { what = ("int8, outliers: %s: of the levels only 2 repairs %s"):format(outliers, name == "dX" and "dX" or "dX, token by token"), published = "yes",
      here = three(name, outliers), holds = of(name, outliers, 1) == of(name, outliers, 0) and of(name, outliers, 2) < 0.5 * of(name, outliers, 0) }
  end
end
claims:claim { what = "int8, both: no level repairs dW (levels 0 and 2, and without outliers)", published = "yes", holds = of("dW_each", "both", 2) > 2 * of("dW_each", "none", 2),
  here = ("%.3g, %.3g, %.3g"):format(of("dW_each", "both", 0), of("dW_each", "both", 2), of("dW_each", "none", 2)), note = "the mean over input channels" }
claims:claim { what = "e4m3fn, channel outliers: level 0 will do for Y (no rotation is better by half)", published = "level 0 is for FP8", here = three("Y", "channels", "e4m3fn"),
  holds = of("Y", "channels", 1, "e4m3fn") > 0.67 * of("Y", "channels", 0, "e4m3fn") }
claims:claim { what = "e4m3fn, token outliers: level 0 will do for dX, token by token", published = "level 0 is for FP8", here = three("dX_each", "tokens", "e4m3fn"),
  holds = of("dX_each", "tokens", 2, "e4m3fn") > 0.67 * of("dX_each", "tokens", 0, "e4m3fn") }
claims:claim { what = "e3m2fn, channel outliers: level 1 helps Y", published = "level 1 is for FP6", here = three("Y", "channels", "e3m2fn"),
  holds = of("Y", "channels", 1, "e3m2fn") < 0.9 * of("Y", "channels", 0, "e3m2fn") }

local bars = {}
for _, row in ipairs(rows) do
  if row.outliers == "both" then
    for _, name in ipairs { "Y", "dX", "dW" } do bars[#bars + 1] = { level = row.level, format = row.format, product = name, error = row[name .. "_each"] } end
  end
end
hu.plot { rows = bars, x = "level", y = "error", series = "format", panel = "product", across = 3, width = 860, logy = true, xlabel = "level of rotation",
  ylabel = "relative error, mean of vectors", title = "Channel and token outliers", file = "halo-levels" }
print(claims:table())
