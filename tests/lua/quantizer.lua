-- quantizer.lua - quantizers with scales: orderings and figures computed apart, static scales, scores, and wrong options.
local claims, t = require("claims")()
local hu = require "halfulp"

local function sqnr(x, options)
  local _, info = hu.quantizer(options):apply(x)
  return info.sqnr
end

-- ---- worked examples ----

claims["each row has its own scale, and the largest magnitude becomes the largest element"] = function()
  local v, info = hu.quantizer({format = "int8", per = "row"}):apply {{1, 2, 127}, {-10, 20, 254}}
  t.assertEquals(v:totable(), {{1.0, 2.0, 127.0}, {-10.0, 20.0, 254.0}})
  t.assertEquals(info.scales:totable(), {{1.0}, {2.0}})
  t.assertEquals(info.bits, 8 + 64 / 3)
  t.assertEquals(info.flags, "-")
end

claims["a zero point brings [low, high] to all codes, and zero stays zero"] = function()
  local q = hu.quantizer {format = "uint8", zero = true}
  local c, info = q:codes {-1, 0, 0.5, 3}
  t.assertEquals(c:totable(), {0.0, 64.0, 96.0, 255.0})     -- z = rne(1 / (4/255)) = 64
  t.assertEquals(info.zeros:totable(), {64.0})
  t.assertEquals(info.scales:totable(), {4 / 255})
  t.assertEquals(q:apply({-1, 0, 0.5, 3})[2], 0.0)
  local signed = hu.quantizer({format = "int8", zero = true}):codes {-1, 0, 0.5, 3}
  t.assertEquals(signed:totable(), {128.0, 192.0, 224.0, 127.0})          -- the same, 128 lower, in two's complement
end

claims["a zero point past the ends is cut, and what lies beyond is clipped"] = function()
  local v, info = hu.quantizer({format = "uint8", zero = true, pow2 = "floor"}):apply {-10, 0, -5}
  t.assertEquals(info.scales:totable(), {2.0 ^ -5})
  t.assertEquals(info.zeros:totable(), {255.0})                            -- 320 without the cut
  t.assertEquals(v:totable(), {-255 / 32, 0.0, -5.0})
  t.assertEquals(info.clipped, 1 / 3)
end

claims["zeros, a single element and nothing at all are no special cases"] = function()
  for _, zero in ipairs {false, true} do
    local q = hu.quantizer {format = "int8", zero = zero, group = 4}
    local v, info = q:apply {0, 0, 0, 0, 5}
    t.assertAlmostEquals(v[5], 5, 1e-12)
    t.assertEquals(v[1], 0.0)
    t.assertEquals(info.scales[1], zero and 2 / 255 or 1 / 127)            -- the range [-1, 1]
  end
  local v, info = hu.quantizer({format = "int8"}):apply(hu.zeros(0))
  t.assertEquals({#v, info.n, info.mse}, {0, 0, 0.0})
  t.assertEquals(hu.quantizer({format = "int8"}):apply(hu.full({}, 3)):totable(), 3.0)
end

claims["what it did to the values: errors, shares of what was clipped and of what became zero"] = function()
  local x = hu.array {6, 6.9, 7.1, -8, 0.1, 1.2, 0 / 0, 1 / 0}
  local v, info = hu.quantizer({format = "e2m1fn", clip = 6}):apply(x)
  t.assertEquals(info.n, 6)                                                -- what is finite before and after
  local error, power = 0, 0
  for i = 1, 6 do error, power = error + (x[i] - v[i]) ^ 2, power + x[i] ^ 2 end
  t.assertAlmostEquals(info.nmse, error / power, 1e-15)
  t.assertAlmostEquals(info.sqnr, -10 * math.log(error / power, 10), 1e-12)
  t.assertEquals(info.max, 2.0)
  t.assertAlmostEquals(info.clipped, 2 / info.n, 1e-15)                    -- 7 is half a step past the end
  t.assertAlmostEquals(info.flushed, 1 / info.n, 1e-15)
end

claims["scales can be rounded to a format, up so that nothing is past the end"] = function()
  local x = hu.randn({8, 64}, {seed = 3})
  for _, name in ipairs {"e4m3fn", "bf16", "e8m0fnu"} do
    local _, near = hu.quantizer({format = "e2m1fn", group = 16, scale_format = name}):apply(x)
    local _, up = hu.quantizer({format = "e2m1fn", group = 16, scale_format = name, scale_rounding = "ru"}):apply(x)
    for i = 1, 8 do
      for j = 1, 4 do
        t.assertEquals(near.scales(i, j), hu.format(name):quantize(near.scales(i, j)))
        t.assertTrue(up.scales(i, j) >= near.scales(i, j))
      end
    end
    t.assertEquals(up.clipped, 0.0)
  end
end

claims["powers of two: floor, near and ceil of the scale, exact at powers"] = function()
  local function scale(how, x) return select(2, hu.quantizer({format = "int4", target = 1, pow2 = how}):apply {x}).scales[1] end
  t.assertEquals({scale("floor", 5), scale("near", 5), scale("ceil", 5)}, {4.0, 4.0, 8.0})
  t.assertEquals({scale("floor", 5.7), scale("near", 5.7), scale("ceil", 5.7)}, {4.0, 8.0, 8.0})   -- 4 sqrt 2 = 5.657
  t.assertEquals({scale("floor", 8), scale("near", 8), scale("ceil", 8)}, {8.0, 8.0, 8.0})
  t.assertEquals({scale("floor", 0.3), scale("near", 0.3), scale("ceil", 0.3)}, {0.25, 0.25, 0.5})
end

claims["block floating point is integers with a power of two: step 2^(e + 2 - m)"] = function()
  local m = 4                                                              -- bits of the mantissa, sign among them
  local q = hu.quantizer {format = "int" .. m, narrow = true, group = 4, pow2 = "floor", target = 2 ^ (m - 2)}
  local v, info = q:apply {5.9, 1.2, -0.4, 0, 0.09, 0.01, -0.02, 0}
  t.assertEquals(info.scales:totable(), {2.0 ^ (2 + 2 - m), 2.0 ^ (-4 + 2 - m)})
  t.assertEquals(v:totable(), {6.0, 1.0, 0.0, 0.0, 0.09375, 0.015625, -0.015625, 0.0})
  local clipped = hu.quantizer({format = "int4", narrow = true, pow2 = "floor", target = 4}):apply {7.9, -7.9}
  t.assertEquals(clipped:totable(), {7.0, -7.0})                           -- +-(2^(m-1) - 1)
end

claims["ratio forms keep the largest scale and bring the others to it over powers of two"] = function()
  local x = hu.array {{1, 7, 3, 20}}
  local function scales(how) return select(2, hu.quantizer({format = "int8", target = 1, group = 1, pow2 = how}):apply(x)).scales:totable()[1] end
  t.assertEquals(scales "ratio-floor", {1.25, 10.0, 5.0, 20.0})
  t.assertEquals(scales "ratio-ceil", {0.625, 5.0, 2.5, 20.0})
  local rows = hu.array {{1, 3}, {100, 30}}
  local _, info = hu.quantizer({format = "int8", target = 1, group = 1, pow2 = "ratio-floor", within = "row"}):apply(rows)
  t.assertEquals(info.scales:totable(), {{1.5, 3.0}, {100.0, 50.0}})
end

claims["scales quantized in turn are NVFP4's: an 8-bit scale a block and one for the tensor"] = function()
  local x = hu.randn({4, 64}, {seed = 2})
  local q = hu.quantizer {format = "e2m1fn", group = 16, scales = hu.quantizer {format = "e4m3fn"}}
  local v, info = q:apply(x)
  local amax = x:abs():max()
  local tensor_scale = amax / 6 / 448
  for i = 1, 4 do
    for b = 0, 3 do
      local most = 0
      for j = 1, 16 do most = math.max(most, math.abs(x(i, 16 * b + j))) end
      local s = hu.format("e4m3fn"):quantize(most / 6 / tensor_scale) * tensor_scale
      t.assertAlmostEquals(info.scales(i, b + 1), s, 1e-15)
      for j = 1, 16 do
        t.assertAlmostEquals(v(i, 16 * b + j), hu.format("e2m1fn"):quantize(x(i, 16 * b + j) / s, {overflow = "saturate"}) * s, 1e-14)
      end
    end
  end
  t.assertAlmostEquals(info.bits, 4 + 8 / 16 + 64 / 256, 1e-12)
  local _, tiny = q:with({group = 1}):apply {6, 1e-9}                       -- a scale that would be zero: the smallest, 2^-9
  t.assertAlmostEquals(tiny.scales[2], 2.0 ^ -9 / 448, 1e-20)
end

claims["a block format is a granularity with a rule of its own"] = function()
  local x = hu.randn({6, 70}, {seed = 4})
  for _, name in ipairs {"mxfp4", "nvfp4", "block(int4, scale=e8m0fnu, size=16, rule=up)", "hbfp8"} do
    for _, axis in ipairs {1, 2, -1} do
      local q = hu.quantizer {format = name, axis = axis, rounding = "sr", seed = 3}
      local v, info = q:apply(x)
      t.assertTrue(v == x:quantize(name, {axis = axis > 0 and axis or 2, rounding = "sr", seed = 3, overflow = "saturate"}), name)
      t.assertAlmostEquals(info.mse, ((x - v) * (x - v)):sum() / 420, 1e-15)
      t.assertEquals(info.max, (x - v):abs():max())
    end
  end
  local v, info = hu.quantizer({format = "mxfp4"}):apply {6, 0.2, 13, -0.3}
  t.assertEquals(info.scales:totable(), {2.0})
  t.assertEquals(info.clipped, 1 / 4)
  t.assertEquals(info.flushed, 2 / 4)
  t.assertEquals(info.bits, 4 + 8 / 4)
  t.assertEquals(v:totable(), {6.0, 0.0, 12.0, -0.0})
  t.assertEquals(hu.quantizer({format = "mxfp4"}):codes({6, 0.2, 13}):totable(), {5.0, 0.0, 7.0})
  t.assertTrue(x:quantize(hu.quantizer {format = "mxfp4", flat = true}) == x:quantize("mxfp4", {axis = "all"}))
  t.assertEquals(tostring(hu.quantizer {format = "mxfp4"}), "quantizer{mxfp4, per block, scale floor, rne, saturate}")
  t.assertErrorMsgContains("axis is the index 3", function() hu.quantizer({format = "mxfp4", axis = 3}):apply(x) end)
end

-- ---- figures computed apart from this program: integrals over densities, and samples of a million ----

claims["4-bit types with the largest magnitude as scale: the SQNR by block size"] = function()
  local want = {
    int4 = {[16] = 21.38, [64] = 19.35, [1024] = 16.85}, e2m1fn = {[16] = 20.53, [64] = 19.52, [1024] = 18.76},
    nf4 = {[16] = 21.85, [64] = 20.73, [1024] = 19.60}, ["e3m0{specials=finite}"] = {[16] = 15.49, [64] = 14.51, [1024] = 14.19},
  }
  local x = hu.randn(2 ^ 18 // 1, {seed = 11})
  for format, by_block in pairs(want) do
    for block, db in pairs(by_block) do
      t.assertAlmostEquals(sqnr(x, {format = format, group = block, narrow = format == "int4"}), db, 0.1, format .. " " .. block)
    end
  end
end

-- The quantiles of a normal variable: x_i of probability (i - 1/2) / n. Sums over them are integrals, without the noise of a sample.
local function normal_quantiles(n)
  local list = {}
  for i = 1, n do                                         -- Newton on the distribution function, by its series in erfc's place
    local p, x = (i - 0.5) / n, 0.0
    for _ = 1, 60 do
      local sum, term, k = x, x, 1
      while math.abs(term) > 1e-17 * math.abs(sum) and k < 400 do
        term = term * x * x / (2 * k + 1)
        sum, k = sum + term, k + 1
      end
      local density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
      local step = (0.5 + density * sum - p) / density
      step = math.max(-0.5, math.min(0.5, step))
      x = x - step
      if math.abs(step) < 1e-13 then break end
    end
    list[i] = x
  end
  return hu.array(list)
end

local gaussian = normal_quantiles(8191)

claims["ternary rules on a normal variable: thresholds, zeros and errors"] = function()
  local function error_of(options)
    options.format, options.narrow = "int2", true
    local v, info = hu.quantizer(options):apply(gaussian)
    local zeros = 0
    for i = 1, #v do if v[i] == 0 then zeros = zeros + 1 end end
    return info.mse, info.scales[1], zeros / #v
  end
  for _, row in ipairs {
    {{scale = "absmean"}, 0.26338, 0.7979, 0.3101},
    {{scale = "percentile", percentile = 0.5}, 0.31797, 0.6745, 0.2641},
    {{scale = "absmean", constant = 4 / 3}, 0.19945, 1.0638, 0.4052},
  } do
    local mse, level, zeros = error_of(row[1])
    t.assertAlmostEquals(mse, row[2], 1e-3)
    t.assertAlmostEquals(level, row[3], 1e-3)
    t.assertAlmostEquals(zeros, row[4], 1e-3)
  end
  local fine = {}
  for i = 1, 400 do fine[i] = 0.2 + i / 1000 end
  local top = gaussian:abs():max()
  local mse, level = error_of {scale = "search", candidates = hu.array(fine) / top * 2.2}
  t.assertAlmostEquals(level, 1.22401, 3e-3)
  t.assertAlmostEquals(mse, 0.190174, 2e-4)
end

-- Densities, each over points that are dense around zero, with the weight of its neighborhood: sums become integrals.
local function density(pdf, most)
  local xs, ws, n = {}, {}, 10000
  local scale = most > 1 and 1 or 1e-3                 -- 1e-3: almost the line itself
  local last = math.log(most * scale + math.sqrt(most * most * scale * scale + 1))        -- asinh
  for i = -n, n do
    local u = i / n * last
    local x = (math.exp(u) - math.exp(-u)) / 2 / scale
    xs[#xs + 1], ws[#ws + 1] = x, pdf(x) * (math.exp(u) + math.exp(-u)) * (math.abs(i) == n and 0.5 or 1)
  end
  return {x = hu.array(xs), w = hu.array(ws), most = most}
end

claims["the best ranges for uniform, normal and Student-t variables: their SQNR"] = function()
  local uniform = density(function() return 1 end, 1)
  local normal = density(function(x) return math.exp(-x * x / 2) end, 8.5)
  local student = density(function(x) return (1 + x * x / 8) ^ -4.5 end, 100)
  for _, row in ipairs {
    {"e5m2{specials=finite}", 26.91, 1.67, 25.58, 9.04, 25.56, 78}, {"e4m3{specials=finite}", 32.74, 1.83, 31.56, 9.78, 31.54, 84},
    {"e3m4{specials=finite}", 38.66, 1.92, 37.56, 5.11, 37.52, 21.4}, {"e2m5{specials=finite}", 44.49, 0.994, 42.67, 4.35, 38.43, 10.1},
    {"int8", 48.13, 0.996, 40.54, 3.92, 34.39, 8.31},
    {"e3m2fn", 26.91, nil, 25.58, 4.54, 25.54, 15.5}, {"e2m3fn", 32.36, nil, 30.81, 3.75, 28.52, 7.03},
    {"int6", 35.99, nil, 29.71, 3.27, 25.47, 5.61},
    {"e2m1fn", 20.92, nil, 18.97, 2.92, 17.76, 4.41}, {"int4", 23.52, nil, 18.90, 2.47, 16.41, 3.50},
  } do
    for k, d in ipairs {uniform, normal, student} do
      local db, c, list = row[2 * k], row[2 * k + 1], {}
      for i = 0, 40 do list[#list + 1] = (c or 1) * (c and 0.9 or 0.75) * (c and 1.005 or 1.02) ^ i / d.most end
      local q = hu.quantizer {format = row[1], narrow = row[1]:find "int" and true or nil, scale = "search",
                              candidates = list, weights = d.w}
      local v, info = q:apply(d.x)
      local e = d.x - v
      local got = -10 * math.log((d.w * e * e):sum() / (d.w * d.x * d.x):sum(), 10)
      t.assertAlmostEquals(got, db, 0.05, row[1] .. " " .. k)
      if c and row[1]:find "int" then t.assertAlmostEquals(info.scales[1] * hu.format(row[1]).max / c, 1, 0.02, row[1] .. " " .. k) end
    end
  end
end

claims["a list of values of one's own is an element format: the fp4 of bitsandbytes, centered grids"] = function()
  local fp4 = hu.define {name = "library_fp4", sort = true, values = {
    "-1", "-2/3", "-1/2", "-1/3", "-1/4", "-1/6", "-1/192", 0, "1/192", "1/6", "1/4", "1/3", "1/2", "2/3", 1}}
  local x = hu.randn(2 ^ 18 // 1, {seed = 11})
  for block, db in pairs {[16] = 19.64, [64] = 18.27, [256] = 17.40} do
    t.assertAlmostEquals(sqnr(x, {format = fp4, group = block}), db, 0.1)
  end
  local normal = density(function(u) return math.exp(-u * u / 2) end, 8.5)
  for bits, want in ipairs {{0.797885, 4.396}, {1.493530, 9.250}, {2.051068, 14.267}, {2.514005, 19.377}} do
    local levels, near = {}, {}
    for i = 1, 2 ^ bits // 1 do levels[i] = 2 * i - 1 - 2 ^ bits // 1 end
    for i = -20, 20 do near[#near + 1] = want[1] * (1 + i / 2000) / 8.5 end
    local grid = hu.define {name = "centered" .. bits, values = levels}
    local v, info = hu.quantizer({format = grid, scale = "search", candidates = near, weights = normal.w}):apply(normal.x)
    local e = normal.x - v
    t.assertAlmostEquals(info.scales[1] * (2 ^ bits - 1), want[1], 2e-3)
    t.assertAlmostEquals(-10 * math.log((normal.w * e * e):sum() / (normal.w * normal.x * normal.x):sum(), 10), want[2], 2e-3)
  end
end

-- ---- scores ----

claims["every score takes the best of its candidates, the first of equally good ones"] = function()
  local x = hu.randn({4, 32}, {seed = 5})
  local candidates = {0.9, 0.5, 0.7, 0.7, 1.1}
  local w = hu.uniform({4, 32}, {seed = 6})
  local inputs = hu.randn({9, 32}, {seed = 7})
  local scores = {
    mse = function(v) return ((x - v) * (x - v)):sum() end,
    lp = function(v) return ((x - v):abs() ^ 3):sum() end,
    weighted = function(v) return (w * (x - v) * (x - v)):sum() end,
    cosine = function(v) return -(x * v):sum() / v:norm() / x:norm() end,
    layer = function(v) return hu.matmul(inputs, x - v, {transpose_b = true}):norm() end,
  }
  for name, score in pairs(scores) do
    local best, best_ratio
    for _, ratio in ipairs(candidates) do
      local s = score((hu.quantizer {format = "int4", scale = "absmax", constant = ratio}):apply(x))
      if not best or s < best then best, best_ratio = s, ratio end
    end
    local common = {format = "int4", scale = "search", candidates = candidates, score = name}
    if name == "lp" then common.power = 3 end
    if name == "weighted" then common.weights = w end
    if name == "layer" then common.activations = inputs end
    local _, info = hu.quantizer(common):apply(x)
    t.assertEquals(info.scales(1, 1), x:abs():max() * best_ratio / 7, name)
    if name ~= "weighted" then
      common.activations, common.weights, common.power, common.score = nil, nil, nil, score
      t.assertEquals(select(2, hu.quantizer(common):apply(x)).scales(1, 1), info.scales(1, 1), name)
    end
  end
end

claims["a layer's outputs choose the range of every row where every row has its own"] = function()
  local x, inputs = hu.randn({3, 16}, {seed = 1}), hu.randn({20, 16}, {seed = 2})
  local options = {format = "int3", per = "row", scale = "search", candidates = {0.4, 0.6, 0.8, 1}, activations = inputs}
  local _, all = hu.quantizer(options):apply(x)
  for r = 1, 3 do
    local row = hu.zeros {1, 16}
    for j = 1, 16 do row:set(1, j, x(r, j)) end
    local _, one = hu.quantizer(options):apply(row)
    t.assertEquals(all.scales(r, 1), one.scales(1, 1))
  end
end

claims["a score that fails, or gives no number, is an error of one line"] = function()
  local function try(score)
    hu.quantizer({format = "int4", scale = "search", score = score}):apply {1, 2}
  end
  t.assertErrorMsgContains("score failed", try, function() error "no" end)
  t.assertErrorMsgContains("gives a number", try, function() return "x" end)
  t.assertErrorMsgContains("not a number", try, function() return 0 / 0 end)
end

-- ---- random words and places ----

claims["stochastic elements take the random word of their place, whatever the granularity"] = function()
  local x = hu.full({6, 10}, 0.3)
  x:set(1, 1, 1)
  local q = hu.quantizer {format = "int4", scale = 0.25, rounding = "sr", seed = 4, stream = 2}
  local v = q:apply(x)
  local f = hu.format("int4"):with {rounding = "sr", seed = 4, stream = 2}
  for i = 1, 6 do
    for j = 1, 10 do
      f.env:seek((i - 1) * 10 + j - 1)
      t.assertEquals(v(i, j), f(x(i, j) / 0.25):value() * 0.25)
    end
  end
  t.assertTrue(q:with({per = "column"}):apply(x) == v)
  t.assertFalse(q:apply(x, {stream = 3}) == v)
end

-- ---- static scales ----

claims["observed ranges: the widest, or a running mean with momentum"] = function()
  local q = hu.quantizer {format = "int8"}
  q:observe({1, -3}):observe {2, 0.5}
  t.assertEquals({q.observed, q.frozen}, {2, false})
  q:freeze()
  t.assertTrue(q.frozen)
  t.assertEquals(select(2, q:apply {0.1}).scales[1], 3 / 127)
  t.assertStrContains(tostring(q), "frozen")
  local m = hu.quantizer({format = "int8", momentum = 0.9}):observe({1, -3}):observe({2, 0.5}):freeze()
  t.assertAlmostEquals(select(2, m:apply {0.1}).scales[1], (0.9 * 3 + 0.1 * 2) / 127, 1e-15)
  local z = hu.quantizer({format = "uint8", zero = true}):observe({-1, 0.5}):observe({0.5, 2}):freeze()
  local _, info = z:apply {0.1}
  t.assertEquals(info.scales[1], 3 / 255)
  t.assertEquals(info.zeros[1], 85.0)
end

claims["zeros at first do not widen what is observed later"] = function()
  local q = hu.quantizer({format = "int8"}):observe({0, 0}):observe({0.127, 0}):freeze()
  t.assertAlmostEquals(select(2, q:apply {0.1}).scales[1], 0.001, 1e-18)
end

claims["histograms of several arrays are those of their union, as far as their bins allow"] = function()
  local a, b = hu.randn(4096, {seed = 1}), hu.randn(4096, {seed = 2, std = 0.5})
  local both = {}
  for i = 1, 4096 do both[i], both[4096 + i] = a[i], b[i] end
  local options = {format = "int4", narrow = true, scale = "search", score = "kl"}
  local q = hu.quantizer(options):observe(a):observe(b):freeze()
  local _, once = hu.quantizer(options):apply(both)
  t.assertEquals(select(2, q:apply {0.1}).scales[1], once.scales[1])
  local reverse = hu.quantizer(options):observe(b):observe(a):freeze()
  t.assertAlmostEquals(select(2, reverse:apply {0.1}).scales[1] / once.scales[1], 1, 0.03)
end

-- ---- elsewhere ----

claims["a quantizer is an input of matmul and an argument of array:quantize"] = function()
  local a, b = hu.randn({5, 8}, {seed = 1}), hu.randn({8, 3}, {seed = 2})
  local rows, columns = hu.quantizer {format = "int8", per = "row"}, hu.quantizer {format = "int4", per = "column"}
  t.assertTrue(a:quantize(rows) == rows:apply(a))
  local got = hu.matmul(a, b, {input = {rows, columns}, accumulate = "fp32"})
  t.assertTrue(got == hu.matmul(rows:apply(a), columns:apply(b), {accumulate = "fp32"}))
  t.assertTrue(hu.matmul(a, b, {input = {rows, "e4m3fn"}}) == hu.matmul(rows:apply(a), b:quantize "e4m3fn"))
  t.assertTrue(hu.matmul(a, a, {input = rows, transpose_b = true}) == hu.matmul(rows:apply(a), rows:apply(a), {transpose_b = true}))
end

claims["with makes another quantizer of the same options"] = function()
  local q = hu.quantizer {format = "int8", per = "row", narrow = true}
  t.assertEquals(tostring(q:with {format = "int4"}), "quantizer{int4, per row, scale absmax, narrow, rne, saturate}")
  t.assertEquals(tostring(q), "quantizer{int8, per row, scale absmax, narrow, rne, saturate}")
end

-- ---- wrong options ----

claims["an impossible combination is one line that names the option"] = function()
  for _, case in ipairs {
    {"format is missing", {}},
    {"did you mean", {format = "int8", pr = "row"}},
    {"e4m3fn", {format = "e4m3nf"}},
    {"zero is given with the format e4m3fn", {format = "e4m3fn", zero = true}},
    {"zero is given with a rule", {format = "int8", zero = true, scale = "rms"}},
    {"narrow", {format = "e4m3fn", narrow = true}},
    {"narrow", {format = "uint8", narrow = true}},
    {"group is missing", {format = "int8", per = "group"}},
    {"group is 0", {format = "int8", per = "group", group = 0}},
    {"group is given without", {format = "int8", per = "row", group = 4}},
    {"tile is missing", {format = "int8", per = "tile"}},
    {"tile takes", {format = "int8", tile = {4}}},
    {"tile takes", {format = "int8", tile = {4, 0}}},
    {"axis is 0", {format = "int8", group = 4, axis = 0}},
    {"axis is given without", {format = "int8", axis = 1}},
    {"flat", {format = "int8", group = 4, axis = 1, flat = true}},
    {"percentile is missing", {format = "int8", scale = "percentile"}},
    {"percentile is 1.5", {format = "int8", scale = "percentile", percentile = 1.5}},
    {"percentile is given without", {format = "int8", percentile = 0.9}},
    {"constant is -1", {format = "int8", constant = -1}},
    {"clip and scale", {format = "int8", clip = 1, scale = "rms"}},
    {"clip is -1", {format = "int8", clip = -1}},
    {"scale is 0", {format = "int8", scale = 0}},
    {"scale", {format = "int8", scale = "absmx"}},
    {"target", {format = "int8", target = -1}},
    {"candidates", {format = "int8", scale = "search", candidates = {}}},
    {"candidates has -1", {format = "int8", scale = "search", candidates = {1, -1}}},
    {"ratios111", {format = "int8", scale = "search", candidates = "ratios11"}},
    {"candidates is given without", {format = "int8", candidates = {1}}},
    {"weights is missing", {format = "int8", scale = "search", score = "weighted"}},
    {"activations is missing", {format = "int8", scale = "search", score = "layer"}},
    {"power is -1", {format = "int8", scale = "search", score = "lp", power = -1}},
    {"power is given without", {format = "int8", scale = "search", score = "mse", power = 2}},
    {"rank1", {format = "int8", scale = "search", per = "rank1"}},
    {"scale_format int8{overflow=wrap}", {format = "int8", scale_format = "int8{overflow=wrap}"}},
    {"scale_rounding is sr", {format = "int8", scale_rounding = "sr"}},
    {"scale_least", {format = "int8", scale_least = 2, scale_most = 1}},
    {"within is given without", {format = "int8", within = "row"}},
    {"scales has zero points", {format = "int8", scales = hu.quantizer {format = "uint8", zero = true}}},
    {"wraps around", {format = "int8{overflow=wrap}"}},
    {"momentum is 1", {format = "int8", momentum = 1}},
    {"scales", {format = "int8", scales = "e4m3fn"}},
    {"scales has the block format mxfp4", {format = "int8", scales = hu.quantizer {format = "mxfp4"}}},
    {"per is given with the block format mxfp4", {format = "mxfp4", per = "row"}},
    {"block", {format = "block(int8, size=0)"}},
  } do
    local ok, message = pcall(hu.quantizer, case[2])
    t.assertFalse(ok, case[1])
    t.assertStrContains(message, case[1])
    t.assertNotStrContains(message, "\n")
  end
end

claims["an array that does not fit is one line, too"] = function()
  t.assertErrorMsgContains("axis is the index 3", function() hu.quantizer({format = "int8", group = 2, axis = 3}):apply {{1, 2}} end)
  t.assertErrorMsgContains("tiles of an array with 1", function() hu.quantizer({format = "int8", tile = {2, 2}}):apply {1, 2} end)
  t.assertErrorMsgContains("no values of float", function()
    hu.quantizer({format = "fp64"}):apply(hu.zeros(3, {dtype = "float"}))
  end)
  t.assertErrorMsgContains("weights has 3", function()
    hu.quantizer({format = "int8", scale = "search", weights = {1, 2, 3}}):apply {1, 2}
  end)
  t.assertErrorMsgContains("activations has", function()
    hu.quantizer({format = "int8", scale = "search", activations = {{1, 2, 3}}}):apply {{1, 2}}
  end)
  t.assertErrorMsgContains("activations has 0 indices, the last of 1, and the array 2", function()
    hu.quantizer({format = "int8", scale = "search", activations = hu.zeros {}}):apply {{1, 2}}
  end)
  t.assertErrorMsgContains("nothing was observed", function() hu.quantizer({format = "int8"}):freeze() end)
  t.assertErrorMsgContains("frozen with 1 scales", function()
    hu.quantizer({format = "int8", per = "row"}):observe({{1, 2}}):freeze():apply {{1}, {2}}
  end)
  t.assertErrorMsgContains("one shape", function() hu.quantizer({format = "int8", per = "row"}):observe({{1, 2}}):observe {{1}, {2}} end)
  t.assertErrorMsgContains("is frozen", function() hu.quantizer({format = "int8"}):observe({1}):freeze():observe {2} end)
  t.assertErrorMsgContains("block format mxfp4", function() hu.quantizer({format = "mxfp4"}):observe {2} end)
  t.assertErrorMsgContains("given clip", function() hu.quantizer({format = "int8", clip = 1}):observe {2} end)
  t.assertErrorMsgContains("momentum is given with the score kl", function()
    hu.quantizer({format = "int8", scale = "search", score = "kl", momentum = 0.5}):observe {2}
  end)
end

claims["numbers near the ends of double are searched, shifted and measured as any others"] = function()
  local x = hu.array {1.7, -1, 0.3, 0.01, -0.4}
  for _, power in ipairs {2.0 ^ 1022, 2.0 ^ -1000} do
    for _, options in ipairs {
      {scale = "search", score = "mse"}, {scale = "search", score = "lp", power = 2.4}, {scale = "search", score = "cosine"},
      {scale = "search", score = "weighted", weights = {1, 2, 3, 4, 5}}, {zero = true}, {scale = "rms"},
    } do
      options.format = options.zero and "uint8" or "int8"
      local near, near_info = hu.quantizer(options):apply(x)
      local far, far_info = hu.quantizer(options):apply(x * power)
      t.assertTrue(far == near * power, tostring(far))
      t.assertEquals(far_info.sqnr, near_info.sqnr)
    end
  end
  local q = hu.quantizer {format = "int8", scale = "search", score = "kl"}
  q:observe({1e308, -0.5e308, 2e307}):observe({1.7e308, 1e308}):freeze()
  t.assertTrue(q:apply({1e308})[1] > 0.9e308)
end

claims:run()
