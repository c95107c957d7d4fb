-- objects.lua - makes and drops 10^5 objects; for the leak test in tests/cli/lua-leaks.bats.
local hu = require "halfulp"

local count = 0
local kept = {}
local function made(object)
  count = count + 1
  kept[count % 100] = object
  return object
end

for i = 1, 6000 do
  local f = made(hu.format "e4m3fn")
  local env = made(hu.env {rounding = "sr", seed = i})
  local g = made(hu.format("e5m2"):with(env))
  local x, y = made(f(i / 7)), made(g(i % 11))
  made(x * 3 + 1)
  made(x:next())
  made(y:convert(f, "rz"))
  local a = made(hu.array {{i, 2}, {3, 4}})
  local b = made(hu.randn({2, 3}, {seed = i}))
  made(a + {1, 2})
  made(b:exp())
  made(b:sum(1))
  made(b:quantize(g))
  made(hu.matmul(a, b, {accumulate = "e8m7"}))
  made(hu.apply("div", a, 3, {format = f}))
  made(a:map(math.sqrt))
  local q = made(hu.quantizer {format = "int4", group = 2, scale = "search", candidates = {0.5, 1}})
  made(q:apply(a))
  made(q:with {score = function(v) return v:norm() end}):observe(b):freeze()
  pcall(hu.quantizer, {format = "int4", scale = "search", candidates = {1, -1}})
  pcall(hu.format, "e4m3nf")
  pcall(hu.zeros, {2, -1})
  pcall(a.map, a, error)
end
assert(count >= 100000)
print(count .. " objects")
