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

-- What is said at a point, as an expression of gnuplot: "mantissa 3, error 0.25". A field is {column, label = its name ("": none), text = true
-- where it is not a number, format = of a number}.
function parts.tip(fields)
  local list = {}
  for _, f in ipairs(fields) do
    local label = f.label or f[1]:gsub("_$", "")
    local value = f.text and ("strcol(%s)"):format(quote(f[1])) or ("sprintf('%s', %s)"):format(f.format or "%.5g", parts.col(f[1]))
    list[#list + 1] = quote((#list > 0 and ", " or "") .. label .. (label ~= "" and " " or "")) .. "." .. value
  end
  return table.concat(list, ".")
end

-- The mark that says it where a pointer rests, in SVG; `at` and `up` are gnuplot's expressions of the place (of a surface: `up` is two, parted
-- by a colon), `size` that of what the pointer must hit, `axes` its axes where these are not the first. There must be a point:
-- gnuplot 5.4 crashes on labels without one.
function parts.hover(at, up, fields, size, axes)
  return ("for [tip=1:hover] data using %s:%s:(%s)%s with labels hypertext point pt 7 ps %g lc rgb '#FF000000'"):format(at, up, parts.tip(fields),
    axes and " axes " .. axes or "", size or 1.1)
end

-- The fields of the options' columns: what a person chose to see.
function parts.fields(list, names)
  local fields = {}
  for _, name in ipairs(names) do
    if name then
      local text = false
      for _, row in ipairs(list) do text = text or (row[name] ~= nil and type(row[name]) ~= "number") end
      fields[#fields + 1] = { name, text = text }
    end
  end
  return fields
end

-- So many of n things in a row that the file stays small where each is told: every how many-th.
function parts.stride(n, most)
  return math.max(1, math.ceil(n / most))
end

-- The ends of a band as gnuplot's expressions: on a logarithmic axis one that is zero or negative lies at the axis' lower edge, which
-- figure.axis calls y_floor (and gnuplot 5.4 draws stray areas where it meets such a value).
function parts.band_ends(low, high, log)
  if not log then return "(" .. low .. ")", "(" .. high .. ")" end
  return ("(%s > 0 ? %s : y_floor)"):format(low, low), ("(%s > 0 ? %s : NaN)"):format(high, high)
end

-- The ends of a band around the mean of a group.
parts.bands = {
  ci95 = function(g) return g.ci95 and g.mean - g.ci95, g.ci95 and g.mean + g.ci95 end,
  sd = function(g) return g.sd and g.mean - g.sd, g.sd and g.mean + g.sd end,
  range = function(g) return g.min, g.max end,
  none = function() end,
}

return parts
