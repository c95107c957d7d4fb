-- report.lua - the page is whole, asks nothing of a network, and shows texts as they are.
local hu = require "halfulp"
local run = require "halfulp.run"
local report = require "halfulp.report"
local claims, t = require("claims")()

local folder = claims.tmpdir()
run.known = { args = {}, seed = 1, jobs = 1, out = folder .. "/run", script = folder .. "/script.lua" }
local has_gnuplot = os.execute "command -v gnuplot >/dev/null"
local script = "-- <script> & 'quotes' ]] \"more\"\n"
do
  local file <close> = assert(io.open(run.known.script, "w"))
  file:write(script)
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local spec = {
  title = "Bits <i>and</i> errors & more", lead = "First paragraph.\n\nSecond one with `code <b>`.",
  sections = {
    { title = "Figures", figures = { { file = "a", caption = "First" }, "b", "missing" }, text = "Text." },
    { title = "Against the paper", published = { { claim = "it diverges", published = "yes", here = "2 of 3", holds = true },
      { claim = "it stays", published = "no", here = "-", holds = false } } },
    { title = "Numbers", tables = { { rows = { { x = 1, y = 0.123456789 }, { x = 2 } }, columns = { "x", "y" }, caption = "A table" } }, code = "x < y" },
  },
}

local function page()
  if not run.opened then
    local sweep = hu.sweep { x = { 1, 2, 3 }, name = { "<&>" } }
    sweep:run(function(p)
      if p.x == 2 then print "almost <there>" end
      if p.x == 2 then error("no <answer>") end
      return { y = p.x * 0.5 }
    end, { quiet = true })
    if has_gnuplot then
      sweep:plot { x = "x", y = "y", file = "a" }
      sweep:plot { x = "x", y = "y", file = "b", title = "Half", caption = "Half of x." }
    end
    local published = hu.published "J. Doe, 2020"
    published:number { what = "largest <E4M3>", published = 448, here = 448.0 }
    published:table()
    sweep:table { file = "other" }
    hu.report(spec)
  end
  return read(folder .. "/run/report.html")
end

claims["the page loads nothing"] = function()
  local html = page()
  for _, pattern in ipairs { "<script[^>]", "<link[^>]+href=[\"']http", "src=", "@import", "<iframe", "url%([\"']?http" } do
    t.assertNil(html:match(pattern), pattern)
  end
  for target in html:gmatch "href=[\"']([^\"']+)" do t.assertTrue(target:sub(1, 1) == "#" or target == "data:,", target) end
end

claims["ids are unique, and what they are used for is there"] = function()
  t.skipIf(not has_gnuplot, "no gnuplot: install gnuplot-nox")
  local html, ids = page(), {}
  local svgs = select(2, html:gsub("<svg ", ""))
  t.assertEquals(svgs, 2)
  for id in html:gmatch "%sid=[\"']([^\"']+)" do
    t.assertNil(ids[id], id)
    ids[id] = true
  end
  for id in html:gmatch "href=[\"']#([^\"']+)" do t.assertTrue(ids[id], id) end
  for id in html:gmatch "url%([\"']?#([^\"')]+)" do t.assertTrue(ids[id], id) end
  t.assertStrContains(html, 'role="img" aria-label="First"')
  t.assertStrContains(html, 'role="img" aria-label="Half. Half of x."')
end

claims["texts are shown as they are"] = function()
  local html = page()
  t.assertStrContains(html, "Bits &lt;i&gt;and&lt;/i&gt; errors &amp; more")
  t.assertStrContains(html, "<p>First paragraph.</p>")
  t.assertStrContains(html, "<code>code &lt;b&gt;</code>")
  t.assertStrContains(html, "no &lt;answer&gt;")
  t.assertStrContains(html, "x &lt; y")
  t.assertStrContains(html, "plots/missing.svg is missing")
  t.assertStrContains(html, "-- &lt;script&gt; &amp; &#39;quotes&#39; ]] &quot;more&quot;")
  t.assertStrContains(html, "halfulp run " .. folder .. "/script.lua --seed 1 --out " .. folder .. "/run")
  t.assertStrContains(html, "0.12346")
end

claims["a failure has its reason and the last lines that the point printed"] = function()
  local failures = page():match '<section id="failures"(.-)</section>'
  t.assertStrContains(failures, "1 point failed")
  t.assertStrContains(failures, "name &lt;&amp;&gt;, x 2")
  t.assertStrContains(failures, '<div class="lines">')
  t.assertStrContains(failures, "almost &lt;there&gt;")
  t.assertStrContains(page(), '2 of 3 points done, <a class="bad" href="#failures">1 failed</a>')
end

claims["tables of hu.published in the directory are in the page, other tables are not"] = function()
  local html = page()
  local section = html:match '<section id="published%-1"(.-)</section>'
  t.assertStrContains(section, "largest &lt;E4M3&gt;")
  t.assertStrContains(section, "<td>as published</td>")
  t.assertNil(html:find('id="published-2"', 1, true))
end

claims["every element that is opened is closed"] = function()
  local stack = {}
  local html = page():gsub("<!DOCTYPE html>", "")
  for close, name, rest in html:gmatch "<(/?)([%a][%w:]*)([^>]*)>" do
    if close == "/" then
      t.assertEquals(table.remove(stack), name)
    elseif not rest:find "/$" and name ~= "meta" and name ~= "link" then
      stack[#stack + 1] = name
    end
  end
  t.assertEquals(stack, {})
end

claims["the page can be written again from the store"] = function()
  local first = page()
  run.opened:close()
  run.opened = nil
  t.assertEquals(report.of(folder .. "/run", { out = folder .. "/again.html" }), folder .. "/again.html")
  local again = read(folder .. "/again.html")
  local function body(html) return html:match "<main>(.-)<section id=\"manifest\"" end
  t.assertEquals(body(again), body(first))
  t.assertErrorMsgContains("no results.sqlite", report.of, folder)
end

claims["wrong options are told by name"] = function()
  t.assertErrorMsgContains("unknown option titel", hu.report, { titel = "x" })
  t.assertErrorMsgContains("section 1 has the field figure", hu.report, { sections = { { figure = "a" } } })
  t.assertErrorMsgContains("figures of section 1 is a string", hu.report, { sections = { { figures = "a" } } })
  t.assertErrorMsgContains("it takes a table", hu.report)
end

claims["the folder of the tests is removed"] = function()
  t.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims:run()
