-- sweep.lua - a grid of parameters, computed point by point, kept in the store of the run.

local lab = require("halfulp.core").lab
local run = require "halfulp.run"
local rows = require "halfulp.rows"

---@class hu.sweep
---@field points table[]  the parameters of each point
local Sweep = {}
Sweep.__index = Sweep
Sweep.__name = "sweep"

local function is_value(value)
  local kind = type(value)
  return kind == "number" or kind == "string" or kind == "boolean"
end

-- All combinations, the last name running fastest.
local function cross(names, grid)
  local points = { {} }
  for _, name in ipairs(names) do
    local longer = {}
    for _, point in ipairs(points) do
      for _, value in ipairs(grid[name]) do
        local copy = {}
        for key, old in pairs(point) do copy[key] = old end
        copy[name] = value
        longer[#longer + 1] = copy
      end
    end
    points = longer
  end
  return points
end

local function grid_points(grid, level)
  local names, lists = {}, {}
  for name, values in pairs(grid) do
    if type(name) ~= "string" then
      error(("sweep: the key %s is no name; it takes name = list of values"):format(tostring(name)), level)
    end
    lists[name] = is_value(values) and { values } or values
    if type(lists[name]) ~= "table" or #lists[name] == 0 then
      error(("sweep: %s is %s; it takes a list of values"):format(name,
        type(values) == "table" and "an empty list" or "a " .. type(values)), level)
    end
    for i, value in ipairs(lists[name]) do
      if not is_value(value) then
        error(("sweep: %s[%d] is a %s; a value is a number, a string, true or false"):format(name, i, type(value)), level)
      end
    end
    names[#names + 1] = name
  end
  table.sort(names)
  return cross(names, lists), names
end

local function listed_points(list, level)
  local names, seen = {}, {}
  for i, point in ipairs(list) do
    if type(point) ~= "table" then
      error(("sweep: point %d is a %s; it takes a table of name = value"):format(i, type(point)), level)
    end
    for name in pairs(point) do
      if not seen[name] then
        seen[name] = true
        names[#names + 1] = tostring(name)
      end
    end
  end
  table.sort(names)
  return list, names
end

---A sweep over a grid of parameters: every combination is one point. Or over a list of points: {{format = "e8m7",
---seed = 1}, ...}.
---@param grid table      name -> list of values (or one value)
---@param options table?  {where = function(point) -> whether it belongs to the sweep}
---@return hu.sweep
function Sweep.new(grid, options)
  if type(grid) ~= "table" or next(grid) == nil then
    error("sweep: it takes a table, for example {mantissa = hu.range(1, 10), seed = {1, 2, 3}}", 2)
  end
  for key in pairs(options or {}) do
    if key ~= "where" then error(("sweep: unknown option %s; known: where"):format(tostring(key)), 2) end
  end
  local points, names
  if type(grid[1]) == "table" then
    points, names = listed_points(grid, 3)
  else
    points, names = grid_points(grid, 3)
  end
  if options and options.where then
    local kept = {}
    for _, point in ipairs(points) do
      if options.where(point) then kept[#kept + 1] = point end
    end
    points = kept
  end
  return setmetatable({ points = points, names = names }, Sweep)
end

local options_of_run = { name = true, uses = true, files = true, jobs = true, quiet = true }

local function unique_name(wanted)
  local name, n = wanted or "sweep", 1
  if wanted and run.sweeps[wanted] then
    error(("run: this script has run a sweep named %q already; another needs another name"):format(wanted), 3)
  end
  while run.sweeps[name] do
    n = n + 1
    name = "sweep-" .. n
  end
  run.sweeps[name] = true
  return name
end

-- Results must not hide parameters: the function's table is looked at where it is made, in the worker.
local function guarded(fn, names)
  return function(point)
    local results = fn(point)
    if type(results) == "table" then
      for _, name in ipairs(names) do
        if results[name] ~= nil then
          error(("the result %q has the name of a parameter"):format(name), 0)
        end
      end
    end
    return results
  end
end

---Computes the points that the run directory does not have yet and keeps the results there. The function gets a table of
---the point's parameters and `run_seed`, a seed of its own that follows from them and from `--seed`; it returns a table of
---named results: numbers, strings, true and false (kept as 1 and 0), lists of numbers and arrays. It may run in another
---process (`--jobs`), where what it changes outside is lost. A point that fails is recorded with its error, does not end the
---sweep, and is tried again by the next run. When every point fails, so does this call.
---@param fn function
---@param options table?  {name = what tells this sweep from others of the script, uses = {names of the script's parameters that its results depend on; all}, files = {paths of files that are read}, jobs = , quiet = true: no progress, and no line at the end that names the folder}
---@return hu.sweep
function Sweep:run(fn, options)
  options = options or {}
  if type(fn) ~= "function" then
    error(("run: the first argument is a %s; it takes a function of a point"):format(type(fn)), 2)
  end
  for key in pairs(options) do
    if not options_of_run[key] then
      error(("run: unknown option %s; known: name, uses, files, jobs, quiet"):format(tostring(key)), 2)
    end
  end
  run.quiet = run.quiet or options.quiet
  local settings = run.settings()
  local identity = run.identity(fn, options.uses, options.files or {})
  self.name = unique_name(options.name)
  local directory = run.directory()
  self.summary = run.call(2, directory.sweep, directory, {
    name = self.name, points = self.points, run = guarded(fn, self.names), identity = identity, seed = settings.seed,
    jobs = options.jobs or settings.jobs, quiet = options.quiet,
  })
  local s = self.summary
  if s.failed > 0 then
    local text = ("%s: %d of %d points failed; the first: %s"):format(self.name, s.failed, s.points, s.first_failure)
    if s.failed == s.points then error(text, 0) end
    if not options.quiet then io.stderr:write("halfulp: note: ", text, "\n") end
  end
  return self
end

local function stored(self, what)
  if not self.name then error(what .. ": the sweep has not been run", 3) end
  return run.directory():rows(self.name)
end

---The finished points: for each a table of its parameters and its results.
---@return table[]
function Sweep:rows()
  local out = {}
  for i, row in ipairs(stored(self, "rows")) do
    if row.state == "done" then
      local flat = row.results
      for name, value in pairs(self.points[i]) do flat[name] = value end
      out[#out + 1] = flat
    end
  end
  return out
end

---The points that failed.
---@return table[] failures  {params = table, error = text}
function Sweep:failures()
  local out = {}
  for i, row in ipairs(stored(self, "failures")) do
    if row.state == "failed" then out[#out + 1] = { params = self.points[i], error = row.failure } end
  end
  return out
end

---The finished points grouped: the mean of one result, with its spread.
---@param options table  {by = {names of parameters}, y = name of a result}
---@return table[] groups  the parameters of `by`, and n, n_bad (not finite), mean, sd, ci95 (half the width of the 95 % confidence interval of the mean), min, max
function Sweep:group(options)
  if type(options) ~= "table" or type(options.by) ~= "table" or type(options.y) ~= "string" then
    error('group: it takes a table, for example {by = {"mantissa"}, y = "error"}', 2)
  end
  local list = self:rows()
  rows.need(list, options.y, "group", 2)
  for _, name in ipairs(options.by) do rows.need(list, name, "group", 2) end
  return rows.group(list, options.by, options.y)
end

-- The lines at the top of a TSV file. The same parameters and seed give the same bytes: no time, no machine.
function Sweep.heads(name)
  local s = run.settings()
  return {
    ("%s: %s"):format(run.name(), name),
    "parameters: " .. lab.json(run.parameters),
    ("seed: %d"):format(s.seed),
    "version: halfulp " .. lab.version,
  }
end

---The finished points as text: for people, or with `file` as tab-separated values.
---@param options table?  {columns = {names}, file = name without ending: written as NAME.tsv into the run directory, or a path with a slash}
---@return string
function Sweep:table(options)
  options = options or {}
  for key in pairs(options) do
    if key ~= "columns" and key ~= "file" then
      error(("table: unknown option %s; known: columns, file"):format(tostring(key)), 2)
    end
  end
  local list = self:rows()
  local columns = options.columns or rows.columns(list)
  for _, name in ipairs(columns) do rows.need(list, name, "table", 2) end
  if options.file then
    local path = options.file:find "/" and options.file or run.file(options.file .. ".tsv")
    run.call(2, lab.write_file, path, rows.tsv(list, columns, Sweep.heads(self.name)))
  end
  return rows.format(list, columns)
end

---Draws the results; see hu.plot for the options. Rows with the same x and series are summarized by their mean, with the
---95 % confidence interval as a band. Without `file` the files are called after the columns, such as error-over-mantissa.
---@param options table
---@return string path of the SVG
function Sweep:plot(options)
  local copy = {}
  for key, value in pairs(options or {}) do copy[key] = value end
  copy.rows = self:rows()
  local plot = require "halfulp.plot"
  copy.file = copy.file or plot.file_for(copy)
  local path = plot.draw(copy, Sweep.heads(self.name), 2)
  return path
end

return Sweep
