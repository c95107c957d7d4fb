-- options.lua - the named options of a model: their defaults, and an error for a name that it does not have.

local check_options = require "halfulp.options"

---@param name string     of the model, for messages
---@param given table?    what the caller said
---@param needed string[] options that are numbers and have to be given
---@param known table     defaults of the others
---@return table          all of them
return function(name, given, needed, known)
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
    all[key] = value
  end
  for _, key in ipairs(needed) do
    if all[key] == nil then error(name .. ": " .. key .. " is missing", 3) end
  end
  return all
end
