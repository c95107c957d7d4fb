-- sharpness.lua - how much a loss can rise within a small box: of logits, of any loss, of a model on data.

local core = require("halfulp.core").analysis
local ascent = require "halfulp.ascent"
local noise = require "halfulp.noise"
local values = require "halfulp.values"

---@class hu.sharpness.result
---@field phi number         100 * increase / (1 + loss)
---@field loss number        at the center of the box, in nats
---@field increase number    of the maximum over the box above it
---@field iterations integer of the search
---@field evaluations integer of the loss

---How much a loss can rise within a small box: Keskar's epsilon-sharpness, in the logits and in the weights.
---@class hu.sharpness
local sharpness = {}

---Sharpness of softmax cross-entropy in the space of the logits. The closed form takes the vertex of the
---box at which the maximum lies; "lbfgsb" searches for it. Source: arXiv:2405.18710, with Keskar's box
---|z_i| <= eps (|y_i| + 1).
---
---```lua
---local s = hu.sharpness.logits {logits = {2, 0, -1}, target = 0}
---print(("%.6f"):format(s.phi))       --> 0.057106
---```
---@param options table `logits` = array [token] or [row][token], `target` = the true token of each row, counted from 0; `eps` (1e-3), `method` ("closed", "lbfgsb")
---@return hu.sharpness.result
sharpness.logits = core.sharpness_logits

---Keskar's sharpness in the space of the weights, for any loss. Each call of the loss gets a new array of
---doubles in the shape of the weights. Source: arXiv:1609.04836, metric 2.1.
---
---```lua
---local function loss(w) return (w * w):sum(), 2 * w end
---local s = hu.sharpness.keskar {loss = loss, weights = {1, -2}}
---print(("%.6f"):format(s.phi))       --> 0.266883
---```
---@param options table `loss` = function(weights) that returns loss and gradient, `weights`; `eps` (1e-3), `directions` (0: the full space, else that many random ones), `iterations` (10), `seed` (1)
---@return hu.sharpness.result
sharpness.keskar = core.sharpness_keskar

---SAM's sharpness L(w + e) - L(w) with e = rho g / (|g| + 1e-12), g the gradient at w. Source: arXiv:2010.01412.
---
---```lua
---local function loss(w) return (w * w):sum(), 2 * w end
---local s = hu.sharpness.sam {loss = loss, weights = {3, 4}, rho = 0.5}
---print(("%.6f"):format(s.increase))  --> 5.250000
---```
---@param options table `loss` = function(weights) that returns loss and gradient, `weights`; `rho` (0.05)
---@return hu.sharpness.result  and `norm` of the gradient; `phi` as everywhere
sharpness.sam = ascent.sam

---ASAM's: e = rho T^2 g / |T g| with T = |w| + eta for weights and 1 for what `biases` marks with 1. Source: Kwon et al., arXiv:2102.11600,
---and the authors' code.
---@param options table `loss`, `weights`; `rho` (0.5), `eta` (0.01), `biases` (an array of 0 and 1; none)
---@return hu.sharpness.result
sharpness.asam = ascent.asam

---Adaptive worst-case sharpness: the largest L(w + d) - L(w) with |d / c|_p <= rho, c = |w| or 1, by Auto-PGD. A lower bound of
---the maximum. Source: Andriushchenko et al., arXiv:2302.07011, and the authors' code; but for the norm "2" with c = |w| steps and projections are
---those of d / c, the steepest ones, whose limit is the maximum of a linear loss. The authors' steps along c g are not: for w1 + 100 w2 at (100, 1) and rho = 0.01
---they end at 1.0100, where the maximum is 1.4142. Weights that are not finite, of a run that diverged, give NaN.
---
---```lua
---local function loss(w) return (w * w):sum(), 2 * w end
---local s = hu.sharpness.worst {loss = loss, weights = {3, 4}, rho = 0.5}
---print(("%.6f"):format(s.increase))  --> 31.250000
---```
---@param options table `loss`, `weights`; `rho` (0.001), `norm` ("inf", "2"), `adaptive` (true), `iterations` (20), `seed` (1; of the start where the gradient is zero)
---@return hu.sharpness.result
sharpness.worst = ascent.worst

---Adaptive average sharpness: the mean of L(w + d) - L(w) over d of independent N(0, rho^2 c^2), or uniform in rho c (-1, 1) for the
---norm "inf". Source: the same.
---@param options table `loss`, `weights`; `rho` (0.1), `norm` ("2", "inf"), `adaptive` (true), `samples` (20), `seed` (1)
---@return hu.sharpness.result  and `error`, one standard error of the mean
sharpness.average = ascent.average

-- The options that a measure takes, and no other.
local of_measure = {logits = {"eps", "method"}, keskar = {"eps", "directions", "iterations", "seed_directions", "parameters", "each"}}
for name, list in pairs(ascent.takes) do
  of_measure[name] = table.move(list, 1, #list, 3, {"parameters", "each"})
end
for _, name in ipairs {"worst", "average"} do table.insert(of_measure[name], "seed_directions") end

local shared = {"space", "measure", "policy", "repeats", "noise_policy"}
local own = {}
for _, key in ipairs(shared) do own[key] = true end
for _, list in pairs(of_measure) do
  for _, key in ipairs(list) do own[key] = true end
end

-- Raises where an option is of other measures than the chosen one, or does nothing without a policy; each of them seen from sharpness.model.
local function check_model_options(options, name)
  local takes, found = {}, nil
  for _, list in ipairs {shared, of_measure[name]} do
    for _, key in ipairs(list) do takes[key] = true end
  end
  for key in pairs(options) do
    if own[key] and not takes[key] and (found == nil or key < found) then found = key end
  end
  if found == "parameters" or found == "each" then error(("sharpness.model: %s is for measures in the weights; logits have none"):format(found), 3) end
  if found then
    error(("sharpness.model: %s is no option of the measure \"%s\", which takes %s"):format(found, name, table.concat(of_measure[name], ", ")), 3)
  end
  values.check("sharpness.model", options, {repeats = values.whole(0, 4096), each = values.flag}, 3)
  for _, key in ipairs {"repeats", "noise_policy"} do
    if options.policy == nil and options[key] ~= nil and options[key] ~= 0 then error(("sharpness.model: %s without a policy, whose noise it is of"):format(key), 3) end
  end
end

-- What the options say about the data, for the model's methods: everything that is not ours.
local function rest(options)
  local out = {}
  for key, value in pairs(options) do
    if not own[key] then out[key] = value end
  end
  return out
end

local function of_logits(model, data, options, pass)
  local logits, targets = model:logits(data, pass)
  if not targets then error("sharpness.model: the data have no targets", 0) end
  return core.sharpness_logits {logits = logits, target = targets, eps = options.eps, method = options.method}
end

-- Whether a pattern of `parameters` meets a name: `*` is any text, `?` any letter.
local function meets(pattern, name)
  return name:find("^" .. pattern:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".") .. "$") ~= nil
end

-- 1 for the weights of the parameters that move, 0 for all others; nil where all do.
local function mask_of(model, wanted)
  if wanted == nil then return nil end
  if type(wanted) == "string" then wanted = {wanted} end
  if type(wanted) ~= "table" or #wanted == 0 then
    error(("sharpness.model: parameters is %s; it takes a name, a pattern or a list of them"):format(values.show(wanted)), 0)
  end
  local mask = {}
  for i = 1, model.n_weights do mask[i] = 0 end
  for _, pattern in ipairs(wanted) do
    local met = false
    for _, p in ipairs(model:parameters()) do
      if type(pattern) == "string" and meets(pattern, p.name) then
        for i = p.first, p.first + p.rows * p.cols - 1 do mask[i] = 1 end
        met = true
      end
    end
    if not met then error(("the model has no parameter %q; model:parameters() lists them"):format(values.show(pattern)), 0) end
  end
  return require("halfulp.core").array.new(mask, {dtype = "double"})
end

-- The loss of weights of which those that do not move are the model's own.
local function objective_of(model, data, options, pass)
  local mask = mask_of(model, options.parameters)
  if not mask then return function(weights) return model:objective(weights, data, pass) end end
  local base = model:flat():to "double"
  return function(weights)
    local loss, gradient = model:objective(base + mask * (weights - base), data, pass)
    return loss, mask * gradient
  end
end

local function of_weights(model, data, options, pass)
  return core.sharpness_keskar {
    loss = objective_of(model, data, options, pass), weights = model:flat(),
    eps = options.eps, directions = options.directions, iterations = options.iterations, seed = options.seed_directions,
  }
end

-- 1 for biases and gains, which are rows of their own; 0 for the weights of matrices.
local function biases_of(model)
  local biases = require("halfulp.core").array.zeros({model.n_weights}, {dtype = "double"})
  for _, p in ipairs(model:parameters()) do
    if p.rows == 1 then
      for i = p.first, p.first + p.cols - 1 do biases:set(i, 1) end
    end
  end
  return biases
end

local function by_ascent(measure)
  return function(model, data, options, pass)
    local o = {loss = objective_of(model, data, options, pass), weights = model:flat():to "double", seed = options.seed_directions}
    for _, key in ipairs(ascent.takes[measure]) do o[key] = options[key] end
    if measure == "asam" then o.biases = biases_of(model) end
    return ascent[measure](o)
  end
end

local measures = {logits = of_logits, keskar = of_weights, sam = by_ascent "sam", asam = by_ascent "asam", worst = by_ascent "worst",
  average = by_ascent "average"}

-- The mean over several batches, and the standard error of that mean.
local function over_batches(measure, model, batches, options, pass)
  local all, list, increases = {iterations = 0, evaluations = 0}, {}, {}
  for i, data in ipairs(batches) do
    local s = measure(model, data, options, pass)
    list[i], increases[i] = s.phi, s.increase
    for _, key in ipairs {"phi", "loss", "increase"} do all[key] = (all[key] or 0) + s[key] / #batches end
    all.iterations, all.evaluations = math.max(all.iterations, s.iterations or 0), all.evaluations + (s.evaluations or 0)
  end
  local spread = noise.spread(increases)
  all.phi_error = noise.spread(list) and noise.spread(list) / (#batches) ^ 0.5
  all.increase_error = spread and spread / (#batches) ^ 0.5
  all.batches = #batches
  return all
end

local function is_batches(data)
  return type(data) == "table" and #data > 0 and type(data[1]) ~= "string"
end

---Sharpness of a model on data, as it is trained (by a policy) and in full precision: two series, both
---computed in double from what the passes give.
---
---"logits" is that of the last token of each row; "keskar" that of the loss on the rows in the space of the
---weights; "sam", "asam", "worst" and "average" as of the functions of those names. A policy makes the loss a staircase, on which
---a search climbs as far as it gets. `repeats` measures the floor beside it: the standard deviation of the emulated figure
---over that many runs with stochastic rounding in the same formats. `parameters` lets some weights move alone, `each` one parameter after the other.
---
---```lua
---local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 8}
---local s = hu.sharpness.model(model, hu.nn.markov {alphabet = 4}, {rows = 4, policy = "e8m3:rz", repeats = 3})
---print(s.emulated.phi > 0, s.full.phi > 0, s.noise.phi > 0)    --> true	true	true
---```
---@param model hu.model
---@param data any            as `model:logits` takes it: a text, strings, or {features=, targets=}; a list of texts or tables: the mean over them (m-sharpness), with `phi_error` and `increase_error`, one standard error
---@param options? table      `measure` ("logits", "keskar", "sam", "asam", "worst", "average"; `space` = "weights" is "keskar"), `eps` (1e-3), `policy`, `repeats` (0); `method` ("closed", "lbfgsb") of logits; `directions` (0: full space), `iterations` (10), `seed_directions` (1) of "keskar"; `rho`, `eta`, `norm`, `adaptive`, `samples`, `iterations`, `seed_directions` as the function of the measure takes them; `parameters` (a name, a pattern such as "0.*", or a list: those that move), `each = true` (for every parameter alone, too); and what chooses from a text: `split`, `rows`, or `seed` and `step`, and `stream`
---@return table {full = hu.sharpness.result, emulated = hu.sharpness.result where a policy was given, noise = {phi, increase, runs} where repeats were, parameters = a list of the same with `name` where `each` was}
function sharpness.model(model, data, options)
  options = options or {}
  if type(options) ~= "table" then error(("sharpness.model: options are %s; it takes a table"):format(values.show(options)), 2) end
  local name = options.measure or (options.space == "weights" and "keskar") or options.space or "logits"
  local measure = measures[name]
  if not measure then
    local what = options.measure and "measure" or "space"
    error(("sharpness.model: %s is %s; it takes %s"):format(what, values.show(name), what == "space" and "\"logits\" or \"weights\""
      or "\"logits\", \"keskar\", \"sam\", \"asam\", \"worst\" or \"average\""), 2)
  end
  check_model_options(options, name)
  local repeats = math.tointeger(options.repeats or 0)
  local function of(pass, given)
    if is_batches(data) then return over_batches(measure, model, data, given, pass) end
    return measure(model, data, given, pass)
  end
  local function pass_by(policy, precision, stream)
    local pass = rest(options)
    pass.policy, pass.stream = policy, stream or options.stream
    if measure == of_logits then pass.precision = precision end
    return pass
  end
  local function at(given)
    local out = {full = of(pass_by(nil, "double"), given)}
    if options.policy == nil then return out end
    out.emulated = of(pass_by(options.policy, "float"), given)
    local phis, increases = {}, {}
    for i = 1, repeats do
      local s = of(pass_by(options.noise_policy or noise.stochastic(options.policy), "float", (options.stream or 0) + i), given)
      phis[i], increases[i] = s.phi, s.increase
    end
    if repeats > 0 then out.noise = {phi = noise.spread(phis), increase = noise.spread(increases), runs = repeats} end
    return out
  end
  local function called_from(name)
    return (name:find "^sharpness" or measures[name]) and "sharpness.model: " or nil
  end
  local function all()
    local out = at(options)
    if not options.each then return out end
    out.parameters = {}
    for i, p in ipairs(model:parameters()) do
      out.parameters[i] = at(setmetatable({parameters = p.name}, {__index = options}))
      out.parameters[i].name = p.name
    end
    return out
  end
  local ok, result = pcall(all)
  if not ok then
    error(type(result) == "string" and result:gsub("^[^\n]-%.lua:%d+: ", ""):gsub("^([%l_]+): ", called_from) or result, 2)
  end
  return result
end

return sharpness
