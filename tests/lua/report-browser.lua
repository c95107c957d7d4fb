-- report-browser.lua - report.html in a headless Chromium: it renders, sorts, filters, says nothing and asks for nothing.
local hu = require "halfulp"
local run = require "halfulp.run"
local claims, t = require("claims")()

local browser
for _, name in ipairs { "chromium", "chromium-browser", "google-chrome" } do
  if not browser and os.execute("command -v " .. name .. " >/dev/null 2>&1") then browser = name end
end

local folder = claims.tmpdir()
run.known = { args = {}, seed = 1, jobs = 1, out = folder .. "/run" }

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

-- Twelve points, of which one fails; errors in an order of their own, one of them not a number.
local errors = { 0.5, 1e-3, 2.0, 10, 0 / 0, 9, 1e-12, 0.25, 1 / 0, 3, 1.00000001 }

-- A figure of each kind, and what is told at one of its points.
local some, plane, cells = {}, {}, {}
for i = 1, 6 do some[i] = { k = i % 2 == 0 and "even" or "odd", a = i, b = (i - 3.0) ^ 2, good = i > 2, list = { i, i / 2, i / 4 } } end
for i = 0, 8 do plane[i + 1] = { u = i % 3 - 1, v = i // 3 - 1, w = (i % 3 - 1) ^ 2 + 2.0 * (i // 3 - 1) ^ 2 } end
for i = 1, 10 do
  for j = 1, 3 do cells[#cells + 1] = { mantissa = i, exponent = j, area = 100 * i + j, error = 2.0 ^ -i / (7 + j), format = ("e%dm%d"):format(j, i) } end
end
local kinds = {
  { rows = some, kind = "line", x = "a", y = "b", series = "k", told = "k odd, a 5, b 4" },
  { rows = cells, kind = "heatmap", x = "mantissa", y = "exponent", z = "error", logz = true, told = "mantissa 2, exponent 1, error 0.03125, n 1" },
  { rows = some, kind = "share", x = "k", y = "good", told = "k even, 2 of 3, share 0.66667, from 0.20766, to 0.93851" },
  { rows = some, kind = "curves", y = "list", series = "k", told = "k odd, step 1, median 3, low 1, high 5" },
  { rows = some, kind = "box", x = "k", y = "b", told = "k even, median 1, q1 1, q3 5, low 1, high 9, n 3" },
  { rows = some, kind = "violin", x = "k", y = "b", told = "k even, median 1, q1 1, q3 5, low 1, high 9, n 3" },
  { rows = cells, kind = "pareto", x = "area", y = "error", logy = true, label = "format", told = "format e3m1, area 103, error 0.05" },
  { rows = cells, kind = "parallel", columns = { "exponent", "mantissa", "area", "error" }, log = { "error" }, told = "area, 1003, point 30" },
  { kind = "numberline", formats = { "e2m1fn" }, told = "e2m1fn, 0.5, subnormal" },
  { rows = plane, kind = "contour", x = "u", y = "v", z = "w", told = "u 1, v -1, w 3" },
  { rows = plane, kind = "surface", x = "u", y = "v", z = "w", told = "u 1, v 0, w 1" },
}
-- Names below an axis that have no room beside one another; and values without a place on an axis.
local names = {}
for i = 1, 21 do names[i] = { format = ("e%dm%d%s"):format(1 + i % 7, i, i == 5 and "{bias=20,subnormals=flush}" or "fnuz"), error = 2.0 ^ -i, off = i % 5 == 0 and -1 or i % 7 == 0 and 0 / 0 or i, i = i } end
for _, kind in ipairs { "line", "box" } do
  kinds[#kinds + 1] = { rows = names, kind = kind, x = "format", y = "error", logy = true, file = kind .. "-named", told = kind == "line" and "format e2m1fnuz, error 0.5" or
    "format e2m1fnuz, median 0.5, q1 0.5, q3 0.5, low 0.5, high 0.5, n 1" }
end
kinds[#kinds + 1] = { rows = names, kind = "heatmap", x = "format", y = "i", z = "error", file = "heatmap-named", told = "format e2m1fnuz, i 1, error 0.5, n 1" }
kinds[#kinds + 1] = { rows = names, kind = "line", x = "i", y = "off", logy = true, file = "off", told = "i 5, off -1" }
kinds[#kinds + 1] = { rows = names, kind = "pareto", x = "i", y = "off", logy = true, file = "off-front", told = "i 5, off -1" }
local told = {}
for _, o in ipairs(kinds) do
  o.file = o.file or o.kind
  told[o.file], o.told = o.told, nil
  o.caption = o.file
end

local function page()
  if not run.opened then
    local sweep = hu.sweep { mantissa = hu.range(1, 12), name = { "<b>&" } }
    sweep:run(function(p)
      if p.mantissa == 12 then error("no <answer> & more") end
      return { error = errors[p.mantissa], note = p.mantissa % 3 == 0 and "weights too" or p.mantissa % 3 == 1 and "weights" or "all" }
    end, { quiet = true })
    if os.execute "command -v gnuplot >/dev/null" then
      sweep:plot { x = "mantissa", y = "error", file = "a", caption = "Errors" }
      for _, o in ipairs(kinds) do hu.plot(o) end
      hu.report { title = "A run", sections = { { title = "Figure", figures = { "a" } }, { title = "Kinds", figures = hu.column(kinds, "file") } } }
    else
      hu.report { title = "A run" }
    end
  end
  return read(folder .. "/run/report.html")
end

-- What a person does with the page, and what is to be seen then, a line each.
local driver = [=[
<script>
(function () {
  const said = [], say = (name, value) => said.push(name + ": " + value);
  const table = Array.from(document.querySelectorAll("#points table.sortable"))[0];
  const names = Array.from(table.tHead.rows[0].cells, (c) => c.textContent);
  const column = (name) => Array.from(table.tBodies[0].rows).filter((r) => !r.hidden).map((r) => r.cells[names.indexOf(name)].textContent).join(" ");
  const click = (name) => table.tHead.rows[0].cells[names.indexOf(name)].querySelector("button").click();
  const state = (name) => table.tHead.rows[0].cells[names.indexOf(name)].getAttribute("aria-sort");
  const input = table.closest("details").querySelector("input[type=search]");
  const filter = (text) => { input.value = text; input.dispatchEvent(new Event("input")); };
  say("names", names.join(" "));
  click("error"); say("up", column("error")); say("state up", state("error"));
  click("error"); say("down", column("error")); say("state down", state("error"));
  click("mantissa"); say("numbers", column("mantissa")); say("other", state("error"));
  filter("mantissa>9"); say("compared", column("mantissa"));
  say("counted", table.closest("details").querySelector("[role=status]").textContent);
  filter("FAILED"); say("text", column("mantissa"));
  filter("error<=1e-3 mantissa!=2"); say("both", column("mantissa"));
  filter("nothing-like-this"); say("none", column("mantissa") + ".");
  const counted = () => table.closest("details").querySelector("[role=status]").textContent;
  filter("mantissa > 9"); say("blanks", column("mantissa"));
  filter("  error <= 1e-3   Mantissa  !=2 "); say("blanks twice", column("mantissa"));
  filter("mantissa > 3 < 5"); say("words", column("mantissa") + ".");
  filter("mantissa >"); say("begun", column("mantissa"));
  filter("state = failed"); say("blanks and text", column("mantissa"));
  filter("mantisa > 3"); say("misspelled", column("mantissa") + "." + counted());
  filter("mantissa > 99"); say("too much", counted());
  filter("note = weights too"); say("two words", column("mantissa"));
  filter("note = Weights Too mantissa > 3"); say("two words and more", column("mantissa"));
  filter("note = weights"); say("one word", column("mantissa"));
  filter("note = weights b>"); say("one word and text", column("mantissa"));
  filter('note = "weights too" mantissa<5'); say("in quotes", column("mantissa"));
  filter("note != 'weights too' mantissa<5"); say("in other quotes", column("mantissa"));
  filter('note = "weights t'); say("half a quote", column("mantissa") + "." + counted());
  filter('"weights too"'); say("quoted text", column("mantissa"));
  filter("mantissa == 4"); say("twice equal", column("mantissa"));
  filter("mantissa => 10"); say("turned", column("mantissa"));
  filter("mantissa =< 2"); say("turned down", column("mantissa"));
  filter("mantissa <> 2 mantissa < 4"); say("unequal", column("mantissa"));
  filter("> 3 nowhere"); say("no column", column("mantissa") + "." + counted());
  filter("loss => 3"); say("no such column", counted());
  filter(""); say("all", column("mantissa"));
  say("label", input.labels.length + " " + input.labels[0].textContent.trim());
  input.focus(); say("focus", document.activeElement === input);
  say("buttons", Array.from(document.querySelectorAll("button")).every((b) => b.textContent && b.tabIndex === 0));
  window.dispatchEvent(new Event("beforeprint")); say("printed", document.querySelectorAll("details:not([open])").length);
  window.dispatchEvent(new Event("afterprint")); say("closed again", document.querySelectorAll("details:not([open])").length > 0);
  say("titles", Array.from(document.querySelectorAll("svg .p title"), (e) => e.textContent).slice(0, 2).join("; "));
  for (const figure of document.querySelectorAll("figure")) {
    const all = Array.from(figure.querySelectorAll("svg .p"), (p) => [p, p.querySelector("title").textContent]);
    const strange = Array.from(figure.querySelectorAll("svg title"), (e) => e.textContent).filter((e) => /using|gnuplot/i.test(e));
    const found = all.filter(([p, title]) => {
      p.scrollIntoView({block: "center", inline: "center"});
      const box = p.getBoundingClientRect();
      return [0.5, 0.3, 0.7].some((part) => {              // an axis may run through its middle
        const hit = document.elementFromPoint(box.x + part * box.width, box.y + part * box.height);
        return hit && hit.closest(".p") && hit.closest(".p").querySelector("title").textContent === title;
      });
    });
    const paper = figure.querySelector("svg").getBoundingClientRect();
    const texts = Array.from(figure.querySelectorAll("svg text"), (e) => [e.textContent.trim(), e.getBoundingClientRect()]).filter(([text, box]) => text && box.width);
    const bad = texts.filter(([text, a]) => a.left < paper.left - 1 || a.right > paper.right + 1 || a.top < paper.top - 3 || a.bottom > paper.bottom + 3).map(([text]) => text + " is cut");
    texts.forEach(([one, a], i) => texts.slice(0, i).forEach(([two, b]) => {
      // boxes are higher than letters
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), up = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const twice = one === two && Math.abs(a.left - b.left) + Math.abs(a.top - b.top) < 1;
      if (!twice && across > 1 && up > 0.45 * Math.min(a.height, b.height)) bad.push(one + " lies on " + two);
    }));
    say("texts " + figure.querySelector("figcaption").textContent.split(" ")[2], texts.length + " | " + bad.join("; "));
    say("figure " + figure.querySelector("figcaption").textContent.split(" ")[2], found.map(([p, title]) => title).join("; ") + " | " + all.length + " | " + strange.join("; "));
  }
  say("wide", document.documentElement.scrollWidth <= window.innerWidth);
  say("asked for", performance.getEntriesByType("resource").length);
  const color = getComputedStyle(document.body).backgroundColor;
  say("paper", color);
  const out = document.createElement("pre");
  out.id = "said";
  out.textContent = said.join("\n");
  document.body.append(out);
})();
</script>]=]

-- Options that keep the browser to itself; it is no program of ours, so that no sanitizer is loaded into it.
local start = "env -u LD_PRELOAD timeout 120 %s --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
  .. "--disable-component-update --disable-sync --user-data-dir='%s/profile' "

-- Whether the browser starts here at all; asked once.
local works
local function browser_works()
  if works == nil then
    local pipe = assert(io.popen((start .. "--dump-dom about:blank 2>/dev/null"):format(browser, folder)))
    works = pipe:read("a"):find "<html" ~= nil
    pipe:close()
  end
  return works
end

-- The page driven in a window of that width: what was said, and what the browser wrote to stderr about it.
local function drive(width, more)
  t.skipIf(not browser, "no browser: install chromium, in which report.html is sorted and filtered")
  t.skipIf(not browser_works(), "the browser " .. browser .. " shows no page here")
  local html = page():gsub("</body>", function() return driver .. "</body>" end)
  write(folder .. "/driven.html", html)
  os.execute(("rm -rf '%s/profile'"):format(folder))
  local command = (start .. "--window-size=%d,900 --enable-logging=stderr %s --dump-dom 'file://%s/driven.html' 2>'%s/stderr'")
    :format(browser, folder, width, more or "", folder, folder)
  local pipe = assert(io.popen(command))
  local dom = pipe:read "a"
  pipe:close()
  local said = {}
  for line in (dom:match '<pre id="said">(.-)</pre>' or ""):gmatch "[^\n]+" do
    local name, value = line:match "^(.-): (.*)$"
    said[name] = value:gsub("&gt;", ">"):gsub("&lt;", "<"):gsub("&amp;", "&")
  end
  return said, read(folder .. "/stderr")
end

local seen, stderr
local function driven()
  if not seen then seen, stderr = drive(1200) end
  return seen, stderr
end

claims["a click on a column's name sorts its numbers by what they are, up and down"] = function()
  local said = driven()
  t.assertEquals(said.names, "mantissa name error note state")
  t.assertEquals(said.up, "1e-12 0.001 0.25 0.5 1 2 3 9 10 inf nan \u{2013}")
  t.assertEquals(said.down, "inf 10 9 3 2 1 0.5 0.25 0.001 1e-12 nan \u{2013}")
  t.assertEquals({ said["state up"], said["state down"], said.other }, { "ascending", "descending", "null" })
  t.assertEquals(said.numbers, "1 2 3 4 5 6 7 8 9 10 11 12")
end

claims["a filter compares columns and looks for texts"] = function()
  local said = driven()
  t.assertEquals(said.compared, "10 11 12")
  t.assertEquals(said.counted, "3 of 12 rows")
  t.assertEquals(said.text, "12")
  t.assertEquals(said.both, "7")
  t.assertEquals(said.none, ".")
  t.assertEquals({ said.blanks, said["blanks twice"], said["blanks and text"] }, { "10 11 12", "7", "12" })
  t.assertEquals({ said.words, said.begun }, { "5 8.", "1 2 3 4 5 6 7 8 9 10 11 12" })
  t.assertEquals({ said.misspelled, said["too much"] }, { ".0 of 12 rows; no column is called mantisa", "0 of 12 rows" })
  t.assertEquals(said.all, "1 2 3 4 5 6 7 8 9 10 11 12")
end

claims["a filter takes values of several words, and signs as they are written elsewhere"] = function()
  local said = driven()
  t.assertEquals({ said["two words"], said["two words and more"] }, { "3 6 9", "6 9" })
  t.assertEquals({ said["one word"], said["one word and text"] }, { "1 4 7 10", "1 4 7 10" })
  t.assertEquals({ said["in quotes"], said["in other quotes"], said["half a quote"], said["quoted text"] },
    { "3", "1 2 4", "1 2 3 4 5 6 7 8 9 10 11 12.12 of 12 rows", "3 6 9" })
  t.assertEquals({ said["twice equal"], said.turned, said["turned down"], said.unequal }, { "4", "10 11 12", "1 2", "1 3" })
  t.assertEquals(said["no column"], ".0 of 12 rows; a comparison begins with a column, such as mantissa > 3")
  t.assertEquals(said["no such column"], "0 of 12 rows; no column is called loss")
end

claims["a keyboard and a screen reader reach everything"] = function()
  local said = driven()
  t.assertEquals(said.label, "1 Only rows with")
  t.assertEquals({ said.focus, said.buttons }, { "true", "true" })
end

claims["all is open on paper, and folded again after it"] = function()
  local said = driven()
  t.assertEquals({ said.printed, said["closed again"] }, { "0", "true" })
end

claims["the browser says nothing about the page, which asks for nothing"] = function()
  local said, log = driven()
  t.assertEquals(said["asked for"], "0")
  t.assertNil(log:match "[^\n]*CONSOLE[^\n]*")
end

claims["values stand at the points of a figure"] = function()
  t.skipIf(not os.execute "command -v gnuplot >/dev/null", "no gnuplot: install gnuplot-nox")
  t.assertEquals(driven().titles, "mantissa 1, error 0.5; mantissa 2, error 0.001")
end

claims["a pointer on a figure of any kind is told what is there, and nothing of how it was drawn"] = function()
  t.skipIf(not os.execute "command -v gnuplot >/dev/null", "no gnuplot: install gnuplot-nox")
  local said = driven()
  for kind, text in pairs(told) do
    local found, n, strange = (said["figure " .. kind] or ""):match "^(.*) | (%d+) | (.*)$"
    t.assertStrContains("; " .. tostring(found) .. ";", "; " .. text .. ";")
    t.assertEquals({ kind, strange }, { kind, "" })
    -- points can be hit, but for those that lie below others: no mark that was drawn after them covers all
    t.assertTrue(select(2, found:gsub(";", "")) + 1 >= 0.3 * tonumber(n), kind .. ": " .. said["figure " .. kind])
  end
end

claims["no text of a figure lies on another, and none is cut"] = function()
  t.skipIf(not os.execute "command -v gnuplot >/dev/null", "no gnuplot: install gnuplot-nox")
  local said = driven()
  for kind in pairs(told) do
    local n, bad = (said["texts " .. kind] or ""):match "^(%d+) | (.*)$"
    t.assertTrue(tonumber(n) > 5)
    t.assertEquals({ kind, bad }, { kind, "" })
  end
end

claims["nothing is wider than a phone, and the dark page is dark"] = function()
  local said = drive(500, "--blink-settings=preferredColorScheme=0")
  t.assertEquals(said.wide, "true")
  t.assertEquals(said.paper, "rgb(23, 25, 28)")
  t.assertEquals(driven().paper, "rgb(255, 255, 255)")
end

claims["the folder of the tests is removed"] = function()
  if run.opened then run.opened:close() end
  run.opened = nil
  t.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims:run()
