---@meta
-- objects.lua - the methods, fields and operators of the objects that are written in C.
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
---@field min_normal number|hu.scalar the smallest positive normal value
---@field min_subnormal number|hu.scalar the smallest positive value
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
---@param most? integer where there are more, some are left out of those that are alike, in the normal range of floats (131072)
---@return table[] binades each with `exponent` (e), `count` (of its values) and `spacing` (the logarithm to base two of the largest distance from one of them to the next value)
function format:binades(most) end

---A block format, made by `hu.block`: elements, and a scale for every block of them.
---
---The value of an element is element * scale, or element * scale * tensor scale; `docs/formats.md` says how a scale is chosen and
---what happens at the edges. `options` of the methods are the settings of an environment, or `env`, and `axis`: the number of the
---index that blocks lie along (the last one if not given), or "all" for all elements in a row. Two objects are equal when
---their formats are.
---
---```lua
---local nvfp4 = hu.block "nvfp4"
---print(nvfp4.formula)                --> block(e2m1fn, scale=e4m3fn, size=16, tensor=e8m23)
---print(nvfp4.element.max)            --> 6.0
---```
---@class hu.block
---@field name string canonical name
---@field formula string the name as block(...) writes it
---@field source string where it is defined
---@field element hu.format
---@field scale hu.format
---@field tensor? hu.format of the scale of a whole array, where there is one
---@field size? integer elements of a block along the index; none where a whole array is one block
---@field rows integer neighboring lines in a block, 1 but for blocks in two dimensions
---@field rule string "floor", "ceil", "even", "up" or "mse"
---@field target? number what the scale takes for the element's largest value, where that is set
---@field bits_per_value number with the share of the scale
local block = {}

---The values in the block format, an array of the same type.
---
---```lua
---print(hu.block("mxint8"):quantize {1, 0.01, -3})    --> array 3 (double): 1 0 -3
---```
---@param x hu.array|table
---@param options? table
---@return hu.array
function block:quantize(x, options) end

---The codes of the elements, an array of x's shape, and those of the scales, an array with a row for each line of blocks; `tensor`
---is the code of the tensor scale.
---
---```lua
---local codes = hu.block("mxfp4"):codes {6, -3, 0.5, 0}
---print(codes.elements, codes.scales)    --> array 4 (double): 7 13 1 0	array 1x1 (double): 127
---```
---@param x hu.array|table
---@param options? table
---@return table codes `elements`, `scales`, `tensor`
function block:codes(x, options) end

---The bytes of an array. Blocks follow one another line by line, each from a byte of its own on; element i of a block of w-bit elements has the
---bits i w to (i + 1) w - 1, counted from the lowest bit of the first byte. A scale is a little-endian number of whole bytes.
---
---```lua
---local packed = hu.block("mxfp4"):pack {6, -3, 0.5, 0}
---print(packed.elements:byte(1, -1))  --> 215	1
---print(packed.scales:byte(1, -1))    --> 127
---```
---@param x hu.array|table
---@param options? table also `interleaved`: the scale of each block stands before its elements, in `elements`
---@return table packed `elements`, `scales` and `tensor` (strings), `format`, `shape`, `axis`
function block:pack(x, options) end

---The values of bytes, an array of doubles.
---
---```lua
---local mxfp4 = hu.block "mxfp4"
---print(mxfp4:unpack(mxfp4:pack {6, -3, 0.5, 0}))    --> array 4 (double): 6 -3 0.5 0
---```
---@param packed table as `block:pack` makes it; without `scales` they are interleaved
---@return hu.array
function block:unpack(packed) end

---What quantizing loses, and where: `clipping` (elements past the range of their block), `flush` (to zero) and `rounding`, each a table of
---`energy` (the sum of squared errors), `share` (of the total), `max` (the largest error) and `n` (elements); then `total`, `signal` (the
---sum of squares of x), `sqnr_db`, `n`, `n_not_finite`. `blocks` has an array a row for each line of blocks, for `scale`, `total`, `signal`,
---`clipping`, `flush` and `rounding`.
---
---```lua
---local e = hu.block("mxfp4"):error {7, 0.2, 1.2, 0}
---print(e.clipping.n, e.flush.n, e.rounding.n)    --> 1	1	1
---print(e.clipping.energy, e.clipping.share > 0.9)    --> 1.0	true
---```
---@param x hu.array|table
---@param options? table
---@return table
function block:error(x, options) end

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

---An array of doubles or floats with up to four indices, counted from 1; the last one runs fastest.
---
---`+ - * / ^` work element by element in the carrier's own arithmetic, with arrays, tables of numbers and numbers; sizes of 1 and missing
---leading indices are repeated, as in NumPy. Two floats give floats, all else doubles. `==` asks for the same shape and
---equal values. `#a` is the size of the first index. `a(i, j)` reads an element; for one index there are also `a[i]` and `a[i] = x`.
---Every method that returns an array returns a new one.
---
---```lua
---local a = hu.array {{1, 2}, {3, 4}}
---print(a * a + 1)                    --> array 2x2 (double): 2 5 10 17
---```
---@class hu.array
---@field dtype string "double" or "float"
---@field rank integer the number of indices
---@field n integer the number of elements
---@operator add(hu.array|number): hu.array
---@operator sub(hu.array|number): hu.array
---@operator mul(hu.array|number): hu.array
---@operator div(hu.array|number): hu.array
---@operator pow(hu.array|number): hu.array
---@operator unm: hu.array
---@operator len: integer
---@overload fun(...: integer): number
local array = {}

---The sizes.
---
---```lua
---print(table.concat(hu.zeros({2, 3}):shape(), " "))    --> 2 3
---```
---@return integer[]
function array:shape() end

---An element; the same as `a(i, j, ...)`.
---@param ... integer one for each index
---@return number
function array:get(...) end

---Writes an element.
---
---```lua
---print(hu.zeros({2, 2}):set(1, 2, 5))    --> array 2x2 (double): 0 5 0 0
---```
---@param ... number the indices, then the value
---@return hu.array self
function array:set(...) end

---Writes one value everywhere.
---@param value number
---@return hu.array self
function array:fill(value) end

---A copy of what stands at the first index `i`.
---@param i integer
---@return hu.array
function array:row(i) end

---Writes what stands at the first index `i`.
---@param i integer
---@param values hu.array|table|number
---@return hu.array self
function array:set_row(i, values) end

---A copy of column `j` of a matrix.
---@param j integer
---@return hu.array
function array:column(j) end

---A copy of the part with the first index from `first` to `last`.
---
---```lua
---print(hu.array({1, 2, 3, 4}):slice(2, 3))    --> array 2 (double): 2 3
---```
---@param first integer
---@param last? integer the size if not given
---@return hu.array
function array:slice(first, last) end

---The same elements in the same order under another shape, a copy.
---@param shape integer|integer[]
---@return hu.array
function array:reshape(shape) end

---The transpose of a matrix.
---@return hu.array
function array:transpose() end

---A copy.
---@return hu.array
function array:copy() end

---A copy of that type.
---@param dtype string "double" or "float"
---@return hu.array
function array:to(dtype) end

---The elements as nested tables.
---@return table
function array:totable() end

---What a Lua function makes of each element.
---
---```lua
---print(hu.array({1, 2, 3}):map(function(x) return x * x end))    --> array 3 (double): 1 4 9
---```
---@param f fun(x: number): number
---@return hu.array
function array:map(f) end

---The values on the grid of a format, or in a block format, each rounded once; or on the scaled grids of a quantizer, `q:apply(array)`.
---
---```lua
---print(hu.array({0.3, 1.1}):quantize("e4m3fn"))    --> array 2 (double): 0.3125 1.125
---print(hu.array({{6, 0.2}, {0.7, 0.2}}):quantize("mxfp4", {axis = 1}))    --> array 2x2 (double): 6 0.1875 0.5 0.1875
---```
---@param format hu.format|hu.block|hu.quantizer|string
---@param options? table settings of an environment over the format's own, or `env`; with a block format `axis`, see `block:quantize`; for a quantizer `seed` and `stream`
---@return hu.array
function array:quantize(format, options) end

---|x|.
---@return hu.array
function array:abs() end

---The largest whole number not above x.
---@return hu.array
function array:floor() end

---The nearest whole number, ties to even.
---@return hu.array
function array:round() end

---Square root.
---@return hu.array
function array:sqrt() end

---e^x.
---@return hu.array
function array:exp() end

---e^x - 1, accurate near 0.
---@return hu.array
function array:expm1() end

---Natural logarithm.
---@return hu.array
function array:log() end

---log(1 + x), accurate near 0.
---@return hu.array
function array:log1p() end

---Logarithm to base 2.
---@return hu.array
function array:log2() end

---Sine.
---@return hu.array
function array:sin() end

---Cosine.
---@return hu.array
function array:cos() end

---Hyperbolic tangent.
---@return hu.array
function array:tanh() end

---The sum, added upward in double; along one index, an array without it.
---
---```lua
---local a = hu.array {{1, 2}, {3, 4}}
---print(a:sum())                      --> 10.0
---print(a:sum(1))                     --> array 2 (double): 4 6
---```
---@param axis? integer
---@return number|hu.array
function array:sum(axis) end

---The mean, over all elements or along one index.
---@param axis? integer
---@return number|hu.array
function array:mean(axis) end

---The standard deviation of these values (divisor n), over all elements or along one index.
---@param axis? integer
---@return number|hu.array
function array:std(axis) end

---The largest value, NaN where there is one; over all elements or along one index.
---@param axis? integer
---@return number|hu.array
function array:max(axis) end

---The smallest value, NaN where there is one; over all elements or along one index.
---@param axis? integer
---@return number|hu.array
function array:min(axis) end

---The square root of the sum of squares, without overflow on the way; over all elements or along one index.
---@param axis? integer
---@return number|hu.array
function array:norm(axis) end

---The place of the first largest value, counted from 1 over all elements or along one index.
---@param axis? integer
---@return integer|hu.array
function array:argmax(axis) end

---The place of the first smallest value, counted from 1 over all elements or along one index.
---@param axis? integer
---@return integer|hu.array
function array:argmin(axis) end

---A quantizer: a format, which elements share a scale, and how the scale is chosen; made by `hu.quantizer`.
---
---```lua
---local q = hu.quantizer {format = "e2m1fn", group = 16, scale_format = "e4m3fn"}
---print(q)    --> quantizer{e2m1fn, per group of 16, scale absmax, scales in e4m3fn, rne, saturate}
---```
---@class hu.quantizer
---@field format string of the elements
---@field per string "tensor", "row", "column", "channel", "group", "tile", "rank1", "block"
---@field scale string the rule
---@field rounding string
---@field overflow string
---@field frozen boolean whether its ranges are those that it observed
---@field observed integer how many arrays it has observed
local quantizer = {}

---The values of an array on the quantizer's grids.
---
---`info` has `scales` and (with zero points) `zeros`, arrays with a size of 1 where one scale serves all; the errors `mse`, `nmse`,
---`sqnr` (dB), `max`; `clipped` and `flushed`, the shares of the elements that lay past the last element and that became zero;
---`n`, the elements that these are about; `bits`, stored for each element, scales included; and `flags`.
---
---```lua
---local v, info = hu.quantizer({format = "int8"}):apply {-127, 0.4, 3}
---print(v)                            --> array 3 (double): -127 0 3
---print(info.max, info.flushed == 1 / 3)    --> 0.4	true
---```
---@param x hu.array|table
---@param options? table `seed`, `stream` of the random words of stochastic modes
---@return hu.array values
---@return table info
function quantizer:apply(x, options) end

---The codes of an array's elements, as numbers, and what `apply` says.
---
---```lua
---local codes, info = hu.quantizer({format = "uint8", zero = true}):codes {-1, 0, 3}
---print(codes, info.zeros[1])         --> array 3 (double): 0 64 255	64.0
---```
---@param x hu.array|table
---@param options? table `seed`, `stream`
---@return hu.array codes
---@return table info
function quantizer:codes(x, options) end

---Takes an array's ranges into account: the widest range counts, or with the option `momentum` m the ranges become m times what
---they were plus 1 - m times the array's.
---
---```lua
---local q = hu.quantizer {format = "int8"}
---q:observe({1, -2}):observe({0, 127}):freeze()
---print((q:apply {0.6, 300}))         --> array 2 (double): 1 127
---```
---@param x hu.array|table
---@return hu.quantizer self
function quantizer:observe(x) end

---Makes the observed ranges the ranges of all arrays from now on.
---@return hu.quantizer self
function quantizer:freeze() end

---A quantizer with the same options but for those given; it has observed nothing.
---
---```lua
---local q = hu.quantizer {format = "int8", per = "row"}
---print(q:with {format = "int4"}.format)    --> int4
---```
---@param options table
---@return hu.quantizer
function quantizer:with(options) end
