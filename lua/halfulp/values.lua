-- values.lua - what an option may be, and how a value stands in a message.

local values = {}

---A value as a message shows it: numbers and texts as they are, all else by its type, never by its address.
---@param value any
---@return string
function values.show(value)
  local kind = math.type(value) or type(value)
  if value ~= value then return "nan" end
  if kind == "nil" then return "missing" end
  if value == "" then return "an empty text" end
  if kind == "string" then return #value > 60 and "a long string" or value end
  if kind == "integer" or kind == "float" or kind == "boolean" then return tostring(value) end
  local meta = getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  return type(name) == "string" and "a value of type " .. name:gsub("^halfulp%.", "") or "a " .. kind
end

---A rule: which values fit, and what a message says that it takes.
---@class hu.values.rule
---@field fits fun(value): boolean
---@field takes string

local function rule(fits, takes) return { fits = fits, takes = takes } end

---Whole numbers, also those written as 1e3; without `most` any from `least` on.
function values.whole(least, most)
  local function fits(x)
    local n = math.type(x) and math.tointeger(x)
    return n ~= nil and n ~= false and n >= least and (not most or n <= most)
  end
  return rule(fits, most and ("a whole number from %d to %d"):format(least, most) or ("a whole number, at least %d"):format(least))
end

---One of several texts.
function values.one_of(...)
  local is, texts = {}, {}
  for i, text in ipairs { ... } do is[text], texts[i] = true, ("%q"):format(text) end
  local last = table.remove(texts)
  return rule(function(x) return is[x] == true end, #texts > 0 and table.concat(texts, ", ") .. " or " .. last or last)
end

values.integer = rule(function(x) return math.type(x) ~= nil and math.tointeger(x) ~= nil end, "a whole number")
values.flag = rule(function(x) return type(x) == "boolean" end, "true or false")
values.finite = rule(function(x) return type(x) == "number" and x - x == 0 end, "a finite number")
values.positive = rule(function(x) return type(x) == "number" and x > 0 and x < math.huge end, "a positive number")
values.not_negative = rule(function(x) return type(x) == "number" and x >= 0 and x < math.huge end, "a number, at least 0")
values.text = rule(function(x) return type(x) == "string" end, "a text")
values.call = rule(function(x) return type(x) == "function" end, "a function")

---Raises where an option that is given does not fit its rule; of several the first in the order of their names.
---@param what string     the function, as its messages begin
---@param options table
---@param rules table<string, hu.values.rule|boolean>  names without a rule are passed over
---@param level integer?  as of `error`, seen from the function that calls this: 1 is itself, 2 its caller (2)
function values.check(what, options, rules, level)
  local wrong
  for name, how in pairs(rules) do
    local value = options[name]
    if type(how) == "table" and value ~= nil and not how.fits(value) and (wrong == nil or name < wrong) then wrong = name end
  end
  if wrong then error(("%s: %s is %s; it takes %s"):format(what, wrong, values.show(options[wrong]), rules[wrong].takes), (level or 2) + 1) end
end

return values
