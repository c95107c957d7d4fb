-- kinds.lua - the kinds of figures. Each is a function of the checked options that returns a figure (see figure.lua).

return {
  line = require "halfulp.figure-line",
  heatmap = require "halfulp.figure-heatmap",
  share = require "halfulp.figure-share",
  box = require "halfulp.figure-box",
  violin = require "halfulp.figure-box",
  pareto = require "halfulp.figure-pareto",
  parallel = require "halfulp.figure-parallel",
  curves = require "halfulp.figure-curves",
  numberline = require "halfulp.figure-numberline",
  contour = require("halfulp.figure-contour").contour,
  surface = require("halfulp.figure-contour").surface,
}
