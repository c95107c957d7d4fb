-- analysis.lua - how far results are off, how sharp a loss is, whether a training run was stable.

local core = require("halfulp.core").analysis
local run = require "halfulp.run"
local check_options = require "halfulp.options"

local analysis = {}

---@class hu.metrics  errors of pairs; the figures are over the pairs in which both numbers are finite
---@field n integer               pairs
---@field finite integer          both finite
---@field exact integer           of these, equal
---@field same_special integer    both NaN, or the same infinity
---@field lost integer            the reference finite, the computed number not
---@field missed integer          the reference not finite, the computed number something else
---@field zero_reference integer  reference 0, computed not: no relative error
---@field to_zero integer         computed 0, reference not
---@field relative_max number     largest |computed - reference| / |reference|
---@field relative_mean number
---@field absolute_max number
---@field absolute_mean number
---@field normwise_2 number       2-norm of the error over that of the reference
---@field normwise_inf number     the same in the largest component
---@field sqnr_db number          signal to quantization noise, -20 log10(normwise_2)
---@field ulp_max number?         largest error in ulps of the reference; only where a format was given
---@field ulp_mean number?

---How far computed numbers are from their reference.
---
---```lua
---local m = hu.error({1.125, 2, -3}, {1, 2, -4}, {format = "e4m3"})
---print(m.relative_max, m.ulp_max, m.exact)    --> 0.25	2.0	1
---```
---@param computed any   array, table of numbers or number
---@param reference any  the same shape
---@param options table? {format = whose ulps are counted (a name or a format)}
---@return hu.metrics
analysis.error = core.error

---The unit in the last place of a format at a number (Goldberg's, as in the Handbook of Floating-Point
---Arithmetic). Of formats without fields, such as posits or codebooks, the distance of the values that enclose it.
---
---```lua
---print(hu.ulp("e4m3", 1), hu.ulp("bf16", 1000))    --> 0.125	4.0
---```
---@param format any  a name or a format
---@param x number
---@return number
analysis.ulp = core.ulp

---The singular value decomposition of a matrix, a = u diag(s) v', in double.
---
---Columns of u and v are orthonormal, those of singular values that are zero too; s is descending. The component of largest magnitude in a
---column of v is positive.
---
---```lua
---local a = hu.array {{3, 0}, {4, 5}}
---local u, s, v = hu.svd(a)
---print(("%.4f %.4f"):format(s(1), s(2)))               --> 6.7082 2.2361
---print((hu.matmul(u * s, v, {transpose_b = true}) - a):norm() < 1e-14)    --> true
---```
---@param a any           an array or table, [m][n], of finite numbers
---@param options table?  {rank = how many singular values; the smaller of m and n}
---@return hu.array u     [m][rank]
---@return hu.array s     [rank]
---@return hu.array v     [n][rank]
analysis.svd = core.svd

---Statistics of runs and series.
---@class hu.stats
local stats = {}

---Mean of numbers; NaN of none.
---@param x any  array or table of numbers
---@return number
stats.mean = core.mean

---Standard deviation of a sample (n - 1); NaN of fewer than two.
---@param x any  array or table of numbers
---@return number
stats.sd = core.sd

---Half the width of Student's 95 % confidence interval of the mean.
---@param x any  array or table of numbers
---@return number
stats.ci95 = core.ci95

---Mean of the last numbers of a series: of a tenth of it, or another share, and at least of one.
---
---```lua
---print(hu.stats.last_mean({9, 9, 2, 4}, 0.5))    --> 3.0
---```
---@param x any           array or table of numbers
---@param share? number   above 0, up to 1 (0.1)
---@return number
function stats.last_mean(x, share)
  share = share or 0.1
  if type(share) ~= "number" or not (share > 0 and share <= 1) then
    error(("last_mean: share is %s; it takes a number above 0, at most 1"):format(tostring(share)), 2)
  end
  local last, n = {}, math.max(1, math.floor(#x * share))
  for i = math.max(1, #x - n + 1), #x do last[#last + 1] = x[i] end
  return stats.mean(last)
end

---The number, or infinity for NaN: a run that ended in NaN counts as infinitely bad, so that its row is kept and sorts last.
---@param x number
---@return number
function stats.or_infinite(x) return x == x and x or math.huge end

---Wilson's score interval of a probability.
---
---```lua
---print(("%.3f to %.3f"):format(hu.stats.wilson(18, 188)))    --> 0.061 to 0.146
---```
---@param k integer            how often it was seen
---@param n integer            in how many trials
---@param confidence number?   0.95
---@return number low
---@return number high
stats.wilson = core.wilson

---Whether a training run diverged, by two rules. by_average: a loss is not finite, or at the end the
---smoothed loss (an average with decay 0.99) is above 1.5 times its smallest value. by_level: a loss is not
---finite, or the mean of the last twentieth is above the reference.
---
---```lua
---local d = hu.stats.diverged({3, 2, 1, 9, 9, 9}, {reference = 5.5})
---print(d.by_average, d.by_level)      --> true	true
---```
---@param losses any     array or table of numbers, one a step, in nats
---@param options table? {reference = loss of a model that has learned nothing; the first loss of the series}
---@return table {by_average=, by_level=, nonfinite=, first_nonfinite = its position, average=, minimum=, level=, reference=}
stats.diverged = core.diverged

---Spikes of a loss, by two rules; steps in a row are one spike. residual: above the smoothed loss before it
---by more than 4 standard deviations of the last 200 residuals. rise: above the smallest smoothed loss so
---far by 0.5 nats.
---
---```lua
---local losses = {}
---for i = 1, 100 do losses[i] = i == 60 and 4 or 2 + 0.01 * (i % 3) end
---print(hu.stats.spikes(losses).rise.steps[1])    --> 60
---```
---@param losses any  array or table of numbers, one a step, in nats
---@return table {residual = {count=, steps = positions}, rise = {count=, steps=}}
stats.spikes = core.spikes

local warning_defaults = { factor = 4, least = 5, floor = 0.05 }

local function median(list, n)
  local sorted = table.move(list, 1, n, 1, {})
  table.sort(sorted)
  return (sorted[(n + 1) // 2] + sorted[n // 2 + 1]) / 2
end

-- The median of the first n numbers, and how far the numbers lie from it: 1.4826 times the median distance, which is the standard deviation of normal ones.
local function middle_and_spread(list, n)
  local middle, distances = median(list, n), {}
  for i = 1, n do distances[i] = math.abs(list[i] - middle) end
  return middle, 1.4826 * median(distances, n)
end

---The first value of a series that is out of line with those before it: not finite, or with a logarithm above the median of theirs by more than `factor` times
---their spread (1.4826 median absolute deviations). It is what `hu.study` calls a warning.
---
---```lua
---print(hu.stats.warning({1, 1.1, 0.9, 1, 1.05, 1, 3, 1}))    --> 7
---print(hu.stats.warning({1, 1.1, 0.9, 1, 1.05, 1}))          --> nil
---```
---@param series any      array or table of numbers
---@param options? table  `factor` (4), `least` = values needed before (5), `floor` = the least that counts as spread, in the logarithm (0.05)
---@return integer|nil position
function stats.warning(series, options)
  local o = {}
  check_options("warning", options, warning_defaults)
  for key, value in pairs(warning_defaults) do o[key] = value end
  for key, value in pairs(options or {}) do
    if type(value) ~= "number" or not (value >= 0) then error(("warning: %s is %s; it takes a number that is not negative"):format(key, tostring(value)), 2) end
    o[key] = value
  end
  local logs = {}
  for i = 1, #series do
    local value = series[i]
    if type(value) ~= "number" then error(("warning: value %d is %s; it takes numbers"):format(i, tostring(value)), 2) end
    if not (value < math.huge) then return i end
    logs[i] = math.log(math.max(value, 1e-300))
    if i > math.max(o.least, 1) then
      local middle, spread = middle_and_spread(logs, i - 1)
      if logs[i] > middle + o.factor * math.max(spread, o.floor) then return i end
    end
  end
  return nil
end

local function log2_of(list, name, what)
  local out = {}
  for i = 1, #list do
    local value = list[i]
    if type(value) ~= "number" or not (value > 0) then
      error(("%s: %s[%d] is %s; the logarithm takes a positive number"):format(what, name, i, tostring(value)), 3)
    end
    out[i] = math.log(value, 2)
  end
  return out
end

---Least-squares line y = intercept + slope x.
---
---```lua
---local line = hu.stats.fit({1, 2, 4, 8}, {1, 1/4, 1/16, 1/64}, {logx = true, logy = true})
---print(("%.3f"):format(line.slope))   --> -2.000
---```
---@param x any          array or table of numbers
---@param y any          as many
---@param options table? {logx = false, logy = false}: takes the logarithm to base 2 first
---@return table {slope=, intercept=, slope_se=, r2=}
function stats.fit(x, y, options)
  check_options("fit", options, { "logx", "logy" })
  if options and options.logx then x = log2_of(x, "x", "fit") end
  if options and options.logy then y = log2_of(y, "y", "fit") end
  local line = run.call(2, core.fit, x, y)
  return line
end

---Where a series is lowest: at the vertex of the parabola through its lowest value and the two beside it; at the lowest value itself where that is at an end, or one beside
---it is not finite. For learning rates, say, whose loss is about a parabola in the rate's logarithm.
---
---```lua
---local best = hu.stats.lowest({1/8, 1/4, 1/2, 1}, {3, 1, 1, 3}, {logx = true})
---print(("%.3f"):format(best.x), best.y, best.inside)    --> 0.354	1	true
---```
---@param x any          array or table of numbers, ascending
---@param y any          as many; infinity and NaN are never lowest
---@param options table? {logx = false: the parabola is over the logarithm of x}
---@return table {x = of the vertex, y = the lowest value (infinity: none is finite), inside = whether it lies between others}
function stats.lowest(x, y, options)
  check_options("lowest", options, { "logx" })
  if #x ~= #y or #x == 0 then error(("lowest: there are %d values of x and %d of y; it takes as many of both, at least one"):format(#x, #y), 2) end
  local log, at = options and options.logx, 1
  local u = log and log2_of(x, "x", "lowest") or x
  for i = 1, #x do
    if type(x[i]) ~= "number" or type(y[i]) ~= "number" then error(("lowest: point %d is %s, %s; it takes numbers"):format(i, tostring(x[i]), tostring(y[i])), 2) end
    if i > 1 and not (x[i] > x[i - 1]) then error(("lowest: x[%d] is %s, after %s; it takes ascending numbers"):format(i, tostring(x[i]), tostring(x[i - 1])), 2) end
    if stats.or_infinite(y[i]) < stats.or_infinite(y[at]) then at = i end
  end
  local best = { x = x[at], y = stats.or_infinite(y[at]), inside = at > 1 and at < #x }
  if best.inside and y[at] > -math.huge and y[at - 1] < math.huge and y[at + 1] < math.huge then
    local left, right = u[at] - u[at - 1], u[at + 1] - u[at]
    local falls, rises = (y[at - 1] - y[at]) / left, (y[at + 1] - y[at]) / right
    local vertex = u[at] + (right * falls - left * rises) / (2 * (falls + rises))
    best.x = log and 2 ^ vertex or vertex
  end
  return best
end

analysis.stats = stats

return analysis
