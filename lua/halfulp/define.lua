-- define.lua - formats that a script defines: by a list of values, by a function of the code, or by the fields of a float.

local core = require "halfulp.core"

local most_bits = 16
local keys = { name = true, values = true, bits = true, sort = true, nonfinite = true, source = true }
local field_keys = { exponent = true, mantissa = true, bias = true, specials = true, subnormals = true }

local failure = {}                     -- metatable of an error of ours, which is told with the place of the call

local function fail(text, ...)
  error(setmetatable({ text = "define: " .. text:format(...) }, failure), 0)
end

local function check_type(options, key, wanted, needed)
  local value = options[key]
  if value == nil and not needed then return nil end
  if type(value) ~= wanted then
    fail("%s is %s; it takes a %s", key, value == nil and "missing" or "a " .. type(value), wanted)
  end
  return value
end

local function check_whole(options, key, low, high, needed)
  local value = options[key]
  if value == nil and not needed then return nil end
  local whole = math.tointeger(value)
  if not whole or whole < low or whole > high then
    fail("%s is %s; it takes a whole number from %d to %d", key, value == nil and "missing" or tostring(value), low, high)
  end
  return whole
end

-- A function of the core, whose errors are told without the place in this file.
local function call(fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result end
  fail("%s", (tostring(result):gsub("^[^\n]-%.lua:%d+: ", ""):gsub("^define: ", "")))
end

-- ---- values ----

-- A whole number of a text, where a double holds it.
local function whole_double(text)
  local number = math.tointeger(tonumber(text))
  return number and math.abs(number) <= 2 ^ 53 and number + 0.0 or nil
end

-- A number, or a text: decimal, hexadecimal or a fraction of whole numbers; texts are rounded to the nearest double.
local function number_of(value, what)
  if math.type(value) == "integer" then
    if math.tointeger(value + 0.0) ~= value then fail("%s is %d, which no double holds", what, value) end
    return value + 0.0
  end
  if type(value) == "number" then return value end
  if type(value) ~= "string" then fail("%s is a %s; it takes a number or a text such as \"0x1.8p-3\" or \"1/3\"", what, type(value)) end
  local above, below = value:match "^%s*([+-]?%d+)%s*/%s*(%d+)%s*$"
  if above then
    local n, d = whole_double(above), whole_double(below)
    if not n or not d or d == 0 then fail("%s is '%s'; a fraction has whole numbers of up to 2^53, and not zero below", what, value) end
    return n / d
  end
  local number, message = core.format.number(value)
  if not number then fail("%s: %s", what, message) end
  return number
end

-- The given table itself, without what its metatable would make of it.
local function from_list(values)
  local n, list = rawlen(values), {}
  if n > 2 ^ most_bits then fail("values has %d numbers; up to %d will do", n, 2 ^ most_bits) end
  for i = 1, n do list[i] = number_of(rawget(values, i), ("the value of code %d"):format(i - 1)) end
  return list
end

local function from_function(values, bits)
  local list = {}
  for code = 0, (1 << bits) - 1 do list[code + 1] = number_of(values(code), ("the value of code %d"):format(code)) end
  return list
end

local function list_of(options)
  local values = options.values
  if type(values) == "function" then
    return from_function(values, check_whole(options, "bits", 1, most_bits, true))
  end
  if options.bits ~= nil then fail("bits belongs to a function as values; a list says by itself how many codes there are") end
  if type(values) == "table" then return from_list(values) end
  local ok, list = pcall(function() return values:totable() end)
  if not ok or type(list) ~= "table" then
    fail("values is a %s; it takes a list of numbers, an array of one index, or a function of the code", type(values))
  end
  return from_list(list)
end

local function sort(list)
  for i, value in ipairs(list) do
    if value ~= value then fail("sort has no place for NaN, the value of code %d", i - 1) end
  end
  table.sort(list)
end

-- ---- a float by its fields ----

local function fields_name(o)
  local exponent = check_whole(o, "exponent", 1, 30, true)
  local mantissa = check_whole(o, "mantissa", 0, 236, true)
  local bias = check_whole(o, "bias", -(1 << 30), 1 << 30)
  local modifiers = {}
  if bias then modifiers[#modifiers + 1] = ("bias=%d"):format(bias) end
  for _, key in ipairs { "specials", "subnormals" } do
    local value = check_type(o, key, "string")
    if value then
      if not value:find "^[%a-]+$" then fail("%s is '%s'; it takes a word", key, value) end
      modifiers[#modifiers + 1] = key .. "=" .. value
    end
  end
  local name = ("e%dm%d"):format(exponent, mantissa)
  return #modifiers > 0 and ("%s{%s}"):format(name, table.concat(modifiers, ",")) or name
end

local function names_of(...)
  local list = {}
  for _, set in ipairs { ... } do
    for name in pairs(set) do list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

local function check_keys(options, allowed)
  for key in next, options do
    if not allowed[key] then
      local known = names_of(allowed)
      local near = core.lab.nearest(tostring(key), known)
      fail("unknown option %s; %s", tostring(key),
        (near and "did you mean " .. near .. "? (known here: %s)" or "known here: %s"):format(table.concat(known, ", ")))
    end
  end
end

local function make(options)
  if type(options) ~= "table" then fail("it takes a table of options, such as {name = \"my4\", values = {...}}") end
  local o = {}
  for key, value in next, options do o[key] = value end
  if o.values == nil and (o.exponent ~= nil or o.mantissa ~= nil) then
    if o.name ~= nil then fail("a float by its fields has the name that the grammar gives it; leave name out") end
    check_keys(o, field_keys)
    return call(core.format.new, fields_name(o))
  end
  check_keys(o, keys)
  local name = check_type(o, "name", "string", true)
  for _, key in ipairs { "sort", "nonfinite" } do check_type(o, key, "boolean") end
  local source = check_type(o, "source", "string")
  if o.values == nil then fail("values is missing; it takes a list of numbers or a function of the code") end
  local list = list_of(o)
  if o.sort then sort(list) end
  return call(core.format.define, name, list, o.nonfinite or false, source)
end

---Defines a format: it then has its name in scripts, policies, sweeps and in `hu.format` as any other. In one of three ways:
---
---- `name` and `values`, a list: what code 0, 1, ... stands for, as numbers or as texts ("0.1", "0x1.8p-3", "1/3"), which are rounded to the
---nearest double. An array of one index will do too. Up to 65536 values in any order; `sort = true` makes the codes follow the values. Of two codes of
---one value results have the first.
---- `name`, `bits` (1 to 16) and `values`, a function that gives the value of a code; it is called once for each code.
---- `exponent` and `mantissa`, with `bias`, `specials`, `subnormals` where wanted: a float, which has the name that the grammar gives it.
---
---At least two values differ, one is positive, and none is smaller than 2^-1022 but zero. With `nonfinite = true` values may be NaN and infinite.
---Numbers are rounded to the nearest value, ties to the even code (`rne`), or as the rounding mode says, on the real line; `docs/formats.md` has the rest.
---The same name with the same values again is the same format; a name that is taken is an error.
---
---```lua
---local thirds = hu.define {name = "thirds", values = {"-1", "-2/3", "-1/3", 0, "1/3", "2/3", 1}}
---print(thirds(0.4), hu.format("thirds")(10))    --> 0.33333333333333331	1
---
---local squares = hu.define {name = "squares", bits = 4, values = function(code) return code * code end}
---print(squares(30), squares.max)                --> 25	225.0
---
---print(hu.define {exponent = 4, mantissa = 3, bias = 9, specials = "fn"})    --> e4m3b9fn
---```
---@param options table name, values, bits, sort, nonfinite, source (where it is defined, for its description); or exponent, mantissa, bias, specials ("ieee", "fn", "fnuz", "finite"), subnormals ("keep", "flush", "flush-in", "flush-out")
---@return hu.format
local function define(options)
  local ok, result = pcall(make, options)
  if ok then return result end
  if getmetatable(result) == failure then error(result.text, 2) end
  error(result, 0)
end

return define
