-- arguments.lua - wrong arguments raise errors that name the argument; nothing that a script passes ends the process.
local claims, t = require("claims")()
local hu = require "halfulp"

local f = hu.format "e4m3fn"
local env = hu.env {}
local a = hu.array {{1, 2}, {3, 4}}
local v = hu.array {1, 2, 3}
local x = f(1)
local nan, inf = 0 / 0, math.huge

-- What is called, its arguments, and what the message must hold.
local cases = {
  {hu.format, {}, "format is missing"},
  {hu.format, {3}, "format is 3"},
  {hu.format, {""}, "format"},
  {hu.format, {("e"):rep(10000)}, "format"},
  {hu.format, {"e4m3fn\0x"}, "zero byte"},
  {hu.format, {"e99m99"}, "e99m99"},
  {hu.format, {{}}, "a table"},
  {hu.env, {{rounding = "rn"}}, "rn"},
  {hu.env, {{rounding = 3}}, "rounding is 3"},
  {hu.env, {{overflow = "sat"}}, "saturate"},
  {hu.env, {{round = "rne"}}, '"rounding"'},
  {hu.env, {{seed = 1.5}}, "seed is 1.5"},
  {hu.env, {{seed = inf}}, "seed"},
  {hu.env, {{"rne"}}, "options have names"},
  {hu.env, {5}, "options is 5"},
  {f, {}, "x is missing"},
  {f, {{}}, "a table"},
  {f, {"zero point three"}, "zero point three"},
  {f, {print}, "a function"},
  {f.with, {}, "format is missing"},
  {f.with, {f, {roundin = "rz"}}, "rounding"},
  {f.with, {f, {env = env}}, "with(env)"},
  {f.with, {f, "rz"}, "options is"},
  {f.quantize, {f}, "x is missing"},
  {f.quantize, {f, "1"}, 'x is "1"'},
  {f.quantize, {f, 1, {rounding = "rq"}}, "rq"},
  {f.quantize, {f, 1, {env = env, rounding = "rz"}}, "env"},
  {f.quantize, {f, 1, {env = 3}}, "env is 3"},
  {f.from_bits, {f, 256}, "from 0 to 255"},
  {f.from_bits, {f, -1}, "from 0 to 255"},
  {f.from_bits, {f, "0x1ff"}, "0x1ff"},
  {f.from_bits, {f, nan}, "code"},
  {f.clear, {x}, "a value of type scalar"},
  {x.bits, {f}, "a value of type format"},
  {x.bits, {}, "scalar is missing"},
  {x.fma, {x, 1}, "operand is missing"},
  {x.fma, {x, 1, "2"}, "operand is"},
  {x.convert, {x}, "format is missing"},
  {x.convert, {x, "e4m3fm"}, "e4m3fn"},
  {x.convert, {x, "e5m2", "r"}, "rounding"},
  {function() return x ^ 0.5 end, {}, "exponent is 0.5"},
  {function() return x ^ 1e9 end, {}, "65536"},
  {function() return 2 ^ x end, {}, "scalar is 2"},
  {function() return x + {} end, {}, "operand is a table"},
  {function() return x < "1" end, {}, "operand"},
  {function() return x .. "" end, {}, "concatenate"},
  {function() x.value = 3 end, {}, ""},
  {function() return x.valeu end, {}, '"value"'},
  {function() return f[1] end, {}, "no field 1"},
  {function() f.name = "x" end, {}, ""},
  {function() return env.rounded end, {}, '"rounding"'},
  {env.raised, {env, "overflw"}, '"overflow"'},
  {env.seek, {env, -1}, "index is -1"},
  {hu.array, {}, "values is missing"},
  {hu.array, {3}, "values is 3"},
  {hu.array, {{1, "2"}}, 'values is "2"'},
  {hu.array, {{1, {2}}}, "a table"},
  {hu.array, {{{1, 2}, {3}}}, "ragged"},
  {hu.array, {{{1, 2}, 3}}, "nested equally deep"},
  {hu.array, {{{{{{1}}}}}}, "nested more than 4 deep"},
  {hu.array, {{1}, {dtype = "int"}}, "dtype"},
  {hu.array, {{1}, {type = "float"}}, '"dtype"'},
  {hu.zeros, {}, "shape is missing"},
  {hu.zeros, {-1}, "shape is -1"},
  {hu.zeros, {1.5}, "shape is 1.5"},
  {hu.zeros, {nan}, "shape"},
  {hu.zeros, {inf}, "shape"},
  {hu.zeros, {{1, 2, 3, 4, 5}}, "up to 4"},
  {hu.zeros, {{2, "3"}}, 'shape is "3"'},
  {hu.zeros, {1 << 47}, "memory"},
  {hu.zeros, {{1 << 32, 1 << 32}}, "memory"},
  {hu.zeros, {{1 << 32, 1 << 32, 0}}, "memory"},
  {hu.zeros, {math.maxinteger}, "shape"},
  {hu.full, {2}, "value is missing"},
  {hu.full, {2, "x"}, "value"},
  {hu.linspace, {0, 1}, "n is missing"},
  {hu.linspace, {0, 1, 0}, "n is 0"},
  {hu.linspace, {0, 1, 1 << 47}, "memory"},
  {hu.logspace, {0, 1, 5, "e"}, "base"},
  {hu.randn, {2, {sed = 1}}, '"seed"'},
  {hu.randn, {2, {seed = "1"}}, "seed"},
  {hu.uniform, {2, {low = {}}}, "low is a table"},
  {hu.range, {1}, "last is nil"},
  {hu.range, {1, 2, 0}, "step is 0"},
  {hu.range, {1, nan}, "last"},
  {hu.range, {0, 1e300}, "ten million"},
  {a.get, {a, 1}, "2 indices"},
  {a.get, {a, 1, 3}, "index 2 is 3"},
  {a.get, {a, 0, 1}, "index 1 is 0"},
  {a.get, {a, nan, 1}, "index 1"},
  {a.get, {a, 1.5, 1}, "index 1 is 1.5"},
  {a.get, {a, "1", 1}, "index 1"},
  {a.get, {f, 1, 1}, "a value of type format"},
  {a.set, {a, 1, 1}, "2 indices"},
  {a.set, {a}, "no indices"},
  {a.set, {a, 1, 1, "x"}, 'value is "x"'},
  {function() return a[1] end, {}, "a:row(i)"},
  {function() return v[nan] end, {}, "index"},
  {function() return v[1.5] end, {}, "index is 1.5"},
  {function() return v[{}] end, {}, "index"},
  {function() return v.shpe end, {}, '"shape"'},
  {function() v[4] = 1 end, {}, "from 1 to 3"},
  {function() v[1] = "x" end, {}, "value"},
  {function() v.name = 1 end, {}, "name"},
  {function() a[1] = 1 end, {}, "a:set"},
  {a.row, {v, 1}, "at least 2"},
  {a.row, {a, 3}, "i is 3"},
  {a.set_row, {a, 1, {1, 2, 3}}, "shapes do not fit"},
  {a.set_row, {a, 1}, "values is missing"},
  {a.column, {v, 1}, "needs 2"},
  {a.slice, {a, 3, 4}, "last is 4"},
  {a.slice, {a, 0}, "first is 0"},
  {a.slice, {hu.zeros {}, 1}, "at least 1"},
  {a.reshape, {a, {3}}, "4 elements"},
  {a.reshape, {a, {1 << 40, 1 << 40}}, "4 elements"},
  {a.transpose, {v}, "needs 2"},
  {a.to, {a, "int8"}, "dtype"},
  {a.map, {a}, "function is missing"},
  {a.map, {a, function() end}, "what the function returns is missing"},
  {a.map, {a, error}, ""},
  {a.sum, {a, 3}, "axis is 3"},
  {a.sum, {a, nan}, "axis"},
  {a.mean, {hu.zeros(0)}, "no elements"},
  {a.argmax, {hu.zeros {0, 2}, 1}, "no elements"},
  {a.quantize, {a}, "format is missing"},
  {a.quantize, {a, "e4m3fn", {sead = 1}}, '"seed"'},
  {a.quantize, {3, "e4m3fn"}, "array is 3"},
  {function() return a + v end, {}, "shapes do not fit"},
  {function() return a + "1" end, {}, "operand"},
  {function() return a + x end, {}, "a value of type scalar"},
  {function() return a < a end, {}, "compare"},
  {hu.maximum, {a}, "operand is missing"},
  {hu.apply, {}, "op is missing"},
  {hu.apply, {"add", a, a}, "format is missing"},
  {hu.apply, {"add", a, a, {format = "e4m3fn", x = 1}}, "unknown option"},
  {hu.apply, {"add", a, "b", {format = "e4m3fn"}}, "operand"},
  {hu.apply, {"power", a, a, {format = "e4m3fn"}}, "op is"},
  {hu.apply, {"pow", a, {format = "e4m3fn"}}, "pow takes 2 operands"},
  {hu.apply, {"exp", a, {format = "int16{overflow=wrap}"}}, "wraps around"},
  {hu.apply, {"exp", a, {format = "e15m62"}}, "no values of double"},
  {hu.matmul, {a}, "b is missing"},
  {hu.matmul, {a, v}, "2 by 2"},
  {hu.matmul, {a, hu.zeros {2, 3, 2}}, "as many columns"},
  {hu.matmul, {a, a, {input = 3}}, "input of a is 3"},
  {hu.matmul, {a, a, {input = {"e4m3fn"}}}, "input of b is missing"},
  {hu.matmul, {a, a, {accumulate = {formt = "fp32"}}}, '"format"'},
  {hu.matmul, {a, a, {accumulate = {format = "fp32", chunk = -1}}}, "chunk is -1"},
  {hu.matmul, {a, a, {accumulate = {format = "fp32", order = "random"}}}, "order"},
  {hu.matmul, {a, a, {transpose_a = 1}}, "transpose_a is 1"},
  {hu.dot, {v, {1, 2}}, "3 elements"},
  {hu.dot, {a, a}, "2 indices"},
  {hu.sum, {"v"}, "x is"},
  {hu.save_npy, {3, "p"}, "array is 3"},
  {hu.save_npy, {a}, "path is missing"},
  {hu.save_npy, {a, "/nonexistent/folder/a.npy"}, "No such file"},
  {hu.load_npy, {}, "path is missing"},
  {hu.load_npy, {"a\0b"}, "zero byte"},
}

claims["each wrong argument is named in the message"] = function()
  for i, case in ipairs(cases) do
    local ok, message = pcall(case[1], table.unpack(case[2]))
    t.assertFalse(ok, ("case %d: no error, expected %s"):format(i, case[3]))
    t.assertStrContains(tostring(message), case[3], false, false)
  end
end

claims["every function and method survives every kind of argument"] = function()
  local values = {nil, true, -1, 0, 1, 2, 1.5, nan, inf, -inf, math.mininteger, math.maxinteger, "", "e4m3fn", "rne",
                  {}, {1, 2}, {{}}, {{1}, {2}}, tostring, coroutine.create(print), io.stdout, f, x, env, v, a, hu.zeros {}, hu.zeros(0)}
  local n = 29
  local core = require "halfulp.core"
  local functions = {}
  for _, module in ipairs {"env", "format", "scalar", "array", "arith", "numeric"} do
    for name, fn in pairs(core[module]) do functions[module .. "." .. name] = fn end
  end
  for _, type_name in ipairs {"env", "format", "scalar", "array"} do
    for _, list in pairs(core.types[type_name]) do
      for name, fn in pairs(list) do functions[type_name .. ":" .. name] = fn end
    end
  end
  functions["array.save_npy"] = nil                   -- writes files named by its arguments
  local count = 0
  for _, fn in pairs(functions) do
    for i = 1, n do
      pcall(fn, values[i])
      for j = 1, n do
        pcall(fn, values[i], values[j])
        pcall(fn, a, values[i], values[j])
        pcall(fn, x, values[i], values[j])
        count = count + 3
      end
    end
  end
  t.assertTrue(count > 100000)
end

claims["an array that the memory left does not hold is refused"] = function()
  local info = io.open "/proc/meminfo"
  t.skipIf(info == nil, "no /proc/meminfo to read the memory from")
  local kilobytes = tonumber(info:read "a":match "MemAvailable:%s+(%d+) kB")
  info:close()
  t.assertErrorMsgContains("memory", hu.zeros, kilobytes * 1024 // 8 * 5 // 4)
  t.assertErrorMsgContains("memory", hu.randn, {kilobytes, 1024 // 8 * 5 // 4 + 1})
  t.assertEquals(hu.zeros(10):sum(), 0.0)
end

claims["deep nesting and tables that hold themselves are refused"] = function()
  local deep = {}
  local at = deep
  for _ = 1, 10000 do at[1] = {}; at = at[1] end
  t.assertErrorMsgContains("nested", hu.array, deep)
  local own = {}
  own[1] = own
  t.assertErrorMsgContains("nested", hu.array, own)
end

claims["objects work across coroutines and after their maker is gone"] = function()
  local make = coroutine.wrap(function()
    local g = hu.format("e5m2"):with {rounding = "rz"}
    while true do coroutine.yield(g(1.3)) end
  end)
  local y = make()
  make = nil
  collectgarbage()
  collectgarbage()
  t.assertEquals(y:value(), 1.25)
  t.assertEquals((y + 0.3):value(), 1.5)              -- 0.3 becomes 0.25
  t.assertEquals(y.format.env.rounding, "rz")
end

claims["operands that are missing or too many are counted, not looked for in the options"] = function()
  local function says(text, ...) t.assertErrorMsgContains(text, hu.apply, ...) end
  says("pow takes 2 operands and then the options, and 1 stands before these", "pow", {1, 2}, {format = "fp16"})
  says("exp takes 1 operand and then the options, and 2 stand before these", "exp", {1, 2}, {3, 4}, {format = "fp16"})
  says("add takes 2 operands and then the options, and 0 stand", "add", {format = "fp16"})
  says("the option format is missing", "exp", {1, 2})
end

claims["a field that the module has not is an error with the nearest name"] = function()
  t.assertErrorMsgContains('halfulp has no "formt"; did you mean "format"?', function() return hu.formt end)
  t.assertErrorMsgContains('halfulp has no "zzzzzzzz"', function() return hu.zzzzzzzz end)
  t.assertNil(hu.seed)
  t.assertNil(hu[1])
end

claims["the collector may end an object from under its metamethods"] = function()
  local meta = debug.getmetatable(a)
  local ended = hu.array {{1, 2}, {3, 4}}
  meta.__gc(ended)
  t.assertErrorMsgContains("collected", function() return ended(1, 1) end)
  t.assertErrorMsgContains("collected", function() return ended + a end)
  t.assertErrorMsgContains("collected", function() return a == ended end)
  meta.__gc(ended)
  t.assertErrorMsgContains("array", meta.__gc, 3)
end

claims["a function that an array calls may drop the array, raise and yield"] = function()
  local b = hu.ones(10)
  t.assertErrorMsgContains("stop", function() b:map(function() b = nil; collectgarbage(); error "stop" end) end)
  local c = hu.ones(10)
  local co = coroutine.create(function() return c:map(coroutine.yield) end)
  local ok, message = coroutine.resume(co)
  t.assertFalse(ok)
  t.assertStrContains(message, "yield")
end

claims:run()
