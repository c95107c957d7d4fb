-- block-fma.lua - products added as a matrix unit does it.
local claims, t = require("claims")()
local hu = require "halfulp"

local function dot(a, b, accumulate) return hu.dot(a, b, {accumulate = accumulate}) end

claims["every profile that is listed is one that products can be added by"] = function()
  local formats = {fp16 = "fp16", bf16 = "bf16", tf32 = "tf32", fp8 = {"e4m3fn", "e5m2"}}
  t.assertTrue(#hu.profiles() > 20)
  for _, p in ipairs(hu.profiles()) do
    local format = formats[p.input]
    local one = hu.ones(100, {dtype = "float"})
    t.assertEquals(dot(one, one, {profile = p.profile, input = format, output = p.output}), 100.0)
    local a = hu.randn({5, 70}, {seed = 1, dtype = "float"})
    local got = hu.matmul(a, a, {transpose_b = true, input = format, accumulate = {profile = p.profile, output = p.output}})
    local want = hu.matmul(a, a, {transpose_b = true, input = format, accumulate = {block =
      {group = p.group, width = p.width, lowest = p.lowest, output = p.format, rounding = p.rounding}}})
    t.assertEquals(got:totable(), want:totable())
  end
end

claims["what is smaller than the last kept bit of the largest term is lost, and below one group it is not monotonic"] = function()
  local tiny = hu.full(16, 2 ^ -13)
  local function sum(c)          -- a first group that is c alone, then sixteen products 2^-26
    local a, b = hu.zeros(32), hu.zeros(32)
    a[1], b[1] = c < 1 and 1 - 2 ^ -11 or 1, 1
    for i = 17, 32 do a[i], b[i] = tiny[i - 16], tiny[i - 16] end
    if c < 1 then a[2], b[2] = 2 ^ -11 - 2 ^ -22, 1; a[3], b[3] = 2 ^ -22 - 2 ^ -24, 1 end
    return dot(a, b, {profile = "H100", input = "fp16"})
  end
  t.assertEquals(sum(1), 1.0)
  t.assertEquals(sum(1 - 2 ^ -24), 1 + 2 ^ -23)
end

claims["chunks are added outside the unit"] = function()
  local a = hu.full(4096, 1.125)
  local b = hu.full(4096, 1.125)
  local want = 4096 * 1.125 ^ 2
  local plain = dot(a, b, {profile = "H100", input = "e4m3fn"})
  local promoted = dot(a, b, {profile = "H100", input = "e4m3fn", chunk = 128, outer = "fp32"})
  t.assertEquals(promoted, want)
  t.assertTrue(plain <= want)
  a = hu.randn(4096, {seed = 3}):abs():quantize("e4m3fn")
  plain = dot(a, a, {profile = "H100", input = "e4m3fn"})
  promoted = dot(a, a, {profile = "H100", input = "e4m3fn", chunk = 128, outer = "fp32"})
  want = hu.dot(a, a)
  t.assertTrue(want - promoted < 0.1 * (want - plain))
end

claims["wrong adders are named"] = function()
  local one = hu.ones(4)
  local function fails(text, accumulate, input)
    t.assertErrorMsgContains(text, hu.matmul, one, one, {input = input, accumulate = accumulate})
  end
  fails("did you mean 'H100'", {profile = "H10"}, "fp16")
  fails("V100 has no products of e8m7", {profile = "V100"}, "bf16")
  fails("format of the operands", {profile = "H100"})
  fails("format of the operands", {profile = "H100"}, "mxfp8e4m3")
  fails("format of the operands", {block = {group = 4, width = 23}})
  fails("group", {block = {width = 23}}, "fp16")
  fails("group", {block = {group = 1000, width = 23}}, "fp16")
  fails("width", {block = {group = 4, width = 500}}, "fp16")
  fails("widht", {block = {group = 4, width = 23, widht = 3}}, "fp16")
  fails("random bits", {block = {group = 4, width = 23, rounding = "sr"}}, "fp16")
  fails("one will do", {profile = "H100", block = {group = 4, width = 23}}, "fp16")
  fails("in order", {profile = "H100", format = "fp32"}, "fp16")
  fails("in order", {profile = "H100", order = "pairwise"}, "fp16")
  fails("go with a profile", {format = "fp32", output = "fp16"}, "fp16")
  fails("field of the block", {block = {group = 4, width = 23}, output = "fp16"}, "fp16")
  fails("block is", {block = 3}, "fp16")
end

claims["a policy of training takes an adder"] = function()
  local function losses(forward)
    return hu.nn.train {
      model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 16, seed = 1},
      data = hu.nn.markov {alphabet = 4, order = 1, spread = 2, train = 4000, heldout = 600},
      steps = 3, batch = 4, lr = 1e-2, policy = {format = "e4m3", forward = forward},
    }.loss
  end
  local block = {group = 32, width = 13, output = "e8m13", lowest = -133, input = "e4m3fn"}
  local cut = losses {profile = "H100", input = "e4m3fn"}
  t.assertEquals(cut, losses {block = block})
  t.assertNotEquals(cut, losses "fp32")
end

claims:run()
