-- study-metrics.lua - what a study looks at along a run: sharpness by every measure and the Hessian's top eigenvalue and trace, as emulated and in full precision.

local metrics = {}

local function pass_of(how)
  return { rows = how.rows, split = how.split, policy = how.policy }
end

-- One evaluation gives the emulated figure and that in full precision: the second metric of a measure takes what the first kept.
local function sharpness(measure, which)
  return function(model, data, how)
    local s = how.kept[measure]
    if not s then
      local options = pass_of(how)
      options.measure = measure
      s = require("halfulp.sharpness").model(model, data, options)
      how.kept[measure] = s
    end
    return (s[which] or s.full).phi
  end
end

-- The Hessian in full precision, or as emulated; a search that meets something not finite gives NaN.
local function curvature(which, figure)
  return function(model, data, how)
    local options = pass_of(how)
    options.precision = which == "emulated" and options.policy ~= nil and "float" or "double"
    if which ~= "emulated" then options.policy = nil end
    local done, value = pcall(function() return figure(require("halfulp.curvature").hessian(model, data, options)) end)
    if done then return value end
    if tostring(value):find("not finite", 1, true) then return 0 / 0 end
    error(value, 0)
  end
end

local function top(h) return h:eigen().values(1) end
local function trace(h) return h:trace({ samples = 30 }).trace end

for _, measure in ipairs { "logits", "keskar", "sam", "asam", "worst", "average" } do
  metrics[measure], metrics[measure .. "_full"] = sharpness(measure, "emulated"), sharpness(measure, "full")
end
metrics.top, metrics.top_full = curvature("emulated", top), curvature("full", top)
metrics.trace, metrics.trace_full = curvature("emulated", trace), curvature("full", trace)

return metrics
