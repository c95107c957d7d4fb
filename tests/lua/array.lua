-- array.lua - arrays: construction, elements, shapes, arithmetic, reductions, files.
local claims, t = require("claims")()
local hu = require "halfulp"

claims["tables go in and come out"] = function()
  for _, values in ipairs {{1.0, 2.0, 3.0}, {{1.0, 2.0}, {3.0, 4.0}}, {{{1.0}, {2.0}}, {{3.0}, {4.0}}}, {{{{1.0, 2.0}}}}, {}} do
    t.assertEquals(hu.array(values):totable(), values)
    t.assertEquals(hu.array(values, {dtype = "float"}):totable(), values)
  end
end

claims["constructors fill as they say"] = function()
  t.assertEquals(hu.zeros({2, 2}):totable(), {{0.0, 0.0}, {0.0, 0.0}})
  t.assertEquals(hu.ones(2):totable(), {1.0, 1.0})
  t.assertEquals(hu.full({1, 2}, 7):totable(), {{7.0, 7.0}})
  t.assertEquals(hu.linspace(-1, 1, 3):totable(), {-1.0, 0.0, 1.0})
  t.assertEquals(hu.linspace(2, 5, 1):totable(), {2.0})
  t.assertEquals(hu.logspace(0, 2, 3):totable(), {1.0, 10.0, 100.0})
  t.assertEquals(hu.logspace(0, 2, 3, 2):totable(), {1.0, 2.0, 4.0})
  t.assertEquals(hu.zeros({}).rank, 0)
  t.assertEquals(hu.zeros({0, 3}).n, 0)
  t.assertEquals(#hu.zeros({4, 3}), 4)
end

claims["random arrays depend on seed, stream and place alone"] = function()
  local a = hu.randn({100, 10}, {seed = 1})
  t.assertEquals(hu.randn({10, 100}, {seed = 1}):reshape {100, 10}, a)
  t.assertEquals(hu.randn(500, {seed = 1}), a:reshape(1000):slice(1, 500))
  t.assertFalse(hu.randn({100, 10}, {seed = 2}) == a)
  t.assertFalse(hu.randn({100, 10}, {seed = 1, stream = 1}) == a)
  t.assertTrue(math.abs(a:mean()) < 0.1 and math.abs(a:std() - 1) < 0.1)
  local u = hu.uniform(1000, {seed = 1, low = 2, high = 3})
  t.assertTrue(u:min() >= 2 and u:max() < 3 and math.abs(u:mean() - 2.5) < 0.05)
  t.assertEquals(hu.randn(3, {seed = 1, mean = 5, std = 0}):totable(), {5.0, 5.0, 5.0})
end

claims["elements are read and written by indices from 1"] = function()
  local a = hu.array {{1, 2, 3}, {4, 5, 6}}
  t.assertEquals(a(2, 1), 4.0)
  t.assertEquals(a:get(1, 3), 3.0)
  a:set(1, 3, 9)
  t.assertEquals(a(1, 3), 9.0)
  local v = hu.array {1, 2}
  v[2] = 5
  t.assertEquals(v[2], 5.0)
  t.assertEquals(v[2.0], 5.0)
  t.assertNil(v[3])
  t.assertNil(v[0])
  local seen = 0
  for i, x in ipairs(v) do seen = seen + i * x end
  t.assertEquals(seen, 11.0)
end

claims["parts are copies"] = function()
  local a = hu.array {{1, 2, 3}, {4, 5, 6}}
  local row = a:row(2)
  row[1] = 100
  t.assertEquals(a:row(2):totable(), {4.0, 5.0, 6.0})
  t.assertEquals(a:column(2):totable(), {2.0, 5.0})
  t.assertEquals(a:slice(2):totable(), {{4.0, 5.0, 6.0}})
  t.assertEquals(a:slice(1, 0).n, 0)
  t.assertEquals(a:transpose():totable(), {{1.0, 4.0}, {2.0, 5.0}, {3.0, 6.0}})
  t.assertEquals(a:reshape({3, 2}):totable(), {{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}})
  t.assertEquals(a:set_row(1, {7, 8, 9}):row(1):totable(), {7.0, 8.0, 9.0})
  t.assertEquals(a:set_row(1, 0):row(1):totable(), {0.0, 0.0, 0.0})
  t.assertEquals(a:set_row(1, hu.ones(3, {dtype = "float"})):row(1):totable(), {1.0, 1.0, 1.0})
  t.assertEquals(a:fill(2):sum(), 12.0)
end

claims["arithmetic is element by element and repeats as NumPy does"] = function()
  local a, b = hu.array {{1, 2}, {3, 4}}, hu.array {10, 20}
  t.assertEquals((a + b):totable(), {{11.0, 22.0}, {13.0, 24.0}})
  t.assertEquals((b - a):totable(), {{9.0, 18.0}, {7.0, 16.0}})
  t.assertEquals((a * 2):totable(), {{2.0, 4.0}, {6.0, 8.0}})
  t.assertEquals((2 / a):totable(), {{2.0, 1.0}, {2 / 3, 0.5}})
  t.assertEquals((a ^ 2):totable(), {{1.0, 4.0}, {9.0, 16.0}})
  t.assertEquals((-a):totable(), {{-1.0, -2.0}, {-3.0, -4.0}})
  t.assertEquals((a + {{100}, {200}}):totable(), {{101.0, 102.0}, {203.0, 204.0}})
  t.assertEquals((hu.array {{1}, {2}} + hu.array {{10, 20, 30}}):totable(), {{11.0, 21.0, 31.0}, {12.0, 22.0, 32.0}})
  t.assertEquals(hu.minimum(a, 2):totable(), {{1.0, 2.0}, {2.0, 2.0}})
  t.assertEquals(hu.maximum(2, a):totable(), {{2.0, 2.0}, {3.0, 4.0}})
  t.assertEquals((hu.zeros {0, 2} + b).n, 0)
end

claims["floats stay floats and are rounded as floats"] = function()
  local a = hu.array({1, 0.1}, {dtype = "float"})
  t.assertEquals(a[2], string.unpack("f", string.pack("f", 0.1)))
  t.assertEquals((a + 1).dtype, "float")
  t.assertEquals((a * a).dtype, "float")
  t.assertEquals((a + hu.array {1, 2}).dtype, "double")
  t.assertEquals(a:to("double").dtype, "double")
  t.assertEquals(hu.array(a).dtype, "float")
  t.assertEquals(a:exp().dtype, "float")
  t.assertEquals((a * 0.1)[1], string.unpack("f", string.pack("f", 0.1)))
end

claims["functions agree with Lua's own"] = function()
  local x = hu.linspace(0.1, 3, 50)
  local own = {exp = math.exp, log = math.log, sqrt = math.sqrt, sin = math.sin, cos = math.cos, abs = math.abs,
               floor = function(v) return math.floor(v) + 0.0 end, log2 = function(v) return math.log(v, 2) end}
  for name, f in pairs(own) do
    t.assertEquals(x[name](x), x:map(f), name)
  end
  t.assertEquals(hu.array({0.5, 1.5, 2.5, -0.5}):round():totable(), {0.0, 2.0, 2.0, -0.0})
  t.assertAlmostEquals(hu.array({1e-20}):expm1()[1], 1e-20, 1e-35)
  t.assertAlmostEquals(hu.array({1e-20}):log1p()[1], 1e-20, 1e-35)
  t.assertAlmostEquals(hu.array({0.5}):tanh()[1], (math.exp(1) - 1) / (math.exp(1) + 1), 1e-15)
end

claims["reductions work over all elements and along each index"] = function()
  local a = hu.array {{1, 5, 2}, {4, 0, 6}}
  t.assertEquals(a:sum(), 18.0)
  t.assertEquals(a:sum(1):totable(), {5.0, 5.0, 8.0})
  t.assertEquals(a:sum(2):totable(), {8.0, 10.0})
  t.assertEquals(a:mean(2):totable(), {8 / 3, 10 / 3})
  t.assertEquals(a:max(), 6.0)
  t.assertEquals(a:min(1):totable(), {1.0, 0.0, 2.0})
  t.assertEquals(a:argmax(), 6)
  t.assertEquals(a:argmax(2):totable(), {2.0, 3.0})
  t.assertEquals(a:argmin(), 5)
  t.assertEquals(hu.array({3, 4}):norm(), 5.0)
  t.assertAlmostEquals(hu.array({3e200, 4e200}):norm() / 5e200, 1, 1e-15)
  t.assertAlmostEquals(hu.array({3e-200, 4e-200}):norm() / 5e-200, 1, 1e-15)
  t.assertEquals(hu.array({1, 3}):std(), 1.0)
  local cube = hu.linspace(1, 24, 24):reshape {2, 3, 4}
  t.assertEquals(cube:sum(2):totable(), {{15.0, 18.0, 21.0, 24.0}, {51.0, 54.0, 57.0, 60.0}})
  t.assertEquals(hu.zeros(0):sum(), 0.0)
  local nan = 0 / 0
  t.assertTrue(hu.array({1, nan, 3}):max() ~= hu.array({1, nan, 3}):max())
  t.assertEquals(hu.array({1, nan, 3}):argmax(), 2)
  t.assertErrorMsgContains("no elements", function() hu.zeros(0):max() end)
end

claims["equality asks for shape and values"] = function()
  t.assertTrue(hu.array {1, 2} == hu.array({1, 2}, {dtype = "float"}))
  t.assertFalse(hu.array {1, 2} == hu.array {{1, 2}})
  t.assertFalse(hu.array {0 / 0} == hu.array {0 / 0})
end

claims["text shows the shape and the first values"] = function()
  t.assertEquals(tostring(hu.array {{1, 2}, {3, 4.5}}), "array 2x2 (double): 1 2 3 4.5")
  t.assertEquals(tostring(hu.zeros(100, {dtype = "float"})), "array 100 (float): 0 0 0 0 0 0 0 0 ...")
end

claims["npy files come back bit for bit"] = function()
  local dir = claims.tmpdir()
  local path = dir .. "/a.npy"
  for _, dtype in ipairs {"double", "float"} do
    for _, shape in ipairs {{3}, {2, 3}, {2, 1, 4}, {1, 2, 3, 4}, {0, 5}, {}} do
      local a = hu.randn(shape, {seed = 3, dtype = dtype})
      hu.save_npy(a, path)
      local b = hu.load_npy(path)
      t.assertEquals(b, a)
      t.assertEquals(b.dtype, dtype)
    end
  end
  os.remove(path)
  os.remove(dir)
end

claims["files that are not ours are refused by what is wrong with them"] = function()
  local dir = claims.tmpdir()
  local path = dir .. "/a.npy"
  local function load(bytes)
    local file = assert(io.open(path, "wb"))
    file:write(bytes)
    file:close()
    return pcall(hu.load_npy, path)
  end
  local function npy(header) return "\x93NUMPY\1\0" .. string.pack("<s2", header) end
  local good = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"
  t.assertTrue((load(npy(good) .. ("\0"):rep(16))))
  local cases = {
    {"", "not a .npy file"}, {"GIF89a----", "not a .npy file"},
    {"\x93NUMPY\2\0\0\0\0\0", "version 2.0"}, {"\x93NUMPY\1\0\xff\xff", "ends within its header"},
    {npy "{}", "lacks"}, {npy(good), "ends before its 2 elements"}, {npy(good) .. ("\0"):rep(15), "ends before"},
    {npy(good:gsub("<f8", "<i4")), "'<i4'"}, {npy(good:gsub("False", "True")), "Fortran"},
    {npy(good:gsub("%(2,%)", "(1,1,1,1,1)")), "more than 4 indices"}, {npy(good:gsub("%(2,%)", "(-2,)")), "list of sizes"},
    {npy(good:gsub("%(2,%)", "(2")), "list of sizes"}, {npy(good:gsub("%(2,%)", "2")), "list of sizes"},
    {npy(good:gsub("%(2,%)", "(99999999999999999999,)")), "list of sizes"},
    {npy(good:gsub("%(2,%)", "(9999999999999,9999999999999)")), "counted"},
    {npy(good:gsub("%(2,%)", "(9999999999999,)")), "ends before"},
  }
  for _, case in ipairs(cases) do
    local ok, message = load(case[1])
    t.assertFalse(ok, case[2])
    t.assertStrContains(message, case[2])
  end
  local array, message = hu.load_npy(dir .. "/none.npy")
  t.assertNil(array)
  t.assertStrContains(message, "No such file")
  t.assertErrorMsgContains("No space left", hu.save_npy, hu.zeros(10000), "/dev/full")
  os.remove(path)
  os.remove(dir)
end

claims["range is a plain list"] = function()
  t.assertEquals(hu.range(1, 5), {1, 2, 3, 4, 5})
  t.assertEquals(hu.range(5, 1, -2), {5, 3, 1})
  t.assertEquals(hu.range(2, 1), {})
  t.assertEquals(#hu.range(0, 1, 0.1), 11)
  t.assertEquals(math.type(hu.range(1, 2)[1]), "integer")
end

claims["dropped arrays are collected before memory runs out"] = function()
  local status = io.open "/proc/self/status"
  t.skipIf(status == nil, "no /proc/self/status to read the memory in use from")
  status:close()
  collectgarbage()
  local most = 0
  for _ = 1, 200 do                       -- 1.6 GB in all
    hu.zeros(1 << 20)
    for line in io.lines "/proc/self/status" do
      most = math.max(most, tonumber(line:match "^VmRSS:%s+(%d+) kB") or 0)
    end
  end
  t.assertTrue(most < 800000, ("%d kB in use"):format(most))
end

claims:run()
