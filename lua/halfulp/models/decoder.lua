-- decoder.lua - a language model of transformer blocks, each position of which sees those before it: what gpt2.lua and llama.lua have in common.

local options = require "halfulp.models.options"
local block = require "halfulp.models.block"
local mus = require "halfulp.models.mus"

---Called last, as `return decoder(...)`, so that errors about options are told from where the model was asked for.
---@param name string
---@param given table?  options: `layers`, `heads`, `width`, `hidden`, `context`, `vocabulary`, `tied`, `deviation`, `seed`, `units`, `tau`
---@param style table   `norm`, `activation`, `bias`, `rotary` (else there is a table of positions), `tied`: its default, `hidden`: its default as a function of the width
---@return hu.model
return function(name, given, style)
  if type(given) == "table" and type(given.units) == "boolean" then
    error(("%s: units is %s; it takes none or mus (unit scaling as in u-muP, units = true, is in hu.nn.lm and hu.nn.mlp)"):format(name, given.units), 2)
  end
  local o = options(name, given, {}, {layers = 2, heads = 4, width = 64, hidden = 0, context = 64, vocabulary = 256, tied = style.tied,
    deviation = 0.02, units = "none", tau = 0.4})
  local is_mus = mus.wanted(name, o, given or {})
  local parts = is_mus and mus or block
  if is_mus then o.deviation = 1 end
  o.hidden = o.hidden > 0 and o.hidden or style.hidden(o.width)
  o.norm, o.activation, o.causal, o.rotary, o.bias = style.norm, style.activation, true, style.rotary, style.bias
  o.residual = o.deviation / math.sqrt(2 * o.layers)
  local list = {name = name, seed = o.seed,
    {"tokens", context = o.context, vocabulary = o.vocabulary},
    {"embedding", name = "embedding", width = o.width, deviation = o.deviation},
  }
  local x = "embedding"
  if not style.rotary then
    list[#list + 1] = {"positions", name = "positions", deviation = o.deviation}
    x = "positions"
  end
  if is_mus and not style.rotary then             -- the sum of two tables of deviation 1
    list[#list + 1] = {"scale", name = "start", by = math.sqrt(0.5)}
    x = "start"
  end
  for i = 0, o.layers - 1 do
    x = parts.feed(list, o, tostring(i), parts.attention(list, o, tostring(i), x))
  end
  list[#list + 1] = {o.norm, name = "norm", from = x}
  local share = o.tied and "embedding.weight" or nil
  if is_mus then
    mus.head(list, o, share)
  else
    list[#list + 1] = {"linear", name = "head", out = o.vocabulary, bias = false, deviation = o.deviation, share = share}
  end
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
