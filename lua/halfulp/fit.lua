-- fit.lua - a model's parameters from measurements, by name, with intervals.

local core = require("halfulp.core")
local run = require "halfulp.run"
local check_options = require "halfulp.options"

local known = { "rows", "y", "model", "start", "positive", "log", "starts", "spread", "seed", "huber", "iterations", "tolerance", "confidence" }

local function check_keys(options)
  if type(options) ~= "table" then error(("fit: options is a %s; it takes a table: rows, y, model, start"):format(type(options)), 3) end
  check_options("fit", options, known, 3)
  if type(options.rows) ~= "table" or #options.rows == 0 then error("fit: rows is no list of rows; it takes tables with the measurements", 3) end
  if type(options.model) ~= "function" then error("fit: model is no function; it takes function(p, row) that returns a number", 3) end
  if type(options.start) ~= "table" or next(options.start) == nil then error("fit: start has no parameters; it takes {name = value, ...}", 3) end
end

-- The names of the parameters in order, and which of them are fitted as logarithms.
local function parameters_of(options)
  local names, as_log = {}, {}
  for name, value in pairs(options.start) do
    if type(name) ~= "string" or type(value) ~= "number" then error(("fit: start.%s is %s; it takes a number"):format(tostring(name), tostring(value)), 3) end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(options.positive == true and names or options.positive or {}) do
    if not options.start[name] then error(("fit: positive names %s, which start has not"):format(tostring(name)), 3) end
    if not (options.start[name] > 0) then error(("fit: start.%s is %g; a positive parameter takes a positive start"):format(name, options.start[name]), 3) end
    as_log[name] = true
  end
  return names, as_log
end

-- What was measured, as numbers or their logarithms.
local function measured(options)
  local out, of = {}, options.y or "y"
  for i, row in ipairs(options.rows) do
    local value = type(of) == "function" and of(row) or type(of) == "table" and of[i] or type(of) == "string" and row[of]
    if type(value) ~= "number" or value ~= value or value == math.huge or value == -math.huge or options.log and not (value > 0) then
      error(("fit: row %d: y is %s; it takes a finite number%s"):format(i, value ~= value and "NaN" or tostring(value), options.log and " above 0" or ""), 3)
    end
    out[i] = options.log and math.log(value) or value
  end
  return out
end

-- Between the list that is fitted and the named parameters of the model.
local function named(list, names, as_log)
  local p = {}
  for i, name in ipairs(names) do p[name] = as_log[name] and math.exp(list[i]) or list[i] end
  return p
end

local function listed(p, names, as_log)
  local list = {}
  for i, name in ipairs(names) do list[i] = as_log[name] and math.log(p[name]) or p[name] end
  return list
end

local function predictor(options, names, as_log)
  return function(list, row)
    local value = options.model(named(list, names, as_log), row)
    if type(value) ~= "number" then error(("fit: the model returned %s; it takes a number"):format(tostring(value)), 0) end
    if not options.log then return value end
    return value > 0 and math.log(value) or 0 / 0
  end
end

local function one_fit(options, predict, y, start)
  return core.fit.least_squares(function(list)
    local r = {}
    for i, row in ipairs(options.rows) do r[i] = y[i] - predict(list, row) end
    return r
  end, start, #y, { huber = options.huber, iterations = options.iterations, tolerance = options.tolerance, confidence = options.confidence })
end

-- The best of several starts: the given one, and ones around it, factors or shares of up to `spread`.
local function best_fit(options, predict, y, start)
  local best, message
  local starts, spread = options.starts or 1, options.spread or 2
  local draws = starts > 1 and core.array.randn({ starts, #start }, { seed = options.seed or 1 }):totable()
  for s = 1, starts do
    local from = {}
    for i, value in ipairs(start) do from[i] = s == 1 and value or value + draws[s][i] * math.log(spread) * math.max(1, math.abs(value) / 4) end
    local ok, found = pcall(one_fit, options, predict, y, from)
    if not ok and tostring(found):find "^interrupted" then error(found, 0) end
    if ok and (not best or found.cost < best.cost) then best = found end
    message = message or not ok and found
  end
  return best or error(message, 0)
end

-- The model at a row with its half interval, by the linearized errors of the parameters.
local function with_band(found, predict, quantile, is_log)
  local function slope(row, i)
    local list = { table.unpack(found.parameters) }
    local h = 1e-6 * math.max(1, math.abs(list[i]))
    list[i] = list[i] + h
    local up = predict(list, row)
    list[i] = list[i] - 2 * h
    return (up - predict(list, row)) / (2 * h)
  end
  return function(row)
    local value, variance, slopes = predict(found.parameters, row), 0, {}
    for i = 1, #found.parameters do slopes[i] = slope(row, i) end
    for i, a in ipairs(slopes) do
      for j, b in ipairs(slopes) do
        if a ~= 0 and b ~= 0 then variance = variance + a * b * found.covariance[i][j] end
      end
    end
    local half = quantile * math.sqrt(variance)
    if is_log then return math.exp(value), math.exp(value - half), math.exp(value + half) end
    return value, value - half, value + half
  end
end

local function r2_of(found, y)
  local mean, total = core.analysis.mean(y), 0
  for _, value in ipairs(y) do total = total + (value - mean) ^ 2 end
  return total > 0 and 1 - found.rms ^ 2 * #y / total or 1
end

---Fits a model's parameters to measurements by nonlinear least squares (GSL's trust region; Huber's loss by weights).
---
---The intervals come from the model linearized at the best parameters and Student's t. Parameters that are positive are fitted as
---logarithms: they stay positive, and their intervals are ratios. Source of the loss and its errors: P. J. Huber, Robust
---Statistics (1981), chapter 7.
---
---```lua
---local rows = {}
---for x = 1, 8 do rows[x] = {x = x, y = 3 * x ^ -0.5} end
---local found = hu.fit {rows = rows, model = function(p, row) return p.a * row.x ^ p.b end, start = {a = 1, b = 0}}
---print(("%.3f %.3f"):format(found.parameters.a, found.parameters.b))    --> 3.000 -0.500
---print(("%.3f"):format(found.predict {x = 16}))                        --> 0.750
---```
---@param options table `rows` = the measurements, tables; `model` = function(p, row) that returns a number; `start` = {name = value} of the parameters; `y` = the field that was measured ("y"), a list, or function(row); `positive` = true or a list of names; `log`: the logarithms of y and model are compared; `huber` = residuals beyond it count linearly (0: squares alone); `starts` (1) in all, the further ones around the first by factors of about `spread` (2) from `seed` (1), the best fit of them is taken; `iterations` (500), `tolerance` (1e-10), `confidence` (0.95)
---@return table {parameters = {name=}, low=, high= of their intervals, predict = function(row) -> value, low, high, n=, cost=, rms=, sigma=, r2=, covariance= in the order of names, names=, iterations=, converged=}
local function fit(options)
  check_keys(options)
  local names, as_log = parameters_of(options)
  local y, predict = measured(options), predictor(options, names, as_log)
  local found = run.call(2, best_fit, options, predict, y, listed(options.start, names, as_log))
  local low, high, quantile = {}, {}, 0
  for i, name in ipairs(names) do
    local at, half = found.parameters[i], found.half_width[i]
    low[name] = as_log[name] and math.exp(at - half) or at - half
    high[name] = as_log[name] and math.exp(at + half) or at + half
    local se = math.sqrt(found.covariance[i][i])
    if se > 0 and se < math.huge then quantile = half / se end
  end
  return {
    parameters = named(found.parameters, names, as_log), low = low, high = high, names = names, covariance = found.covariance,
    predict = with_band(found, predict, quantile, options.log), n = #y, cost = found.cost, rms = found.rms, sigma = found.sigma,
    r2 = r2_of(found, y), iterations = found.iterations, converged = found.converged,
  }
end

return fit
