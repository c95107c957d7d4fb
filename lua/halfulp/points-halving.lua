-- points-halving.lua - many settings, few seeds each; the better ones get more (successive halving).
--
-- Source: Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016,
-- with the number of seeds as the resource.

local source = require "halfulp.points-source"
local table_rows = require "halfulp.rows"

local halving = {}

-- The mean of a result over the rows of each setting; nil where one of its points failed or is not finite.
local function means(rows, names, metric, wanted)
  local sums, out = {}, {}
  for _, row in ipairs(rows) do
    local key, value = source.key(row, names), row[metric]
    if type(value) == "number" and value == value and math.abs(value) ~= math.huge then
      sums[key] = sums[key] or { n = 0, sum = 0.0 }
      sums[key].n, sums[key].sum = sums[key].n + 1, sums[key].sum + value
    end
  end
  for key, s in pairs(sums) do
    if s.n >= wanted then out[key] = s.sum / s.n end
  end
  return out
end

function halving.new(options)
  local o = options
  local lists, names = source.lists("points.halving: grid", o.grid, 4)
  local seeds, metric, best = o.seeds, o.metric, o.best or "least"
  local first, factor = source.count("halving", o, "first", 1, 1), source.count("halving", o, "factor", 2, 2)
  if type(metric) ~= "string" then error("points.halving: metric is the name of a result", 3) end
  if best ~= "least" and best ~= "most" then error("points.halving: best is least or most", 3) end
  if type(seeds) ~= "table" or #seeds < first then
    error(("points.halving: seeds is a list of at least %d values"):format(first), 3)
  end
  if lists.seed then error("points.halving: grid has seed, which comes from seeds", 3) end
  local all = table.move(names, 1, #names, 1, {})
  all[#all + 1] = "seed"

  local function with_seeds(settings, from, to)
    local points = {}
    for _, setting in ipairs(settings) do
      for i = from, to do points[#points + 1] = source.copy(setting, { seed = seeds[i] }) end
    end
    return points
  end

  return source.new {
    names = all,
    first = function(self)
      self.settings, self.n_seeds = source.cross(lists, names), first
      return with_seeds(self.settings, 1, first)
    end,
    more = function(self, rows)
      if #self.settings <= 1 or self.n_seeds >= #seeds then return nil end
      if #rows > 0 then table_rows.need(rows, metric, "points.halving: metric", 0) end
      local mean, order = means(rows, names, metric, self.n_seeds), {}
      for i, setting in ipairs(self.settings) do
        local value = mean[source.key(setting, names)]
        if value then order[#order + 1] = { i = i, value = best == "least" and value or -value } end
      end
      table.sort(order, function(a, b)
        if a.value ~= b.value then return a.value < b.value end
        return a.i < b.i
      end)
      local keep, from = {}, self.n_seeds + 1
      local most = math.max(1, (#self.settings + factor - 1) // factor)
      for i = 1, math.min(#order, most) do keep[i] = self.settings[order[i].i] end
      self.settings, self.n_seeds = keep, math.min(#seeds, self.n_seeds * factor)
      return with_seeds(keep, from, self.n_seeds)
    end,
  }
end

return halving
