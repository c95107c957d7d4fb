---@meta
-- object-format.lua - the methods and fields of a format object, which are written in C.
--
-- Read by editors (LuaLS) and by docs/gen-lua-api.lua; nothing loads it.

---A number format together with an environment, made by `hu.format`.
---
---The format itself is immutable and shared; the environment belongs to the object. `f(x)` makes a scalar from a
---number, from text ("0.1", "0x1.8p-3", "inf", "nan"; rounded once, however many digits) or from a scalar of any
---format. Two format objects are equal when their formats are. Numbers such as `max` are doubles;
---where no double is that number, they are scalars of the format.
---
---```lua
---local bf16 = hu.format "bf16"
---print(bf16("0.1"))                  --> 0.10009765625
---print(bf16.precision)               --> 8
---```
---@class hu.format
---@field name string canonical name
---@field family string "float", ...
---@field source string where the format is defined
---@field width_bits integer of a code
---@field exp_bits integer of the exponent field
---@field man_bits integer of the trailing significand
---@field precision integer man_bits + 1
---@field bias integer
---@field emin integer exponent of the smallest normal number
---@field emax integer exponent of the largest finite number
---@field has_inf boolean
---@field has_nan boolean
---@field has_negative_zero boolean
---@field is_signed boolean
---@field max number|hu.scalar the largest finite value
---@field min_normal number|hu.scalar the smallest positive normal value; 0 where there is none
---@field min_subnormal number|hu.scalar the smallest positive value; 0 where there is none
---@field epsilon number|hu.scalar the distance from 1 to the next larger value
---@field env hu.env its environment
---@field flags string the flags raised in it, "overflow,inexact", or "-" for none
---@overload fun(x: number|string|hu.scalar): hu.scalar
local format = {}

---The same format with another environment: a given one, which is shared, or a new one with these settings over the
---present ones.
---
---```lua
---local up = hu.format("e5m2"):with {rounding = "ru"}
---print(up(1.1))                      --> 1.25
---```
---@param settings hu.env|table see `hu.env`
---@return hu.format
function format:with(settings) end

---Lowers all flags of its environment.
---@return hu.format self
function format:clear() end

---Values on the grid of the format, each rounded once.
---
---```lua
---local e4m3 = hu.format "e4m3fn"
---print(e4m3:quantize(0.3))           --> 0.3125
---print(e4m3:quantize({0.3, 500}, {overflow = "saturate"}))    --> array 2 (double): 0.3125 448
---```
---@param x number|hu.array|table
---@param options? table settings of an environment over the format's own, or `env`
---@return number|hu.array
function format:quantize(x, options) end

---The codes of values, each rounded once; of formats of up to 53 bits.
---
---```lua
---print(hu.format("e4m3fn"):codes {1, -2, 0.3})    --> array 3 (double): 56 192 42
---```
---@param x hu.array|table
---@param options? table settings of an environment over the format's own, or `env`
---@return hu.array codes an array of x's shape
function format:codes(x, options) end

---The bytes of an array in a format of up to 16 bits, without gaps: element i of w bits has the bits i w to (i + 1) w - 1, counted from the lowest
---bit of the first byte. Unused bits of the last byte are 0.
---
---```lua
---local packed = hu.format("e2m1fn"):pack {6, -3, 0.5}
---print(packed.elements:byte(1, -1))   --> 215	1
---```
---@param x hu.array|table
---@param options? table settings of an environment over the format's own, or `env`
---@return table packed `elements` (a string), `format`, `shape`
function format:pack(x, options) end

---The values of bytes, an array of doubles.
---
---```lua
---local e2m1 = hu.format "e2m1fn"
---print(e2m1:unpack(e2m1:pack {6, -3, 0.5}))    --> array 3 (double): 6 -3 0.5
---```
---@param packed table as `format:pack` makes it
---@return hu.array
function format:unpack(packed) end

---The scalar with that code.
---
---```lua
---print(hu.format("e4m3fn"):from_bits(0x7e))    --> 448
---```
---@param code integer|string text such as "0x7e" for codes that an integer does not hold
---@return hu.scalar
function format:from_bits(code) end

---The finite values in increasing order, zero once; for formats of up to 16 bits.
---
---```lua
---print(hu.format("e2m1fn"):values())    --> array 15 (double): -6 -4 -3 -2 -1.5 -1 -0.5 0 ...
---```
---@return hu.array
function format:values() end

---The positive values by powers of two: an entry for each [2^e, 2^(e+1)) that has some, upward. For every format whose steps are equal
---within such a binade, and for others of up to 16 bits.
---
---```lua
---local first = hu.format("e4m3fn"):binades()[1]
---print(first.exponent, first.count, first.spacing)    --> -9	1.0	-9.0
---```
---@param most? integer 16 to 131072; where there are more, some are left out of those that are alike, in the normal range of floats (131072)
---@return table[] binades each with `exponent` (e), `count` (of its values) and `spacing` (the logarithm to base two of the largest distance from one of them to the next value)
function format:binades(most) end
