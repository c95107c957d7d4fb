---@meta
-- object-block.lua - the methods and fields of a block format, which are written in C.
--
-- Read by editors (LuaLS) and by docs/gen-lua-api.lua; nothing loads it.

---A block format, made by `hu.block`: elements, and a scale for every block of them.
---
---The value of an element is element * scale, or element * scale * tensor scale; `docs/blocks.md` says how a scale is chosen and
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
