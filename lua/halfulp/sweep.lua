-- sweep.lua - a grid of parameters, or another source of points, computed point by point, kept in the store of the run.

local lab = require("halfulp.core").lab
local run = require "halfulp.run"
local rows = require "halfulp.rows"
local check_options = require "halfulp.options"
local source = require "halfulp.points-source"
local grids = require "halfulp.points-grid"
local point_of = require "halfulp.point"

---@class hu.sweep
---@field points table[]  the parameters of each point
local Sweep = {}
Sweep.__index = Sweep
Sweep.__name = "sweep"

---A sweep over a grid of parameters: every combination is one point. Or over a list of points: {{format = "e8m7",
---seed = 1}, ...}. Or over what `hu.points` makes; where that adapts, `points` grows while the sweep runs.
---@param grid table      name -> list of values (or one value), a list of points, or a source of `hu.points`
---@param options table?  {where = function(point) -> whether it belongs to the sweep}
---@return hu.sweep
function Sweep.new(grid, options)
  if type(grid) ~= "table" or next(grid) == nil then
    error("sweep: it takes a table, for example {mantissa = hu.range(1, 10), seed = {1, 2, 3}}", 2)
  end
  check_options("sweep", options, { "where" })
  local from = grid
  if not source.is(grid) then from = type(grid[1]) == "table" and grids.list(grid, 3) or grids.new(grid, 3) end
  local self = setmetatable({ points = {}, names = from.names, source = from, where = options and options.where }, Sweep)
  self:add(from:first())
  return self
end

-- More points, those that `where` keeps.
function Sweep:add(list)
  for _, point in ipairs(list) do
    if not self.where or self.where(point) then self.points[#self.points + 1] = point end
  end
end

local options_of_run = { "name", "uses", "files", "jobs", "quiet", "retry", "timeout", "memory", "best" }

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

-- What the worker calls. Results must not hide parameters: the function's table is looked at where it is made.
local function guarded(fn, names, directory)
  return function(point, key)
    point = point_of.new(point, directory:point(key))
    local results = fn(point)
    if type(results) == "table" then
      for _, name in ipairs(names) do
        if results[name] ~= nil then
          error(("the result %q has the name of a parameter"):format(name), 0)
        end
      end
    end
    return results, point_of.artifacts(point)
  end
end

-- The points that this process computes, where a sweep is divided among several runs (--shard).
local function share(points, shard, from)
  if not shard then return points end
  local mine = {}
  for i, point in ipairs(points) do
    if (from + i - 1) % shard.n == shard.i then mine[#mine + 1] = point end
  end
  return mine
end

---Computes the points that the run directory does not have yet and keeps the results there. The function gets a table of
---the point's parameters and `run_seed`, a seed of its own that follows from them and from `--seed`; it returns a table of
---named results: numbers, strings, true and false (kept as 1 and 0), lists of numbers and arrays. It may run in another
---process (`--jobs`), where what it changes outside is lost. A point that fails is recorded with its error, does not end the
---sweep, and is tried again by the next run. When every point fails, so does this call.
---@param fn function
---
---`retry` tries a point that failed again, up to so many times; `timeout` (seconds) and `memory` (bytes beyond what the script has)
---end a point that takes more. `best` names a result: the point where it is the least so far ("max:NAME": the greatest) stands beside
---the progress. The command line's --retry, --timeout, --memory and --best hold where they are not given.
---@param options table?  {name = what tells this sweep from others of the script, uses = {names of the script's parameters that its results depend on; all}, files = {paths of files that are read}, jobs = (0: in this process), retry = , timeout = , memory = , best = , quiet = true: no progress, and no line at the end that names the folder}
---@return hu.sweep
function Sweep:run(fn, options)
  options = options or {}
  if type(fn) ~= "function" then
    error(("run: the first argument is a %s; it takes a function of a point"):format(type(fn)), 2)
  end
  check_options("run", options, options_of_run)
  run.quiet = run.quiet or options.quiet
  local settings = run.settings()
  local identity = run.identity(fn, options.uses, options.files or {})
  self.name = unique_name(options.name)
  local directory = run.directory()
  local shard = settings.shard or { i = 0, n = 1 }
  local function compute(points, first)
    return run.call(3, directory.sweep, directory, {
      name = self.name, points = points, run = guarded(fn, self.names, directory), identity = identity, seed = settings.seed,
      jobs = options.jobs or settings.jobs, quiet = options.quiet, first = first, stride = shard.n, retry = options.retry or settings.retry,
      timeout = options.timeout or settings.timeout, memory = options.memory or settings.memory,
      best = options.best or settings.best,
    })
  end
  if settings.shard then
    if self.source.more then error("run: points that follow from results cannot be divided with --shard", 2) end
    self.points = share(self.points, settings.shard, 0)
  end
  local s = compute(self.points, shard.i)
  while self.source.more do
    local before = #self.points
    self:add(self.source:more(self:rows()) or {})
    if #self.points == before then break end
    local more = compute(table.move(self.points, before + 1, #self.points, 1, {}), before)
    for key, value in pairs(more) do
      if type(value) == "number" then s[key] = s[key] + value elseif s[key] == "" then s[key] = value end
    end
  end
  self.summary = s
  if s.failed > 0 then
    local text = ("%s: %d of %d points failed; the first: %s"):format(self.name, s.failed, s.points, s.first_failure)
    if s.failed == s.points and not settings.shard then error(text, 0) end
    if not options.quiet and lab.rank() == 0 then io.stderr:write("halfulp: note: ", text, "\n") end
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
---@return table[] failures  {params = table, error = text, output = the last lines that it printed, signal = that ended it, attempts = }
function Sweep:failures()
  local out = {}
  for i, row in ipairs(stored(self, "failures")) do
    if row.state == "failed" then
      out[#out + 1] = { params = self.points[i], error = row.failure, output = row.output, signal = row.signal, attempts = row.attempts }
    end
  end
  return out
end

---The finished points grouped: the mean of one result, with its spread.
---@param options table  {by = {names of parameters}, y = name of a result}
---@return table[] groups  n, n_bad (not finite), mean, sd, ci95 (half the width of the 95 % confidence interval of the mean), min, max, and the parameters of `by`, all of them in `at`
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
  check_options("table", options, { "columns", "file" })
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
