-- figure-line.lua - lines through means, with bands.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local off = require "halfulp.figure-off"
local where, col, cell, values_or_one, count = parts.where, parts.col, parts.cell, parts.values_or_one, parts.count
local panel_title, labels, legend_of, add_references, bands = parts.panel_title, parts.labels, parts.legend_of, parts.add_references, parts.bands

-- The size of a line's markers: the first series has the largest, so that those beneath others can be seen.
local function marker(i, n)
  return ("ps %.2f"):format(n <= 1 and 0.65 or 0.95 - 0.45 * (i - 1) / (n - 1))
end

-- What a row's series is called in a table; true where there are none.
local function key_of(name, row)
  if not name then return true end
  return row[name]
end

local most_markers = 40          -- in one line of a panel: more lie upon one another

-- How a series is drawn: between texts, which have no order, there is no line. `run` counts its points, and those without a neighbor.
local function line_style(o, x_axis, run, size)
  if o.points or x_axis.texts then return "points", size end
  if run.n <= most_markers then return "linespoints", size end
  return run.alone > 0 and "linespoints" or "lines", run.alone > 0 and "ps 0.25" or ""
end

-- Counts a point of a series in its row, one after the other, or (false) a gap.
local function count_run(run, is_drawn)
  run.length = is_drawn and (run.length or 0) + 1 or 0
  run.n = run.n + (is_drawn and 1 or 0)
  run.alone = run.alone + (run.length == 1 and 1 or run.length == 2 and -1 or 0)
end

-- The ends of a group's band, where both are numbers that can be drawn.
local function band_of(o, g)
  local low, high = bands[o.band](g)
  if not low or off.why(low) or off.why(high) then return nil end
  return low, high
end

-- Why a group has no place, or not all of it, across and up: see figure-off.lua.
local function why_off(o, g)
  return off.why(g[o.x], o.logx), g.n_bad > 0 and "bad" or off.why(g.mean, o.logy)
end

-- The groups of one panel: their rows go into the figure, and what is there is told: xs, heights, runs, banded, and by series what is off.
local function gather(o, fig, y, y_name, by, groups, of)
  local seen = { xs = {}, heights = {}, runs = {}, banded = {}, by = {} }
  local heights = seen.heights
  for _, g in ipairs(groups) do
    if not o.panel or g[o.panel] == of.panel then
      local row, key = { n = g.n, n_bad = g.n_bad, quantity = y, [y_name] = g.mean }, key_of(o.series, g)
      for _, name in ipairs(by) do row[name] = cell(g[name]) end
      fig.rows[#fig.rows + 1] = row
      local x_why, y_why = why_off(o, g)
      seen.by[key], seen.runs[key] = seen.by[key] or {}, seen.runs[key] or { n = 0, alone = 0 }
      off.place(fig, seen.by[key], row, x_why, y_why, of.order[key])
      if not x_why then seen.xs[#seen.xs + 1] = g[o.x] end
      if g.n > 0 and not x_why and not off.why(g.mean, o.logy) then
        local low, high = band_of(o, g)
        row[y_name .. "_low"], row[y_name .. "_high"] = low, high
        count_run(seen.runs[key], true)
        seen.banded[key] = seen.banded[key] or low ~= nil
        heights[#heights + 1], fig.n_drawn = g.mean, fig.n_drawn + 1
        if high then
          heights[#heights + 1], heights[#heights + 2] = high, (not o.logy or low > 0) and low or nil
          seen.below = seen.below or o.logy and low <= 0
        end
      else                                                             -- the line and its band end here, and begin anew
        count_run(seen.runs[key], false)
        row[y_name], row[y_name .. "_low"], row[y_name .. "_high"] = g.mean or 0 / 0, 0 / 0, 0 / 0
      end
    end
  end
  for _, line in ipairs(o.reference or {}) do
    if line.y then heights[#heights + 1] = line.y end
  end
  return seen
end

-- The x axis with a little room at both ends.
local function x_axis(o, xs, label)
  local first, last = xs[1], xs[1]
  for _, value in ipairs(xs) do
    if type(value) == "number" then first, last = math.min(first, value), math.max(last, value) end
  end
  local pad = type(first) == "number" and not o.logx and last > first and (last - first) / 40 or 0
  return figure.axis("x", xs, { label = label, log = o.logx, each = true, pad = pad })
end

-- The marks of one panel: bands below, then references, lines, and what is said at the points. `looks` gets how each series is drawn.
local function marks_of(o, seen, series, y_name, x, position, conditions, looks)
  local marks, tops, tips = {}, {}, {}
  local low, high = parts.band_ends(col(y_name .. "_low"), col(y_name .. "_high"), o.logy)
  local fields = parts.fields(o.rows, { o.series or false, o.x })
  fields[#fields + 1] = { y_name, label = (conditions[1][2]:gsub("_$", "")) }
  for i = 1, count(series) do
    conditions[3] = { o.series, series[i] }
    local at = ("(%s ? %s : NaN)"):format(where(conditions), position)
    local key = series[i] == nil and true or series[i]
    if seen.banded[key] and (x.texts or o.points) then
      marks[#marks + 1] = ("data using %s:(%s):%s:%s with yerrorbars lt %d lw 1.6 dt 1 ps 0"):format(at, col(y_name), low, high, i)
    elseif seen.banded[key] then
      marks[#marks + 1] = ("data using %s:%s:%s with filledcurves lt %d"):format(at, low, high, i)
    end
    if seen.runs[key] and seen.runs[key].n > 0 then
      local style, size = line_style(o, x, seen.runs[key], marker(i, count(series)))
      looks[i] = looks[i] and looks[i] ~= "lines" and looks[i] or style
      tops[#tops + 1] = ("data using %s:(%s) with %s lt %d lw 1.6 %s"):format(at, col(y_name), style, i, size)
      tips[#tips + 1] = parts.hover(at, "(" .. col(y_name) .. ")", fields)
    end
    if seen.by[key] and #tops > 0 then
      off.add_marks(tips, seen.by[key], where(conditions), position, col(y_name), "lt " .. i, function(edge)
        if edge == "below" or edge == "left" then return fields end
        local told = parts.fields(o.rows, { o.series or false, o.x })
        return table.move({ { "n_bad", label = "not finite" }, { "n", label = "finite" } }, 1, 2, #told + 1, told)
      end)
    end
  end
  if #tops == 0 then return nil end
  add_references(marks, o)
  table.move(tops, 1, #tops, #marks + 1, marks)
  return table.move(tips, 1, #tips, #marks + 1, marks)
end

local function columns_of(by, y_name, several)
  local columns = { several and "quantity" or nil }
  for _, name in ipairs(by) do columns[#columns + 1] = name end
  for _, name in ipairs { "n", y_name, y_name .. "_low", y_name .. "_high" } do columns[#columns + 1] = name end
  return columns
end

-- Lines through means, with a band: y over x, a line a series, a panel a value of `panel` or a column of `y`.
local function line(o)
  local ys, by = type(o.y) == "table" and o.y or { o.y }, {}
  for _, name in ipairs { o.panel or false, o.series or false, o.x } do
    if name then by[#by + 1] = name end
  end
  local several = #ys > 1
  local y_name = several and "value" or ys[1]
  local fig = { panels = {}, rows = {}, columns = columns_of(by, y_name, several), width = o.width, across = several and 1 or o.across, title = o.title, n_drawn = 0 }
  local series, panels, looks, order = values_or_one(o.rows, o.series), values_or_one(o.rows, o.panel), {}, {}
  for i = 1, count(series) do order[series[i] == nil and true or series[i]] = i end
  for y_index, y in ipairs(ys) do
    local groups = rows.group(o.rows, by, y)
    for p = 1, count(panels) do
      local seen = gather(o, fig, y, y_name, by, groups, { panel = panels[p], order = order })
      local xlabel, ylabel = labels(o, o.x, y)
      local x, position = x_axis(o, seen.xs, xlabel), col(o.x)
      if x.texts then
        for _, row in ipairs(fig.rows) do row[o.x .. "_at"] = row[o.x .. "_at"] or x.at(row[o.x]) end
        if p == 1 and y_index == 1 then fig.columns[#fig.columns + 1] = o.x .. "_at" end
        position = col(o.x .. "_at")
      end
      local marks = marks_of(o, seen, series, y_name, x, position, { { several and "quantity", y }, { o.panel, panels[p] } }, looks)
      fig.panels[#fig.panels + 1] = marks and {
        title = panel_title(o, panels[p]), marks = marks, x = x, y = figure.axis("y", seen.heights, { label = ylabel, log = o.logy, floor = seen.below or false }),
      } or figure.empty_panel(panel_title(o, panels[p]), xlabel, ylabel)
    end
  end
  fig.legend = legend_of(o, series, function(i)
    local style = looks[i] or o.points and "points" or "linespoints"
    return ("%s lt %d lw 1.6 %s"):format(style, i, style == "lines" and "" or marker(i, count(series)))
  end)
  off.finish(fig, { "n_bad" })
  return fig
end

return line
