-- report-published.lua - what was published beside what was measured here: from the report's own lists, and from the
-- tables that hu.published left in the run directory.

local lab = require("halfulp.core").lab
local html = require "halfulp.report-html"

local published = {}

local verdicts = { [true] = "yes", [false] = "no" }

---The list of a section: {claim=, published=, here=, holds=}.
function published.list(list)
  local cells = {}
  for i, row in ipairs(list) do
    cells[i] = { row.claim, row.published, row.here, row.holds == nil and "\u{2013}" or verdicts[row.holds] or row.holds }
  end
  return html.table({ "What was published", "published", "here", "holds here" }, cells, { caption = "What was published", told = true, head = true, prose = true })
end

-- Rows of a tab-separated text, its names, and its first line of remark; nil where it is not a table of hu.published.
local function parse(text)
  local head, names, list = nil, nil, {}
  for line in text:gmatch "[^\r\n]+" do
    if line:sub(1, 1) == "#" then
      head = head or line:gsub("^#%s*", "")
    else
      local cells = {}
      for cell in (line .. "\t"):gmatch "([^\t]*)\t" do cells[#cells + 1] = cell ~= "-" and cell or "\u{2013}" end
      if names then list[#list + 1] = cells else names = cells end
    end
  end
  if not names or table.concat(names, " ", 1, math.min(4, #names)) ~= "what published here verdict" then return nil end
  return list, names, head
end

---The tables in a run directory, as {title=, body=}.
---@param folder string
---@param read function  path -> text or nil
function published.files(folder, read)
  local out = {}
  for _, name in ipairs(lab.files(folder) or {}) do
    local text = name:find "%.tsv$" and read(folder .. "/" .. name)
    local list, names, head
    if text then list, names, head = parse(text) end
    if list then
      out[#out + 1] = { title = "Against what was published" .. (#out > 0 and (" (%s)"):format(name) or ""),
        body = html.table(names, list, { caption = head or name, head = true, prose = true, sort = #list >= 8 }) }
    end
  end
  return out
end

return published
