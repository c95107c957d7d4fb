-- plot.lua - every kind of figure is drawn, its script runs alone, and wrong options are told by name.
local hu = require "halfulp"
local run = require "halfulp.run"
local claims, t = require("claims")()

local folder = claims.tmpdir()
run.known = { args = {}, seed = 1, jobs = 1, out = folder .. "/run" }
local plots = folder .. "/run/plots/"
local has_gnuplot = os.execute "command -v gnuplot >/dev/null"

local list = {}
for e = 2, 4 do
  for m = 1, 5 do
    for seed = 1, 3 do
      local curve = {}
      for i = 1, 30 do curve[i] = 5 / i + e / 10 + seed / 100 end
      if m == 1 then curve[20] = 0 / 0 end
      list[#list + 1] = { e = e, m = m, seed = seed, kind = "kind_" .. e, error = 2.0 ^ -m * (1 + 0.1 * seed) * e,
        bad = m == 1 and 1 or 0, loss = m == 1 and e == 2 and 0 / 0 or 1 / m + e, curve = curve }
    end
  end
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function draw(options)
  t.skipIf(not has_gnuplot, "no gnuplot: install gnuplot-nox")
  options.rows = options.rows or (not options.formats and list or nil)
  local path = hu.plot(options)
  t.assertEquals(path, plots .. options.file .. ".svg")
  t.assertStrContains(read(path), "</svg>")
  t.assertEquals(read(plots .. options.file .. ".png"):sub(1, 8), "\137PNG\r\n\26\n")
  return read(plots .. options.file .. ".tsv"), read(path)
end

claims["lines have means and bands"] = function()
  local tsv = draw { x = "m", y = "error", series = "e", logy = true, file = "line", reference = { { y = 0.1, label = "limit" } } }
  t.assertStrContains(tsv, "e\tm\tn\terror\terror_low\terror_high\n2\t1\t3\t1.2\t")
  local _, gaps = tsv:gsub("\n", "\n")
  t.assertEquals(gaps, 4 + 1 + 15)
end

claims["the legend shows texts as they are, without markup"] = function()
  local _, svg = draw { x = "m", y = "error", series = "kind", file = "markup" }
  t.assertStrContains(svg, "kind_2")
end

claims["panels and categories"] = function()
  draw { x = "kind", y = "error", series = "m", file = "categories", logy = true }
  draw { x = "m", y = { "error", "loss" }, series = "e", file = "stacked" }
  draw { x = "m", y = "error", panel = "kind", file = "panels", logx = true, logy = true, band = "range" }
end

claims["a heat map prints its values and marks what is not finite"] = function()
  local tsv, svg = draw { x = "m", y = "e", z = "loss", file = "heat", cell = "%.2f" }
  t.assertStrContains(tsv, "\t0\t-\t1\t1\t\u{d7}")
  t.assertStrContains(svg, "4.50")
  draw { x = "m", y = "e", z = "error", logz = true, panel = "seed", file = "heats" }
end

claims["shares have counts and Wilson intervals"] = function()
  local tsv, svg = draw { kind = "share", x = "m", y = "bad", file = "share", series = "e" }
  t.assertStrContains(tsv, "1\t2\t3\t3\t1\t0.438")   -- Wilson at 3 of 3: 1 / (1 + 1.96^2 / 3)
  t.assertStrContains(svg, "3 of 3")
end

claims["curves are medians with their range, and gaps stay gaps"] = function()
  local tsv = draw { kind = "curves", y = { "curve" }, series = "m", file = "curves", smooth = 0.5 }
  t.assertStrContains(tsv, "quantity\tm\tstep\tn\tmedian\tlow\thigh\tlost\n")
  t.assertNil(tsv:match "\ncurve\t1\t20\t")
end

claims["a number line has every positive value"] = function()
  local tsv = draw { formats = { "e4m3fn", "e5m2" }, file = "numbers" }
  local n = {}
  for name in tsv:gmatch "\n(e%d%w+)\t" do n[name] = (n[name] or 0) + 1 end
  t.assertEquals(n, { e4m3fn = 126, e5m2 = 123 })
  draw { formats = { "e2m1fn" }, scale = "linear", file = "small" }
end

claims["the script runs alone in its folder and draws the same"] = function()
  local _, svg = draw { x = "m", y = "error", series = "e", file = "alone" }
  t.assertTrue(os.execute(("mkdir '%s/alone' && cd '%s' && cp alone.gp alone.tsv style.gp '%s/alone' && cd '%s/alone' && gnuplot alone.gp")
    :format(folder, plots, folder, folder)))
  t.assertEquals(read(folder .. "/alone/alone.svg"), svg)
  t.assertTrue(os.execute(("cd '%s/alone' && gnuplot -c alone.gp alone.tsv other && test -s other.svg"):format(folder)))
end

claims["one value, equal values and zeros can be drawn"] = function()
  draw { rows = { { x = 1, y = 2 } }, x = "x", y = "y", file = "one" }
  draw { rows = { { x = 1, y = 2 } }, x = "x", y = "y", logx = true, logy = true, file = "one-log" }
  draw { rows = { { x = 1, y = 0 }, { x = 2, y = 0 } }, x = "x", y = "y", file = "zeros" }
  draw { rows = { { x = 1, y = 0 }, { x = 2, y = 3 }, { x = 3, y = 1 / 0 } }, x = "x", y = "y", logy = true, file = "zeros-log" }
  draw { rows = { { x = 1, y = 1, z = 2 } }, x = "x", y = "y", z = "z", file = "one-heat" }
  draw { rows = { { x = "it's", y = 1 }, { x = 'a "b" \\c', y = 2 } }, x = "x", y = "y", series = "x", title = "it's `x` \\", file = "quotes" }
end

claims["labels of an axis leave room for one another"] = function()
  local narrow = {}
  for _, m in ipairs { 1, 2, 10, 11, 12, 100 } do
    for _, k in ipairs { "a", "b", "c" } do narrow[#narrow + 1] = { m = m, k = k, y = m, list = { m, m + 1 } } end
  end
  draw { rows = narrow, x = "m", y = "y", panel = "k", across = 3, file = "narrow" }
  t.assertStrContains(read(plots .. "narrow.gp"), "set xtics ('1' 1, '' 2, '10' 10, '' 11, '' 12, '100' 100)")
  local figure = require "halfulp.figure"
  t.assertEquals({ figure.nice_step(0.3), figure.nice_step(20), figure.nice_step(21), figure.nice_step(0) }, { 0.5, 20, 50, 1 })
end

claims["a logarithmic axis of any length has three ticks at least, all of them drawn"] = function()
  local figure = require "halfulp.figure"
  local cases = { { 0.028, 0.034 }, { 1, 1 }, { 1, 9 }, { 2.1, 16 }, { 1, 99 }, { 3e-7, 3.1e-7 }, { 95, 105 }, { 0.9, 70 } }
  for _, case in ipairs(cases) do
    local commands = table.concat(figure.axis("y", case, { label = "y", log = true }).commands, "\n")
    local low, high = commands:match "yrange %[(%S+):(%S+)%]"
    local n, texts = 0, {}
    for text, value in commands:match("set ytics (%b())"):gmatch "'([^']+)' ([^,)]+)" do
      t.assertFalse(texts[text] or tonumber(value) < tonumber(low) or tonumber(value) > tonumber(high))
      texts[text], n = true, n + 1
    end
    t.assertTrue(n >= 3 and n <= 9, ("%g to %g has %d ticks"):format(case[1], case[2], n))
  end
end

claims["texts are not joined by lines and are shown without markup"] = function()
  local tsv, svg = draw { x = "kind", y = "error", series = "m", file = "words", logy = true }
  t.assertStrContains(tsv, "kind_2")
  t.assertStrContains(svg, "kind_2")
  local script = read(plots .. "words.gp")
  t.assertStrContains(script, "with yerrorbars")
  t.assertNil(script:find "linespoints" or script:find "filledcurves")
end

claims["columns may have the names of a figure's own"] = function()
  local some = {}
  for n = 1, 4 do
    for k = 1, 2 do some[#some + 1] = { n = n, k = k, text = "t" .. k, at = "a" .. k, value = n * k, flag = n > 2 and 1 or 0, list = { n, k } } end
  end
  local tsv = draw { rows = some, x = "n", y = "value", series = "k", panel = "text", file = "named" }
  t.assertStrContains(tsv, "text_\tk_\tn_\tn\tvalue_\t")
  t.assertStrContains(tsv, "t1\t1\t3\t1\t3\t")
  t.assertStrContains(read(plots .. "named.gp"), "set xlabel 'n'")
  t.assertStrContains((draw { rows = some, kind = "share", x = "n", y = "flag", series = "k", panel = "at", file = "named-share" }), "at_\tn_\tk_\tk\tn\tshare")
  t.assertStrContains((draw { rows = some, x = "n", y = "k", z = "value", file = "named-heat" }), "n_\tk_\tn\tvalue_")
  t.assertStrContains((draw { rows = some, kind = "curves", y = "list", series = "n", file = "named-curves" }), "n_\t")
end

claims["sets without a point are left out, and gnuplot says nothing"] = function()
  local some = {}
  for m = 1, 4 do some[m] = { m = m, y = m, list = { m, m }, k = m < 3 and "a" or "b", z = m < 4 and "p" or "q" } end
  some[5] = { m = 7, y = 0 / 0, list = { 0 / 0 }, k = "c", z = "p" }
  draw { rows = some, x = "m", y = "y", series = "z", panel = "k", file = "gaps" }
  draw { rows = some, kind = "curves", y = "list", series = "z", panel = "k", file = "gaps-curves" }
  draw { formats = { "e2m1fn", "e8m0" }, file = "gaps-numbers" }
  draw { rows = some, x = "m", y = "k", z = "y", panel = "z", file = "gaps-heat" }
  t.assertStrContains(read(plots .. "gaps.gp"), "c: no finite value")
  for _, name in ipairs { "gaps", "gaps-curves", "gaps-numbers", "gaps-heat" } do
    local pipe = assert(io.popen(("cd '%s' && LC_ALL=C.UTF-8 gnuplot %s.gp 2>&1"):format(plots, name)))
    t.assertEquals(pipe:read "a", "")
    pipe:close()
  end
end

claims["cells of different values print alike only where there is no room"] = function()
  local near, many = {}, {}
  for m = 1, 4 do near[m] = { m = m, k = "a", z = 5.54 + m / 1000 } end
  for m = 1, 30 do many[m] = { m = "label " .. m, k = "a", z = 5.54 + m / 1000 } end
  local tsv = draw { rows = near, x = "m", y = "k", z = "z", file = "near" }
  t.assertStrContains(tsv, "\t5.541\n")
  t.assertStrContains((draw { rows = many, x = "m", y = "k", z = "z", file = "many" }), "\t5.54\n")
  local ticks, shown = read(plots .. "many.gp"):match "set xtics (%b())", 0
  for _ in ticks:gmatch "'label" do shown = shown + 1 end
  t.assertTrue(shown >= 2 and shown <= 10, ticks)
end

claims["panels have one height, also above a gap in the last row"] = function()
  local five = {}
  for p = 1, 5 do for x = 1, 3 do five[#five + 1] = { p = "panel " .. p, x = x, y = x * p } end end
  draw { rows = five, x = "x", y = "y", panel = "p", across = 3, file = "five" }
  local heights, n = {}, 0
  for top, bottom in read(plots .. "five.gp"):gmatch "tmargin at screen (%S+)%s+set bmargin at screen (%S+)" do
    heights[("%.3f"):format(top - bottom)], n = true, n + 1
  end
  t.assertEquals(n, 5)
  t.assertNotNil(next(heights))
  t.assertNil(next(heights, (next(heights))))
end

claims["a sweep's figure has a name where none is given"] = function()
  t.skipIf(not has_gnuplot, "no gnuplot: install gnuplot-nox")
  local sweep = hu.sweep { a = { 1, 2 } }
  sweep:run(function(q) return { error_rel = q.a, other = 1 } end, { quiet = true })
  t.assertEquals(sweep:plot { x = "a", y = "error_rel" }, plots .. "error_rel-over-a.svg")
  t.assertEquals(sweep:plot { x = "a", y = { "error_rel", "other" } }, plots .. "error_rel-other-over-a.svg")
end

claims["wrong options are told by name"] = function()
  local function says(text, options) t.assertErrorMsgContains(text, hu.plot, options) end
  says("no column \"eror\"; did you mean error? (there are ", { rows = list, x = "m", y = "eror", file = "f" })
  says("unknown option seris for the kind line; did you mean series?", { rows = list, x = "m", y = "error", seris = "e", file = "f" })
  says("kind is pie; it takes one of contour, curves, heatmap, line, numberline, share, surface", { rows = list, kind = "pie", file = "f" })
  says("file is a/b", { rows = list, x = "m", y = "error", file = "a/b" })
  says("file is nil", { rows = list, x = "m", y = "error" })
  says("plot: y: error is a number; curves takes a list for each point", { rows = list, kind = "curves", y = "error", file = "f" })
  says("plot: y: curve is a list; line takes one value for each point", { rows = list, x = "m", y = "curve", file = "f" })
  says("plot: series: curve is a list; share takes", { rows = list, kind = "share", x = "m", y = "bad", series = "curve", file = "f" })
  says("plot: z: curve is a list; heatmap takes", { rows = list, x = "m", y = "e", z = "curve", file = "f" })
  says("plot: x: kind is a string; logx takes numbers", { rows = list, x = "kind", y = "error", logx = true, file = "f" })
  says("z is missing", { rows = list, kind = "heatmap", x = "m", y = "e", file = "f" })
  says("band is se", { rows = list, x = "m", y = "error", band = "se", file = "f" })
  says("logy is a number; it takes a boolean", { rows = list, x = "m", y = "error", logy = 1, file = "f" })
  says("no finished points", { rows = {}, x = "m", y = "error", file = "f" })
  says("nothing to draw", { rows = { { m = 1, error = 0 / 0 } }, x = "m", y = "error", file = "f" })
  says("it takes a table", nil)
end

claims["the folder of the tests is removed"] = function()
  if run.opened then run.opened:close() end
  run.opened = nil
  t.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims:run()
