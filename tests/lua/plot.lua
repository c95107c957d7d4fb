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

claims["wrong options are told by name"] = function()
  local function says(text, options) t.assertErrorMsgContains(text, hu.plot, options) end
  says("no column \"eror\"; did you mean error?", { rows = list, x = "m", y = "eror", file = "f" })
  says("unknown option seris for the kind line; did you mean series?", { rows = list, x = "m", y = "error", seris = "e", file = "f" })
  says("kind is pie; it takes one of curves, heatmap, line, numberline, share", { rows = list, kind = "pie", file = "f" })
  says("file is a/b", { rows = list, x = "m", y = "error", file = "a/b" })
  says("file is nil", { rows = list, x = "m", y = "error" })
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
