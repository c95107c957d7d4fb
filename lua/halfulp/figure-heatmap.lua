-- figure-heatmap.lua - heat maps.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local text_of, where, col, cell = parts.text_of, parts.where, parts.col, parts.cell
local values_or_one, count, panel_title, labels = parts.values_or_one, parts.count, parts.panel_title, parts.labels

-- Three digits for a cell; four where different values would look alike and the cells (`room` pixels wide) hold them.
local function cell_format(groups, room)
  local seen, longest, alike = {}, 0, false
  for _, g in ipairs(groups) do
    if g.n > 0 then
      local text = ("%.3g"):format(g.mean)
      alike = alike or (seen[text] ~= nil and seen[text] ~= g.mean)
      seen[text], longest = g.mean, math.max(longest, #("%.4g"):format(g.mean))
    end
  end
  return alike and room * 0.92 / (0.6 * longest) >= 9 and "%.4g" or "%.3g"
end

-- The size of the labels below columns of `room` pixels, and how many columns share one where the smallest is too large.
local function tick_room(values, room)
  local longest = 1
  for _, value in ipairs(values) do
    local text = rows.text(value)
    longest = math.max(longest, utf8.len(text) or #text)
  end
  local size = math.floor(room / (0.6 * longest + 1))        -- a letter is 0.6 of its size wide; one letter stays free
  if size >= 8 then return math.min(13, size), 1 end
  return 8, math.ceil(8 * (0.6 * longest + 1) / room)
end

-- A heat map: the mean of z over cells of x and y, its value printed in each.
local function heatmap(o)
  local by = { o.x, o.y }
  if o.panel then table.insert(by, 1, o.panel) end
  local groups, panels = rows.group(o.rows, by, o.z), values_or_one(o.rows, o.panel)
  local xs, ys = rows.values(o.rows, o.x), rows.values(o.rows, o.y)
  local fig = { panels = {}, rows = {}, columns = {}, legend = {}, title = o.title, width = o.width, across = o.across }
  for _, name in ipairs(by) do fig.columns[#fig.columns + 1] = name end
  for _, name in ipairs { "n", o.z, "column_at", "row_at", "text" } do fig.columns[#fig.columns + 1] = name end
  local place_x, place_y = {}, {}
  for i, value in ipairs(xs) do place_x[value] = i end
  for i, value in ipairs(ys) do place_y[value] = i end
  local low, high = math.huge, -math.huge
  local print_as = o.cell or cell_format(groups, ((o.width or 420) / (o.panel and math.min(count(panels), 2) or 1) - 135) / #xs)
  for _, g in ipairs(groups) do
    local row = { n = g.n, [o.z] = g.mean, column_at = place_x[g[o.x]], row_at = place_y[g[o.y]] }
    for _, name in ipairs(by) do row[name] = cell(g[name]) end
    row.text = g.n > 0 and print_as:format(g.mean) or "\u{d7}"
    if g.n > 0 and not (o.logz and g.mean <= 0) then low, high = math.min(low, g.mean), math.max(high, g.mean) end
    fig.rows[#fig.rows + 1] = row
    fig.has_bad = fig.has_bad or g.n == 0
  end
  if low > high then low, high = 0, 1 end
  local longest = 1
  for _, row in ipairs(fig.rows) do longest = math.max(longest, utf8.len(row.text) or #row.text) end
  local room = ((o.width or 420) / (o.panel and math.min(count(panels), 2) or 1) - 135) / #xs
  local size = math.max(7, math.min(13, math.floor(room * 0.92 / (0.6 * longest))))
  local middle = o.logz and math.sqrt(low * high) or (low + high) / 2
  local function words(values, every)
    local list = {}
    for i, value in ipairs(values) do
      list[i] = ("%s %d"):format((i - 1) % (every or 1) == 0 and text_of(value) or "''", i)
    end
    return "(" .. table.concat(list, ", ") .. ") noenhanced"
  end
  local tick_size, every = tick_room(xs, room)
  local xlabel, ylabel = labels(o, o.x, o.y)
  local z = col(o.z)
  local middle_text = rows.text(middle)
  -- Each mark with the rows it is for: gnuplot 5.4 crashes on labels without a single point.
  local layers = {
    { holds = function(row) return row.n == 0 end, when = "column('n') == 0", style = "boxxyerror fillstyle solid 1 border lc rgb 'white' lw 1.5 dt 1 lc rgb '#E4E4E4'" },
    { holds = function(row) return row.n > 0 end, when = "column('n') > 0", style = "boxxyerror fillstyle solid 1 border lc rgb 'white' lw 1.5 dt 1 lc palette", value = z },
    { holds = function(row) return row.n > 0 and row[o.z] <= middle end, when = ("column('n') > 0 && %s <= %s"):format(z, middle_text),
      style = "labels font cell_font tc rgb 'white' noenhanced", label = true },
    { holds = function(row) return row.n == 0 or row[o.z] > middle end, when = ("(column('n') == 0 || %s > %s)"):format(z, middle_text),
      style = "labels font cell_font tc rgb 'black' noenhanced", label = true },
  }
  local box = ":(column('column_at') - 0.5):(column('column_at') + 0.5):(column('row_at') - 0.5):(column('row_at') + 0.5)"
  for p = 1, count(panels) do
    local marks = {}
    for _, layer in ipairs(layers) do
      local n = 0
      for _, row in ipairs(fig.rows) do
        if layer.holds(row) and (not o.panel or row[o.panel] == cell(panels[p])) then n = n + 1 end
      end
      if n > 0 then
        marks[#marks + 1] = ("data using (%s && %s ? column('column_at') : NaN):(column('row_at'))%s with %s"):format(
          where { { o.panel, panels[p] } }, layer.when,
          layer.label and ":(strcol('text'))" or box .. (layer.value and ":(" .. layer.value .. ")" or ""), layer.style)
      end
    end
    fig.panels[p] = {
      title = (o.panel and panel_title(o, panels[p]) .. ": " or "") .. (o.zlabel or figure.label(o.z)), marks = marks,
      x = { commands = { figure.label_command("x", xlabel), ("tick_font = hu_font_size(kind, %d)"):format(tick_size),
        ("set xtics %s scale 0 font tick_font"):format(words(xs, every)),
        ("set xrange [0.5:%g]"):format(#xs + 0.5) } },
      y = { commands = { figure.label_command("y", ylabel), "set ytics " .. words(ys) .. " scale 0",
        ("set yrange [0.5:%g]"):format(#ys + 0.5) } },
      commands = {
        "unset grid", "set border 0", ("set cbrange [%s:%s]"):format(rows.text(low), rows.text(high > low and high or low + 1)),
        (o.logz and "set logscale cb" or "unset logscale cb"),
        ("cell_font = hu_font_size(kind, %d)"):format(size), "set colorbox noborder", "set style fill solid 1 noborder",
        "set cbtics " .. (o.logz and "autofreq" or rows.text(figure.nice_step((high - low) / 4))),
      },
    }
  end
  if fig.has_bad then fig.legend[1] = { title = "\u{d7}: not finite", style = "dots lc rgb '#E4E4E4'" } end
  fig.panel_px = math.max(200, 34 * #ys + 90)
  return fig
end

return heatmap
