-- experts.lua - a language model whose feed-forward parts are mixtures of experts: a gate sends each position to `chosen` of
-- `experts`, and a penalty keeps the load in balance.
-- Source: Shazeer et al., "Outrageously large neural networks", 2017; Fedus et al., "Switch transformers", 2021.

local options = require "halfulp.models.options"
local block = require "halfulp.models.block"

local function mixture(list, o, name, x)
  local norm, gate = name .. ".feed.norm", name .. ".gate"
  list[#list + 1] = {"rmsnorm", name = norm, from = x}
  list[#list + 1] = {"linear", name = gate, out = o.experts, bias = false, deviation = o.deviation}
  list[#list + 1] = {"topk", name = gate .. ".chosen", k = o.chosen}
  list[#list + 1] = {"balance", name = gate .. ".balance", from = {gate, gate .. ".chosen"}, weight = o.balance}
  for e = 0, o.experts - 1 do
    local expert = name .. ".expert." .. e
    list[#list + 1] = {"dispatch", name = expert .. ".rows", from = {norm, gate .. ".chosen"}, expert = e}
    list[#list + 1] = {"linear", name = expert .. ".in", out = 2 * o.hidden, bias = false, deviation = o.deviation}
    list[#list + 1] = {"swiglu"}
    list[#list + 1] = {"linear", name = expert .. ".out", out = o.width, bias = false, deviation = o.residual}
    list[#list + 1] = {"combine", name = expert, from = {x, expert .. ".out", gate .. ".chosen"}}
    x = expert
  end
  return x
end

---@param given? table `layers` (2), `heads` (4), `width` (64), `hidden` (64, of each expert), `experts` (4), `chosen` (2), `balance` (0.01), `context` (64), `vocabulary` (256), `deviation` (0.02), `seed` (1)
---@return hu.model
return function(given)
  local o = options("experts", given, {}, {layers = 2, heads = 4, width = 64, hidden = 64, experts = 4, chosen = 2, balance = 0.01,
    context = 64, vocabulary = 256, deviation = 0.02})
  o.norm, o.causal, o.rotary, o.bias = "rmsnorm", true, true, false
  o.residual = o.deviation / math.sqrt(2 * o.layers)
  local list = {name = "experts", seed = o.seed,
    {"tokens", context = o.context, vocabulary = o.vocabulary},
    {"embedding", name = "embedding", width = o.width, deviation = o.deviation},
  }
  local x = "embedding"
  for i = 0, o.layers - 1 do
    x = mixture(list, o, tostring(i), block.attention(list, o, tostring(i), x))
  end
  list[#list + 1] = {"rmsnorm", name = "norm", from = x}
  list[#list + 1] = {"linear", name = "head", out = o.vocabulary, bias = false, deviation = o.deviation}
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
