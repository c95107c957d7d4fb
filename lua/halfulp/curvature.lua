-- curvature.lua - the curvature of a model's loss, and its landscape: in full precision, inside emulated arithmetic, and the noise of rounding.

local core = require "halfulp.core"
local noise = require "halfulp.noise"
local check_options = require "halfulp.options"
local values = require "halfulp.values"

local curvature = {}

---@class hu.hessian  the Hessian of a model's loss, by exact products with vectors
---@field n integer          weights that move
---@field loss number        at the weights, in nats
---@field gradient hu.array  by the weights that move
---@field products integer   done so far
---@field product fun(self, v): hu.array          H v, exact up to the rounding of the carrier
---@field spread fun(self, v): hu.array           a vector of the weights that move among all weights
---@field eigen fun(self, options?: table): table  `values`, best first, and `residuals` |H x - value x|; `converged` (residuals are below `tolerance` times the largest magnitude; of "power": values change by less than `tolerance` of them and residuals are below sqrt(`tolerance`) of them), `products`, `asymmetry`, `vectors` where wanted. Options: `k` (1), `which` ("largest", "smallest", "magnitude"), `method` ("lanczos", "power"), `steps` (100), `tolerance` (1e-6; 1e-3 for power), `seed` (1), `vectors` (false)
---@field trace fun(self, options?: table): table  `trace`, `error` (one standard error), `samples`, `products`. Options: `method` ("hutch++", "hutchinson"), `samples` (99), `tolerance` (0: all samples), `seed` (1)
---@field density fun(self, options?: table): table  `x`, `density`, `error` (one standard error over the starts), `bound` (of the quadrature), `sigma`, `nodes` and `weights` {starts, steps}, `low`, `high`, `asymmetry`, `products`. Options: `starts` (1), `steps` (100), `sigma` ("resolved", "pyhessian" or a number), `points` (1000), `seed` (1)

---The Hessian of a model's loss on data, as something to multiply by. No differences: tangents go through the
---model forward and backward.
---
---With a `policy` it is the derivative of the gradient as it is computed, each quantizer adding its rounding error as
---a constant (straight through). `tangents = "rounded"` puts the tangents through the same quantizers and accumulators, as a machine
---with these formats would compute the product.
---
---```lua
---local model = hu.nn.mlp {inputs = 2, classes = 2, layers = 1, width = 3}
---local h = hu.hessian(model, {features = {{1, 2}, {0, 1}}, targets = {0, 1}})
---local v = hu.ones(h.n)
---print(h.n, h:product(2 * v):norm() == 2 * h:product(v):norm())    --> 20	true
---```
---@param model hu.model
---@param data any            as `model:logits` takes it, with targets; or a list of such: the loss is the mean over all targets
---@param options? table      `policy`, `stream` (0; of its random words), `precision` ("double", "float"), `tangents` ("kept", "rounded"), `parameters` (a name, a pattern such as "0.*", or a list: those that move), `weights` (where it is taken), and what chooses from a text: `split`, `rows`, or `seed` and `step`
---@return hu.hessian
curvature.hessian = core.curvature.hessian

-- ---- one place ----

local function or_flag(rule)
  return { fits = function(x) return type(x) == "boolean" or rule.fits(x) end, takes = rule.takes .. ", or true or false" }
end

local a_table = { fits = function(x) return type(x) == "table" end, takes = "a table of options" }

-- Our own options, and what they may be; the others choose data and are the Hessian's.
local own = { policy = true, precision = values.one_of("float", "double"), tangents = values.one_of("kept", "rounded"), parameters = true, each = values.flag,
  k = values.whole(1), which = values.one_of("largest", "smallest", "magnitude"), steps = values.whole(1, 1 << 32), tolerance = values.not_negative,
  trace = or_flag(values.whole(3, 1 << 32)), density = or_flag(a_table), repeats = values.whole(0, 4096), seed_vectors = values.integer, noise_policy = true }

local of_data = { "split", "rows", "seed", "step", "stream", "weights" }

-- Options of one place, all of them, and none that does nothing without a policy.
local function check(what, options, own_rules, of_policy)
  local known = table.move(of_data, 1, #of_data, 1, {})
  for key in pairs(own_rules) do known[#known + 1] = key end
  check_options(what, options, known)
  values.check(what, options, own_rules)
  for _, key in ipairs(options.policy == nil and of_policy or {}) do
    if options[key] ~= nil and options[key] ~= 0 then error(("%s: %s without a policy, which it is about"):format(what, key)) end
  end
end

local function rest(options, extra)
  local out = {}
  for key, value in pairs(options) do
    if not own[key] then out[key] = value end
  end
  for key, value in pairs(extra) do out[key] = value end
  return out
end

-- What is measured of one Hessian.
local function measure(h, o)
  local e = h:eigen { k = math.min(math.tointeger(o.k or 1), h.n), which = o.which, steps = o.steps, tolerance = o.tolerance, seed = o.seed_vectors }
  local m = { loss = h.loss, n = h.n, values = e.values:totable(), residuals = e.residuals:totable(), asymmetry = e.asymmetry,
    converged = e.converged, products = e.products }
  m.top, m.top_error = m.values[1], m.residuals[1]
  if o.trace ~= false then
    local samples = type(o.trace) == "number" and o.trace or 30
    local t = h:trace { samples = math.tointeger(samples) or samples, seed = o.seed_vectors }
    m.trace, m.trace_error, m.products = t.trace, t.error, m.products + t.products
  end
  if o.density then
    m.density = h:density(o.density == true and {} or o.density)
    m.products = m.products + m.density.products
  end
  return m
end

-- The density of another measurement at the points of this one, with its width.
local function density_at(d, other)
  local x, sum = d.x:reshape { #d.x, 1 }, 0
  local starts = other.nodes:shape()[1]
  for s = 1, starts do
    local away = (x - other.nodes:row(s)) / d.sigma
    sum = sum + (other.weights:row(s) * (away * away / -2):exp()):sum(2)
  end
  return sum / (starts * d.sigma * (2 * math.pi) ^ 0.5)
end

-- The standard deviation at each place of arrays of one shape; nil for fewer than two.
local function spread_of(list)
  if #list < 2 then return nil end
  local mean, squares = 0, 0
  for _, x in ipairs(list) do mean = mean + x / #list end
  for _, x in ipairs(list) do squares = squares + (x - mean) ^ 2 end
  return (squares / (#list - 1)):sqrt()
end

-- The same inside the policy with its rounding made stochastic, `repeats` times; what of it is spread.
local function floor_of(model, data, options, parameters, density)
  local tops, traces, asymmetries, densities = {}, {}, {}, {}
  for i = 1, options.repeats or 4 do
    local h = curvature.hessian(model, data, rest(options, { policy = options.noise_policy or noise.stochastic(options.policy),
      precision = options.precision or "float", tangents = options.tangents, parameters = parameters, stream = (options.stream or 0) + i }))
    local m = measure(h, options)
    tops[i], traces[i], asymmetries[i] = m.top, m.trace, m.asymmetry
    densities[i] = density and density_at(density, m.density)
  end
  return { runs = #tops, top = noise.spread(tops), trace = noise.spread(traces), asymmetry = noise.mean(asymmetries), tops = tops, traces = traces,
    density = density and spread_of(densities) }
end

local function at(model, data, options, parameters)
  local full = curvature.hessian(model, data, rest(options, { precision = "double", parameters = parameters }))
  local out = { full = measure(full, options) }
  if options.policy ~= nil then
    local inside = curvature.hessian(model, data, rest(options, { policy = options.policy, precision = options.precision or "float",
      tangents = options.tangents, parameters = parameters }))
    out.emulated = measure(inside, options)
    if options.repeats ~= 0 then out.noise = floor_of(model, data, options, parameters, out.emulated.density) end
  end
  return out
end

---@class hu.curvature.measured
---@field top number          largest eigenvalue
---@field top_error number    its residual: for a symmetric matrix there is an eigenvalue within it
---@field values number[]     the `k` best, and `residuals` of each
---@field trace number        by Hutch++, and `trace_error`, one standard error
---@field density table?      see `hu.hessian`
---@field asymmetry number    root mean square of |u.Hv - v.Hu| over the vectors of the search: nothing below it is curvature
---@field converged boolean
---@field loss number
---@field n integer
---@field products integer

---The curvature of a model's loss: eigenvalues, trace and spectral density, with their errors; in full precision, inside
---emulated arithmetic, and, beside that, the floor below which rounding makes it up.
---
---The floor is the standard deviation of the same quantity over `repeats` runs whose rounding is stochastic in the same formats:
---what a different fall of the roundings would have given.
---
---```lua
---local model = hu.nn.mlp {inputs = 2, classes = 2, layers = 1, width = 4}
---local data = {features = {{1, 2}, {0, 1}, {-1, 0.5}}, targets = {0, 1, 1}}
---local c = hu.curvature(model, data, {policy = "e4m3:rne+sat", trace = 12, repeats = 2})
---print(c.full.top > 0, c.full.converged, c.noise.runs)    --> true	true	2
---```
---@param model hu.model
---@param data any         as for `hu.hessian`
---@param options? table   `policy`, `tangents`, `precision` of the emulated pass ("float"), `k` (1), `which`, `steps` (100), `tolerance` (1e-6), `trace` (30 products; false: none), `density` (true or its options), `repeats` (4; 0: no floor), `noise_policy` (instead of the policy made stochastic), `parameters`, `each = true` (for every parameter alone, too), `seed_vectors` (1); and those of `hu.hessian` that choose data
---@return table  `full`, `emulated` (hu.curvature.measured), `noise` = {top, trace, density at the points of the emulated one (standard deviations), asymmetry, runs}; `parameters` = a list of the same with `name`, where `each` was given
function curvature.measure(model, data, options)
  if options == nil then options = {} end
  check("curvature", options, own, { "repeats", "noise_policy", "tangents", "precision" })
  local out = at(model, data, options, options.parameters)
  if options.each then
    out.parameters = {}
    for i, p in ipairs(model:parameters()) do
      out.parameters[i] = at(model, data, options, p.name)
      out.parameters[i].name = p.name
    end
  end
  return out
end

-- ---- landscapes ----

local surfaces = { fits = function(x) return values.whole(0, 4096).fits(x) and x ~= 1 end, takes = "a whole number, 0 or from 2 to 4096" }

local landscape_keys = { policy = true, repeats = surfaces, noise_policy = true, along = true, points = values.whole(2, 10001), range = values.positive,
  normalize = values.flag, dimensions = values.whole(1, 2), seed_directions = values.integer }

local function eigen_directions(model, data, o, n)
  local options = {}
  for key, value in pairs(o) do
    if not landscape_keys[key] then options[key] = value end
  end
  local h = curvature.hessian(model, data, options)
  local e = h:eigen { k = n, vectors = true, seed = o.seed_directions }
  local list = {}
  for i = 1, n do list[i] = h:spread(e.vectors:row(i)) end
  return list
end

local function directions_of(model, data, o, n)
  local along, list = o.along or "random", {}
  if along == "eigen" then
    list = eigen_directions(model, data, o, n)
  elseif along == "random" then
    for i = 1, n do
      list[i] = core.curvature.direction(model, { seed = o.seed_directions or 1, stream = i - 1, normalize = false })
    end
  elseif type(along) == "table" and #along == n then
    list = along
  else
    error(("landscape: along is %s; it takes \"random\", \"eigen\" or a list of %d directions, each a number for every weight"):format(
      type(along) == "table" and #along .. " of them" or values.show(along), n), 3)
  end
  local normalize = o.normalize
  if normalize == nil then normalize = along == "random" end
  for i = 1, n do
    list[i] = core.curvature.direction(model, { values = list[i], weights = o.weights, normalize = normalize })
  end
  return list
end

local function rows_of(out, dimensions)
  local rows = {}
  for _, name in ipairs { "full", "emulated" } do
    for i = 1, out[name] and #out.a or 0 do
      if dimensions == 1 then
        rows[#rows + 1] = { a = out.a[i], loss = out[name](i), arithmetic = name, noise = name == "emulated" and out.noise and out.noise(i) or nil }
      else
        for j = 1, #out.b do
          rows[#rows + 1] = { a = out.a[i], b = out.b[j], loss = out[name](i, j), arithmetic = name,
            noise = name == "emulated" and out.noise and out.noise(i, j) or nil }
        end
      end
    end
  end
  return rows
end

---The loss of a model along one or two directions through its weights. Random directions are scaled filter by filter (arXiv:1712.09913):
---each row of a matrix as long as that row of the weights, biases and gains left alone. Eigenvectors of the Hessian are of length 1.
---
---With a `policy` a second surface inside emulated arithmetic, and with `repeats` the floor of rounding noise at each point of it: the standard
---deviation over that many surfaces whose rounding is stochastic in the same formats. `rows` go into `hu.plot`, whose kinds "contour" and "surface" draw them.
---
---```lua
---local model = hu.nn.mlp {inputs = 2, classes = 2, layers = 1, width = 4}
---local l = hu.landscape(model, {features = {{1, 2}, {0, 1}}, targets = {0, 1}}, {points = 5, dimensions = 2})
---print(#l.rows, l.rows[13].a, l.rows[13].b, l.rows[13].loss == l.loss)    --> 25	0.0	0.0	true
---```
---@param model hu.model
---@param data any         as for `hu.hessian`
---@param options? table   `dimensions` (1), `points` (51) in each, from -`range` to `range` (1), `along` ("random", "eigen", or a list of directions), `normalize` (true for random ones), `seed_directions` (1), `policy`, `repeats` (0; of the floor), `noise_policy`, `stream`, `weights`; and what chooses from a text
---@return table  `rows` = {a, b, loss, arithmetic = "full" or "emulated", noise}, `full`, `emulated` and `noise` (arrays [a] or [a][b]), `a`, `b`, `directions`, `loss` (in the middle, full)
function curvature.landscape(model, data, options)
  local o = options == nil and {} or options
  check("landscape", o, landscape_keys, { "repeats", "noise_policy" })
  local n, points, range = math.tointeger(o.dimensions or 1), math.tointeger(o.points or 51), o.range or 1
  local repeats = math.tointeger(o.repeats or 0)
  local out, view = { a = {}, directions = directions_of(model, data, o, n) }, {}
  for i = 1, points do out.a[i] = range * (2 * (i - 1) / (points - 1) - 1) end
  out.b = n == 2 and out.a or nil
  for key, value in pairs(o) do
    if not landscape_keys[key] then view[key] = value end
  end
  local d = out.directions
  out.loss = core.curvature.losses(model, data, d[1], { 0 }, nil, nil, view)(1)
  out.full = core.curvature.losses(model, data, d[1], out.a, d[2], out.b, view)
  if o.policy ~= nil then
    view.policy = o.policy
    out.emulated = core.curvature.losses(model, data, d[1], out.a, d[2], out.b, view)
    local drawn = {}
    if repeats > 0 then view.policy = o.noise_policy or noise.stochastic(o.policy) end
    for i = 1, repeats do
      view.stream = (o.stream or 0) + i
      drawn[i] = core.curvature.losses(model, data, d[1], out.a, d[2], out.b, view)
    end
    out.noise = spread_of(drawn)
  end
  out.rows = rows_of(out, n)
  return out
end

-- What these raise is told of the line that called them, under the name that was called.
local function blamed(what, fn)
  local inner = { hessian = true, eigen = true, trace = true, density = true, direction = true, losses = true, lanczos = true }
  local function pass(ok, ...)
    if ok then return ... end
    local message = (...)
    if type(message) == "string" then
      message = message:gsub("^[^\n]-%.lua:%d+: ", "")
      local function_name, rest_of_it = message:match "^(%l+): (.*)$"
      message = inner[function_name] and what .. ": " .. rest_of_it or message
    end
    error(message, 3)
  end
  return function(...)
    local result = pass(pcall(fn, ...))              -- no tail call, which would leave nobody to have called
    return result
  end
end

curvature.measure, curvature.landscape = blamed("curvature", curvature.measure), blamed("landscape", curvature.landscape)

return curvature
