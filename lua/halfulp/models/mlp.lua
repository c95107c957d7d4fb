-- mlp.lua - a classifier of layers of units: linear, a norm where wanted, a function of every element.

local options = require "halfulp.models.options"

---@param given table `inputs`, `classes`, `layers` (2), `width` (16), `activation` ("relu", "gelu", "silu", "tanh", "sigmoid"), `norm` ("none", "layernorm", "rmsnorm", "batchnorm"), `seed` (1)
---@return hu.model
return function(given)
  local o = options("mlp", given, {"inputs", "classes"}, {layers = 2, width = 16, activation = "relu", norm = "none"},
    {activation = {"relu", "gelu", "silu", "tanh", "sigmoid"}, norm = {"none", "layernorm", "rmsnorm", "batchnorm"}})
  local list = {name = "mlp", seed = o.seed, {"features", channels = o.inputs}}
  for i = 0, o.layers - 1 do
    list[#list + 1] = {"linear", name = tostring(i), out = o.width, bias = o.norm == "none"}
    if o.norm ~= "none" then list[#list + 1] = {o.norm, name = i .. ".norm"} end
    list[#list + 1] = {o.activation}
  end
  list[#list + 1] = {"linear", name = "head", out = o.classes}
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
