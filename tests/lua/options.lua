-- options.lua - a misspelled option is told with the nearest name, in every function that takes options in Lua.
local hu = require "halfulp"
local claims, t = require("claims")()
local check = require "halfulp.options"

claims["a key that is not known is named with the nearest one, else with all of them"] = function()
  local known = { "steps", "seeds", "rates" }
  check("f", nil, known)
  check("f", { steps = 1, rates = 2 }, known)
  t.assertErrorMsgContains("f: unknown option stesp; did you mean steps? (known: rates, seeds, steps)", check, "f", { stesp = 1 }, known)
  t.assertErrorMsgContains("f: unknown option zzzzzz; known: rates, seeds, steps", check, "f", { zzzzzz = 1 }, known)
  t.assertErrorMsgContains("f: unknown field 1; known: a", check, "f", { "x" }, { a = false }, 2, "field")
  t.assertErrorMsgContains("f: unknown option aa;", check, "f", { zz = 1, aa = 1, mm = 1 }, known)
  t.assertEquals(known, { "steps", "seeds", "rates" })
end

claims["the error names the line of the level that was asked for"] = function()
  local function inner(level) check("f", { x = 1 }, {}, level) end
  local _, at_inner = pcall(inner, 1)
  local place = "options%.lua:(%d+): f: unknown"
  local at = debug.getinfo(inner, "S").linedefined
  t.assertEquals(tonumber(at_inner:match(place)), at)
  local function outer()
    inner(2)
    return true
  end
  local _, at_outer = pcall(outer)
  t.assertEquals(tonumber(at_outer:match(place)), debug.getinfo(outer, "S").linedefined + 1)
end

claims["every function in Lua that takes options says which name was meant, in one line that begins where it was called"] = function()
  local sweep, published = hu.sweep { a = { 1 } }, hu.published "x"
  local model = function() return 1 end
  for _, case in ipairs {
    { "rows", hu.fit, { rwos = {}, model = model } },
    { "steps", hu.study, { data = 1, stesp = 3 } },
    { "published", published.number, published, { what = "x", publishd = 1 } },
    { "holds", published.claim, published, { what = "x", hold = true } },
    { "factor", hu.stats.warning, { 1 }, { facto = 1 } },
    { "logx", hu.stats.fit, { 1, 2 }, { 1, 2 }, { logxx = true } },
    { "seed", hu.nn.models.diffusion.sample, nil, nil, 1, { sead = 1 } },
    { "title", hu.report, { titel = "x" } },
    { "where", hu.sweep, { a = { 1 } }, { were = model } },
    { "jobs", sweep.run, sweep, model, { job = 1 } },
    { "columns", sweep.table, sweep, { colums = {} } },
    { "rho", hu.sharpness.sam, { loss = model, weights = {}, rh = 1 } },
    { "repeats", hu.kernels.error, { kernel = "sum", format = "e5m2", repeat_s = 1 } },
    { "ranges", hu.points.latin, { n = 1, range = {} } },
  } do
    local done, message = pcall(function() case[2](table.unpack(case, 3, 7)) end)
    t.assertFalse(done, case[1])
    t.assertStrContains(message, "did you mean " .. case[1] .. "?")
    t.assertStrMatches(message, "[^\n]*options%.lua:%d+: [^\n]*")
  end
end

claims["keys of a table come in one order, whatever they are"] = function()
  local map = { b = 1, [2] = 1, [1.5] = 1, a = 1, [-3] = 1, [true] = 1, ["10"] = 1 }
  t.assertEquals(hu.keys(map), { -3, 1.5, 2, "10", "a", "b", true })
  t.assertEquals(hu.keys {}, {})
  t.assertErrorMsgContains("keys: it takes a table, not a nil", hu.keys)
end

claims:run()
