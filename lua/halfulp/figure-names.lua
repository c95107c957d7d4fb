-- figure-names.lua - a user's columns and those that a figure makes stand in one table: where their names meet, the user's gets a "_" behind it.

local figure = require "halfulp.figure"

local roles = { "x", "y", "z", "series", "panel", "label" }
local label_of = { x = "xlabel", y = "ylabel", z = "zlabel", series = "legend" }

local function set_of(text)
  local set = {}
  for name in text:gmatch "%S+" do set[name] = true end
  return set
end

-- What figures call columns of their own, and groups of rows what they compute (rows.lua); and what single kinds have besides.
local taken = set_of("at column_at edge edge_x edge_y half high k lost low max mean median min n n_bad part q1 q3 quantity row_at sd ci95 share share_high share_low "
  .. "spike text told value values")
local besides = { box = set_of "n_off", violin = set_of "n_off", curves = set_of "step", contour = set_of "dx dy x_high x_low y_high y_low" }

-- What a figure calls after its other columns: the ends of a line's band after y, places of texts along x after x.
local function called_after(o, role)
  local names = {}
  local y = type(o.y) == "table" and "value" or o.y
  if role ~= "y" and type(y) == "string" then names[y .. "_low"], names[y .. "_high"] = true, true end
  if role ~= "x" and type(o.x) == "string" then names[o.x .. "_at"] = true end
  return names
end

-- A name for a column that no other role has, and no figure.
local function free_name(o, role, name)
  local others = {}
  for _, other in ipairs(roles) do
    if other ~= role and type(o[other]) == "string" then others[o[other]] = true end
  end
  local ends = called_after(o, role)
  local own, free = besides[o.kind] or {}, name
  while taken[free] or own[free] or ends[free] or (free ~= name and others[free]) do free = free .. "_" end
  return free
end

---The options with other names, and rows that have them, where names of columns meet those of figures; the labels stay.
---@param o table  checked options of a figure; changed
---@return table o
return function(o)
  local renamed = {}
  for _, role in ipairs(roles) do
    local name = o[role]
    local free = type(name) == "string" and free_name(o, role, name) or name
    if free ~= name then
      if label_of[role] then o[label_of[role]] = o[label_of[role]] or figure.label(name) end
      o[role], renamed[free] = free, name
    end
  end
  if next(renamed) == nil then return o end
  local list = {}
  for i, row in ipairs(o.rows) do
    list[i] = setmetatable({}, { __index = row })
    for new, old in pairs(renamed) do list[i][new] = row[old] end
  end
  o.rows = list
  return o
end
