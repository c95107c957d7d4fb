---@meta
-- object-quire.lua - the methods of a quire, an exact sum, which are written in C.
--
-- Read by editors (LuaLS) and by docs/gen-lua-api.lua; nothing loads it.

---An exact sum, made by `hu.quire`.
---
---It belongs to a format object, whose environment rounds and collects the flags.
---@class hu.quire
---@field format hu.format the format of what is added
---@field bits integer how many bits the sum has room for
local quire = {}

---Adds a value.
---@param x hu.scalar|number a scalar of the format, or a number, which is first rounded to it
---@return hu.quire self
function quire:add(x) end

---Subtracts a value.
---@param x hu.scalar|number
---@return hu.quire self
function quire:sub(x) end

---Adds the exact product of two values.
---@param a hu.scalar|number
---@param b hu.scalar|number
---@return hu.quire self
function quire:muladd(a, b) end

---Subtracts the exact product of two values.
---@param a hu.scalar|number
---@param b hu.scalar|number
---@return hu.quire self
function quire:mulsub(a, b) end

---Turns the sign of the sum.
---@return hu.quire self
function quire:neg() end

---Makes the sum zero; the only way out of NaN.
---@return hu.quire self
function quire:clear() end

---The sum, rounded once. The quire stays as it is.
---@param format? hu.format|string another format to round to; an object rounds in its own environment
---@return hu.scalar
function quire:round(format) end
