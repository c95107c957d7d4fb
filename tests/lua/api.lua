-- api.lua - the manual of the Lua interface is complete, up to date, and its examples do what they say.
local claims, t = require("claims")()
local hu = require "halfulp"
local core = require "halfulp.core"

local source = claims.file(""):gsub("/$", "")
local generator = dofile(claims.file "docs/gen-lua-api.lua")
local doc = generator.read(source)

local function text_of(name)
  local file = assert(io.open(claims.file(name)))
  local text = file:read "a"
  file:close()
  return text
end

claims["every public function and table of hu is described"] = function()
  local missing = {}
  for name, value in pairs(hu) do
    local full = "hu." .. tostring(name)
    if type(value) == "table" and not getmetatable(value) then
      for inner in pairs(value) do
        if not doc.by_name[full .. "." .. tostring(inner)] then missing[#missing + 1] = full .. "." .. tostring(inner) end
      end
    elseif not doc.by_name[full] then
      missing[#missing + 1] = full
    end
  end
  table.sort(missing)
  t.assertEquals(table.concat(missing, " "), "")
end

-- Objects that the library's own Lua files keep to themselves.
local internal = {run = true, plan = true, reader = true, buffer = true}

claims["every method and field of the objects is described, and nothing else is"] = function()
  local described = {}
  for _, class in ipairs(doc.classes) do
    described[class.name] = {}
    for _, field in ipairs(class.block and class.block.fields or {}) do described[class.name][field.name] = "fields" end
    for _, entry in ipairs(class.entries) do
      local name = entry.name:match ":([%w_]+)$"
      if name then described[class.name][name] = "methods" end
    end
  end
  for word, lists in pairs(core.types) do
    local known = described["hu." .. word]
    if not known then t.assertTrue(internal[word], "no class hu." .. word) end
    for _, list in pairs(known and lists or {}) do
      for name in pairs(list) do t.assertNotNil(known[name], word .. "." .. name) end
    end
    for name in pairs(known or {}) do t.assertNotNil(lists.methods[name] or lists.fields[name], word .. "." .. name) end
  end
end

claims["docs/lua-api.md and the man page are those that make lua-docs writes"] = function()
  t.assertTrue(text_of "docs/lua-api.md" == generator.markdown(doc), "docs/lua-api.md is stale: run make lua-docs")
  t.assertTrue(text_of "docs/halfulp-lua.3" == generator.man(doc), "docs/halfulp-lua.3 is stale: run make lua-docs")
end

claims["each entry of a list begins a line of the man page"] = function()
  local previous, entries = "", 0
  for line in generator.man(doc):gmatch "[^\n]+" do
    if line:match "^\\%- " then
      entries = entries + 1
      t.assertTrue(previous == ".br" or previous == ".IP" or previous == ".PP", line)
    end
    previous = line
  end
  t.assertTrue(entries >= 3)
end

claims["every example of the manual prints what it says"] = function()
  local count = 0
  for example in text_of("docs/lua-api.md"):gmatch "```lua\n(.-)```" do
    local want, got = {}, {}
    for line in example:gmatch "[^\n]+" do
      want[#want + 1] = line:match "%-%-> (.*)$"
    end
    local function print_here(...)
      local parts = table.pack(...)
      for i = 1, parts.n do parts[i] = tostring(parts[i]) end
      got[#got + 1] = table.concat(parts, "\t")
    end
    assert(load(example, "=example", "t", setmetatable({print = print_here}, {__index = _G})))()
    t.assertEquals(got, want, example)
    count = count + 1
  end
  t.assertTrue(count >= 20)
end

claims:run()
