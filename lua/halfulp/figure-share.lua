-- figure-share.lua - shares with intervals.

local core = require "halfulp.core"
local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local text_of, where, cell = parts.text_of, parts.where, parts.cell
local values_or_one, count, panel_title, legend_of = parts.values_or_one, parts.count, parts.panel_title, parts.legend_of

-- Shares: how often y is true (1), as dots with Wilson's interval; a line of text for each x, beside it k of n.
local function share(o)
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
      local fields = parts.fields(o.rows, { o.panel or false, o.series or false, o.x })
      table.move({ { "text", label = "", text = true }, { "share" }, { "share_low", label = "from" }, { "share_high", label = "to" } }, 1, 4, #fields + 1, fields)
      marks[#marks + 1] = parts.hover(("(%s ? column('share') : NaN)"):format(at), "(column('row_at'))", fields)
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

return share
