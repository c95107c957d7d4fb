-- accumulate.lua - integer accumulators, cheap multipliers, scales and batches of matrix products.
local claims, t = require("claims")()
local hu = require "halfulp"

-- The shared check of messages: the call fails, and its one line has the text.
local function refused(text, f, ...)
  local ok, message = pcall(f, ...)
  t.assertFalse(ok)
  t.assertStrContains(tostring(message), text)
  t.assertFalse(tostring(message):find("\n", 1, true) and not tostring(message):find("stack traceback", 1, true) or false)
end

local function whole(shape, low, high, seed)
  return hu.array(hu.uniform(shape, {low = low, high = high + 1, seed = seed}):floor())
end

-- Sums of whole numbers, one addition after the other.
local function integer_dot(a, b, bits, saturates)
  local low, high, sum = -(1 << (bits - 1)), (1 << (bits - 1)) - 1, 0
  for k = 1, #a do
    sum = sum + math.tointeger(a[k] * b[k])
    if saturates then sum = math.max(low, math.min(high, sum)) else sum = (sum - low) % (1 << bits) + low end
  end
  return sum
end

claims["an integer accumulator wraps or saturates at every addition"] = function()
  local a, b = whole({5, 40}, -128, 127, 1), whole({40, 6}, -20, 127, 2)
  for bits = 9, 24, 3 do
    for _, overflow in ipairs {"wrap", "saturate"} do
      local c = hu.matmul(a, b, {input = "int8", accumulate = {integer = bits, overflow = overflow}})
      for i = 1, 5 do
        for j = 1, 6 do
          local want = integer_dot(a:row(i), b:column(j), bits, overflow == "saturate")
          t.assertEquals(c(i, j), want + 0.0)
          t.assertEquals(hu.dot(a:row(i), b:column(j), {accumulate = {integer = bits, overflow = overflow}}), want + 0.0)
        end
      end
    end
  end
end

claims["fixed-point inputs set the accumulator's unit, and a scale requantizes its sums"] = function()
  local a, b = hu.array {{1.5, -0.25}}, hu.array {{0.5}, {3}}
  t.assertEquals(hu.matmul(a, b, {input = {"q4.2", "q5.1"}, accumulate = {integer = 16}})(1, 1), 0.0)
  t.assertEquals(hu.matmul(a, b, {input = {"q4.2", "q5.1"}, accumulate = {integer = 4}})(1, 1), 0.0)     -- 6/8, then -6/8
  t.assertEquals(hu.dot({1.5}, {3}, {accumulate = {integer = 5, fraction = 3, overflow = "saturate"}}), 15 / 8)
  local c = hu.matmul(hu.array {{100, 27}}, hu.array {{3}, {1}}, {scale_a = 0.25, scale_b = hu.array {0.125},
    accumulate = {integer = 32, outer = "int8"}})
  t.assertEquals(c(1, 1), 10.0)                                                    -- 327 / 32 = 10.2
end

claims["L-Mul adds significands, as the paper's rule says"] = function()
  local function dot(x, y, kind, format) return hu.dot({x}, {y}, {accumulate = {multiplier = kind, input = format}}) end
  t.assertEquals(dot(1.5, 1.5, "lmul", "e4m3fn"), 2.25)            -- S = 1 + 1/8: the carry doubles it
  t.assertEquals(dot(1.5, 1.5, "lmul_formula", "e4m3fn"), 2.125)   -- and the formula adds it to one
  t.assertEquals(dot(1.25, -1.25, "lmul", "e4m3fn"), -1.625)
  t.assertEquals(dot(1, 1, "lmul", "bf16"), 1 + 1 / 16)
  t.assertEquals(hu.dot({1}, {1}, {accumulate = {multiplier = "lmul", l = 2, input = "bf16"}}), 1.25)
  local product = hu.apply("mul", hu.array {1.5, 1.25}, hu.array {1.5, -1.25}, {format = "e4m3fn", multiplier = "lmul", input = "e4m3fn"})
  t.assertEquals(product:totable(), {2.25, -1.625})
end

claims["a table of products stands for a multiplier, from a file too"] = function()
  local list = {}
  for x = 0, 15 do
    list[x + 1] = {}
    for y = 0, 15 do list[x + 1][y + 1] = x * y - (x * y) % 4 end
  end
  local path = claims.tmpdir() .. "/table.npy"
  hu.save_npy(hu.array(list), path)
  local cheap = hu.load_npy(path)
  local a, b = whole({3, 20}, 0, 15, 5), whole({20, 4}, 0, 15, 6)
  local c = hu.matmul(a, b, {input = "uint4", accumulate = {multiplier = cheap, integer = 20}})
  for i = 1, 3 do
    for j = 1, 4 do
      local want = 0
      for k = 1, 20 do want = want + list[math.tointeger(a(i, k)) + 1][math.tointeger(b(k, j)) + 1] end
      t.assertEquals(c(i, j), want)
    end
  end
end

claims["scales of rows, columns and blocks are those of their elements"] = function()
  local a, b = hu.randn({6, 8}, {seed = 1}), hu.randn({8, 4}, {seed = 2})
  local powers = function(shape, seed) return 2 ^ whole(shape, -3, 3, seed) end
  local function scaled(x, scale, rows, columns)
    local out = x:copy()
    local shape = x:shape()
    for i = 1, shape[1] do
      for j = 1, shape[2] do out:set(i, j, x(i, j) * scale((i - 1) // rows + 1, (j - 1) // columns + 1)) end
    end
    return out
  end
  local sa, sb = powers({3, 2}, 3), powers({2, 4}, 4)              -- blocks of 2 x 4 and 4 x 1; powers of two scale without rounding
  local got = hu.matmul(a, b, {scale_a = sa, scale_b = sb, accumulate = {order = "exact", outer = "fp64"}})
  local want = hu.matmul(scaled(a, sa, 2, 4), scaled(b, sb, 4, 1), {accumulate = {order = "exact"}})
  t.assertTrue(hu.error(got, want).normwise_2 < 1e-14)
  t.assertEquals(hu.matmul(a, b, {scale_a = sa, scale_b = sb, block_a = {2, 4}, block_b = {4, 1}, accumulate = {order = "exact", outer = "fp64"}}):totable(), got:totable())
  local rows, columns = powers({6}, 5), powers({4}, 6)
  local plain = hu.matmul(a, b, {accumulate = "fp32"})
  local outer = hu.matmul(a, b, {scale_a = rows, scale_b = columns, accumulate = "fp32"})
  for i = 1, 6 do
    for j = 1, 4 do t.assertEquals(outer(i, j), plain(i, j) * rows[i] * columns[j]) end
  end
end

claims["arrays of three and four indices are batches, repeated where they have one matrix"] = function()
  local a, b = hu.randn({2, 3, 4, 5}, {seed = 1}), hu.randn({3, 5, 6}, {seed = 2})
  for _, accumulate in ipairs {"e8m7", "fp32", {profile = "H100", input = "fp16"}} do
    local input = type(accumulate) == "table" and "fp16" or nil
    local options = {input = input, accumulate = accumulate}
    local c = hu.matmul(a, b, options)
    t.assertEquals(c:shape(), {2, 3, 4, 6})
    for i = 1, 2 do
      for j = 1, 3 do
        t.assertEquals(c:row(i):row(j):totable(), hu.matmul(a:row(i):row(j), b:row(j), options):totable())
      end
    end
  end
  local one = hu.matmul(a, b:row(1))
  t.assertEquals(one:row(2):row(3):totable(), hu.matmul(a:row(2):row(3), b:row(1)):totable())
  local turned = hu.matmul(b, b, {transpose_a = true, accumulate = "e8m7"})
  t.assertEquals(turned:row(2):totable(), hu.matmul(b:row(2), b:row(2), {transpose_a = true, accumulate = "e8m7"}):totable())
  local each = hu.matmul(b, b, {transpose_a = true, scale_a = hu.array {{{1}}, {{2}}, {{4}}}, accumulate = "fp32"})
  t.assertEquals(each:row(3):totable(), (hu.matmul(b:row(3), b:row(3), {transpose_a = true, accumulate = "fp32"}) * 4):totable())
end

claims["what does not go together is refused in one line"] = function()
  local x = hu.full({4, 4}, 0.3)
  local cases = {
    {{accumulate = {integer = 1}}, "from 2 to 64"},
    {{accumulate = {integer = 8, order = "pairwise"}}, "adds in order"},
    {{accumulate = {integer = 8, format = "int8"}}, "no sum format"},
    {{accumulate = {integer = 8, overflow = "clip"}}, "wrap or saturate"},
    {{accumulate = {overflow = "wrap"}}, "overflow goes with integer"},
    {{accumulate = {fraction = 2}}, "fraction goes with integer"},
    {{accumulate = {integer = 8}}, "bits of fraction"},
    {{accumulate = {integer = 8, overflow = "saturate", product_bits = 16}, input = "int8"}, "narrower than its products"},
    {{accumulate = {integer = 8, profile = "H100"}}, "go without one"},
    {{accumulate = {multiplier = "lmul"}}, "needs to know the format"},
    {{accumulate = {multiplier = "lmull", input = "e4m3fn"}}, "did you mean"},
    {{accumulate = {multiplier = 3, input = "e4m3fn"}}, "array of products"},
    {{accumulate = {multiplier = "lmul", input = {"e4m3fn", "e5m2"}}}, "one format"},
    {{accumulate = {multiplier = "lmul", input = "int8"}}, "L-Mul takes"},
    {{accumulate = {multiplier = "lmul", input = "e4m3fn"}}, "no value of e4m3fn"},
    {{accumulate = {multiplier = hu.ones(4), input = "int4"}}, "2^8 pairs"},
    {{accumulate = {multiplier = hu.ones(256, {dtype = "float"}), input = "int4"}}, "one of doubles"},
    {{accumulate = {l = 2}}, "l goes with"},
    {{accumulate = {profile = "H100", input = "fp16", order = "pairwise"}}, "block FMA"},
    {{scale_a = hu.ones {3, 3}}, "does not divide"},
    {{scale_b = hu.ones {2, 2}, block_b = {1, 2}}, "need 4"},
    {{scale_a = hu.ones {1, 2}, scale_b = hu.ones {4, 1}, accumulate = {chunk = 3}}, "no multiple of the chunk"},
    {{scale_a = "1"}, "scale_a"},
    {{block_a = {1}}, "takes two"},
    {{block_a = {2, 2}}, "matmul: block_a is 2 by 2, and there is no scale_a whose blocks these would be"},
    {{block_b = {2, 2}, scale_a = 0.5}, "no scale_b"},
    {{block_a = {2, 2}, scale_a = 0.5}, "matmul: scale_a has 1 rows; 4 of a in blocks of 2 need 2"},
    {{block_b = {4, 2}, scale_b = 0.5}, "matmul: scale_b has 1 columns; 4 of b in blocks of 2 need 2"},
    {{scale_a = 0 / 0}, "scale_a: number 1 of 1 is NaN; they have to be finite"},
    {{scale_b = {{1, 1 / 0}}}, "scale_b: number 2 of 2 is infinite"},
    {{accumulate = {format = "fp16", outer = "fp32"}},
      "accumulate: outer is e8m23, in which the sums of chunks are added, and all terms are one chunk; give chunk, their number in a chunk, or scale_a or scale_b"},
    {{accumulate = {profile = "H100", outer = "fp32"}, input = "e4m3fn"}, "give chunk"},
  }
  for _, case in ipairs(cases) do refused(case[2], hu.matmul, x, x, case[1]) end
  t.assertEquals(hu.matmul(x, x, {block_a = {4, 9}, scale_a = 2, block_b = {4, 4}, scale_b = 0.5}):totable(), hu.matmul(x, x, {scale_a = 1}):totable())
  for _, call in ipairs {hu.sum, function(list, o) return hu.dot(list, list, o) end} do
    refused("outer is e8m23", call, {1, 2}, {accumulate = {format = "fp16", outer = "fp32"}})
  end
  refused("forward: outer is e8m23", hu.nn.policy, {format = "e4m3fn", forward = {format = "fp16", outer = "fp32"}})
  refused("number 1 has size 2", hu.matmul, hu.ones {2, 3, 4}, hu.ones {3, 4, 5})
  refused("needs 1 to 4", hu.matmul, hu.array(hu.ones {}), x)
  refused("as many columns", hu.matmul, hu.ones {2, 3}, hu.ones {2, 3})
  refused("goes with mul", hu.apply, "add", 1, 2, {format = "e4m3fn", multiplier = "lmul", input = "e4m3fn"})
  refused("a table of products goes with", hu.nn.train, {model = hu.nn.lm {layers = 1, heads = 1, width = 8, context = 8}, steps = 1,
    data = hu.nn.markov {alphabet = 4, order = 1, train = 400, heldout = 60}, policy = {format = "e4m3", forward = {multiplier = hu.ones(1 << 14), input = "e4m2"}}})
end

claims["a policy of training takes L-Mul"] = function()
  local function loss(forward)
    return hu.nn.train {
      model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 16, seed = 1},
      data = hu.nn.markov {alphabet = 4, order = 1, spread = 2, train = 4000, heldout = 600},
      steps = 3, batch = 2, lr = 1e-2, policy = {format = "e4m3fn", forward = forward},
    }.loss
  end
  t.assertNotEquals(loss {multiplier = "lmul", input = "e4m3fn"}, loss "fp32")
end

claims:run()
