-- kernels.lua - the numerical kernels: computed again with scalars, and held against what theory says.
local hu = require "halfulp"
local claims, t = require("claims")()

local measure = hu.kernels.error

-- ---- the kernels once more, one scalar at a time ----

local function list_of(f, x)
  local out = {}
  for i = 1, #x do out[i] = f(x[i]) end
  return out
end

local function sum_of(f, x)
  local s = f(0)
  for i = 1, #x do s = s + x[i] end
  return s
end

local function values(x)
  local out = {}
  for i = 1, #x do out[i] = x[i]:value() end
  return out
end

local function gaussian(shape, f, seed, stream, options)
  local o = {seed = seed, stream = stream}
  for key, value in pairs(options or {}) do o[key] = value end
  return hu.randn(shape, o):quantize(f)
end

local twins = {}

function twins.sum(f, n, seed)
  local got, want = {}, {}
  for i = 1, 16 do
    local x = hu.uniform(n, {seed = seed, stream = i}):quantize(f)
    got[i], want[i] = sum_of(f, list_of(f, x)):value(), x:sum()
  end
  return got, want
end

function twins.dot(f, n, seed)
  local got, want = {}, {}
  for i = 1, 16 do
    local x, y = gaussian(n, f, seed, 2 * i), gaussian(n, f, seed, 2 * i + 1)
    local products = {}
    want[i] = 0
    for k = 1, n do
      products[k] = f(x[k]) * f(y[k])
      want[i] = want[i] + x[k] * y[k]
    end
    got[i] = sum_of(f, products):value()
  end
  return got, want
end

function twins.softmax(f, n, seed)
  local x = gaussian(n, f, seed, 1, {std = 2})
  local top, e, total, want = x:max(), {}, 0, {}
  for i = 1, n do
    e[i] = (f(x[i]) - f(top)):exp()
    want[i] = math.exp(x[i] - top)
    total = total + want[i]
  end
  local s, got = sum_of(f, e), {}
  for i = 1, n do got[i], want[i] = (e[i] / s):value(), want[i] / total end
  return got, want
end

function twins.layernorm(f, n, seed)
  local x = gaussian(n, f, seed, 1, {mean = 1})
  local gain, shift = gaussian(n, f, seed, 2, {mean = 1, std = 0.1}), gaussian(n, f, seed, 3, {std = 0.1})
  local mean = sum_of(f, list_of(f, x)) / f(n)
  local d, squares, exact_mean, exact_var = {}, {}, x:mean(), 0
  for i = 1, n do
    d[i] = f(x[i]) - mean
    squares[i] = d[i] * d[i]
    exact_var = exact_var + (x[i] - exact_mean) ^ 2 / n
  end
  local deviation = (sum_of(f, squares) / f(n) + f(1e-5)):sqrt()
  local got, want = {}, {}
  for i = 1, n do
    got[i] = (d[i] / deviation * f(gain[i]) + f(shift[i])):value()
    want[i] = (x[i] - exact_mean) / math.sqrt(exact_var + f(1e-5):value()) * gain[i] + shift[i]
  end
  return got, want
end

function twins.rope(f, n)
  local got, want = {}, {}
  for position = 0, n - 1 do
    for i = 0, 31 do
      local angle = f(position) * f(10000 ^ (-i / 32))
      local exact = position * 10000 ^ (-i / 32)
      got[#got + 1], want[#want + 1] = angle:cos():value(), math.cos(exact)
      got[#got + 1], want[#want + 1] = angle:sin():value(), math.sin(exact)
    end
  end
  return got, want
end

function twins.matmul(f, n, seed)
  local a, b = gaussian({n, n}, f, seed, 1), gaussian({n, n}, f, seed, 2)
  local got, want = {}, {}
  for i = 1, n do
    for j = 1, n do
      local products, exact = {}, 0
      for k = 1, n do
        products[k] = f(a(i, k)) * f(b(k, j))
        exact = exact + a(i, k) * b(k, j)
      end
      got[#got + 1], want[#want + 1] = sum_of(f, products):value(), exact
    end
  end
  return got, want
end

-- Row by row elimination with partial pivoting on lists of scalars, then both substitutions.
local function solve(f, a, b)
  local n = #b
  for k = 1, n do
    local pivot = k
    for i = k + 1, n do
      if math.abs(a[i][k]:value()) > math.abs(a[pivot][k]:value()) then pivot = i end
    end
    a[k], a[pivot], b[k], b[pivot] = a[pivot], a[k], b[pivot], b[k]
    for i = k + 1, n do
      a[i][k] = a[i][k] / a[k][k]
      for j = k + 1, n do a[i][j] = a[i][j] - a[i][k] * a[k][j] end
    end
  end
  for i = 1, n do
    for k = 1, i - 1 do b[i] = b[i] - a[i][k] * b[k] end
  end
  for i = n, 1, -1 do
    for k = n, i + 1, -1 do b[i] = b[i] - a[i][k] * b[k] end
    b[i] = b[i] / a[i][i]
  end
  return b
end

function twins.lu(f, n, seed)
  local a, b = gaussian({n, n}, f, seed, 1), gaussian(n, f, seed, 2)
  local function rows(g)
    local out = {}
    for i = 1, n do out[i] = list_of(g, a:row(i)) end
    return out
  end
  local double = hu.format "fp64"
  return values(solve(f, rows(f), list_of(f, b))), values(solve(double, rows(double), list_of(double, b)))
end

claims["every kernel gives the error that the same operations give one scalar at a time"] = function()
  for _, name in ipairs {"sum", "dot", "softmax", "layernorm", "rope", "matmul", "lu"} do
    for _, format in ipairs {"e8m3", "e5m6", "e8m12"} do
      local n = name == "lu" and 7 or name == "rope" and 40 or 12
      local got, want = twins[name](hu.format(format), n, 5)
      local m = hu.error(got, want)
      local e = measure {kernel = name, format = format, n = n, seed = 5}
      t.assertAlmostEquals(e.error / m.normwise_2, 1, 1e-9, name .. " " .. format)
      t.assertTrue(e.error > 0)
    end
  end
end

-- ---- against theory ----

claims["in double every kernel is right to double's own rounding"] = function()
  for _, name in ipairs(hu.kernels.names()) do
    local e = measure {kernel = name, format = "fp64", working = "fp64"}
    t.assertTrue(e.error < 1e-12, name)
    t.assertEquals(e.lost, 0)
    if e.backward then t.assertTrue(e.backward < 1e-14, name) end
  end
end

claims["the error of a sum of positive numbers stays below (n - 1) u"] = function()
  for m = 2, 20, 3 do
    local u, format = 2.0 ^ -(m + 1), "e8m" .. m
    t.assertTrue(measure({kernel = "sum", format = format, n = 16}).error <= 15 * u)   -- Jeannerod and Rump, SIAM J. Matrix Anal. Appl. 34 (2013)
  end
end

claims["a bit halves the error of every kernel but the refined one"] = function()
  for _, name in ipairs(hu.kernels.names()) do
    local bits, errors = {}, {}
    for m = 10, 22 do
      local log = 0
      for seed = 1, 3 do log = log + math.log(measure({kernel = name, format = "e8m" .. m, seed = seed, n = 24}).error, 2) / 3 end
      bits[#bits + 1], errors[#errors + 1] = m, log
    end
    local slope = hu.stats.fit(bits, errors).slope
    if name == "lu_refined" then
      t.assertTrue(math.abs(slope) < 0.1, name .. " " .. slope)
    else
      t.assertTrue(math.abs(slope + 1) < 0.1, name .. " " .. slope)
    end
  end
end

claims["refinement reaches the working precision from factors of a few bits"] = function()
  local plain, refined = measure {kernel = "lu", format = "e5m10"}, measure {kernel = "lu_refined", format = "e5m10"}
  t.assertTrue(plain.error > 1e-3 and refined.error < 1e-6)
  t.assertTrue(refined.backward < 1e-7 and plain.backward > 1e-5)
  t.assertTrue(measure({kernel = "lu_refined", format = "e5m10", working = "fp64"}).error < 1e-13)
end

claims["refinement that does not converge stops before it makes things worse"] = function()
  for m = 1, 4 do
    for seed = 1, 20 do
      local p = {format = "e8m" .. m, n = 16, seed = seed}
      p.kernel = "lu"
      local plain = measure(p).error
      p.kernel = "lu_refined"
      t.assertFalse(measure(p).error > 1.5 * plain, p.format .. " seed " .. seed)
    end
  end
end

claims["an overflow is an infinite error that is counted and flagged"] = function()
  local e = measure {kernel = "sum", format = "e4m3", n = 1024, rounding = "ru"}
  t.assertEquals(e.error, math.huge)
  t.assertTrue(e.lost > 0)
  t.assertStrContains(e.flags, "overflow")
end

claims["stochastic rounding depends on the seed alone and does not stagnate"] = function()
  local function sr(seed) return measure({kernel = "sum", format = "e8m4", rounding = "sr", seed = seed}).error end
  t.assertEquals(sr(1), sr(1))
  t.assertNotEquals(sr(1), sr(2))
  t.assertTrue(measure({kernel = "sum", format = "e8m4"}).error > 2 * sr(1))
end

claims["wrong options are named"] = function()
  t.assertErrorMsgContains("it takes a table", measure)
  t.assertErrorMsgContains("kernel is nil", measure, {})
  t.assertErrorMsgContains("softmax", measure, {kernel = "sofmax", format = "e5m2"})
  t.assertErrorMsgContains("format is missing", measure, {kernel = "sum"})
  t.assertErrorMsgContains("unknown option sead", measure, {kernel = "sum", format = "e5m2", sead = 1})
  t.assertErrorMsgContains("n is 0", measure, {kernel = "sum", format = "e5m2", n = 0})
  t.assertErrorMsgContains("repeats is 1.5", measure, {kernel = "sum", format = "e5m2", repeats = 1.5})
  t.assertErrorMsgContains("rounding", measure, {kernel = "sum", format = "e5m2", rounding = "rn"})
  t.assertErrorMsgContains("e5m", measure, {kernel = "sum", format = "e5m"})
  t.assertErrorMsgContains("seed", measure, {kernel = "sum", format = "e5m2", seed = "x"})
end

claims:run()
