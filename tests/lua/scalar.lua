-- scalar.lua - values of a format from Lua: operators, neighbors, conversions.
local claims, t = require("claims")()
local hu = require "halfulp"

local f = hu.format "e4m3fn"

claims["a scalar comes from numbers, text, scalars and codes"] = function()
  t.assertEquals(f(0.3):value(), 0.3125)
  t.assertEquals(f(3):value(), 3.0)
  t.assertEquals(f("0.3"):value(), 0.3125)
  t.assertEquals(f("0x1.8p-3"):value(), 0.1875)
  t.assertEquals(f(hu.format("fp32")(0.3)):value(), 0.3125)
  t.assertEquals(f:from_bits(0x38):value(), 1.0)
  t.assertEquals(f:from_bits("0x38"):value(), 1.0)
  t.assertEquals(f("nan"):kind(), "nan")
end

claims["text is rounded once, however many digits it has"] = function()
  local half = hu.format "fp16"
  local tie = "1.00048828125"             -- halfway between 1 and 1 + 2^-10
  t.assertEquals(half(tie):value(), 1.0)
  t.assertEquals(half(tie .. ("0"):rep(60) .. "1"):value(), 1 + 0x1p-10)
end

claims["integers beyond 2^53 are rounded once"] = function()
  local wide = hu.format "e15m62"
  t.assertEquals(tostring(wide(math.maxinteger)), "9223372036854775807")
  t.assertEquals(hu.format("fp32")((1 << 53) + 1):value(), 2.0 ^ 53)
end

claims["functions are correctly rounded, with their flags"] = function()
  local half = hu.format "fp16"
  t.assertEquals(half(1):exp():value(), 2.71875)
  t.assertEquals(half(10):exp2():value(), 1024.0)
  t.assertEquals(half:with({rounding = "ru"})(1):exp():value(), 2.71875)
  t.assertEquals(half:with({rounding = "rd"})(1):exp():value(), 2.716796875)
  t.assertEquals(half(3):hypot(4):value(), 5.0)
  t.assertEquals(half(0):rsqrt():value(), math.huge)
  t.assertEquals(half.env.flags, "divbyzero,inexact")
  t.assertEquals(half(-8):cbrt():value(), -2.0)
  t.assertEquals(half(0):atan2(-1):value(), 3.140625)
  t.assertErrorMsgContains("operand", half(1).pow, half(1), "2")
  t.assertErrorMsgContains("no such operation", hu.format("lns8.3")(1).exp, hu.format("lns8.3")(1))
end

claims["scalars of wide formats have all their digits"] = function()
  local octuple, quad, x87 = hu.format "binary256", hu.format "binary128", hu.format "x87"
  local tenth = octuple("0.1")
  t.assertEquals(tostring(tenth), "0.1000000000000000000000000000000000000000000000000000000000000000000000002")
  t.assertEquals(tenth:bits(), "0x3fffb9999999999999999999999999999999999999999999999999999999999a")
  t.assertEquals(tenth:hex(), "0x1.9999999999999999999999999999999999999999999999999999999999ap-4")
  t.assertTrue(octuple(tostring(tenth)) == tenth)
  t.assertTrue(octuple:from_bits(tenth:bits()) == tenth)
  t.assertTrue(tenth < octuple("0.2") and tenth <= tenth and not (tenth < tenth))
  t.assertEquals(tostring(octuple(2):sqrt() ^ 2 - 2), "-9.055679078826712367509119290887791780682531198139138189582614889935501319e-72")
  t.assertEquals(tostring(quad(1) / 3), "0.333333333333333333333333333333333317")
  t.assertEquals((x87(1) / 3):bits(), "0x3ffdaaaaaaaaaaaaaaab")
  t.assertEquals(tostring(quad(tenth)), "0.100000000000000000000000000000000005")
  t.assertEquals(tenth:convert("fp64"):value(), 0.1)
  t.assertTrue(hu.format("fp64")(0.5) == quad(0.5) and hu.format("fp64")(0.1) ~= quad("0.1"))
  t.assertTrue(quad("nan") ~= quad("nan"))
  t.assertEquals(quad.flags, "inexact")
end

claims["neighbors of wide values"] = function()
  local quad, x87, flush = hu.format "binary128", hu.format "x87", hu.format "e5m70fn{subnormals=flush}"
  t.assertEquals(quad(1):next():bits(), "0x3fff0000000000000000000000000001")
  t.assertEquals(quad(1):prev():bits(), "0x3ffeffffffffffffffffffffffffffff")
  t.assertEquals(quad(0):next():bits(), "0x00000000000000000000000000000001")
  t.assertEquals(quad(0):prev():bits(), "0x80000000000000000000000000000001")
  t.assertEquals(quad(-1):next():bits(), "0xbffeffffffffffffffffffffffffffff")
  t.assertEquals(quad.max:next():kind(), "infinite")
  t.assertTrue(quad("inf"):prev() == quad.max)
  t.assertEquals(x87(1):prev():bits(), "0x3ffeffffffffffffffff")
  t.assertEquals(x87.min_normal:prev():bits(), "0x00007fffffffffffffff")
  t.assertEquals(x87.min_normal:prev():kind(), "subnormal")
  t.assertEquals(quad(1):ulp(), 0x1p-112)
  t.assertTrue(flush.max == flush(flush.max):next())                -- no infinity to go to
  t.assertTrue(flush(flush.min_normal):prev() == flush(0) and flush(0):next() == flush(flush.min_normal))
end

claims["arrays refuse formats whose values are no doubles, and say so"] = function()
  local a = hu.array {1, 2}
  for _, name in ipairs {"binary128", "binary256", "x87", "e5m63", "e30m8"} do
    local ok, message = pcall(function() return hu.format(name):quantize(a) end)
    t.assertFalse(ok)
    t.assertStrContains(message, "has values that are no values of double")
    t.assertFalse((pcall(function() return hu.matmul(hu.array {{1}}, hu.array {{1}}, {accumulate = name}) end)))
  end
end

claims["operators round once in the format"] = function()
  local x, y = f(1), f(3)
  t.assertEquals((x / y):value(), 0.34375)
  t.assertEquals((x + 0.3):value(), 1.25)         -- 0.3 becomes 0.3125 first; 1.3125 is 1.25 or 1.375 by the even one
  t.assertEquals((2 - y):value(), -1.0)
  t.assertEquals((y * y):value(), 9.0)
  t.assertEquals((-y):value(), -3.0)
  t.assertEquals((f(5) % 3):value(), -1.0)        -- the IEEE remainder
  t.assertEquals((f(1.125) ^ 3):value(), 1.375)   -- 1.125 * 1.125 = 1.25, * 1.125 = 1.375
  t.assertEquals((f(2) ^ -3):value(), 0.125)
  t.assertEquals((f(2) ^ 0):value(), 1.0)
end

claims["comparisons follow IEEE 754"] = function()
  local nan = f "nan"
  t.assertTrue(f(1) < f(2) and f(1) <= 1 and 2 > f(1) and f(0) == f(-0.0))
  t.assertFalse(nan == f "nan")
  t.assertFalse(nan:eq(nan))
  t.assertFalse(nan < 1 or nan >= 1)
  t.assertTrue(f(0.3):eq(0.3))
  t.assertTrue(f(1) == hu.format("e5m2")(1))
  t.assertFalse(f(1) == 1)                        -- Lua does not ask
end

claims["methods give the named operations"] = function()
  t.assertEquals(f(9):sqrt():value(), 3.0)
  t.assertEquals(f(-9):abs():value(), 9.0)
  t.assertEquals(f(2.5):rint():value(), 2.0)
  t.assertEquals(f(1.125):fma(1.125, -1.25):value(), 0x1p-6)
  t.assertEquals(f(1):max(2):value(), 2.0)
  t.assertEquals(f(1):min(f(2)):value(), 1.0)
  t.assertEquals(f(5):rem(3):value(), -1.0)
end

claims["mixed formats are refused with the way out"] = function()
  t.assertErrorMsgContains('x:convert("e4m3fn")', function() return f(1) + hu.format("e5m2")(1) end)
  t.assertErrorMsgContains("convert", function() return f(1) < hu.format("e5m2")(1) end)
  t.assertErrorMsgContains("convert", function() return f(1):fma(1, hu.format("e5m2")(1)) end)
end

claims["next and prev walk through every finite code of every small format, and ulp is the step"] = function()
  for _, name in ipairs {"e4m3fn", "e5m2", "e4m3fnuz", "e2m1fn", "e3m2fn", "e4m3", "e3m4"} do
    local g = hu.format(name)
    local values = g:values()
    for i = 1, #values do
      local x = g(values[i])
      local up, down = values[i + 1], values[i - 1]
      if up then t.assertEquals(x:next():value(), up, name) end
      if down then t.assertEquals(x:prev():value(), down, name) end
      local step = values[i] >= 0 and (up and up - values[i] or values[i] - down) or (down and values[i] - down or up - values[i])
      t.assertEquals(x:ulp(), step, name)
    end
  end
end

claims["next goes to infinity where there is one, and back"] = function()
  local g = hu.format "e5m2"
  local inf = g(g.max):next()
  t.assertEquals(inf:kind(), "infinite")
  t.assertEquals(inf:next():kind(), "infinite")
  t.assertEquals(inf:prev():value(), g.max)
  t.assertEquals((-inf):next():value(), -g.max)
  t.assertEquals(f(f.max):next():value(), f.max)
  t.assertEquals(f("nan"):next():kind(), "nan")
  t.assertEquals(f(0):next():value(), f.min_subnormal)
  t.assertTrue(f("nan"):ulp() ~= f("nan"):ulp())
end

claims["next and prev work where subnormals are flushed"] = function()
  local g = hu.format "e4m3{subnormals=flush}"
  t.assertEquals(g(0):next():value(), g.min_normal)
  t.assertEquals(g(g.min_normal):prev():value(), 0.0)
  t.assertEquals(g(-g.min_normal):next():value(), 0.0)
end

claims["codes come back as they went in"] = function()
  for code = 0, 255 do
    t.assertEquals(f:from_bits(code):bits(), code)
  end
  local wide = hu.format "e15m62"
  local x = wide(1) / 3
  t.assertEquals(math.type(x:bits()), nil)
  t.assertTrue(wide:from_bits(x:bits()) == x)
  local double = hu.format "fp64"
  t.assertEquals(double(-1):bits(), math.mininteger | 0x3ff0000000000000)
  t.assertEquals(double:from_bits(double(-1):bits()):value(), -1.0)
end

claims["doubles as a format agree with the machine"] = function()
  local double, random = hu.format "fp64", claims.random(1)
  for _ = 1, 2000 do
    local a, b = string.unpack("dd", string.pack("i8i8", random(), random()))
    if a == a and b == b then
      local x, y = double(a), double(b)
      t.assertEquals(tostring((x + y):value()), tostring(a + b))
      t.assertEquals(tostring((x * y):value()), tostring(a * b))
      t.assertEquals(tostring((x - y):value()), tostring(a - b))
    end
  end
end

claims["convert rounds once, by the mode given or the format's own"] = function()
  local x = hu.format("fp32")(0.3)
  t.assertEquals(x:convert("e5m2"):value(), 0.3125)
  t.assertEquals(x:convert("e5m2", "rz"):value(), 0.25)
  local down = hu.format("e5m2"):with {rounding = "rd"}
  t.assertEquals(x:convert(down):value(), 0.25)
  t.assertEquals(down.flags, "inexact")
  t.assertEquals(x:convert(down).format, down)
end

claims["text of a scalar reads back as the scalar"] = function()
  for code = 0, 255 do
    local x = f:from_bits(code)
    if x:kind() ~= "nan" then
      t.assertEquals(f(tostring(x)):bits(), code)
      t.assertEquals(f(x:hex()):bits(), code)
    end
  end
end

claims:run()
