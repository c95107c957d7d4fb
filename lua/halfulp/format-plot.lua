-- format-plot.lua - a figure of number formats: their values on a line, spacing, relative precision and values in each binade.
--
-- For `halfulp format --plot`. Magnitudes are drawn by their logarithms to base two, so that formats beyond the range of double
-- have a place too. Formats of few values are drawn value by value, others binade by binade.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local quote = figure.quote

local format_plot = {}

local few_binades, most_formats, longest_exponent = 64, 8, 7
local with_fields = { float = true, ufloat = true, p3109 = true, wide = true }      -- families without gaps between binades
local endings = { svg = true, png = true, pdf = true }

-- ---- what is drawn: rows {panel, format, x, y}, with NaN between two pieces of a line ----

local function log2(x) return math.log(x, 2) end

-- What is wrong with the formats for a figure; nil: nothing.
local function refusal(names)
  for _, name in ipairs(names) do
    local f = require("halfulp").format(name)
    local ok, binades = pcall(f.binades, f, 16)
    if not ok and f.width_bits > 16 then
      return ("format: --plot draws formats of family %s of up to 16 bits; %s has %d"):format(f.family, name, f.width_bits)
    end
    if ok and #binades == 0 then return ("format: --plot needs positive values, and %s has none"):format(name) end
  end
end

-- One format, as the panels need it: its name, its values where they are few, and its binades.
local function read(name)
  local f = require("halfulp").format(name)
  local one = { name = name, binades = f:binades(4096), is_even = true, has_fields = with_fields[f.family] }
  for _, b in ipairs(one.binades) do one.is_even = one.is_even and (b.count == 1 or 2.0 ^ (b.exponent - b.spacing) >= b.count) end
  if f.width_bits <= 9 then
    one.values, one.positive = f:values():totable(), {}
    for _, value in ipairs(one.values) do
      if value > 0 then one.positive[#one.positive + 1] = value end
    end
  end
  local first, last = one.binades[1], one.binades[#one.binades]
  one.low, one.high = first.exponent, last.exponent + 1          -- of the panels
  one.least = one.positive and log2(one.positive[1]) or one.low
  one.most = one.positive and log2(one.positive[#one.positive]) or one.high
  return one
end

-- Binades enough to draw: all, or where they are many those where precision changes and some between.
local function thinned(binades)
  local stride, kept = #binades // 256 + 1, {}
  local function precision(i)
    local b = binades[i]
    return b and b.exponent - b.spacing
  end
  for i, b in ipairs(binades) do
    local changes = precision(i) ~= precision(i - 1) or precision(i) ~= precision(i + 1)
    if changes or i % stride == 0 then kept[#kept + 1] = b end
  end
  return kept
end

-- Spacing and precision as steps: each holds from one value to the next.
local function by_values(one, add)
  local values = one.positive
  for i = 1, #values - 1 do
    local a, b = log2(values[i]), log2(values[i + 1])
    local spacing = log2(values[i + 1] - values[i])
    add("spacing", a, spacing)
    add("spacing", b, spacing)
    add("precision", a, a - spacing)
    add("precision", b, a - spacing)
  end
end

-- The precision of a binade is that of its start, where it is least. A single value at the end has no next one.
local function by_binades(one, add, is_narrow)
  local list = is_narrow and one.binades or thinned(one.binades)
  for i, b in ipairs(list) do
    local up_to = list[i + 1] and list[i + 1].exponent or b.exponent + 1
    if list[i + 1] or b.count > 1 then
      add("spacing", b.exponent, b.spacing)
      add("precision", b.exponent, b.exponent - b.spacing)
    end
    if is_narrow and (list[i + 1] or b.count > 1) then
      add("spacing", up_to, b.spacing)
      add("precision", up_to, b.exponent - b.spacing)
    end
  end
end

local function counts(one, add)
  local previous
  for _, b in ipairs(one.binades) do
    if previous and b.exponent > previous + 1 and not one.has_fields then add("count", 0 / 0, 0 / 0) end
    add("count", b.exponent, log2(b.count))
    add("count", b.exponent + 1, log2(b.count))
    previous = b.exponent
  end
end

-- The values themselves: a tick each, on a line of numbers or of their logarithms; where they are many a bar.
local function line_values(one, add, is_linear)
  if not one.values then
    add("bar", one.low, one.high)
    return
  end
  for _, value in ipairs(is_linear and one.values or one.positive) do
    add("line", is_linear and value or log2(value), 0)
  end
end

-- ---- panels ----

local function marks_of(list, panel, style)
  local marks = {}
  for i, one in ipairs(list) do
    marks[i] = ("data using (strcol('panel') eq '%s' && strcol('format') eq %s ? column('x') : NaN):(column('y')) with %s lt %d"):format(
      panel, quote(one.name), style, i)
  end
  return marks
end

local function exponent_ticks(low, high, most)
  return math.max(1, figure.nice_step((high - low) / most))
end

-- A list of ticks at multiples of the step, whose labels are short: 2 to the power of 5·10^8.
local function short_ticks(low, high, step)
  local ticks = {}
  for i = math.ceil(low / step), math.floor(high / step) do
    local digit, power = ("%.0e"):format(i * step):match "^(.*)e%+?(.*)$"
    local exponent = i == 0 and "0" or ("%s\u{b7}10^{%d}"):format(digit, tonumber(power))
    ticks[#ticks + 1] = ("'2^{%s}' %s"):format(exponent, rows.text(i * step))
  end
  return "(" .. table.concat(ticks, ", ") .. ")"
end

-- `most` ticks, fewer where the labels are long: `room` is that of all together, in digits.
local function power_axis(letter, label, low, high, most, room)
  if low > high then low, high = 0, 1 end              -- nothing is drawn
  local digits = math.max(#("%.0f"):format(low), #("%.0f"):format(high))
  most = math.max(2, math.min(most, (room or math.huge) // math.min(digits, longest_exponent)))
  local pad, step = math.max(0.02 * (high - low), 0.2), exponent_ticks(low, high, most)
  local ticks = digits > longest_exponent and short_ticks(low, high, step) or rows.text(step)
  return { commands = {
    figure.label_command(letter, label), ("unset logscale %s"):format(letter), ("set format %s '2^{%%.0f}'"):format(letter),
    ("set %stics %s enhanced"):format(letter, ticks),
    ("set %srange [%s:%s]"):format(letter, rows.text(low - pad), rows.text(high + pad)),
  } }
end

local function limits(fig, panel)
  local low, high = math.huge, -math.huge
  for _, row in ipairs(fig.rows) do
    if row.panel == panel and row.y == row.y then low, high = math.min(low, row.y), math.max(high, row.y) end
  end
  return low, high
end

local function bits_axis(low, high)
  if low > high then low, high = 0, 1 end              -- nothing is drawn
  local bottom, top = math.min(0, math.floor(low)), math.ceil(high)
  local pad = math.max(0.3, 0.04 * (top - bottom))     -- a line on the frame is half cut
  local start = low - bottom < pad / 2 and bottom - pad or bottom
  return { commands = {
    figure.label_command("y", "relative precision (bits)"), "unset logscale y", "set format y '%g'",
    ("set ytics %s"):format(rows.text(exponent_ticks(bottom, top, 7))), ("set yrange [%s:%s]"):format(rows.text(start), rows.text(top + pad)),
  } }
end

-- The number line has a row for each format, the first on top.
local function line_panel(list, is_linear, low, high)
  local marks, ticks, n = {}, {}, #list
  for i, one in ipairs(list) do
    local at, name = n + 1 - i, quote(one.name)
    ticks[i] = ("%s %d"):format(name, at)
    if one.values then
      marks[#marks + 1] = ("data using (strcol('panel') eq 'line' && strcol('format') eq %s ? column('x') : NaN):(%g):(0):(0.64) with vectors nohead lt %d dt 1 lw 0.9")
        :format(name, at - 0.32, i)
    else
      marks[#marks + 1] = ("data using (strcol('panel') eq 'bar' && strcol('format') eq %s ? column('x') : NaN):(%g):(column('x')):(column('y')):(%g):(%g) with boxxyerror fs transparent solid 0.55 border lt %d lc %d")
        :format(name, at, at - 0.32, at + 0.32, i, i)
    end
  end
  local x
  if is_linear then
    local pad = 0.01 * (high - low)
    x = { commands = { figure.label_command("x", "value"), "unset logscale x", "set format x '%g'",
      ("set xtics %s"):format(rows.text(figure.nice_step((high - low) / 11))), ("set xrange [%s:%s]"):format(rows.text(low - pad), rows.text(high + pad)) } }
  else
    x = power_axis("x", "value (positive half)", low, high, 11, 75)
  end
  return {
    marks = marks, x = x, y = { commands = { "set ylabel ''", ("set yrange [0.45:%g]"):format(n + 0.55),
      "set format y '%s'", "set ytics (" .. table.concat(ticks, ", ") .. ") scale 0 noenhanced" } },
    commands = { "set grid noytics", "set border 1" }, after = { "set border 3", "set ytics scale 0.6", "set grid" },
  }
end

-- Numbers on a line, both signs, where all formats have few values and none near zero compared with its largest.
local function fits_linear(list)
  for _, one in ipairs(list) do
    if not one.values or one.most - one.least > 8.1 then return false end
  end
  return true
end

local function extent(list, low_of, high_of)
  local low, high = math.huge, -math.huge
  for _, one in ipairs(list) do low, high = math.min(low, low_of(one)), math.max(high, high_of(one)) end
  return low, high
end

local function line_extent(list, is_linear)
  return extent(list, function(one) return is_linear and one.values[1] or one.least end,
    function(one) return is_linear and one.values[#one.values] or one.most end)
end

local function figure_of(names)
  local list = {}
  for i, name in ipairs(names) do list[i] = read(name) end
  local fig = { rows = {}, columns = { "panel", "format", "x", "y" }, panels = {}, legend = {}, width = 860 }
  local low, high = extent(list, function(one) return one.low end, function(one) return one.high end)
  local note                      -- in the panels of steps, where there are none
  local is_linear, is_narrow = fits_linear(list), high - low <= few_binades
  for i, one in ipairs(list) do
    local pieces = { line = {}, bar = {}, spacing = {}, precision = {}, count = {} }
    local function add(panel, x, y)
      local piece = pieces[panel]
      piece[#piece + 1] = { panel = panel, format = one.name, x = x, y = y }
    end
    line_values(one, add, is_linear)
    if one.is_even or not one.positive then by_binades(one, add, is_narrow) else by_values(one, add) end
    counts(one, add)
    for _, panel in ipairs { "line", "bar", "spacing", "precision", "count" } do
      table.move(pieces[panel], 1, #pieces[panel], #fig.rows + 1, fig.rows)
    end
    fig.legend[i] = #names > 1 and { title = one.name, style = ("lines lt %d lw 1.6"):format(i) } or nil
  end
  local line_low, line_high = line_extent(list, is_linear)
  local spacing_low, spacing_high = limits(fig, "spacing")
  local count_low, count_high = limits(fig, "count")
  if spacing_low > spacing_high then note = { "set label 1 'no steps: one positive value' at graph 0.5,0.5 center" } end
  fig.panels = {
    line_panel(list, is_linear, line_low, line_high),
    { marks = marks_of(list, "spacing", "lines lw 1.6"), x = power_axis("x", "magnitude", low, high, 5, 30),
      y = power_axis("y", "spacing", spacing_low, spacing_high, 7), commands = note, after = note and { "unset label 1" } },
    { marks = marks_of(list, "precision", "lines lw 1.6"), x = power_axis("x", "magnitude", low, high, 5, 30), y = bits_axis(limits(fig, "precision")),
      commands = note, after = note and { "unset label 1" } },
    { marks = marks_of(list, "count", "lines lw 1.6"), x = power_axis("x", "magnitude", low, high, 5, 30),
      y = power_axis("y", "values per binade", count_low, count_high, 7) },
  }
  fig.bands = { { panels = 1, px = 62 + 26 * #names }, { panels = 3, px = 235 } }
  return fig
end

-- ---- drawing ----

local function read_file(path)
  local file, message = io.open(path, "rb")
  if not file then error("format: " .. message, 0) end
  local text = file:read "a"
  file:close()
  return text
end

local function style_text()
  local here = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" or "."
  return read_file(here .. "/../../plots/style.gp")
end

-- Everything in one text: the style, the data as a block, the script.
local function script_of(fig, ending, path)
  fig.kinds = ending
  local script = figure.script(fig, "formats", {})
  script = script:gsub('\n *load "style.gp"', ""):gsub('\n *reset; load "style.gp"', ""):gsub("\ndata = [^\n]*", "\ndata = '$values'", 1)
    :gsub("\nname = [^\n]*", "", 1):gsub("\n  file = [^\n]*", function() return "\n  file = " .. quote(path) end, 1):gsub("\n  said = [^\n]*", "", 1)
  return style_text() .. "\n$values << END_OF_VALUES\n" .. rows.tsv(fig.rows, fig.columns, {}) .. "END_OF_VALUES\n" .. script
end

local function run_gnuplot(script)
  local input = os.tmpname()
  local file <close> = assert(io.open(input, "wb"))
  file:write(script)
  file:flush()
  local pipe = io.popen(("LC_ALL=C.UTF-8 gnuplot %s 2>&1; echo \"status $?\""):format(input))
  local said = pipe and pipe:read "a" or "status 127"
  if pipe then pipe:close() end
  os.remove(input)
  local status = tonumber(said:match "status (%d+)%s*$") or 1
  if status == 127 then error("format: gnuplot is not installed (on Debian: apt install gnuplot-nox)", 0) end
  if status ~= 0 then error(("format: gnuplot failed (%s)"):format(said:match "line %d+:[^\n]*" or said:match "^[^\n]*" or ""), 0) end
end

local function write_file(path, text)
  local file, message = io.open(path, "wb")
  local ok = file and file:write(text)
  if file and not file:close() then ok = nil end
  if not ok then error(("format: %s could not be written (%s)"):format(path, message or "is the disk full?"), 0) end
end

---Draws formats into a file whose ending says its kind: svg, png or pdf.
---@param names string[]  up to eight
---@param path string?    "A-B.svg" if not given
---@return string|nil path  nil where the request makes no sense
---@return string? message
function format_plot.draw(names, path)
  path = path or table.concat(names, "-"):gsub("[^%w_.-]", "_") .. ".svg"
  local ending = path:match "%.(%w+)$"
  if not endings[ending] then return nil, ("format: --out takes a file that ends in .svg, .png or .pdf; got '%s'"):format(path) end
  if #names > most_formats then return nil, ("format: --plot takes up to %d formats, got %d"):format(most_formats, #names) end
  local wrong = refusal(names)
  if wrong then return nil, wrong end
  local drawn = os.tmpname()
  local ok, message = pcall(function()
    run_gnuplot(script_of(figure_of(names), ending, drawn))
    local picture = read_file(drawn)
    if #picture == 0 then error("format: gnuplot drew nothing; is the disk full?", 0) end
    write_file(path, picture)
  end)
  os.remove(drawn)
  if not ok then error(message, 0) end
  return path
end

return format_plot
