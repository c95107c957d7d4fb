-- quire.lua - exact sums in Lua, and exact accumulation of arrays.
local claims, t = require("claims")()
local hu = require "halfulp"

claims["a quire adds what rounding would lose"] = function()
  local p = hu.format "posit16"
  local q = hu.quire(p)
  local tiny = p:from_bits(1)
  q:add(1):muladd(tiny, tiny):sub(1)
  t.assertEquals(q:round("fp64"):value(), 2.0 ^ -112)
  t.assertEquals(q.bits, 256)
  t.assertEquals(q.format, p)
  t.assertEquals(q:neg():round("fp64"):value(), -2.0 ^ -112)
  t.assertEquals(q:clear():round():value(), 0)
end

claims["its text has its format, its bits and the sum, and raises no flags"] = function()
  local q = hu.quire("e4m3fn")
  q:add(1):muladd(2 ^ -9, 2 ^ -9)
  t.assertStrMatches(tostring(q), "quire of e4m3fn, %d+ bits: 1")
  t.assertEquals(q.format.flags, "-")
end

claims["it rounds once in the environment of its format"] = function()
  local q = hu.quire(hu.format("e4m3fn"):with {rounding = "ru"})
  t.assertEquals(q:add(1):muladd(2 ^ -9, 2 ^ -9):round():value(), 1.125)
  t.assertEquals(q.format.flags, "inexact")
  t.assertEquals(q:round("e5m10"):value(), 1 + 2 ^ -10)
  t.assertEquals(q:mulsub(2 ^ -9, 2 ^ -9):round():value(), 1)
end

claims["infinities of both signs are invalid"] = function()
  local f = hu.format "fp16"
  local q = hu.quire(f)
  q:add(math.huge):add(1)
  t.assertEquals(q:round():value(), math.huge)
  t.assertEquals(f.flags, "-")
  q:sub(math.huge)
  t.assertEquals(tostring(q:round()), "nan")
  t.assertEquals(f.flags, "invalid")
  t.assertEquals(q:clear():add(2):round():value(), 2)
end

claims["what does not fit is an error"] = function()
  t.assertErrorMsgContains("irrational", hu.quire, "lns8.3")
  t.assertErrorMsgContains("posit16", function() hu.quire("posit16"):add("x") end)
  t.assertErrorMsgContains("convert one first", function() hu.quire("posit16"):add(hu.format("posit8")(1)) end)
  t.assertErrorMsgContains("quire", hu.quire("posit8").add, 1, 2)
  t.assertErrorMsgContains("e15m112 has more than 62 bits", function() hu.quire("posit8"):round("binary128") end)
end

claims["arrays are added exactly"] = function()
  local x = {2 ^ 60, 1, -2 ^ 60, 2 ^ -40}
  t.assertEquals(hu.sum(x, {accumulate = {order = "exact"}}), 1 + 2 ^ -40)
  t.assertEquals(hu.sum(x, {accumulate = {order = "exact", format = "posit16"}}), 1)
  t.assertEquals(hu.sum(x, {accumulate = {order = "exact", format = "posit16"}, rounding = "ru"}), 1 + 2 ^ -11)
  t.assertEquals(hu.dot(x, {1, 3, 1, 0}, {accumulate = {order = "exact"}}), 3)
  local c = hu.matmul({{2 ^ 60, 1, -2 ^ 60}}, {{1}, {5}, {1}}, {accumulate = {order = "exact", format = "e4m3fn"}})
  t.assertEquals(c(1, 1), 5)
  t.assertErrorMsgContains("exact", hu.sum, x, {accumulate = {order = "exactly"}})
end

claims:run()
