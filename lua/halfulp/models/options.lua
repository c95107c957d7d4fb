-- options.lua - the named options of a model: their defaults, and an error for a name that it does not have.

local check_options = require "halfulp.options"

-- "none, mus or other".
local function one_of(list)
  return table.concat(list, ", ", 1, #list - 1) .. " or " .. list[#list]
end

---@param name string     of the model, for messages
---@param given table?    what the caller said
---@param needed string[] options that are numbers and have to be given
---@param known table     defaults of the others
---@param choices table?  what some of them take: lists of texts
---@return table          all of them
return function(name, given, needed, known, choices)
  if given ~= nil and type(given) ~= "table" then
    error(name .. ": options are a " .. type(given) .. "; it takes a table", 3)
  end
  local kinds, all = {seed = "number"}, {seed = 1}
  for _, key in ipairs(needed) do kinds[key] = "number" end
  for key, value in pairs(known) do kinds[key], all[key] = type(value), value end
  check_options(name, given, kinds, 3)
  for key, value in pairs(given or {}) do
    if type(value) ~= kinds[key] then
      error(name .. ": " .. key .. " is a " .. type(value) .. "; it takes a " .. kinds[key], 3)
    end
    local list = choices and choices[key]
    local fits = list == nil
    for _, choice in ipairs(list or {}) do fits = fits or value == choice end
    if not fits then error(("%s: %s is '%s'; it takes %s"):format(name, key, value, one_of(list)), 3) end
    all[key] = value
  end
  for _, key in ipairs(needed) do
    if all[key] == nil then error(name .. ": " .. key .. " is missing", 3) end
  end
  return all
end
