---@meta
-- object-array.lua - the methods and operators of an array, which are written in C.
--
-- Read by editors (LuaLS) and by docs/gen-lua-api.lua; nothing loads it.

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

---The array rotated by Hadamard matrices, block by block along an index: orthonormal, so that products of two arrays rotated alike stay what they were, while an
---outlier is spread over its block. Without `signs` the rotation undoes itself.
---
---```lua
---local a = hu.array {4, 0, 0, 0}
---print(a:hadamard())                 --> array 4 (double): 2 2 2 2
---print((a + 1):hadamard {signs = true, seed = 3}:hadamard {signs = true, seed = 3, inverse = true})    --> array 4 (double): 5 1 1 1
---```
---@param options? table `block` = a power of two that divides the index (its size), `axis` (the last), `signs` (false: random signs before, from `seed` (1) and `stream`), `inverse` (false)
---@return hu.array
function array:hadamard(options) end

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
