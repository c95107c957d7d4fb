-- plot.lua - figures: NAME.tsv (the data), NAME.gp (the script), NAME.svg and NAME.png, in plots/ of the run directory.

local lab = require("halfulp.core").lab
local run = require "halfulp.run"
local rows = require "halfulp.rows"
local keys = require "halfulp.keys"
local figure = require "halfulp.figure"
local with_free_names = require "halfulp.figure-names"
local kinds = require "halfulp.kinds"
local bands = require("halfulp.figure-parts").bands

local plot = { drawn = {} }

-- Options of every kind, and what each kind needs and takes.
local common = { rows = true, kind = true, file = true, title = true, xlabel = true, ylabel = true, width = true, across = true,
  caption = true, folder = true, terminals = true }
local takes = {
  line = { needs = { "x", "y" }, "series", "panel", "logx", "logy", "band", "reference", "legend", "points" },
  heatmap = { needs = { "x", "y", "z" }, "panel", "logz", "zlabel", "cell" },
  share = { needs = { "x", "y" }, "series", "panel", "legend" },
  curves = { needs = { "y" }, "x", "series", "panel", "logx", "logy", "band", "smooth", "reference", "legend", "yrange", "spikes" },
  box = { needs = { "x", "y" }, "series", "panel", "logy", "reference", "legend" },
  violin = { needs = { "x", "y" }, "series", "panel", "logy", "reference", "legend" },
  pareto = { needs = { "x", "y" }, "series", "panel", "logx", "logy", "label", "maximize", "legend" },
  parallel = { needs = { "columns" }, "log" },
  numberline = { needs = { "formats" }, "scale" },
  contour = { needs = { "x", "y", "z" }, "panel", "logz", "zlabel", "levels" },
  surface = { needs = { "x", "y", "z" }, "panel", "logz", "zlabel" },
}

local function fail(level, text, ...)
  error("plot: " .. text:format(...), level + 1)
end

local function allowed_of(kind)
  local set = {}
  for name in pairs(common) do set[name] = true end
  for _, name in ipairs(takes[kind]) do set[name] = true end
  for _, name in ipairs(takes[kind].needs) do set[name] = true end
  return set
end

local types = {
  file = "string", title = "string", xlabel = "string", ylabel = "string", zlabel = "string", legend = "string", caption = "string",
  cell = "string", folder = "string", points = "boolean", logx = "boolean", logy = "boolean", logz = "boolean", series = "string", panel = "string",
  width = "number", across = "number", smooth = "number", reference = "table", formats = "table", rows = "table", yrange = "table",
  label = "string", maximize = "string", columns = "table", log = "table", terminals = "table",
}

-- What a figure can be written as, and the files of each.
local endings = { svg = { ".svg" }, png = { ".png" }, pdf = { ".pdf" }, cairolatex = { "-latex.tex", "-latex.pdf" }, text = { ".txt" } }
local closing = { [".svg"] = "</svg>", [".png"] = "IEND", [".pdf"] = "%EOF", ["-latex.pdf"] = "%EOF" }

local function is_list(value)
  return type(value) == "table" or type(value) == "userdata"
end

-- A column holds a list for each point where the kind draws lists, else one value.
local function check_column(o, key, name, level)
  level = level + 1
  rows.need(o.rows, name, "plot: " .. key, level)
  local wants_list = o.kind == "curves" and (key == "x" or key == "y")
  local log = (key == "x" and o.logx) and "logx" or (key == "y" and o.logy and o.kind == "line") and "logy"
  for _, row in ipairs(o.rows) do
    local value = row[name]
    if value ~= nil and is_list(value) ~= wants_list then
      fail(level, wants_list and "%s: %s is a %s; curves takes a list for each point"
        or "%s: %s is a list; %s takes one value for each point (the kind curves draws lists)", key, name,
        wants_list and type(value) or o.kind)
    end
    if value ~= value and (key == "x" and not wants_list and o.kind ~= "pareto" or key == "series" or key == "panel" or key == "y" and o.z) then
      fail(level, "%s: %s is NaN at a point, which has no place on an axis; leave such points out", key, name)
    end
    if o.kind == "share" and key == "y" and value ~= nil and value ~= 0 and value ~= 1 and type(value) ~= "boolean" then
      fail(level, "y: %s is %s at a point; share takes true and false, or 1 and 0", name, rows.text(value))
    end
    if log and value ~= nil and not wants_list and type(value) ~= "number" then
      fail(level, "%s: %s is a %s; %s takes numbers", key, name, type(value), log)
    end
  end
end

-- What numbers lie in, both ends with them; whole ones where it says so.
local ranges = { width = { 100, 20000, "pixels", whole = true }, across = { 1, 100, "panels in a row", whole = true }, levels = { 1, 1000, "lines", whole = true } }

local function check_numbers(o, level)
  level = level + 1
  for _, name in ipairs { "width", "across", "levels" } do
    local value, range = o[name], ranges[name]
    if type(value) == "number" and not (value >= range[1] and value <= range[2] and (not range.whole or value % 1 == 0)) then
      fail(level, "%s is %s; it takes %d to %d %s", name, rows.text(value), range[1], range[2], range[3])
    end
  end
  if o.levels == nil or type(o.levels) == "number" then return end
  local is_list = type(o.levels) == "table" and #o.levels > 0
  for _, value in ipairs(is_list and o.levels or {}) do is_list = is_list and type(value) == "number" and value == value and math.abs(value) ~= math.huge end
  if not is_list then fail(level, "levels is %s; it takes how many, or a list of heights", type(o.levels) == "table" and "a list of something else" or tostring(o.levels)) end
end

-- The logarithmic axes of parallel: columns of it, with numbers.
local function check_log(o, level)
  level = level + 1
  for _, name in ipairs(o.log or {}) do
    local has = false
    for _, column in ipairs(o.columns) do has = has or column == name end
    if not has then fail(level, "log: %s is not among columns", tostring(name)) end
    for _, row in ipairs(o.rows) do
      if row[name] ~= nil and type(row[name]) ~= "number" then fail(level, "log: %s is a %s; log takes columns of numbers", name, type(row[name])) end
    end
  end
end

local spike_rules = { rise = true, residual = true }

-- What single kinds take, and the terminals.
local function check_rest(o, level)
  level = level + 1
  for _, name in ipairs(o.terminals or {}) do
    if not endings[name] then fail(level, "terminals: %s is none; there are %s", tostring(name), table.concat(keys(endings), ", ")) end
  end
  if o.terminals and #o.terminals == 0 then fail(level, "terminals is empty; it takes some of %s", table.concat(keys(endings), ", ")) end
  if o.columns and #o.columns < 2 then fail(level, "columns has %d names; it takes two or more", #o.columns) end
  check_log(o, level)
  check_numbers(o, level)
  if o.maximize and o.maximize ~= "x" and o.maximize ~= "y" and o.maximize ~= "xy" then
    fail(level, "maximize is %s; it takes \"x\", \"y\" or \"xy\"", o.maximize)
  end
  if o.smooth and not (o.smooth >= 0 and o.smooth < 1) then fail(level, "smooth is %s; it takes a decay of at least 0 and less than 1", tostring(o.smooth)) end
  if o.spikes == true then o.spikes = "rise" end
  if o.spikes and not spike_rules[o.spikes] then fail(level, "spikes is %s; it takes rise or residual", tostring(o.spikes)) end
end

local function check(o, level)
  level = level + 1
  if not takes[o.kind] then
    fail(level, "kind is %s; it takes one of %s", tostring(o.kind), table.concat(keys(takes), ", "))
  end
  local allowed = allowed_of(o.kind)
  for key, value in pairs(o) do
    if not allowed[key] then
      local near = lab.nearest(tostring(key), keys(allowed))
      fail(level, "unknown option %s for the kind %s; %s", tostring(key), o.kind,
        (near and "did you mean " .. near .. "? (known: %s)" or "known: %s"):format(table.concat(keys(allowed), ", ")))
    end
    if types[key] and type(value) ~= types[key] then
      fail(level, "%s is a %s; it takes a %s", key, type(value), types[key])
    end
  end
  for _, key in ipairs(takes[o.kind].needs) do
    if o[key] == nil then fail(level, "%s is missing; a figure of the kind %s needs it", key, o.kind) end
  end
  if not o.file or not o.file:find "^[%w][%w_%-%.]*$" then
    fail(level, "file is %s; it takes a name of letters, digits, - and _, without folder and ending", tostring(o.file))
  end
  if o.kind ~= "numberline" then
    if not o.rows then fail(level, "rows is missing; it takes a list of tables, such as sweep:rows()") end
    for _, key in ipairs { "x", "y", "z", "series", "panel", "label", "columns" } do
      for _, name in ipairs(type(o[key]) == "table" and o[key] or { o[key] }) do
        check_column(o, key, name, level)
      end
    end
  end
  check_rest(o, level)
  if allowed.band then o.band = o.band or (o.kind == "line" and "ci95" or "range") end
  if allowed.band and not bands[o.band] then
    fail(level, "band is %s; it takes one of %s", tostring(o.band), table.concat(keys(bands), ", "))
  end
  if o.kind == "curves" and o.band ~= "range" and o.band ~= "none" then fail(level, "band is %s; curves takes range or none", o.band) end
end

-- The text of plots/style.gp, which lies two folders above this file, in the source tree and installed.
local function style_text()
  local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" or "."
  local file, message = io.open(here .. "/../../plots/style.gp", "rb")
  if not file then error("plot: " .. message, 0) end
  local text = file:read "a"
  file:close()
  return text
end

local function shell_quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function file_ends(path, ending)
  local file = io.open(path, "rb")
  if not file then return false end
  file:seek("end", -math.min(64, file:seek "end"))
  local tail = file:read "a"
  file:close()
  return tail:find(ending, 1, true) ~= nil
end

-- The endings of all files that the terminals write.
local function files_of(terminals)
  local list = {}
  for _, terminal in ipairs(terminals) do table.move(endings[terminal], 1, #endings[terminal], #list + 1, list) end
  return list
end

-- Runs gnuplot in the folder; raises with its first words where it fails. The data and the script are there by then.
local function draw(folder, name, terminals)
  local files = files_of(terminals)
  for _, ending in ipairs(files) do os.remove(folder .. "/" .. name .. ending) end
  local pipe = io.popen(("cd %s && LC_ALL=C.UTF-8 gnuplot %s.gp 2>&1; echo \"status $?\""):format(shell_quote(folder), name))
  local output = pipe and pipe:read "a" or "status 127"
  if pipe then pipe:close() end
  local status = tonumber(output:match "status (%d+)%s*$") or 1
  local said = output:gsub("status %d+%s*$", ""):gsub("^%s+", "")
  local kept = ("; the data are in %s/%s.tsv, the script is %s.gp beside it"):format(folder, name, name)
  if status == 127 then
    error("plot: gnuplot is not installed (on Debian: apt install gnuplot-nox)" .. kept, 0)
  end
  if status ~= 0 then
    local line = said:match "line %d+:[^\n]*" or said:match "^[^\n]*" or ""
    error(("plot: gnuplot failed (%s)%s"):format(line, kept), 0)
  end
  for _, ending in ipairs(files) do
    if not file_ends(folder .. "/" .. name .. ending, closing[ending] or "\n") then
      error("plot: gnuplot's pictures are cut short; is the disk full?" .. kept, 0)
    end
  end
end

---What the files of a figure are called where nobody says it.
---@param o table  the options
---@return string
function plot.file_for(o)
  local up = o.z or o.y or o.formats or "plot"
  local name = type(up) == "table" and table.concat(up, "-") or tostring(up)
  if o.columns then name = "columns" end
  if not o.formats and not o.columns then name = name .. "-over-" .. tostring(o.x or "step") end
  name = name:gsub("[^%w_%-]", "_"):gsub("^[^%w]+", "")
  return name
end

local function with_kind(options)
  local o = {}
  for key, value in pairs(options) do o[key] = value end
  o.kind = o.kind or (o.formats and "numberline" or o.columns and "parallel" or o.z and "heatmap" or "line")
  return o
end

---Draws and returns the path of the SVG. `heads` are the lines at the top of the data file.
function plot.draw(options, heads, level)
  local o = with_kind(options)
  check(o, (level or 1) + 1)
  local height = o.z or o.y
  local fig = kinds[o.kind](with_free_names(o))
  if (fig.n_drawn or #fig.rows) == 0 then fail((level or 1) + 1, "nothing to draw: no row has a finite value of %s %sbelow 9e307", tostring(height), (o.logy or o.logz) and "above 0 and " or "") end
  local terminals = o.terminals or { "svg", "png" }
  fig.kinds = table.concat(terminals, " ")
  local folder = o.folder or (run.directory().path .. "/plots")
  run.call(0, lab.make_folders, folder)
  local base = folder .. "/" .. o.file
  run.call(0, lab.write_file, folder .. "/style.gp", style_text())
  run.call(0, lab.write_file, base .. ".tsv", rows.tsv(fig.rows, fig.columns, heads))
  run.call(0, lab.write_file, base .. ".gp", figure.script(fig, o.file, heads))
  draw(folder, o.file, terminals)
  plot.drawn[#plot.drawn + 1] = { file = o.file, path = base .. ".svg", title = o.title, caption = o.caption }
  return base .. endings[terminals[1]][1]
end

---Draws a figure from rows of values: a list of tables such as `sweep:rows()` gives. Leaves NAME.svg, NAME.png, the data
---NAME.tsv and the script NAME.gp, which runs alone in its folder, in plots/ of the run directory. Kinds:
---
---- "line" (default): the mean of `y` over `x`, a line a value of `series`, a band for its spread; `y` may be a list of columns, a panel each. A line of
----   more than 40 points has no markers; `points = true` draws points, without lines between them, their spread as bars.
---- "heatmap" (with `z`): the mean of `z` in cells of `x` and `y`, printed in each.
---- "share": how often `y` is true at each `x`, with Wilson's 95 % interval and the counts.
---- "curves": results that are lists (a loss at each step); the median over the points of a series, and their range.
---- "box", "violin": how `y` spreads at each `x`: quartiles with Tukey's whiskers, or its density; a series beside another.
---- "pareto": `y` against `x`, the front of the points that no other beats in both, the others in gray; `maximize` ("x", "y" or "xy") says what is the better the larger, `label` names the points of the front.
---- "parallel": a line a point through an axis for each of `columns`, colored by the last; `log` lists those with a logarithmic scale.
---- "numberline" (with `formats`): every positive value of some formats on a line.
---- "contour": the mean of `z` over a grid of `x` and `y` as colors, with lines of equal height; `levels` says how many (20) or which.
---- "surface": the same seen from above at an angle.
---
---What has no place on an axis is marked at its edge: NaN, infinities and numbers beyond 8.9e307 by a cross above (or at the right), zero and negative
---values on a logarithmic axis by a plus below (or at the left). Lines and bands end there. Heat maps have a cross in the cell, contours a hole. NaN is
---refused where it would have to name a group of rows: a series, a panel, the x of a line or a box. A band whose lower end is not positive goes down to
---the edge of a logarithmic axis; the data have its end.
---
---@param options table  rows, kind, x, y, z, series, panel (columns), file (name without ending), title, xlabel, ylabel, zlabel, legend (text above the legend), logx, logy, logz (true: logarithmic), band ("ci95", "sd", "range", "none"; of curves: "range", "none"), reference ({{y = 0.1, label = "text"}, ...}; formula = "x" in place of y: an expression of gnuplot), points (true: without lines), smooth (decay of an average, for curves), spikes ("rise" or "residual", the rules of hu.stats.spikes: marked on curves), terminals (what is written: some of "svg", "png", "pdf", "cairolatex", "text"; {"svg", "png"}), formats, scale, cell (a format such as "%.2f"), across (panels in a row), width (pixels; 420 is a column, 860 a page), caption (for the report)
---@return string path of the first picture
function plot.plot(options)
  if type(options) ~= "table" then fail(1, "it takes a table of options") end
  local s = run.settings()
  local path = plot.draw(options, {
    ("%s: %s"):format(run.name(), tostring(options.file)), "parameters: " .. lab.json(run.parameters),
    ("seed: %d"):format(s.seed), "version: halfulp " .. lab.version,
  }, 2)
  return path
end

-- Calls fn; an error of it is told without the place in our own files.
local function without_place(fn, ...)
  local ok, result = pcall(fn, ...)
  if not ok then error((tostring(result):gsub("^[^:]*%.lua:%d+: ", "")), 0) end
  return result
end

local lists, numbers = { columns = true, log = true, terminals = true }, { smooth = true, levels = true, across = true, width = true }

local function split(text)
  local list = {}
  for name in text:gmatch "[^,]+" do list[#list + 1] = name end
  return list
end

-- Options as they stand on a command line: texts. Several columns of y are parted by commas, too.
local function from_texts(options)
  local o = {}
  for key, value in pairs(options) do
    if type(value) == "string" and (lists[key] or key == "y" and value:find ",") then value = split(value) end
    if type(value) == "string" and numbers[key] then
      local number = math.tointeger(tonumber(value)) or tonumber(value)
      if not number then
        run.wrong_usage = true
        error(("plot: %s is %s; it takes a number"):format(key, value), 0)
      end
      value = number
    end
    o[key] = value
  end
  return o
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

---Draws from the store of a run directory, without its script; for `halfulp plot DIR`. Of several sweeps, those are taken
---that have the columns, or the one that is named.
---@param folder string
---@param options table  those of hu.plot, and sweep; lists may be texts with commas, numbers may be texts
---@return string path   of the first picture; where that is a text, the text
function plot.of(folder, options)
  local points, manifest = rows.stored(folder)
  local list, o, sweeps = {}, with_kind(from_texts(options)), {}
  for _, point in ipairs(points) do
    sweeps[point.sweep] = true
    if point.state == "done" and (not o.sweep or point.sweep == o.sweep) then
      local row = point.results
      for name, value in pairs(point.params) do row[name] = value end
      list[#list + 1] = row
    end
  end
  if o.sweep and not sweeps[o.sweep] and next(sweeps) then
    run.wrong_usage = true
    error(("plot: there is no sweep %s; there are %s"):format(o.sweep, table.concat(keys(sweeps), ", ")), 0)
  end
  if #list == 0 then error("plot: there are no finished points to show", 0) end
  o.sweep, o.rows, o.folder = nil, list, folder .. "/plots"
  o.file = o.file or plot.file_for(o)
  run.wrong_usage = true            -- what is wrong with the options is how the command was written
  without_place(check, o, 1)
  run.wrong_usage = nil
  local path = without_place(plot.draw, o, {
    ("%s: %s"):format(folder, o.file), "parameters: " .. (manifest:match '"parameters": ([^\n]*),\n' or "{}"),
    "seed: " .. (manifest:match '"seed": ([^\n]*),\n' or ""), "version: halfulp " .. (manifest:match '"version": "([^"]*)"' or ""),
  })
  if o.terminals and #o.terminals == 1 and o.terminals[1] == "text" then return (read(path):gsub("%s*\n", "\n"):gsub("^\n+", ""):gsub("\n+$", "")) end
  return path
end

return plot
