-- points-bisect.lua - where along one parameter a condition begins to hold, for every combination of others.
--
-- The condition is taken to be false below a threshold and true above it. Each round has one point for every combination
-- whose threshold is not known well enough: first both ends, then the middles.

local source = require "halfulp.points-source"

local bisect = {}

local function middle(low, high, integer)
  if integer then return low + (high - low) // 2 end
  return low + (high - low) / 2
end

-- The next value for a combination: its state after the values that are known. nil: it is known.
local function next_value(o, known)
  local low, high = o.low, o.high
  if known[low] == nil then return low end
  if known[high] == nil then return high end
  if known[low] or not known[high] then return nil end      -- holds everywhere, or nowhere
  while high - low > o.tolerance do
    local at = middle(low, high, o.integer)
    if at <= low or at >= high then return nil end
    if known[at] == nil then return at end
    if known[at] then high = at else low = at end
  end
end

function bisect.new(options)
  local o = {}
  for key, value in pairs(options) do o[key] = value end
  if type(o.x) ~= "string" then error("points.bisect: x is the name of a parameter", 3) end
  if type(o.when) ~= "function" then error("points.bisect: when is a function of a row that says whether the condition holds", 3) end
  if type(o.low) ~= "number" or type(o.high) ~= "number" or not (o.low < o.high) then
    error("points.bisect: low and high are numbers, low below high", 3)
  end
  o.integer = math.type(o.low) == "integer" and math.type(o.high) == "integer"
  o.tolerance = o.tolerance or (o.integer and 1 or (o.high - o.low) / 1024)
  if type(o.tolerance) ~= "number" or not (o.tolerance > 0) then error("points.bisect: tolerance is a number above 0", 3) end
  local lists, names = source.lists("points.bisect: each", o.each or {}, 4)
  if lists[o.x] then error("points.bisect: each has " .. o.x .. ", which is x", 3) end
  local groups = source.cross(lists, names)
  local all = table.move(names, 1, #names, 1, {})
  all[#all + 1] = o.x

  -- Which points follow from what is known; a point that failed says nothing, and its combination ends there.
  local function round(rows, given)
    local known, points = {}, {}
    for _, row in ipairs(rows) do
      local key = source.key(row, names)
      known[key] = known[key] or {}
      local holds = o.when(row)
      if type(holds) ~= "boolean" then error(("points.bisect: when returned %s; it takes true or false"):format(tostring(holds)), 0) end
      known[key][row[o.x]] = holds
    end
    for _, group in ipairs(groups) do
      local key = source.key(group, names)
      local value = next_value(o, known[key] or {})
      if value and given[key] and not given[key][value] then
        given[key][value] = true
        points[#points + 1] = source.copy(group, { [o.x] = value })
      end
    end
    return points
  end

  return source.new {
    names = all,
    first = function(self)
      local points = {}
      self.given = {}
      for _, group in ipairs(groups) do
        self.given[source.key(group, names)] = { [o.low] = true, [o.high] = true }
        points[#points + 1] = source.copy(group, { [o.x] = o.low })
        points[#points + 1] = source.copy(group, { [o.x] = o.high })
      end
      return points
    end,
    more = function(self, rows) return round(rows, self.given) end,
  }
end

return bisect
