-- figure-curves.lua - curves over steps.

local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local where, col, cell, values_or_one = parts.where, parts.col, parts.cell, parts.values_or_one
local count, panel_title, legend_of, add_references = parts.count, parts.panel_title, parts.legend_of, parts.add_references

-- At most `most` points of a list, evenly chosen, the last one with them.
local function thin(n, most)
  local list, step = {}, math.max(1, math.ceil(n / most))
  for i = 1, n, step do list[#list + 1] = i end
  if n > 0 and list[#list] ~= n then list[#list + 1] = n end
  return list
end

local function finite(value)
  return type(value) == "number" and value == value and math.abs(value) ~= math.huge
end

local function median(list)
  table.sort(list)
  local n = #list
  return n % 2 == 1 and list[n // 2 + 1] or (list[n // 2] + list[n // 2 + 1]) / 2
end

local function average(list, decay)
  local out, mean, weight = {}, 0.0, 0.0
  for i = 1, #list do
    if finite(list[i]) then
      mean, weight = decay * mean + (1 - decay) * list[i], decay * weight + (1 - decay)
      out[i] = mean / weight
    else
      out[i] = list[i]
      mean, weight = 0.0, 0.0
    end
  end
  return out
end

-- Curves over steps: y names results that are lists; the median of the points of a series as a line, their range as a band.
local function curves(o)
  local ys = type(o.y) == "table" and o.y or { o.y }
  local fig = { panels = {}, rows = {}, title = o.title, width = o.width, across = #ys > 1 and 1 or o.across }
  local x_name, series, panels = o.x or "step", values_or_one(o.rows, o.series), values_or_one(o.rows, o.panel)
  fig.columns = { "quantity" }
  for _, name in ipairs { o.panel or false, o.series or false } do
    if name then fig.columns[#fig.columns + 1] = name end
  end
  for _, name in ipairs { x_name, "n", "median", "low", "high", "lost" } do fig.columns[#fig.columns + 1] = name end
  for _, y in ipairs(ys) do
    for p = 1, count(panels) do
      local heights, xs, marks, tops = {}, {}, {}, {}
      for i = 1, count(series) do
        local lists, before = {}, #fig.rows
        for _, row in ipairs(o.rows) do
          if (not o.series or row[o.series] == series[i]) and (not o.panel or row[o.panel] == panels[p]) and row[y] then
            local list, steps = row[y], o.x and row[o.x] or nil
            if type(list) == "userdata" then list = list:totable() end
            if type(steps) == "userdata" then steps = steps:totable() end
            lists[#lists + 1] = { o.smooth and average(list, o.smooth) or list, steps }
          end
        end
        local longest = 0
        for _, pair in ipairs(lists) do longest = math.max(longest, #pair[1]) end
        for _, at in ipairs(thin(longest, 400)) do
          local values, lost, x = {}, 0, at
          for _, pair in ipairs(lists) do
            x = pair[2] and pair[2][at] or x
            if finite(pair[1][at]) then values[#values + 1] = pair[1][at]
            elseif pair[1][at] ~= nil then lost = lost + 1 end
          end
          if #values > 0 and not (o.logx and x <= 0) then
            local row = { quantity = y, [x_name] = x, n = #values, lost = lost }
            row.median = median(values)
            row.low, row.high = values[1], values[#values]
            if o.panel then row[o.panel] = cell(panels[p]) end
            if o.series then row[o.series] = cell(series[i]) end
            fig.rows[#fig.rows + 1] = row
            heights[#heights + 1], xs[#xs + 1] = row.median, x
            if o.band ~= "none" then heights[#heights + 1], heights[#heights + 2] = row.low, row.high end
          end
        end
        local at = ("(%s ? %s : NaN)"):format(where { { "quantity", y }, { o.panel, panels[p] }, { o.series, series[i] } }, col(x_name))
        if #fig.rows > before and o.band ~= "none" then
          marks[#marks + 1] = ("data using %s:(column('low')):(column('high')) with filledcurves lt %d"):format(at, i)
        end
        if #fig.rows > before then
          tops[#tops + 1] = ("data using %s:(column('median')) with lines lt %d lw 1.6"):format(at, i)
        end
      end
      local xlabel, ylabel = o.xlabel or figure.label(x_name), (type(o.ylabel) == "string" and o.ylabel) or figure.label(y)
      add_references(marks, o)
      table.move(tops, 1, #tops, #marks + 1, marks)
      fig.panels[#fig.panels + 1] = #tops > 0 and {
        title = panel_title(o, panels[p]), marks = marks,
        x = figure.axis("x", xs, { label = xlabel, log = o.logx }),
        y = figure.axis("y", heights, { label = ylabel, log = o.logy, range = o.yrange }),
      } or figure.empty_panel(panel_title(o, panels[p]), xlabel, ylabel)
    end
  end
  fig.panel_px = #ys > 1 and 210 or nil
  fig.legend = legend_of(o, series, function(i) return ("lines lt %d lw 1.8"):format(i) end)
  return fig
end

return curves
