-- error-vs-bits.lua - what does a bit of mantissa buy, and when does a narrow exponent take it away?
--
-- Method: eight kernels (hu.kernels: sums, dot products, matrix product, softmax, LayerNorm, RoPE, an LU
-- solve with and without refinement) in arithmetic that rounds every operation to ExMy, against double on
-- the same rounded inputs. The error is that of the 2-norm, relative; points are averaged over seeds
-- (geometric mean in the tables).
-- Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. (first-order error bounds are
-- proportional to the unit roundoff, so that a bit halves the error); Carson and Higham, SIAM J. Sci.
-- Comput. 40 (2018) (refinement).
-- What would surprise: a slope that is not -1 bit per bit at E8 and E11, where nothing overflows; a refined
-- solve that still depends on the mantissa once the factors are good enough for it to converge.
--
-- Columns: kernel, exponent (bits), mantissa (bits), seed; error (relative, 2-norm; infinite after an overflow),
-- lost (results that are not finite), backward (normwise backward error of the two solvers).
--
--   halfulp run experiments/error-vs-bits.lua [scale=small|demo|full]
--
-- experiments/bits-vs-loss.lua runs this file as its first part: the table that it returns has run(params, out).

local hu = require "halfulp"

local part = {}

local size = {}      -- n of each kernel
for name, about in pairs(select(2, hu.kernels.names())) do size[name] = about.n end

local scales = {
  small = {mantissas = {2, 8, 12, 16, 20}, exponents = {4, 8}, seeds = {1}},
  demo  = {mantissas = hu.range(1, 23), exponents = {3, 4, 5, 8, 11}, seeds = {1, 2, 3}},
  full  = {mantissas = hu.range(1, 23), exponents = {3, 4, 5, 6, 7, 8, 11}, seeds = hu.range(1, 20)},
}

-- The reference line of a figure: the unit roundoff of a format.
local function unit_roundoff(mantissa) return 2.0 ^ -(mantissa + 1) end

-- Geometric means over the seeds: kernel -> exponent -> list of {m=, error=, lost=}, infinite where a seed's is.
local function curves(rows, p)
  local sums = {}
  for _, row in ipairs(rows) do
    local key = ("%s %d %d"):format(row.kernel, row.exponent, row.mantissa)
    local s = sums[key] or {log = 0, n = 0, lost = 0}
    s.log, s.n, s.lost = s.log + math.log(row.error, 2), s.n + 1, s.lost + row.lost
    sums[key] = s
  end
  local out = {}
  for _, kernel in ipairs(p.kernels) do
    out[kernel] = {}
    for _, e in ipairs(p.exponents) do
      local curve = {}
      for _, m in ipairs(p.mantissas) do
        local s = sums[("%s %d %d"):format(kernel, e, m)]
        if s then curve[#curve + 1] = {m = m, error = 2.0 ^ (s.log / s.n), lost = s.lost} end
      end
      out[kernel][e] = curve
    end
  end
  return out
end

-- Slope of log2 error over the bits where n u <= 1/8: first-order theory holds there. With fewer bits a sum
-- of n terms of one sign stops to grow, and all bits are lost at once.
local function slope_of(curve, n)
  local x, y = {}, {}
  for _, point in ipairs(curve) do
    if point.error > 0 and point.error < math.huge and n * unit_roundoff(point.m) <= 1 / 8 then
      x[#x + 1], y[#y + 1] = point.m, math.log(point.error, 2)
    end
  end
  if #x < 3 then return nil end
  return hu.stats.fit(x, y).slope, #x
end

-- The fewest bits from which on the refined solve is as good as its working precision allows (1e-6).
local function converges_from(curve)
  local from
  for i = #curve, 1, -1 do
    if not (curve[i].error < 1e-6) then break end
    from = curve[i].m
  end
  return from
end

local function header(p, out)
  local cells = {("%-12s"):format("kernel")}
  for _, e in ipairs(p.exponents) do cells[#cells + 1] = ("%8s"):format("E" .. e) end
  out(table.concat(cells))
end

-- A line of figures for each kernel; `figure` gives the text of a curve. The refined solve has no slope: it
-- is either converged or not.
local function lines(p, by_kernel, out, figure)
  header(p, out)
  for _, kernel in ipairs(p.kernels) do
    local cells = {("%-12s"):format(kernel)}
    for _, e in ipairs(p.exponents) do cells[#cells + 1] = ("%8s"):format(figure(by_kernel[kernel][e], kernel)) end
    out(table.concat(cells))
  end
end

local function count_lost(by_kernel, p)
  local lost = {}
  for _, kernel in ipairs(p.kernels) do
    for _, e in ipairs(p.exponents) do
      for _, point in ipairs(by_kernel[kernel][e]) do
        if point.lost > 0 then lost[#lost + 1] = ("%s E%dM%d"):format(kernel, e, point.m) end
      end
    end
  end
  return lost
end

-- Slopes that first-order theory promises: -1 where the exponent is wide; the refined solve is held to its
-- working precision.
local function check(by_kernel, p, out)
  local holds, checked = true, 0
  for _, kernel in ipairs(p.kernels) do
    for _, e in ipairs(p.exponents) do
      local slope, points = nil, 0
      if e >= 8 and kernel ~= "lu_refined" then slope, points = slope_of(by_kernel[kernel][e], size[kernel]) end
      if slope and points >= 5 then
        checked = checked + 1
        if math.abs(slope + 1) > 0.15 then
          holds = false
          out(("NOT as expected: %s at E%d has slope %.3f"):format(kernel, e, slope))
        end
      end
    end
  end
  if checked > 0 then
    out(("%s: the slope is -1 within 0.15 in %s%d cases with 8 exponent bits or more"):format(
      holds and "as expected" or "NOT as expected", holds and "all " or "some but not all of ", checked))
  else
    out "not checked: too few bits for a slope (scale=demo has enough)"
  end
  return holds
end

local function say(by_kernel, p, out)
  out "measured: slope of log2(error) over mantissa bits, where n u <= 1/8 (expected: -1, a bit halves it)"
  lines(p, by_kernel, out, function(curve, kernel)
    local slope = kernel ~= "lu_refined" and slope_of(curve, size[kernel])
    return slope and ("%.3f"):format(slope) or "-"
  end)
  out ""
  local at = p.mantissas[math.min(#p.mantissas, 7)]
  out(("measured: relative error with %d mantissa bits, unit roundoff %.1e"):format(at, unit_roundoff(at)))
  lines(p, by_kernel, out, function(curve)
    for _, point in ipairs(curve) do
      if point.m == at then return ("%.1e"):format(point.error) end
    end
    return "-"
  end)
  out ""
  local holds = check(by_kernel, p, out)
  if by_kernel.lu_refined then
    for _, e in ipairs(p.exponents) do
      local from = converges_from(by_kernel.lu_refined[e])
      out(from and ("measured: factors in E%dM%d or more refine to below 1e-6"):format(e, from)
        or ("measured: with E%d refinement does not reach 1e-6 at every mantissa tried"):format(e))
    end
  end
  local lost = count_lost(by_kernel, p)
  out(#lost == 0 and "measured: nothing overflowed"
    or ("measured: overflow or NaN in %d cells: %s%s"):format(#lost, table.concat(lost, ", ", 1, math.min(#lost, 8)),
      #lost > 8 and ", ..." or ""))
  return holds
end

-- One figure, a panel a kernel: a curve an exponent width, and the unit roundoff as the line to compare
-- with. A point of which a seed overflowed is left out: the mean of the others would make it look better
-- than it is.
local function draw(rows, by_kernel, p)
  local _, about = hu.kernels.names()
  local some, panel = {}, {}
  for i, kernel in ipairs(p.kernels) do
    panel[kernel] = ("(%s) %s, n = %d"):format(string.char(96 + i), about[kernel].title, about[kernel].n)
    for _, m in ipairs(p.mantissas) do
      some[#some + 1] = {mantissa = m, error = unit_roundoff(m), exponent = "unit roundoff", kernel = panel[kernel]}
    end
  end
  local lost = {}
  for _, kernel in ipairs(p.kernels) do
    for _, e in ipairs(p.exponents) do
      for _, point in ipairs(by_kernel[kernel][e]) do lost[kernel .. e .. "m" .. point.m] = point.lost > 0 end
    end
  end
  for _, row in ipairs(rows) do
    if not lost[row.kernel .. row.exponent .. "m" .. row.mantissa] then
      some[#some + 1] = {mantissa = row.mantissa, error = row.error, exponent = row.exponent, kernel = panel[row.kernel]}
    end
  end
  return hu.plot {
    rows = some, x = "mantissa", y = "error", series = "exponent", panel = "kernel", logy = true, across = 2, width = 860,
    xlabel = "mantissa bits", ylabel = "relative error", legend = "exponent bits",
    title = "Error against mantissa bits", file = "error-vs-bits",
    caption = "A curve an exponent width; the mean over the seeds with its 95 % interval. A point is missing "
      .. "where one of them overflowed.",
  }
end

---The first part of the main experiment.
---@param params? table  scale = "small", "demo" or "full"; kernels, exponents, mantissas, seeds = lists that replace the scale's; rounding = "rne"; jobs; name of the sweep
---@param out? function   gets each line of what was measured; print
---@return table  {rows=, curves = kernel -> exponent -> {{m=, error=, lost=}}, holds = whether theory's slopes were met, plot = path of the SVG, sweep=}
function part.run(params, out)
  params, out = params or {}, out or print
  local scale = scales[params.scale or "demo"]
  if not scale then error("error-vs-bits: scale takes small, demo or full", 2) end
  local p = {
    kernels = params.kernels or (hu.kernels.names()),
    exponents = params.exponents or scale.exponents,
    mantissas = params.mantissas or scale.mantissas,
    seeds = params.seeds or scale.seeds,
    rounding = params.rounding or "rne",
  }
  local sweep = hu.sweep {kernel = p.kernels, exponent = p.exponents, mantissa = p.mantissas, seed = p.seeds,
                          rounding = p.rounding}
  sweep:run(function(point)
    local e = hu.kernels.error {kernel = point.kernel, format = ("e%dm%d"):format(point.exponent, point.mantissa),
                                rounding = point.rounding, seed = point.seed}
    return {error = e.error, lost = e.lost, backward = e.backward}
  end, {name = params.name or "error-vs-bits", files = {debug.getinfo(1, "S").source:match "^@(.+)$"}, jobs = params.jobs})
  local rows = sweep:rows()
  local by_kernel = curves(rows, p)
  local holds = say(by_kernel, p, out)
  return {rows = rows, curves = by_kernel, holds = holds, plot = draw(rows, by_kernel, p), sweep = sweep}
end

-- Run as a script of its own, and not as a part of another.
if (hu.script or (arg and arg[0]) or ""):match "error%-vs%-bits%.lua$" then
  local params = hu.params {
    scale = {default = "demo", choices = {"small", "demo", "full"},
             help = "how much: a second, half a minute, many seeds"},
    rounding = {default = "rne", help = "rounding mode of every operation"},
  }
  local result = part.run(params)
  result.sweep:table {columns = {"kernel", "exponent", "mantissa", "seed", "error", "lost", "backward"}, file = "error-vs-bits"}
end

return part
