-- figure-parallel.lua - parallel coordinates: an axis a column, a line a point, colored by the last column.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local off = require "halfulp.figure-off"
local quote = figure.quote

-- Three digits, but whole numbers as they are.
local function short(value)
  return math.abs(value) >= 1000 and math.abs(value) < 1e6 and ("%.0f"):format(value) or ("%.3g"):format(value)
end

-- What stands below an axis: its name, and its unit in a second line. As gnuplot's text, and how many letters its longer line has.
local function name_of(name, log)
  local text = figure.label(name)
  local first, unit = text:match "^(.-) %((.*)%)$"
  first = first or text
  if log then unit = unit and unit .. ", log" or "log" end
  local n = math.max(utf8.len(first) or #first, unit and #unit + 2 or 0)
  return unit and ("%s.\"\\n\".%s"):format(quote(first), quote("(" .. unit .. ")")) or quote(first), n
end

-- The width of the figure and the size of the names below its axes, so that neighbors do not touch.
local function sizes_of(o, letters)
  local most = 1
  for k = 2, #letters do most = math.max(most, (letters[k - 1] + letters[k]) / 2) end
  local function size(width) return (width - 90) / (#letters - 0.3) / (0.57 * most + 1) end
  local width = o.width or ((#letters > 4 or size(420) < 10) and 860 or 420)
  return width, math.max(7, math.min(13, math.floor(size(width))))
end

-- A column as an axis from 0 to 1: {name, at = value -> place or nil, ticks = {{text, place}, ...}}.
local function axis_of(list, name, log)
  local values = rows.values(list, name)
  local axis = { name = name, ticks = {} }
  if type(values[1]) ~= "number" then
    local place = {}
    for i, value in ipairs(values) do
      place[value] = #values > 1 and (i - 1) / (#values - 1) or 0.5
      axis.ticks[i] = { rows.text(value), place[value] }
    end
    axis.at = function(value) return place[value] end
    return axis
  end
  local scale, low, high = log and function(x) return x > 0 and math.log(x) or nil end or function(x) return x end, math.huge, -math.huge
  local unscale = log and math.exp or function(x) return x end
  for _, value in ipairs(values) do
    local x = not off.why(value) and scale(value)
    if x then low, high = math.min(low, x), math.max(high, x) end
  end
  axis.at = function(value)
    if type(value) ~= "number" or off.why(value) then return nil end
    local x = scale(value)
    return x and (high > low and (x - low) / (high - low) or 0.5)
  end
  local whole = #values <= 10 and high > low
  for _, value in ipairs(whole and values or {}) do
    whole = whole and math.type(value) == "integer"
  end
  for _, value in ipairs(whole and values or {}) do axis.ticks[#axis.ticks + 1] = { tostring(value), axis.at(value) } end
  if whole then return axis end
  for _, share in ipairs(low > high and {} or high > low and { 0, 0.25, 0.5, 0.75, 1 } or { 0.5 }) do
    axis.ticks[#axis.ticks + 1] = { short(high > low and unscale(low + share * (high - low)) or unscale(low)), share }
  end
  return axis
end

-- A row for each value without a place on its axis.
local function add_off(o, fig, axes, log, seen)
  for i, row in ipairs(o.rows) do
    for k, axis in ipairs(axes) do
      local why = off.why(row[axis.name], log[axis.name])
      if why then
        local out = { point = i, axis = axis.name, at = k, text = rows.text(row[axis.name]) }
        off.place(fig, seen, out, nil, why, 1)
        fig.rows[#fig.rows + 1] = out
      end
    end
  end
end

-- The points as lines: a row an axis, an empty row after each. A line ends where a value is missing; one without a color is gray.
local function add_lines(o, fig, axes)
  for i, row in ipairs(o.rows) do
    local last = row[axes[#axes].name]
    local shade = last ~= nil and axes[#axes].at(last)
    local gray = not shade and off.why(last, true) ~= nil
    local before = #fig.rows
    for k, axis in ipairs(axes) do
      local place = row[axis.name] ~= nil and axis.at(row[axis.name])
      if place and (shade or gray) then
        fig.rows[#fig.rows + 1] = { point = i, axis = axis.name, at = k, place = not gray and place or nil, gray = gray and place or nil, shade = shade or nil,
          text = rows.text(row[axis.name]) }
        fig.has_gray = fig.has_gray or gray
      elseif #fig.rows > before and fig.rows[#fig.rows] ~= rows.gap then
        fig.rows[#fig.rows + 1] = rows.gap
      end
    end
    if #fig.rows > before then
      if fig.rows[#fig.rows] ~= rows.gap then fig.rows[#fig.rows + 1] = rows.gap end
      fig.n = (fig.n or 0) + 1
    end
  end
end

-- The axes, drawn as arrows without heads, with their names above and their values beside.
local function axis_commands(axes)
  local list = { "unset grid", "set border 0", "unset colorbox", "set style fill solid 1 noborder", "axis_font = hu_font_size(kind, 10)",
    "unset arrow", "unset label", "set cbrange [0:1]",
    "set style textbox opaque noborder margins 0.3,0.1 fillcolor rgb 'white'" }
  for k, axis in ipairs(axes) do
    list[#list + 1] = ("set arrow from %d,0 to %d,1 nohead front lc rgb '#333333' lw 1 dt 1"):format(k, k)
    for _, tick in ipairs(axis.ticks) do
      list[#list + 1] = ("set label %s at %d,%.6g right offset -0.7,0 font axis_font noenhanced front boxed textcolor rgb '#222222'"):format(quote(tick[1]), k, tick[2])
    end
  end
  return list
end

local told = { { "axis", label = "", text = true }, { "text", label = "", text = true }, { "point" } }

-- The lines, thinner the more there are; gray ones below; and what is told at each axis.
local function marks_of(fig, seen)
  if not fig.n then return { "NaN with points" } end
  local thin, marks = math.max(0.5, math.min(1.6, 60 / fig.n)), {}
  for _, kind in ipairs { fig.has_gray and { "gray", "", "lc rgb '#B0B0B0'" } or false, { "place", ":(column('shade'))", "lc palette" } } do
    if kind then
      marks[#marks + 1] = ("data using (column('at')):(column('%s'))%s with lines lw %.3g dt 1 %s"):format(kind[1], kind[2], thin, kind[3])
      marks[#marks + 1] = parts.hover("(column('at'))", "(column('" .. kind[1] .. "'))", told)
    end
  end
  off.add_marks(marks, seen, "1", "column('at')", "0", "lc rgb '#333333'", function() return told end)
  return marks
end

-- A line a point through an axis for each of `columns`.
local function parallel(o)
  local fig = { panels = {}, rows = {}, columns = { "point", "axis", "at", "place", "shade", "text" }, title = o.title, legend = {} }
  local log, axes, ticks, letters, size = {}, {}, {}, {}, nil
  for _, name in ipairs(o.log or {}) do log[name] = true end
  for k, name in ipairs(o.columns) do
    axes[k] = axis_of(o.rows, name, log[name])
    ticks[k], letters[k] = name_of(name, log[name])
    ticks[k] = ticks[k] .. " " .. k
  end
  fig.width, size = sizes_of(o, letters)
  local seen = {}
  add_lines(o, fig, axes)
  fig.n_drawn = fig.n or 0
  add_off(o, fig, axes, log, seen)
  fig.panels[1] = {
    marks = marks_of(fig, seen),
    commands = axis_commands(axes),
    after = { "unset arrow", "unset label" },
    x = { commands = { "set xlabel ''", ("name_font = hu_font_size(kind, %d)"):format(size), "unset logscale x", ("set xrange [0.5:%g]"):format(#axes + 0.2), "set xtics (" .. table.concat(ticks, ", ") .. ") scale 0 noenhanced font name_font" } },
    y = { commands = { "set ylabel ''", "unset logscale y", "set ytics ('' 0) scale 0", fig.off and "set yrange [-0.1:1.1]" or "set yrange [-0.03:1.03]" } },
  }
  fig.panel_px = o.width == 420 and 265 or 300
  off.finish(fig, fig.has_gray and { "gray" } or {})
  return fig
end

return parallel
