-- prompt.lua - what `halfulp repl` shows of a value, and what it offers to complete.

local core = require "halfulp.core"

local prompt = {}

local keywords = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
  "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
}

local shown_entries = 20    -- of a table

-- Showing ------------------------------------------------------------------------------------------

local function is_name(key)
  return type(key) == "string" and key:match "^[%a_][%w_]*$" ~= nil
end

-- A value inside a table: strings in quotes, tables not opened.
local function show_entry(value)
  if type(value) == "string" then
    return (string.format("%q", value):gsub("\\\n", "\\n"))
  end
  return tostring(value)
end

local function show_key(key)
  if is_name(key) then
    return key .. " = "
  end
  return "[" .. show_entry(key) .. "] = "
end

-- A plain table, one level deep: first the list, then the rest in the order of their names.
local function show_table(t)
  local entries, keys, n = {}, {}, #t
  for i = 1, math.min(n, shown_entries) do
    entries[i] = show_entry(t[i])
  end
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(keys) do
    if #entries == shown_entries then
      break
    end
    entries[#entries + 1] = show_key(key) .. show_entry(rawget(t, key))
  end
  if n + #keys > #entries then
    entries[#entries + 1] = string.format("... %d in all", n + #keys)
  end
  return "{" .. table.concat(entries, ", ") .. "}"
end

local function show_value(value)
  if type(value) == "table" and not getmetatable(value) then
    return show_table(value)
  end
  return tostring(value)
end

-- The values as one text, tabs between them.
function prompt.show(...)
  local shown = table.pack(...)
  for i = 1, shown.n do
    shown[i] = show_value(shown[i])
  end
  return table.concat(shown, "\t", 1, shown.n)
end

-- What the word help shows at the prompt.
prompt.help = setmetatable({}, {
  __name = "help",
  __tostring = function()
    return [[
Lua, line by line; the value of an expression is shown. The module is hu:
  hu.format "e4m3fn" (0.3)          a number of a format
  hu.formats()                      the names of the formats
  hu.sum(hu.ones(100), {accumulate = "e4m3fn"})
Tab completes names, so hu. and Tab shows what there is; Ctrl-D ends.
The functions one by one: docs/lua-api.md, man 3 halfulp-lua.]]
  end,
  __call = function(self) print(self) end,
})

-- Completing ---------------------------------------------------------------------------------------

local function add_keys(names, t)
  for key in next, t or {} do
    if is_name(key) then
      names[#names + 1] = key
    end
  end
end

-- The names that may follow value and a point or a colon.
local function fields_of(value, methods_only)
  local names = {}
  local meta = debug.getmetatable(value)
  local kind = type(meta) == "table" and rawget(meta, "__name")
  local own = type(kind) == "string" and core.types[kind:gsub("^halfulp%.", "")]
  if own then
    add_keys(names, own.methods)
    if not methods_only then
      add_keys(names, own.fields)
    end
  end
  if type(value) == "table" then
    add_keys(names, value)
  end
  local index = type(meta) == "table" and rawget(meta, "__index")
  if type(index) == "table" then
    add_keys(names, index)
  end
  return names
end

-- The value of a.b.c without calling anything; nil where that is not possible.
local function value_of(path)
  local value = _G
  for name in path:gmatch "[%w_]+" do
    if type(value) ~= "table" then
      return nil
    end
    value = rawget(value, name)
  end
  return value
end

local function global_names()
  local names = table.move(keywords, 1, #keywords, 1, {})
  add_keys(names, _G)
  return names
end

local function format_names()
  local names, aliases = core.format.names()
  names = table.move(names, 1, #names, 1, {})
  for alias in pairs(aliases) do
    names[#names + 1] = alias
  end
  return names
end

local function rounding_names()
  local names = {}
  for i, mode in ipairs(core.format.roundings()) do
    names[i] = mode.name
  end
  return names
end

-- All names that could stand at the end of the line, and the part of the name that is there already.
local function names_for(line)
  local part = line:match "format%s*%(?%s*[\"']([%w_]*)$" or line:match "format%s*=%s*[\"']([%w_]*)$"
  if part then
    return format_names(), part
  end
  part = line:match "rounding%s*=%s*[\"']([%w:]*)$"
  if part then
    return rounding_names(), part
  end
  local path, mark, field = line:match "([%a_][%w_%.]*)([.:])([%w_]*)$"
  if path then
    local value = value_of(path)
    return value ~= nil and fields_of(value, mark == ":") or {}, field
  end
  return global_names(), line:match "[%a_][%w_]*$" or ""
end

local last = {line = nil, words = {}, length = 0}

local function find(line)
  local names, part = names_for(line)
  local seen, words = {}, {}
  for _, name in ipairs(names) do
    if name:sub(1, #part) == part and not seen[name] then
      seen[name] = true
      words[#words + 1] = name
    end
  end
  table.sort(words)
  last = {line = line, words = words, length = #part}
end

-- Candidate i for the end of the line, and how many bytes there it replaces; nil past the last.
function prompt.complete(line, i)
  if i == 1 or line ~= last.line then
    find(line)
  end
  return last.words[i], last.length
end

return prompt
