-- llama.lua - a language model in the style of Llama: RMSNorm, rotary positions, SwiGLU, no biases. As a graph, so that it takes
-- vocabularies of more than 256 tokens; it computes what hu.nn.lm computes.

local decoder = require "halfulp.models.decoder"

---@param given? table `layers` (2), `heads` (4), `width` (64), `hidden` (0: 8/3 width, rounded up to a multiple of 8), `context` (64), `vocabulary` (256), `tied` (false), `deviation` (0.02), `seed` (1), `units` ("none"; "mus": munit scaling, whose head and embedding start with deviation 1), `tau` (0.4: the share of a branch in the variance of munit scaling; 0: of all so far the same)
---@return hu.model
return function(given)
  return decoder("llama", given, {norm = "rmsnorm", activation = "swiglu", bias = false, rotary = true, tied = false,
    hidden = function(width) return ((8 * width + 2) // 3 + 7) // 8 * 8 end})
end
