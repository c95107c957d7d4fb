-- figure-pareto.lua - two results against each other: the points that no other point beats in both, and the rest in gray.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local off = require "halfulp.figure-off"
local where, col, cell, values_or_one, count = parts.where, parts.col, parts.cell, parts.values_or_one, parts.count
local panel_title, labels, legend_of = parts.panel_title, parts.labels, parts.legend_of

-- The points in the order of x, each with whether it is on the front: nobody is better in one and not worse in the other.
local function ranked(list, x, y, sign_x, sign_y)
  local order, best = {}, math.huge
  for i, row in ipairs(list) do order[i] = { row = row, x = sign_x * row[x], y = sign_y * row[y], i = i } end
  table.sort(order, function(a, b)
    if a.x ~= b.x then return a.x < b.x end
    if a.y ~= b.y then return a.y < b.y end
    return a.i < b.i
  end)
  for i, one in ipairs(order) do
    local twin = order[i - 1] and order[i - 1].x == one.x and order[i - 1].y == one.y
    one.front = one.y < best or (twin and order[i - 1].front)
    best = math.min(best, one.y)
  end
  return order
end

-- The rows of the options' columns that can be drawn, and those that have numbers without a place on the axes.
local function parted(o, panel)
  local list, without = {}, {}
  for _, row in ipairs(o.rows) do
    local x, y = row[o.x], row[o.y]
    if (not o.panel or row[o.panel] == panel) and type(x) == "number" and type(y) == "number" then
      local to = (off.why(x, o.logx) or off.why(y, o.logy)) and without or list
      to[#to + 1] = row
    end
  end
  return list, without
end

-- Gives a text to those points of the front, among rows from `first` on, whose names do not lie upon one another; sizes are those of a panel
-- of one column. Notes how far they reach beyond the last point, in parts of the axis.
local function place_labels(o, fig, first, seen)
  local function scale_of(list, log)
    local low, high = math.huge, -math.huge
    for _, value in ipairs(list) do low, high = math.min(low, value), math.max(high, value) end
    if log then low, high = math.log(low), math.log(high) end
    return function(value) return high > low and ((log and math.log(value) or value) - low) / (high - low) or 0.5 end
  end
  local across, up, placed = scale_of(seen.xs, o.logx), scale_of(seen.heights, o.logy), {}
  for i = first, #fig.rows do
    local row = fig.rows[i]
    if row.part == "front" then
      local one = { x = across(row[o.x]) * 320, y = up(row[o.y]) * 190, text = rows.text(row[o.label]) }
      one.w = 6.5 * #one.text + 8
      local free = true
      for _, other in ipairs(placed) do
        free = free and (math.abs(one.y - other.y) >= 12 or one.x >= other.x + other.w or other.x >= one.x + one.w)
      end
      if free then
        row.text, placed[#placed + 1] = one.text, one
        seen.beyond = math.max(seen.beyond or 0, (one.x + one.w) / 320 - 1)
      end
    end
  end
end

-- Adds the points of a panel, those on the front first: gnuplot ends a line at a row that is not its own. Says how many there are in each
-- series, and all coordinates.
local function gather(o, fig, panel)
  local worse_x = o.maximize and o.maximize:find "x" and -1 or 1
  local worse_y = o.maximize and o.maximize:find "y" and -1 or 1
  local seen, first = { xs = {}, heights = {}, front = {}, dominated = {} }, #fig.rows + 1
  local list, without = parted(o, panel)
  local order = ranked(list, o.x, o.y, worse_x, worse_y)
  local function add(row, part)
    local out = { part = part, [o.x] = row[o.x], [o.y] = row[o.y] }
    for _, name in ipairs { o.panel or false, o.series or false, o.label or false } do
      if name then out[name] = cell(row[name]) end
    end
    fig.rows[#fig.rows + 1] = out
    return out
  end
  for _, kind in ipairs { "front", "dominated" } do
    for _, one in ipairs(order) do
      if (kind == "front") == (one.front == true) then
        local row, key = one.row, o.series and one.row[o.series] or true
        add(row, kind)
        fig.n_drawn = fig.n_drawn + 1
        seen[kind][key], seen.any = (seen[kind][key] or 0) + 1, true
        seen.xs[#seen.xs + 1], seen.heights[#seen.heights + 1] = row[o.x], row[o.y]
      end
    end
  end
  if o.label and seen.any then place_labels(o, fig, first, seen) end
  seen.off, seen.all_labeled = {}, true
  for _, row in ipairs(without) do
    local key = o.series and row[o.series] or true
    seen.off[key] = seen.off[key] or {}
    off.place(fig, seen.off[key], add(row, "edge"), off.why(row[o.x], o.logx), off.why(row[o.y], o.logy), 1)
    seen.all_labeled = seen.all_labeled and o.label and row[o.label] ~= nil
  end
  return seen
end

-- The marks of a panel: points that are beaten below, the stairs of the front, its points, names, and what is told at each.
local function marks_of(o, seen, panel, series)
  local marks, x, y = {}, col(o.x), "(" .. col(o.y) .. ")"
  local function at(part, value)
    return ("(%s ? %s : NaN)"):format(where { { o.panel, panel }, { part and "part", part }, { value ~= nil and o.series, value } }, x)
  end
  for i = 1, count(series) do
    local key = series[i] == nil and true or series[i]
    if seen.dominated[key] then
      marks[#marks + 1] = ("data using %s:%s with points lt %d lc rgb '#B0B0B0' ps 0.5"):format(at("dominated", series[i]), y, i)
    end
  end
  marks[#marks + 1] = ("data using %s:%s with steps lw 1.4 dt 1 lc rgb '#555555'"):format(at "front", y)
  for i = 1, count(series) do
    local key = series[i] == nil and true or series[i]
    if seen.front[key] then marks[#marks + 1] = ("data using %s:%s with points lt %d ps 0.95"):format(at("front", series[i]), y, i) end
  end
  if o.label then
    marks[#marks + 1] = ("data using %s:%s:(strcol('%s')) with labels left offset 0.6,0.5 font label_font noenhanced"):format(("(strcol('text') ne '-' ? %s : NaN)"):format(at "front"), y, "text")
  end
  marks[#marks + 1] = parts.hover(at(), y, parts.fields(o.rows, { o.label or false, o.series or false, o.x, o.y }))
  for i = 1, count(series) do
    local fields = parts.fields(o.rows, { seen.all_labeled and o.label or false, o.series or false, o.x, o.y })
    off.add_marks(marks, seen.off[series[i] == nil and true or series[i]] or {}, where { { o.panel, panel }, { o.series, series[i] } }, x, col(o.y),
      o.series and "lt " .. i or "lc rgb '#555555'", function() return fields end)
  end
  return marks
end

-- The axis of x, with room for the names that stand to the right of their points.
local function axis_x(o, seen, label)
  local first, last = math.huge, -math.huge
  for _, value in ipairs(seen.xs) do first, last = math.min(first, value), math.max(last, value) end
  local pad, range = not o.logx and last > first and (last - first) / 40 or 0, nil
  if seen.beyond and last > first then
    range = o.logx and { first / 1.12, last * math.max(1.12, (last / first) ^ seen.beyond) }
      or { first - pad, last + math.max(pad, seen.beyond * (last - first)) }
  end
  return figure.axis("x", seen.xs, { label = label, log = o.logx, pad = pad, range = range })
end

-- y against x, both the smaller the better; `maximize` names those that are the better the larger.
local function pareto(o)
  local fig = { panels = {}, rows = {}, columns = {}, title = o.title, width = o.width, across = o.across, n_drawn = 0 }
  for _, name in ipairs { o.panel or false, o.series or false, o.label or false, "part", o.x, o.y, o.label and "text" or false } do
    if name then fig.columns[#fig.columns + 1] = name end
  end
  local series, panels = values_or_one(o.rows, o.series), values_or_one(o.rows, o.panel)
  local xlabel, ylabel = labels(o, o.x, o.y)
  for p = 1, count(panels) do
    local seen = gather(o, fig, panels[p])
    fig.panels[p] = seen.any and {
      title = panel_title(o, panels[p]), marks = marks_of(o, seen, panels[p], series), commands = { "label_font = hu_font_size(kind, 10)" },
      x = axis_x(o, seen, xlabel),
      y = figure.axis("y", seen.heights, { label = ylabel, log = o.logy }),
    } or figure.empty_panel(panel_title(o, panels[p]), xlabel, ylabel)
  end
  fig.legend = legend_of(o, series, function(i) return ("points lt %d ps 0.95"):format(i) end)
  if not o.series then fig.legend[1] = { title = "not beaten", style = "points lt 1 ps 0.95" } end
  fig.legend[#fig.legend + 1] = { title = "front", style = "lines lw 1.4 dt 1 lc rgb '#555555'" }
  fig.legend[#fig.legend + 1] = { title = "beaten in both", style = "points pt 7 lc rgb '#B0B0B0' ps 0.6" }
  off.finish(fig, {})
  return fig
end

return pareto
