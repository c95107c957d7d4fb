---@meta
-- object-quantizer.lua - the methods and fields of a quantizer, which are written in C.
--
-- Read by editors (LuaLS) and by docs/gen-lua-api.lua; nothing loads it.

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
