-- sharpness.lua - how much a loss can rise within a small box: of logits, of any loss, of a model on data.

local core = require("halfulp.core").analysis

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

local own = {space = true, eps = true, method = true, directions = true, iterations = true, seed_directions = true, policy = true}

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
  if not targets then error("sharpness.model: the data have no targets", 3) end
  return core.sharpness_logits {logits = logits, target = targets, eps = options.eps, method = options.method}
end

local function of_weights(model, data, options, pass)
  return core.sharpness_keskar {
    loss = function(weights) return model:objective(weights, data, pass) end, weights = model:flat(),
    eps = options.eps, directions = options.directions, iterations = options.iterations, seed = options.seed_directions,
  }
end

---Sharpness of a model on data, as it is trained (by a policy) and in full precision: two series, both
---computed in double from what the passes give.
---
---In the space "logits" it is that of the last token of each row. In the space "weights" it is Keskar's,
---of the loss on the rows; a policy makes that loss a staircase, on which the search climbs as far as it gets.
---
---```lua
---local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 8}
---local s = hu.sharpness.model(model, hu.nn.markov {alphabet = 4}, {rows = 4, policy = "e8m3:rz"})
---print(s.emulated.phi > 0, s.full.phi > 0)    --> true	true
---```
---@param model hu.model
---@param data any            as `model:logits` takes it: a text, strings, or {features=, targets=}
---@param options? table      `space` ("logits", "weights"), `eps` (1e-3), `policy`; `method` ("closed", "lbfgsb") of logits; `directions` (0: full space), `iterations` (10), `seed_directions` (1) of weights; and what chooses from a text: `split`, `rows`, or `seed` and `step`, and `stream`
---@return table {full = hu.sharpness.result, emulated = hu.sharpness.result where a policy was given}
function sharpness.model(model, data, options)
  options = options or {}
  local measure = ({logits = of_logits, weights = of_weights})[options.space or "logits"]
  if not measure then
    error(("sharpness.model: space is %s; it takes \"logits\" or \"weights\""):format(tostring(options.space)), 2)
  end
  local full, emulated = rest(options), rest(options)
  emulated.policy = options.policy
  if measure == of_logits then full.precision, emulated.precision = "double", "float" end
  return {
    full = measure(model, data, options, full),
    emulated = options.policy ~= nil and measure(model, data, options, emulated) or nil,
  }
end

return sharpness
