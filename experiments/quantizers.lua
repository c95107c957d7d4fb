-- quantizers.lua - which number format, and how many elements to a scale, for how many bits?
--
-- Method: three matrices, quantized in many ways; the ratio of their power to that of the error, SQNR = -10 log10(sum (x - v)^2 / sum x^2).
--   normal     independent standard normal numbers
--   student    Student's t with 5 degrees of freedom: heavy tails
--   channels   normal numbers times a factor for each column, lognormal (0.5), one column in a hundred 30 to 60 times that: what
--              activations with outlier channels look like
-- Four questions, and for each what is derived, or computed apart from this program:
--   blocks     4-bit types, the largest magnitude of a block as its scale, against the size of the block
--   bits       whole schemes against the bits that they store for an element, their scales (bfloat16) included
--   exponents  of 4, 6 and 8 bits, how many for the exponent, with the best range for the whole matrix
--   scales     E2M1, 256 to a scale, rows of lognormal (0.4) size: what does it cost to make scales powers of two?
-- Source: integration of the quantizers' definitions over the densities (the figures below); the types are those of QLoRA
-- (arXiv 2305.14314), OCP MX 1.0, NVFP4 (arXiv 2509.25149), the ranges those of "FP8 Quantization: The Power of the
-- Exponent" (arXiv 2208.09225), the powers of two those of ZeroQuant-FP (arXiv 2307.09782), the rank-1 scales those of
-- arXiv 2309.01507.
-- What would surprise: an ordering that does not hold.
--
-- Measured at scale=demo: all orderings hold. Of the reference figures those of the blocks of 4096 scatter most, since they
-- rest on few scales: INT4 has 16.08 dB over 16 million numbers (16.06 by the expected square of the largest of 4096) where 15.95 is given.
--
-- Columns: question, data, scheme, seed; size (elements of a block; bits for exponents), sqnr (dB), stored (bits an
-- element), clipped, flushed (shares of the elements).
--
--   halfulp run experiments/quantizers.lua [scale=small|demo|full]

local hu = require "halfulp"

local part = {}

local scales = {
  small = {rows = 8,  columns = 1024, blocks = {16, 64, 1024}, bits = {4, 6, 8}, seeds = {1}, candidates = 25,
           tolerance = 1.3},
  demo  = {rows = 256, columns = 1024, blocks = {16, 32, 64, 128, 256, 1024, 4096}, bits = {3, 4, 5, 6, 7, 8}, seeds = {1, 2, 3},
           candidates = 80, tolerance = 0.25},
  full  = {rows = 1024, columns = 1024, blocks = {16, 32, 64, 128, 256, 1024, 4096}, bits = {3, 4, 5, 6, 7, 8}, seeds = hu.range(1, 10),
           candidates = 160, tolerance = 0.15},
}

-- ---- data ----

local function normal(shape, seed, stream) return hu.randn(shape, {seed = seed, stream = stream}) end

-- A normal variable over the root of the mean of `freedom` squares.
local function student(shape, seed, freedom)
  local squares = hu.zeros(shape)
  for i = 1, freedom do
    local z = normal(shape, seed, 10 + i)
    squares = squares + z * z
  end
  return normal(shape, seed, 1) / (squares / freedom):sqrt()
end

local function channels(shape, seed)
  local columns = shape[2]
  local factor = (normal({1, columns}, seed, 2) * 0.5):exp()
  local outlier = hu.uniform({1, columns}, {seed = seed, stream = 3})
  local size = hu.uniform({1, columns}, {seed = seed, stream = 4, low = 30, high = 60})
  local sorted = {}
  for j = 1, columns do sorted[j] = outlier(1, j) end
  table.sort(sorted)
  for j = 1, columns do
    if outlier(1, j) <= sorted[math.max(1, columns // 100)] then factor:set(1, j, factor(1, j) * size(1, j)) end
  end
  return normal(shape, seed, 1) * factor
end

local function rows(shape, seed)
  return normal(shape, seed, 1) * (normal({shape[1], 1}, seed, 2) * 0.4):exp()
end

local make = {
  normal = function(shape, seed) return normal(shape, seed, 1) end,
  student = function(shape, seed) return student(shape, seed, 5) end,
  student8 = function(shape, seed) return student(shape, seed, 8) end,
  channels = channels, rows = rows,
}

-- ---- schemes: name -> options of the quantizer, by the size ----

local types = {
  int4 = {format = "int4", narrow = true}, e2m1 = {format = "e2m1fn"}, nf4 = {format = "nf4"}, e3m0 = {format = "e3m0{specials=finite}"},
}

local function with(options, more)
  local all = {}
  for key, value in pairs(options) do all[key] = value end
  for key, value in pairs(more) do all[key] = value end
  return all
end

local function int(bits, more) return with({format = "int" .. bits, narrow = true, scale_format = "bf16"}, more) end

local function float(exponent, bits, more)
  return with({format = ("e%dm%d{specials=finite}"):format(exponent, bits - 1 - exponent), scale_format = "bf16"}, more)
end

-- Schemes of the question `bits`, with the bits of an element that each is for.
local schemes = {
  {"int, tensor", function(b) return int(b, {}) end},
  {"int, row", function(b) return int(b, {per = "row"}) end},
  {"int, 32 to a scale", function(b) return int(b, {group = 32}) end},
  {"float E4, row", function(b) return b >= 6 and float(4, b, {per = "row"}) end},
  {"float E2, 32 to a scale", function(b) return b >= 4 and float(2, b, {group = 32}) end},
  {"MX", function(b) return ({[4] = {format = "mxfp4"}, [6] = {format = "mxfp6e2m3"}, [8] = {format = "mxint8"}})[b] end},
  {"NVFP4", function(b) return b == 4 and {format = "nvfp4"} end},
  {"NF4, 64 to a scale", function(b) return b == 4 and {format = "nf4", group = 64, scale_format = "bf16"} end},
}

local powers = {
  {"free", {}}, {"nearest power", {pow2 = "near"}}, {"next power", {pow2 = "ceil"}},
  {"ratio in a row, floor", {pow2 = "ratio-floor", within = "row"}},
  {"ratio in the matrix, floor", {pow2 = "ratio-floor"}}, {"ratio in the matrix, ceil", {pow2 = "ratio-ceil"}},
}

-- Exponent bits of which the best range is searched.
local splits = {[4] = {0, 2}, [6] = {0, 2, 3}, [8] = {0, 2, 3, 4, 5}}

local function scheme_of(question, name, size, candidates)
  if question == "blocks" then return with(types[name], {group = size, flat = true}) end
  if question == "exponents" then
    local exponent = tonumber(name:match "E(%d)")
    local options = exponent == 0 and {format = "int" .. size, narrow = true} or float(exponent, size, {})
    return with(options, {scale = "mse", candidates = hu.logspace(-1.3, 1, candidates or 1)})
  end
  if question == "scales" then
    for _, row in ipairs(powers) do
      if row[1] == name then return with({format = "e2m1fn", group = 256}, row[2]) end
    end
  end
  if name == "rank-1, INT8" then return {format = "int8", narrow = true, per = "rank1", scale_format = "bf16"} end
  if name == "groups of 128, INT8" then return {format = "int8", narrow = true, group = 128, scale_format = "bf16"} end
  if name == "E4M3, row" then return {format = "e4m3fn", per = "row", scale_format = "bf16"} end
  for _, row in ipairs(schemes) do
    if row[1] == name then return row[2](size) end
  end
end

-- Every point of the experiment that makes sense.
local function points_of(p)
  local list = {}
  local function add(question, data, scheme, size)
    if scheme_of(question, scheme, size) then list[#list + 1] = ("%s|%s|%s|%d"):format(question, data, scheme, size) end
  end
  for _, block in ipairs(p.blocks) do
    for _, scheme in ipairs {"int4", "e2m1", "nf4", "e3m0"} do
      for _, data in ipairs {"normal", "student"} do add("blocks", data, scheme, block) end
    end
  end
  for _, data in ipairs {"normal", "student", "channels"} do
    for _, bits in ipairs(p.bits) do
      for _, row in ipairs(schemes) do add("bits", data, row[1], bits) end
    end
  end
  for _, scheme in ipairs {"rank-1, INT8", "groups of 128, INT8", "E4M3, row"} do add("bits", "channels", scheme, 8) end
  for _, bits in ipairs {4, 6, 8} do
    for _, exponent in ipairs(splits[bits]) do
      for _, data in ipairs {"normal", "student8"} do add("exponents", data, "E" .. exponent, bits) end
    end
  end
  for _, row in ipairs(powers) do add("scales", "rows", row[1], 256) end
  return list
end

-- ---- reference figures, computed apart from this program: integrals over the densities, and samples of a million ----

local reference = {
  blocks = {
    ["normal int4"] = {[16] = 21.38, [32] = 20.26, [64] = 19.35, [128] = 18.60, [256] = 17.94, [1024] = 16.85, [4096] = 15.95},
    ["normal e2m1"] = {[16] = 20.53, [32] = 19.91, [64] = 19.52, [128] = 19.26, [256] = 19.08, [1024] = 18.76, [4096] = 18.45},
    ["normal nf4"] = {[16] = 21.85, [32] = 21.18, [64] = 20.73, [128] = 20.40, [256] = 20.11, [1024] = 19.60, [4096] = 19.11},
    ["normal e3m0"] = {[16] = 15.49, [32] = 14.87, [64] = 14.51, [128] = 14.31, [256] = 14.22, [1024] = 14.19, [4096] = 14.21},
    ["student int4"] = {[16] = 19.98, [32] = 18.27, [64] = 16.75, [128] = 15.34, [256] = 13.99, [1024] = 11.46, [4096] = 8.97},
    ["student e2m1"] = {[16] = 20.83, [32] = 19.85, [64] = 19.00, [128] = 18.19, [256] = 17.33, [1024] = 15.43, [4096] = 13.15},
    ["student nf4"] = {[16] = 21.82, [32] = 20.67, [64] = 19.62, [128] = 18.59, [256] = 17.55, [1024] = 15.36, [4096] = 12.94},
  },
  exponents = {
    ["normal E0"] = {[4] = 18.90, [6] = 29.71, [8] = 40.54}, ["normal E2"] = {[4] = 18.97, [6] = 30.81, [8] = 42.67},
    ["normal E3"] = {[6] = 25.58, [8] = 37.56}, ["normal E4"] = {[8] = 31.56}, ["normal E5"] = {[8] = 25.58},
    ["student8 E0"] = {[4] = 16.41, [6] = 25.47, [8] = 34.39}, ["student8 E2"] = {[4] = 17.76, [6] = 28.52, [8] = 38.43},
    ["student8 E3"] = {[6] = 25.54, [8] = 37.52}, ["student8 E4"] = {[8] = 31.54}, ["student8 E5"] = {[8] = 25.56},
  },
  scales = {
    ["rows free"] = {[256] = 19.09}, ["rows next power"] = {[256] = 17.86}, ["rows nearest power"] = {[256] = 18.64},
    ["rows ratio in a row, floor"] = {[256] = 18.79}, ["rows ratio in the matrix, floor"] = {[256] = 17.82},
    ["rows ratio in the matrix, ceil"] = {[256] = 16.66},
  },
}

-- ---- what was measured ----

-- question -> "data scheme" -> size -> mean over the seeds.
local function means(list)
  local sums = {}
  for _, row in ipairs(list) do
    local of = sums[row.question] or {}
    sums[row.question] = of
    local key = row.data .. " " .. row.scheme
    of[key] = of[key] or {}
    local cell = of[key][row.size] or {sum = 0, n = 0}
    cell.sum, cell.n = cell.sum + row.sqnr, cell.n + 1
    of[key][row.size] = cell
  end
  for _, of in pairs(sums) do
    for _, by_size in pairs(of) do
      for size, cell in pairs(by_size) do by_size[size] = cell.sum / cell.n end
    end
  end
  return sums
end

local function table_of(question, measured, sizes, out)
  local head = {("%-34s"):format(question)}
  for _, size in ipairs(sizes) do head[#head + 1] = ("%15d"):format(size) end
  out(table.concat(head))
  for _, key in ipairs(hu.keys(measured)) do
    local cells = {("%-34s"):format(key)}
    for _, size in ipairs(sizes) do
      local got, want = measured[key][size], (reference[question][key] or {})[size]
      cells[#cells + 1] = got and ("%7.2f %7s"):format(got, want and ("%.2f"):format(want) or "") or (" "):rep(15)
    end
    out(table.concat(cells))
  end
end

-- Whether the reference figures are met. Heavy tails scatter: their figures are shown, and their orderings are what counts.
local function compare(measured, tolerance, out)
  local checked, worst, where = 0, 0, ""
  for question, of in pairs(reference) do
    for key, by_size in pairs(of) do
      for size, want in pairs(by_size) do
        local got = measured[question] and measured[question][key] and measured[question][key][size]
        if got and not key:find "student" then
          checked = checked + 1
          local off = math.abs(got - want)
          if off > worst or (off == worst and key < where) then worst, where = off, ("%s, %s, %d"):format(question, key, size) end
        end
      end
    end
  end
  local holds = worst <= tolerance
  out(("%s: %d reference figures without heavy tails are met within %.2f dB; the farthest by %.3f dB (%s)"):format(
    holds and "as expected" or "NOT as expected", checked, tolerance, worst, where))
  return holds
end

local function orderings(m, p, out)
  local holds = true
  local function claim(text, ...)
    local values, fine, shown = {...}, true, {}
    for i, value in ipairs(values) do
      shown[i] = ("%.2f"):format(value)
      fine = fine and (i == 1 or values[i - 1] > value)
    end
    holds = holds and fine
    out(("%s: %s (%s dB)"):format(fine and "as expected" or "NOT as expected", text, table.concat(shown, " > ")))
  end
  local b, e, s, all = m.blocks, m.exponents, m.scales, m.bits
  local last = p.blocks[#p.blocks]
  claim("normal, blocks of 16: nf4 > int4 > e2m1 > e3m0", b["normal nf4"][16], b["normal int4"][16], b["normal e2m1"][16], b["normal e3m0"][16])
  claim("normal, blocks of 64: nf4 > e2m1 > int4 > e3m0", b["normal nf4"][64], b["normal e2m1"][64], b["normal int4"][64], b["normal e3m0"][64])
  claim("student, blocks of 16: nf4 > e2m1 > int4", b["student nf4"][16], b["student e2m1"][16], b["student int4"][16])
  claim(("student, blocks of %d: e2m1 > nf4 > int4"):format(last), b["student e2m1"][last], b["student nf4"][last], b["student int4"][last])
  claim("normal, 8 bits: 2 exponent bits > integers > 3 > 4 > 5", e["normal E2"][8], e["normal E0"][8], e["normal E3"][8], e["normal E4"][8], e["normal E5"][8])
  claim("normal, 6 bits: 2 exponent bits > integers > 3", e["normal E2"][6], e["normal E0"][6], e["normal E3"][6])
  claim("student with 8 degrees, 4 bits: 2 exponent bits > integers", e["student8 E2"][4], e["student8 E0"][4])
  claim("powers of two: free > ratio in a row > nearest power > next power > ratio in the matrix, ceil", s["rows free"][256],
    s["rows ratio in a row, floor"][256], s["rows nearest power"][256], s["rows next power"][256], s["rows ratio in the matrix, ceil"][256])
  claim("outlier channels, a scale a row: E4M3 > INT8", all["channels E4M3, row"][8], all["channels int, row"][8])
  claim("outlier channels, INT8: rank-1 scales > groups of 128", all["channels rank-1, INT8"][8], all["channels groups of 128, INT8"][8])
  return holds
end

-- ---- figures ----

local titles = {normal = "normal", student = "Student's t (5)", channels = "outlier channels"}

local function panel_of(order, data) return ("(%s) %s"):format(string.char(96 + order[data]), titles[data]) end

local function draw(list)
  local blocks, bits, order = {}, {}, {normal = 1, student = 2, channels = 3}
  local names = {}
  for _, row in ipairs(schemes) do names[row[1]] = true end
  local label = {int4 = "INT4", e2m1 = "E2M1", nf4 = "NF4", e3m0 = "E3M0"}
  for _, row in ipairs(list) do
    if row.question == "blocks" then
      blocks[#blocks + 1] = {size = row.size, sqnr = row.sqnr, type = label[row.scheme], data = panel_of(order, row.data), seed = row.seed}
    elseif row.question == "bits" and names[row.scheme] then
      bits[#bits + 1] = {stored = row.stored, sqnr = row.sqnr, scheme = row.scheme, data = panel_of(order, row.data), seed = row.seed}
    end
  end
  return {
    hu.plot {
      rows = blocks, x = "size", y = "sqnr", series = "type", panel = "data", logx = true, across = 2, width = 860,
      xlabel = "elements to a scale", ylabel = "SQNR (dB)", legend = "4-bit type",
      title = "4-bit types against the size of a block", file = "quantizers-blocks",
      caption = "Scale: the largest magnitude of the block, not rounded. (b): five degrees of freedom.",
    },
    hu.plot {
      rows = bits, x = "stored", y = "sqnr", series = "scheme", panel = "data", across = 3, width = 860,
      xlabel = "bits stored for an element", ylabel = "SQNR (dB)", legend = "scheme",
      title = "Error against stored bits", file = "quantizers-bits",
      caption = "Scales count: bfloat16, but those of MX (E2M1, E2M3 and INT8 elements) and NVFP4. (b): five degrees of freedom.",
    },
  }
end

---@param params? table  scale = "small", "demo" or "full"; seeds = list; jobs
---@param out? function   gets each line of what was measured; print
---@return table  {rows=, means=, holds = whether the reference figures were met, plots = paths, sweep=}
function part.run(params, out)
  params, out = params or {}, out or print
  local p = scales[params.scale or "demo"]
  if not p then error("quantizers: scale takes small, demo or full", 2) end
  local shape = {p.rows, p.columns}
  local sweep = hu.sweep {case = points_of(p), rows = {p.rows}, seed = params.seeds or p.seeds}
  sweep:run(function(point)
    local question, data, scheme, size = point.case:match "^(.-)|(.-)|(.-)|(%d+)$"
    -- a search is a hundred quantizations: a quarter of the rows will do
    local shape = question == "exponents" and {math.max(4, p.rows // 4), p.columns} or shape
    local _, info = hu.quantizer(scheme_of(question, scheme, math.tointeger(size), p.candidates)):apply(make[data](shape, point.seed))
    return {question = question, data = data, scheme = scheme, size = math.tointeger(size), sqnr = info.sqnr, stored = info.bits,
            clipped = info.clipped, flushed = info.flushed}
  end, {name = params.name or "quantizers", files = {debug.getinfo(1, "S").source:match "^@(.+)$"}, jobs = params.jobs})
  local list = sweep:rows()
  local measured = means(list)
  out "SQNR in dB, measured and reference"
  table_of("blocks", measured.blocks, p.blocks, out)
  out ""
  table_of("exponents", measured.exponents, {4, 6, 8}, out)
  out ""
  table_of("scales", measured.scales, {256}, out)
  out ""
  local met = compare(measured, p.tolerance, out)
  local ordered = orderings(measured, p, out)
  return {rows = list, means = measured, holds = met and ordered, plots = draw(list), sweep = sweep}
end

-- Run as a script of its own, and not as a part of another.
if (hu.script or (arg and arg[0]) or ""):match "quantizers%.lua$" then
  local params = hu.params {
    scale = {default = "demo", choices = {"small", "demo", "full"}, help = "how much: a second, a minute, ten seeds of a million"},
  }
  local result = part.run(params)
  result.sweep:table {columns = {"question", "data", "scheme", "size", "seed", "sqnr", "stored", "clipped", "flushed"}, file = "quantizers"}
end

return part
