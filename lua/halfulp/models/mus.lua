-- mus.lua - the two halves of a transformer's block in munit scaling, as instructions that are added to a list.
--
-- Weights start with deviation 1; a product is divided by sqrt(inputs), and its matrix learns at the rate divided by that; attention
-- weighs values by the roots of the softmax; a norm ends each branch; the stream becomes sqrt(1 - tau) x + sqrt(tau) branch.
-- Everything then keeps a variance near 1 without any scale, in any width and depth. Gradients are those of the loss.
-- Source: munit Scaling, arXiv:2502.05967. It has LayerNorm and GELU, as in gpt2.lua; other norms and functions are ours.

local mus = {}

---Errors for options that do not fit. o: `units`, `tau`; given: what the caller said of them and of `deviation`.
---@return boolean is_mus
function mus.wanted(name, o, given)
  if o.units ~= "none" and o.units ~= "mus" then
    error(("%s: units is '%s'; it takes none or mus"):format(name, o.units), 3)
  end
  if not (o.tau >= 0 and o.tau < 1) then
    error(("%s: tau is %g; it takes a number from 0 (the running mean) to below 1"):format(name, o.tau), 3)
  end
  if o.units == "none" and given.tau then
    error(('%s: tau is %g without munit scaling, whose it is; units = "mus" would use it'):format(name, given.tau), 3)
  end
  if o.units == "mus" and given.deviation and given.deviation ~= 1 then
    error(("%s: deviation is %g; in munit scaling all weights start with deviation 1"):format(name, given.deviation), 3)
  end
  return o.units == "mus"
end

local function linear(list, name, into, out)
  local factor = 1 / math.sqrt(into)
  list[#list + 1] = {"linear", name = name, out = out, bias = false, deviation = 1, multiplier = factor, rate = factor}
end

-- Norm of the branch, whose result came last, and its sum with the stream. Without tau the stream is the running mean of variance 1.
local function join(list, o, branch, x, name)
  o.branches = (o.branches or 0) + 1
  local tau = o.tau > 0 and o.tau or 1 / (o.branches + 1)
  list[#list + 1] = {o.norm, name = branch .. ".norm"}
  list[#list + 1] = {"scale", name = branch .. ".part", by = math.sqrt(tau)}
  list[#list + 1] = {"scale", name = branch .. ".past", from = x, by = math.sqrt(1 - tau)}
  list[#list + 1] = {"plus", name = name, from = {branch .. ".past", branch .. ".part"}}
  return name
end

---Attention. o: `norm`, `width`, `heads`, `causal`, `rotary`, `tau`, `root` (true; false: plain softmax).
function mus.attention(list, o, name, x)
  local root = o.root ~= false
  linear(list, name .. ".attention.in", o.width, 3 * o.width)
  list[#list].from = x
  list[#list + 1] = {"attention", name = name .. ".attention", heads = o.heads, causal = o.causal, rotary = o.rotary, root = root}
  linear(list, name .. ".attention.out", o.width, o.width)
  return join(list, o, name .. ".attention", x, name .. ".middle")
end

---A feed-forward part. o: `norm`, `width`, `hidden`, `activation` ("swiglu": two matrices side by side), `tau`.
function mus.feed(list, o, name, x)
  linear(list, name .. ".feed.in", o.width, o.activation == "swiglu" and 2 * o.hidden or o.hidden)
  list[#list].from = x
  list[#list + 1] = {o.activation}
  linear(list, name .. ".feed.out", o.hidden, o.width)
  return join(list, o, name .. ".feed", x, name)
end

---The head: divided by the inputs, learns at the rate of the run. `share`: nil, or a parameter that takes the place of its matrix.
function mus.head(list, o, share)
  list[#list + 1] = {"linear", name = "head", out = o.vocabulary, bias = false, deviation = 1, multiplier = 1 / o.width, share = share}
end

return mus
