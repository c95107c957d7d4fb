-- figure-curves.lua - curves over steps.

local core = require "halfulp.core"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local off = require "halfulp.figure-off"
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
  return type(value) == "number" and not off.why(value)
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

local function list_of(value)
  return type(value) == "userdata" and value:totable() or value
end

-- The curves of one series in one panel: {values, steps or nil}.
local function lists_of(o, y, panel, series)
  local lists = {}
  for _, row in ipairs(o.rows) do
    if (not o.series or row[o.series] == series) and (not o.panel or row[o.panel] == panel) and row[y] then
      local list = list_of(row[y])
      lists[#lists + 1] = { o.smooth and average(list, o.smooth) or list, o.x and list_of(row[o.x]), raw = list }
    end
  end
  return lists
end

-- The finite values of all curves at one position, how many are not finite, the step, and whether those are only too large for gnuplot.
local function values_at(lists, at)
  local values, lost, x, why = {}, 0, at, "huge"
  for _, pair in ipairs(lists) do
    x = pair[2] and pair[2][at] or x
    if finite(pair[1][at]) then values[#values + 1] = pair[1][at]
    elseif pair[1][at] ~= nil then
      lost = lost + 1
      if off.why(pair[1][at]) == "bad" then why = "bad" end
    end
  end
  return values, lost, x, why
end

-- Adds a row for each position, with the median and the range; returns how many are drawn. Where curves cease to be finite, or a median to be
-- positive on a logarithmic axis, there is a mark; where none is left the line ends.
local function add_medians(o, fig, lists, keys, seen)
  local longest, n, before, was = 0, 0, 0, nil
  for _, pair in ipairs(lists) do longest = math.max(longest, #pair[1]) end
  for _, at in ipairs(thin(longest, 400)) do
    local values, lost, x, lost_why = values_at(lists, at)
    if #values + lost > 0 then
      local middle = #values > 0 and median(values) or 0 / 0                  -- and the values are in order
      local row = { [keys.x] = x, n = #values, lost = lost, median = middle, low = values[1] or 0 / 0, high = values[#values] or 0 / 0 }
      for name, value in pairs(keys.own) do row[name] = value end
      local x_why, y_why = off.why(x, o.logx), lost > before and lost_why or #values > 0 and off.why(middle, o.logy) or nil
      local why = (x_why or "") .. "," .. (y_why or "")
      if why ~= was or lost > before then off.place(fig, keys, row, x_why, y_why, keys.k) end
      before, was = lost, why
      fig.rows[#fig.rows + 1] = row
      if #values > 0 and not x_why and not (o.logy and middle <= 0) then
        n, fig.n_drawn = n + 1, fig.n_drawn + 1
        seen.heights[#seen.heights + 1], seen.xs[#seen.xs + 1] = row.median, x
        if o.band ~= "none" then
          seen.heights[#seen.heights + 1], seen.heights[#seen.heights + 2] = row.high, (not o.logy or row.low > 0) and row.low or nil
          seen.below = seen.below or o.logy and row.low <= 0
        end
      end
    end
  end
  return n
end

-- Adds a row for each spike of each curve, at the value it has there; returns how many.
local function add_spikes(o, fig, lists, keys, seen)
  local n = 0
  for _, pair in ipairs(o.spikes and lists or {}) do
    for _, at in ipairs(core.analysis.spikes(pair.raw)[o.spikes].steps) do
      local x, value = pair[2] and pair[2][at] or at, pair[1][at]
      if finite(value) and not (o.logx and x <= 0) and not (o.logy and value <= 0) then
        local row = { [keys.x] = x, spike = value }
        for name, own in pairs(keys.own) do row[name] = own end
        fig.rows[#fig.rows + 1], n = row, n + 1
        seen.heights[#seen.heights + 1] = value
      end
    end
  end
  return n
end

-- The marks of one series: band, line, spikes, and what is told at some of the points.
local function marks_of(o, at, i, n, n_spikes, keys, marks, tops)
  local is_curve = ("(strcol('n') ne '-' ? %s : NaN)"):format(at)
  if n > 0 and o.band ~= "none" then
    local low, high = parts.band_ends("column('low')", "column('high')", o.logy)
    marks[#marks + 1] = ("data using %s:%s:%s with filledcurves lt %d"):format(is_curve, low, high, i)
  end
  if n > 0 then tops[#tops + 1] = ("data using %s:(column('median')) with lines lt %d lw 1.6"):format(is_curve, i) end
  if n_spikes > 0 then
    tops[#tops + 1] = ("data using %s:(column('spike')) with points pt 10 ps 0.8 lw 1.2 lc rgb '#000000'"):format(("(strcol('spike') ne '-' ? %s : NaN)"):format(at))
  end
  if n > 0 then
    local stride = math.max(1, n // 40)        -- rows of a curve follow one another, so that some are left
    local fields = parts.fields(o.rows, { o.series or false })
    fields[#fields + 1] = { keys.x }
    for _, name in ipairs { "median", "low", "high" } do fields[#fields + 1] = { name } end
    tops[#tops + 1] = parts.hover(("(int(column(0)) %% %d == 0 ? %s : NaN)"):format(stride, is_curve), "(column('median'))", fields)
  end
end

-- One panel: a quantity for one value of `panel`.
local function add_panel(o, fig, y, panel, series, x_name)
  local seen, marks, tops, edges = { heights = {}, xs = {} }, {}, {}, {}
  for i = 1, count(series) do
    local keys, lists = { x = x_name, own = { quantity = y }, k = i }, lists_of(o, y, panel, series[i])
    if o.panel then keys.own[o.panel] = cell(panel) end
    if o.series then keys.own[o.series] = cell(series[i]) end
    local n = add_medians(o, fig, lists, keys, seen)
    local n_spikes = add_spikes(o, fig, lists, keys, seen)
    fig.has_spikes = fig.has_spikes or n_spikes > 0
    local at = ("(%s ? %s : NaN)"):format(where { { "quantity", y }, { o.panel, panel }, { o.series, series[i] } }, col(x_name))
    marks_of(o, at, i, n, n_spikes, keys, marks, tops)
    local fields = parts.fields(o.rows, { o.series or false })
    table.move({ { keys.x }, { "lost", label = "not finite" }, { "n", label = "finite" } }, 1, 3, #fields + 1, fields)
    off.add_marks(edges, keys, where { { "quantity", y }, { o.panel, panel }, { o.series, series[i] } }, col(x_name), col "median", "lt " .. i,
      function() return fields end)
  end
  local xlabel, ylabel = o.xlabel or figure.label(x_name), (type(o.ylabel) == "string" and o.ylabel) or figure.label(y)
  add_references(marks, o)
  table.move(tops, 1, #tops, #marks + 1, marks)
  table.move(edges, 1, #edges, #marks + 1, marks)
  fig.panels[#fig.panels + 1] = #tops > 0 and {
    title = panel_title(o, panel), marks = marks,
    x = figure.axis("x", seen.xs, { label = xlabel, log = o.logx }),
    y = figure.axis("y", seen.heights, { label = ylabel, log = o.logy, range = o.yrange, floor = seen.below or false }),
  } or figure.empty_panel(panel_title(o, panel), xlabel, ylabel)
end

-- Curves over steps: y names results that are lists; the median of the points of a series as a line, their range as a band, and their spikes as triangles.
local function curves(o)
  local ys = type(o.y) == "table" and o.y or { o.y }
  local fig = { panels = {}, rows = {}, title = o.title, width = o.width, across = #ys > 1 and 1 or o.across, columns = { "quantity" }, n_drawn = 0 }
  local x_name, series, panels = o.x or "step", values_or_one(o.rows, o.series), values_or_one(o.rows, o.panel)
  for _, name in ipairs { o.panel or false, o.series or false } do
    if name then fig.columns[#fig.columns + 1] = name end
  end
  for _, name in ipairs { x_name, "n", "median", "low", "high", "lost", o.spikes and "spike" or nil } do fig.columns[#fig.columns + 1] = name end
  for _, y in ipairs(ys) do
    for p = 1, count(panels) do add_panel(o, fig, y, panels[p], series, x_name) end
  end
  fig.panel_px = #ys > 1 and 210 or nil
  fig.legend = legend_of(o, series, function(i) return ("lines lt %d lw 1.8"):format(i) end)
  if fig.has_spikes then fig.legend[#fig.legend + 1] = { title = "spike", style = "points pt 10 ps 0.8 lw 1.2 lc rgb '#000000'" } end
  off.finish(fig, {})
  return fig
end

return curves
