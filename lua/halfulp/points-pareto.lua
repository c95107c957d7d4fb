-- points-pareto.lua - a grid looked at coarsely first, then ever more finely where two results trade against each other.
--
-- The first round takes every stride-th value of each parameter (and its last). Each further round takes the points that no
-- other beats in both results, and adds their neighbors at half the stride, until the stride is 1 and all neighbors of the
-- front are there.

local source = require "halfulp.points-source"
local table_rows = require "halfulp.rows"

local pareto = {}

---The rows that no other row beats: less or equal in both, and less in one.
function pareto.front(rows, x, y)
  local order, front, best = {}, {}, math.huge
  for i, row in ipairs(rows) do
    local a, b = row[x], row[y]
    if type(a) == "number" and type(b) == "number" and a == a and b == b then order[#order + 1] = { i = i, a = a, b = b } end
  end
  table.sort(order, function(p, q)
    if p.a ~= q.a then return p.a < q.a end
    if p.b ~= q.b then return p.b < q.b end
    return p.i < q.i
  end)
  local last
  for _, p in ipairs(order) do
    if p.b < best or (last and p.a == last.a and p.b == last.b) then
      front[#front + 1] = rows[p.i]
      best, last = p.b, p
    end
  end
  return front
end

-- Every stride-th value of each list, and the last.
local function coarse(lists, names, stride)
  local some = {}
  for _, name in ipairs(names) do
    local list, chosen = lists[name], {}
    for i = 1, #list, stride do chosen[#chosen + 1] = list[i] end
    if chosen[#chosen] ~= list[#list] then chosen[#chosen + 1] = list[#list] end
    some[name] = chosen
  end
  return source.cross(some, names)
end

-- For each name its values' places in the list.
local function places_of(lists, names)
  local places = {}
  for _, name in ipairs(names) do
    places[name] = {}
    for i, value in ipairs(lists[name]) do places[name][value] = i end
  end
  return places
end

-- A point beside a row: as it, but for the value that is `step` places further in the list of `name`; nil past its ends.
local function beside(row, lists, names, places, name, step)
  local point = {}
  for _, other in ipairs(names) do point[other] = lists[other][places[other][row[other]] + (other == name and step or 0)] end
  return point[name] ~= nil and point or nil
end

function pareto.new(options)
  local o = options
  local lists, names = source.lists("points.pareto: grid", o.grid, 4)
  local stride = source.count("pareto", o, "stride", 4, 1)
  local columns, signs = {}, {}
  for _, axis in ipairs { "x", "y" } do
    if type(o[axis]) ~= "string" then error(("points.pareto: %s is the name of a result"):format(axis), 3) end
    signs[axis], columns[axis] = o[axis]:sub(1, 1) == "-" and -1 or 1, o[axis]:gsub("^%-", "")
  end
  local places = places_of(lists, names)

  -- The rows of the front, where less is better in both results.
  local function front_of(rows)
    local oriented, front = {}, {}
    for _, axis in ipairs { "x", "y" } do
      if #rows > 0 then table_rows.need(rows, columns[axis], "points.pareto: " .. axis, 0) end
    end
    for i, row in ipairs(rows) do
      local a, b = row[columns.x], row[columns.y]
      oriented[i] = { row = row, a = type(a) == "number" and signs.x * a or nil, b = type(b) == "number" and signs.y * b or nil }
    end
    for i, member in ipairs(pareto.front(oriented, "a", "b")) do front[i] = member.row end
    return front
  end

  local function add_new(self, points, point)
    local key = source.key(point, names)
    if self.given[key] then return end
    self.given[key] = true
    points[#points + 1] = point
  end

  return source.new {
    names = names,
    first = function(self)
      local points = {}
      self.given, self.stride = {}, stride
      for _, point in ipairs(coarse(lists, names, stride)) do add_new(self, points, point) end
      return points
    end,
    more = function(self, rows)
      local points, front = {}, front_of(rows)
      repeat
        self.stride = math.max(1, self.stride // 2)
        for _, row in ipairs(front) do
          for _, name in ipairs(names) do
            for _, step in ipairs { -self.stride, self.stride } do
              local point = beside(row, lists, names, places, name, step)
              if point then add_new(self, points, point) end
            end
          end
        end
      until #points > 0 or self.stride == 1
      return points
    end,
  }
end

return pareto
