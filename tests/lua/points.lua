-- points.lua - the sources of points give what they promise, and nothing but results decides what they ask for next.
local hu = require "halfulp"
local run = require "halfulp.run"
local pareto = require "halfulp.points-pareto"
local claims, t = require("claims")()

local folder = claims.tmpdir()

local function fresh(name, settings)
  if run.opened then run.opened:close() end
  run.opened, run.sweeps, run.parameters = nil, {}, {}
  run.known = { args = {}, seed = 1, jobs = 0, out = folder .. "/" .. name }
  for key, value in pairs(settings or {}) do run.known[key] = value end
end

local quiet = { quiet = true }

claims["random points stay when there are more of them, or another parameter"] = function()
  local ranges = { a = { min = 0, max = 1 }, b = { min = 1e-4, max = 1e-1, log = true }, c = { min = 1, max = 3, integer = true }, d = { "x", "y" }, e = 7 }
  local few, many = hu.sweep(hu.points.random { n = 5, ranges = ranges }).points, hu.sweep(hu.points.random { n = 200, ranges = ranges }).points
  for i = 1, 5 do t.assertEquals(many[i], few[i]) end
  local seen, below = {}, 0
  for _, p in ipairs(many) do
    t.assertTrue(p.a >= 0 and p.a < 1 and p.b >= 1e-4 and p.b < 1e-1 and math.type(p.c) == "integer" and p.e == 7)
    seen[p.c], seen[p.d] = true, true
    if p.b < 10 ^ -2.5 then below = below + 1 end
  end
  t.assertEquals({ seen[1], seen[2], seen[3], seen[4], seen.x, seen.y }, { true, true, true, nil, true, true })
  t.assertTrue(below > 70 and below < 130)                     -- half of them on a logarithmic scale: 100 +- 4 sigma
  ranges.f = { 1, 2 }
  local wider = hu.sweep(hu.points.random { n = 5, ranges = ranges }).points
  t.assertEquals({ wider[3].a, wider[3].b }, { few[3].a, few[3].b })
  t.assertNotEquals(hu.sweep(hu.points.random { n = 5, ranges = ranges, seed = 2 }).points[1].a, few[1].a)
end

claims["a Latin hypercube has one point in each part of each range"] = function()
  local n = 40
  local points = hu.sweep(hu.points.latin { n = n, ranges = { a = { min = 0, max = n }, b = { min = 1, max = 2.0 ^ n, log = true } } }).points
  for _, read in ipairs { function(p) return p.a end, function(p) return math.log(p.b, 2) end } do
    local parts = {}
    for _, p in ipairs(points) do parts[math.floor(read(p))] = true end
    for i = 0, n - 1 do t.assertTrue(parts[i], i) end
  end
end

claims["bisection finds each threshold, with few points, for any number of workers"] = function()
  local want = { [0.5] = 11, [2] = 17, [30] = 30, [-9] = 1 }
  for _, jobs in ipairs { 0, 2 } do
    fresh("bisect-" .. jobs, { jobs = jobs })
    local sweep = hu.sweep(hu.points.bisect { x = "m", low = 1, high = 30, each = { k = { 0.5, 2, 30, -9 } },
      when = function(row) return row.y >= 0 end })
    sweep:run(function(p) return { y = p.m - want[p.k] } end, quiet)
    local least = {}
    for _, row in ipairs(sweep:rows()) do
      if row.y >= 0 then least[row.k] = math.min(least[row.k] or 99, row.m) end
    end
    t.assertEquals(least, want)
    t.assertTrue(#sweep.points <= 4 * 7, #sweep.points)
    t.assertEquals(sweep.summary.done, #sweep.points)
  end
  fresh "bisect-real"
  local sweep = hu.sweep(hu.points.bisect { x = "x", low = 0.0, high = 2.0, tolerance = 1e-6, when = function(row) return row.y > 2 end })
  sweep:run(function(p) return { y = p.x * p.x } end, quiet)
  local low, high = 0, 2
  for _, row in ipairs(sweep:rows()) do
    if row.y > 2 then high = math.min(high, row.x) else low = math.max(low, row.x) end
  end
  t.assertTrue(high - low <= 1e-6 and low * low <= 2 and high * high > 2)
end

claims["a sweep that adapts is continued with the same points, and computes none twice"] = function()
  local calls = 0
  local function go(fail)
    fresh "continue"
    local sweep = hu.sweep(hu.points.bisect { x = "m", low = 1, high = 64, when = function(row) return row.y > 20 end })
    sweep:run(function(p)
      if fail and p.m == 16 then error "later" end
      calls = calls + 1
      return { y = p.m }
    end, quiet)
    return #sweep.points
  end
  go(true)
  local before = calls
  local n = go(false)
  t.assertEquals(calls, n)
  t.assertTrue(before < n)
  t.assertEquals(go(false), n)
  t.assertEquals(calls, n)
end

claims["successive halving gives more seeds to the better settings, and failures end a setting"] = function()
  fresh "halving"
  local sweep = hu.sweep(hu.points.halving { grid = { k = { 1, 2, 3, 4, 5, 6, 7, 8 } }, seeds = { 1, 2, 3, 4, 5, 6, 7, 8 }, metric = "loss" })
  sweep:run(function(p)
    if p.k == 1 then error "diverged" end
    return { loss = p.k + 0.01 * p.seed }
  end, quiet)
  local seeds = {}
  for _, p in ipairs(sweep.points) do seeds[p.k] = (seeds[p.k] or 0) + 1 end
  t.assertEquals(seeds, { 1, 8, 4, 2, 2, 1, 1, 1 })
end

claims["the front has the points that no other beats"] = function()
  local rows = {}
  for i = 1, 60 do rows[i] = { a = (i * 37) % 61, b = (i * i * 11) % 53 } end
  rows[61], rows[62] = { a = 5, b = 0 / 0 }, { a = rows[7].a, b = rows[7].b }
  local on = {}
  for _, row in ipairs(pareto.front(rows, "a", "b")) do on[row] = true end
  for _, p in ipairs(rows) do
    local beaten = p.b ~= p.b
    for _, q in ipairs(rows) do
      beaten = beaten or (q.a <= p.a and q.b <= p.b and (q.a < p.a or q.b < p.b))
    end
    t.assertEquals(on[p] or false, not beaten)
  end
end

claims["refinement finds the front of the whole grid with a part of its points"] = function()
  local function cost(p) return { cost = p.m + 3 * p.e, error = 2.0 ^ -p.m + 4.0 ^ (2 - p.e) } end
  local grid = { m = hu.range(1, 24), e = hu.range(2, 17) }
  local all = {}
  for _, p in ipairs(hu.sweep(grid).points) do
    local row = cost(p)
    row.m, row.e = p.m, p.e
    all[#all + 1] = row
  end
  fresh "pareto"
  local sweep = hu.sweep(hu.points.pareto { grid = grid, x = "cost", y = "error", stride = 4 })
  sweep:run(cost, quiet)
  local have = {}
  for _, row in ipairs(sweep:rows()) do have[row.m .. " " .. row.e] = true end
  local missing, n = 0, 0
  for _, row in ipairs(pareto.front(all, "cost", "error")) do
    n = n + 1
    if not have[row.m .. " " .. row.e] then missing = missing + 1 end
  end
  t.assertTrue(n >= 10)
  t.assertEquals(missing, 0)
  t.assertTrue(#sweep.points < #all / 2, #sweep.points)
end

claims["wrong options are told by name"] = function()
  local function says(text, fn) t.assertErrorMsgContains(text, fn) end
  says("points.random: n is missing", function() hu.points.random { ranges = {} } end)
  says("unknown option range; did you mean ranges?", function() hu.points.latin { n = 1, range = {} } end)
  says("a takes min and max", function() hu.points.random { n = 1, ranges = { a = { min = 2, max = 1 } } } end)
  says("above 0 where log is set", function() hu.points.random { n = 1, ranges = { a = { min = 0, max = 1, log = true } } } end)
  says("low below high", function() hu.points.bisect { x = "m", low = 3, high = 3, when = print } end)
  says("when is a function", function() hu.points.bisect { x = "m", low = 1, high = 3, when = 4 } end)
  says("at least 3 values", function() hu.points.halving { grid = { a = { 1 } }, seeds = { 1, 2 }, first = 3, metric = "m" } end)
  says("it takes a list of values", function() hu.points.pareto { grid = { a = {} }, x = "c", y = "e" } end)
  fresh("sharded", { shard = { i = 0, n = 2 } })
  says("cannot be divided with --shard", function()
    hu.sweep(hu.points.bisect { x = "m", low = 1, high = 3, when = print }):run(function() return {} end, quiet)
  end)
end

claims["a checkpoint keeps what its state was, exactly, and goes when the point is done"] = function()
  local stop = true
  local state
  local function go()
    fresh "checkpoint"
    local sweep = hu.sweep { a = { 1, 2 } }
    sweep:run(function(p)
      local keep = p:checkpoint { every = 2, state = { list = {}, name = "a\0\"\n", inf = -math.huge, deep = { { true, 0.1 } }, least = math.mininteger } }
      for step = keep.step + 1, 9 do
        keep.state.list[step] = math.random()
        if p.a == 2 and stop and step == 6 then error("stopped at " .. step) end
        keep:mark(step)
      end
      state = keep.state
      return { list = keep.state.list, from = keep.step }
    end, quiet)
    return sweep
  end
  local once = go()
  t.assertEquals(once.summary.failed, 1)
  stop = false
  local list = go():rows()[2].list
  t.assertEquals(#list, 9)
  t.assertEquals({ state.name, state.inf, state.deep, state.least }, { "a\0\"\n", -math.huge, { { true, 0.1 } }, math.mininteger })
  fresh "straight"
  local straight = hu.sweep({ a = { 1, 2 } }):run(function(p)
    local keep = p:checkpoint { every = 100, state = { list = {} } }
    for step = 1, 9 do
      keep.state.list[step] = math.random()
      keep:mark(step)
    end
    return { list = keep.state.list }
  end, quiet):rows()[2].list
  t.assertEquals(list, straight)
  for text_of, options in pairs { ["unknown option evry"] = { evry = 1 }, ["every is 0"] = { every = 0 } } do
    fresh("wrong-" .. #text_of)
    t.assertErrorMsgContains(text_of, function() hu.sweep({ a = { 1 } }):run(function(p) p:checkpoint(options) return {} end, quiet) end)
  end
  fresh "wrong-state"
  t.assertErrorMsgContains("the state holds a function", function()
    hu.sweep({ a = { 1 } }):run(function(p) p:checkpoint({ every = 1, state = { f = print } }):mark(1) return {} end, quiet)
  end)
  t.assertErrorMsgContains("it takes a name", function() hu.sweep({ a = { 1 } }):run(function(p) p:file "a/b" return {} end, quiet) end)
end

claims["the folder of the tests is removed"] = function()
  fresh "last"
  t.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims["results that a source asks for and no point has are errors"] = function()
  local grid = { a = { 1, 2, 3, 4 } }
  for name, case in pairs {
    halving = { hu.points.halving { grid = grid, seeds = { 1, 2 }, metric = "nope" }, 'no column "nope"' },
    pareto = { hu.points.pareto { grid = grid, x = "y", y = "nope" }, 'no column "nope"' },
    bisect = { hu.points.bisect { x = "a", low = 0, high = 8, when = function(row) return row.nope end }, "when returned nil" },
  } do
    fresh("asks-" .. name)
    t.assertErrorMsgContains(case[2], function() hu.sweep(case[1]):run(function(p) return { y = p.a } end, { quiet = true }) end)
  end
end

claims:run()
