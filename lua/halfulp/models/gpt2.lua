-- gpt2.lua - a language model in the style of GPT-2: learned positions, LayerNorm before each part, GELU, biases, a head that is
-- the transposed embedding.
-- Source: Radford et al., "Language models are unsupervised multitask learners", 2019.

local options = require "halfulp.models.options"
local block = require "halfulp.models.block"
local mus = require "halfulp.models.mus"

---@param given? table `layers` (2), `heads` (4), `width` (64), `hidden` (0: 4 width), `context` (64), `vocabulary` (256), `tied` (true), `deviation` (0.02), `seed` (1), `units` ("none"; "mus": munit scaling, whose head and embedding start with deviation 1), `tau` (0.4: the share of a branch in the variance of munit scaling; 0: of all so far the same)
---@return hu.model
return function(given)
  local o = options("gpt2", given, {}, {layers = 2, heads = 4, width = 64, hidden = 0, context = 64, vocabulary = 256, tied = true,
    deviation = 0.02, units = "none", tau = 0.4})
  local is_mus = mus.wanted("gpt2", o)
  local parts = is_mus and mus or block
  if is_mus then o.deviation = 1 end
  o.hidden = o.hidden > 0 and o.hidden or 4 * o.width
  o.norm, o.activation, o.causal, o.rotary, o.bias = "layernorm", "gelu", true, false, true
  o.residual = o.deviation / math.sqrt(2 * o.layers)
  local list = {name = "gpt2", seed = o.seed,
    {"tokens", context = o.context, vocabulary = o.vocabulary},
    {"embedding", name = "embedding", width = o.width, deviation = o.deviation},
    {"positions", name = "positions", deviation = o.deviation},
  }
  local x = "positions"
  if is_mus then                                  -- the sum of two tables of deviation 1
    list[#list + 1] = {"scale", name = "start", by = math.sqrt(0.5)}
    x = "start"
  end
  for i = 0, o.layers - 1 do
    x = parts.feed(list, o, tostring(i), parts.attention(list, o, tostring(i), x))
  end
  list[#list + 1] = {"layernorm", name = "norm", from = x}
  local share = o.tied and "embedding.weight" or nil
  if is_mus then
    mus.head(list, o, share)
  else
    list[#list + 1] = {"linear", name = "head", out = o.vocabulary, bias = false, deviation = o.deviation, share = share}
  end
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
