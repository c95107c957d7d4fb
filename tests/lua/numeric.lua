-- numeric.lua - emulated arithmetic on arrays agrees with scalars, and products with sums written out.
local claims, t = require("claims")()
local hu = require "halfulp"

local modes = {"rne", "rna", "rnz", "ru", "rd", "rz", "raz", "ro", "sr", "sr:4", "srh"}

claims["quantizing an array is quantizing each element, in every mode and of both types"] = function()
  for _, mode in ipairs(modes) do
    for _, dtype in ipairs {"double", "float"} do
      local a = hu.randn(300, {seed = 5, dtype = dtype, std = 40})
      local f = hu.format("e4m3fn"):with {rounding = mode, seed = 9, stream = 2}
      local got = a:quantize("e4m3fn", {rounding = mode, seed = 9, stream = 2})
      t.assertEquals(got.dtype, dtype)
      for i = 1, #a do
        f.env:seek(i - 1)
        t.assertEquals(got[i], f(a[i]):value(), mode)
      end
    end
  end
end

claims["a quantized array raises the flags of its environment"] = function()
  local env = hu.env {}
  hu.array({1, 2}):quantize("e4m3fn", {env = env})
  t.assertEquals(env.flags, "-")
  hu.array({0.3, 1000}):quantize("e4m3fn", {env = env})
  t.assertEquals(env.flags, "overflow,inexact")
  local f = hu.format "e4m3fn"
  hu.array({0.3}):quantize(f)
  t.assertEquals(f.flags, "inexact")
end

claims["apply is the scalar operation on each element"] = function()
  local f = hu.format "e5m2"
  local a, b, c = hu.randn(200, {seed = 1}):quantize(f), hu.randn(200, {seed = 2}):quantize(f), hu.randn(200, {seed = 3}):quantize(f)
  for _, mode in ipairs(modes) do
    local g = f:with {rounding = mode, seed = 4}
    local function check(op, got, of)
      for i = 1, #a do
        g.env:seek(i - 1)
        t.assertEquals(got[i], of(g:from_bits(f(a[i]):bits()), f(b[i]), f(c[i])):value(), op .. " " .. mode)
      end
    end
    local options = {format = "e5m2", rounding = mode, seed = 4}
    check("add", hu.apply("add", a, b, options), function(x, y) return x + y end)
    check("sub", hu.apply("sub", a, b, options), function(x, y) return x - y end)
    check("mul", hu.apply("mul", a, b, options), function(x, y) return x * y end)
    check("div", hu.apply("div", a, b, options), function(x, y) return x / y end)
    check("fma", hu.apply("fma", a, b, c, options), function(x, y, z) return x:fma(y, z) end)
    for i = 1, #a do a[i] = math.abs(a[i]) end
    check("sqrt", hu.apply("sqrt", a, options), function(x) return x:sqrt() end)
  end
end

claims["apply is the scalar function on each element, in formats with tables of results and without"] = function()
  local unary = {"exp", "exp2", "expm1", "log", "log2", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
                 "tanh", "erf", "sigmoid", "rsqrt", "cbrt"}
  for _, format in ipairs {"e5m2", "fp16", "fp32", "posit16"} do
    local f = hu.format(format)
    local a, b = hu.randn(40, {seed = 5}):quantize(f), hu.randn(40, {seed = 6}):quantize(f)
    for _, mode in ipairs {"rne", "ru", "sr"} do
      local g = f:with {rounding = mode, seed = 4}
      local function same(name, got, of)
        for i = 1, #a do
          g.env:seek(i - 1)
          local want = of(g:from_bits(f(a[i]):bits()), f(b[i])):value()
          if want == want then t.assertEquals(got[i], want, name .. " " .. mode .. " " .. a[i]) else t.assertNaN(got[i]) end
        end
      end
      local options = {format = format, rounding = mode, seed = 4}
      for _, name in ipairs(unary) do
        same(name, hu.apply(name, a, options), function(x) return x[name](x) end)
      end
      for _, name in ipairs {"pow", "atan2", "hypot"} do
        same(name, hu.apply(name, a, b, options), function(x, y) return x[name](x, y) end)
      end
    end
  end
end

claims["apply repeats operands as arithmetic does"] = function()
  local got = hu.apply("add", {{1, 2}, {3, 4}}, {10, 20}, {format = "fp32"})
  t.assertEquals(got:totable(), {{11.0, 22.0}, {13.0, 24.0}})
  t.assertEquals(hu.apply("div", 1, 3, {format = "e4m3fn"}):totable(), 0.34375)
  t.assertErrorMsgContains("format is missing", hu.apply, "add", 1, 2)
  t.assertErrorMsgContains('"div"', hu.apply, "dif", 1, 2, {format = "fp32"})
end

claims["matmul without formats is the matrix product"] = function()
  local a, b = hu.array {{1, 2, 3}, {4, 5, 6}}, hu.array {{1, 0}, {0, 1}, {1, 1}}
  t.assertEquals(hu.matmul(a, b):totable(), {{4.0, 5.0}, {10.0, 11.0}})
  t.assertEquals(hu.matmul(a:transpose(), b, {transpose_a = true}), hu.matmul(a, b))
  t.assertEquals(hu.matmul(a, b:transpose(), {transpose_b = true}), hu.matmul(a, b))
  t.assertEquals(hu.matmul(a, {1, 1, 1}):totable(), {6.0, 15.0})
  t.assertEquals(hu.matmul({1, 1}, a):totable(), {5.0, 7.0, 9.0})
  t.assertEquals(hu.matmul({1, 2}, {3, 4}):totable(), 11.0)
  t.assertEquals(hu.matmul(hu.zeros {2, 0}, hu.zeros {0, 3}):totable(), {{0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}})
  t.assertEquals(hu.matmul(a:to "float", b:to "float").dtype, "float")
  t.assertErrorMsgContains("2 by 3", hu.matmul, a, a)
end

--- Sum of products by scalars: each product exact or rounded to `product`, each sum rounded to `f`.
local function by_scalars(f, x, y, product)
  local sum = f(0)
  for i = 1, #x do
    if product then
      sum = sum + product(x[i] * y[i]):convert(f)
    else
      sum = f(x[i]):fma(y[i], sum)
    end
  end
  return sum:value()
end

claims["matmul and dot under an accumulator are the sums by scalars"] = function()
  local f = hu.format "e8m7"
  local a = hu.randn({3, 17}, {seed = 1}):quantize(f)
  local b = hu.randn({17, 2}, {seed = 2}):quantize(f)
  local c = hu.matmul(a, b, {accumulate = f})
  for i = 1, 3 do
    for j = 1, 2 do
      local want = by_scalars(f, a:row(i), b:column(j))
      t.assertEquals(c(i, j), want)
      t.assertEquals(hu.dot(a:row(i), b:column(j), {accumulate = "e8m7"}), want)
    end
  end
  local d = hu.matmul(a, b, {accumulate = {format = f, product = "e5m2"}})
  t.assertEquals(d(2, 1), by_scalars(f, a:row(2), b:column(1), hu.format "e5m2"))
end

claims["input quantizes the matrices first"] = function()
  local a, b = hu.randn({4, 5}, {seed = 1}), hu.randn({5, 3}, {seed = 2})
  local qa, qb = a:quantize "e4m3fn", b:quantize "e5m2"
  t.assertEquals(hu.matmul(a, b, {input = {"e4m3fn", "e5m2"}}), hu.matmul(qa, qb))
  t.assertEquals(hu.matmul(a, b, {input = "e4m3fn", accumulate = "fp32"}),
                 hu.matmul(qa, b:quantize "e4m3fn", {accumulate = "fp32"}))
end

claims["sums know chunks and orders"] = function()
  local f = hu.format "e4m3fn"
  local x = hu.randn(100, {seed = 6}):quantize(f)

  local total = f(0)
  for first = 1, 100, 7 do
    local part = f(0)
    for i = first, math.min(first + 6, 100) do part = part + x[i] end
    total = total + part
  end
  t.assertEquals(hu.sum(x, {accumulate = {format = f, chunk = 7}}), total:value())

  local function halves(first, last)
    if first == last then return f(x[first]) end
    local n = last - first + 1
    local middle = first + n - n // 2
    return halves(first, middle - 1) + halves(middle, last)
  end
  t.assertEquals(hu.sum(x, {accumulate = {format = f, order = "pairwise"}}), halves(1, 100):value())

  t.assertEquals(hu.sum(hu.ones(100), {accumulate = f}), 16.0)     -- 16 + 1 is a tie, which goes to 16
  t.assertEquals(hu.sum(hu.ones(100), {accumulate = {format = f, order = "kahan"}}), 96.0)    -- the nearest value to 100
  t.assertEquals(hu.sum(hu.ones(100)), 100.0)
  t.assertEquals(hu.dot(hu.ones(100), hu.ones(100)), 100.0)
end

claims["a stochastic product repeats from its seed"] = function()
  local a = hu.randn({6, 40}, {seed = 1})
  local function product(seed)
    return hu.matmul(a, a, {transpose_b = true, input = "e4m3fn", accumulate = "e8m7", rounding = "sr", seed = seed})
  end
  t.assertEquals(product(1), product(1))
  t.assertFalse(product(1) == product(2))
end

claims["a format that the carrier does not hold is refused"] = function()
  t.assertErrorMsgContains("e11m52", function() hu.ones(2, {dtype = "float"}):quantize "fp64" end)
  t.assertErrorMsgContains("e15m62", function() hu.ones(2):quantize "e15m62" end)
end

claims:run()
