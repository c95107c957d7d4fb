-- fit.lua - models fitted to measurements, the best rate against the size, and the scaling law of training in floating point.
local hu = require "halfulp"
local claims, t = require("claims")()

local function power(p, row) return p.a * row.x ^ p.b end

local function powers(noise)
  local rows, draws = {}, hu.randn({ 40 }, { seed = 3 }):totable()
  for x = 1, 40 do rows[x] = { x = x, y = 3 * x ^ -0.5 * math.exp(noise * draws[x]) } end
  return rows
end

claims["a power law is found from far away, in logarithms and without"] = function()
  for _, log in ipairs { false, true } do
    local found = hu.fit { rows = powers(0), model = power, start = { a = 0.01, b = 2 }, positive = { "a" }, log = log }
    t.assertAlmostEquals(found.parameters.a, 3, 1e-6)
    t.assertAlmostEquals(found.parameters.b, -0.5, 1e-6)
    t.assertTrue(found.converged)
    t.assertAlmostEquals(found.r2, 1, 1e-12)
  end
end

claims["intervals and the band of a prediction are those of the straight line of the logarithms"] = function()
  local rows, x, y = powers(0.1), {}, {}
  for i, row in ipairs(rows) do x[i], y[i] = row.x, row.y end
  local line = hu.stats.fit(x, y, { logx = true, logy = true })
  local found = hu.fit { rows = rows, model = power, start = { a = 1, b = 0 }, positive = { "a" }, log = true }
  t.assertAlmostEquals(found.parameters.b, line.slope, 1e-7)
  t.assertAlmostEquals((found.high.b - found.low.b) / 2, 2.02439416391197 * line.slope_se, 1e-6)     -- t(0.975, 38)
  t.assertAlmostEquals(found.parameters.a ^ 2, found.low.a * found.high.a, 1e-6)
  local value, low, high = found.predict { x = 100 }
  t.assertAlmostEquals(value, found.parameters.a * 100 ^ found.parameters.b, 1e-9)
  t.assertTrue(low < value and value < high and high < 1.3 * value)
  local _, near_low, near_high = found.predict { x = 12 }
  t.assertTrue(near_high / near_low < high / low)          -- the band is narrow where the data are
end

claims["the best of several starts is taken, the same for the same seed"] = function()
  local rows = {}
  for i = 1, 60 do rows[i] = { x = i / 10, y = math.sin(3 * i / 10) } end
  local options = { rows = rows, model = function(p, row) return math.sin(p.w * row.x) end, start = { w = 1 } }
  t.assertTrue(hu.fit(options).rms > 0.1)                  -- a minimum beside the true one
  options.starts, options.spread = 40, 4
  local found = hu.fit(options)
  t.assertAlmostEquals(math.abs(found.parameters.w), 3, 1e-6)
  t.assertEquals(hu.fit(options).parameters.w, found.parameters.w)
end

claims["wrong options, rows and models are one line that names them"] = function()
  local ok = { rows = powers(0), model = power, start = { a = 1, b = 0 } }
  local function with(changes)
    local o = {}
    for k, v in pairs(ok) do o[k] = v end
    for k, v in pairs(changes) do o[k] = v end
    return o
  end
  for _, case in ipairs {
    { { starst = 2 }, "unknown option starst" }, { { rows = {} }, "rows is no list" }, { { model = 3 }, "model is no function" },
    { { start = {} }, "start has no parameters" }, { { start = { a = "x" } }, "start.a is x" }, { { positive = { "c" } }, "positive names c" },
    { { positive = true }, "start.b is 0; a positive parameter" }, { { y = "z" }, "row 1: y is nil" }, { { rows = { { x = 1, y = -1 } }, log = true }, "above 0" },
    { { model = function() return "x" end }, "the model returned x" }, { { model = function(p) return p.a.b end }, "index a number value" },
    { { rows = { { x = 1, y = 1 } } }, "1 measurements for 2 parameters" }, { { huber = -1 }, "delta is -1" }, { { confidence = 2 }, "confidence is 2" },
  } do
    local done, message = pcall(hu.fit, with(case[1]))
    t.assertFalse(done)
    t.assertStrContains(message, case[2])
    t.assertNil(message:find "\n")
  end
  t.assertFalse((pcall(hu.fit)))
end

-- ---- the best rate against the size ----

-- Losses of two seeds each, whose mean is least at the rate scale width^slope.
local function losses_of(slope, scale)
  local list = {}
  for _, width in ipairs {16, 32, 128} do
    for k = -14, 0 do
      local far = k - math.log(scale * width ^ slope, 2)
      for seed = 1, 2 do list[#list + 1] = { channels = width, lr = 2.0 ^ k, loss = 1 + far ^ 2 + (seed == 1 and 0.1 or -0.1), seed = seed } end
    end
  end
  return list
end

claims["the best rate and its slope against the size are found again, over seeds"] = function()
  local names = { size = "channels", rate = "lr" }
  for _, slope in ipairs {0, -1, -0.4} do
    local found = hu.scaling.transfer(losses_of(slope, 0.3), names)
    t.assertAlmostEquals(found.slope, slope, 1e-12)
    t.assertTrue(found.inside)
    for i, width in ipairs {16, 32, 128} do
      t.assertEquals(found.best[i].size, width)
      t.assertAlmostEquals(found.best[i].rate / (0.3 * width ^ slope), 1, 1e-12)
      t.assertTrue(found.best[i].inside and found.best[i].loss >= 1 and found.best[i].loss < 1.26)
    end
  end
  t.assertFalse(hu.scaling.transfer(losses_of(1, 0.01), names).inside)
end

claims["a run without a finite loss makes its rate infinitely bad, and one size has no slope"] = function()
  local list = { { width = 8, rate = 1, loss = 3 }, { width = 8, rate = 2, loss = 1 }, { width = 8, rate = 4, loss = 0 }, { width = 8, rate = 4, loss = 0 / 0 } }
  local found = hu.scaling.transfer(list)
  t.assertEquals(found, { inside = true, best = { { size = 8, rate = 2, loss = 1, inside = true } } })
  t.assertErrorMsgContains("unknown option loss_name", hu.scaling.transfer, list, { loss_name = "loss" })
  t.assertErrorMsgContains('no column "lr"', hu.scaling.transfer, list, { rate = "lr" })
  t.assertErrorMsgContains("no finished points", hu.scaling.transfer, {})
  t.assertErrorMsgContains("rate of row 1 is 0; it takes a positive number", hu.scaling.transfer, { { width = 1, rate = 0, loss = 1 }, { width = 1, rate = 1, loss = 2 } })
end

claims["a size without a finite loss has no best rate and no part in the slope, and is named"] = function()
  local list = losses_of(-1, 0.3)
  for _, row in ipairs(list) do
    if row.channels == 32 then row.loss = row.seed == 1 and 0 / 0 or math.huge end
  end
  local found = hu.scaling.transfer(list, { size = "channels", rate = "lr" })
  t.assertAlmostEquals(found.slope, -1, 1e-12)
  t.assertEquals({ found.left_out, found.inside }, { { 32 }, false })
  t.assertEquals(found.best[2], { size = 32, loss = math.huge, inside = false })
  local two = {}
  for _, row in ipairs(list) do
    if row.channels > 16 then two[#two + 1] = row end
  end
  found = hu.scaling.transfer(two, { size = "channels", rate = "lr" })
  t.assertEquals({ found.slope or "none", found.left_out }, { "none", { 32 } })
end

claims["rows that are none are told in one line"] = function()
  local function of(...)
    local found = hu.scaling.transfer(...)
    return found
  end
  local row = { width = 1, rate = 1, loss = 1 }
  t.assertErrorMsgContains("rows are 5; it takes a list of tables", of, 5)
  t.assertErrorMsgContains("rows are missing", of)
  t.assertErrorMsgContains("row 2 is 7; it takes a table", of, { row, 7 })
  t.assertErrorMsgContains("loss of row 1 is a; it takes a number", of, { { width = 1, rate = 1, loss = "a" } })
  t.assertErrorMsgContains("width of row 2 is -1; it takes a positive number", of, { row, { width = -1, rate = 1, loss = 1 } })
  t.assertErrorMsgContains("scaling.transfer: options are 5; it takes a table", of, { row }, 5)
  for _, arguments in ipairs { { 5 }, { { row, 7 } }, { { { width = 1, rate = 1, loss = "a" } } }, { { row }, 5 } } do
    local _, message = pcall(of, table.unpack(arguments))
    t.assertStrContains(message, "lua/fit.lua:")
    t.assertNotStrContains(message, "halfulp/")
  end
end

-- ---- the scaling law: arXiv:2501.02423, with its recomputed figures ----

claims["the critical numbers of tokens are those of the paper"] = function()
  for _, case in ipairs { { 8, 7, 1730e12, 1729.5e12 }, { 4, 3, 27e12, 27.3e12 }, { 2, 1, 0.4e12, 0.393e12 }, { 5, 2, 19.4e12, 19.4e12 }, { 5, 10, 1179e12, 1179e12 } } do
    local found = hu.scaling.critical_data { N = 1e9, E = case[1], M = case[2], B = 128 }
    t.assertTrue(math.abs(found / case[3] - 1) < 0.025)
    t.assertTrue(math.abs(found / case[4] - 1) < 0.002)
  end
  t.assertEquals(hu.scaling.critical_data { N = 1e9, E = 4, M = 3, B = 1 }, math.huge)
end

claims["there the loss is least along the data"] = function()
  local row = { N = 1e9, E = 2, M = 1, B = 128 }
  local at = hu.scaling.critical_data(row)
  local function loss(D)
    row.D = D
    return hu.scaling.loss(row)
  end
  t.assertTrue(loss(at) < loss(0.9 * at) and loss(at) < loss(1.1 * at))
end

claims["the best splits are those of the paper"] = function()
  for bits, split in pairs { [3] = "1 1", [4] = "2 1", [5] = "2 2", [6] = "3 2", [7] = "3 3", [8] = "4 3", [9] = "4 4", [10] = "5 4", [12] = "6 5", [16] = "8 7" } do
    local best = hu.scaling.split(bits)
    t.assertEquals(best.exponent .. " " .. best.mantissa, split)
    t.assertTrue(math.abs(best.exact - best.exponent) <= 0.6)
  end
end

claims["scales of single numbers take the penalty away, and so does no rounding"] = function()
  local plain = hu.scaling.loss { N = 1e9, D = 1e11 }
  t.assertEquals(hu.scaling.loss { N = 1e9, D = 1e11, E = 4, M = 3, B = 1 }, plain)
  t.assertTrue(hu.scaling.loss { N = 1e9, D = 1e11, E = 4, M = 3, B = 16 } > plain)
end

claims["the law is found again from its own losses, with noise, within the intervals"] = function()
  local rows, noise, truth = {}, hu.randn({ 300 }, { seed = 4 }):totable(), hu.scaling.published
  for _, N in ipairs { 4e7, 8e7, 1.5e8, 7e8 } do
    for _, D in ipairs { 1e10, 2e10, 5e10, 1e11 } do
      for E = 1, 4 do
        for M = 1, 4 do rows[#rows + 1] = { N = N, D = D, E = E, M = M, B = 128 } end
      end
    end
  end
  for i, row in ipairs(rows) do row.loss = hu.scaling.loss(row) * math.exp(0.001 * noise[i]) end
  local start = {}
  for name, value in pairs(truth) do start[name] = 1.2 * value end
  local found = hu.scaling.fit(rows, { start = start, huber = 0.003 })
  for _, name in ipairs { "delta", "nu", "eps", "alpha", "beta" } do
    t.assertTrue(found.low[name] < truth[name] and truth[name] < found.high[name], name .. " " .. found.low[name] .. " " .. found.high[name])
    t.assertTrue(math.abs(found.parameters[name] / truth[name] - 1) < 0.2, name)
  end
  t.assertTrue(math.abs(found.sigma / 0.001 - 1) < 0.2)
end

claims["constants can be held fixed"] = function()
  local rows = {}
  for E = 2, 5 do
    for M = 1, 5 do rows[#rows + 1] = { E = E, M = M, loss = 3 * (E + 0.5) ^ -3 * (M + 0.5) ^ -2 } end
  end
  local found = hu.scaling.fit(rows, { law = "precision", fixed = { delta = 3 } })
  t.assertEquals(found.parameters.delta, 3)
  t.assertNil(found.low.delta)
  t.assertAlmostEquals(found.parameters.nu, 2, 1e-6)
end

claims["wrong rows and laws of the scaling functions are one line"] = function()
  t.assertErrorMsgContains("law is x", hu.scaling.fit, { {} }, { law = "x" })
  t.assertErrorMsgContains("N is nil", hu.scaling.loss, { D = 1 })
  t.assertErrorMsgContains("M is nil", hu.scaling.loss, { N = 1, D = 1, E = 3 })
  t.assertErrorMsgContains("bits is 1", hu.scaling.split, 1)
  t.assertErrorMsgContains("B is 0", hu.scaling.loss, { N = 1, D = 1, E = 3, M = 3, B = 0 })
  t.assertErrorMsgContains("E is -1", hu.scaling.critical_data, { N = 1, E = -1, M = 2 })
end

claims:run()
