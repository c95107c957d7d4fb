-- published.lua - the table "published / here" says what differs.
local hu = require "halfulp"
local claims, t = require("claims")()

require("halfulp.run").known = { args = {}, seed = 1, jobs = 1, out = claims.tmpdir() .. "/published" }

claims["numbers are as published within what was allowed, or where they print alike"] = function()
  local p = hu.published "a source"
  for _, case in ipairs {
    { { published = 1.5, here = 1.6, within = 0.1001 }, true }, { { published = 1.5, here = 1.7, within = 0.1 }, false },
    { { published = 200, here = 210, relative = 0.05 }, true }, { { published = 200, here = 211, relative = 0.05 }, false },
    { { published = 7.0859375, here = 7.0859375, within = 0 }, true }, { { published = 1.23456, here = 1.234561 }, true }, { { published = 1.2346, here = 1.2348 }, false },
    { { published = 1, here = 0 / 0, within = 9 }, false }, { { published = math.huge, here = math.huge, relative = 0.1 }, true }, { { published = 1 }, nil },
  } do
    case[1].what = "x"
    t.assertEquals(p:number(case[1]), case[2])
  end
  t.assertEquals(p:counts(), { ["as published"] = 5, differs = 4, ["not tested"] = 1 })
end

claims["the table names the source, each claim and the counts, and is kept as TSV"] = function()
  local p = hu.published "A. Author, 2020"
  p:number { what = "a figure", published = 3, here = 3, note = "exact" }
  p:claim { what = "an ordering", published = "a < b", here = "b < a", holds = false }
  p:claim { what = "not looked at", published = "c" }
  local text = p:table()
  t.assertEquals(text, [[
A. Author, 2020  published  here
a figure         3          3      as published  (exact)
an ordering      a < b      b < a  differs
not looked at    c          -      not tested
1 as published, 1 differ, 1 not tested]])
  local file = assert(io.open(require("halfulp.run").file "published.tsv"))
  local kept = file:read "a"
  file:close()
  t.assertStrContains(kept, "an ordering\ta < b\tb < a\tdiffers")
end

claims["wrong fields are one line"] = function()
  local p = hu.published "x"
  t.assertErrorMsgContains("source is nil", hu.published)
  t.assertErrorMsgContains("what is missing", p.number, p, { published = 1 })
  t.assertErrorMsgContains("unknown field her", p.number, p, { what = "x", her = 1 })
  t.assertErrorMsgContains("published is nil", p.number, p, { what = "x", here = 1 })
  t.assertErrorMsgContains("here is y", p.number, p, { what = "x", published = 1, here = "y" })
  t.assertErrorMsgContains("unknown field within", p.claim, p, { what = "x", within = 1 })
end

claims:run()
