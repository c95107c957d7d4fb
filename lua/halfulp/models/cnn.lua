-- cnn.lua - a classifier of images: convolution, BatchNorm and relu, twice a stage, each stage half as high and wide as the one
-- before and with twice the channels; then the mean over what is left of the image.

local options = require "halfulp.models.options"

---@param given table `height`, `width`, `channels` (1), `classes`, `stages` (2), `first` (8: channels of the first stage), `norm` (true), `seed` (1)
---@return hu.model
return function(given)
  local o = options("cnn", given, {"height", "width", "classes"}, {channels = 1, stages = 2, first = 8, norm = true})
  local list = {name = "cnn", seed = o.seed, {"features", height = o.height, width = o.width, channels = o.channels}}
  local channels = o.first
  for stage = 0, o.stages - 1 do
    if stage > 0 then
      list[#list + 1] = {"maxpool", kernel = 2}
      channels = 2 * channels
    end
    for part = 0, 1 do
      local name = stage .. "." .. part
      list[#list + 1] = {"conv", name = name, out = channels, kernel = 3, padding = 1, bias = not o.norm}
      if o.norm then list[#list + 1] = {"batchnorm", name = name .. ".norm"} end
      list[#list + 1] = {"relu"}
    end
  end
  list[#list + 1] = {"mean"}
  list[#list + 1] = {"linear", name = "head", out = o.classes}
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
