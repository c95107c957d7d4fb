-- keys.lua - the keys of a table in an order that is always the same.

local function less(a, b)
  if type(a) == "number" and type(b) == "number" then return a < b end
  if type(a) == "number" or type(b) == "number" then return type(a) == "number" end
  return tostring(a) < tostring(b)
end

---The keys of a table in order: numbers first, then texts. `pairs` has another order in every run.
---
---```lua
---print(table.concat(hu.keys {b = 1, a = 2, [10] = 3, [9] = 4}, " "))    --> 9 10 a b
---```
---@param map table
---@return any[]
local function keys(map)
  if type(map) ~= "table" then error(("keys: it takes a table, not a %s"):format(type(map)), 2) end
  local list = {}
  for key in pairs(map) do list[#list + 1] = key end
  table.sort(list, less)
  return list
end

return keys
