-- report-html.lua - pieces of HTML: escaped text, paragraphs, tables, parts that fold.

local html = {}

local escapes = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

function html.escape(text)
  text = tostring(text)
  if not utf8.len(text) then text = text:gsub("[\128-\255]", "\u{fffd}") end
  return (text:gsub("[&<>\"']", escapes):gsub("[%z\1-\8\11\12\14-\31]", ""))
end
local escape = html.escape

-- Paragraphs are parted by empty lines; `text` in backquotes is code.
function html.prose(text)
  local out = {}
  for paragraph in (tostring(text) .. "\n\n"):gmatch "(.-)\n%s*\n" do
    if paragraph:find "%S" then
      out[#out + 1] = "<p>" .. escape(paragraph):gsub("`([^`\n]+)`", "<code>%1</code>") .. "</p>"
    end
  end
  return table.concat(out, "\n")
end

function html.pre(text)
  return '<pre tabindex="0">' .. escape(text) .. "</pre>"
end

function html.fold(summary, body, open)
  return ("<details%s><summary>%s</summary>\n%s\n</details>"):format(open and " open" or "", escape(summary), body)
end

local function cell_text(value)
  if type(value) == "number" and math.type(value) == "float" then return ("%.5g"):format(value) end
  if value == true then return "yes" elseif value == false then return "no" end
  return value == nil and "\u{2013}" or tostring(value)
end

-- A row is a list, or has the columns as names.
local function value_at(row, columns, c)
  local value = row[columns[c]]
  if value == nil then value = row[c] end
  return value
end

-- Numbers stand to the right; where they are shown shorter than they are, `data-v` has them whole, to sort by.
local function cell(value, heads_row)
  local class, exact, text = "", "", cell_text(value)
  if type(value) == "number" then
    class = ' class="n"'
    local whole = ("%.17g"):format(value)
    if tonumber(text) ~= value then exact = (' data-v="%s"'):format(whole) end
  end
  if heads_row then return ('<th scope="row"%s%s>%s</th>'):format(class, exact, escape(text)) end
  return ("<td%s%s>%s</td>"):format(class, exact, escape(text))
end

-- Whether the first value that a column has is a number.
local function is_numeric(list, columns, c)
  for _, row in ipairs(list) do
    local value = value_at(row, columns, c)
    if value ~= nil then return type(value) == "number" end
  end
  return false
end

---A table. `options`: caption; head (the first column heads its row); sort (the page's script makes it sortable and
---filterable); told (the caption is for screen readers: it stands above already); prose (cells hold sentences, which need room); pre (the columns, by name, whose texts keep their lines).
function html.table(columns, list, options)
  options = options or {}
  local label = escape(options.caption or columns[1] or "table")
  local out = { ('<div class="wide%s" tabindex="0" role="region" aria-label="%s"><table%s>'):format(
    (options.sort and " tall" or "") .. (options.prose and " prose" or ""), label, options.sort and ' class="sortable"' or "") }
  if options.caption then out[#out + 1] = (options.told and '<caption class="told">' or "<caption>") .. label .. "</caption>" end
  out[#out + 1] = "<thead><tr>"
  for c, name in ipairs(columns) do
    out[#out + 1] = ('<th scope="col"%s>%s</th>'):format(is_numeric(list, columns, c) and ' class="n"' or "", escape(name))
  end
  out[#out + 1] = "</tr></thead><tbody>"
  for _, row in ipairs(list) do
    local cells = {}
    for c, name in ipairs(columns) do
      local value = value_at(row, columns, c)
      if options.pre and options.pre[name] and value then
        cells[c] = '<td><div class="lines">' .. escape(value) .. "</div></td>"
      else
        cells[c] = cell(value, c == 1 and options.head)
      end
    end
    out[#out + 1] = "<tr>" .. table.concat(cells) .. "</tr>"
  end
  out[#out + 1] = "</tbody></table></div>"
  return table.concat(out, "\n")
end

return html
