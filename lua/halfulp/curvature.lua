-- curvature.lua - the curvature of a model's loss, and its landscape: in full precision, inside emulated arithmetic, and the noise of rounding.

local core = require "halfulp.core"
local noise = require "halfulp.noise"

local curvature = {}

---@class hu.hessian  the Hessian of a model's loss, by exact products with vectors
---@field n integer          weights that move
---@field loss number        at the weights, in nats
---@field gradient hu.array  by the weights that move
---@field products integer   done so far
---@field product fun(self, v): hu.array          H v, exact up to the rounding of the carrier
---@field spread fun(self, v): hu.array           a vector of the weights that move among all weights
---@field eigen fun(self, options?: table): table  `values`, best first, and `residuals` |H x - value x|; `converged`, `products`, `asymmetry`, `vectors` where wanted. Options: `k` (1), `which` ("largest", "smallest", "magnitude"), `method` ("lanczos", "power"), `steps` (100), `tolerance` (1e-6; 1e-3 for power), `seed` (1), `vectors` (false)
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

local own = { policy = true, precision = true, tangents = true, parameters = true, each = true, k = true, which = true, steps = true, tolerance = true,
  trace = true, density = true, repeats = true, seed_vectors = true, noise_policy = true }

local function fail(level, text, ...)
  error("curvature: " .. text:format(...), level + 1)
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
  local e = h:eigen { k = math.min(o.k or 1, h.n), which = o.which, steps = o.steps, tolerance = o.tolerance, seed = o.seed_vectors }
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
  options = options or {}
  if type(options) ~= "table" then fail(2, "options are a %s; it takes a table", type(options)) end
  if options.repeats ~= nil and (math.type(options.repeats) ~= "integer" or options.repeats < 0) then
    fail(2, "repeats is %s; it takes a whole number, at least 0", tostring(options.repeats))
  end
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

local landscape_keys = { repeats = true, noise_policy = true, along = true, points = true, range = true, normalize = true, dimensions = true, seed_directions = true, eigen = true }

local function eigen_directions(model, data, o, n)
  local options = {}
  for key, value in pairs(o) do
    if not landscape_keys[key] and key ~= "policy" then options[key] = value end
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
    error(("landscape: along is %s; it takes \"random\", \"eigen\" or a list of %d directions, each a number for every weight"):format(tostring(along), n), 3)
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
  local o = options or {}
  if type(o) ~= "table" then error(("landscape: options are a %s; it takes a table"):format(type(o)), 2) end
  local n, points, range = o.dimensions or 1, o.points or 51, o.range or 1
  if n ~= 1 and n ~= 2 then error(("landscape: dimensions is %s; it takes 1 or 2"):format(tostring(n)), 2) end
  if math.type(points) ~= "integer" or points < 2 or points > 10001 then
    error(("landscape: points is %s; it takes a whole number from 2 to 10001"):format(tostring(points)), 2)
  end
  if type(range) ~= "number" or not (range > 0) or range == math.huge then
    error(("landscape: range is %s; it takes a positive number"):format(tostring(range)), 2)
  end
  local repeats = o.repeats or 0
  if math.type(repeats) ~= "integer" or repeats < 0 or repeats == 1 then
    error(("landscape: repeats is %s; it takes a whole number, 0 or at least 2"):format(tostring(repeats)), 2)
  end
  if repeats > 0 and o.policy == nil then error("landscape: repeats without a policy, whose noise they are", 2) end
  local out, view = { a = {}, directions = directions_of(model, data, o, n) }, {}
  for i = 1, points do out.a[i] = range * (2 * (i - 1) / (points - 1) - 1) end
  out.b = n == 2 and out.a or nil
  for key, value in pairs(o) do
    if not landscape_keys[key] and key ~= "policy" then view[key] = value end
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

---What these raise is told of the line that called them.
local function blamed(fn)
  local function pass(ok, ...)
    if ok then return ... end
    local message = (...)
    if type(message) == "string" then message = message:gsub("^[^\n]-curvature%.lua:%d+: ", "") end
    error(message, 3)
  end
  return function(...) return pass(pcall(fn, ...)) end
end

curvature.measure, curvature.landscape = blamed(curvature.measure), blamed(curvature.landscape)

return curvature
