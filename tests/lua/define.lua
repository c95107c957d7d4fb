-- define.lua - formats that a script defines, and everything that they then work in.
local claims, t = require("claims")()
local hu = require "halfulp"

local function refuses(options, words)
  local ok, message = pcall(hu.define, options)
  t.assertFalse(ok)
  t.assertStrContains(tostring(message), words)
end

claims["a list of values is a format with a name"] = function()
  local f = hu.define {name = "quarters_up", values = {0, 0.25, 0.5, 1, 2, 4, 8, 16}, source = "this test"}
  t.assertEquals({f.name, f.family, f.source, f.width_bits, f.max}, {"quarters_up", "listed", "this test", 3, 16.0})
  t.assertEquals(hu.format "quarters_up", f)
  t.assertEquals(f:values():totable(), {0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0})
  t.assertEquals({f(0.8):value(), f(3):value(), f(100):value(), f(-1):value()}, {1.0, 2.0, 16.0, 0.0})
  t.assertEquals({f(2):bits(), f:from_bits(5):value()}, {4, 4.0})
  t.assertEquals({f(1):next():value(), f(1):prev():value(), (f(1) + f(2)):value(), (f(1) / f(8)):value()}, {2.0, 0.5, 2.0, 0.0})
  t.assertEquals(f:with{rounding = "ru"}(2.1):value(), 4.0)
  t.assertEquals(f:binades()[1], {exponent = -2, count = 1.0, spacing = -2.0})
end

claims["texts are decimals, hexadecimals and fractions, rounded to doubles"] = function()
  local f = hu.define {name = "texts", values = {"0.1", "0x1.8p-3", "1/3", " -2/3 ", "1e-3", 7}}
  t.assertEquals(f:values():totable(), {-2 / 3, 1e-3, 0.1, 0x1.8p-3, 1 / 3, 7.0})
  t.assertEquals(f:from_bits(2):value(), 1 / 3)
end

claims["codes are in the order given, or in that of the values"] = function()
  local values = {4, -1, 0, 2}
  t.assertEquals(hu.define {name = "as_given", values = values}(4):bits(), 0)
  t.assertEquals(hu.define {name = "as_sorted", values = values, sort = true}(4):bits(), 3)
  t.assertEquals(values, {4, -1, 0, 2})
end

claims["an array is a list too"] = function()
  t.assertEquals(hu.define {name = "from_array", values = hu.linspace(-1, 1, 5)}.width_bits, 3)
  refuses({name = "bad", values = hu.zeros {2, 2}}, "takes a number")
end

claims["a function gives the value of each code, once"] = function()
  local calls = {}
  local f = hu.define {name = "by_function", bits = 5, values = function(code)
    calls[#calls + 1] = code
    return (code - 12) * 0.75
  end}
  t.assertEquals({#calls, calls[1], calls[32]}, {32, 0, 31})
  t.assertEquals(f(3.1):bits(), 16)
end

claims["a float written as a function is that float, in every operation"] = function()
  local e4m3 = hu.format "e4m3"
  local f = hu.define {name = "e4m3_again", bits = 8, nonfinite = true, values = function(code) return e4m3:from_bits(code):value() end}
  t.assertEquals({f.has_inf, f.has_nan, f.has_negative_zero, f.max, f.precision}, {true, true, true, 240.0, 4})
  local a, b = hu.randn(500, {seed = 1, std = 20}), hu.randn(500, {seed = 2, std = 20})
  for _, mode in ipairs {"rne", "ru", "rd", "rz", "raz", "rna", "sr"} do
    for _, op in ipairs {"add", "mul", "div"} do
      local options = {rounding = mode, seed = 5}
      options.format = e4m3
      local want = hu.apply(op, a, b, options)
      options.format = f
      t.assertTrue(hu.apply(op, a, b, options) == want, op .. " " .. mode)
    end
  end
end

claims["fields make the float that the grammar names"] = function()
  t.assertEquals(hu.define {exponent = 5, mantissa = 2}, hu.format "e5m2")
  t.assertEquals(hu.define {exponent = 4, mantissa = 3, bias = 11, specials = "fnuz"}, hu.format "e4m3b11fnuz")
  t.assertEquals(hu.define {exponent = 6, mantissa = 1, subnormals = "flush"}.name, "e6m1{subnormals=flush}")
  refuses({exponent = 4, mantissa = 3, name = "mine"}, "leave name out")
  refuses({exponent = 4}, "mantissa is missing")
  refuses({exponent = 99, mantissa = 3}, "1 to 30")
  refuses({exponent = 4, mantissa = 3, bits = 8}, "unknown option bits")
  refuses({exponent = 4, mantissa = 3, specials = "ieee,bias=3"}, "takes a word")
end

claims["a defined format works in arrays, products, policies and sweeps"] = function()
  hu.define {name = "ninths", bits = 6, values = function(code) return (code - 31) / 9 end}
  local a = hu.randn({4, 8}, {seed = 3})
  local q = a:quantize "ninths"
  t.assertTrue(hu.error(q, a).absolute_max < 1 / 18 + 1e-9)
  local scaled = a:quantize(hu.quantizer {format = "ninths", per = "row"})
  t.assertTrue(hu.error(scaled, a).absolute_max > 0)
  local c = hu.matmul(q, q, {transpose_b = true, accumulate = {format = "ninths", product = "ninths", chunk = 2}})
  t.assertEquals(c, c:quantize "ninths")
end

claims["the same name with the same values is the same format, with others an error"] = function()
  local f = hu.define {name = "twice", values = {1, 2, 3}}
  t.assertTrue(hu.define {name = "twice", values = {"1", 2.0, "0x3"}} == f)
  refuses({name = "twice", values = {1, 2, 4}}, "other values")
  refuses({name = "twice", values = {2, 1, 3}}, "other values")
end

claims["of two codes of one value results have the first"] = function()
  t.assertEquals(hu.define {name = "doubled", values = {0, 3, 3, 1}}(3):bits(), 1)
end

claims["wrong definitions are told in a line"] = function()
  refuses(nil, "table of options")
  refuses({values = {1, 2}}, "name is missing")
  refuses({name = 7, values = {1, 2}}, "name is a number")
  refuses({name = "my-format", values = {1, 2}}, "underscores")
  refuses({name = "fp16", values = {1, 2}}, "already")
  refuses({name = "mxfp4", values = {1, 2}}, "already")
  refuses({name = "posit99", values = {1, 2}}, "already")
  refuses({name = "bad"}, "values is missing")
  refuses({name = "bad", values = {}}, "0 values")
  refuses({name = "bad", values = {1}}, "1 value;")
  refuses({name = "bad", values = {2, 2}}, "1 different")
  refuses({name = "bad", values = {-1, 0}}, "0 of them positive")
  refuses({name = "bad", values = {1, 0 / 0}}, "code 1 is NaN")
  refuses({name = "bad", values = {1, 2, -math.huge}}, "code 2 is infinite")
  refuses({name = "bad", values = {1, 2, 1e-310}}, "2^-1022")
  refuses({name = "bad", values = {1, true}}, "code 1 is a boolean")
  refuses({name = "bad", values = {1, "x"}}, "is not a number")
  refuses({name = "bad", values = {1, "1/0"}}, "not zero below")
  refuses({name = "bad", values = {1, math.maxinteger}}, "no double holds")
  refuses({name = "bad", values = {1, 2}, bits = 3}, "bits belongs to a function")
  refuses({name = "bad", values = math.sin}, "bits is missing")
  refuses({name = "bad", values = math.sin, bits = 17}, "1 to 16")
  refuses({name = "bad", values = function() end, bits = 2}, "code 0 is a nil")
  refuses({name = "bad", values = {1, 2}, sorted = true}, "did you mean sort?")
  refuses({name = "bad", values = {1, 2}, nonfinite = 1}, "takes a boolean")
  refuses({name = "bad", values = {1, 0 / 0, 2}, sort = true, nonfinite = true}, "no place for NaN")
  refuses({name = "bad", values = "1 2 3"}, "list of numbers")
  refuses({name = "bad\0", values = {1, 2}}, "zero byte")
  t.assertFalse((pcall(hu.format, "bad")))
end

claims["values of up to 16 bits are taken, more are refused"] = function()
  local many = {}
  for i = 1, 65536 do many[i] = i - 100 end
  t.assertEquals(hu.define {name = "most", values = many}.width_bits, 16)
  many[65537] = 0
  refuses({name = "bad", values = many}, "65537 numbers")
end

claims["hostile values do no harm"] = function()
  local hostile = setmetatable({1, 2}, {__index = error, __len = function() return 1 << 40 end, __pairs = error, __name = "x"})
  t.assertEquals(hu.define {name = "raw_list", values = hostile}.width_bits, 1)
  refuses(setmetatable({}, {__index = function() error "no" end}), "name is missing")
  refuses({name = "bad", values = function() error("told") end, bits = 3}, "told")
  refuses({name = "bad", values = function() error(nil) end, bits = 3}, "nil")
  refuses({name = "bad", values = setmetatable({}, {__len = error}), bits = nil}, "0 values")
  refuses({name = "bad", values = function(code) return setmetatable({}, {__tostring = error}) end, bits = 1}, "is a table")
  -- a function that defines the same name meanwhile
  refuses({name = "meanwhile", bits = 2, values = function(code)
    hu.define {name = "meanwhile", values = {1, 2, 3}}
    return code
  end}, "other values")
  -- one that yields goes on where it was
  local co = coroutine.wrap(function()
    return hu.define {name = "yielding", bits = 2, values = function(code) return coroutine.yield(code) end}
  end)
  co()
  co(5); co(6); co(7)
  t.assertEquals(co(8):values():totable(), {5.0, 6.0, 7.0, 8.0})
  local deep = function() end
  deep = function(code) return deep(code) + 1 end
  refuses({name = "bad", values = deep, bits = 3}, "stack overflow")
end

claims["a name slightly wrong is answered with that of a defined format"] = function()
  hu.define {name = "remarkable", values = {1, 2}}
  local _, message = pcall(hu.format, "remarkabel")
  t.assertStrContains(message, "'remarkable'")
end

claims:run()
