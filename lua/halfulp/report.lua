-- report.lua - report.html: one page that shows a run and how to repeat it; nothing in it is loaded from elsewhere.

local lab = require("halfulp.core").lab
local run = require "halfulp.run"
local rows = require "halfulp.rows"
local check_options = require "halfulp.options"
local keys = require "halfulp.keys"
local html = require "halfulp.report-html"
local html_figure = require "halfulp.report-figure"
local published = require "halfulp.report-published"
local style = require "halfulp.report-style"
local behavior = require "halfulp.report-script"
local escape, prose, html_table, fold = html.escape, html.prose, html.table, html.fold

local report = {}

local most_points = 2000

local function read(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text = file:read "a"
  file:close()
  return text
end

-- ---- what a report says, kept beside it so that `halfulp report DIR` can write it anew ----

local function serialize(value, indent)
  if type(value) == "table" then
    local out = {}
    for _, key in ipairs(keys(value)) do
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

local function unescape(text)
  return (text:gsub("\\u(%x%x%x%x)", function(hex) return utf8.char(tonumber(hex, 16)) end):gsub("\\(.)", "%1"))
end

-- The policies of the training runs: digest and text of each.
local function policies_text(json)
  local list = {}
  for digest, text in json:gmatch '"(%x+)": "(.-[^\\])"' do
    list[#list + 1] = digest .. ": " .. unescape(text):gsub("%s*\n%s*", "; ")
  end
  return #list > 0 and table.concat(list, ". ") or "none"
end

-- The fields of manifest.json, which has one a line.
local function manifest_fields(json)
  local list, map = {}, {}
  for name, value in json:gmatch '\n  "([^"]+)": ([^\n]*)' do
    value = value:gsub(",$", "")
    local text = value:match '^"(.*)"$'
    if text then value = unescape(text) elseif name == "policies" then value = policies_text(value) end
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

local function html_section(section, folder, counter)
  local out = {}
  if section.text then out[#out + 1] = prose(section.text) end
  if section.published then out[#out + 1] = published.list(section.published) end
  for _, figure in ipairs(section.figures or {}) do
    counter.n = counter.n + 1
    out[#out + 1] = html_figure(type(figure) == "string" and { file = figure } or figure, folder, counter.n, read)
  end
  for _, t in ipairs(section.tables or {}) do
    out[#out + 1] = html_table(t.columns or rows.columns(t.rows), t.rows, { caption = t.caption, head = t.head ~= false, sort = #t.rows >= 8 })
  end
  if section.code then out[#out + 1] = html.pre(section.code) end
  return table.concat(out, "\n")
end

-- The columns of the points of a sweep: its parameters, what came out, and how it ended, where that differs.
local function point_columns(list)
  local params, results, seen = {}, {}, {}
  for _, point in ipairs(list) do
    for name in pairs(point.params) do
      if not seen[name] then params[#params + 1], seen[name] = name, true end
    end
  end
  for _, point in ipairs(list) do
    for name, value in pairs(point.results) do
      if not seen[name] and type(value) ~= "table" and type(value) ~= "userdata" then results[#results + 1], seen[name] = name, true end
    end
  end
  table.sort(params)
  table.sort(results)
  table.move(results, 1, #results, #params + 1, params)
  params[#params + 1] = "state"
  return params
end

local function point_row(point)
  local row = { state = point.state }
  for name, value in pairs(point.results) do row[name] = value end
  for name, value in pairs(point.params) do row[name] = value end
  return row
end

-- "exponent 2, mantissa 7".
local function text_of_params(params)
  local names = keys(params)
  for i, name in ipairs(names) do names[i] = ("%s %s"):format(name, rows.text(params[name])) end
  return table.concat(names, ", ")
end

-- What failed, with the reason, the signal that ended it, and the last lines that it printed.
local function html_failures(points)
  local list, columns = {}, { "sweep", "parameters", "error" }
  local has = {}
  for _, point in ipairs(points) do
    if point.state == "failed" then
      local signal = point.signal and point.signal ~= 0 and point.signal or nil
      local output = point.output ~= "" and point.output or nil
      local attempts = point.attempts and point.attempts > 1 and point.attempts or nil
      has.signal, has.output, has.attempts = has.signal or signal, has.output or output, has.attempts or attempts
      list[#list + 1] = { sweep = point.sweep, parameters = text_of_params(point.params), error = point.failure, signal = signal,
        attempts = point.attempts, ["last lines"] = output }
    end
  end
  if #list == 0 then return nil end
  if has.signal then columns[#columns + 1] = "signal" end
  if has.attempts then columns[#columns + 1] = "attempts" end
  if has.output then columns[#columns + 1] = "last lines" end
  local caption = ("%d %s failed"):format(#list, #list == 1 and "point" or "points")
  return html_table(columns, list, { caption = caption, sort = #list >= 8, pre = { ["last lines"] = true, error = true } })
end

-- All points of the store, a table a sweep.
local function html_points(points)
  local sweeps, order, out = {}, {}, {}
  for _, point in ipairs(points) do
    if not sweeps[point.sweep] then
      sweeps[point.sweep] = {}
      order[#order + 1] = point.sweep
    end
    table.insert(sweeps[point.sweep], point)
  end
  for i, name in ipairs(order) do
    local list, shown = sweeps[name], {}
    for k = 1, math.min(#list, most_points) do shown[k] = point_row(list[k]) end
    local title = ("Sweep \u{201c}%s\u{201d}: %d %s"):format(name, #list, #list == 1 and "point" or "points")
    if #list > most_points then title = title .. (", the first %d"):format(most_points) end
    out[#out + 1] = fold(title, html_table(point_columns(list), shown, { caption = title, told = true, sort = true }), i <= 3)
  end
  return table.concat(out, "\n")
end

-- How many points, and how they ended: what a reader wants to know first.
local function html_counts(points)
  local counts = { done = 0, failed = 0, planned = 0 }
  for _, point in ipairs(points) do counts[point.state] = (counts[point.state] or 0) + 1 end
  if #points == 0 then return "" end
  local parts = { ("%d of %d points done"):format(counts.done, #points) }
  if counts.failed > 0 then parts[#parts + 1] = ('<a class="bad" href="#failures">%d failed</a>'):format(counts.failed) end
  if counts.planned > 0 then parts[#parts + 1] = ("%d not computed"):format(counts.planned) end
  return '<p class="by">' .. table.concat(parts, ", ") .. "</p>"
end

-- How to get the same again.
local function html_again(map, script)
  local out = { "<p>The same command in the same folder continues a run that was stopped; in an empty one it repeats it.</p>", html.pre(map.command or "") }
  out[#out + 1] = script and fold("The script", html.pre(script)) or "<p>The script's text was not kept.</p>"
  return table.concat(out, "\n")
end

-- Nothing may be loaded, whatever a title or an error says.
local policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

local function html_head(title)
  return table.concat({
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
    ('<meta http-equiv="Content-Security-Policy" content="%s">'):format(policy),
    '<meta name="viewport" content="width=device-width, initial-scale=1">', '<link rel="icon" href="data:,">',
    "<title>" .. escape(title) .. "</title>\n<style>\n" .. style .. "</style>\n</head>",
  }, "\n")
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
  for i, one in ipairs(published.files(folder, read)) do section("published-" .. i, one.title, one.body) end
  local failures = html_failures(points)
  if failures then section("failures", "What failed", failures) end
  if #points > 0 then section("points", "Points", html_points(points)) end
  section("manifest", "How this was made", html_table({ "field", "value" }, fields, { caption = "manifest.json", head = true }))
  section("again", "To repeat it", html_again(map, script))
  return table.concat({
    html_head(title), "<body>\n<header>", "<h1>" .. escape(title) .. "</h1>",
    ('<p class="by">halfulp %s, %s, seed %s</p>'):format(escape(map.version or ""), escape(map.start or ""), escape(map.seed or "")),
    html_counts(points), spec.lead and prose(spec.lead) or "",
    '</header>\n<nav aria-label="Contents"><ul>', table.concat(links, "\n"), "</ul></nav>\n<main>",
    table.concat(out, "\n"), "</main>\n<script>\n" .. behavior .. "</script>\n</body>\n</html>\n",
  }, "\n")
end

local function fail(text, ...)
  error("report: " .. text:format(...), 4)
end

local function check(spec)
  if type(spec) ~= "table" then fail("it takes a table, for example {title = \"...\", sections = {...}}") end
  check_options("report", spec, { "title", "lead", "sections", "file" }, 3)
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

---Writes the report of a run directory from its store, without running its script; for `halfulp report DIR`.
---@param folder string
---@param options table?  {out = the file; report.html in the folder where absent}
---@return string path
function report.of(folder, options)
  local points, manifest, script = rows.stored(folder)
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
  run.call(0, lab.write_file, path, report.page(spec, folder, manifest, points, script or spec.script))
  return path
end

return report
