-- vit.lua - a vision transformer: an image in patches, learned positions, blocks of attention in which all patches see each
-- other, and the mean over them.
-- Source: Dosovitskiy et al., "An image is worth 16 x 16 words", 2020 (there with a class token in place of the mean).

local options = require "halfulp.models.options"
local block = require "halfulp.models.block"

---@param given table `height`, `width_pixels`, `channels` (1), `classes`, `patch` (4), `layers` (2), `heads` (2), `width` (32), `hidden` (0: 4 width), `seed` (1)
---@return hu.model
return function(given)
  local o = options("vit", given, {"height", "width_pixels", "classes"}, {channels = 1, patch = 4, layers = 2,
    heads = 2, width = 32, hidden = 0})
  for _, key in ipairs {"height", "width_pixels"} do
    if o.patch < 1 or o[key] % o.patch ~= 0 then
      error(("vit: patch is %s, which does not divide %s, %s"):format(o.patch, key, o[key]), 2)
    end
  end
  o.hidden = o.hidden > 0 and o.hidden or 4 * o.width
  o.norm, o.activation, o.causal, o.rotary, o.bias = "layernorm", "gelu", false, false, true
  o.deviation, o.residual = 0.02, 0.02 / math.sqrt(2 * o.layers)
  local list = {name = "vit", seed = o.seed,
    {"features", height = o.height, width = o.width_pixels, channels = o.channels},
    {"conv", name = "patches", out = o.width, kernel = o.patch, stride = o.patch},
    {"positions", name = "positions"},
  }
  local x = "positions"
  for i = 0, o.layers - 1 do
    x = block.feed(list, o, tostring(i), block.attention(list, o, tostring(i), x))
  end
  list[#list + 1] = {"layernorm", name = "norm", from = x}
  list[#list + 1] = {"mean"}
  list[#list + 1] = {"linear", name = "head", out = o.classes}
  list[#list + 1] = {"cross_entropy"}
  return require("halfulp.nn").model(list)
end
