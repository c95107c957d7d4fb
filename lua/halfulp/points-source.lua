-- points-source.lua - what all sources of points share: their interface, ranges, combinations.
--
-- A source says which points a sweep has. It is a table with
--   names            the names of the parameters, in order
--   first(self)      the list of points to begin with
--   more(self, rows) the points that follow from the rows so far (nil or empty: there are none); absent where none ever do
-- A row is what sweep:rows() gives: parameters and results of a finished point; points that failed have none. `more` is called
-- when all points given so far are at their end, with the rows in the order of the points, so that what it says depends on
-- nothing but the results: not on who computed them, nor when.

local lab = require("halfulp.core").lab
local check_options = require "halfulp.options"
local keys = require "halfulp.keys"

local source = {}
local Source = { __name = "points" }

---Whether a value is a source.
function source.is(value)
  return type(value) == "table" and getmetatable(value) == Source
end

---Makes a source of a table with names, first and more.
function source.new(fields)
  table.sort(fields.names)
  return setmetatable(fields, Source)
end

function source.is_value(value)
  local kind = type(value)
  return kind == "number" or kind == "string" or kind == "boolean"
end

---The options of a source, checked: a name that is not known is an error, one that is required and absent, too.
---@param what string     of the function, for messages
---@param options any
---@param known table     name -> true (may be absent), or a text: what it takes (required)
function source.options(what, options, known)
  if type(options) ~= "table" then error(("points.%s: it takes a table of named options"):format(what), 3) end
  local names = keys(known)
  check_options("points." .. what, options, names, 3)
  for _, name in ipairs(names) do
    if type(known[name]) == "string" and options[name] == nil then
      error(("points.%s: %s is missing; it takes %s"):format(what, name, known[name]), 3)
    end
  end
  return options
end

---A whole number of at least `least` among the options.
function source.count(what, options, name, default, least)
  local value = options[name]
  if value == nil then value = default end
  local whole = type(value) == "number" and math.tointeger(value)
  if not whole or whole < least then
    error(("points.%s: %s is %s; it takes a whole number, at least %d"):format(what, name, tostring(value), least), 3)
  end
  return whole
end

---The grid's lists: name -> list of values, and the names in order. One value counts as a list of one.
function source.lists(what, grid, level)
  local names, lists = {}, {}
  if type(grid) ~= "table" then error(("%s: it takes a table of name = list of values"):format(what), level) end
  for name, values in pairs(grid) do
    if type(name) ~= "string" then
      error(("%s: the key %s is no name; it takes name = list of values"):format(what, tostring(name)), level)
    end
    lists[name] = source.is_value(values) and { values } or values
    if type(lists[name]) ~= "table" or #lists[name] == 0 then
      error(("%s: %s is %s; it takes a list of values"):format(what, name,
        type(values) == "table" and "an empty list" or "a " .. type(values)), level)
    end
    for i, value in ipairs(lists[name]) do
      if not source.is_value(value) then
        error(("%s: %s[%d] is a %s; a value is a number, a string, true or false"):format(what, name, i, type(value)), level)
      end
    end
    names[#names + 1] = name
  end
  table.sort(names)
  return lists, names
end

function source.copy(point, extra)
  local copy = {}
  for key, value in pairs(point) do copy[key] = value end
  for key, value in pairs(extra or {}) do copy[key] = value end
  return copy
end

---All combinations of lists, the last name running fastest.
function source.cross(lists, names)
  local points = { {} }
  for _, name in ipairs(names) do
    local longer = {}
    for _, point in ipairs(points) do
      for _, value in ipairs(lists[name]) do longer[#longer + 1] = source.copy(point, { [name] = value }) end
    end
    points = longer
  end
  return points
end

---The canonical text of some of a point's parameters.
function source.key(point, names)
  local part = {}
  for _, name in ipairs(names) do part[name] = point[name] end
  return lab.json(part)
end

---Ranges: name -> {min=, max=, log=, integer=}, a list of values, or one value. Gives the names in order, and for each a
---function from [0, 1) to a value.
function source.ranges(what, ranges)
  local names, make = {}, {}
  local function fail(name, text) error(("points.%s: %s %s"):format(what, name, text), 4) end
  for name, spec in pairs(ranges) do
    if type(name) ~= "string" then fail(tostring(name), "is no name; it takes name = {min =, max =}, a list of values, or a value") end
    names[#names + 1] = name
    if source.is_value(spec) then spec = { spec } end
    if type(spec) ~= "table" then fail(name, "is a " .. type(spec) .. "; it takes {min =, max =}, a list of values, or a value") end
    if #spec > 0 then
      for i, value in ipairs(spec) do
        if not source.is_value(value) then fail(("%s[%d]"):format(name, i), "is no number, string, true or false") end
      end
      make[name] = function(u) return spec[1 + math.floor(u * #spec)] end
    else
      local low, high = spec.min, spec.max
      for key in pairs(spec) do
        if key ~= "min" and key ~= "max" and key ~= "log" and key ~= "integer" then
          fail(name, ("has the field %s; a range has min, max, log and integer"):format(tostring(key)))
        end
      end
      if type(low) ~= "number" or type(high) ~= "number" or not (low <= high) or (spec.log and low <= 0) then
        fail(name, "takes min and max, numbers with min <= max" .. (spec.log and ", above 0 where log is set" or ""))
      end
      make[name] = function(u)
        if spec.integer then
          local value = spec.log and math.floor(low * ((high + 1) / low) ^ u) or math.floor(low + u * (high - low + 1))
          return math.tointeger(math.max(low, math.min(high, value)))
        end
        return spec.log and low * (high / low) ^ u or low + u * (high - low)
      end
    end
  end
  table.sort(names)
  return names, make
end

---A number in [0, 1) that follows from a seed and a text.
function source.uniform(seed, text)
  return lab.derive(seed, text) / 2.0 ^ 53
end

return source
