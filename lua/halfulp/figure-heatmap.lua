-- figure-heatmap.lua - heat maps.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local where, col, cell = parts.where, parts.col, parts.cell
local values_or_one, count, panel_title, labels = parts.values_or_one, parts.count, parts.panel_title, parts.labels

local smallest = 7           -- pixels: the size of a cell's text
local beside = 135           -- what stands beside the cells, with the bar of colors

-- The longest text of the cells, and whether different values look alike.
local function texts_of(groups, format)
  local seen, longest, alike = {}, 0, false
  for _, g in ipairs(groups) do
    if g.n > 0 then
      local text = format:format(g.mean)
      alike = alike or (seen[text] ~= nil and seen[text] ~= g.mean)
      seen[text], longest = g.mean, math.max(longest, #text)
    end
  end
  return longest, alike
end

-- Three digits for a cell; four where different values would look alike and the cells (`room` pixels wide) hold them; fewer in narrow
-- cells; none, as nil, where they do not hold two.
local function cell_format(groups, room)
  local function size(format) return room * 0.92 / (0.6 * math.max(1, (texts_of(groups, format)))) end
  local _, alike = texts_of(groups, "%.3g")
  if alike and size "%.4g" >= 9 then return "%.4g" end
  for _, format in ipairs { "%.3g", "%.2g" } do
    if size(format) >= smallest then return format end
  end
  return nil
end

-- The pixels that a column of cells has.
local function room_of(o, panels, xs)
  return ((o.width or 420) / (o.panel and math.min(count(panels), 2) or 1) - beside) / #xs
end

-- A row of the table for each group, with its place and its text; returns the least and the greatest value that has a color.
local function add_cells(o, fig, groups, by, xs, ys, print_as)
  local place_x, place_y, low, high = {}, {}, math.huge, -math.huge
  for i, value in ipairs(xs) do place_x[value] = i end
  for i, value in ipairs(ys) do place_y[value] = i end
  for _, g in ipairs(groups) do
    local row = { n = g.n, [o.z] = g.mean, column_at = place_x[g[o.x]], row_at = place_y[g[o.y]] }
    for _, name in ipairs(by) do row[name] = cell(g[name]) end
    row.text = g.n == 0 and "\u{d7}" or print_as and print_as:format(g.mean) or nil
    if g.n > 0 and not (o.logz and g.mean <= 0) then low, high = math.min(low, g.mean), math.max(high, g.mean) end
    fig.rows[#fig.rows + 1] = row
    fig.has_bad = fig.has_bad or g.n == 0
  end
  if low > high then return 0, 1 end
  return low, high
end

-- What is drawn one upon the other, each with the rows it is for: gnuplot 5.4 crashes on labels without a single point.
local function layers_of(o, low, high)
  local middle = o.logz and math.sqrt(low * high) or (low + high) / 2
  local z, text = col(o.z), rows.text(middle)
  local box = "boxxyerror fillstyle solid 1 border lc rgb 'white' lw 1.5 dt 1 lc "
  return {
    { holds = function(row) return row.n == 0 end, when = "column('n') == 0", style = box .. "rgb '#E4E4E4'" },
    { holds = function(row) return row.n > 0 end, when = "column('n') > 0", style = box .. "palette", value = z },
    { holds = function(row) return row.text and row.n > 0 and row[o.z] <= middle end, when = ("column('n') > 0 && %s <= %s"):format(z, text),
      style = "labels font cell_font tc rgb 'white' noenhanced", label = true },
    { holds = function(row) return row.text and (row.n == 0 or row[o.z] > middle) end, when = ("(column('n') == 0 || %s > %s)"):format(z, text),
      style = "labels font cell_font tc rgb 'black' noenhanced", label = true },
  }
end

local box_ends = ":(column('column_at') - 0.5):(column('column_at') + 0.5):(column('row_at') - 0.5):(column('row_at') + 0.5)"

-- The marks of one panel, and what is told at its cells.
local function marks_of(o, fig, layers, panel)
  local marks, any = {}, false
  for _, layer in ipairs(layers) do
    local n = 0
    for _, row in ipairs(fig.rows) do
      if layer.holds(row) and (not o.panel or row[o.panel] == cell(panel)) then n = n + 1 end
    end
    if n > 0 then
      marks[#marks + 1] = ("data using (%s && %s ? column('column_at') : NaN):(column('row_at'))%s with %s"):format(
        where { { o.panel, panel } }, layer.when,
        layer.label and ":(strcol('text'))" or box_ends .. (layer.value and ":(" .. layer.value .. ")" or ""), layer.style)
      any = true
    end
  end
  if any then
    local fields = parts.fields(o.rows, { o.x, o.y })
    table.move({ { o.z }, { "n" } }, 1, 2, #fields + 1, fields)
    marks[#marks + 1] = parts.hover(("(%s ? column('column_at') : NaN)"):format(where { { o.panel, panel } }), "(column('row_at'))", fields, 4)
  end
  return marks
end

local function axes_of(o, xs, ys)
  local xlabel, ylabel = labels(o, o.x, o.y)
  local list = {}
  for i, word in ipairs(figure.words(ys)) do list[i] = ("%s %d"):format(figure.quote(word[1]), i) end
  return { commands = { figure.label_command("x", xlabel), ("set xrange [0.5:%g]"):format(#xs + 0.5) }, label = xlabel, words = figure.words(xs), beside = beside, more = " scale 0" },
    { commands = { figure.label_command("y", ylabel), ("set ytics (%s) noenhanced scale 0"):format(table.concat(list, ", ")),
      ("set yrange [0.5:%g]"):format(#ys + 0.5) } }
end

-- The size of the texts in cells of that width.
local function cell_size(list, room)
  local longest = 1
  for _, row in ipairs(list) do longest = math.max(longest, row.text and utf8.len(row.text) or 1) end
  return math.max(smallest, math.min(13, math.floor(room * 0.92 / (0.6 * longest))))
end

-- A heat map: the mean of z over cells of x and y, its value printed in each that has room.
local function heatmap(o)
  local by = { o.x, o.y }
  if o.panel then table.insert(by, 1, o.panel) end
  local groups, panels = rows.group(o.rows, by, o.z), values_or_one(o.rows, o.panel)
  local xs, ys = rows.values(o.rows, o.x), rows.values(o.rows, o.y)
  local fig = { panels = {}, rows = {}, columns = table.move(by, 1, #by, 1, {}), legend = {}, title = o.title, width = o.width, across = o.across }
  for _, name in ipairs { "n", o.z, "column_at", "row_at", "text" } do fig.columns[#fig.columns + 1] = name end
  local room = room_of(o, panels, xs)
  local low, high = add_cells(o, fig, groups, by, xs, ys, o.cell or cell_format(groups, room))
  local layers, size = layers_of(o, low, high), cell_size(fig.rows, room)
  for p = 1, count(panels) do
    local x, y = axes_of(o, xs, ys)
    fig.panels[p] = {
      title = (o.panel and panel_title(o, panels[p]) .. ": " or "") .. (o.zlabel or figure.label(o.z)),
      marks = marks_of(o, fig, layers, panels[p]), x = x, y = y,
      commands = {
        "unset grid", "set border 0", ("set cbrange [%s:%s]"):format(rows.text(low), rows.text(high > low and high or low + 1)),
        (o.logz and "set logscale cb" or "unset logscale cb"),
        ("cell_font = hu_font_size(kind, %d)"):format(size), "set colorbox noborder", "set style fill solid 1 noborder",
        "set format cb '%g'", "set cbtics " .. (o.logz and "autofreq" or rows.text(figure.nice_step((high - low) / 4))),
      },
    }
  end
  if fig.has_bad then fig.legend[1] = { title = "\u{d7}: not finite", style = "dots lc rgb '#E4E4E4'" } end
  fig.panel_px = math.max(200, 34 * #ys + 90)
  return fig
end

return heatmap
