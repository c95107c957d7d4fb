-- ascent.lua - sharpness of any loss as the rise along a step: SAM, ASAM, and adaptive worst-case and average sharpness.

local array = require("halfulp.core").array
local arith = require("halfulp.core").arith
local check_options = require "halfulp.options"
local values = require "halfulp.values"

local ascent = {
  takes = { sam = { "rho" }, asam = { "rho", "eta" }, worst = { "rho", "norm", "adaptive", "iterations" }, average = { "rho", "norm", "adaptive", "samples" } },
}

-- The options by what they may be.
local kinds = {
  rho = values.positive, eta = values.not_negative, norm = values.one_of("2", "inf"), adaptive = values.flag, iterations = values.whole(1),
  samples = values.whole(1), seed = values.integer,
}

-- An array of doubles; nil for what is neither an array nor a table of numbers.
local function array_of(x)
  local ok, list = pcall(function() return (type(x) == "table" and array.new(x) or x):to "double" end)
  return ok and list or nil
end

-- The loss as it is called here, with what it returned checked: raises for the line that called the measure, which calls it itself.
local function checked(name, o, with_gradient)
  local function shape_of(x) return table.concat(x:shape(), " x ") end
  local loss, shape = o.loss, shape_of(o.weights)
  return function(weights)
    o.evaluations = o.evaluations + 1
    local value, slope = loss(weights)
    if type(value) ~= "number" then error(("%s: the loss is %s; it takes a function that returns a number, and its gradient"):format(name, values.show(value)), 3) end
    if not with_gradient then return value end
    local gradient = slope ~= nil and array_of(slope) or nil
    if not gradient then
      error(("%s: the gradient of the loss is %s; it takes an array or a table of numbers"):format(name, values.show(slope)), 3)
    end
    if shape_of(gradient) ~= shape then
      error(("%s: the gradient of the loss has %s elements, the weights have %s"):format(name, shape_of(gradient), shape), 3)
    end
    return value, gradient
  end
end

-- The options with their defaults; raises for the line that called the measure.
local function read(name, options, defaults, with_gradient)
  if type(options) ~= "table" then error(("%s: options are missing; it takes a table: loss, weights, rho"):format(name), 3) end
  local o, known = { evaluations = 0 }, { "loss", "weights" }
  for key in pairs(defaults) do known[#known + 1] = key end
  check_options(name, options, known, 3)
  values.check(name, options, kinds, 3)
  for key, value in pairs(defaults) do o[key] = value end
  for key, value in pairs(options) do o[key] = kinds[key] and math.type(value) and math.tointeger(value) or value end
  if type(o.loss) ~= "function" then error(name .. ": loss is no function; it takes one of an array, which returns the loss and its gradient", 3) end
  if o.weights == nil then error(name .. ": weights is missing; it takes an array or a table of numbers", 3) end
  local w = array_of(o.weights)
  if not w then error(("%s: weights is %s; it takes an array or a table of numbers"):format(name, values.show(o.weights)), 3) end
  if #w == 0 then error(name .. ": there are no weights", 3) end
  o.weights = w
  o.loss = checked(name, o, with_gradient)
  return o
end

local function result(s, loss, increase)
  s.loss, s.increase, s.phi = loss, increase, 100 * increase / (1 + loss)
  s.iterations = s.iterations or 0
  return s
end

function ascent.sam(options)
  local o = read("sam", options, { rho = 0.05 }, true)
  local loss, gradient = o.loss(o.weights)
  local norm = gradient:norm()
  local raised = o.loss(o.weights + (o.rho / (norm + 1e-12)) * gradient)
  return result({ norm = norm, evaluations = o.evaluations }, loss, raised - loss)
end

function ascent.asam(options)
  local o = read("asam", options, { rho = 0.5, eta = 0.01, biases = false }, true)
  local t = o.weights:abs() + o.eta
  if o.biases then
    local b = array_of(o.biases)
    if not b or #b ~= #t then
      error(("asam: biases are %s; it takes 0 or 1 for each of the %d weights"):format(b and ("%d numbers"):format(#b) or values.show(o.biases), #t), 2)
    end
    t = b + (1 - b) * t
  end
  local loss, gradient = o.loss(o.weights)
  local scaled = t * gradient
  local norm = scaled:norm()
  local raised = o.loss(o.weights + (o.rho / math.max(norm, 1e-300)) * (t * scaled))
  return result({ norm = norm, evaluations = o.evaluations }, loss, raised - loss)
end

-- Exactly -1, 0 or 1.
local function sign(x)
  return x / (x:abs() + 1e-300)
end

-- How a step goes and where the allowed region ends, in each norm. c: the widths. Both are those of u = delta / c, in which the region is a cube or a
-- ball and the gradient is c g: u + size c g / |c g|. The authors' code steps along c g in delta itself, and stops short of the maximum.
local norms = {
  inf = {
    step = function(delta, size, g, c) return delta + size * (sign(g) * c) end,
    project = function(delta, rho, c) return arith.minimum(arith.maximum(delta, -rho * c), rho * c) end,
  },
  ["2"] = {
    step = function(delta, size, g, c) return delta + c * ((size / ((c * g):norm() + 1e-300)) * (c * g)) end,
    project = function(delta, rho, c)
      local length = (delta / (c + 1e-300)):norm()
      return length > rho and (rho / length) * delta or delta
    end,
  },
}

-- Iterations at which Auto-PGD looks back: at 0.22 of all, then after parts that shrink by 0.03, at least 0.06 (Croce and Hein, 2020).
local function checkpoints(iterations)
  local set, at, part = {}, 0.22, 0.22
  while at <= 1 do
    set[math.max(1, math.ceil(at * iterations))] = true
    part = math.max(part - 0.03, 0.06)
    at = at + part
  end
  return set
end

function ascent.worst(options)
  local o = read("worst", options, { rho = 0.001, norm = "inf", adaptive = true, iterations = 20, seed = 1 }, true)
  local w, how = o.weights, norms[o.norm]
  local c = o.adaptive and w:abs() or w * 0 + 1
  local center, gradient = o.loss(w + 0)
  if center ~= center or gradient:norm() ~= gradient:norm() then return result({ evaluations = 1 }, center, -(0 / 0)) end
  local delta, value = w * 0, center
  if gradient:norm() == 0 then
    delta = how.project(o.rho * (c * array.uniform(w:shape(), { seed = o.seed, low = -1, high = 1 })), o.rho, c)
    value, gradient = o.loss(w + delta)
  end
  local best, best_at, best_gradient, before = value, delta, gradient, delta
  local size, improved, looked, last_size, last_best = 2 * o.rho, 0, 0, 2 * o.rho, best
  local look = checkpoints(o.iterations)
  for i = 1, o.iterations do
    local next_at = how.project(how.step(delta, size, gradient, c), o.rho, c)
    if i > 1 then next_at = how.project(delta + 0.75 * (next_at - delta) + 0.25 * (delta - before), o.rho, c) end
    local next_value, next_gradient = o.loss(w + next_at)
    if next_value > value then improved = improved + 1 end
    before, delta, value, gradient = delta, next_at, next_value, next_gradient
    if value > best then best, best_at, best_gradient = value, delta, gradient end
    if look[i] then
      if improved < 0.75 * (i - looked) or (size == last_size and best == last_best) then
        last_size, size = size, size / 2
        delta, value, gradient, before = best_at, best, best_gradient, best_at
      else
        last_size = size
      end
      improved, looked, last_best = 0, i, best
    end
  end
  return result({ iterations = o.iterations, evaluations = o.evaluations }, center, math.max(0, best - center))
end

function ascent.average(options)
  local o = read("average", options, { rho = 0.1, norm = "2", adaptive = true, samples = 20, seed = 1 })
  local w, n, sum, squares = o.weights, o.samples, 0, 0
  local c = o.adaptive and w:abs() or w * 0 + 1
  local center = o.loss(w)
  for i = 1, n do
    local drawn = o.norm == "2" and array.randn(w:shape(), { seed = o.seed, stream = i }) or array.uniform(w:shape(), { seed = o.seed, stream = i, low = -1, high = 1 })
    local rise = o.loss(w + o.rho * (c * drawn)) - center
    sum, squares = sum + rise, squares + rise * rise
  end
  local mean = sum / n
  local error = n > 1 and (math.max(0, squares / n - mean * mean) / (n - 1)) ^ 0.5 or nil
  return result({ error = error, samples = n, evaluations = o.evaluations }, center, mean)
end

return ascent
