-- llama.lua - a language model in the style of Llama: RMSNorm, rotary positions, SwiGLU, no biases. As a graph, so that it takes
-- vocabularies of more than 256 tokens; it computes what hu.nn.lm computes.

local options = require "halfulp.models.options"
local block = require "halfulp.models.block"
local mus = require "halfulp.models.mus"

---@param given? table `layers` (2), `heads` (4), `width` (64), `hidden` (0: 8/3 width, rounded up to a multiple of 8), `context` (64), `vocabulary` (256), `tied` (false), `deviation` (0.02), `seed` (1), `units` ("none"; "mus": munit scaling, whose head and embedding start with deviation 1), `tau` (0.4: the share of a branch in the variance of munit scaling; 0: of all so far the same)
---@return hu.model
return function(given)
  local o = options("llama", given, {}, {layers = 2, heads = 4, width = 64, hidden = 0, context = 64, vocabulary = 256, tied = false,
    deviation = 0.02, units = "none", tau = 0.4})
  local is_mus = mus.wanted("llama", o)
  local parts = is_mus and mus or block
  if is_mus then o.deviation = 1 end
  o.hidden = o.hidden > 0 and o.hidden or ((8 * o.width + 2) // 3 + 7) // 8 * 8
  o.norm, o.activation, o.causal, o.rotary, o.bias = "rmsnorm", "swiglu", true, true, false
  o.residual = o.deviation / math.sqrt(2 * o.layers)
  local list = {name = "llama", seed = o.seed,
    {"tokens", context = o.context, vocabulary = o.vocabulary},
    {"embedding", name = "embedding", width = o.width, deviation = o.deviation},
  }
  local x = "embedding"
  for i = 0, o.layers - 1 do
    x = parts.feed(list, o, tostring(i), parts.attention(list, o, tostring(i), x))
  end
  list[#list + 1] = {"rmsnorm", name = "norm", from = x}
  local share = o.tied and "embedding.weight" or nil
  if is_mus then
    mus.head(list, o, share)
  else
    list[#list + 1] = {"linear", name = "head", out = o.vocabulary, bias = false, deviation = o.deviation, share = share}
  end
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
