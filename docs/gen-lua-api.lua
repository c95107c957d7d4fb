-- gen-lua-api.lua - makes the manual of the Lua interface from the comments in lua/halfulp/*.lua.
--
--   lua5.4 docs/gen-lua-api.lua SOURCE-FOLDER markdown > docs/lua-api.md
--   lua5.4 docs/gen-lua-api.lua SOURCE-FOLDER man      > docs/halfulp-lua.3
--
-- A block of `---` lines (LuaLS notation: @param, @return, @field, @class) belongs to the next line: `function x.y(...)`,
-- `x.y = ...`, `local function x` where that is all that a file returns, or `local x = ...` for a class. Public names come from init.lua: `hu.y = x.y` makes x.y known as
-- hu.y, and `hu.x = require "halfulp.x"` whatever that file returns. A line `-- ---- title ----` in init.lua begins a section.

local generator = {}

-- ---- reading ----

local function read_lines(path)
  local lines = {}
  for line in assert(io.open(path)):lines() do
    lines[#lines + 1] = line
  end
  return lines
end

--- The Lua files of the library, init.lua first, as lua/local.mk lists them.
local function library_files(source)
  local files = {}
  for _, line in ipairs(read_lines(source .. "/lua/local.mk")) do
    local name = line:match "^dist_halfulplua_DATA %+= lua/halfulp/([%w-]+)%.lua$"
    files[#files + 1] = name
  end
  assert(files[1] == "init", "lua/local.mk lists no lua/halfulp/init.lua, or not first")
  return files
end

--- "type rest" of a @param, @field or @return: the type ends at a space outside brackets, but for a function's result.
local function split_type(text)
  local depth, i = 0, 1
  while i <= #text do
    local c = text:sub(i, i)
    if c:match "[%(<{]" then depth = depth + 1 end
    if c:match "[%)>}]" then depth = depth - 1 end
    if c == " " and depth == 0 and text:sub(i - 1, i - 1) ~= ":" then break end
    i = i + 1
  end
  return text:sub(1, i - 1), (text:sub(i):gsub("^%s+", ""))
end

--- A block of comment lines, without the dashes, as {text = lines, params = , returns = , fields = , class = }.
local function parse_block(lines)
  local block = {text = {}, params = {}, returns = {}, fields = {}}
  local spaced = true                     -- "--- text" or "---text" throughout
  for _, line in ipairs(lines) do spaced = spaced and (line == "" or line:match "^ " ~= nil) end
  for _, line in ipairs(lines) do
    if spaced then line = line:sub(2) end
    local tag, rest = line:match "^@(%w+)%s*(.*)$"
    if tag == "param" or tag == "field" then
      local name, after = rest:match "^(%S+)%s+(.*)$"
      local kind, text = split_type(after)
      local optional = name:match "%?$" or kind:match "%?$"
      local list = tag == "param" and block.params or block.fields
      list[#list + 1] = {name = name:gsub("%?$", ""), type = kind:gsub("%?$", ""), text = text, optional = optional ~= nil}
    elseif tag == "return" then
      local kind, text = split_type(rest)
      block.returns[#block.returns + 1] = {type = kind, text = text}
    elseif tag == "class" then
      local name, text = rest:match "^([%w_.]+)%s*:?%s*(.*)$"
      block.class = name
      if text ~= "" then table.insert(block.text, 1, text:sub(1, 1):upper() .. text:sub(2) .. ".") end
    elseif not tag then
      block.text[#block.text + 1] = line
    end
  end
  while block.text[#block.text] == "" do table.remove(block.text) end
  return block
end

--- What a line of code gives a name to.
local function named_by(line)
  return line:match "^function ([%w_.:]+)%s*%(" or line:match "^local function ([%w_]+)%s*%(" or line:match "^([%w_]+[%w_.]*%.[%w_]+)%s*=[^=]"
end

--- One file as {items = in order, returns = name of what it returns}. Items: documented names, classes, aliases, sections.
local function parse_file(path)
  local file, pending, lines = {items = {}}, nil, read_lines(path)
  local function add(item) file.items[#file.items + 1] = item end
  for number = 1, #lines + 1 do
    local line = lines[number] or ""
    local comment = line:match "^%-%-%-(.*)$"
    if comment and not comment:match "^%-+$" then
      pending = pending or {}
      pending[#pending + 1] = comment
    else
      local block = pending and parse_block(pending)
      pending = nil
      local section = line:match "^%-%- %-%-%-%- (.-) %-%-%-%-$"
      local left, right = line:match "^([%w_.]+)%s*=%s*([%w_]+[%w_.]*)$"
      local alias, module = line:match '^local ([%w_]+)%s*=%s*require%s*%(?"halfulp%.([%w_-]+)"%)?$'
      if not alias then alias, module = line:match '^([%w_.]+)%s*=%s*require%s*%(?"halfulp%.([%w_-]+)"%)?$' end
      local name, from, part = line:match '^([%w_.]+)%s*=%s*require%("halfulp%.([%w_-]+)"%)%.([%w_.]+)$'
      if name then add {alias = name, from = from, of = part} end
      if section then add {section = section} end
      if block and block.class then
        add {class = block.class, block = block, name = line:match "^local ([%w_]+)"}
      elseif block and named_by(line) then
        add {name = named_by(line), block = block}
      elseif alias then
        add {require = module, name = alias}
      elseif left and not block then
        add {alias = left, of = right}
      end
      file.returns = line:match "^return ([%w_]+)$" or file.returns
    end
  end
  return file
end

-- ---- putting names together ----

--- Finds in which class a file's local table is written down.
local function classes_of(file)
  local classes = {}
  for _, item in ipairs(file.items) do
    if item.class and item.name then classes[item.name] = item.class end
  end
  return classes
end

--- Everything public: {sections = {{title =, entries = {...}}}, classes = {{name =, block =, entries =}}, by_name = {}}.
--- An entry is {name = "hu.zeros" or "hu.array:sum", block = }.
function generator.read(source)
  local files = {}
  local order = library_files(source)
  for _, name in ipairs(order) do
    files[name] = parse_file(source .. "/lua/halfulp/" .. name .. ".lua")
    files[name].classes = classes_of(files[name])
  end

  -- What init.lua makes public: "file:local.name" -> "hu.name".
  local public, modules = {}, {}
  for _, item in ipairs(files.init.items) do
    if item.require and not item.name:match "%." then modules[item.name] = item.require end
    if item.require and item.name:match "^hu%." then public[item.require .. ":"] = item.name end
    if item.from then public[item.from .. ":" .. item.of] = item.alias end
    if item.alias and not item.from and item.alias:match "^hu%." then
      local root, rest = item.of:match "^([%w_]+)%.(.+)$"
      if root and modules[root] then public[modules[root] .. ":" .. rest] = item.alias end
    end
  end

  local doc = {sections = {}, classes = {}, by_name = {}}
  local class_by_name = {}
  local function class_named(name)
    if not class_by_name[name] then
      class_by_name[name] = {name = name, entries = {}}
      doc.classes[#doc.classes + 1] = class_by_name[name]
    end
    return class_by_name[name]
  end

  --- The public name of NAME in a file, and the class that it belongs to; nil where it is private.
  local function resolve(file_name, name)
    local file = files[file_name]
    local root, mark, rest = name:match "^([%w_]+)([.:])(.+)$"
    if not root then return name == file.returns and public[file_name .. ":"] or nil end
    local class = file.classes[root]
    if public[file_name .. ":" .. rest] and root == file.returns then return public[file_name .. ":" .. rest] end
    if class == "hu" then return "hu." .. rest end
    if class then return class .. mark .. rest, class end
    if root == file.returns then
      if public[file_name .. ":"] then
        return public[file_name .. ":"] .. mark .. rest, public[file_name .. ":"]
      end
    end
  end

  local waiting = {}        -- entries of other files that stand where init.lua names them
  for _, file_name in ipairs(order) do
    for _, item in ipairs(files[file_name].items) do
      if item.class and item.class ~= "hu" then
        class_named(item.class).block = item.block
        doc.by_name[item.class] = doc.by_name[item.class] or true
      elseif item.block and item.name and not item.class then
        local name, class = resolve(file_name, item.name)
        if name then
          local entry = {name = name, block = item.block}
          doc.by_name[name] = entry
          if class then
            table.insert(class_named(class).entries, entry)
          else
            waiting[name] = entry
          end
        end
      end
    end
  end

  local section
  for _, item in ipairs(files.init.items) do
    if item.class == "hu" then
      doc.intro = item.block
      for _, field in ipairs(item.block.fields) do doc.by_name["hu." .. field.name] = field end
    end
    if item.section then
      section = {title = item.section, entries = {}}
      doc.sections[#doc.sections + 1] = section
    end
    local name = item.block and item.name and "hu." .. (item.name:match "^hu%.(.+)$" or "") or item.alias or item.require and item.name
    if name and waiting[name] then
      table.insert(section.entries, waiting[name])
      waiting[name] = nil
    end
  end
  local left = next(waiting)
  assert(not left, "in no section: " .. tostring(left))
  return doc
end

--- "hu.zeros(shape [, options])".
function generator.signature(entry)
  local text, open = "", 0
  for i, param in ipairs(entry.block.params) do
    local comma = i > 1 and ", " or ""
    if param.optional then
      text = text .. (i > 1 and " [" or "[") .. comma
      open = open + 1
    else
      text = text .. comma
    end
    text = text .. param.name
  end
  return entry.name:gsub("^hu%.([%w_]+):", "%1:") .. "(" .. text .. ("]"):rep(open) .. ")"
end

-- ---- Markdown ----

local function is_call(entry)
  return #entry.block.params > 0 or #entry.block.returns > 0 or entry.name:match ":"
end

local title_of = {["hu.format"] = "Formats: hu.format", ["hu.scalar"] = "Scalars: hu.scalar",
                  ["hu.env"] = "Environments: hu.env", ["hu.array"] = "Arrays: hu.array"}

local function capital(text)
  return text:sub(1, 1):upper() .. text:sub(2)
end

--- The text of a block; examples get the line that makes them complete.
local function markdown_text(out, lines)
  for _, line in ipairs(lines) do
    out[#out + 1] = line
    if line == "```lua" then out[#out + 1] = 'local hu = require "halfulp"' end
  end
  if #lines > 0 then out[#out + 1] = "" end
end

--- A type, in a page.
local function markdown_type(kind, optional)
  return kind:gsub("|", " or "):gsub("<", "\\<") .. (optional and ", optional" or "")
end

local function markdown_fields(out, fields)
  if #fields == 0 then return end
  out[#out + 1] = "| field | type | |"
  out[#out + 1] = "| --- | --- | --- |"
  for _, field in ipairs(fields) do
    out[#out + 1] = ("| `%s` | %s | %s |"):format(field.name, markdown_type(field.type, field.optional), (field.text:gsub("|", "\\|")))
  end
  out[#out + 1] = ""
end

local function list_item(what, kind, text)
  return ("- %s*%s*%s"):format(what, kind, text ~= "" and ": " .. text or "")
end

local function markdown_entry(out, entry)
  out[#out + 1] = ("### `%s`"):format(is_call(entry) and generator.signature(entry) or entry.name)
  out[#out + 1] = ""
  markdown_text(out, entry.block.text)
  local before = #out
  for _, param in ipairs(entry.block.params) do
    out[#out + 1] = list_item(("`%s` "):format(param.name), markdown_type(param.type, param.optional), param.text)
  end
  for _, result in ipairs(entry.block.returns) do
    out[#out + 1] = list_item("returns ", markdown_type(result.type), result.text)
  end
  if #out > before then out[#out + 1] = "" end
end

function generator.markdown(doc)
  local out = {"# The Lua interface", "",
    "Made from the comments in `lua/halfulp/` by `docs/gen-lua-api.lua` (`make lua-docs`); change those, not this page.", ""}
  markdown_text(out, doc.intro.text)
  markdown_fields(out, doc.intro.fields)
  for _, section in ipairs(doc.sections) do
    out[#out + 1] = "## " .. capital(section.title)
    out[#out + 1] = ""
    for _, entry in ipairs(section.entries) do markdown_entry(out, entry) end
  end
  for _, class in ipairs(doc.classes) do
    out[#out + 1] = "## " .. (title_of[class.name] or "`" .. class.name .. "`")
    out[#out + 1] = ""
    if class.block then
      markdown_text(out, class.block.text)
      markdown_fields(out, class.block.fields)
    end
    for _, entry in ipairs(class.entries) do markdown_entry(out, entry) end
  end
  while out[#out] == "" do table.remove(out) end
  return (table.concat(out, "\n"):gsub("[ \t]+\n", "\n")) .. "\n"
end

-- ---- man ----

local function roff(text)
  text = text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1")
  return (text:gsub("`([^`]+)`", "\\fB%1\\fR"))
end

--- `break_line` begins a paragraph: ".PP", or ".IP" within an entry, which keeps it indented.
local function roff_text(out, lines, break_line)
  local example = false
  for _, line in ipairs(lines) do
    if line:match "^```" then
      example = not example
      out[#out + 1] = example and break_line .. "\n.EX" or ".EE"
    elseif line == "" and not example then
      out[#out + 1] = break_line
    elseif example then
      out[#out + 1] = (line:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"))
    else
      if line:match "^%- " then out[#out + 1] = ".br" end          -- each entry of a list begins a line
      out[#out + 1] = roff(line)
    end
  end
end

local function roff_fields(out, fields)
  for _, field in ipairs(fields) do
    out[#out + 1] = ".TP"
    out[#out + 1] = ".B " .. roff(field.name)
    out[#out + 1] = roff(field.type .. (field.optional and ", optional" or "") .. (field.text ~= "" and ": " .. field.text or ""))
  end
end

local function roff_entry(out, entry)
  out[#out + 1] = ".TP"
  out[#out + 1] = ".B " .. roff(is_call(entry) and generator.signature(entry) or entry.name)
  roff_text(out, entry.block.text, ".IP")
  local first = true
  local function item(what, kind, text)
    out[#out + 1] = first and ".IP" or ".br"
    first = false
    out[#out + 1] = ("%s: %s%s"):format(what, roff((kind:gsub("|", " or "))), text ~= "" and "; " .. roff(text) or "")
  end
  for _, param in ipairs(entry.block.params) do
    item("\\fI" .. roff(param.name) .. "\\fR", param.type .. (param.optional and ", optional" or ""), param.text)
  end
  for _, result in ipairs(entry.block.returns) do item("returns", result.type, result.text) end
end

function generator.man(doc)
  local out = {
    '.\\" Made from the comments in lua/halfulp/ by docs/gen-lua-api.lua.',
    ".TH HALFULP\\-LUA 3 \"\" halfulp", ".SH NAME",
    "halfulp\\-lua \\- a laboratory for number formats, from Lua", ".SH SYNOPSIS",
    ".EX", 'local hu = require "halfulp"', ".EE", ".SH DESCRIPTION",
    "Scripts run by \\fBhalfulp run\\fR and programs of the stock interpreter \\fBlua5.4\\fR use the same module.",
    "A wrong argument raises an error that names the argument, what it got and what it takes."}
  roff_text(out, doc.intro.text, ".PP")
  roff_fields(out, doc.intro.fields)
  for _, section in ipairs(doc.sections) do
    out[#out + 1] = ".SH " .. roff(section.title:upper())
    for _, entry in ipairs(section.entries) do roff_entry(out, entry) end
  end
  for _, class in ipairs(doc.classes) do
    out[#out + 1] = ".SH " .. roff(class.name)
    if class.block then
      roff_text(out, class.block.text, ".PP")
      roff_fields(out, class.block.fields)
    end
    for _, entry in ipairs(class.entries) do roff_entry(out, entry) end
  end
  out[#out + 1] = ".SH SEE ALSO\n.BR halfulp (1)"
  return (table.concat(out, "\n"):gsub("[ \t]+\n", "\n")) .. "\n"
end

-- ---- as a program ----

if arg and arg[0] and arg[0]:match "gen%-lua%-api%.lua$" then
  local write = generator[arg[2] or ""]
  if arg[2] ~= "markdown" and arg[2] ~= "man" then
    io.stderr:write "usage: gen-lua-api.lua SOURCE-FOLDER markdown|man\n"
    os.exit(2)
  end
  io.write(write(generator.read(arg[1])))
end
return generator
