-- kernels.lua - numerical kernels in emulated arithmetic, and how far their results are off.
--
-- Every elementary operation (+ - * / sqrt exp sin cos, and each product and each sum of a reduction) is
-- rounded to the format once, correctly, in the mode asked for; reductions run upward, one term at a time.
-- Inputs are drawn in double and rounded to the format by nearest-even first; the reference starts from the
-- rounded inputs, so that the error is that of the arithmetic alone.
--
-- The rounding errors of such kernels are the subject of Higham, Accuracy and Stability of Numerical
-- Algorithms, 2nd ed.: chapter 3 (dot and matrix products), 4 (sums), 9 (LU) and 12 (refinement).

local core = require "halfulp.core"
local check_options = require "halfulp.options"
local array, numeric, metrics = core.array, core.numeric, core.analysis.error

local kernels = {}

-- Arithmetic of one format and mode: the operations as functions of arrays and numbers. The environment
-- moves its random words on, so that no two operations of a kernel share one.
local function arithmetic(format, rounding, seed)
  local env = core.env.new {rounding = rounding, seed = seed}
  local elementwise = {format = format, env = env}
  local reduction = {accumulate = {format = format, product = format}, env = env}
  local calc = {env = env}
  function calc.add(a, b) return numeric.apply("add", a, b, elementwise) end
  function calc.sub(a, b) return numeric.apply("sub", a, b, elementwise) end
  function calc.mul(a, b) return numeric.apply("mul", a, b, elementwise) end
  function calc.div(a, b) return numeric.apply("div", a, b, elementwise) end
  for _, name in ipairs {"sqrt", "exp", "sin", "cos"} do
    calc[name] = function(a) return numeric.apply(name, a, elementwise) end
  end
  function calc.round(a) return a:quantize(format, {env = env}) end
  function calc.sum(x) return numeric.sum(x, {accumulate = format, env = env}) end
  function calc.dot(x, y) return numeric.dot(x, y, reduction) end
  function calc.matmul(a, b) return numeric.matmul(a, b, reduction) end
  return calc
end

-- Double itself, with the same operations: what references are computed in.
local double = {
  add = function(a, b) return a + b end,
  sub = function(a, b) return a - b end,
  mul = function(a, b) return a * b end,
  div = function(a, b) return a / b end,
  round = function(a) return a end,
}

-- Inputs: drawn in double, rounded to the format. The stream keeps the arrays of one kernel apart.
local function gaussian(shape, p, stream)
  return array.randn(shape, {seed = p.seed, stream = stream}):quantize(p.format)
end

local function uniform(shape, p, stream)
  return array.uniform(shape, {seed = p.seed, stream = stream}):quantize(p.format)
end

-- The largest value as an array without indices, exact in every format.
local function largest(x) return x:max() end

-- ---- sum and products ----

-- `repeats` sums of n uniform numbers in (0, 1).
local function sum(calc, p)
  local got, want = {}, {}
  for i = 1, p.repeats do
    local x = uniform(p.n, p, i)
    got[i], want[i] = calc.sum(x), x:sum()
  end
  return got, want
end

-- `repeats` dot products of n Gaussian numbers each.
local function dot(calc, p)
  local got, want = {}, {}
  for i = 1, p.repeats do
    local x, y = gaussian(p.n, p, 2 * i), gaussian(p.n, p, 2 * i + 1)
    got[i], want[i] = calc.dot(x, y), (x * y):sum()
  end
  return got, want
end

-- The product of two Gaussian n x n matrices.
local function matmul(calc, p)
  local a, b = gaussian({p.n, p.n}, p, 1), gaussian({p.n, p.n}, p, 2)
  return calc.matmul(a, b), numeric.matmul(a, b)
end

-- ---- layers of a network ----

-- Softmax of n Gaussian logits of standard deviation 2: exp(x - max) / sum.
local function softmax(calc, p)
  local x = array.randn(p.n, {seed = p.seed, stream = 1, std = 2}):quantize(p.format)
  local e = calc.exp(calc.sub(x, largest(x)))
  local exact = (x - largest(x)):exp()
  return calc.div(e, calc.sum(e)), exact / exact:sum()
end

-- LayerNorm of n Gaussian numbers of mean 1, with gain near 1 and shift near 0; epsilon 1e-5, rounded as
-- the rest.
local function layernorm(calc, p)
  local x = array.randn(p.n, {seed = p.seed, stream = 1, mean = 1}):quantize(p.format)
  local gain = array.randn(p.n, {seed = p.seed, stream = 2, mean = 1, std = 0.1}):quantize(p.format)
  local shift = array.randn(p.n, {seed = p.seed, stream = 3, std = 0.1}):quantize(p.format)
  local constants = array.new {p.n, 1e-5}
  local n, epsilon = constants:quantize(p.format)[1], constants:quantize(p.format)[2]

  local centered = calc.sub(x, calc.div(calc.sum(x), n))
  local deviation = calc.sqrt(calc.add(calc.div(calc.dot(centered, centered), n), epsilon))
  local got = calc.add(calc.mul(calc.div(centered, deviation), gain), shift)

  local exact = x - x:mean()
  return got, exact / ((exact * exact):mean() + epsilon) ^ 0.5 * gain + shift
end

-- Rotary position embedding, positions 0 to n - 1, head dimension d = 64: angle = position * 10000^(-2 i /
-- d) in the format (position and frequency rounded first, as they are when they are kept in it), then cos
-- and sin. The reference is the exact rotation of the position meant.
local function rope(calc, p)
  local half = 32
  local position = array.new((function()
    local list = {}
    for i = 1, p.n do list[i] = {i - 1} end
    return list
  end)())
  local frequency = array.new((function()
    local list = {}
    for i = 1, half do list[i] = 10000 ^ (-(i - 1) / half) end
    return list
  end)())
  local angle = calc.mul(position:quantize(p.format), frequency:quantize(p.format))
  local exact = position * frequency
  local got, want = array.zeros {2, p.n, half}, array.zeros {2, p.n, half}
  got:set_row(1, calc.cos(angle)):set_row(2, calc.sin(angle))
  want:set_row(1, exact:cos()):set_row(2, exact:sin())
  return got, want
end

-- ---- linear systems ----

-- Row numbers 1 .. n with rows i and k exchanged, in `order` and in the matrix.
local function exchange(matrix, order, i, k)
  if i == k then return end
  local row = matrix:row(i)
  matrix:set_row(i, matrix:row(k)):set_row(k, row)
  order[i], order[k] = order[k], order[i]
end

local function pivot_row(column, k)
  local best, at = -1, k
  for i = k, #column do
    if math.abs(column[i]) > best then best, at = math.abs(column[i]), i end
  end
  return at
end

-- Gaussian elimination with partial pivoting, outer product form (Higham, algorithm 9.2). Returns the
-- columns of the unit lower factor (zero above and on the diagonal), the upper factor's rows as columns
-- above the diagonal with the pivots, and the order of the rows.
local function factorize(calc, a)
  local n, work, order = #a, a:copy(), {}
  local pivots = {}
  for i = 1, n do order[i] = i end
  for k = 1, n do
    exchange(work, order, pivot_row(work:column(k), k), k)
    local column, row = work:column(k), work:row(k)
    pivots[k] = row[k]
    for i = 1, k do column[i], row[i] = 0, 0 end      -- what has been eliminated, and the pivot itself, stay as they are
    local multipliers = calc.div(column, pivots[k])
    local update = calc.mul(multipliers:reshape {n, 1}, row:reshape {1, n})
    work = calc.sub(work, update)
    for i = k + 1, n do work:set(i, k, multipliers[i]) end
  end
  local lower, upper = {}, {}
  for k = 1, n do
    lower[k], upper[k] = work:column(k), work:column(k)
    for i = 1, n do
      if i <= k then lower[k][i] = 0 end
      if i >= k then upper[k][i] = 0 end
    end
  end
  return {n = n, lower = lower, upper = upper, pivots = pivots, order = order}
end

-- Both triangular systems, column by column.
local function substitute(calc, f, b)
  local y = array.zeros(f.n)
  for i = 1, f.n do y[i] = b[f.order[i]] end
  for k = 1, f.n do y = calc.sub(y, calc.mul(f.lower[k], y[k])) end
  for k = f.n, 1, -1 do
    local x = calc.div(y, f.pivots[k])[k]
    y = calc.sub(y, calc.mul(f.upper[k], x))
    y[k] = x
  end
  return y
end

-- x + d while d is less than half of the d before it (of x at first), at most `steps` times. The residual
-- is computed in double; each correction is solved with the factors in the format, the residual scaled to
-- largest component 1 first so that it neither over- nor underflows (Higham, Pranesh and Zounon, SIAM J.
-- Sci. Comput. 41 (2019)); the iterate is kept in the arithmetic `working`. Source: Carson and Higham, SIAM
-- J. Sci. Comput. 40 (2018), algorithm 1.1.
local function refine(calc, working, f, a, b, x, steps)
  local before = x:norm()
  for _ = 1, steps do
    local residual = b - numeric.matmul(a, x)
    local size = residual:abs():max()
    if not (size > 0 and size < math.huge) then break end
    local d = substitute(calc, f, calc.round(residual / size)) * size
    local length = d:norm()
    if not (length <= before / 2) then break end
    x, before = working.add(x, d), length
  end
  return x
end

-- A Gaussian system of n equations, the factors that solve it, and the solution in double, refined in double.
local function system(calc, p)
  local a, b = gaussian({p.n, p.n}, p, 1), gaussian(p.n, p, 2)
  local exact = factorize(double, a)
  local want = refine(double, double, exact, a, b, substitute(double, exact, b), 3)
  return a, b, factorize(calc, a), want
end

-- Rigal and Gaches' normwise backward error ||b - A x|| / (||A|| ||x|| + ||b||), infinity norms (Higham,
-- theorem 7.1).
local function backward_error(a, b, x)
  local residual = (b - numeric.matmul(a, x)):abs():max()
  return residual / (a:abs():sum(2):max() * x:abs():max() + b:abs():max())
end

local function lu(calc, p)
  local a, b, factors, want = system(calc, p)
  local x = substitute(calc, factors, b)
  return x, want, backward_error(a, b, x)
end

local function lu_refined(calc, p)
  local a, b, factors, want = system(calc, p)
  local working = arithmetic(p.working, "rne", p.seed)
  local x = refine(calc, working, factors, a, b, substitute(calc, factors, b), 10)
  return x, want, backward_error(a, b, x)
end

-- ---- the table ----

local table_of = {
  {name = "sum",       n = 1024, run = sum,       title = "sum"},
  {name = "dot",       n = 256,  run = dot,       title = "dot product"},
  {name = "matmul",    n = 32,   run = matmul,    title = "matrix product"},
  {name = "softmax",   n = 256,  run = softmax,   title = "softmax"},
  {name = "layernorm", n = 256,  run = layernorm, title = "LayerNorm"},
  {name = "rope",      n = 128,  run = rope,      title = "RoPE angles"},
  {name = "lu",        n = 32,   run = lu,        title = "LU solve"},
  {name = "lu_refined", n = 32,  run = lu_refined, title = "LU solve, refined"},
}

local by_name = {}
for _, kernel in ipairs(table_of) do by_name[kernel.name] = kernel end

local defaults = {kernel = false, format = false, rounding = "rne", n = false, seed = 1, repeats = 16, working = "fp32"}

local function check(p)
  if type(p) ~= "table" then error("kernels.error: it takes a table, such as {kernel = \"sum\", format = \"e5m7\"}", 3) end
  check_options("kernels.error", p, defaults, 3)
  if not by_name[p.kernel] then
    error(("kernels.error: kernel is %s; it takes one of %s"):format(tostring(p.kernel), table.concat(kernels.names(), ", ")), 3)
  end
  if p.format == nil then error("kernels.error: format is missing", 3) end
  for _, key in ipairs {"n", "repeats"} do
    if p[key] ~= nil and not (math.type(p[key]) == "integer" and p[key] >= 1) then
      error(("kernels.error: %s is %s; it takes a whole number, at least 1"):format(key, tostring(p[key])), 3)
    end
  end
end

---The kernels that `hu.kernels.error` knows.
---@return string[] names
---@return table<string, table> about  name -> {name=, title=, n = default size}
function kernels.names()
  local names, about = {}, {}
  for i, kernel in ipairs(table_of) do
    names[i] = kernel.name
    about[kernel.name] = {name = kernel.name, title = kernel.title, n = kernel.n}
  end
  return names, about
end

---One kernel in emulated arithmetic against double.
---
---`error` is the 2-norm of the error over that of the result (for `sum` and `dot`: over the vector of `repeats` results); it is
---infinite where a result overflowed or became NaN. The linear solvers also give `backward`.
---
---```lua
---local e = hu.kernels.error {kernel = "softmax", format = "e8m7", seed = 1}
---print(e.error < 2 ^ -4)             --> true
---print(e.lost)                       --> 0
---```
---@param options table  `kernel`, `format`, `rounding` = "rne", `n` = size, `seed` = 1, `repeats` = 16 (sum and dot), `working` = "fp32" (format of the iterate of lu_refined)
---@return table  {error=, relative_max=, normwise_inf=, lost = results that are not finite, backward=, flags=}
function kernels.error(options)
  check(options)
  local kernel, p = by_name[options.kernel], {}
  for key, default in pairs(defaults) do p[key] = options[key] == nil and default or options[key] end
  p.n = options.n or kernel.n
  local calc = arithmetic(p.format, p.rounding, p.seed)
  local got, want, backward = kernel.run(calc, p)
  local m = metrics(got, want)
  local lost = m.lost > 0
  return {
    error = lost and math.huge or m.normwise_2,
    relative_max = lost and math.huge or m.relative_max,
    normwise_inf = lost and math.huge or m.normwise_inf,
    lost = m.lost,
    backward = backward,
    flags = calc.env.flags,
  }
end

return kernels
