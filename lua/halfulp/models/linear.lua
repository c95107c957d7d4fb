-- linear.lua - linear regression: numbers in, numbers out, mean square. Its Hessian is 2 / (n outputs) X^T X for each output.

local options = require "halfulp.models.options"

---@param given table `inputs`, `outputs` (1), `bias` (true), `deviation` (1 / sqrt(inputs)), `seed` (1)
---@return hu.model
return function(given)
  local o = options("linear", given, {"inputs"}, {outputs = 1, bias = true, deviation = 0})
  return require("halfulp.nn").model {
    name = "linear", seed = o.seed,
    {"features", channels = o.inputs},
    {"linear", name = "head", out = o.outputs, bias = o.bias, deviation = o.deviation},
    {"mean_square"},
  }
end
