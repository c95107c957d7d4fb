-- init.lua - the table that `require "halfulp"` returns.
--
-- What is written in C comes from halfulp.core, a table a module; what is written in Lua from the
-- files next to this one. Each row below says where a public name comes from.

local core = require "halfulp.core"

---@class hu
local hu = {}

hu.env = core.env.new

---The formats that have a name of their own, and the aliases.
---@return string[] names in the order of the table
---@return table<string, string> aliases alias -> what it stands for
hu.formats = core.format.names

hu.format = core.format.new
hu.roundings = core.format.roundings

local analysis = require "halfulp.analysis"
hu.error     = analysis.error
hu.ulp       = analysis.ulp
hu.sharpness = analysis.sharpness
hu.stats     = analysis.stats

return hu
