-- figure-off.lua - what has no place in a picture: a cross at the upper or right edge for values that are not finite or beyond gnuplot's
-- numbers, a plus at the lower or left one for zero and negative values on a logarithmic axis.
--
-- A row with such a value names its edge in the column `edge`, and its place there in edge_x, edge_y: the second axes of the panel go from 0
-- to 1. (gnuplot leaves out a point where any column that it looks at is "-".)

local parts = require "halfulp.figure-parts"

local off = {}

off.greatest = 0x1p1023             -- gnuplot takes what is not below this for infinite

local step, most = 45, 6          -- thousandths of the height: a row of marks for each series, as far as there is room

---Why a value has no place on an axis: "bad" where it is not finite, "huge" where it is beyond gnuplot's numbers, "low" where it is not positive on a
---logarithmic one; nil where it has one.
function off.why(value, log)
  if type(value) ~= "number" then return nil end
  if value ~= value or math.abs(value) == math.huge then return "bad" end
  if log and value <= 0 then return "low" end
  return math.abs(value) >= off.greatest and "huge" or nil
end

local edge_of = { [""] = { bad = "above", low = "below" }, bad = { [""] = "right", bad = "corner", low = "corner" },
  low = { [""] = "left", bad = "corner", low = "corner" } }

---Gives the row its edge: `x` and `y` are answers of off.why, `k` says which series it is of. Notes in `seen`, of the rows that are drawn in
---one way, and in the figure what there is.
function off.place(fig, seen, row, x, y, k)
  if not x and not y then return end
  fig.off, seen.edges = fig.off or {}, seen.edges or {}
  fig.off[y or x] = true
  x, y = x == "huge" and "bad" or x, y == "huge" and "bad" or y
  local aside = step * ((k - 1) % most)
  row.edge = edge_of[x or ""][y or ""]
  row.edge_x = x and (x == "bad" and 0.98 or 0.02)
  row.edge_y = y and ((y == "bad" and 970 - aside or 30 + aside) / 1000)
  seen.edges[row.edge] = true
end

local cross, plus = 2, 1                                                  -- gnuplot's types of points
local marks_at = {
  { edge = "above", sign = cross, axes = "x1y2" }, { edge = "below", sign = plus, axes = "x1y2" }, { edge = "right", sign = cross, axes = "x2y1" },
  { edge = "left", sign = plus, axes = "x2y1" }, { edge = "corner", sign = cross, axes = "x2y2" },
}

---Appends the marks of the rows noted in `seen`: `where` is the condition on them, x and y are gnuplot's places of the others, `look` a line type or
---color, and `fields` gives what is told at an edge where a pointer rests.
function off.add_marks(marks, seen, where, x, y, look, fields)
  for _, m in ipairs(marks_at) do
    if seen.edges and seen.edges[m.edge] then
      local at = ("(%s && strcol('edge') eq '%s' ? %s : NaN)"):format(where, m.edge, m.axes:find "x2" and "column('edge_x')" or x)
      local up = m.axes:find "y2" and "(column('edge_y'))" or "(" .. y .. ")"
      marks[#marks + 1] = ("data using %s:%s axes %s with points %s pt %d ps 0.85 lw 1.5 dt 1"):format(at, up, m.axes, look, m.sign)
      marks[#marks + 1] = parts.hover(at, up, fields(m.edge), nil, m.axes)
    end
  end
end

---At the end: the second axes, the columns and the entries of the legend, where there are such marks. `columns`: names of others that they have.
function off.finish(fig, columns)
  if not fig.off then return end
  columns[#columns + 1] = "edge"
  columns[#columns + 1] = "edge_x"
  columns[#columns + 1] = "edge_y"
  table.move(columns, 1, #columns, #fig.columns + 1, fig.columns)
  for _, panel in ipairs(fig.panels) do
    panel.commands = panel.commands or {}
    table.move({ "set x2range [0:1]", "set y2range [0:1]" }, 1, 2, #panel.commands + 1, panel.commands)
  end
  local crossed = fig.off.huge and (fig.off.bad and "not finite, or beyond 8.9e307" or "beyond 8.9e307") or "not finite"
  for _, one in ipairs { { fig.off.bad or fig.off.huge, crossed, cross }, { fig.off.low, "zero or negative", plus } } do
    if one[1] then
      fig.legend[#fig.legend + 1] = { title = one[2], style = ("points pt %d ps 0.85 lw 1.5 lc rgb '#333333' dt 1"):format(one[3]) }
    end
  end
end

return off
