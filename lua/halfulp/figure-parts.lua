-- figure-parts.lua - what the kinds of figures share: conditions on rows, titles, legends, reference lines, bands.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local quote = figure.quote

local parts = {}

function parts.text_of(value)
  return quote(rows.text(value))
end

-- The rows of one panel and one series, as a condition of gnuplot on its columns.
function parts.where(conditions)
  local list = {}
  for _, c in ipairs(conditions) do
    if c[1] then list[#list + 1] = ("strcol(%s) eq %s"):format(quote(c[1]), parts.text_of(c[2])) end
  end
  return #list > 0 and table.concat(list, " && ") or "1"
end

function parts.col(name)
  return ("column(%s)"):format(quote(name))
end

function parts.cell(value)
  if type(value) == "boolean" then return tostring(value) end
  return value
end

-- The values of an optional column; one nil panel or series where there is none.
function parts.values_or_one(list, name)
  return name and rows.values(list, name) or { n = 1 }
end

function parts.count(values)
  return values.n or #values
end

-- What stands above a panel: a text as it is, a number with the name of its column.
function parts.panel_title(o, value)
  if not o.panel then return nil end
  return type(value) == "number" and ("%s = %s"):format(o.panel:gsub("_$", ""):gsub("_", " "), rows.text(value)) or rows.text(value)
end

-- Axis labels: those of the options, else made from the columns.
function parts.labels(o, x, y)
  return o.xlabel or figure.label(x), o.ylabel or figure.label(y)
end

function parts.legend_of(o, series, style)
  local legend = { title = o.series and (o.legend or figure.label(o.series)) or nil }
  for i = 1, parts.count(series) do
    if o.series then legend[#legend + 1] = { title = rows.text(series[i]), style = style(i) } end
  end
  for _, line in ipairs(o.reference or {}) do
    if line.label then legend[#legend + 1] = { title = line.label, style = 'lines lw 1.5 dt (2,2) lc rgb "#555555"' } end
  end
  return legend
end

function parts.add_references(marks, o)
  for _, line in ipairs(o.reference or {}) do
    marks[#marks + 1] = ('%s with lines lw 1.5 dt (2,2) lc rgb "#555555"'):format(
      line.y and rows.text(line.y) or line.formula)
  end
end

-- The ends of a band around the mean of a group.
parts.bands = {
  ci95 = function(g) return g.ci95 and g.mean - g.ci95, g.ci95 and g.mean + g.ci95 end,
  sd = function(g) return g.sd and g.mean - g.sd, g.sd and g.mean + g.sd end,
  range = function(g) return g.min, g.max end,
  none = function() end,
}

return parts
