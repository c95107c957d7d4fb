-- rows.lua - rows of results: selecting, grouping with mean and confidence interval, text tables, TSV.
--
-- A row is a table of named values: a point's parameters and what its function returned.

local core = require "halfulp.core"
local run = require "halfulp.run"
local lab = core.lab
local show = require("halfulp.values").show

local rows = {}

-- Numbers before texts, each in its own order; for sorting values of mixed columns.
local function less(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
  return (type(a) == "number" and 0 or 1) < (type(b) == "number" and 0 or 1)
end

---The different values of a column, in order.
---@param list table[]
---@param name string
---@return any[]
function rows.values(list, name)
  local seen, out = {}, {}
  for _, row in ipairs(list) do
    local value = row[name]
    if value ~= nil and value == value and not seen[value] then
      seen[value] = true
      out[#out + 1] = value
    end
  end
  table.sort(out, less)
  return out
end

---The columns that hold single values, parameters and results, in order of their names.
---@param list table[]
---@return string[]
function rows.columns(list)
  local seen, out = {}, {}
  for _, row in ipairs(list) do
    for name, value in pairs(row) do
      if not seen[name] and type(value) ~= "table" and type(value) ~= "userdata" then
        seen[name] = true
        out[#out + 1] = name
      end
    end
  end
  table.sort(out)
  return out
end

---Raises unless some row has the column; names the ones there are.
function rows.need(list, name, what, level)
  if type(list) ~= "table" then error(("%s: rows are %s; it takes a list of tables, such as sweep:rows() gives"):format(what, show(list)), (level or 1) + 1) end
  for i, row in ipairs(list) do
    if type(row) ~= "table" then error(("%s: row %d is %s; it takes a table of named values"):format(what, i, show(row)), (level or 1) + 1) end
  end
  if #list == 0 then
    error(("%s: there are no finished points to show"):format(what), (level or 1) + 1)
  end
  for _, row in ipairs(list) do
    if row[name] ~= nil then return end
  end
  local known, seen = {}, {}
  for _, row in ipairs(list) do
    for column in pairs(row) do
      if not seen[column] then
        seen[column] = true
        known[#known + 1] = tostring(column)
      end
    end
  end
  table.sort(known)
  local near = lab.nearest(tostring(name), known)
  error(("%s: no column %q; %s"):format(what, tostring(name),
    (near and "did you mean " .. near .. "? (there are %s)" or "there are %s"):format(table.concat(known, ", "))), (level or 1) + 1)
end

---The rows in which every named column has the wanted value.
---
---```lua
---local list = {{a = 1, y = 5}, {a = 2, y = 6}, {a = 1, y = 7}}
---print(#hu.select(list, {a = 1}))    --> 2
---```
---@param list table[]   such as `sweep:rows()`
---@param wanted table   {name = value}
---@return table[]
function rows.select(list, wanted)
  local out = {}
  for _, row in ipairs(list) do
    local fits = true
    for key, value in pairs(wanted) do fits = fits and row[key] == value end
    if fits then out[#out + 1] = row end
  end
  return out
end

---One column of rows as a list.
---
---```lua
---print(hu.stats.mean(hu.column({{y = 5}, {y = 7}}, "y")))    --> 6.0
---```
---@param list table[]
---@param name string
---@return any[]
function rows.column(list, name)
  local out = {}
  for i, row in ipairs(list) do out[i] = row[name] end
  return out
end

---Groups rows by columns and summarizes one column.
---@param list table[]
---@param by string[]  the columns whose values make a group
---@param y string     the column that is summarized; values that are not finite are counted apart
---@return table[] groups  the columns of `by`, in `at` too, where a name is one of these: n, n_bad (not finite), mean, sd, ci95 (half the width of the 95 % interval of the mean), min, max, values
function rows.group(list, by, y)
  local index, out = {}, {}
  for _, row in ipairs(list) do
    local value = row[y]
    if type(value) == "boolean" then value = value and 1 or 0 end        -- as the store keeps them
    if type(value) == "number" then
      local at = index
      for _, name in ipairs(by) do
        local key = row[name] == nil and "" or row[name]
        at[key] = at[key] or {}
        at = at[key]
      end
      if not at.group then
        at.group = { values = {}, n = 0, n_bad = 0, at = {} }
        for _, name in ipairs(by) do at.group.at[name] = row[name] end
        out[#out + 1] = at.group
      end
      local g = at.group
      if value == value and math.abs(value) ~= math.huge then
        g.n = g.n + 1
        g.values[g.n] = value
      else
        g.n_bad = g.n_bad + 1
      end
    end
  end
  for _, g in ipairs(out) do
    if g.n > 0 then
      table.sort(g.values)
      g.mean, g.min, g.max = core.analysis.mean(g.values), g.values[1], g.values[g.n]
      if g.n > 1 then g.sd, g.ci95 = core.analysis.sd(g.values), core.analysis.ci95(g.values) end
    end
  end
  table.sort(out, function(a, b)
    for _, name in ipairs(by) do
      if a.at[name] ~= b.at[name] then return less(a.at[name], b.at[name]) end
    end
    return false
  end)
  for _, g in ipairs(out) do
    for name, value in pairs(g.at) do
      if g[name] == nil then g[name] = value end
    end
  end
  return out
end

---A number as text that reads back as the same number; nil as "-", which gnuplot skips.
function rows.text(value)
  if value == nil then return "-" end
  if math.type(value) == "integer" then return tostring(value) end
  if type(value) == "number" then
    if value ~= value then return "NaN" end
    if value == math.huge then return "Inf" end
    if value == -math.huge then return "-Inf" end
    for digits = 15, 17 do
      local text = ("%." .. digits .. "g"):format(value)
      if tonumber(text) == value then return text end
    end
  end
  return (tostring(value):gsub("[\t\r\n]", " "))
end

---A table of few digits for people, columns under one another.
---@param list table[]
---@param columns string[]
---@return string
function rows.format(list, columns)
  local widths, lines = {}, {}
  local function cell(value)
    if value ~= value then return "nan" end
    if type(value) == "number" and math.type(value) == "float" then return ("%.4g"):format(value) end
    return value == nil and "-" or tostring(value)
  end
  for c, name in ipairs(columns) do
    widths[c] = utf8.len(name) or #name
    for _, row in ipairs(list) do widths[c] = math.max(widths[c], #cell(row[name])) end
  end
  local function line(get)
    local cells = {}
    for c, name in ipairs(columns) do
      local text = get(name)
      cells[c] = (" "):rep(widths[c] - (utf8.len(text) or #text)) .. text
    end
    lines[#lines + 1] = table.concat(cells, "  ")
  end
  line(function(name) return name end)
  for _, row in ipairs(list) do line(function(name) return cell(row[name]) end) end
  return table.concat(lines, "\n") .. "\n"
end

---An empty line in a table: what gnuplot takes as the end of a line of a grid.
rows.gap = {}

---Tab-separated text: lines that begin with #, one line of column names, a line a row.
---@param list table[]
---@param columns string[]
---@param heads string[]  the lines with #, without it
---@return string
function rows.tsv(list, columns, heads)
  local lines = {}
  for _, head in ipairs(heads) do lines[#lines + 1] = "# " .. head:gsub("[\r\n]", " ") end
  lines[#lines + 1] = table.concat(columns, "\t")
  for _, row in ipairs(list) do
    local cells = {}
    for c, name in ipairs(row == rows.gap and {} or columns) do cells[c] = rows.text(row[name]) end
    lines[#lines + 1] = table.concat(cells, "\t")
  end
  return table.concat(lines, "\n") .. "\n"
end

local not_there, no_folder = 2, 20      -- ENOENT and ENOTDIR

---The points of a run directory, from its store, and its manifest as JSON.
---@param folder string
---@return table[] points   as the store has them: sweep, state, params, results, failure
---@return string manifest
---@return string? script   its text, where the run kept it
function rows.stored(folder)
  local path = folder .. "/results.sqlite"
  local file, message, code = io.open(path, "rb")
  if not file and (code == not_there or code == no_folder) then
    error(("%s is not a run directory: it has no results.sqlite"):format(folder), 0)
  elseif not file then
    error(message, 0)
  end
  file:close()
  return run.call(0, lab.read, path)
end

return rows
