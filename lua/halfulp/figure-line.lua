-- figure-line.lua - lines through means, with bands.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
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

-- Between texts, which have no order, there is no line.
local function line_style(x_axis)
  return x_axis.texts and "points" or "linespoints"
end

-- Lines through means, with a band: y over x, a line a series, a panel a value of `panel` or a column of `y`.
local function line(o)
  local ys = type(o.y) == "table" and o.y or { o.y }
  local by = {}
  for _, name in ipairs { o.panel or false, o.series or false, o.x } do
    if name then by[#by + 1] = name end
  end
  local fig = { panels = {}, rows = {}, columns = {}, width = o.width, across = #ys > 1 and 1 or o.across, title = o.title }
  if #ys > 1 then fig.columns[1] = "quantity" end
  for _, name in ipairs(by) do fig.columns[#fig.columns + 1] = name end
  local y_name = #ys > 1 and "value" or ys[1]
  for _, name in ipairs { "n", y_name, y_name .. "_low", y_name .. "_high" } do fig.columns[#fig.columns + 1] = name end
  local series, style = values_or_one(o.rows, o.series), "linespoints"
  for y_index, y in ipairs(ys) do
    local groups, panels = rows.group(o.rows, by, y), values_or_one(o.rows, o.panel)
    for p = 1, count(panels) do
      local xs, heights, marks, tops, present, banded = {}, {}, {}, {}, {}, {}
      for _, g in ipairs(groups) do
        if (not o.panel or g[o.panel] == panels[p]) and g.n > 0 and (not o.logy or g.mean > 0) and (not o.logx or g[o.x] > 0) then
          local low, high = bands[o.band](g)
          if low and o.logy then low = math.max(low, math.min(g.min, g.mean)) end
          if low and o.logy and low <= 0 then low = g.mean end
          local row = { n = g.n, quantity = y, [y_name] = g.mean, [y_name .. "_low"] = low, [y_name .. "_high"] = high }
          for _, name in ipairs(by) do row[name] = cell(g[name]) end
          fig.rows[#fig.rows + 1] = row
          present[key_of(o.series, g)], banded[key_of(o.series, g)] = true, banded[key_of(o.series, g)] or low ~= nil
          xs[#xs + 1], heights[#heights + 1] = g[o.x], g.mean
          if high then heights[#heights + 1], heights[#heights + 2] = low, high end
        end
      end
      for _, line in ipairs(o.reference or {}) do
        if line.y then heights[#heights + 1] = line.y end
      end
      local xlabel, ylabel = labels(o, o.x, y)
      local first, last = xs[1], xs[1]
      for _, value in ipairs(xs) do
        if type(value) == "number" then first, last = math.min(first, value), math.max(last, value) end
      end
      local pad = type(first) == "number" and not o.logx and last > first and (last - first) / 40 or 0
      local x = figure.axis("x", xs, { label = xlabel, log = o.logx, each = true, pad = pad })
      local position = col(o.x)
      if x.texts then
        for _, row in ipairs(fig.rows) do row[o.x .. "_at"] = row[o.x .. "_at"] or x.at(row[o.x]) end
        if p == 1 and y_index == 1 then fig.columns[#fig.columns + 1] = o.x .. "_at" end
        position = col(o.x .. "_at")
      end
      for i = 1, count(series) do
        local condition = where { { #ys > 1 and "quantity", y }, { o.panel, panels[p] }, { o.series, series[i] } }
        local at = ("(%s ? %s : NaN)"):format(condition, position)
        local key = series[i] == nil and true or series[i]
        local low, high = col(y_name .. "_low"), col(y_name .. "_high")
        if banded[key] and x.texts then
          marks[#marks + 1] = ("data using %s:(%s):(%s):(%s) with yerrorbars lt %d lw 1.6 dt 1 ps 0"):format(at, col(y_name), low, high, i)
        elseif banded[key] then
          marks[#marks + 1] = ("data using %s:(%s):(%s) with filledcurves lt %d"):format(at, low, high, i)
        end
        if present[key] then
          tops[#tops + 1] = ("data using %s:(%s) with %s lt %d lw 1.6 %s"):format(at, col(y_name), line_style(x), i, marker(i, count(series)))
        end
      end
      if #tops > 0 then
        style = line_style(x)
        add_references(marks, o)
        table.move(tops, 1, #tops, #marks + 1, marks)
        fig.panels[#fig.panels + 1] = {
          title = panel_title(o, panels[p]), marks = marks, x = x,
          y = figure.axis("y", heights, { label = ylabel, log = o.logy }),
        }
      else
        fig.panels[#fig.panels + 1] = figure.empty_panel(panel_title(o, panels[p]), xlabel, ylabel)
      end
    end
  end
  fig.legend = legend_of(o, series, function(i) return ("%s lt %d lw 1.6 %s"):format(style, i, marker(i, count(series))) end)
  return fig
end

return line
