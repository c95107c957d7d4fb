-- figure-box.lua - how values spread: boxes of quartiles, and violins.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local off = require "halfulp.figure-off"
local where, cell, values_or_one, count = parts.where, parts.cell, parts.values_or_one, parts.count
local panel_title, labels, legend_of, add_references = parts.panel_title, parts.labels, parts.legend_of, parts.add_references

local few = 10              -- up to so many values, all of them are drawn beside the box
local fewest = 4            -- fewer than these have no quartiles worth a box: points, and a line at the median
local narrow = 10           -- pixels: narrower boxes have thinner lines, and no points beside
local many = 24             -- so many boxes are drawn as wide as a page, where nobody says how wide

-- The value below which a share of the sorted list lies; linear between neighbors.
local function quantile(sorted, share)
  local at = 1 + share * (#sorted - 1)
  local low = math.floor(at)
  local next_one = sorted[math.min(low + 1, #sorted)]
  return sorted[low] + (at - low) * (next_one - sorted[low])
end

-- Quartiles and whiskers (Tukey: the farthest values within 1.5 of the box's height of it).
local function box_of(values)
  table.sort(values)
  local box = { n = #values, q1 = quantile(values, 0.25), median = quantile(values, 0.5), q3 = quantile(values, 0.75) }
  local reach = 1.5 * (box.q3 - box.q1)
  for _, value in ipairs(values) do
    if value >= box.q1 - reach then
      box.low = math.min(box.low or value, value)
    end
    if value <= box.q3 + reach then box.high = math.max(box.high or value, value) end
  end
  return box
end

-- The outline of a violin: a Gaussian kernel density, Silverman's width, on the scale of the axis; {value, share of the greatest}.
local function outline(values, log)
  local list, mean, sd = {}, 0.0, 0.0
  for i, value in ipairs(values) do list[i] = log and math.log(value) or value end
  if list[1] == list[#list] then return {} end
  for _, x in ipairs(list) do mean = mean + x / #list end
  for _, x in ipairs(list) do sd = sd + (x - mean) ^ 2 / math.max(1, #list - 1) end
  sd = math.sqrt(sd)
  local spread = (quantile(list, 0.75) - quantile(list, 0.25)) / 1.34
  local width = 0.9 * (spread > 0 and math.min(sd, spread) or sd) * (#list) ^ -0.2
  if not (width > 0) then return {} end
  local out, greatest, steps = {}, 0, 60
  local first, last = list[1] - 2 * width, list[#list] + 2 * width
  for i = 0, steps do
    local x, density = first + (last - first) * i / steps, 0.0
    for _, at in ipairs(list) do density = density + math.exp(-0.5 * ((x - at) / width) ^ 2) end
    greatest = math.max(greatest, density)
    out[#out + 1] = { log and math.exp(x) or x, density }
  end
  for _, point in ipairs(out) do point[2] = point[2] / greatest end
  return out
end

-- The values of a group that have a place, and how many have none for each reason.
local function drawn_values(o, g)
  local list, lost = {}, { bad = g.n_bad, huge = 0, low = 0 }
  for _, value in ipairs(g.values) do
    local why = off.why(value, o.logy)
    if why then lost[why] = lost[why] + 1 else list[#list + 1] = value end
  end
  return list, lost
end

-- The rows of one group: its box, its points, its outline. `at` is its place, `half` half of its width.
local function add_group(o, g, at, half, add, is_narrow)
  local values, lost = drawn_values(o, g)
  for _, why in ipairs { "bad", "huge", "low" } do
    if lost[why] > 0 then add({ part = "edge", at = at, n_off = lost[why], n = #values }, why) end
  end
  if #values == 0 then return end
  local shape = o.kind == "violin" and #values >= fewest and outline(values, o.logy) or {}      -- of equal values there is none
  local box, violin = box_of(values), #shape > 0
  local is_few = #values < fewest or o.kind == "violin" and not violin
  add { part = is_few and "few" or "box", at = at, half = violin and half / 5 or half, n = box.n, low = box.low, q1 = box.q1, median = box.median, q3 = box.q3, high = box.high }
  for i, value in ipairs(violin and {} or values) do
    local beyond = value < box.low or value > box.high
    if beyond or is_few or (#values <= few and not is_narrow) then
      local aside = beyond and 0 or 0.9 * half * ((i * 0.618034) % 1 - 0.5)      -- beside one another, the same each time
      add { part = "point", at = at + aside, value = value }
    end
  end
  for i = 1, #shape do add { part = "outline", at = at - half * shape[i][2], value = shape[i][1] } end
  for i = #shape, 1, -1 do add { part = "outline", at = at + half * shape[i][2], value = shape[i][1] } end
end

local box_mark = "data using %s:(column('q1')):(column('low')):(column('high')):(column('q3')):(2 * column('half')) with candlesticks lt %d lw %s dt 1 fillstyle %s border lt %d whiskerbars 0.5"

-- The marks of one series in one panel; `has` counts the rows of each part, and of the outlines at each x.
local function marks_of(o, base, i, has, xs, fields)
  local function at(part, more)
    local conditions = { base[1], base[2], { "part", part }, more }
    return ("(%s ? column('at') : NaN)"):format(where(conditions))
  end
  local marks, violin = {}, o.kind == "violin"
  for _, x in ipairs(xs) do
    if has[x] then
      marks[#marks + 1] = ("data using %s:(column('value')) with filledcurves closed lt %d fillstyle transparent solid 0.35 border lt %d"):format(
        at("outline", { o.x, x }), i, i)
    end
  end
  for _, part in ipairs { "box", "few" } do
    local box = at(part)
    if has[part] > 0 and part == "box" then
      marks[#marks + 1] = box_mark:format(box, i, has.narrow and "0.9" or "1.3", violin and "solid 1" or "transparent solid 0.25", i)
    end
    if has[part] > 0 then
      marks[#marks + 1] = ("data using (%s - column('half')):(column('median')):(2 * column('half')):(0) with vectors nohead %s dt 1 lw %s"):format(
        box, violin and part == "box" and "lc rgb 'white'" or "lt " .. i, violin and part == "box" and "2" or (has.narrow or part == "few") and "1.6" or "3")
      marks[#marks + 1] = parts.hover(box, "(column('median'))", fields)
    end
  end
  if has.point > 0 then marks[#marks + 1] = ("data using %s:(column('value')) with points lt %d %s"):format(at "point", i, has.few > 0 and "ps 0.5" or "ps 0.35") end
  return marks
end

-- What is drawn of one series in one panel: its groups' rows go into the figure.
local function gather(o, fig, groups, of, place, series_at, half, heights)
  local has = { box = 0, few = 0, point = 0, outline = 0, edge = 0, narrow = of.narrow }
  for _, g in ipairs(groups) do
    if (not o.panel or g[o.panel] == of.panel) and (not o.series or g[o.series] == of.series) then
      add_group(o, g, place[g[o.x]] + series_at, half, function(row, why)
        for _, name in ipairs { o.panel or false, o.series or false, o.x } do
          if name then row[name] = cell(g[name]) end
        end
        fig.rows[#fig.rows + 1] = row
        has[row.part] = has[row.part] + 1
        off.place(fig, has, row, nil, why, 1)
        if row.part == "outline" then has[g[o.x]] = true end
        heights[#heights + 1] = row.value or row.low
        heights[#heights + 1] = row.high
      end, of.narrow)
    end
  end
  return has
end

-- The x axis: a place for each value.
local function axis_of(xs, label)
  return { commands = { figure.label_command("x", label), "unset logscale x", "set format x '%g'", ("set xrange [0.4:%g]"):format(#xs + 0.6) },
    label = label, words = figure.words(xs) }
end

-- What is told of the values of a box that have no place.
local function told_of(o)
  return function(edge)
    local fields = parts.fields(o.rows, { o.series or false, o.x })
    return table.move({ { "n_off", label = edge == "below" and "zero or negative" or "not finite" }, { "n", label = "drawn" } }, 1, 2, #fields + 1, fields)
  end
end

-- Boxes or violins of y over the values of x, beside one another for a series, a panel a value of `panel`.
local function box(o)
  local by, fig = {}, { panels = {}, rows = {}, columns = {}, n_drawn = 0, title = o.title, width = o.width, across = o.across }
  for _, name in ipairs { o.panel or false, o.series or false, o.x } do
    if name then by[#by + 1] = name end
  end
  table.move(by, 1, #by, 1, fig.columns)
  for _, name in ipairs { "part", "at", "half", "value", "n", "low", "q1", "median", "q3", "high" } do fig.columns[#fig.columns + 1] = name end
  local groups, xs = rows.group(o.rows, by, o.y), rows.values(o.rows, o.x)
  local series, panels, place = values_or_one(o.rows, o.series), values_or_one(o.rows, o.panel), {}
  for i, value in ipairs(xs) do place[value] = i end
  local fields = parts.fields(o.rows, { o.series or false, o.x })
  for _, name in ipairs { "median", "q1", "q3", "low", "high", "n" } do fields[#fields + 1] = { name } end
  local xlabel, ylabel = labels(o, o.x, o.y)
  local step = 0.84 / count(series)
  if count(panels) == 1 and #xs * count(series) > many then fig.width = fig.width or 860 end
  local box_px = 0.8 * step * (figure.panel_width(count(panels), fig.across, fig.width) - 85) / #xs
  for p = 1, count(panels) do
    local marks, heights, drawn = {}, {}, false
    for i = 1, count(series) do
      local has = gather(o, fig, groups, { panel = panels[p], series = series[i], narrow = box_px < narrow }, place, (i - 0.5) * step - 0.42, 0.4 * step, heights)
      local base = { { o.panel, panels[p] }, { o.series, series[i] } }
      local some = has.box + has.few > 0 and marks_of(o, base, i, has, xs, fields) or {}
      table.move(some, 1, #some, #marks + 1, marks)
      drawn = drawn or has.box + has.few > 0
      off.add_marks(marks, has, where(base), "column('at')", "0", "lt " .. i, told_of(o))
    end
    fig.n_drawn = fig.n_drawn + (drawn and 1 or 0)
    add_references(marks, o)
    fig.panels[p] = drawn and { title = panel_title(o, panels[p]), marks = marks, x = axis_of(xs, xlabel),
      y = figure.axis("y", heights, { label = ylabel, log = o.logy }) } or figure.empty_panel(panel_title(o, panels[p]), xlabel, ylabel)
  end
  fig.legend = legend_of(o, series, function(i) return ("points lt %d pt 5 ps 1.2"):format(i) end)
  off.finish(fig, { "n_off" })
  return fig
end

return box
