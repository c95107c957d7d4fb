-- block.lua - the two halves of a transformer's block, as instructions that are added to a list.
--
-- Each takes the name of the residual stream, `x`, and returns that of the new one.

local block = {}

---Attention after a norm. o: `norm`, `width`, `heads`, `causal`, `rotary`, `bias`, `deviation`, `residual` (of the last matrix).
function block.attention(list, o, name, x)
  list[#list + 1] = {o.norm, name = name .. ".attention.norm", from = x}
  list[#list + 1] = {"linear", name = name .. ".attention.in", out = 3 * o.width, bias = o.bias, deviation = o.deviation}
  list[#list + 1] = {"attention", name = name .. ".attention", heads = o.heads, causal = o.causal, rotary = o.rotary}
  list[#list + 1] = {"linear", name = name .. ".attention.out", out = o.width, bias = o.bias, deviation = o.residual}
  list[#list + 1] = {"plus", name = name .. ".middle", from = {x, name .. ".attention.out"}}
  return name .. ".middle"
end

---A feed-forward part after a norm. o: `norm`, `width`, `hidden`, `activation` ("swiglu": two matrices side by side), `bias`, ...
function block.feed(list, o, name, x)
  local into = o.activation == "swiglu" and 2 * o.hidden or o.hidden
  list[#list + 1] = {o.norm, name = name .. ".feed.norm", from = x}
  list[#list + 1] = {"linear", name = name .. ".feed.in", out = into, bias = o.bias, deviation = o.deviation}
  list[#list + 1] = {o.activation}
  list[#list + 1] = {"linear", name = name .. ".feed.out", out = o.width, bias = o.bias, deviation = o.residual}
  list[#list + 1] = {"plus", name = name, from = {x, name .. ".feed.out"}}
  return name
end

return block
