-- points-grid.lua - every combination of lists of values; or the points of a list, as they are.

local source = require "halfulp.points-source"

local grid = {}

---Every combination is a point, the last name running fastest.
function grid.new(lists, level)
  local names
  lists, names = source.lists("sweep", lists, (level or 2) + 1)
  local points = source.cross(lists, names)
  return source.new { names = names, first = function() return points end }
end

---The points of a list.
function grid.list(list, level)
  local names, seen = {}, {}
  for i, point in ipairs(list) do
    if type(point) ~= "table" then
      error(("sweep: point %d is a %s; it takes a table of name = value"):format(i, type(point)), level or 2)
    end
    for name in pairs(point) do
      if not seen[name] then
        seen[name] = true
        names[#names + 1] = tostring(name)
      end
    end
  end
  return source.new { names = names, first = function() return list end }
end

return grid
