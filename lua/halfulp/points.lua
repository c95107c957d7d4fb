-- points.lua - which points a sweep has, where they are more than a grid.

local source = require "halfulp.points-source"
local random = require "halfulp.points-random"

---Sources of points for `hu.sweep`, beside its grids and lists. What they give depends on their options and, where they
---adapt, on the results so far; never on who computes a point, or when.
---@class hu.points
local points = {}

---Points drawn at random. A larger `n` leaves those that were there as they are.
---
---```lua
---local sweep = hu.sweep(hu.points.random {n = 3, ranges = {rate = {min = 1e-4, max = 1e-1, log = true}, format = {"e4m3", "e5m2"}}})
---print(#sweep.points)                --> 3
---```
---@param options table  `n`; `ranges`: name -> {min =, max =, log = true, integer = true}, a list of values, or one value; `seed` (1)
---@return table source
function points.random(options)
  return random.new(source.options("random", options, { n = "how many points", ranges = "a table of name = range", seed = true }))
end

---Points that fill their ranges evenly: a Latin hypercube. Each parameter has one point in each `n`-th of its range.
---@param options table  as those of `hu.points.random`
---@return table source
function points.latin(options)
  return random.latin(source.options("latin", options, { n = "how many points", ranges = "a table of name = range", seed = true }))
end

---The threshold along one parameter from which on a condition holds, by bisection, for each combination of others.
---
---```lua
---local from = hu.points.bisect {x = "mantissa", low = 1, high = 23, when = function(row) return row.error < 1e-3 end}
---print(#hu.sweep(from).points)       --> 2
---```
---@param options table  `x`: the parameter; `low`, `high`: its ends, whole numbers or not; `when`: function(row) -> whether the condition holds (false at low, true at high); `each`: a grid of the others; `tolerance` (1, or a 1024th of the range)
---@return table source
function points.bisect(options)
  return require("halfulp.points-bisect").new(source.options("bisect", options, {
    x = "the name of a parameter", low = "a number", high = "a number", when = "a function of a row", each = true, tolerance = true,
  }))
end

---Successive halving over seeds: every setting of a grid with few seeds, the better half with twice as many, and so on. The seed
---is the parameter `seed`.
---@param options table  `grid`: of settings; `seeds`: a list; `metric`: the result whose mean decides; `best`: "least" (default) or "most"; `first` (1): seeds of the first round; `factor` (2)
---@return table source
function points.halving(options)
  return require("halfulp.points-halving").new(source.options("halving", options, {
    grid = "a table of name = list of values", seeds = "a list of seeds", metric = "the name of a result", best = true, first = true,
    factor = true,
  }))
end

---A grid, coarse first and refined around the Pareto front of two results, both the less the better; "-NAME" is the more the better.
---@param options table  `grid`; `x`, `y`: names of results; `stride` (4): every which value the first round takes
---@return table source
function points.pareto(options)
  return require("halfulp.points-pareto").new(source.options("pareto", options, {
    grid = "a table of name = list of values", x = "the name of a result", y = "the name of a result", stride = true,
  }))
end

return points
