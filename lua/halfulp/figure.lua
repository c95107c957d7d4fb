-- figure.lua - a figure as data: panels with axes and marks, a legend below them; and its gnuplot script.
--
-- A figure is {columns, rows, panels, legend, note}. A panel is {title, x, y, marks, commands}: x and y are axes made by
-- figure.axis, a mark is one element of gnuplot's plot command. Sizes are in pixels, 420 of which are a column.

local rows = require "halfulp.rows"

local figure = {}

local column_px, page_px, letter_px = 420, 860, 9.2      -- a letter as wide as gnuplot takes it to be in a legend
local label_px = 22                                      -- of the x axis; it stands under the lowest panels only

---A text as gnuplot's single-quoted string.
function figure.quote(text)
  return "'" .. tostring(text):gsub("[\r\n]+", " "):gsub("'", "''") .. "'"
end
local quote = figure.quote

-- What an ending of a column's name says about its unit.
local units = {
  ulp = "ulp", rel = "relative", bits = "bits", bytes = "bytes", ns = "ns", ms = "ms", s = "s", db = "dB", nats = "nats",
}
local known = {
  mantissa = "mantissa (bits)", exponent = "exponent (bits)", loss = "loss (nats)", step = "step", steps = "steps",
  sharpness = "sharpness (%)", error = "relative error", sqnr_db = "SQNR (dB)",
}

---What stands at an axis for a column: its name in words and the unit that the name ends in.
---@param name string
---@return string
function figure.label(name)
  if known[name] then return known[name] end
  local stem, ending = name:match "^(.+)_(%w+)$"
  if stem and units[ending] then return ("%s (%s)"):format(stem:gsub("_", " "), units[ending]) end
  return (name:gsub("_", " "))
end

---The command that sets an axis label, close to its axis: lines of SVG are higher.
---@param letter string
---@param text string
---@return string
function figure.label_command(letter, text)
  return ("set %slabel %s noenhanced offset %s"):format(letter, quote(text), letter == "x" and "0,(kind eq 'svg' ? 0.85 : 0.5)" or "-0.3,0")
end

local function ticks_of(list)
  local texts = {}
  for i, tick in ipairs(list) do texts[i] = ("%s %s"):format(quote(tick[1]), rows.text(tick[2])) end
  return "(" .. table.concat(texts, ", ") .. ")"
end

-- Marks at 1, 2, 5 times powers of ten, at more of them within one decade, in equal steps where these are fewer than
-- three; for a logarithmic axis of less than two decades, from low to high.
local function short_log_ticks(low, high)
  local list, digits = {}, high / low < 10 and { 1, 1.5, 2, 3, 4, 5, 7 } or { 1, 2, 5 }
  local function add(value)
    if value >= low and value <= high then list[#list + 1] = { ("%.10g"):format(value), value } end
  end
  for power = math.floor(math.log(low, 10)) - 1, math.ceil(math.log(high, 10)) + 1 do
    for _, digit in ipairs(digits) do add(digit * 10.0 ^ power) end
  end
  if #list >= 3 then return list end
  list = {}
  local step = figure.nice_step((high - low) / 7.5)      -- at most a third of the axis
  for i = math.ceil(low / step), math.floor(high / step) do add(i * step) end
  return list
end

-- Names below an axis: how large they are, every how many-th is shown, their angle, and the pixels that they need below beyond one line. `px`
-- is the axis's length. Level where neighbors do not touch (a letter is 0.6 of its size wide, one letter stays free), else slanted, long ones upright.
local function room_for(words, px)
  local room, widest, longest = px / #words, 1, 1
  for i, word in ipairs(words) do
    local n = utf8.len(word[1]) or #word[1]
    widest = math.max(widest, i > 1 and (n + (utf8.len(words[i - 1][1]) or #words[i - 1][1])) / 2 or 1)
    longest = math.max(longest, n)
  end
  local size = math.min(13, math.floor(room / (0.6 * widest + 1)))
  if size >= 10 then return { size = size, every = 1, angle = 0, below = 0 } end
  size = math.max(9, math.min(11, math.floor(room * 0.75)))
  local every, angle = math.ceil(1.25 * size / room), longest <= 10 and 45 or 90
  longest = 1
  for i = 1, #words, every do longest = math.max(longest, utf8.len(words[i][1]) or #words[i][1]) end
  local length = 0.6 * size * longest
  return { size = size, every = every, angle = angle, below = math.max(0, math.ceil(angle == 45 and 0.71 * length or length) - 8) }
end

local most_letters, most_in_text = 20, 10

-- A name as it stands at an axis: in the data it is whole.
local function shortened(text, most)
  local n = utf8.len(text)
  if not n or n <= most then return text end
  return text:sub(1, utf8.offset(text, most) - 1) .. "\u{2026}"
end

---Names for the ticks of an axis, which stand at 1, 2, ...
function figure.words(values)
  local list = {}
  for i, value in ipairs(values) do list[i] = { shortened((rows.text(value)), most_letters), i } end
  return list
end

local function every_nth(words, every)
  local list = {}
  for i, word in ipairs(words) do list[i] = { (i - 1) % every == 0 and word[1] or "", word[2] } end
  return ticks_of(list)
end

-- The names in a figure made of letters, of which one has 5.4 pixels: level, short, as many as there is room for.
local function text_ticks(words, px)
  local list, longest = {}, 1
  for i, word in ipairs(words) do
    list[i] = { shortened(word[1], most_in_text), word[2] }
    longest = math.max(longest, utf8.len(list[i][1]) or #list[i][1])
  end
  return every_nth(list, math.ceil((longest + 1) * #words * 5.4 / px))
end

-- The command that sets them.
local function words_command(words, look, px, more)
  local set = ("tick_font = hu_font_size(kind, %d); set xtics %s noenhanced%s font tick_font%s"):format(look.size, every_nth(words, look.every), more or "",
    look.angle == 0 and " norotate" or (" rotate by %d right"):format(look.angle))
  return look.angle == 0 and set or ("%s\n  if (kind eq 'text') { set xtics %s norotate }"):format(set, text_ticks(words, px))
end

local function limits(values)
  local low, high = math.huge, -math.huge
  for _, value in ipairs(values) do
    if value == value and value > -math.huge and value < math.huge then low, high = math.min(low, value), math.max(high, value) end
  end
  return low, high
end

-- The ticks and the range of a logarithmic axis of more decades than gnuplot counts (the ratio of its ends is no number), or of subnormal values.
local function long_log(low, high)
  local first, last, list = math.log(low, 10), math.log(high, 10), {}
  local margin = math.max(1, (last - first) / 50)
  local range = { math.max(5e-324, 10.0 ^ (first - margin)), math.min(0x1.fp1022, 10.0 ^ (last + margin)) }
  local step = last - first <= 5 and 1 or 10 * math.ceil((last - first) / 50)
  for power = math.ceil(math.log(range[1], 10) / step) * step, math.floor(math.log(range[2], 10) / step) * step, step do
    list[#list + 1] = { ("1e%d"):format(power), 10.0 ^ power }
  end
  return ticks_of(list), range
end

-- Where a logarithmic axis begins if something reaches down to its edge: at the power of ten below all values.
local function floor_of(low, range)
  return range and range[1] > 0 and range[1] or math.max(5e-324, 10.0 ^ (math.ceil(math.log(low, 10)) - 1))
end

---An axis for some values.
---@param letter string   "x" or "y"
---@param values any[]    all that will be drawn: numbers, or texts, which stand in their order at 1, 2, ...
---@param options table   {label=, log=, each = a tick at each value, pad = room at both ends in units of the axis, range = {low, high}, floor = not nil: a
---                         logarithmic y axis tells y_floor, where it begins, and true: something reaches down to it}
---@return table axis     {commands = lines of gnuplot, at = function(value) -> position or nil}
function figure.axis(letter, values, options)
  local lines, place, distinct = {}, nil, rows.values((function()
    local wrapped = {}
    for i, value in ipairs(values) do wrapped[i] = { v = value } end
    return wrapped
  end)(), "v")
  lines[#lines + 1] = figure.label_command(letter, options.label)
  lines[#lines + 1] = (options.log and "set logscale %s" or "unset logscale %s"):format(letter)
  local low, high = limits(type(distinct[1]) == "number" and distinct or {})
  local pad = options.pad or 0
  local ticks, format, range, crowd, words = "autofreq", "%g", nil, nil, nil
  local texts = type(distinct[#distinct]) == "string" or type(distinct[#distinct]) == "boolean"
  if texts then
    words, place = figure.words(distinct), {}
    for i, value in ipairs(distinct) do place[value] = i end
    ticks, range = ticks_of(words) .. " noenhanced", { 0.5, #distinct + 0.5 }
  elseif options.log and low > 0 and high < math.huge then
    local decades = math.log(high, 10) - math.log(low, 10)
    if decades > 100 or low < 0x1p-1022 then
      ticks, range = long_log(low, high)
    elseif decades < 2 then
      range = { low / (1.12 + pad), high * (1.12 + pad) }
      local drawn = options.range and options.range[1] > 0 and options.range or range
      ticks = ticks_of(short_log_ticks(drawn[1], drawn[2]))
    else
      format = "10^{%T}"
      ticks = decades > 5.5 and ("1e%d"):format(math.ceil(decades / 5)) or "autofreq"
    end
  elseif options.each and #distinct <= 12 then
    local list = {}
    for i, value in ipairs(distinct) do list[i] = { rows.text(value), value } end
    ticks = ticks_of(list)
    crowd = #list > 1 and list or nil
  end
  if not texts and not options.log and pad > 0 and low <= high then range = { low - pad, high + pad } end
  range = options.range or range
  local floor = options.floor ~= nil and options.log and low > 0 and high < math.huge and floor_of(low, range)
  if floor then lines[#lines + 1] = "y_floor = " .. rows.text(floor) end
  lines[#lines + 1] = (format:find("^", 1, true) and "set format %s hu_power(kind, '%s')" or "set format %s '%s'"):format(letter, format)
  lines[#lines + 1] = ("set %stics %s%s"):format(letter, ticks, texts and "" or " enhanced")
  lines[#lines + 1] = range and ("set %srange [%s:%s]"):format(letter, rows.text(range[1]), rows.text(range[2]))
    or ("set %srange [%s:*]"):format(letter, options.floor and floor and rows.text(floor) or "*")
  local free = not texts and not options.log and ticks == "autofreq" and low <= high
  local whole = free
  for _, value in ipairs(free and distinct or {}) do whole = whole and math.type(value) == "integer" end
  return {
    commands = lines, texts = texts, span = free and (range and range[2] - range[1] or high - low) or nil, whole = whole,
    crowd = crowd, label = options.label, words = letter == "x" and words or nil, extent = high - low + 2 * pad,
    at = function(value)
      if place then return place[value] end
      return value
    end,
  }
end

-- The legend's columns and height, by the width of its texts.
local function legend_size(legend, width)
  local longest, n = 0, 0
  for _, entry in ipairs(legend) do
    longest, n = math.max(longest, utf8.len(entry.title) or #entry.title), n + 1
  end
  if n == 0 then return 1, 0 end
  local across = math.max(1, math.min(n, width // (longest * letter_px + 54)))
  local down = (n + across - 1) // across
  across = (n + down - 1) // down            -- rows of equal length
  return across, 20 * down + (legend.title and 36 or 12)
end

local function grid(n, wanted)
  local across = wanted or (n <= 1 and 1 or n <= 4 and 2 or 3)
  return math.min(across, n), (n + math.min(across, n) - 1) // math.min(across, n)
end

---The pixels across one of n panels, as figure.script places them.
function figure.panel_width(n, wanted, width)
  local across = grid(n, wanted)
  return (width or (across == 1 and column_px or page_px)) / across
end

---The smallest of 1, 2, 5 times a power of ten that is not below x.
function figure.nice_step(x)
  if not (x > 0) then return 1 end
  local power = 10.0 ^ math.floor(math.log(x, 10))
  for _, digit in ipairs { 1, 2, 5, 10 } do
    if digit * power >= x * (1 - 1e-9) then return digit * power end
  end
  return 10 * power
end

-- Labels of a linear axis at steps that leave room for them: `px` is the panel's extent, a label takes `room`.
local function step_command(letter, axis, px, room)
  if not axis.span or not (axis.span > 0) or axis.span == math.huge then return nil end
  local step = figure.nice_step(axis.span / math.max(2, px // room))
  if axis.whole then step = math.max(1, step) end
  return ("set %stics %s"):format(letter, rows.text(step))
end

-- Ticks at each value; those without room for their label have none.
local function crowd_command(axis, px)
  local list, free_from = {}, -math.huge
  for i, tick in ipairs(axis.crowd) do
    local at, half = tick[2] / axis.extent * px, #tick[1] * 4 + 2
    local fits = at - half >= free_from
    list[i] = { fits and tick[1] or "", tick[2] }
    if fits then free_from = at + half end
  end
  return "set xtics " .. ticks_of(list)
end

---A panel without anything to draw, which says so.
---@param title string?
---@param xlabel string
---@param ylabel string
---@return table panel
function figure.empty_panel(title, xlabel, ylabel)
  local function axis(letter, label)
    return { commands = { figure.label_command(letter, label), ("unset logscale %s"):format(letter),
      ("set %stics ('' 0)"):format(letter), ("set %srange [0:1]"):format(letter) } }
  end
  return { title = (title and title .. ": " or "") .. "no finite value", marks = { "NaN with points" }, x = axis("x", xlabel),
    y = axis("y", ylabel) }
end

-- One panel: its place on the page (in fractions), its axes, its marks.
local function panel_lines(out, panel, box)
  local function add(...) out[#out + 1] = "  " .. string.format(...) end
  add("set origin %.4f,%.4f", box.x, box.y)
  add("set size %.4f,%.4f", box.w, box.h)
  add("%s", panel.title and ("set title %s noenhanced offset 0,-0.6"):format(quote(panel.title)) or "unset title")
  for _, axis in ipairs { panel.x, panel.y } do
    for _, line in ipairs(axis.commands) do add("%s", line) end
  end
  for _, tics in ipairs { step_command("x", panel.x, box.px_across - 85, 46) or false, step_command("y", panel.y, box.px_up - 70, 24) or false } do
    if tics then add("%s", tics) end
  end
  local px = box.px_across - (panel.x.beside or 85)
  local look = panel.x.words and room_for(panel.x.words, px)
  if look then add("%s", words_command(panel.x.words, look, px, panel.x.more)) end
  if panel.x.crowd then add("%s", crowd_command(panel.x, box.px_across - 85)) end
  if not box.at_bottom then add("set xlabel ''") end
  -- Places on the page, not margins in letters: so all panels have one height, with a label below them or not.
  add("set tmargin at screen %.4f", box.y + box.h - (panel.title and 30 or 12) / box.page_px)
  add("set bmargin at screen %.4f", box.y + (box.below + (box.at_bottom and 29 + label_px or 29)) / box.page_px)
  for _, line in ipairs(panel.commands or {}) do add("%s", line) end
  local own_label = look and look.angle ~= 0 and box.at_bottom      -- gnuplot does not know how far names at an angle reach
  if own_label then
    add("set xlabel ''")
    add("set label 1000 %s at graph 0.5, screen %.4f center noenhanced", quote(panel.x.label), box.y + 13 / box.page_px)
  end
  add("%s %s", panel.command or "plot", table.concat(panel.marks, ", \\\n       "))
  if own_label then add("unset label 1000") end
  for _, line in ipairs(panel.after or {}) do add("%s", line) end
end

local function legend_lines(out, legend, across, share)
  local function add(...) out[#out + 1] = "  " .. string.format(...) end
  add("# the legend, a plot of its own")
  add("set origin 0,0")
  add("set size 1,%.4f", share)
  add("set margins 0,0,0,0")
  add("unset title; unset border; unset tics; unset xlabel; unset ylabel; unset grid; unset logscale; unset label; unset arrow; unset colorbox")
  add("set xrange [0:1]; set yrange [0:1]")
  add("set key bottom center horizontal maxcols %d Left reverse samplen 2.6 spacing 1.1 noenhanced%s", across,
    legend.title and " title " .. quote(legend.title) .. " noenhanced" or "")
  local entries = {}
  for i, entry in ipairs(legend) do
    entries[i] = ("2 with %s title %s"):format(entry.style, quote(entry.title))
  end
  add("plot %s", table.concat(entries, ", \\\n       "))
end

-- Where the panels stand, from the left and from above, in pixels: {x, y, w, h, at_bottom}; and the height of all. Either equal
-- panels in rows, whose last has the labels of the x axis, each with `below` more pixels for the names at its ticks, or what fig.bands says: {{panels = 1, px = height}, ...}, with labels each.
local function places(fig, width, below)
  local list, y = {}, 0
  if fig.bands then
    for _, band in ipairs(fig.bands) do
      for i = 1, band.panels do
        list[#list + 1] = { x = (i - 1) * width / band.panels, y = y, w = width / band.panels, h = band.px, at_bottom = true }
      end
      y = y + band.px
    end
    return list, y
  end
  local across, down = grid(#fig.panels, fig.across)
  local px = below + (fig.panel_px or (down == 1 and 270 or down == 2 and 220 or 205))
  for i = 1, #fig.panels do
    local r, c = (i - 1) // across, (i - 1) % across
    local at_bottom = i + across > #fig.panels
    list[i] = { x = c * width / across, y = r * (px - label_px), w = width / across, h = at_bottom and px or px - label_px, at_bottom = at_bottom }
  end
  return list, px * down - label_px * (down - 1)
end

-- The pixels that the names below the panels need beyond one line.
local function below_of(fig, px)
  local most = 0
  for _, panel in ipairs(fig.panels) do
    local x = panel.x
    if x.words then most = math.max(most, room_for(x.words, px - (x.beside or 85)).below) end
  end
  return most
end

---The script that draws a figure.
---@param fig table
---@param name string     of the files, without ending
---@param heads string[]  what the figure shows, for its first lines
---@return string
function figure.script(fig, name, heads)
  local across = grid(#fig.panels, fig.across)
  local width = fig.width or (across == 1 and column_px or page_px)
  local legend_across, legend_px = legend_size(fig.legend or {}, width)
  local title_px = fig.title and 30 or 0
  local below = fig.bands and 0 or below_of(fig, width / across)
  local boxes, panels_px = places(fig, width, below)
  local height = math.ceil(panels_px + legend_px + title_px)
  local out = {
    ("# %s.gp - draws %s.tsv: `gnuplot %s.gp` writes %s.svg and %s.png beside it."):format(name, name, name, name, name),
    "# Other files: gnuplot -c SCRIPT DATA.tsv NAME",
  }
  for _, head in ipairs(heads) do out[#out + 1] = "# " .. head:gsub("[\r\n]", " ") end
  out[#out + 1] = ("data = ARGC >= 1 ? ARG1 : %s"):format(quote(name .. ".tsv"))
  out[#out + 1] = ("name = ARGC >= 2 ? ARG2 : %s"):format(quote(name))
  out[#out + 1] = 'load "style.gp"'
  out[#out + 1] = ('do for [kind in "%s"] {'):format(fig.kinds or "svg png")
  out[#out + 1] = ("  eval hu_terminal(kind, %d, %d)"):format(width, height)
  out[#out + 1] = "  file = name . hu_ending(kind)"
  out[#out + 1] = "  set output file"
  out[#out + 1] = '  hover = kind eq "svg"'
  out[#out + 1] = ("  set multiplot%s"):format(fig.title and " title " .. quote(fig.title) .. " noenhanced" or "")
  for i, panel in ipairs(fig.panels) do
    local box = boxes[i]
    panel_lines(out, panel, {
      x = box.x / width, y = 1 - (title_px + box.y + box.h) / height, w = box.w / width, h = box.h / height, at_bottom = box.at_bottom,
      px_across = box.w, px_up = box.h - below, page_px = height, below = below,
    })
  end
  if legend_px > 0 then legend_lines(out, fig.legend, legend_across, legend_px / height) end
  out[#out + 1] = "  unset multiplot"
  out[#out + 1] = "  set output"
  out[#out + 1] = "  said = hu_finish(kind, file)"
  out[#out + 1] = "  reset; load \"style.gp\""
  out[#out + 1] = "}"
  return table.concat(out, "\n") .. "\n"
end

return figure
