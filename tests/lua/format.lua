-- format.lua - formats, environments and rounding modes from Lua.
local claims, t = require("claims")()
local hu = require "halfulp"

claims["a format knows its fields"] = function()
  local f = hu.format "e4m3fn"
  local want = {name = "e4m3fn", family = "float", width_bits = 8, exp_bits = 4, man_bits = 3, precision = 4, bias = 7,
                emin = -6, emax = 8, has_inf = false, has_nan = true, has_negative_zero = true, is_signed = true,
                max = 448.0, min_normal = 0x1p-6, min_subnormal = 0x1p-9, epsilon = 0.125}
  for field, value in pairs(want) do
    t.assertEquals(f[field], value, field)
  end
  t.assertStrContains(f.source, "OCP")
end

claims["codes and bytes of arrays are those of their elements, and give the values back"] = function()
  local x = {0.3, -2, 1e9, 0, -0.0, 0.75, 3, -1e-9, 17}
  for _, name in ipairs {"e4m3fn", "e5m2", "e3m2fn", "e2m1fn", "fp16", "posit8", "posit12", "takum16", "q4.8", "int5", "nf4", "lns4.3", "hif8"} do
    local f, bits = hu.format(name), ""
    local codes = f:codes(x)
    for i, value in ipairs(x) do
      local code = f(value):bits()
      t.assertEquals(codes[i], code, name)
      for b = 0, f.width_bits - 1 do bits = bits .. (code >> b & 1) end
    end
    local bytes = {}
    bits = bits .. ("0"):rep(-#bits % 8)
    for i = 1, #bits, 8 do bytes[#bytes + 1] = tonumber(bits:sub(i, i + 7):reverse(), 2) end
    local packed = f:pack(x)
    t.assertEquals({packed.elements:byte(1, -1)}, bytes, name)
    t.assertEquals(packed.format, name == "fp16" and f.name or name)
    local values, want = f:unpack(packed), f:quantize(x)
    for i = 1, #x do t.assertEquals(string.pack("d", values[i]), string.pack("d", want[i]), name) end
  end
  local f = hu.format "e4m3fn"
  local both = f:pack(hu.array({{1, 2, 3}, {4, 5, 6}}, {dtype = "float"}), {rounding = "rz"})
  t.assertEquals(both.shape, {2, 3})
  t.assertEquals(f:unpack(both):totable(), {{1, 2, 3}, {4, 5, 6}})
  local own = hu.format("e4m3fn"):with {}
  own:pack {0.3}
  t.assertStrContains(tostring(own.flags), "inexact")
end

claims["bytes that cannot be are refused"] = function()
  local f = hu.format "e4m3fn"
  t.assertErrorMsgContains("8 bytes", f.unpack, f, {shape = {9}, elements = "12345678"})
  t.assertErrorMsgContains("not of e4m3fn", f.unpack, f, {shape = {1}, elements = "1", format = "e5m2"})
  t.assertErrorMsgContains("elements", f.unpack, f, {shape = {1}})
  t.assertErrorMsgContains("16 and less", f.pack, hu.format "fp32", {1})
  t.assertErrorMsgContains("16 and less", f.unpack, hu.format "fp32", {shape = {1}, elements = "1234"})
  t.assertErrorMsgContains("53", f.codes, hu.format "fp64", {1})
end

claims["every listed format and alias is found, and has its own name"] = function()
  local names, aliases = hu.formats()
  t.assertTrue(#names >= 15)
  for _, name in ipairs(names) do
    t.assertEquals(hu.format(name).name, name)
  end
  for alias, name in pairs(aliases) do
    t.assertEquals(hu.format(alias), hu.format(name))
  end
end

claims["posits and takums compute, step and fill arrays"] = function()
  local posit, takum = hu.format "posit8", hu.format "takum16"
  t.assertEquals(posit.family, "posit")
  t.assertEquals({posit.max, posit.min_subnormal, posit.epsilon, posit.precision}, {0x1p24, 0x1p-24, 0.125, 4})
  t.assertEquals((posit(3) / posit(7)):value(), 0.4375)
  t.assertEquals(posit(1e30):value(), 0x1p24)
  t.assertEquals(posit(-1e-30):value(), -0x1p-24)
  t.assertEquals(posit(0x1p24):next():value(), 0x1p24)
  t.assertEquals(posit(0x1p-24):prev():value(), 0.0)
  t.assertEquals(posit(0):prev():value(), -0x1p-24)
  t.assertEquals((takum(1) / takum(3)):value(), 0x1.554p-2)
  t.assertEquals(posit:quantize({0.3, 1e30, -1e-30, 0}):totable(), {0.3125, 0x1p24, -0x1p-24, 0.0})
end

claims["an unknown format is an error that names the nearest one"] = function()
  t.assertErrorMsgContains("e4m3fn", hu.format, "e4m3nf")
end

claims["every listed rounding mode is taken"] = function()
  local modes = hu.roundings()
  t.assertTrue(#modes >= 10)
  for _, mode in ipairs(modes) do
    t.assertEquals(hu.env {rounding = mode.name}.rounding, mode.name)
  end
end

claims["flags stay until they are cleared, in the object that computed"] = function()
  local f = hu.format "e4m3fn"
  local g = hu.format "e4m3fn"
  t.assertEquals(f.flags, "-")
  f(0.3)
  t.assertEquals(f.flags, "inexact")
  f(1000)
  t.assertEquals(f.flags, "overflow,inexact")
  t.assertTrue(f.env:raised "overflow")
  t.assertFalse(f.env:raised "invalid")
  t.assertEquals(g.flags, "-")
  t.assertEquals(f:clear().flags, "-")
end

claims["a format object with another environment leaves the first alone"] = function()
  local f = hu.format "e4m3fn"
  local down = f:with {rounding = "rd", overflow = "saturate"}
  t.assertEquals(down(0.3):value(), 0.28125)
  t.assertEquals(f(0.3):value(), 0.3125)
  t.assertEquals(down(1e9):value(), 448.0)
  t.assertEquals(down, f)                 -- the format is the same
  t.assertEquals(down.env.rounding, "rd")
  t.assertEquals(f.env.rounding, "rne")
end

claims["an environment is shared by the formats that are given it"] = function()
  local env = hu.env {rounding = "rz"}
  local a, b = hu.format("e4m3fn"):with(env), hu.format("e5m2"):with(env)
  a(0.3)
  t.assertEquals(b.flags, "inexact")
  t.assertEquals(env.flags, "inexact")
  env:clear()
  t.assertEquals(a.flags, "-")
  local other = env:with {overflow = "saturate"}
  t.assertEquals(other.rounding, "rz")
  t.assertEquals(env.overflow, "ieee")
end

claims["a stochastic mode repeats from the same seed and index"] = function()
  local f = hu.format("e5m2"):with {rounding = "sr", seed = 7, stream = 3}
  local first, again = {}, {}
  for i = 1, 50 do first[i] = f(1.1):value() end
  t.assertEquals(f.env.index, 50)
  f.env:seek(0)
  for i = 1, 50 do again[i] = f(1.1):value() end
  t.assertEquals(again, first)
  local distinct = {}
  for _, x in ipairs(first) do distinct[x] = true end
  t.assertTrue(distinct[1.0] and distinct[1.25])
end

claims["a new environment starts at the first random word, whatever it was made from"] = function()
  local f = hu.format("e5m2"):with {rounding = "sr", seed = 7}
  for _ = 1, 5 do f(1.1) end
  t.assertEquals(f.env.index, 5)
  t.assertEquals(f:with({overflow = "saturate"}).env.index, 0)
  t.assertEquals(f.env:with({seed = 8}).index, 0)
  t.assertEquals(f:quantize(hu.ones(50) * 1.1, {seed = 7}), hu.format("e5m2"):with({rounding = "sr", seed = 7}):quantize(hu.ones(50) * 1.1))
end

claims["quantize takes numbers, tables and arrays"] = function()
  local f = hu.format "e4m3fn"
  t.assertEquals(f:quantize(0.3), 0.3125)
  t.assertEquals(f:quantize({0.3, 1}):totable(), {0.3125, 1.0})
  t.assertEquals(f:quantize(hu.array {0.3}, {rounding = "rd"})[1], 0.28125)
  t.assertEquals(f.env.flags, "inexact")
end

claims["values lists the finite values in increasing order, zero once"] = function()
  local values = hu.format("e5m2"):values()
  t.assertEquals(#values, 247)            -- 2 * 124 finite codes, and one of the two zeros
  for i = 2, #values do
    t.assertTrue(values[i - 1] < values[i])
  end
  t.assertErrorMsgContains("16 bits", function() hu.format("fp32"):values() end)
end

claims["binades count all values of wide formats, and a format without positive values has none"] = function()
  local wide = hu.format("binary256"):binades(16)
  t.assertEquals(wide[#wide].count, 2.0 ^ 236)
  wide = hu.format("e30m236"):binades(16)
  t.assertEquals(wide[#wide].count, 2.0 ^ 236)
  t.assertEquals(hu.format("e1m0"):binades(), {})
  t.assertEquals({hu.format("e1m0").min_normal, hu.format("e1m0").min_subnormal, hu.format("e1m3").min_normal}, {0.0, 0.0, 0.0})
  t.assertEquals(hu.format("e1m3").min_subnormal, 0.25)
end

claims:run()
