-- analysis.lua - error metrics, sharpness, stability rules and statistics from Lua.
local hu = require "halfulp"
local claims, t = require("claims")()

local nan, inf = 0 / 0, math.huge

local function is_nan(x) return x ~= x end

claims["errors of a list are those computed by hand"] = function()
  local m = hu.error({1.125, 2, -3, 0, 5}, {1, 2, -4, 0, 4}, {format = "e4m3"})
  t.assertEquals(m.n, 5)
  t.assertEquals(m.exact, 2)
  t.assertEquals(m.relative_max, 0.25)
  t.assertEquals(m.absolute_mean, 2.125 / 5)
  t.assertEquals(m.ulp_max, 2)
  t.assertEquals(m.normwise_inf, 0.25)
  t.assertAlmostEquals(m.sqnr_db, 10 * math.log(37 / 2.015625, 10), 1e-12)
end

claims["ulps are counted only where a format was given"] = function()
  t.assertNil(hu.error({1}, {1}).ulp_max)
  t.assertEquals(hu.error(1.5, 1, {format = hu.format "e5m2"}).ulp_max, 2)
end

claims["values that are not finite are counted by kind"] = function()
  local m = hu.error({nan, inf, 1, nan, 2}, {nan, inf, nan, 1, 1})
  t.assertEquals({m.same_special, m.missed, m.lost, m.finite}, {2, 1, 1, 1})
  t.assertEquals(m.relative_max, 1)
end

claims["shapes that differ, options and formats that are not known are errors"] = function()
  t.assertErrorMsgContains("different shapes", hu.error, {1, 2}, {1})
  t.assertErrorMsgContains("different shapes", hu.error, {{1, 2}}, {1, 2})
  t.assertErrorMsgContains("format", hu.error, {1}, {1}, {fromat = "e4m3"})
  t.assertErrorMsgContains("e4m", hu.error, {1}, {1}, {format = "e4m"})
  t.assertErrorMsgContains("reference is missing", hu.error, {1})
  t.assertErrorMsgContains("computed is", hu.error, "x", {1})
  t.assertErrorMsgContains("format is missing", hu.ulp)
end

claims["the ulp of a format follows its binades"] = function()
  t.assertEquals(hu.ulp("e4m3", 1), 0.125)
  t.assertEquals(hu.ulp("e4m3", 0), 2.0 ^ -9)
  t.assertTrue(is_nan(hu.ulp("e4m3", inf)))
end

local function zeros(n)
  local y = {}
  for i = 1, n do y[i] = 0 end
  return y
end

claims["50257 zero logits have the golden sharpness, by both methods"] = function()
  local y = zeros(50257)
  for _, method in ipairs {"closed", "lbfgsb"} do
    local s = hu.sharpness.logits {logits = y, target = 50256, eps = 1e-3, method = method}
    t.assertAlmostEquals(s.phi, 0.0169131187, 5e-11)
    t.assertAlmostEquals(s.loss, math.log(50257), 1e-12)
  end
end

claims["a batch averages its rows"] = function()
  local rows = {{1, 2, 3}, {0, -1, 5}}
  local a = hu.sharpness.logits {logits = rows[1], target = 2}
  local b = hu.sharpness.logits {logits = rows[2], target = 0}
  local both = hu.sharpness.logits {logits = rows, target = {2, 0}}
  t.assertAlmostEquals(both.loss, (a.loss + b.loss) / 2, 1e-14)
  t.assertAlmostEquals(both.phi, 100 * (a.increase + b.increase) / 2 / (1 + both.loss), 1e-14)
end

claims["logits that are not finite give NaN, not an error"] = function()
  t.assertTrue(is_nan(hu.sharpness.logits({logits = {1, nan}, target = 0}).phi))
end

claims["wrong arguments of the sharpness of logits are named"] = function()
  local f = hu.sharpness.logits
  t.assertErrorMsgContains("options is missing", f)
  t.assertErrorMsgContains("logits is missing", f, {})
  t.assertErrorMsgContains("target is missing", f, {logits = {1, 2}})
  t.assertErrorMsgContains("target", f, {logits = {1, 2}, target = {}})
  t.assertErrorMsgContains("target 2", f, {logits = {1, 2}, target = 2})
  t.assertErrorMsgContains("target is -1", f, {logits = {1, 2}, target = -1})
  t.assertErrorMsgContains("target is 0.5", f, {logits = {1, 2}, target = 0.5})
  t.assertErrorMsgContains("targets for 1 rows", f, {logits = {1, 2}, target = {0, 1}})
  t.assertErrorMsgContains("eps is 0", f, {logits = {1, 2}, target = 1, eps = 0})
  t.assertErrorMsgContains("closed or lbfgsb", f, {logits = {1, 2}, target = 1, method = "lbfgs"})
  t.assertErrorMsgContains("indices", f, {logits = {{{1}}}, target = 1})
  t.assertErrorMsgContains("1 by 0", function() f {logits = {{}}, target = {0}} end)
  t.assertErrorMsgContains("target", f, {logits = {1, 2}, target = "1"})
end

-- f = 1 + sum a (x - c)^2 / 2 over lists
local function quadratic(a, c)
  return function(weights)
    local x = type(weights) == "table" and weights or weights:totable()
    local value, gradient = 1, {}
    for i = 1, #a do
      local d = x[i] - c[i]
      value = value + a[i] * d * d / 2
      gradient[i] = a[i] * d
    end
    return value, gradient
  end
end

claims["a quadratic loss written in Lua has its known sharpness"] = function()
  local a, c, x, want = {2, 5, 0.5}, {1, 1, -1}, {0.5, 2, 0}, 0
  for i = 1, 3 do
    local w = 1e-3 * (math.abs(x[i]) + 1)
    want = want + math.abs(a[i] * (x[i] - c[i])) * w + a[i] * w * w / 2
  end
  local s = hu.sharpness.keskar {loss = quadratic(a, c), weights = x}
  t.assertAlmostEquals(s.increase, want, 1e-12)
  t.assertAlmostEquals(s.phi, 100 * want / (1 + s.loss), 1e-10)
  local along = hu.sharpness.keskar {loss = quadratic(a, c), weights = x, directions = 2, seed = 3}
  t.assertTrue(along.phi > 0 and along.phi < s.phi)
end

claims["an error in the loss comes back as it was raised"] = function()
  local calls, sentinel = 0, {}
  local function failing(at)
    return function(x)
      calls = calls + 1
      if calls == at then error(sentinel) end
      return quadratic({1, 1}, {3, 3})(x)
    end
  end
  for at = 1, 3 do
    calls = 0
    local ok, message = pcall(hu.sharpness.keskar, {loss = failing(at), weights = {1, 2}, directions = 1})
    t.assertFalse(ok)
    t.assertTrue(rawequal(message, sentinel))
  end
end

claims["a loss that returns something else is an error that says so"] = function()
  local function try(loss) hu.sharpness.keskar {loss = loss, weights = {1, 2}} end
  t.assertErrorMsgContains("value of the loss is missing", try, function() end)
  t.assertErrorMsgContains("gradient of the loss is missing", try, function() return 1 end)
  t.assertErrorMsgContains("gradient of the loss has 1 elements", try, function() return 1, {1} end)
  t.assertErrorMsgContains("a function", try, 3)
  t.assertErrorMsgContains("a function", try, nil)
  local thread = coroutine.wrap(function() try(coroutine.yield) end)
  t.assertErrorMsgContains("yield", thread)
end

claims["a loss may measure the sharpness of another loss"] = function()
  local inner
  local s = hu.sharpness.keskar {weights = {1}, loss = function(x)
    inner = hu.sharpness.keskar {loss = quadratic({1}, {0}), weights = {2}}.phi
    return quadratic({1}, {0})(x)
  end}
  t.assertTrue(inner > 0 and s.phi > 0)
end

claims["wrong options of Keskar's sharpness are named"] = function()
  local function try(o)
    o.loss, o.weights = o.loss or quadratic({1}, {0}), o.weights or {1}
    hu.sharpness.keskar(o)
  end
  t.assertErrorMsgContains("directions", try, {directions = 2})
  t.assertErrorMsgContains("directions is -1", try, {directions = -1})
  t.assertErrorMsgContains("iterations is 0", try, {iterations = 0})
  t.assertErrorMsgContains("eps is nan", try, {eps = math.abs(nan)})
  t.assertErrorMsgContains("no weights", try, {weights = {}, loss = function() return 1, {} end})
  t.assertErrorMsgContains("weights is", try, {weights = true})
end

local function small_model()
  local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 8, seed = 3}
  return model, hu.nn.markov {alphabet = 4, train = 2000, heldout = 500}
end

claims["the sharpness of a model's logits is that of the logits it gives"] = function()
  local model, text = small_model()
  for _, policy in ipairs {"fp32", "e8m3:rz"} do
    local s = hu.sharpness.model(model, text, {rows = 5, split = "heldout", policy = policy, eps = 5e-4})
    local logits, targets = model:logits(text, {rows = 5, split = "heldout", policy = policy})
    local same = hu.sharpness.logits {logits = logits, target = targets, eps = 5e-4}
    t.assertEquals(s.emulated.phi, same.phi)
    t.assertAlmostEquals(s.full.phi / s.emulated.phi, 1, policy == "fp32" and 1e-6 or 0.1)
    logits, targets = model:logits(text, {rows = 5, split = "heldout", precision = "double"})
    t.assertEquals(s.full.phi, hu.sharpness.logits({logits = logits, target = targets, eps = 5e-4}).phi)
    if policy ~= "fp32" then t.assertNotAlmostEquals(s.full.phi / s.emulated.phi, 1, 1e-5) end
    local searched = hu.sharpness.model(model, text, {rows = 5, split = "heldout", eps = 5e-4, method = "lbfgsb"})
    t.assertAlmostEquals(searched.full.phi / s.full.phi, 1, 1e-10)
    t.assertNil(searched.emulated)
  end
end

claims["in the space of a model's weights no point of the box is above what the search found"] = function()
  local model, text = small_model()
  local weights, eps = model:flat():to "double", 1e-3
  local s = hu.sharpness.model(model, text, {rows = 2, space = "weights", policy = "e8m7:rz", eps = eps})
  t.assertAlmostEquals(s.full.loss, (model:objective(nil, text, {rows = 2})), 1e-12)
  t.assertTrue(s.emulated.phi > 0 and s.full.iterations <= 10)
  local width = eps * (weights:abs() + 1)
  for seed = 1, 20 do
    local corner = weights + width * hu.uniform(#weights, {seed = seed, low = -1, high = 1}):map(function(u) return u < 0 and -1 or 1 end)
    t.assertTrue(model:objective(corner, text, {rows = 2}) - s.full.loss < s.full.increase)
  end
  local along = hu.sharpness.model(model, text, {rows = 2, space = "weights", directions = 10, eps = eps}).full
  t.assertTrue(along.phi > 0 and along.phi < s.full.phi)
end

claims["wrong options of a model's sharpness are named"] = function()
  local model, text = small_model()
  t.assertErrorMsgContains("space is weight", hu.sharpness.model, model, text, {space = "weight"})
  t.assertErrorMsgContains("unknown option \"row\"", hu.sharpness.model, model, text, {row = 2})
  t.assertErrorMsgContains("eps is -1", hu.sharpness.model, model, text, {eps = -1})
  t.assertErrorMsgContains("closed or lbfgsb", hu.sharpness.model, model, text, {method = "x"})
end

claims["a run that rises diverges by the average; one that stays up by the level"] = function()
  local losses = {}
  for i = 1, 400 do losses[i] = i <= 200 and 2 or 4 end
  losses[1] = 5
  local d = hu.stats.diverged(losses)
  t.assertTrue(d.by_average)
  t.assertFalse(d.by_level)
  t.assertAlmostEquals(d.level, 4, 1e-12)
  t.assertEquals(d.reference, 5)
  t.assertTrue(hu.stats.diverged(losses, {reference = 3}).by_level)
  losses[300] = inf
  d = hu.stats.diverged(losses)
  t.assertEquals({d.nonfinite, d.by_level, d.first_nonfinite}, {true, true, 300})
  t.assertErrorMsgContains("empty", hu.stats.diverged, {})
end

claims["spikes are found at their positions by both rules"] = function()
  local losses = {}
  for i = 1, 400 do losses[i] = 2 + 0.01 * math.sin(i * i) end
  losses[100], losses[101], losses[300] = 4, 4, 2.2
  local s = hu.stats.spikes(losses)
  t.assertEquals(s.residual.count, 1)       -- 2.2 is within four deviations of a window that holds the first spike
  t.assertEquals(s.rise, {count = 1, steps = {100}})
  t.assertEquals(hu.stats.spikes({}).rise.count, 0)
end

claims["statistics have their known values"] = function()
  t.assertEquals(hu.stats.mean {1, 2, 6}, 3)
  t.assertAlmostEquals(hu.stats.sd {2, 4, 4, 4, 5, 5, 7, 9}, math.sqrt(32 / 7), 1e-14)
  t.assertAlmostEquals(hu.stats.ci95 {1, 3}, 12.706204736174698, 1e-8)
  local low, high = hu.stats.wilson(18, 188)
  t.assertAlmostEquals(low, 0.0614229321, 1e-9)
  t.assertAlmostEquals(high, 0.1462561539, 1e-9)
  t.assertErrorMsgContains("k is 3", hu.stats.wilson, 3, 2)
  t.assertErrorMsgContains("n is 0", hu.stats.wilson, 0, 0)
  t.assertErrorMsgContains("confidence", hu.stats.wilson, 1, 2, 1.5)
  t.assertTrue(is_nan(hu.stats.mean {}))
end

claims["a line is fitted in plain and in logarithmic coordinates"] = function()
  t.assertAlmostEquals(hu.stats.fit({1, 2, 3}, {2, 4, 6}).slope, 2, 1e-14)
  local line = hu.stats.fit({1, 2, 4, 8}, {3, 0.75, 3 / 16, 3 / 64}, {logx = true, logy = true})
  t.assertAlmostEquals(line.slope, -2, 1e-13)
  t.assertAlmostEquals(line.intercept, math.log(3, 2), 1e-13)
  t.assertAlmostEquals(hu.stats.fit({1, 2, 3}, {8, 4, 2}, {logy = true}).slope, -1, 1e-13)
  t.assertErrorMsgContains("x[2] is 0", hu.stats.fit, {1, 0}, {1, 2}, {logx = true})
  t.assertErrorMsgContains("unknown option", hu.stats.fit, {1, 2}, {1, 2}, {log = true})
  t.assertErrorMsgContains("2 values of x and 1 of y", hu.stats.fit, {1, 2}, {1})
  t.assertErrorMsgContains("different x", hu.stats.fit, {1, 1}, {1, 2})
end

claims["the last tenth of a series has a mean, and NaN counts as infinite"] = function()
  t.assertEquals(hu.stats.last_mean { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 40 }, 29.5)
  t.assertEquals(hu.stats.last_mean({ 5, 1, 2 }, 0.7), 1.5)
  t.assertEquals(hu.stats.last_mean { 5, 7 }, 7)
  t.assertEquals(hu.stats.last_mean({ 5, 7 }, 1), 6)
  t.assertEquals(hu.stats.last_mean(hu.array { 5, 7 }), 7)
  t.assertTrue(hu.stats.last_mean {} ~= hu.stats.last_mean {})
  for _, share in ipairs { 0, -1, 1.5, 0 / 0, "x" } do t.assertErrorMsgContains("share is", hu.stats.last_mean, { 1 }, share) end
  t.assertEquals({ hu.stats.or_infinite(0 / 0), hu.stats.or_infinite(-3.5), hu.stats.or_infinite(-math.huge) }, { math.huge, -3.5, -math.huge })
end

claims["a series is lowest at the vertex of its parabola, whatever the steps, and at an end where it still falls"] = function()
  local function parabola(x) return 3 + (x - 1.3) ^ 2 end
  local xs, ys = {-2, 0, 0.5, 1, 3, 3.5}, {}
  for i, x in ipairs(xs) do ys[i] = parabola(x) end
  local best = hu.stats.lowest(xs, ys)
  t.assertAlmostEquals(best.x, 1.3, 1e-14)
  t.assertEquals({best.y, best.inside}, {parabola(1), true})
  best = hu.stats.lowest({1, 2, 4}, {1, 0, 1}, {logx = true})
  t.assertEquals({best.x, best.y, best.inside}, {2, 0, true})
  t.assertAlmostEquals(hu.stats.lowest({1, 4, 8}, {4, 0, 1}, {logx = true}).x, 4, 1e-14)      -- (log2 x - 2)^2
  t.assertEquals(hu.stats.lowest(hu.array {1, 2, 3}, hu.array {3, 2, 1}), {x = 3, y = 1, inside = false})
  t.assertEquals(hu.stats.lowest({1, 2, 3}, {5, 1, inf}), {x = 2, y = 1, inside = true})
  t.assertEquals(hu.stats.lowest({1, 2, 3}, {nan, 1, 5}), {x = 2, y = 1, inside = true})
  t.assertEquals(hu.stats.lowest({1, 2}, {nan, nan}), {x = 1, y = inf, inside = false})
  t.assertEquals(hu.stats.lowest({7}, {2}), {x = 7, y = 2, inside = false})
  t.assertErrorMsgContains("2 values of x and 1 of y", hu.stats.lowest, {1, 2}, {1})
  t.assertErrorMsgContains("0 values of x", hu.stats.lowest, {}, {})
  t.assertErrorMsgContains("x[2] is 1, after 2", hu.stats.lowest, {2, 1}, {1, 1})
  t.assertErrorMsgContains("lowest: x[1] is 0; the logarithm", hu.stats.lowest, {0, 1}, {1, 1}, {logx = true})
  t.assertErrorMsgContains("point 2 is 2, x", hu.stats.lowest, {1, 2}, {1, "x"})
  t.assertErrorMsgContains("unknown option", hu.stats.lowest, {1, 2}, {1, 2}, {log = true})
end

-- A symmetric matrix has its eigenvalues' magnitudes: (-1 1; 1 2)'s are (1 +- sqrt(13)) / 2.
claims["singular values and vectors are those of the matrix, as many as are asked for"] = function()
  local u, s, v = hu.svd {{-1, 1}, {1, 2}}
  t.assertAlmostEquals(s(1), (1 + 13 ^ 0.5) / 2, 1e-14)
  t.assertAlmostEquals(s(2), (13 ^ 0.5 - 1) / 2, 1e-14)
  t.assertTrue((hu.matmul(u * s, v, {transpose_b = true}) - hu.array {{-1, 1}, {1, 2}}):abs():max() < 1e-14)
  local a = hu.randn({5, 9}, {seed = 1, dtype = "float"})
  u, s, v = hu.svd(a, {rank = 2})
  t.assertEquals({u:shape(), s:shape(), v:shape()}, {{5, 2}, {2}, {9, 2}})
  t.assertTrue((hu.matmul(a, v) - u * s):abs():max() < 1e-14)
  for _, zero in ipairs {{{0}}, {{0}, {0}, {0}}, {{0, 0}}, {{0, 0}, {0, 0}}} do
    u, s, v = hu.svd(zero)
    for _, x in ipairs {u, v} do
      t.assertTrue((hu.matmul(x, x, {transpose_a = true}) - hu.array(s.n == 1 and {{1}} or {{1, 0}, {0, 1}})):abs():max() < 1e-15)
    end
  end
  t.assertErrorMsgContains("it takes a matrix", hu.svd, {1, 2})
  t.assertErrorMsgContains("element (1, 2) is", hu.svd, {{1, nan}})
  t.assertErrorMsgContains("rank", hu.svd, a, {rank = 6})
  t.assertErrorMsgContains("rank", hu.svd, a, {rnak = 2})
  t.assertErrorMsgContains("a is missing", hu.svd)
end

claims:run()
