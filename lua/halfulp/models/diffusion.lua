-- diffusion.lua - a denoiser of points: it sees a noisy point and the time of its noise, and gives the noise; and how new points
-- are drawn with it.
-- Source: Ho, Jain, Abbeel, "Denoising diffusion probabilistic models", 2020, algorithms 1 and 2.

local options = require "halfulp.models.options"
local check_options = require "halfulp.options"

local diffusion = {}

---@param given? table `dimensions` (2), `layers` (3), `width` (64), `time` (32: channels that tell the time), `seed` (1)
---@return hu.model
function diffusion.new(given)
  local o = options("diffusion", given, {}, {dimensions = 2, layers = 3, width = 64, time = 32})
  local list = {name = "diffusion", seed = o.seed,
    {"features", name = "in", channels = o.dimensions + 1},
    {"columns", first = o.dimensions, count = 1},
    {"sinusoid", width = o.time},
    {"linear", name = "time", out = o.width},
    {"columns", name = "point", from = "in", count = o.dimensions},
    {"linear", name = "into", out = o.width},
    {"plus", from = {"time", "into"}},
  }
  for i = 0, o.layers - 1 do
    list[#list + 1] = {"silu"}
    list[#list + 1] = {"linear", name = tostring(i), out = o.width}
  end
  list[#list + 1] = {"silu"}
  list[#list + 1] = {"linear", name = "head", out = o.dimensions}
  list[#list + 1] = {"mean_square"}
  return require("halfulp.nn").model(list)
end

---New points: from noise, one step of the data's noise after another is taken off. A function of the seed.
---@param model hu.model
---@param data hu.data     what it was trained on, as data:denoised(steps) made it
---@param n integer
---@param given? table     `seed` (1), `policy`
---@return hu.array        [n][dimensions]
function diffusion.sample(model, data, n, given)
  local hu = require "halfulp"
  local o = given or {}
  check_options("sample", o, { "seed", "policy" })
  if math.type(n) ~= "integer" or n < 1 then error(("sample: n is %s; it takes a whole number, at least 1"):format(tostring(n)), 2) end
  local kept = data:kept()
  if not kept then error("sample: the data are not denoised; data:denoised(steps) makes those that are", 2) end
  local d = data.outputs
  local x = hu.randn({n, d}, {seed = o.seed or 1, stream = 0})
  for t = #kept, 1, -1 do
    local before = t > 1 and kept[t - 1] or 1
    local alpha = kept[t] / before
    local rows = {}
    for i = 1, n do
      local row = {}
      for j = 1, d do row[j] = x(i, j) end
      row[d + 1] = t - 1
      rows[i] = row
    end
    local noise = model:logits({features = rows}, {policy = o.policy})
    x = (x - noise * ((1 - alpha) / math.sqrt(1 - kept[t]))) / math.sqrt(alpha)
    if t > 1 then x = x + hu.randn({n, d}, {seed = o.seed or 1, stream = t}) * math.sqrt(1 - alpha) end
  end
  return x
end

return diffusion
