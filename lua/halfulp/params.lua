-- params.lua - the parameters of a script: key=value arguments with types, defaults and checks.

local lab = require("halfulp.core").lab
local run = require "halfulp.run"

local fields = { default = true, choices = true, min = true, max = true, help = true }

-- What was typed is wrong, not the script.
local function fail(...)
  run.wrong_usage = true
  error(string.format(...), 0)
end

local function join(list)
  local texts = {}
  for i, value in ipairs(list) do texts[i] = tostring(value) end
  return table.concat(texts, ", ")
end

-- A declaration in its long form: {default = 300} of 300.
local function long_form(name, spec)
  if type(spec) ~= "table" or (spec[1] ~= nil and spec.default == nil) then spec = { default = spec } end
  for key in pairs(spec) do
    if not fields[key] then
      error(("params: %s has the field %q; it takes default, choices, min, max, help"):format(name, tostring(key)), 3)
    end
  end
  if spec.default == nil then
    error(("params: %s has no default"):format(name), 3)
  end
  return spec
end

local readers = {
  number = function(text, default)
    local value = tonumber(text)
    if math.type(default) == "integer" then return value and math.tointeger(value), "a whole number" end
    return value and value + 0.0, "a number"
  end,
  boolean = function(text)
    local values = { ["true"] = true, yes = true, ["1"] = true, ["false"] = false, no = false, ["0"] = false }
    return values[text], "true or false"
  end,
  string = function(text)
    return text
  end,
}

-- A list is written with commas; its elements are of the type of the default's first.
function readers.table(text, default)
  local list, kind = {}, type(default[1])
  for item in (text .. ","):gmatch "([^,]*)," do
    local value, takes = (readers[kind] or readers.string)(item, default[1])
    if value == nil then return nil, "a list, each of it " .. takes end
    list[#list + 1] = value
  end
  return list, "a list"
end

local function check(name, spec, value)
  for _, one in ipairs(type(value) == "table" and value or { value }) do
    if spec.choices then
      local found = false
      for _, choice in ipairs(spec.choices) do found = found or choice == one end
      if not found then
        fail("the parameter %s is %s; it takes one of %s", name, tostring(one), join(spec.choices))
      end
    end
    if type(one) == "number" and ((spec.min and one < spec.min) or (spec.max and one > spec.max) or one ~= one) then
      fail("the parameter %s is %s; it takes %s%s%s", name, tostring(one),
        math.type(one) == "integer" and "a whole number" or "a number",
        spec.min and ", at least " .. spec.min or "", spec.max and ", at most " .. spec.max or "")
    end
  end
end

local function read(name, spec, text)
  if text == nil then return spec.default end
  local value, takes = readers[type(spec.default)](text, spec.default)
  if value == nil then fail("the parameter %s is %q; it takes %s", name, text, takes) end
  return value
end

-- `halfulp run SCRIPT --help`: the declared parameters, and the end of the script.
local function show(declared, names)
  local width = 0
  for _, name in ipairs(names) do width = math.max(width, #name) end
  print(("usage: halfulp run %s [KEY=VALUE...] [OPTIONS]\n\nparameters:"):format(run.settings().script or "-"))
  for _, name in ipairs(names) do
    local spec = long_form(name, declared[name])
    local default = spec.default
    local kind = type(default) == "table" and "list" or math.type(default) == "integer" and "whole number" or type(default)
    local notes = { type(default) == "table" and join(default) or tostring(default) }
    if spec.choices then notes[#notes + 1] = "one of " .. join(spec.choices) else notes[#notes + 1] = kind end
    if spec.min then notes[#notes + 1] = "at least " .. spec.min end
    if spec.max then notes[#notes + 1] = "at most " .. spec.max end
    print(("  %-" .. width .. "s  %s%s"):format(name, spec.help and spec.help .. " " or "", "(" .. table.concat(notes, "; ") .. ")"))
  end
  if #names == 0 then print "  none" end
  error(run.shown, 0)
end

---The parameters of this script, from its key=value arguments; `--seed` gives `seed`. An argument that is not
---declared is an error that names the nearest one. They become part of the manifest and of the key of every point.
---@param declared table  name -> default, or {default=, choices=, min=, max=, help=}; a list is written with commas
---@return table values
local function params(declared)
  local settings, values, names = run.settings(), {}, {}
  run.read_arguments = true
  if type(declared) ~= "table" then error("params: it takes a table of name = default", 2) end
  for name, spec in pairs(declared) do
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" or name == "seed" then
      error(("params: %s is not a name for a parameter (and seed is always there)"):format(tostring(name)), 2)
    end
    spec = long_form(name, spec)
    if not readers[type(spec.default)] then
      error(("params: the default of %s is a %s"):format(name, type(spec.default)), 2)
    end
    names[#names + 1] = name
    values[name] = read(name, spec, settings.args[name])
    check(name, spec, values[name])
  end
  table.sort(names)
  if run.show_parameters then show(declared, names) end
  for key in pairs(settings.args) do
    if values[key] == nil then
      local near = lab.nearest(key, names)
      fail("the script has no parameter %s; %s", key,
        (near and "did you mean " .. near .. "? (it takes %s)" or "it takes %s"):format(#names > 0 and join(names) or "none"))
    end
  end
  for name, value in pairs(values) do
    run.parameters[name] = type(value) == "table" and join(value) or value
  end
  values.seed = settings.seed
  return values
end

return params
