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

function pareto.new(options)
  local o = options
  local lists, names = source.lists("points.pareto: grid", o.grid, 4)
  local stride = source.count("pareto", o, "stride", 4, 1)
  local signs = {}
  for _, axis in ipairs { "x", "y" } do
    if type(o[axis]) ~= "string" then error(("points.pareto: %s is the name of a result"):format(axis), 3) end
    signs[axis] = o[axis]:sub(1, 1) == "-" and -1 or 1
  end
  local index = {}                       -- name -> value -> its place in the list
  for _, name in ipairs(names) do
    index[name] = {}
    for i, value in ipairs(lists[name]) do index[name][value] = i end
  end

  local function point_at(places)
    local point = {}
    for _, name in ipairs(names) do point[name] = lists[name][places[name]] end
    return point
  end

  local function coarse()
    local some = {}
    for _, name in ipairs(names) do
      some[name] = {}
      for i = 1, #lists[name], stride do some[name][#some[name] + 1] = lists[name][i] end
      local last = lists[name][#lists[name]]
      if some[name][#some[name]] ~= last then some[name][#some[name] + 1] = last end
    end
    return source.cross(some, names)
  end

  local function oriented(rows)
    local out = {}
    for _, axis in ipairs { "x", "y" } do
      if #rows > 0 then table_rows.need(rows, (o[axis]:gsub("^%-", "")), "points.pareto: " .. axis, 0) end
    end
    for i, row in ipairs(rows) do
      local a, b = row[o.x:gsub("^%-", "")], row[o.y:gsub("^%-", "")]
      out[i] = { row = row, a = type(a) == "number" and signs.x * a or nil, b = type(b) == "number" and signs.y * b or nil }
    end
    return out
  end

  return source.new {
    names = names,
    first = function(self)
      local points = coarse()
      self.given, self.stride = {}, stride
      for _, point in ipairs(points) do self.given[source.key(point, names)] = true end
      return points
    end,
    more = function(self, rows)
      local points = {}
      local front = pareto.front(oriented(rows), "a", "b")
      while #points == 0 do
        self.stride = math.max(1, self.stride // 2)
        for _, member in ipairs(front) do
          for _, name in ipairs(names) do
            for _, step in ipairs { -self.stride, self.stride } do
              local places = {}
              for _, other in ipairs(names) do places[other] = index[other][member.row[other]] end
              places[name] = places[name] + step
              local point = lists[name][places[name]] ~= nil and point_at(places)
              local key = point and source.key(point, names)
              if point and not self.given[key] then
                self.given[key] = true
                points[#points + 1] = point
              end
            end
          end
        end
        if self.stride == 1 then break end
      end
      return points
    end,
  }
end

return pareto
