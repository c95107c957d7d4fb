-- mxfp4-gradients.lua - what do four bits leave of Gaussian numbers: error, shrinkage, and the levels that lose least?
--
-- Method: (a) Gaussian blocks of 32 in E2M1 with a power-of-two scale, over all phases of the scale: relative mean square error and shrinkage,
-- 1 - <x, q> / <x, x>, to nearest and at random, with the scale of the largest magnitude over 3/4 (room for rounding at random), by OCP's floor rule, by a ceiling, and
-- by the root mean square. (b) The symmetric mid-rise grid of b bits clipped at a sigma: the a of least mean square error, found by a search, and that error.
-- (c) A Hadamard rotation of heavy-tailed blocks before (a).
-- Sources: QuEST, arXiv:2502.05003 (b); Quartet, arXiv:2505.14669 (a); the figures of (a) are recomputed.
-- What would surprise: shrinkage of rounding at random that is not about zero.
--
-- Measured at scale=full: 1.37e-2 and 2.78e-2 to nearest and at random, shrinkage 9.4e-3 and -4e-5; floor 1.33e-2 and 2.17e-2, ceiling 1.36e-2 and 9.4e-3; the floored
-- scale of the root mean square 2.13e-2 where 2.3e-2 was recomputed elsewhere; clips within 1 %. At scale=small some shrinkages are 9 % off: few blocks.
-- A rotation brings the error of blocks with an outlier from 3.0e-2 to 1.2e-2.
--
-- Columns: scheme, data, trial, error (relative mean square), shrinkage.
--
--   halfulp run experiments/papers/mxfp4-gradients.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or a minute" },
}
local small = params.scale == "small"
local blocks, trials, size = small and 2000 or 4000, small and 3 or 16, 32
local room = small and 0.06 or 0.03       -- of the figures, for the numbers drawn
local claims = hu.published "MXFP4 and grids for Gaussian numbers (arXiv:2505.14669, arXiv:2502.05003)"
local rms_clip = 2.92247856

-- ---- (a), (c): blocks in E2M1 ----

local function floor_log2(x) return math.floor(math.log(x, 2)) end

-- The scale of a block from its largest magnitude and its root mean square.
local schemes = {
  ["absmax / 0.75, nearest"] = { scale = function(most) return 2.0 ^ (floor_log2(most) - 2) / 0.75 end },
  ["absmax / 0.75, at random"] = { scale = function(most) return 2.0 ^ (floor_log2(most) - 2) / 0.75 end, rounding = "sr" },
  ["absmax / 0.75, nearest, realigned"] = { scale = function(most) return 2.0 ^ (floor_log2(most) - 2) / 0.75 end, gain = 1.009276 },
  ["floor (OCP)"] = { scale = function(most) return 2.0 ^ (floor_log2(most) - 2) end },
  ["ceiling"] = { scale = function(most) return 2.0 ^ math.ceil(math.log(most / 6, 2)) end },
  ["rms, floor"] = { scale = function(_, rms) return 2.0 ^ floor_log2(rms_clip / 6 * rms) end },
  ["rms, nearest"] = { scale = function(_, rms) return 2.0 ^ math.floor(math.log(rms_clip / 6 * rms, 2) + 0.5) end },
}

-- Gaussian blocks at all phases of the scale: a block times 2^u, u uniform in [0, 1). Heavy tails: one number of each block ten times as large.
local function gaussian_blocks(trial, tails)
  local x = hu.randn({ blocks, size }, { seed = trial, stream = 1, dtype = "double" })
  if tails then
    for i = 1, blocks do x:set(i, 1 + i % size, 10 * x(i, 1 + i % size)) end
  end
  local phases = hu.uniform({ blocks, 1 }, { seed = trial, stream = 2, dtype = "double" }):map(function(u) return 2 ^ u end)
  return x * phases, phases
end

-- Sums over the blocks, each in the measure it had before its phase, so that all phases count alike.
local function errors_of(x, phases, scheme, trial)
  local most, rms = x:abs():max(2), (x:norm(2) / math.sqrt(size))
  local scales = {}
  for i = 1, blocks do scales[i] = { scheme.scale(most(i), rms(i)) } end
  local s = hu.array(scales, { dtype = "double" })
  local q = (x / s):quantize("e2m1fn", { rounding = scheme.rounding or "rne", overflow = "saturate", seed = trial, stream = 3 }) * s * (scheme.gain or 1)
  x, q = x / phases, q / phases
  return { error = ((q - x) ^ 2):sum() / (x ^ 2):sum(), shrinkage = 1 - (x * q):sum() / (x ^ 2):sum() }
end

local names = hu.keys(schemes)
local sweep = hu.sweep { scheme = names, data = { "normal", "outliers", "outliers, rotated" }, trial = hu.range(1, trials) }
sweep:run(function(p)
  local x, phases = gaussian_blocks(p.trial, p.data ~= "normal")
  if p.data == "outliers, rotated" then x = x:hadamard { signs = true, seed = p.trial } end
  return errors_of(x, phases, schemes[p.scheme], p.trial)
end, { name = "blocks" })
local rows = sweep:rows()

local function mean_of(name, scheme, data)
  return hu.stats.mean(hu.column(hu.select(rows, { scheme = scheme, data = data or "normal" }), name))
end

for _, case in ipairs {
  { "error", "absmax / 0.75, nearest", 1.364e-2 }, { "error", "absmax / 0.75, at random", 2.776e-2 }, { "shrinkage", "absmax / 0.75, nearest", 9.5e-3 },
  { "error", "floor (OCP)", 1.33e-2 }, { "shrinkage", "floor (OCP)", 2.2e-2 }, { "error", "ceiling", 1.36e-2 }, { "shrinkage", "ceiling", 9.4e-3 },
  { "error", "rms, floor", 2.3e-2 }, { "error", "rms, nearest", 1.35e-2 },
} do
  claims:number { what = ("%s: %s"):format(case[2], case[1]), published = case[3], here = mean_of(case[1], case[2]), relative = room, digits = 3,
    note = case[2] == "rms, nearest" and "the paper has it for its rule with a root mean square" or nil }
end
local shrinkage = mean_of("shrinkage", "absmax / 0.75, at random")
claims:claim { what = "absmax / 0.75, at random: no shrinkage", published = "1.2e-4", here = shrinkage, holds = math.abs(shrinkage) < (small and 3e-3 or 1e-3) }
local aligned = mean_of("shrinkage", "absmax / 0.75, nearest, realigned")
claims:claim { what = "multiplied by 1.009276 after nearest: no shrinkage", published = "about 0", here = aligned, holds = math.abs(aligned) < (small and 2e-3 or 5e-4) }
local plain, rotated = mean_of("error", "floor (OCP)", "outliers"), mean_of("error", "floor (OCP)", "outliers, rotated")
claims:claim { what = "outliers: a rotation before changes the error of the whole block", published = "outliers are spread", here = ("%.3g to %.3g"):format(plain, rotated),
  note = "relative to a sum of squares that the outlier dominates" }

-- ---- (b): the grid of least error ----

-- Mean square error of the mid-rise grid of `levels` values in [-a, a] for a standard normal number: by the integral over each cell, closed.
local function density(x) return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) end

-- The error function to about 1e-13: its series near zero, a continued fraction beyond.
local function erf(x)
  if x < 0 then return -erf(-x) end
  if x < 2.5 then
    local term, sum, n = x, x, 0
    repeat
      n = n + 1
      term = -term * x * x / n
      sum = sum + term / (2 * n + 1)
    until math.abs(term) < 1e-17
    return 2 / math.sqrt(math.pi) * sum
  end
  local f = 0
  for k = 60, 1, -1 do f = k / 2 / (x + f) end
  return 1 - math.exp(-x * x) / math.sqrt(math.pi) / (x + f)
end
local function below(x) return (1 + erf(x / math.sqrt(2))) / 2 end

-- E[(x - q)^2; low < x < high].
local function cell_error(q, low, high)
  local function part(x) return x == math.huge and 0 or x == -math.huge and 0 or x * density(x) end
  local mass = (high == math.huge and 1 or below(high)) - (low == -math.huge and 0 or below(low))
  local first = (low == -math.huge and 0 or density(low)) - (high == math.huge and 0 or density(high))
  return mass - part(high) + part(low) - 2 * q * first + q * q * mass
end

local function grid_error(a, levels)
  local step, sum = 2 * a / (levels - 1), 0
  for i = 0, levels - 1 do
    local q = -a + i * step
    sum = sum + cell_error(q, i == 0 and -math.huge or q - step / 2, i == levels - 1 and math.huge or q + step / 2)
  end
  return sum
end

local function least(f, low, high)
  local ratio = (math.sqrt(5) - 1) / 2
  for _ = 1, 80 do
    local a, b = high - ratio * (high - low), low + ratio * (high - low)
    if f(a) < f(b) then high = b else low = a end
  end
  return (low + high) / 2
end

for _, case in ipairs { { "1", 2, 0.797885, 0.3634 }, { "1.58", 3, 1.224009 }, { "2", 4, 1.493535, 0.1188 }, { "3", 8, 2.051068, 0.0374 }, { "4", 16, 2.513931, 0.01154 },
  { "5", 32, 2.916094 }, { "6", 64, 3.276597 }, { "7", 128, 3.601050 }, { "8", 256, 3.884939 } } do
  local levels = case[2]
  local a = least(function(x) return grid_error(x, levels) end, 0.3, 6)
  claims:number { what = ("clip of least error, %s bits (in sigma)"):format(case[1]), published = case[3], here = a, relative = 0.01, digits = 6 }
  if case[4] then claims:number { what = "  its mean square error", published = case[4], here = grid_error(a, levels), relative = 0.005, digits = 4 } end
end

hu.plot { rows = rows, x = "error", y = "shrinkage", series = "scheme", panel = "data", kind = "line", across = 3, width = 860, xlabel = "relative mean square error",
  ylabel = "shrinkage", title = "E2M1 in blocks of 32", file = "mxfp4-schemes" }
print(claims:table())
