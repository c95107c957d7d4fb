-- figure-contour.lua - z over a grid of x and y: as a map with contour lines, and as a surface.

local rows = require "halfulp.rows"
local figure = require "halfulp.figure"
local parts = require "halfulp.figure-parts"
local where, col, cell, values_or_one, count = parts.where, parts.col, parts.cell, parts.values_or_one, parts.count
local panel_title, labels = parts.panel_title, parts.labels

-- The panels of the options, each {value, xs, ys, at[i][j] = mean of z or nil, low, high}.
local function grids(o)
  local by, list = { o.x, o.y }, {}
  if o.panel then table.insert(by, 1, o.panel) end
  local panels, groups = values_or_one(o.rows, o.panel), rows.group(o.rows, by, o.z)
  local xs, ys = rows.values(o.rows, o.x), rows.values(o.rows, o.y)
  for _, values in ipairs { xs, ys } do
    for _, value in ipairs(values) do
      if type(value) ~= "number" then error(("plot: %s and %s take numbers for the kind %s"):format(o.x, o.y, o.kind), 0) end
    end
    if #values < 2 then error(("plot: the kind %s takes a grid of at least 2 by 2 values of %s and %s"):format(o.kind, o.x, o.y), 0) end
  end
  local place_x, place_y = {}, {}
  for i, value in ipairs(xs) do place_x[value] = i end
  for i, value in ipairs(ys) do place_y[value] = i end
  for p = 1, count(panels) do
    local grid = { value = panels[p], xs = xs, ys = ys, at = {}, low = math.huge, high = -math.huge }
    for i = 1, #xs do grid.at[i] = {} end
    for _, g in ipairs(groups) do
      if (not o.panel or g[o.panel] == panels[p]) and g.n > 0 and not (o.logz and g.mean <= 0) then
        grid.at[place_x[g[o.x]]][place_y[g[o.y]]] = g.mean
        grid.low, grid.high = math.min(grid.low, g.mean), math.max(grid.high, g.mean)
      end
    end
    list[p] = grid
  end
  return list
end

-- The heights of the lines: as the options list them, else about as many as they say (20), at round numbers or equal ratios.
local function levels_of(o, low, high)
  if type(o.levels) == "table" then return o.levels end
  local list, wanted = {}, o.levels or 20
  if not (high > low) then return list end
  if o.logz then
    for i = 1, wanted do list[i] = low * (high / low) ^ (i / (wanted + 1)) end
    return list
  end
  local step = figure.nice_step((high - low) / wanted)
  for i = math.floor(low / step) + 1, math.ceil(high / step) - 1 do list[#list + 1] = i * step end
  return list
end

-- Where a line at `level` crosses the edge from (x1, y1, z1) to (x2, y2, z2); nil where it does not.
local function crossing(level, x1, y1, z1, x2, y2, z2)
  if (z1 < level) == (z2 < level) then return nil end
  local t = (level - z1) / (z2 - z1)
  return { x1 + t * (x2 - x1), y1 + t * (y2 - y1) }
end

-- The pieces of contour lines in one cell: in each of the four triangles to its middle there is at most one, so nothing is ambiguous.
local function add_pieces(out, grid, i, j, level)
  local xs, ys, at = grid.xs, grid.ys, grid.at
  local corner = { { xs[i], ys[j], at[i][j] }, { xs[i + 1], ys[j], at[i + 1][j] }, { xs[i + 1], ys[j + 1], at[i + 1][j + 1] }, { xs[i], ys[j + 1], at[i][j + 1] } }
  local sum = 0
  for k = 1, 4 do
    if not corner[k][3] then return end
    sum = sum + corner[k][3]
  end
  local mx, my, mz = (xs[i] + xs[i + 1]) / 2, (ys[j] + ys[j + 1]) / 2, sum / 4
  for k = 1, 4 do
    local a, b, ends = corner[k], corner[k % 4 + 1], {}
    ends[#ends + 1] = crossing(level, a[1], a[2], a[3], b[1], b[2], b[3])
    ends[#ends + 1] = crossing(level, a[1], a[2], a[3], mx, my, mz)
    ends[#ends + 1] = crossing(level, b[1], b[2], b[3], mx, my, mz)
    if #ends == 2 then out[#out + 1] = { ends[1][1], ends[1][2], ends[2][1] - ends[1][1], ends[2][2] - ends[1][2] } end
  end
end

-- Half way to the neighbors of values[i]; as far beyond the ends. A little farther up, below the next cell, so that no seam shows between the two.
local function edges(values, i)
  local below = values[i] - (values[i - 1] and (values[i] - values[i - 1]) or (values[i + 1] - values[i])) / 2
  local above = values[i] + (values[i + 1] and (values[i + 1] - values[i]) or (values[i] - values[i - 1])) / 2
  return below, above + (above - below) / 30
end

local function axes(o, grid)
  local xlabel, ylabel = labels(o, o.x, o.y)
  return figure.axis("x", grid.xs, { label = xlabel, range = { grid.xs[1], grid.xs[#grid.xs] } }),
    figure.axis("y", grid.ys, { label = ylabel, range = { grid.ys[1], grid.ys[#grid.ys] } })
end

local function color_commands(o, low, high)
  return { "unset grid", ("set cbrange [%s:%s]"):format(rows.text(low), rows.text(high > low and high or low + 1)),
    o.logz and "set logscale cb" or "unset logscale cb", "set style fill solid 1 noborder", "set colorbox noborder", "set format cb '%g'",
    "set cbtics " .. (o.logz and "autofreq" or rows.text(figure.nice_step((high - low) / 4))) }
end

local function title_of(o, grid)
  return (o.panel and panel_title(o, grid.value) .. ": " or "") .. (o.zlabel or figure.label(o.z))
end

-- Of a large grid every how many-th line of values is told where a pointer rests.
local function tip_strides(grid)
  return parts.stride(#grid.xs, 60), parts.stride(#grid.ys, 60)
end

local function tip_fields(o)
  return { { o.x }, { o.y }, { o.z } }
end

local function contour(o)
  local fig = { panels = {}, rows = {}, legend = {}, title = o.title, width = o.width, across = o.across,
    columns = { "part", o.x, o.y, o.z, "x_low", "x_high", "y_low", "y_high", "dx", "dy", "told" } }
  if o.panel then table.insert(fig.columns, 1, o.panel) end
  local list, low, high = grids(o), math.huge, -math.huge
  for _, grid in ipairs(list) do low, high = math.min(low, grid.low), math.max(high, grid.high) end
  if low > high then return fig end
  for p, grid in ipairs(list) do
    local lines = 0
    local function add(row)
      if o.panel then row[o.panel] = cell(grid.value) end
      fig.rows[#fig.rows + 1] = row
    end
    local every_x, every_y = tip_strides(grid)
    for i = 1, #grid.xs do
      for j = 1, #grid.ys do
        local x_low, x_high = edges(grid.xs, i)
        local y_low, y_high = edges(grid.ys, j)
        if grid.at[i][j] then
          add { part = "value", told = (i % every_x == 0 and j % every_y == 0) and 1 or 0, [o.x] = grid.xs[i], [o.y] = grid.ys[j], [o.z] = grid.at[i][j], x_low = x_low, x_high = x_high, y_low = y_low, y_high = y_high }
        end
      end
    end
    for _, level in ipairs(levels_of(o, low, high)) do
      local pieces = {}
      for i = 1, #grid.xs - 1 do
        for j = 1, #grid.ys - 1 do add_pieces(pieces, grid, i, j, level) end
      end
      for _, piece in ipairs(pieces) do
        add { part = "line", [o.x] = piece[1], [o.y] = piece[2], [o.z] = level, dx = piece[3], dy = piece[4] }
      end
      lines = lines + #pieces
    end
    local x, y = axes(o, grid)
    local value, line = where { { o.panel, grid.value }, { "part", "value" } }, where { { o.panel, grid.value }, { "part", "line" } }
    local marks = { ("data using (%s ? %s : NaN):%s:(column('x_low')):(column('x_high')):(column('y_low')):(column('y_high')):%s with boxxyerror fillstyle solid 1 noborder lc palette"):format(
      value, col(o.x), "(" .. col(o.y) .. ")", "(" .. col(o.z) .. ")") }
    if lines > 0 then
      marks[2] = ("data using (%s ? %s : NaN):(%s):(column('dx')):(column('dy')) with vectors nohead lw 0.8 dt 1 lc rgb '#50FFFFFF'"):format(
        line, col(o.x), col(o.y))
    end
    if grid.low <= grid.high then
      marks[#marks + 1] = parts.hover(("(%s && column('told') == 1 ? %s : NaN)"):format(value, col(o.x)), "(" .. col(o.y) .. ")", tip_fields(o), 1.4)
    end
    fig.panels[p] = { title = title_of(o, grid), marks = marks, x = x, y = y, commands = color_commands(o, low, high) }
  end
  fig.panel_px = 330
  return fig
end

-- The view, and labels that stand clear of their axes: those of x below and to the left of their ticks, those of y to the right.
local function solid_commands(o, grid, low, high)
  local function step(values) return rows.text(figure.nice_step((values[#values] - values[1]) / 4)) end
  return { "unset tmargin", "unset bmargin", "set pm3d depthorder border lc rgb '#40333333' lw 0.3", "set view 58,32,1,1.05",
    ("set xtics %s offset -0.5,-0.35"):format(step(grid.xs)), ("set ytics %s offset 0.5,-0.2"):format(step(grid.ys)),
    ("set ztics %s offset 0.3,0"):format(rows.text(figure.nice_step((high - low) / 4))), "set ticslevel 0.05", "set border 21",
    ("set zrange [%s:%s]"):format(rows.text(low), rows.text(high > low and high or low + 1)), o.logz and "set logscale z" or "unset logscale z",
    "set format z '%g'", "set xlabel offset (kind eq 'svg' ? 3 : 0.3),(kind eq 'svg' ? 0.2 : -0.6)", "set ylabel offset (kind eq 'svg' ? -3.5 : 1),-0.6", "set title offset 0,0.8" }
end

-- Rows without a place, before and after the others: at a corner of the data where its surface begins or ends, gnuplot draws a line down to
-- the base, in front of the surface.
local function add_gap(fig, o, grid)
  for j = 1, 2 do fig.rows[#fig.rows + 1] = { told = 0, [o.y] = grid.ys[j] } end
  fig.rows[#fig.rows + 1] = rows.gap
end

local function surface(o)
  local fig = { panels = {}, rows = {}, legend = {}, title = o.title, width = o.width, across = o.across, columns = { o.x, o.y, o.z, "told" } }
  if o.panel then table.insert(fig.columns, 1, o.panel) end
  local list, low, high = grids(o), math.huge, -math.huge
  for _, grid in ipairs(list) do low, high = math.min(low, grid.low), math.max(high, grid.high) end
  if low > high then return fig end
  add_gap(fig, o, list[1])
  for p, grid in ipairs(list) do
    local every_x, every_y = tip_strides(grid)
    for i = 1, #grid.xs do
      for j = 1, #grid.ys do
        local row = { told = (grid.at[i][j] and i % every_x == 0 and j % every_y == 0) and 1 or 0, [o.x] = grid.xs[i], [o.y] = grid.ys[j], [o.z] = grid.at[i][j] }
        if o.panel then row[o.panel] = cell(grid.value) end
        fig.rows[#fig.rows + 1] = row
      end
      fig.rows[#fig.rows + 1] = rows.gap
    end
    local x, y = axes(o, grid)
    local commands = color_commands(o, low, high)
    for _, line in ipairs(solid_commands(o, grid, low, high)) do
      commands[#commands + 1] = line
    end
    local mine = where { { o.panel, grid.value } }
    local marks = { ("data using (%s ? %s : NaN):(%s):(%s) with pm3d"):format(mine, col(o.x), col(o.y), col(o.z)) }
    if grid.low <= grid.high then
      marks[2] = parts.hover(("(%s && column('told') == 1 ? %s : NaN)"):format(mine, col(o.x)), ("(%s):(%s)"):format(col(o.y), col(o.z)), tip_fields(o), 1.2)
    end
    fig.panels[p] = { title = title_of(o, grid), command = "splot", x = x, y = y, commands = commands, marks = marks,
      after = { "unset pm3d", "set border 3", "set xtics offset 0,0.25", "set ytics offset 0,0" } }
  end
  add_gap(fig, o, list[1])
  fig.panel_px = 360
  return fig
end

return { contour = contour, surface = surface }
