-- gpt2.lua - a language model in the style of GPT-2: learned positions, LayerNorm before each part, GELU, biases, a head that is
-- the transposed embedding.
-- Source: Radford et al., "Language models are unsupervised multitask learners", 2019.

local decoder = require "halfulp.models.decoder"

---@param given? table `layers` (2), `heads` (4), `width` (64), `hidden` (0: 4 width), `context` (64), `vocabulary` (256), `tied` (true), `deviation` (0.02), `seed` (1), `units` ("none"; "mus": munit scaling, whose head and embedding start with deviation 1), `tau` (0.4: the share of a branch in the variance of munit scaling; 0: of all so far the same)
---@return hu.model
return function(given)
  return decoder("gpt2", given, {norm = "layernorm", activation = "gelu", bias = true, rotary = false, tied = true,
    hidden = function(width) return 4 * width end})
end
