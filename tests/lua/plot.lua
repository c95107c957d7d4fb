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

-- The groups of the picture in which each point of a series that is drawn with that type of points lies: how many there are.
local function count_points(svg, kind)
  return select(2, svg:gsub("xlink:href='#gpPt" .. kind .. "'", ""))
end

claims["what has no place on an axis is marked at the edge, and the line does not pass over it"] = function()
  local nan, inf, some = 0 / 0, 1 / 0, {}
  for x, ys in ipairs { { 8, 4 }, { nan, 3 }, { 4, inf }, { 2, 0 }, { -1, 1 }, { 1, 1 } } do
    for k, y in ipairs(ys) do some[#some + 1] = { x = x, y = y, s = "k" .. k } end
  end
  some[#some + 1] = { x = 6, y = nan, s = "k1" }             -- one of two
  some[#some + 1] = { x = 0, y = 3, s = "k2" }
  local tsv, svg = draw { rows = some, x = "x", y = "y", series = "s", logx = true, logy = true, file = "off" }
  t.assertStrContains(tsv, "s\tx\tn\ty\ty_low\ty_high\tn_bad\tedge\tedge_x\tedge_y\n")
  for _, row in ipairs { "k1\t2\t0\tNaN\tNaN\tNaN\t1\tabove\t-\t0.97", "k1\t5\t1\t-1\tNaN\tNaN\t0\tbelow\t-\t0.03", "k1\t6\t1\t1\t-\t-\t1\tabove\t-\t0.97",
    "k2\t0\t1\t3\tNaN\tNaN\t0\tleft\t0.02\t-", "k1\t1\t1\t8\t-\t-\t0\t-\t-\t-" } do
    t.assertStrContains(tsv, "\n" .. row .. "\n")
  end
  t.assertStrMatches(tsv, ".*\nk2\t3\t0\tNaN\tNaN\tNaN\t1\tabove\t%-\t0.925.*\nk2\t4\t1\t0\tNaN\tNaN\t0\tbelow\t%-\t0.075.*")
  t.assertStrContains(svg, ">not finite<")
  t.assertStrContains(svg, ">zero or negative<")
  t.assertStrContains(svg, "<title>s k1, x 6, not finite 1, finite 1</title>")
  t.assertStrContains(svg, "<title>s k2, x 4, y 0</title>")
  t.assertEquals({ count_points(svg, 1), count_points(svg, 0) }, { 3 + 1, 3 + 1 }, "crosses and pluses, and those of the legend")
  svg = select(2, draw { rows = some, x = "x", y = "y", file = "off-linear" })
  t.assertNil(svg:find "zero or negative")
  -- nothing but such points is nothing to draw; without them all is as it was
  t.assertErrorMsgContains("nothing to draw: no row has a finite value of y", hu.plot, { rows = { { x = 1, y = nan } }, x = "x", y = "y", file = "f" })
  t.assertErrorMsgContains("nothing to draw: no row has a finite value of y above 0 and below", hu.plot, { rows = { { x = 1, y = -1 } }, x = "x", y = "y", logy = true, file = "f" })
  t.assertErrorMsgContains("nothing to draw", hu.plot, { rows = { { x = 1, y = nan } }, x = "x", y = "y", kind = "box", file = "f" })
  t.assertErrorMsgContains("nothing to draw", hu.plot, { rows = { { x = 1, y = nan } }, x = "x", y = "y", kind = "pareto", file = "f" })
  t.assertErrorMsgContains("nothing to draw", hu.plot, { rows = { { x = { 0 }, y = { nan } } }, x = "x", y = "y", kind = "curves", file = "f" })
  t.assertErrorMsgContains("nothing to draw", hu.plot, { rows = { { x = nan, y = inf } }, columns = { "x", "y" }, kind = "parallel", file = "f" })
end

claims["a series of zeros leaves the bands of others alone on a logarithmic axis"] = function()
  local some, zeros = {}, { 0, 0, 0, 0, 0, 0, 0, 0 }
  for k = 1, 3 do
    local good = {}
    for i = 1, 8 do good[i] = (1 + 0.2 * k) * 2.0 ^ -i end
    table.move({ { p = "a", list = good }, { p = "b", list = zeros }, { p = "c", list = good } }, 1, 3, #some + 1, some)
  end
  local _, svg = draw { rows = some, kind = "curves", y = "list", series = "p", logy = true, file = "zero-series" }
  local areas = {}
  for points in svg:gmatch "<polygon fill[^>]*points = '([^']*)'" do areas[#areas + 1] = points end
  t.assertEquals({ #areas, areas[1] }, { 2, areas[2] }, "a and c have the same values")
  t.assertTrue(select(2, areas[1]:gsub("%S+", "")) <= 17, areas[1])
end

claims["a band ends where its interval does, and at the axis' lower edge where that is not positive"] = function()
  local some = {}
  for x, ys in ipairs { { 1.1, 1.2, 1.3 }, { 0.1, 1, 5 } } do
    for _, y in ipairs(ys) do some[#some + 1] = { x = x, y = y } end
  end
  -- t(0.975, 2) = 4.302653: 1.2 -+ 4.302653 * 0.1 / sqrt(3)
  local tsv, svg = draw { rows = some, x = "x", y = "y", logy = true, file = "low-ends" }
  local low, high = tsv:match "\n1\t3\t1%.2%d*\t(%S+)\t(%S+)\n"
  t.assertAlmostEquals(tonumber(low), 0.951586, 1e-6)
  t.assertAlmostEquals(tonumber(high), 1.448414, 1e-6)
  t.assertAlmostEquals(tonumber(tsv:match "\n2\t3\t%S+\t(%S+)\t"), -4.446093, 1e-6)
  local bottom, lowest = tonumber(read(plots .. "low-ends.gp"):match "set bmargin at screen (%S+)"), 0
  local height = tonumber(svg:match 'viewBox="0 0 %d+ (%d+)"')
  for y in svg:match("<polygon fill[^>]*points = '([^']*)'"):gmatch "%S+,(%S+)" do lowest = math.max(lowest, tonumber(y)) end
  t.assertAlmostEquals(lowest, (1 - bottom) * height, 1)
  tsv = draw { rows = some, x = "x", y = "y", logy = true, band = "sd", file = "low-ends" }
  t.assertAlmostEquals(tonumber(tsv:match "\n1\t3\t1%.2%d*\t(%S+)"), 1.1, 1e-12)
  t.assertAlmostEquals(tonumber(tsv:match "\n2\t3\t%S+\t(%S+)\t"), 2.0333333 - 2.6083200, 1e-6)
  -- one of two curves is zero: the band goes down to the edge there, and the data say 0; more than two decades
  tsv, svg = draw { rows = { { l = { 8, 1e-3, 2 } }, { l = { 4, 0, 1 } } }, kind = "curves", y = "l", logy = true, file = "low-curves" }
  t.assertStrContains(tsv, "\nl\t2\t2\t0.0005\t0\t0.001\t")
  t.assertStrContains(read(plots .. "low-curves.gp"), "set yrange [0.0001:*]")
end

claims["axes reach as far as numbers do, and what is beyond gnuplot's is marked"] = function()
  t.skipIf(not has_gnuplot, "no gnuplot: install gnuplot-nox")
  for k, ends in ipairs { { 1e-300, 1e10 }, { 5e-324, 1 }, { 5e-324, 5e-324 }, { 1, 8e307 }, { 1e-200, 1e-80 } } do
    local some = { { x = ends[1], y = ends[1] }, { x = ends[2], y = ends[2] }, { x = ends[2], y = 2 * ends[1] } }
    for _, kind in ipairs { "line", "pareto", "box", "curves" } do
      local o = { rows = some, kind = kind, x = "x", y = "y", logx = true, logy = true, file = "far" }
      if kind == "box" then o.logx = nil end
      if kind == "curves" then o.rows = { { x = { ends[1], ends[2] }, y = { ends[1], ends[2] } } } end
      local _, svg = draw(o)
      t.assertTrue(select(2, svg:gsub(">1e%-?%d+<", "")) >= (ends[1] == ends[2] and 1 or 4), kind .. k)
      local pipe = assert(io.popen(("cd '%s' && LC_ALL=C.UTF-8 gnuplot far.gp 2>&1"):format(plots)))
      t.assertEquals(pipe:read "a", "")
      pipe:close()
    end
  end
  for _, log in ipairs { true, false } do
    local tsv, svg = draw { rows = { { x = 1, y = 1 }, { x = 2, y = 1e308 }, { x = 3, y = log and 4 or -1e308 } }, x = "x", y = "y", logy = log, file = "beyond" }
    t.assertStrContains(tsv, "\n2\t1\t1e+308\tNaN\tNaN\t0\tabove\t-\t0.97\n")
    t.assertStrContains(svg, ">beyond 8.9e307<")
  end
  local both = { { x = 1, y = 1 }, { x = 1, y = 2 }, { x = 1, y = 1e308 }, { x = 2, y = 1 / 0 } }
  local _, svg = draw { rows = both, kind = "box", x = "x", y = "y", file = "beyond-box" }
  t.assertStrContains(svg, ">not finite, or beyond 8.9e307<")
  draw { rows = { { x = 1, y = 8e307 }, { x = 2, y = -8e307 } }, x = "x", y = "y", file = "far" }
  draw { rows = { { x = 1, y = 8e307 }, { x = 2, y = -8e307 }, { x = 1, y = 7e307 }, { x = 1 / 8, y = 1e308 } }, columns = { "x", "y" }, file = "far" }
  t.assertErrorMsgContains("nothing to draw: no row has a finite value of y below 9e307", hu.plot, { rows = { { x = 1, y = 1e308 }, { x = 2, y = -1e308 } }, x = "x", y = "y", file = "f" })
end

claims["boxes and fronts mark what has no place on an axis"] = function()
  local nan, inf = 0 / 0, 1 / 0
  local some = { { x = 1, y = 2 }, { x = 1, y = nan }, { x = 1, y = -1 }, { x = 2, y = inf }, { x = nan, y = 3 }, { x = -1, y = 5 }, { x = 0, y = 0 } }
  local tsv, svg = draw { rows = { table.unpack(some, 1, 4) }, kind = "box", x = "x", y = "y", logy = true, file = "off-box" }
  t.assertStrMatches(tsv, ".*\n1\tedge\t1\t[^\n]*\t1\tabove\t%-\t0.97\n1\tedge\t1\t[^\n]*\t1\tbelow\t%-\t0.03\n.*\n2\tedge\t2\t[^\n]*\t1\tabove\t%-\t0.97\n.*")
  t.assertStrContains(svg, "<title>x 1, zero or negative 1, drawn 1</title>")
  tsv, svg = draw { rows = some, kind = "pareto", x = "x", y = "y", logx = true, logy = true, file = "off-front" }
  for _, row in ipairs { "edge\t1\tNaN\tabove\t-\t0.97", "edge\t1\t-1\tbelow\t-\t0.03", "edge\tNaN\t3\tright\t0.98\t-", "edge\t-1\t5\tleft\t0.02\t-",
    "edge\t0\t0\tcorner\t0.02\t0.03" } do
    t.assertStrContains(tsv, "\n" .. row .. "\n")
  end
  t.assertStrContains(svg, ">not beaten<")
end

claims["shares have counts and Wilson intervals"] = function()
  local tsv, svg = draw { kind = "share", x = "m", y = "bad", file = "share", series = "e" }
  t.assertStrContains(tsv, "1\t2\t3\t3\t1\t0.438")   -- Wilson at 3 of 3: 1 / (1 + 1.96^2 / 3)
  t.assertStrContains(svg, "3 of 3")
  -- true and false are 1 and 0, as in a store
  local truths = {}
  for i = 1, 4 do truths[i] = { m = i % 2, bad = i > 1 } end
  tsv = draw { rows = truths, kind = "share", x = "m", y = "bad", file = "truths" }
  t.assertStrContains(tsv, "\n1\t1\t2\t0.5\t")
end

claims["curves are medians with their range, and gaps stay gaps"] = function()
  local tsv = draw { kind = "curves", y = { "curve" }, series = "m", file = "curves", smooth = 0.5 }
  t.assertStrContains(tsv, "quantity\tm\tstep\tn\tmedian\tlow\thigh\tlost\tedge\tedge_x\tedge_y\n")
  t.assertStrContains(tsv, "\ncurve\t1\t20\t0\tNaN\tNaN\tNaN\t9\tabove\t-\t0.97\n")
  t.assertStrContains((draw { kind = "curves", y = "curve", series = "m", file = "whole", rows = hu.select(list, { m = 2 }) }), "\tlost\ncurve\t2\t1\t9\t")
end

local spread = {}
for i = 1, 40 do
  for _, k in ipairs { "a", "b_c" } do
    spread[#spread + 1] = { x = i % 4, k = k, y = i == 40 and 1000 or i + (k == "a" and 0 or 3), cost = (i * 7) % 40, name = k .. i }
  end
end

claims["boxes are quartiles, whiskers reach the farthest value within 1.5 of the box, and what lies beyond is a point"] = function()
  local few = {}
  for i, y in ipairs { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 100 } do few[i] = { x = "all", y = y } end
  local tsv = draw { rows = few, kind = "box", x = "x", y = "y", file = "quartiles" }
  -- 13 values: the quartiles are the 4th, 7th and 10th; 10 + 1.5 * 6 = 19 is the reach.
  t.assertStrContains(tsv, "all\tbox\t1\t0.336\t-\t13\t1\t4\t7\t10\t12\n")
  t.assertStrContains(tsv, "all\tpoint\t1\t-\t100\t")
  t.assertEquals(select(2, tsv:gsub("\tpoint\t", "")), 1)
  local _, svg = draw { rows = spread, kind = "box", x = "x", y = "y", series = "k", logy = true, file = "boxes", panel = "k" }
  t.assertStrContains(svg, "<title>k a, x 0, median")
end

claims["a violin is symmetric around its place, and its density is that of the values"] = function()
  local tsv, left, right = draw { rows = spread, kind = "violin", x = "x", y = "y", series = "k", logy = true, file = "violin" }, {}, {}
  for at, value in tsv:gmatch "\na\t1\toutline\t(%S+)\t%S+\t(%S+)" do
    local side = #left < 61 and left or right
    side[#side + 1] = { tonumber(at), tonumber(value) }
  end
  t.assertEquals({ #left, #right }, { 61, 61 })
  local widest, middle = 0, (left[1][1] + right[61][1]) / 2
  for i = 1, 61 do
    t.assertAlmostEquals(left[i][1] + right[62 - i][1], 2 * middle, 1e-12)
    t.assertEquals(left[i][2], right[62 - i][2])
    if right[62 - i][1] - left[i][1] > widest then widest, middle = right[62 - i][1] - left[i][1], (left[i][1] + right[62 - i][1]) / 2 end
  end
  draw { rows = { { x = 1, y = 3 }, { x = 1, y = 3 }, { x = 2, y = 1 } }, kind = "violin", x = "x", y = "y", file = "violin-one" }
end

claims["a front has the points that no other beats, whichever way is better"] = function()
  local function front(options)
    options.kind, options.x, options.y, options.file = "pareto", "cost", "y", "front"
    local names = {}
    for name in draw(options):gmatch "\n([^\t]*)\tfront" do names[#names + 1] = name end
    table.sort(names)
    -- The truth: every pair compared.
    local better, expected = { options.maximize and options.maximize:find "x" and -1 or 1, options.maximize and options.maximize:find "y" and -1 or 1 }, {}
    for _, a in ipairs(options.rows) do
      local beaten = false
      for _, b in ipairs(options.rows) do
        local dx, dy = better[1] * (b.cost - a.cost), better[2] * (b.y - a.y)
        beaten = beaten or (dx <= 0 and dy <= 0 and (dx < 0 or dy < 0))
      end
      if not beaten then expected[#expected + 1] = a.name end
    end
    table.sort(expected)
    t.assertEquals(names, expected)
    return #names
  end
  for _, maximize in ipairs { "x", "y", "xy" } do t.assertTrue(front { rows = spread, label = "name", maximize = maximize, file = "f" } >= 1) end
  local twins = { { cost = 1, y = 2, name = "p" }, { cost = 1, y = 2, name = "q" }, { cost = 2, y = 1, name = "r" }, { cost = 2, y = 2, name = "s" },
    { cost = 1, y = 3, name = "t" }, { cost = 3, y = 1, name = "v" }, { cost = 0 / 0, y = 0, name = "u" } }
  t.assertEquals(front { rows = { table.unpack(twins, 1, 6) }, label = "name" }, 3)
  draw { rows = twins, kind = "pareto", x = "cost", y = "y", series = "name", logx = true, logy = true, file = "twins" }
end

claims["parallel coordinates have a line a point, which ends where a value is missing"] = function()
  local some = { { a = 1, b = "u", c = 0.1 }, { a = 2, b = "v", c = 10.0 }, { a = 3, c = 1.0 }, { a = 4, b = "v", c = 0 / 0 } }
  local tsv = draw { rows = some, columns = { "a", "b", "c" }, log = { "c" }, file = "parallel" }
  t.assertStrContains(tsv, "1\ta\t1\t0\t0\t1\t-\t-\t-\t-\n1\tb\t2\t0\t0\tu\t-\t-\t-\t-\n1\tc\t3\t0\t0\t0.1\t-\t-\t-\t-\n\n2\t")
  t.assertStrMatches(tsv, ".*\n3\ta\t[^\n]*\n\n3\tc\t.*")
  t.assertAlmostEquals(tonumber(tsv:match "3\tc\t3\t(%S+)\t%S+\t1\t"), 0.5, 1e-12)
  -- a point without a color is gray, and its value without a place is marked
  t.assertStrContains(tsv, "\n4\ta\t1\t-\t-\t4\t1\t-\t-\t-\n4\tb\t2\t-\t-\tv\t1\t-\t-\t-\n\n4\tc\t3\t-\t-\tNaN\t-\tabove\t-\t0.97\n")
  t.assertStrContains((draw { rows = { some[1], some[2] }, columns = { "a", "b", "c" }, file = "parallel-whole" }), "\n1\ta\t1\t0\t0\t1\n1\tb\t2\t0\t0\tu\n")
end

claims["spikes are marked on curves"] = function()
  local curve = {}
  for i = 1, 100 do curve[i] = i == 60 and 4 or 2 + 0.01 * (i % 3) end
  local tsv = draw { rows = { { loss = curve, k = 1 }, { loss = { 1, 1 }, k = 2 } }, kind = "curves", y = "loss", series = "k", spikes = true, file = "spikes" }
  t.assertStrContains(tsv, "loss\t1\t60\t-\t-\t-\t-\t-\t4\n")
  t.assertEquals(select(2, tsv:gsub("\t%-\t%-\t%-\t%-\t%-\t%d", "")), 1)
end

claims["every kind is drawn by every terminal, and gnuplot says nothing"] = function()
  t.skipIf(not has_gnuplot, "no gnuplot: install gnuplot-nox")
  local all = { "text", "svg", "png", "pdf", "cairolatex" }
  local cases = {
    line = { x = "m", y = "error", series = "kind", logy = true }, heatmap = { x = "m", y = "e", z = "error" }, share = { x = "m", y = "bad" },
    curves = { y = "curve", series = "kind", spikes = "residual" }, box = { x = "m", y = "error", series = "kind" }, violin = { x = "m", y = "error" },
    pareto = { x = "m", y = "error", label = "kind" }, parallel = { columns = { "kind", "m", "error" } }, contour = { x = "m", y = "e", z = "error" },
    surface = { x = "m", y = "e", z = "error" },
  }
  for kind, options in pairs(cases) do
    options.rows, options.kind, options.file, options.terminals = list, kind, "all-" .. kind, all
    t.assertEquals(hu.plot(options), plots .. "all-" .. kind .. ".txt")
    for _, ending in ipairs { ".svg", ".png", ".pdf", "-latex.tex", "-latex.pdf" } do t.assertTrue(#read(plots .. "all-" .. kind .. ending) > 500, kind .. ending) end
    local pipe = assert(io.popen(("cd '%s' && LC_ALL=C.UTF-8 gnuplot all-%s.gp 2>&1"):format(plots, kind)))
    t.assertEquals(pipe:read "a", "", kind)
    pipe:close()
  end
  local wide = { { x = 1, y = 1e-5 }, { x = 2, y = 1.0 } }
  hu.plot { rows = wide, x = "x", y = "y", logy = true, terminals = { "cairolatex", "text" }, file = "wide" }
  t.assertStrContains(read(plots .. "wide.txt"), "1e-5")
  t.assertStrContains(read(plots .. "wide-latex.tex"), "$10^{-5}$")
  t.assertStrContains(read(plots .. "all-line-latex.tex"), "kind\\_2")
end

claims["LaTeX takes the figures"] = function()
  t.skipIf(not os.execute "command -v pdflatex >/dev/null" or not has_gnuplot, "no pdflatex: install texlive-latex-base")
  local file <close> = assert(io.open(plots .. "page.tex", "w"))
  file:write "\\documentclass{article}\\usepackage{graphicx,color,calc}\\begin{document}\n"
  for _, kind in ipairs { "line", "heatmap", "pareto", "parallel" } do file:write("\\input{all-", kind, "-latex}\n\n") end
  file:write "\\end{document}\n"
  file:flush()
  local ok = os.execute(("cd '%s' && pdflatex -interaction=batchmode -halt-on-error page.tex >/dev/null 2>&1"):format(plots))
  t.assertTrue(ok, ok or read(plots .. "page.log"):match "\n![^\n]*\n[^\n]*\n[^\n]*")
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

claims["names below an axis stand level, slanted or upright, as they have room, and long ones are shortened"] = function()
  local function drawn(n, name, options)
    local some = {}
    for i = 1, n do some[i] = { format = name:format(i), y = i, k = "k" .. i % 2, z = i } end
    options.rows, options.x, options.y, options.file = some, "format", options.z and "k" or "y", "names"
    draw(options)
    return read(plots .. "names.gp")
  end
  t.assertStrContains(drawn(5, "e%dm3", {}), "'e5m3' 5) noenhanced font tick_font norotate")
  t.assertStrContains(drawn(9, "e%dm3fnu", {}), "'e9m3fnu' 9) noenhanced font tick_font rotate by 45 right")
  for _, kind in ipairs { "line", "box", "violin", "heatmap" } do
    local script = drawn(21, "posit%d_is_a_name", { kind = kind, z = kind == "heatmap" and "z" or nil })
    local ticks = script:match "tick_font = [^\n]*set xtics (%b()) noenhanced[%w ]* font tick_font rotate by 90 right"
    local _, n = tostring(ticks):gsub("'posit", "")
    t.assertEquals({ kind, n }, { kind, 21 })
    t.assertStrContains(script, "set label 1000 'format' at graph 0.5, screen ")
  end
  t.assertStrContains(drawn(21, "posit%d_is_a_name", {}), "if (kind eq 'text') { set xtics ('posit10_i\u{2026}' 1, '' 2, '' 3, '' 4, 'posit14_i\u{2026}' 5,")
  local _, shown = drawn(60, "a_name_%d", {}):match("set xtics (%b()) noenhanced font tick_font rotate"):gsub("'a_name", "")
  t.assertEquals(shown, 20, "as many as there is room for")
  t.assertStrContains(drawn(9, "%d: \u{e9}t\u{e9} and more letters", {}), "'1: \u{e9}t\u{e9} and more let\u{2026}' 1")
end

claims["few values are points and not a box, and narrow boxes have thin lines"] = function()
  local some, wide = {}, {}
  for i, n in ipairs { 1, 3, 4 } do
    for y = 1, n do some[#some + 1] = { x = i, y = y } end
  end
  for x = 1, 5 do
    for k = 1, 10 do
      for y = 1, 5 do wide[#wide + 1] = { x = x, s = k, y = x + y * k } end
    end
  end
  local tsv = draw { rows = some, kind = "box", x = "x", y = "y", file = "few" }
  t.assertStrContains(tsv, "\n2\tfew\t2\t0.336\t-\t3\t1\t1.5\t2\t2.5\t3\n2\tpoint\t")
  t.assertStrContains(tsv, "\n3\tbox\t")
  -- violins, too; and of equal values, which have no density
  for _ = 1, 7 do some[#some + 1] = { x = 4, y = 0.1 } end
  tsv = draw { rows = some, kind = "violin", x = "x", y = "y", file = "few-violins" }
  t.assertStrContains(tsv, "\n1\tfew\t1\t0.336\t-\t1\t1\t1\t1\t1\t1\n1\tpoint\t")
  t.assertStrContains(tsv, "\n2\tfew\t2\t0.336\t-\t3\t1\t1.5\t2\t2.5\t3\n2\tpoint\t")
  t.assertStrContains(tsv, "\n4\tfew\t4\t0.336\t-\t7\t0.1\t0.1\t0.1\t0.1\t0.1\n4\tpoint\t")
  t.assertStrMatches(tsv, ".*\n3\tbox\t[^\n]*\n3\toutline\t.*")
  for x, n in pairs { 1, 3, 0, 7 } do t.assertEquals(select(2, tsv:gsub("\n" .. x .. "\tpoint", "")), n) end
  tsv = draw { rows = wide, kind = "box", x = "x", y = "y", series = "s", file = "narrow-boxes", width = 420 }
  t.assertNil(tsv:find "\tpoint\t")
  t.assertStrContains(read(plots .. "narrow-boxes.gp"), "candlesticks lt 1 lw 0.9 ")
  local _, svg = draw { rows = wide, kind = "box", x = "x", y = "y", series = "s", file = "wide-boxes" }
  t.assertStrContains(svg, 'viewBox="0 0 860 ')
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

claims["many points have no markers but where one stands alone, and points are joined by no line where that is asked for"] = function()
  local function script_of(n, gap, more)
    local some = {}
    for i = 1, n do
      for _, s in ipairs { "a", "b" } do some[#some + 1] = { x = i, y = s == "a" and gap and i % 50 == gap and 0 / 0 or i, s = s } end
    end
    local o = { rows = some, x = "x", y = "y", series = "s", file = "markers" }
    for key, value in pairs(more or {}) do o[key] = value end
    draw(o)
    return read(plots .. "markers.gp")
  end
  local script = script_of(40)
  t.assertEquals(select(2, script:gsub("with linespoints lt %d lw 1.6 ps 0%.[59]", "")), 4, "two lines, and the legend")
  script = script_of(41)
  t.assertNil(script:find "linespoints")
  t.assertEquals(select(2, script:gsub("with lines lt %d lw 1.6", "")), 4)
  script = script_of(60, 2)          -- 1 stands alone, and is seen
  t.assertStrContains(script, "with linespoints lt 1 lw 1.6 ps 0.25")
  t.assertStrContains(script, "with lines lt 2 lw 1.6")
  t.assertNil(script_of(60, 3):find "linespoints")
  script = script_of(20, nil, { points = true, band = "range", reference = { { formula = "x", label = "equal" } } })
  t.assertNil(script:find "linespoints" or script:find "filledcurves")
  t.assertEquals(select(2, script:gsub("with points lt %d lw 1.6", "")), 4)
  t.assertStrContains(script, "with yerrorbars lt 1")
  t.assertErrorMsgContains("unknown option points for the kind box", hu.plot, { rows = list, kind = "box", x = "m", y = "error", points = true, file = "f" })
end

claims["no line stands before a surface"] = function()
  for n = 1, 2 do
    local some = {}
    for p = 1, n do
      for u = 1, 4 do
        for v = 1, 4 do some[#some + 1] = { u = u, v = v, w = (u - 2.5) ^ 2 + (v - 2.5) ^ 2, p = p } end
      end
    end
    local _, svg = draw { rows = some, kind = "surface", x = "u", y = "v", z = "w", panel = "p", file = "surface-lines" }
    local upright = 0
    for x1, x2 in svg:gmatch "<path stroke='rgb%( 51,  51,  51%)'  d='M([%d.]+),[%d.]+ L([%d.]+),[%d.]+  '" do upright = upright + (x1 == x2 and 1 or 0) end
    t.assertEquals(upright, n, "the axis of z of each")
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

-- Options of every kind over rows of plain names, with what is not finite among them.
local plain_rows, plain = {}, {
  line = { x = "X", y = "Y", series = "S", panel = "P", band = "ci95" }, heatmap = { x = "X", y = "L", z = "Z", panel = "P" },
  share = { x = "X", y = "F", series = "S", panel = "P" }, curves = { y = "C", series = "S", panel = "P", spikes = "rise", band = "range" },
  box = { x = "X", y = "Y", series = "S", panel = "P" }, violin = { x = "X", y = "Y", series = "S", panel = "P" },
  pareto = { x = "X", y = "Y", series = "S", panel = "P", label = "L" }, contour = { x = "X", y = "V", z = "Z", panel = "P" },
  surface = { x = "X", y = "V", z = "Z", panel = "P" },
}
for i = 1, 6 do
  for j = 1, 5 do
    for s = 1, 2 do
      plain_rows[#plain_rows + 1] = { X = i, Y = i == 2 and j == 2 and 0 / 0 or i == 3 and j == 3 and math.huge or i * j + s, Z = i == 2 and j == 2 and 0 / 0 or i + j,
        S = "s" .. s, P = "p" .. j % 2, L = "l" .. i, V = j, F = (i + j) % 2, C = { i, j, 3.0, i == 2 and math.huge or 2 } }
    end
  end
end

-- The figure of a kind in which the role's column is called `name`: its columns, and its rows with the column's plain name again.
local function figure_with(kind, role, name)
  local o, list, own = { kind = kind, file = "x" }, {}, plain[kind][role]
  for key, value in pairs(plain[kind]) do o[key] = value end
  for i, row in ipairs(plain_rows) do
    list[i] = {}
    for key, value in pairs(row) do list[i][key == own and name or key] = value end
  end
  o[role], o.rows = name, list
  local free = require "halfulp.figure-names"(o)
  local drawn_as = free[role]
  local fig = require("halfulp.kinds")[kind](free)
  local columns, rows = {}, {}
  local function plain_name(column)
    if column == drawn_as then return own end
    return role == "y" and column:gsub("^" .. drawn_as .. "(_%l+)$", own .. "%1") or column
  end
  for i, column in ipairs(fig.columns) do columns[i] = plain_name(column) end
  for i, row in ipairs(fig.rows) do
    rows[i] = {}
    for key, value in pairs(row) do rows[i][plain_name(key)] = value ~= value and "NaN" or value == drawn_as and own or value end
  end
  return columns, rows
end

claims["figures of every kind are the same, whatever of their own names a column has"] = function()
  for _, kind in ipairs(hu.keys(plain)) do
    for role, own in pairs(plain[kind]) do
      if role ~= "band" and role ~= "spikes" then
        local columns, rows = figure_with(kind, role, own)
        for _, name in ipairs(columns) do
          if not plain_rows[1][name] then
            local other_columns, other_rows = figure_with(kind, role, name)
            t.assertEquals(other_columns, columns, kind .. ": " .. role .. " is called " .. name)
            t.assertEquals(other_rows, rows, kind .. ": " .. role .. " is called " .. name)
          end
        end
      end
    end
  end
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
  local along = {}
  for i, p in ipairs { "a", "b", "c" } do along[i] = { p = p, p_at = 9 - 2 * i, value_low = i, a = i, b = 2 * i } end
  tsv = draw { rows = along, x = "p", y = "p_at", file = "named-texts" }
  t.assertStrContains(tsv, "p\tn\tp_at_\t")
  for _, row in ipairs { "a\t1\t7\t", "b\t1\t5\t", "c\t1\t3\t" } do t.assertStrContains(tsv, "\n" .. row) end
  t.assertStrContains((draw { rows = along, x = "value_low", y = { "a", "b" }, file = "named-list" }), "value_low_\t")
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

claims["cells of different values print alike only where there is no room, and nothing where there is none for two digits"] = function()
  local near, some, many = {}, {}, {}
  for m = 1, 4 do near[m] = { m = m, k = "a", z = 5.54 + m / 1000 } end
  for m = 1, 20 do some[m] = { m = m, k = "a", z = 5.54 + m / 1000 } end
  for m = 1, 30 do many[m] = { m = "label " .. m, k = "a", z = 5.54 + m / 1000 } end
  local tsv = draw { rows = near, x = "m", y = "k", z = "z", file = "near" }
  t.assertStrContains(tsv, "\t5.541\n")
  t.assertStrContains((draw { rows = some, x = "m", y = "k", z = "z", file = "some" }), "\t5.5\n")
  t.assertStrContains((draw { rows = many, x = "m", y = "k", z = "z", file = "many" }), "\t1\t-\n")
  t.assertNil(read(plots .. "many.gp"):find "with labels font")              -- gnuplot makes something of an empty text
  local ticks, shown = read(plots .. "many.gp"):match "set xtics (%b())", 0
  for _ in ticks:gmatch "'label" do shown = shown + 1 end
  t.assertEquals(shown, 15, ticks)
end

claims["panels have one height, also above a gap in the last row"] = function()
  local five = {}
  for p = 1, 5 do for x = 1, 3 do five[#five + 1] = { p = "panel " .. p, x = x, y = x * p } end end
  draw { rows = five, x = "x", y = "y", panel = "p", across = 3, file = "five" }
  local least, most, n = math.huge, 0, 0
  for top, bottom in read(plots .. "five.gp"):gmatch "tmargin at screen (%S+)%s+set bmargin at screen (%S+)" do
    least, most, n = math.min(least, top - bottom), math.max(most, top - bottom), n + 1
  end
  t.assertEquals(n, 5)
  t.assertTrue(most - least < 3e-4, "in four digits of the page")
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
  says("kind is pie; it takes one of box, contour, curves, heatmap, line, numberline, parallel, pareto, share, surface, violin", { rows = list, kind = "pie", file = "f" })
  says("file is a/b", { rows = list, x = "m", y = "error", file = "a/b" })
  says("file is nil", { rows = list, x = "m", y = "error" })
  says("plot: y: error is a number; curves takes a list for each point", { rows = list, kind = "curves", y = "error", file = "f" })
  says("plot: y: curve is a list; line takes one value for each point", { rows = list, x = "m", y = "curve", file = "f" })
  says("plot: series: curve is a list; share takes", { rows = list, kind = "share", x = "m", y = "bad", series = "curve", file = "f" })
  says("plot: z: curve is a list; heatmap takes", { rows = list, x = "m", y = "e", z = "curve", file = "f" })
  says("plot: x: kind is a string; logx takes numbers", { rows = list, x = "kind", y = "error", logx = true, file = "f" })
  says("z is missing", { rows = list, kind = "heatmap", x = "m", y = "e", file = "f" })
  says("band is sd; curves takes range or none", { rows = list, kind = "curves", y = "curve", band = "sd", file = "f" })
  says("band is se", { rows = list, x = "m", y = "error", band = "se", file = "f" })
  says("logy is a number; it takes a boolean", { rows = list, x = "m", y = "error", logy = 1, file = "f" })
  says("no finished points", { rows = {}, x = "m", y = "error", file = "f" })
  says("nothing to draw", { rows = { { m = 1, error = 0 / 0 } }, x = "m", y = "error", file = "f" })
  says("terminals: gif is none; there are cairolatex, pdf, png, svg, text", { rows = list, x = "m", y = "error", file = "f", terminals = { "gif" } })
  says("columns has 1 names; it takes two or more", { rows = list, columns = { "m" }, file = "f" })
  says("log: e is not among columns", { rows = list, columns = { "m", "error" }, log = { "e" }, file = "f" })
  says("log: kind is a string; log takes columns of numbers", { rows = list, columns = { "m", "kind" }, log = { "kind" }, file = "f" })
  says("width is -5; it takes 100 to 20000 pixels", { rows = list, x = "m", y = "error", width = -5, file = "f" })
  says("width is 420.5; it takes 100", { rows = list, x = "m", y = "error", width = 420.5, file = "f" })
  says("width is NaN; it takes 100", { rows = list, x = "m", y = "error", width = 0 / 0, file = "f" })
  says("across is 0; it takes 1 to 100 panels in a row", { rows = list, x = "m", y = "error", panel = "e", across = 0, file = "f" })
  says("across is 1.5; it takes 1", { rows = list, x = "m", y = "error", panel = "e", across = 1.5, file = "f" })
  for _, levels in ipairs { 0, -3, 2.5, 1 / 0 } do
    says("; it takes 1 to 1000 lines", { rows = list, kind = "contour", x = "m", y = "e", z = "error", levels = levels, file = "f" })
  end
  for _, levels in ipairs { {}, { "a" }, { 0 / 0 }, "many" } do
    says("it takes how many, or a list of heights", { rows = list, kind = "contour", x = "m", y = "e", z = "error", levels = levels, file = "f" })
  end
  says("maximize is z", { rows = list, kind = "pareto", x = "m", y = "error", maximize = "z", file = "f" })
  says("smooth is 1.5; it takes a decay of at least 0 and less than 1", { rows = list, kind = "curves", y = "curve", smooth = 1.5, file = "f" })
  says("y: error is 2.2 at a point; share takes true and false", { rows = { { m = 1, error = 2.2 } }, kind = "share", x = "m", y = "error", file = "f" })
  for _, key in ipairs { "x", "series", "panel" } do
    says(key .. ": k is NaN at a point", { rows = { { m = 1, error = 2, k = 0 / 0 } }, x = "m", y = "error", file = "f", [key] = "k" })
  end
  says("y: k is NaN at a point", { rows = { { m = 1, error = 2, k = 0 / 0 } }, x = "m", y = "k", z = "error", file = "f" })
  says("spikes is often; it takes rise or residual", { rows = list, kind = "curves", y = "curve", spikes = "often", file = "f" })
  says("it takes a table", nil)
end

claims["the folder of the tests is removed"] = function()
  if run.opened then run.opened:close() end
  run.opened = nil
  t.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims:run()
