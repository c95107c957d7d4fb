-- figure-numberline.lua - the values of formats as marks on lines.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local quote = figure.quote

local most_told = 4000       -- values that are told where a pointer rests

-- Every positive value of some formats as a mark on a line, subnormal numbers apart; `scale`: "log" (default) or "linear".
local function numberline(o)
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
  marks[#marks + 1] = parts.hover(("(int(column(0)) %% %d == 0 ? column('value') : NaN)"):format(parts.stride(#fig.rows, most_told)), "(column('row_at'))",
    { { "format", label = "", text = true }, { "value", label = "", format = "%.12g" }, { "class", label = "", text = true } }, 0.7)
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

return numberline
