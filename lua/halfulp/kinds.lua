-- kinds.lua - the kinds of figures: lines with bands, heat maps, shares with intervals, curves, number lines.
--
-- Each kind is a function of the checked options that returns a figure (see figure.lua).

local core = require "halfulp.core"
local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local quote = figure.quote

local kinds = {}

local function text_of(value)
  return quote(rows.text(value))
end

-- The rows of one panel and one series, as a condition of gnuplot on its columns.
local function where(conditions)
  local list = {}
  for _, c in ipairs(conditions) do
    if c[1] then list[#list + 1] = ("strcol(%s) eq %s"):format(quote(c[1]), text_of(c[2])) end
  end
  return #list > 0 and table.concat(list, " && ") or "1"
end

local function col(name)
  return ("column(%s)"):format(quote(name))
end

local function cell(value)
  if type(value) == "boolean" then return tostring(value) end
  return value
end

-- The values of an optional column; one nil panel or series where there is none.
local function values_or_one(list, name)
  return name and rows.values(list, name) or { n = 1 }
end

local function count(values)
  return values.n or #values
end

-- What stands above a panel: a text as it is, a number with the name of its column.
local function panel_title(o, value)
  if not o.panel then return nil end
  return type(value) == "number" and ("%s = %s"):format(o.panel:gsub("_", " "), rows.text(value)) or rows.text(value)
end

-- Axis labels: those of the options, else made from the columns.
local function labels(o, x, y)
  return o.xlabel or figure.label(x), o.ylabel or figure.label(y)
end

local function legend_of(o, series, style)
  local legend = { title = o.series and (o.legend or figure.label(o.series)) or nil }
  for i = 1, count(series) do
    if o.series then legend[#legend + 1] = { title = rows.text(series[i]), style = style(i) } end
  end
  for _, line in ipairs(o.reference or {}) do
    if line.label then legend[#legend + 1] = { title = line.label, style = 'lines lw 1.5 dt (2,2) lc rgb "#555555"' } end
  end
  return legend
end

local function add_references(marks, o)
  for _, line in ipairs(o.reference or {}) do
    marks[#marks + 1] = ('%s with lines lw 1.5 dt (2,2) lc rgb "#555555"'):format(
      line.y and rows.text(line.y) or line.formula)
  end
end

local bands = {
  ci95 = function(g) return g.ci95 and g.mean - g.ci95, g.ci95 and g.mean + g.ci95 end,
  sd = function(g) return g.sd and g.mean - g.sd, g.sd and g.mean + g.sd end,
  range = function(g) return g.min, g.max end,
  none = function() end,
}
kinds.bands = bands

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

---Lines through means, with a band: y over x, a line a series, a panel a value of `panel` or a column of `y`.
function kinds.line(o)
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

---A heat map: the mean of z over cells of x and y, its value printed in each.
function kinds.heatmap(o)
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

---Shares: how often y is true (1), as dots with Wilson's interval; a line of text for each x, beside it k of n.
function kinds.share(o)
  local by, xs, series = { o.x }, rows.values(o.rows, o.x), values_or_one(o.rows, o.series)
  if o.series then by[2] = o.series end
  if o.panel then table.insert(by, 1, o.panel) end
  local panels = values_or_one(o.rows, o.panel)
  local fig = { panels = {}, rows = {}, columns = {}, title = o.title, width = o.width, across = o.across }
  for _, name in ipairs(by) do fig.columns[#fig.columns + 1] = name end
  for _, name in ipairs { "k", "n", "share", "share_low", "share_high", "row_at", "text" } do fig.columns[#fig.columns + 1] = name end
  local place, place_series = {}, {}
  for i, value in ipairs(xs) do place[value] = #xs + 1 - i end
  for i = 1, count(series) do place_series[series[i] or 1] = i end
  for _, g in ipairs(rows.group(o.rows, by, o.y)) do
    local k = 0
    for _, value in ipairs(g.values) do k = k + (value ~= 0 and 1 or 0) end
    if g.n > 0 then
      local i = place_series[o.series and g[o.series] or 1]
      local row = { k = k, n = g.n, share = k / g.n, text = ("%d of %d"):format(k, g.n) }
      row.share_low, row.share_high = core.analysis.wilson(k, g.n)
      row.row_at = place[g[o.x]] - 0.8 * ((i - 0.5) / count(series) - 0.5)
      for _, name in ipairs(by) do row[name] = cell(g[name]) end
      fig.rows[#fig.rows + 1] = row
    end
  end
  local ticks = {}
  for i, value in ipairs(xs) do ticks[i] = ("%s %d"):format(text_of(value), place[value]) end
  for p = 1, count(panels) do
    local marks = {}
    for i = 1, count(series) do
      local at = where { { o.panel, panels[p] }, { o.series, series[i] } }
      local n = 0
      for _, row in ipairs(fig.rows) do
        if (not o.panel or row[o.panel] == cell(panels[p])) and (not o.series or row[o.series] == cell(series[i])) then n = n + 1 end
      end
      if n == 0 then goto continue end
      marks[#marks + 1] = ("data using (%s ? column('share') : NaN):(column('row_at')):(column('share_low')):(column('share_high')) with xerrorbars lt %d lw 1.6 ps 0.7 dt 1"):format(at, i)
      marks[#marks + 1] = ("data using (%s ? 1.03 : NaN):(column('row_at')):(strcol('text')) with labels left tc lt %d font font_small noenhanced"):format(at, i)
      ::continue::
    end
    fig.panels[p] = {
      title = panel_title(o, panels[p]), marks = marks,
      x = { commands = { figure.label_command("x", o.ylabel or ("share " .. figure.label(o.y) .. " (with 95 % Wilson interval)")),
        "set xrange [0:1.22]", "set xtics ('0' 0, '0.25' 0.25, '0.5' 0.5, '0.75' 0.75, '1' 1)" } },
      y = { commands = { figure.label_command("y", o.xlabel or figure.label(o.x)),
        ("set yrange [0.4:%g]"):format(#xs + 0.6), "set ytics (" .. table.concat(ticks, ", ") .. ") noenhanced" } },
      commands = { "font_small = hu_font_size(kind, 11)" },
    }
  end
  fig.panel_px = math.max(180, (14 * count(series) + 5) * #xs + 64)
  fig.legend = legend_of(o, series, function(i) return ("points lt %d ps 0.9"):format(i) end)
  return fig
end

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

---Curves over steps: y names results that are lists; the median of the points of a series as a line, their range as a band.
function kinds.curves(o)
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

---Every positive value of some formats as a mark on a line, subnormal numbers apart; `scale`: "log" (default) or "linear".
function kinds.numberline(o)
  local formats, fig = o.formats, { panels = {}, rows = {}, title = o.title, width = o.width or 860, legend = {} }
  fig.columns = { "format", "value", "class", "row_at" }
  local ticks, lowest, highest = {}, math.huge, -math.huge
  local hu = require "halfulp"
  for i, name in ipairs(formats) do
    local f, at = hu.format(name), #formats + 1 - i
    ticks[i] = ("%s %d"):format(quote(tostring(name)), at)
    local values = f:values():totable()
    for _, value in ipairs(values) do
      if value > 0 then
        local normal = f.min_normal
        fig.rows[#fig.rows + 1] = {
          format = tostring(name), value = value, row_at = at, class = normal and value < normal and "subnormal" or "normal",
        }
        lowest, highest = math.min(lowest, value), math.max(highest, value)
      end
    end
  end
  local marks = {}
  local classes = {}
  for _, row in ipairs(fig.rows) do classes[row.class] = true end
  for i, class in ipairs { "normal", classes.subnormal and "subnormal" or nil } do
    marks[i] = ("data using (strcol('class') eq '%s' ? column('value') : NaN):(column('row_at') - 0.3):(0):(0.6) with vectors nohead lt %d dt 1 lw 0.8"):format(class, i)
    fig.legend[i] = { title = class == "normal" and "normal numbers" or "subnormal numbers", style = ("lines lt %d dt 1 lw 2"):format(i) }
  end
  local log = o.scale ~= "linear"
  fig.panels[1] = {
    marks = marks,
    x = { commands = { figure.label_command("x", o.xlabel or "value (positive half; the negative one is its mirror)"),
      log and "set logscale x 2" or "unset logscale x", log and "set format x '2^{%L}'" or "set format x '%g'",
      log and ("set xrange [%s:%s]"):format(rows.text(lowest / 1.6), rows.text(highest * 1.6)) or ("set xrange [0:%s]"):format(rows.text(highest * 1.02)),
      log and ("set xtics %s"):format(rows.text(2.0 ^ math.max(1, math.ceil((math.log(highest, 2) - math.log(lowest, 2)) / 12)))) or "set xtics autofreq" } },
    y = { commands = { "set ylabel ''", ("set yrange [0.4:%g]"):format(#formats + 0.6), "set ytics (" .. table.concat(ticks, ", ") .. ") scale 0 noenhanced" } },
    commands = { "set grid noytics", "set lmargin 13", "set border 1" },
  }
  fig.panel_px = 34 * #formats + 80
  return fig
end

return kinds
