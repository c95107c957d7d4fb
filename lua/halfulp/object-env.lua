---@meta
-- object-env.lua - the methods and fields of an environment, which are written in C.
--
-- Read by editors (LuaLS) and by docs/gen-lua-api.lua; nothing loads it.

---An environment: how operations round, what they do at the edges, and the flags raised so far.
---
---The flags are sticky: operations add to them until `clear`. The settings are fixed; `with` makes another environment. A stochastic
---mode takes random word number `index` of (seed, stream), and moves on by one an operation.
---@class hu.env
---@field rounding string
---@field overflow string
---@field tininess string
---@field nan string
---@field seed integer
---@field stream integer
---@field index integer
---@field flags string "overflow,inexact", or "-" for none
local env = {}

---A new environment with these settings over the present ones, and no flags raised.
---@param settings table see `hu.env`
---@return hu.env
function env:with(settings) end

---Whether a flag is raised.
---
---```lua
---local f = hu.format "e4m3fn"
---local x = f(1) / 0
---print(f.env:raised "divbyzero")     --> true
---```
---@param flag string "invalid", "divbyzero", "overflow", "underflow" or "inexact"
---@return boolean
function env:raised(flag) end

---Lowers all flags.
---@return hu.env self
function env:clear() end

---The next stochastic rounding takes the random word at that index.
---@param index integer from 0
---@return hu.env self
function env:seek(index) end
