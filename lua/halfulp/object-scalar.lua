---@meta
-- object-scalar.lua - the methods and operators of a scalar: one value of a format, which are written in C.
--
-- Read by editors (LuaLS) and by docs/gen-lua-api.lua; nothing loads it.

---One value of a format. Immutable.
---
---`+ - * /` round once, in the environment of the left scalar's format object; `-x` changes the sign. The other operand is a scalar of
---the same format or a Lua number, which is first rounded to the format (and in a stochastic mode draws a random word for that). Scalars of two formats are not mixed: `convert` says
---which is meant. `x % y` is the IEEE remainder. `x ^ n` for a whole n of up to 65536 multiplies n - 1 times from left to right
---and rounds each time; for a negative n, 1 is then divided by that. `<`, `<=` and `==` follow IEEE 754 (a NaN equals
---nothing), but Lua itself takes an object as equal to itself and a scalar as unequal to a number, so there is `eq`.
---
---```lua
---local f = hu.format "e4m3fn"
---print(f(0.3) + 1)                   --> 1.25
---print(f(1) / 3 < 0.5)               --> true
---print(f.flags)                      --> inexact
---```
---@class hu.scalar
---@field format hu.format the format object that rounds its operations
---@operator add(hu.scalar|number): hu.scalar
---@operator sub(hu.scalar|number): hu.scalar
---@operator mul(hu.scalar|number): hu.scalar
---@operator div(hu.scalar|number): hu.scalar
---@operator mod(hu.scalar|number): hu.scalar
---@operator pow(hu.scalar|number): hu.scalar
---@operator unm: hu.scalar
local scalar = {}

---The code. Formats wider than 64 bits give it as text, "0x..."; a 64-bit code may be a negative integer.
---
---```lua
---print(hu.format("e4m3fn")(1):bits())    --> 56
---```
---@return integer|string
function scalar:bits() end

---The value as a Lua number: exact where a double holds it, else the nearest.
---@return number
function scalar:value() end

---The value in hexadecimal floating point, exact.
---
---```lua
---print(hu.format("fp16")(0.1):hex())    --> 0x1.998p-4
---```
---@return string
function scalar:hex() end

---What it is: "zero", "subnormal", "normal", "infinite" or "nan".
---@return string
function scalar:kind() end

---The unit in the last place: the distance from |x| to the next larger magnitude, for the largest value to the next smaller.
---
---```lua
---print(hu.format("e4m3fn")(1):ulp())    --> 0.125
---```
---@return number
function scalar:ulp() end

---The next larger value (nextUp of IEEE 754); the largest value of a format without infinities is its own.
---@return hu.scalar
function scalar:next() end

---The next smaller value (nextDown of IEEE 754).
---@return hu.scalar
function scalar:prev() end

---The square root, rounded once.
---@return hu.scalar
function scalar:sqrt() end

---e to the power of the value, correctly rounded; so are all functions below, in every mode.
---
---```lua
---local f = hu.format "e4m3fn"
---print(f(1):exp(), f(1):exp().format == f)    --> 2.75	true
---```
---@return hu.scalar
function scalar:exp() end

---2 to the power of the value; exact for whole numbers that the format reaches.
---@return hu.scalar
function scalar:exp2() end

---`exp(x) - 1`, without cancellation near 0.
---@return hu.scalar
function scalar:expm1() end

---The natural logarithm; of 0 it is -infinity and raises divbyzero, of a negative number NaN and invalid.
---@return hu.scalar
function scalar:log() end

---The binary logarithm; exact for powers of two.
---@return hu.scalar
function scalar:log2() end

---`log(1 + x)`, without cancellation near 0.
---@return hu.scalar
function scalar:log1p() end

---`self` to the power of `b`, rounded once; `^` multiplies step by step instead. `x:pow(0)` and `f(1):pow(y)` are 1, NaN or not.
---
---```lua
---print(hu.format("fp16")(4):pow(-1.5))    --> 0.125
---```
---@param b hu.scalar|number
---@return hu.scalar
function scalar:pow(b) end

---The sine, in radians.
---@return hu.scalar
function scalar:sin() end

---The cosine, in radians.
---@return hu.scalar
function scalar:cos() end

---The tangent, in radians.
---@return hu.scalar
function scalar:tan() end

---The arc sine, in radians; invalid outside -1 to 1.
---@return hu.scalar
function scalar:asin() end

---The arc cosine, in radians; invalid outside -1 to 1.
---@return hu.scalar
function scalar:acos() end

---The arc tangent, in radians.
---@return hu.scalar
function scalar:atan() end

---The angle of the point (b, self) in radians, -pi to pi.
---@param b hu.scalar|number
---@return hu.scalar
function scalar:atan2(b) end

---The hyperbolic sine.
---@return hu.scalar
function scalar:sinh() end

---The hyperbolic cosine.
---@return hu.scalar
function scalar:cosh() end

---The hyperbolic tangent.
---@return hu.scalar
function scalar:tanh() end

---The error function.
---@return hu.scalar
function scalar:erf() end

---1 / (1 + e^-x).
---@return hu.scalar
function scalar:sigmoid() end

---1 / sqrt(x); of 0 an infinity of its sign, which raises divbyzero.
---@return hu.scalar
function scalar:rsqrt() end

---The cube root.
---@return hu.scalar
function scalar:cbrt() end

---The square root of self^2 + b^2, without overflow between.
---@param b hu.scalar|number
---@return hu.scalar
function scalar:hypot(b) end

---The absolute value; raises no flag.
---@return hu.scalar
function scalar:abs() end

---The value rounded to a whole number by the environment's mode.
---@return hu.scalar
function scalar:rint() end

---`self * b + c` with one rounding.
---
---```lua
---local f = hu.format "e4m3fn"
---print(f(1.125):fma(1.125, -1.25))   --> 0.015625
---```
---@param b hu.scalar|number
---@param c hu.scalar|number
---@return hu.scalar
function scalar:fma(b, c) end

---The IEEE remainder, `self - n * b` for the whole number n nearest to `self / b`.
---@param b hu.scalar|number
---@return hu.scalar
function scalar:rem(b) end

---The smaller of two (minimum of IEEE 754-2019: NaN where either is, -0 below +0).
---@param b hu.scalar|number
---@return hu.scalar
function scalar:min(b) end

---The larger of two (maximum of IEEE 754-2019).
---@param b hu.scalar|number
---@return hu.scalar
function scalar:max(b) end

---Whether two are equal; unlike `==`, also with a Lua number, which is first rounded to the format.
---
---```lua
---print(hu.format("e4m3fn")(0.3):eq(0.3))    --> true
---```
---@param b hu.scalar|number
---@return boolean
function scalar:eq(b) end

---The value in another format, rounded once, in the environment of that format object, or in a copy of this scalar's where the
---format is given by name.
---
---```lua
---print(hu.format("fp32")(0.3):convert("e5m2"))          --> 0.3125
---print(hu.format("fp32")(0.3):convert("e5m2", "rz"))    --> 0.25
---```
---@param to hu.format|string
---@param rounding? string for this conversion alone
---@return hu.scalar
function scalar:convert(to, rounding) end
