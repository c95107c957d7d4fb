-- init.lua - the table that `require "halfulp"` returns.
--
-- What is written in C comes from halfulp.core, a table a module; what is written in Lua from the
-- files next to this one. Methods of the objects are described in object-*.lua.

local core = require "halfulp.core"

---A laboratory for number formats: `local hu = require "halfulp"`. The fields but `datadir` are those of a script that
---`halfulp run` runs.
---@class hu
---@field datadir string folder of the files that come with the program: experiments/, plots/, lua/
---@field script? string path of the script
---@field args? table<string, string> its key=value arguments; `hu.params` reads them with types and checks
---@field seed? integer of `--seed`, where it was given
---@field jobs? integer of `--jobs`, where it was given
---@field out? string of `--out`, where it was given
local hu = {}

hu.datadir = os.getenv "HALFULP_DATADIR" or (debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" or ".") .. "/../.."

-- ---- formats, scalars, environments ----

---A number format by name.
---
---The object holds the format and an environment of its own: what is computed with it rounds as the
---environment says and raises flags there. Calling it makes a scalar, `e4m3(0.3)`. An unknown name is an error
---that names the nearest one.
---
---```lua
---local e4m3 = hu.format "e4m3fn"
---print(e4m3(0.3))                    --> 0.3125
---print(e4m3.max)                     --> 448.0
---```
---@param name string|hu.format a name by the grammar of the manual, such as "e4m3fn", "bf16" or "e5m7{bias=20}"
---@return hu.format
hu.format = core.format.new

hu.define = require "halfulp.define"

---The formats that have a name of their own, and the aliases.
---
---```lua
---local names, aliases = hu.formats()
---print(names[1])                     --> e2m1fn
---print(aliases.fp16)                 --> e5m10
---```
---@return string[] names in the order of the table
---@return table<string, string> aliases what each alias stands for
hu.formats = core.format.names

---A block format by name: elements that share a scale in blocks, such as MXFP4 and NVFP4.
---
---Block formats are for arrays: `array:quantize`, the inputs of `hu.matmul`, and the methods of the object take them, all also
---by name. An unknown name is an error that names the nearest one.
---
---```lua
---local mxfp4 = hu.block "mxfp4"
---print(mxfp4.element, mxfp4.scale, mxfp4.size, mxfp4.rule)    --> e2m1fn	e8m0fnu	32	floor
---print(hu.block("block(nf4, scale=fp32, size=64)").bits_per_value)    --> 4.5
---```
---@param name string|hu.block a row's name, a row with changes, `"mxfp4{rule=up}"`, or `"block(ELEMENT, scale=FORMAT, size=N, rule=..., tensor=FORMAT)"`
---@return hu.block
hu.block = core.block.new

---The block formats that have a name of their own, and the aliases.
---
---```lua
---print(hu.blocks()[5])               --> mxfp4
---```
---@return string[] names in the order of the table
---@return table<string, string> aliases what each alias stands for
hu.blocks = core.block.names

---The rounding modes.
---
---```lua
---for _, mode in ipairs(hu.roundings()) do
---  assert(mode.name and mode.title and mode.source)
---end
---```
---@return table[] modes each with `name`, `title`, `random_bits` and `source`
hu.roundings = core.format.roundings

---An environment: how operations round, what they do at the edges, and the flags that they raised.
---
---A format object has one; `format:with(env)` and the option `env` of array functions take another.
---
---```lua
---local env = hu.env {rounding = "rz"}
---local f = hu.format("e4m3fn"):with(env)
---print(f(0.3))                       --> 0.28125
---print(env.flags)                    --> inexact
---```
---@param settings? table `rounding` ("rne"), `overflow` ("ieee", "saturate", "saturate-finite-only"), `tininess` ("after", "before"), `nan` ("canonical", "propagate"), `seed` and `stream` of stochastic modes (0)
---@return hu.env
hu.env = core.env.new

-- ---- arrays ----

---An array from a table of numbers, nested for two to four indices, or a copy of an array.
---
---```lua
---local a = hu.array {{1, 2, 3}, {4, 5, 6}}
---print(a(2, 3))                      --> 6.0
---print(#a)                           --> 2
---```
---@param values table|hu.array
---@param options? table `dtype`: "double" (default) or "float"
---@return hu.array
hu.array = core.array.new

---An array with one value everywhere.
---@param shape integer|integer[] a size, or a list of up to four
---@param value number
---@param options? table `dtype`
---@return hu.array
hu.full = core.array.full

---An array of zeros.
---
---```lua
---print(hu.zeros({2, 2}):sum())       --> 0.0
---```
---@param shape integer|integer[]
---@param options? table `dtype`
---@return hu.array
hu.zeros = core.array.zeros

---An array of ones.
---
---```lua
---print(hu.ones(3):sum())             --> 3.0
---```
---@param shape integer|integer[]
---@param options? table `dtype`
---@return hu.array
hu.ones = core.array.ones

---`n` values from `first` to `last` in equal steps; both ends are exact.
---
---```lua
---print(hu.linspace(0, 1, 5)[2])      --> 0.25
---```
---@param first number
---@param last number
---@param n integer
---@return hu.array
hu.linspace = core.array.linspace

---`base ^ x` for the `x` of `hu.linspace(first, last, n)`.
---
---```lua
---print(hu.logspace(0, 3, 4)[4])      --> 1000.0
---```
---@param first number exponent of the first value
---@param last number exponent of the last value
---@param n integer
---@param base? number 10 if not given
---@return hu.array
hu.logspace = core.array.logspace

---Standard normal numbers. Element i is a function of (seed, stream, i) alone: the same everywhere and always.
---
---```lua
---local a, b = hu.randn({2, 3}, {seed = 1}), hu.randn({2, 3}, {seed = 1})
---print(a == b)                       --> true
---```
---@param shape integer|integer[]
---@param options? table `seed` (0), `stream` (0), `mean` (0), `std` (1), `dtype`
---@return hu.array
hu.randn = core.array.randn

---Uniform numbers, from `low` up to but not including `high`.
---@param shape integer|integer[]
---@param options? table `seed` (0), `stream` (0), `low` (0), `high` (1), `dtype`
---@return hu.array
hu.uniform = core.array.uniform

---The smaller of two, element by element; NaN where one is.
---
---```lua
---print(hu.minimum(hu.array {1, 5}, 3))    --> array 2 (double): 1 3
---```
---@param a hu.array|number
---@param b hu.array|number
---@return hu.array
hu.minimum = core.arith.minimum

---The larger of two, element by element; NaN where one is.
---@param a hu.array|number
---@param b hu.array|number
---@return hu.array
hu.maximum = core.arith.maximum

---Writes an array as a NumPy file (.npy, version 1.0).
---@param array hu.array
---@param path string
hu.save_npy = core.array.save_npy

---Reads a NumPy file of little-endian floats or doubles in C order.
---
---```lua
---local path = os.tmpname()
---hu.save_npy(hu.array {1, 2, 3}, path)
---print(hu.load_npy(path))            --> array 3 (double): 1 2 3
---os.remove(path)
---```
---@param path string
---@return hu.array|nil array nil where the file cannot be read; a file of another kind is an error
---@return string? message
hu.load_npy = core.array.load_npy

---A plain list of numbers, `first, first + step, ...` up to and including `last`.
---
---```lua
---print(table.concat(hu.range(1, 9, 2), " "))    --> 1 3 5 7 9
---```
---@param first number
---@param last number
---@param step? number 1 if not given
---@return number[]
function hu.range(first, last, step)
  local limits = {first = first, last = last, step = step or 1}
  for _, name in ipairs {"first", "last", "step"} do
    local value = limits[name]
    if type(value) ~= "number" or value ~= value or value == math.huge or value == -math.huge then
      error(("range: %s is %s; it takes a finite number"):format(name, tostring(value)), 2)
    end
  end
  if limits.step == 0 then
    error("range: step is 0; it takes another number", 2)
  end
  if (last - first) / limits.step > 1e7 then
    error("range: more than ten million values; use an array, hu.linspace", 2)
  end
  local list = {}
  for i = 0, (last - first) / limits.step * (1 + 1e-12) // 1 do
    list[#list + 1] = first + (math.type(first) == "integer" and math.tointeger(i) or i) * limits.step
  end
  return list
end

-- ---- emulated arithmetic ----

---One operation, element by element, each result rounded once to a format.
---
---```lua
---local a = hu.array {1, 2, 3}
---print(hu.apply("div", a, 3, {format = "e4m3fn"}))    --> array 3 (double): 0.34375 0.6875 1
---print(hu.apply("exp", a, {format = "e4m3fn"}))       --> array 3 (double): 2.75 7.5 20
---```
---@param op string "add", "sub", "mul", "div", "fma" (a * b + c), "sqrt", or a function, correctly rounded: "exp", "exp2", "expm1", "log", "log2", "log1p", "pow", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "erf", "sigmoid", "rsqrt", "cbrt" or "hypot"
---@param a hu.array|number|table
---@param ... hu.array|number|table b and c where the operation has them; then the options: `format` (required), the settings of an environment, or `env`, and for "mul" `multiplier`, `input` and `l` as in `hu.matmul`
---@return hu.array
hu.apply = core.numeric.apply

---The product of two matrices under an accumulator; `docs/accumulators.md` tells all of it. Without `accumulate` and scales it is the BLAS's.
---
---`accumulate` is a format, or a table: `format` of the sums, `product` (exact if not given), `chunk` (the
---terms are added in chunks of that many), `outer` (format in which chunks' sums are added), `order` ("sequential",
---"pairwise", "kahan": compensated summation, each of its four operations rounded, or "exact": the terms are added without rounding, and the sum is rounded once, to `format` or the array's own numbers). `input` quantizes both matrices first; a list of two formats, each its own; block formats lie along
---the index that is summed over. All of this
---rounds in one environment: that of the options, else that of the object given as sum format. A vector
---on the left is a row, on the right a column; of two vectors, `c()` reads the product (or use `hu.dot`).
---
---Or the terms are added as a matrix unit does it: `profile` is the name of a device, see `hu.profiles`, with `output` ("fp32" or "fp16"), and
---`input` where the matrices are not quantized here; or `block` is a table of one's own: `group` (products that are added at once), `width`
---(bits kept below the largest exponent), and if need be `align` and `rounding` ("rz"), `output` ("fp32"), `lowest`, `interleave`,
---`normalizes`, `late`, `overflow` ("infinity" or "ieee") and `input`. `chunk` and `outer` go with both.
---
---Or by an integer: `integer` is its width, 2 to 64 bits, `overflow` what it does at every addition ("wrap" or "saturate"), `fraction` its bits of
---fraction (the inputs', if they are fixed point), `product_bits` the width of products beyond which they are refused.
---
---Other products: `multiplier` is "lmul" (significands are added), "lmul_formula" or an array [2^n][2^m] of what codes of n and m bits make; `input` names the
---formats where the matrices are not quantized here, `l` is L-Mul's offset where it is not the paper's.
---
---Arrays of three or four indices are batches of matrices; an index that one of them lacks, or has once, is repeated. `scale_a`: a number, one for each
---row, or an array of one for each block of rows and columns, whose sizes follow from its shape or are `block_a`; `scale_b`, `block_b` likewise, by columns.
---
---```lua
---local A = hu.randn({8, 8}, {seed = 1})
---local C = hu.matmul(A, A, {input = "e4m3fn", accumulate = {format = "fp32", chunk = 4}})
---print(hu.error(C, hu.matmul(A, A)).normwise_2 < 0.1)    --> true
---local D = hu.matmul(A, A, {input = "e4m3fn", accumulate = {profile = "H100"}})
---local E = hu.matmul(A, A, {input = "e4m3fn", accumulate = {block = {group = 32, width = 13, output = "e8m13", lowest = -133}}})
---print(D(1, 1) == E(1, 1))           --> true
---print(hu.dot({100, 100, -100}, {1, 1, 1}, {accumulate = {integer = 8, overflow = "saturate"}}))    --> 27.0
---print(hu.dot({1.5}, {1.5}, {accumulate = {multiplier = "lmul", input = "e4m3fn"}}))                --> 2.25
---```
---@param a hu.array|table
---@param b hu.array|table
---@param options? table `input`, `accumulate`, `transpose_a`, `transpose_b`, `scale_a`, `scale_b`, `block_a`, `block_b`, and the settings of an environment, or `env`
---@return hu.array
hu.matmul = core.numeric.matmul

---The adders of matrix units that `accumulate = {profile = ...}` knows, one for each device, type of input and type of output.
---
---```lua
---for _, p in ipairs(hu.profiles()) do
---  if p.profile == "H100" and p.input == "fp8" then
---    print(p.group, p.width, p.format)  --> 32	13	e8m13
---  end
---end
---```
---@return table[] profiles each with `profile`, `input`, `output`, `group`, `width`, `lowest`, `rounding`, `format` (what the sums have room for), `source` and `note` (what is verified)
hu.profiles = core.block_fma.profiles

---The dot product of two vectors under an accumulator; see `hu.matmul`.
---
---```lua
---print(hu.dot({1, 2, 3}, {1, 1, 1}, {accumulate = "e4m3fn"}))    --> 6.0
---```
---@param x hu.array|table
---@param y hu.array|table
---@param options? table `accumulate`, and the settings of an environment, or `env`
---@return number
hu.dot = core.numeric.dot

---The sum of a vector under an accumulator; see `hu.matmul`.
---
---```lua
---print(hu.sum(hu.ones(100), {accumulate = "e4m3fn"}))    --> 16.0
---```
---@param x hu.array|table
---@param options? table `accumulate`, and the settings of an environment, or `env`
---@return number
hu.sum = core.numeric.sum

---An exact sum of numbers and products of a format, rounded once when it is asked for.
---
---A posit's quire is the standard's, its size and its overflow included. Sums over arrays have it as an accumulator with
---`order = "exact"`. Formats whose values are irrational have none.
---
---```lua
---local posit8 = hu.format "posit8"
---local q = hu.quire(posit8)
---q:add(1):muladd(posit8(0.125), posit8(0.125)):sub(1)
---print(q:round(), q.bits)            --> 0.015625	128
---```
---@param format hu.format|string
---@return hu.quire
hu.quire = core.quire.quire

-- ---- quantizers ----

---A quantizer: a format, which elements share a scale, and how the scale is chosen. See `docs/quantizers.md`.
---
---```lua
---local q = hu.quantizer {format = "int8", per = "row"}
---local v, info = q:apply(hu.array {{1, 2, 127}, {10, 20, 254}})
---print(v)                            --> array 2x3 (double): 1 2 127 10 20 254
---print(info.scales(2, 1))            --> 2.0
---```
---@param options table `format` (required), and the rest as the manual lists it: `per`, `axis`, `group`, `flat`, `tile`, `scale`, `constant`, `percentile`, `clip`, `target`, `candidates`, `score`, `power`, `weights`, `activations`, `scale_format`, `scale_rounding`, `pow2`, `within`, `scale_least`, `scale_most`, `scales`, `zero`, `narrow`, `momentum`, `rounding`, `overflow`, `seed`, `stream`
---@return hu.quantizer
hu.quantizer = core.quantizer.new

---The candidates of range searches: their names, or the factors of one of them.
---
---```lua
---print(#hu.candidates "ratios111")   --> 111
---```
---@param name? string
---@return string[]|hu.array
hu.candidates = core.quantizer.candidates

-- ---- measuring, models ----

local analysis = require "halfulp.analysis"
hu.error     = analysis.error
hu.ulp       = analysis.ulp
hu.svd       = analysis.svd
hu.sharpness = require "halfulp.sharpness"
hu.stats     = analysis.stats
local curvature = require "halfulp.curvature"
hu.hessian   = curvature.hessian
hu.curvature = curvature.measure
hu.landscape = curvature.landscape
hu.fit       = require "halfulp.fit"
hu.scaling   = require "halfulp.scaling"
hu.kernels   = require "halfulp.kernels"
hu.nn        = require "halfulp.nn"

-- ---- running experiments ----

local run   = require "halfulp.run"
local Sweep = require "halfulp.sweep"
hu.params = require "halfulp.params"
hu.sweep  = Sweep.new
hu.study  = require "halfulp.study"
hu.points = require "halfulp.points"
hu.published = require "halfulp.published"
local rows = require "halfulp.rows"
hu.select = rows.select
hu.column = rows.column
hu.keys   = require "halfulp.keys"
hu.plot   = require("halfulp.plot").plot
hu.report = require("halfulp.report").report
hu.log    = run.log

-- A field that there is not is an error, as it is with the objects, but for those that a run may not have.
local may_lack = {script = true, args = true, seed = true, jobs = true, out = true}

return setmetatable(hu, {
  __index = function(_, key)
    if may_lack[key] or type(key) ~= "string" then
      return nil
    end
    local names = {}
    for name in next, hu do
      names[#names + 1] = name
    end
    table.sort(names)
    local near = core.lab.nearest(key, names)
    error(("halfulp has no %q%s"):format(key, near and ("; did you mean %q?"):format(near) or ""), 2)
  end,
})
