-- mamba.lua - a language model of selective state spaces: in every layer a short convolution of each channel, a scan whose
-- steps, inputs and outputs depend on the text, and a gate.
-- Source: Gu and Dao, "Mamba: linear-time sequence modeling with selective state spaces", 2023 (steps of full rank here).

local options = require "halfulp.models.options"

local function layer(list, o, name, x)
  local inner = o.expand * o.width
  list[#list + 1] = {"rmsnorm", name = name .. ".norm", from = x}
  list[#list + 1] = {"linear", name = name .. ".in", out = 2 * inner, bias = false}
  list[#list + 1] = {"columns", name = name .. ".right", from = name .. ".in", first = inner, count = inner}
  list[#list + 1] = {"silu", name = name .. ".gate"}
  list[#list + 1] = {"columns", name = name .. ".left", from = name .. ".in", count = inner}
  list[#list + 1] = {"causal_conv", name = name .. ".conv", kernel = o.kernel}
  list[#list + 1] = {"silu", name = name .. ".u"}
  list[#list + 1] = {"linear", name = name .. ".select", out = inner + 2 * o.states}
  list[#list + 1] = {"scan", name = name .. ".scan", from = {name .. ".u", name .. ".select"}}
  list[#list + 1] = {"gain", name = name .. ".skip", from = name .. ".u"}
  list[#list + 1] = {"plus", name = name .. ".y", from = {name .. ".scan", name .. ".skip"}}
  list[#list + 1] = {"times", name = name .. ".gated", from = {name .. ".y", name .. ".gate"}}
  list[#list + 1] = {"linear", name = name .. ".out", out = o.width, bias = false, deviation = o.deviation / math.sqrt(2 * o.layers)}
  list[#list + 1] = {"plus", name = name, from = {x, name .. ".out"}}
  return name
end

---@param given? table `layers` (2), `width` (32), `expand` (2), `states` (8), `kernel` (4), `context` (64), `vocabulary` (256), `deviation` (0.02), `seed` (1)
---@return hu.model
return function(given)
  local o = options("mamba", given, {}, {layers = 2, width = 32, expand = 2, states = 8, kernel = 4, context = 64, vocabulary = 256,
    deviation = 0.02})
  local list = {name = "mamba", seed = o.seed,
    {"tokens", context = o.context, vocabulary = o.vocabulary},
    {"embedding", name = "embedding", width = o.width, deviation = o.deviation},
  }
  local x = "embedding"
  for i = 0, o.layers - 1 do x = layer(list, o, tostring(i), x) end
  list[#list + 1] = {"rmsnorm", name = "norm", from = x}
  list[#list + 1] = {"linear", name = "head", out = o.vocabulary, bias = false, deviation = o.deviation}
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
