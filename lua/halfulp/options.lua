-- options.lua - the named options of a function: a key that it does not know is an error that tells the nearest one.

local lab = require("halfulp.core").lab
local show = require("halfulp.values").show

---Raises where options are no table, and where a table of options has a key that is none of the known ones; of several the first in their order.
---@param what string      the function, as its messages begin
---@param options table?
---@param known table      a list of the names that it takes, or a table with these names as keys
---@param level integer?   as of `error`, seen from the function that calls this: 1 is itself, 2 its caller, ...; -1: the message has no place (2)
---@param kind string?     what a key is called: "option"
return function(what, options, known, level, kind)
  if options ~= nil and type(options) ~= "table" then
    error(("%s: %ss are %s; it takes a table"):format(what, kind or "option", show(options)), (level or 2) + 1)
  end
  local names, is_known, wrong = {}, {}, nil
  for key, value in pairs(known) do
    local name = math.type(key) == "integer" and value or key
    names[#names + 1], is_known[name] = name, true
  end
  for key in pairs(options or {}) do
    if not is_known[key] and (wrong == nil or tostring(key) < tostring(wrong)) then wrong = key end
  end
  if wrong == nil then return end
  table.sort(names)
  local near = lab.nearest(tostring(wrong), names)
  error(("%s: unknown %s %s; %s"):format(what, kind or "option", tostring(wrong),
    (near and "did you mean " .. near .. "? (known: %s)" or "known: %s"):format(table.concat(names, ", "))), (level or 2) + 1)
end
