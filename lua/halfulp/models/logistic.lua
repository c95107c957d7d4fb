-- logistic.lua - logistic regression: numbers in, the logit of class 1 out. Its Hessian is the mean of s (1 - s) x x^T, where
-- s is the probability of class 1.

local options = require "halfulp.models.options"

---@param given table `inputs`, `bias` (true), `deviation` (1 / sqrt(inputs)), `seed` (1)
---@return hu.model
return function(given)
  local o = options("logistic", given, {"inputs"}, {bias = true, deviation = 0})
  return require("halfulp.nn").model {
    name = "logistic", seed = o.seed,
    {"features", channels = o.inputs},
    {"linear", name = "head", out = 1, bias = o.bias, deviation = o.deviation},
    {"logistic"},
  }
end
