-- report.lua - report.html: one page that shows a run and how to repeat it; nothing in it is loaded from elsewhere.

local lab = require("halfulp.core").lab
local run = require "halfulp.run"
local rows = require "halfulp.rows"

local report = {}

local most_points, most_data_bytes = 2000, 60000

-- ---- HTML ----

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(text)
  text = tostring(text)
  if not utf8.len(text) then text = text:gsub("[\128-\255]", "\u{fffd}") end
  return (text:gsub("[&<>\"']", escapes):gsub("[%z\1-\8\11\12\14-\31]", ""))
end

-- Paragraphs are parted by empty lines; `text` in backquotes is code.
local function prose(text)
  local out = {}
  for paragraph in (tostring(text) .. "\n\n"):gmatch "(.-)\n%s*\n" do
    if paragraph:find "%S" then
      out[#out + 1] = "<p>" .. escape(paragraph):gsub("`([^`\n]+)`", "<code>%1</code>") .. "</p>"
    end
  end
  return table.concat(out, "\n")
end

local function cell_text(value)
  if type(value) == "number" and math.type(value) == "float" then return ("%.5g"):format(value) end
  if value == true then return "yes" elseif value == false then return "no" end
  return value == nil and "\u{2013}" or tostring(value)
end

-- A table with a caption; the first column heads its row where `head` is set. A row is a list, or has the columns as names.
local function html_table(columns, list, caption, head)
  local out = { '<div class="wide"><table>' }
  if caption then out[#out + 1] = "<caption>" .. escape(caption) .. "</caption>" end
  out[#out + 1] = "<thead><tr>"
  for c, name in ipairs(columns) do
    local first = list[1] and (list[1][name] == nil and list[1][c] or list[1][name])
    out[#out + 1] = ('<th scope="col"%s>%s</th>'):format(type(first) == "number" and ' class="n"' or "", escape(name))
  end
  out[#out + 1] = "</tr></thead><tbody>"
  for _, row in ipairs(list) do
    local cells = {}
    for c, name in ipairs(columns) do
      local value = row[name]
      if value == nil then value = row[c] end
      local class = type(value) == "number" and ' class="n"' or ""
      local text = escape(cell_text(value))
      cells[c] = c == 1 and head and ('<th scope="row"%s>%s</th>'):format(class, text) or ("<td%s>%s</td>"):format(class, text)
    end
    out[#out + 1] = "<tr>" .. table.concat(cells) .. "</tr>"
  end
  out[#out + 1] = "</tbody></table></div>"
  return table.concat(out, "\n")
end

local function fold(summary, body)
  return ("<details><summary>%s</summary>\n%s\n</details>"):format(escape(summary), body)
end

local function read(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text = file:read "a"
  file:close()
  return text
end

-- gnuplot's SVG as part of the page: its ids get a prefix of their own, so that two pictures do not mix; what a
-- screen reader says of it stands in aria-label.
local function inline_svg(text, prefix, label)
  local head, body = text:match "<svg(.-)>(.*)</svg>"
  if not body then return nil end
  local box = head:match 'viewBox="([^"]+)"' or "0 0 420 300"
  local width = tonumber(box:match "^%S+%s+%S+%s+(%S+)") or 420
  body = body:gsub("<title>.-</title>", ""):gsub("<desc>.-</desc>", ""):gsub("<!%-%-.-%-%->", "")
  body = body:gsub("(%s)id=([\"'])([^\"']+)", "%1id=%2" .. prefix .. "%3")
  body = body:gsub("url%((['\"]?)#", "url(%1#" .. prefix):gsub("href=([\"'])#", "href=%1#" .. prefix)
  return ('<svg viewBox="%s" role="img" aria-label="%s" style="width:%dpx" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%s</svg>')
    :format(escape(box), escape(label), math.floor(width * 1.25), body)
end

local function html_figure(figure, folder, number)
  local name = figure.file
  local svg = read(folder .. "/plots/" .. name .. ".svg")
  local caption = figure.caption or figure.title or name
  local picture = svg and inline_svg(svg, ("f%d-"):format(number), figure.alt or caption)
  if not picture then
    return ('<p class="missing">The figure %s was not drawn: plots/%s.svg is missing.</p>'):format(escape(name), escape(name))
  end
  local data = read(folder .. "/plots/" .. name .. ".tsv")
  local shown = ""
  if data and #data <= most_data_bytes then
    shown = fold("Data of this figure", '<pre tabindex="0">' .. escape(data) .. "</pre>")
  end
  return ("<figure id=\"figure-%d\">\n%s\n<figcaption><b>Figure %d.</b> %s <span class=\"file\">plots/%s.svg, .png, .gp, .tsv</span></figcaption>\n%s</figure>")
    :format(number, picture, number, escape(caption), escape(name), shown)
end

local style = [[
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #595959; --paper: #ffffff; --line: #d0d0d0; --shade: #f4f4f2; --link: #00568c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e6; --soft: #a8a8a4; --paper: #17191c; --line: #3c4046; --shade: #22252a; --link: #7cc4f0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; font: 1rem/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
a { color: var(--link); }
p { max-width: 46rem; margin: .6rem 0; }
.by, .file, caption { color: var(--soft); font-size: .9rem; }
nav ul { padding-left: 1.2rem; margin: .6rem 0; }
figure { margin: 1.4rem 0; }
figure svg { display: block; max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); border-radius: 4px; }
figcaption { max-width: 46rem; margin-top: .4rem; }
.file { display: block; font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .78rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .92rem; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
thead th { border-bottom: 2px solid var(--soft); white-space: nowrap; }
pre { overflow-x: auto; max-height: 32rem; padding: .7rem .9rem; background: var(--shade); border-radius: 4px; font: .84rem/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .92em; }
summary { cursor: pointer; color: var(--link); }
details { margin: .6rem 0; }
.missing { border-left: 4px solid #d55e00; padding-left: .7rem; }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; --shade: #f4f4f4; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  figure, tr { break-inside: avoid; }
  figure svg { border: none; }
  pre { max-height: none; white-space: pre-wrap; }
  nav { display: none; }
}
]]

-- ---- what a report says, kept beside it so that `halfulp report DIR` can write it anew ----

local function serialize(value, indent)
  if type(value) == "table" then
    local keys, out = {}, {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b)
      if type(a) == type(b) then return a < b end
      return type(a) == "number"
    end)
    for _, key in ipairs(keys) do
      out[#out + 1] = ("%s  [%s] = %s"):format(indent, type(key) == "string" and ("%q"):format(key) or tostring(key), serialize(value[key], indent .. "  "))
    end
    return "{\n" .. table.concat(out, ",\n") .. "\n" .. indent .. "}"
  end
  return ("%q"):format(value)
end

local function deserialize(text)
  local chunk = load(text, "=report.lua", "t", {})
  local ok, spec = pcall(chunk or error)
  return ok and type(spec) == "table" and spec or nil
end

-- ---- the page ----

-- The fields of manifest.json, which has one a line.
local function manifest_fields(json)
  local list, map = {}, {}
  for name, value in json:gmatch '\n  "([^"]+)": ([^\n]*)' do
    value = value:gsub(",$", "")
    local text = value:match '^"(.*)"$'
    if text then
      value = text:gsub("\\u(%x%x%x%x)", function(hex) return utf8.char(tonumber(hex, 16)) end):gsub("\\(.)", "%1")
    end
    list[#list + 1] = { name, value }
    map[name] = value
  end
  return list, map
end

-- The counts of a manifest are written at the end of a run: those of one that is going on, or was killed, come from the store.
local function count_points(fields, map, points)
  if map.state ~= "running" then return end
  local counts = { points_done = 0, points_failed = 0 }
  for _, point in ipairs(points) do
    local name = point.state == "done" and "points_done" or point.state == "failed" and "points_failed"
    if name then counts[name] = counts[name] + 1 end
  end
  for _, field in ipairs(fields) do field[2] = counts[field[1]] or field[2] end
end

local section_fields = { title = true, text = true, figures = true, tables = true, published = true, code = true }

local function html_published(list)
  local cells = {}
  for i, row in ipairs(list) do
    cells[i] = { row.claim, row.published, row.here, row.holds == nil and "\u{2013}" or row.holds == true and "yes" or row.holds == false and "no" or row.holds }
  end
  return html_table({ "What was published", "published", "here", "holds here" }, cells, nil, true)
end

local function html_section(section, folder, counter)
  local out = {}
  if section.text then out[#out + 1] = prose(section.text) end
  if section.published then out[#out + 1] = html_published(section.published) end
  for _, figure in ipairs(section.figures or {}) do
    counter.n = counter.n + 1
    out[#out + 1] = html_figure(type(figure) == "string" and { file = figure } or figure, folder, counter.n)
  end
  for _, t in ipairs(section.tables or {}) do
    out[#out + 1] = html_table(t.columns or rows.columns(t.rows), t.rows, t.caption, t.head ~= false)
  end
  if section.code then out[#out + 1] = "<pre tabindex=\"0\">" .. escape(section.code) .. "</pre>" end
  return table.concat(out, "\n")
end

-- All points of the store, a table a sweep, and the failed ones with their reasons.
local function html_points(points)
  local sweeps, order, failed, out = {}, {}, {}, {}
  for _, point in ipairs(points) do
    if not sweeps[point.sweep] then
      sweeps[point.sweep] = {}
      order[#order + 1] = point.sweep
    end
    local row = {}
    for name, value in pairs(point.params) do row[name] = value end
    for name, value in pairs(point.results) do row[name] = value end
    row.state = point.state
    table.insert(sweeps[point.sweep], row)
    if point.state == "failed" then failed[#failed + 1] = { point.sweep, point.json, point.failure } end
  end
  if #failed > 0 then
    out[#out + 1] = html_table({ "sweep", "parameters", "error" }, failed, ("%d points failed"):format(#failed))
  end
  for _, name in ipairs(order) do
    local list, shown = sweeps[name], sweeps[name]
    local title = ("Sweep \u{201c}%s\u{201d}: %d points"):format(name, #list)
    if #list > most_points then
      shown = table.move(list, 1, most_points, 1, {})
      title = title .. (", the first %d"):format(most_points)
    end
    out[#out + 1] = fold(title, html_table(rows.columns(list), shown))
  end
  return table.concat(out, "\n")
end

---The page as text.
---@param spec table        title, lead, sections
---@param folder string     the run directory
---@param manifest string   JSON
---@param points table[]    rows of the store
---@param script string?    the script's text
function report.page(spec, folder, manifest, points, script)
  local fields, map = manifest_fields(manifest)
  count_points(fields, map, points)
  local title = spec.title or map.script or "A run of halfulp"
  local out, links, counter = {}, {}, { n = 0 }
  local function section(id, heading, body)
    links[#links + 1] = ('<li><a href="#%s">%s</a></li>'):format(id, escape(heading))
    out[#out + 1] = ('<section id="%s" aria-labelledby="%s-h">\n<h2 id="%s-h">%s</h2>\n%s\n</section>'):format(id, id, id, escape(heading), body)
  end
  for i, one in ipairs(spec.sections or {}) do
    section("section-" .. i, one.title or ("Section " .. i), html_section(one, folder, counter))
  end
  if #points > 0 then section("points", "Points", html_points(points)) end
  section("manifest", "How this was made", html_table({ "field", "value" }, fields, "manifest.json", true))
  local again = '<p>The same command in the same folder continues a run that was stopped; in an empty one it repeats it.</p>\n<pre tabindex="0">'
    .. escape(map.command or "") .. "</pre>"
  if script then again = again .. "\n" .. fold("The script", '<pre tabindex="0">' .. escape(script) .. "</pre>") end
  section("again", "To repeat it", again)
  return table.concat({
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<link rel="icon" href="data:,">',
    "<title>" .. escape(title) .. "</title>\n<style>\n" .. style .. "</style>\n</head>\n<body>\n<header>",
    "<h1>" .. escape(title) .. "</h1>",
    ('<p class="by">halfulp %s, %s, seed %s</p>'):format(escape(map.version or ""), escape(map.start or ""), escape(map.seed or "")),
    spec.lead and prose(spec.lead) or "",
    '</header>\n<nav aria-label="Contents"><ul>', table.concat(links, "\n"), "</ul></nav>\n<main>",
    table.concat(out, "\n"), "</main>\n</body>\n</html>\n",
  }, "\n")
end

local function fail(text, ...)
  error("report: " .. text:format(...), 4)
end

local function check(spec)
  local known = { title = true, lead = true, sections = true, file = true }
  if type(spec) ~= "table" then fail("it takes a table, for example {title = \"...\", sections = {...}}") end
  for key in pairs(spec) do
    if not known[key] then fail("unknown option %s; known: file, lead, sections, title", tostring(key)) end
  end
  for i, section in ipairs(spec.sections or {}) do
    if type(section) ~= "table" then fail("section %d is a %s; it takes a table", i, type(section)) end
    for key, value in pairs(section) do
      if not section_fields[key] then
        fail("section %d has the field %s; known: code, figures, published, tables, text, title", i, tostring(key))
      end
      local wants = (key == "title" or key == "text" or key == "code") and "string" or "table"
      if type(value) ~= wants then fail("%s of section %d is a %s; it takes a %s", key, i, type(value), wants) end
    end
    for _, t in ipairs(section.tables or {}) do
      if type(t) ~= "table" or type(t.rows) ~= "table" then fail("a table of section %d has no rows", i) end
    end
    for _, f in ipairs(section.figures or {}) do
      if type(f) ~= "string" and (type(f) ~= "table" or type(f.file) ~= "string") then
        fail("a figure of section %d is not a name or {file = name}", i)
      end
    end
  end
end

-- The sections with the captions that the figures were drawn with, where they have none of their own.
local function with_captions(sections)
  local drawn, out = {}, {}
  for _, figure in ipairs(require("halfulp.plot").drawn) do
    drawn[figure.file] = figure.caption or figure.title
    if figure.caption and figure.title then drawn[figure.file] = figure.title .. ". " .. figure.caption end
  end
  for i, section in ipairs(sections or {}) do
    local copy = {}
    for key, value in pairs(section) do copy[key] = value end
    if section.figures then
      copy.figures = {}
      for k, figure in ipairs(section.figures) do
        if type(figure) == "string" then figure = { file = figure } end
        copy.figures[k] = { file = figure.file, alt = figure.alt, caption = figure.caption or figure.title or drawn[figure.file] }
      end
    end
    out[i] = copy
  end
  return out
end

---Writes report.html into the run directory: one page with everything in it, which can be sent to somebody. It shows the
---sections, the points of the store, the manifest, the script, and the command that repeats the run.
---
---```lua
---hu.report {title = "Error against bits", sections = {
---  {title = "Sums", text = "Every bit halves the error.", figures = {{file = "error", caption = "Error of a sum."}}},
---}}
---```
---@param spec table  title, lead (text above all), sections: a list of {title, text, figures = {names of figures, or {file=, caption=, alt=}}, tables = {{rows=, columns=, caption=}}, published = {{claim=, published=, here=, holds=}}, code}; in a text, an empty line ends a paragraph and `backquotes` mark code
---@return string path
function report.report(spec)
  check(spec)
  local directory, settings = run.directory(), run.settings()
  local folder = directory.path
  local path = folder .. "/" .. (spec.file or "report.html")
  directory:state "finished"
  local script = settings.script and read(settings.script)
  spec = { title = spec.title, lead = spec.lead, sections = with_captions(spec.sections) }
  run.call(0, lab.write_file, folder .. "/report.lua", "-- What report.html says; `halfulp report` reads it.\nreturn "
    .. serialize({ title = spec.title, lead = spec.lead, sections = spec.sections, script = script }, "") .. "\n")
  run.call(0, lab.write_file, path, report.page(spec, folder, read(folder .. "/manifest.json") or "", directory:rows(), script))
  return path
end

---Writes the report of a run directory from its store, without its script; for `halfulp report DIR`.
---@param folder string
---@param options table?  {out = the file; report.html in the folder where absent}
---@return string path
function report.of(folder, options)
  local points, manifest = rows.stored(folder)
  local kept = read(folder .. "/report.lua")
  local spec = kept and deserialize(kept)
  if not spec then
    local figures = {}
    for _, name in ipairs(lab.files(folder .. "/plots") or {}) do
      if name:find "%.svg$" then figures[#figures + 1] = (name:gsub("%.svg$", "")) end
    end
    spec = { sections = #figures > 0 and { { title = "Figures", figures = figures } } or {} }
  end
  local path = options and options.out or folder .. "/report.html"
  run.call(0, lab.write_file, path, report.page(spec, folder, manifest, points, spec.script))
  return path
end

return report
