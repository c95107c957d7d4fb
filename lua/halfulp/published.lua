-- published.lua - what a paper says beside what was measured here: the table "published / here" of a reproduction.

local lab = require("halfulp.core").lab
local rows = require "halfulp.rows"
local run = require "halfulp.run"
local check_options = require "halfulp.options"

---@class hu.published.table  claims of one source, each with what was measured
---@field source string
---@field list table[]        {what=, published=, here=, verdict= "as published", "differs" or "not tested", note=}
local Published = {}
Published.__index = Published
Published.__name = "published"

local function text_of(value, digits)
  if type(value) ~= "number" then return tostring(value) end
  if math.type(value) == "integer" then return tostring(value) end
  if value ~= value then return "NaN" end
  return (("%%.%dg"):format(digits or 5)):format(value)
end

local function check(options, allowed, what)
  if type(options) ~= "table" then error(("published: %s is a %s; it takes a table"):format(what, type(options)), 3) end
  check_options("published", options, allowed, 3, "field")
  if type(options.what) ~= "string" then error("published: what is missing; it takes a text that says what was measured", 3) end
end

local number_fields = { "what", "published", "here", "within", "relative", "digits", "note" }

---A figure of the source beside one of ours. It is as published within `within` (absolute) or `relative` of it; without either, where both print
---alike in `digits` digits.
---@param options table {what = text, published = number, here = number (nil: not tested), within=, relative=, digits = shown (5), note = text}
---@return boolean|nil as_published
function Published:number(options)
  check(options, number_fields, "a number")
  local want, got = options.published, options.here
  if type(want) ~= "number" then error(("published: %s: published is %s; it takes a number"):format(options.what, tostring(want)), 2) end
  if got ~= nil and type(got) ~= "number" then error(("published: %s: here is %s; it takes a number"):format(options.what, tostring(got)), 2) end
  local room = options.within or options.relative and options.relative * math.abs(want)
  local same
  if got ~= nil and room then same = math.abs(got - want) <= room or got == want end
  if got ~= nil and not room then same = text_of(got, options.digits) == text_of(want, options.digits) end
  self:keep(options, same, text_of(want, options.digits), got ~= nil and text_of(got, options.digits) or "-")
  return same
end

local claim_fields = { "what", "published", "here", "holds", "note" }

---A statement of the source, an ordering or a shape, beside what was seen.
---@param options table {what = text, published = text or number, here = text or number, holds = whether it is so (nil: not tested), note = text}
---@return boolean|nil holds
function Published:claim(options)
  check(options, claim_fields, "a claim")
  self:keep(options, options.holds, text_of(options.published), options.here ~= nil and text_of(options.here) or "-")
  return options.holds
end

function Published:keep(options, same, published, here)
  local verdict = same == nil and "not tested" or same and "as published" or "differs"
  self.list[#self.list + 1] = { what = options.what, published = published, here = here, verdict = verdict, note = options.note }
end

---How many claims came out which way.
---@return table {["as published"]=, differs=, ["not tested"]=}
function Published:counts()
  local counts = { ["as published"] = 0, differs = 0, ["not tested"] = 0 }
  for _, line in ipairs(self.list) do counts[line.verdict] = counts[line.verdict] + 1 end
  return counts
end

local columns = { "what", "published", "here", "verdict" }

---The claims as text, and in the run directory as NAME.tsv.
---@param options? table {file = NAME without ending, "published"; false: no file}
---@return string
function Published:table(options)
  local name = "published"
  if options and options.file ~= nil then name = options.file end
  if name then
    local heads = { ("%s: what %s says, and what was measured here"):format(run.name(), self.source), "version: halfulp " .. lab.version }
    run.call(2, lab.write_file, run.file(name .. ".tsv"), rows.tsv(self.list, { "what", "published", "here", "verdict", "note" }, heads))
  end
  local head, widths, lines = { what = self.source, published = "published", here = "here", verdict = "" }, {}, {}
  for i, column in ipairs(columns) do
    widths[i] = utf8.len(head[column]) or #head[column]
    for _, line in ipairs(self.list) do widths[i] = math.max(widths[i], utf8.len(line[column]) or #line[column]) end
  end
  local function add(line)
    local cells = {}
    for i, column in ipairs(columns) do
      local text = line[column]
      cells[i] = text .. (" "):rep(widths[i] - (utf8.len(text) or #text))
    end
    lines[#lines + 1] = (table.concat(cells, "  "):gsub("%s+$", "")) .. (line.note and "  (" .. line.note .. ")" or "")
  end
  add(head)
  for _, line in ipairs(self.list) do add(line) end
  local counts = self:counts()
  lines[#lines + 1] = ("%d as published, %d differ, %d not tested"):format(counts["as published"], counts.differs, counts["not tested"])
  return table.concat(lines, "\n")
end

---A table of what a source says and what was measured here; it is generated, not typed.
---
---```lua
---local table = hu.published "J. Doe, 2020"
---table:number {what = "largest E4M3", published = 448, here = hu.format("e4m3fn").max}
---table:claim {what = "E5M2 reaches further", published = "yes", here = "yes", holds = hu.format("e5m2").max > 448}
---print(table:counts()["as published"], table:counts().differs)    --> 2	0
---```
---@param source string
---@return hu.published.table
local function published(source)
  if type(source) ~= "string" then error(("published: source is %s; it takes a text, such as \"arXiv:2405.18710\""):format(tostring(source)), 2) end
  return setmetatable({ source = source, list = {} }, Published)
end

return published
