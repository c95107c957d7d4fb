-- points-random.lua - points drawn at random, each for itself or spread evenly (Latin hypercube).

local source = require "halfulp.points-source"

local random = {}

---Independent points: value i of a parameter follows from the seed, its name and i alone, so that a larger n, or another
---parameter, leaves the points that were there as they were.
function random.new(options)
  local names, make = source.ranges("random", options.ranges)
  local n, seed = source.count("random", options, "n", nil, 1), options.seed or 1
  local points = {}
  for i = 1, n do
    points[i] = {}
    for _, name in ipairs(names) do points[i][name] = make[name](source.uniform(seed, ("random %s %d"):format(name, i))) end
  end
  return source.new { names = names, first = function() return points end }
end

-- A permutation of 1 .. n that follows from a seed and a name (Fisher and Yates, from the top down).
local function shuffled(n, seed, name)
  local order = {}
  for i = 1, n do order[i] = i end
  for i = n, 2, -1 do
    local k = 1 + math.floor(i * source.uniform(seed, ("order %s %d"):format(name, i)))
    order[i], order[k] = order[k], order[i]
  end
  return order
end

---n points of which each parameter's range holds one in each of n equal parts (McKay, Beckman and Conover, "A comparison of
---three methods for selecting values of input variables", Technometrics 21, 1979).
function random.latin(options)
  local names, make = source.ranges("latin", options.ranges)
  local n, seed = source.count("latin", options, "n", nil, 1), options.seed or 1
  local points = {}
  for i = 1, n do points[i] = {} end
  for _, name in ipairs(names) do
    for i, part in ipairs(shuffled(n, seed, name)) do
      points[i][name] = make[name]((part - 1 + source.uniform(seed, ("within %s %d"):format(name, i))) / n)
    end
  end
  return source.new { names = names, first = function() return points end }
end

return random
