-- dfp16.lua - how many bits does training need when a tensor shares one exponent, and how long may a chain of integer sums be?
--
-- Method: dynamic fixed point: a tensor is P-bit integers times 2^E, E = floor(log2 max |x|) - (P - 2), rounded to nearest. A small network of convolutions with BatchNorm learns
-- ten classes of images by SGD with momentum; weights, activations and gradients of all three products of each layer are such integers, master weights, norms and the loss are float.
--   bits      P from 4 to 16, products of integers added exactly: held-out loss and accuracy beside float's, same seeds
--   chains    P = 16: integers added in a register of 32 bits that wraps, and is spilled to float every L terms (accumulate = {integer = 32, shared = 16, chunk = L}); the same
--             with both factors shifted right by one before the product (P = 15), which leaves room for four times the terms
--   overflow  the share of chains of L products that leave 32 bits on the way, for normal numbers, and for positive ones as after relu
-- Source: Das et al., arXiv:1802.00930 (ResNet-50 and others in 16 bits reach float's accuracy with its hyperparameters; overflow is handled by short chains or shifted inputs).
-- The length of its chains and its rule of rounding are not known to us: here they are parameters (`chain`, nearest-even).
-- What would surprise: 12 bits that do not match float, or long chains that train.
--
-- Measured at scale=full (2 seeds, 100 steps, ten classes, 58 % right in float): 16 bits end at a loss of 1.260, float at 1.261, 12 bits at 1.283, 8 at 1.256 and 6 at 1.275:
-- behind BatchNorm eight bits are enough here, where we expected that they would not be; 4 are not (1.436). In a register of 32 bits that wraps, whole sums (1.352) lose against
-- float and against chains of 2 (1.274); with both factors shifted right by one whole sums do not (1.268). Chains of positive 16-bit numbers leave 32 bits after 405 terms,
-- shifted by one after 3.99 times as many.
--
-- Columns: bits (P; 32: float), chain (terms a spill; 0: exact sums), seed; loss (held out, nats), accuracy.
--
--   halfulp run experiments/papers/dfp16.lua [scale=small|full] [chain=LENGTH]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or some minutes" },
  chain = { default = 2, help = "terms of 16-bit integers that are added before a spill", min = 1, max = 65536 },
}
local small = params.scale == "small"
local seeds, steps, classes = small and 1 or 2, small and 50 or 100, small and 4 or 10
local claims = hu.published "DFP-16 (arXiv:1802.00930)"

-- The quantizer of P-bit integers with a shared exponent.
local function fixed(bits)
  return { format = "int" .. bits, narrow = true, pow2 = "floor", target = 2.0 ^ (bits - 2) }
end

-- ---- the primitives ----

-- The integers of a tensor and their exponent.
local function integers(x, bits)
  local exponent = math.floor(math.log(x:abs():max(), 2)) - (bits - 2)
  return x:quantize(hu.quantizer(fixed(bits))) / 2.0 ^ exponent, exponent
end

local function written(list)
  local words = {}
  for i, value in ipairs(list:totable()) do words[i] = ("%d"):format(value) end
  return table.concat(words, " ")
end

local a, of_a = integers(hu.array { 1.5, -0.3, 3.14159, 100, 1e-3 }, 16)
claims:claim { what = "1.5, -0.3, pi, 100 and 0.001 as integers of 16 bits and one exponent", published = "384 -77 804 25600 0, -8", here = ("%s, %d"):format(written(a), of_a),
  holds = written(a) == "384 -77 804 25600 0" and of_a == -8 }
-- Sums of 32 bits become 16 again by a shift of as many bits as the largest has above 15: 1000000 has 20.
local down, shift = integers(hu.array { 1000000, -70001, 48, 15 }, 16)
claims:claim { what = "sums 1000000, -70001, 48, 15 down-converted, and the shift", published = "31250 -2188 2 0, 5", here = ("%s, %d"):format(written(down), shift),
  holds = written(down) == "31250 -2188 2 0" and shift == 5 }
local x, y = hu.randn({ 32, 256 }, { seed = 3, dtype = "float" }), hu.randn({ 256, 32 }, { seed = 4, dtype = "float" })
local function product_error(format, options) return (hu.matmul(x:quantize(format), y:quantize(format), options) - hu.matmul(x, y)):norm() / hu.matmul(x, y):norm() end
local sixteen = hu.quantizer(fixed(16))
local here, half = product_error(sixteen, { accumulate = { integer = 32, shared = 16, chunk = params.chain } }), product_error("bf16")
claims:claim { what = "a product of normal matrices of depth 256: relative error, and bfloat16's", published = "less", here = ("%.2g, %.2g"):format(here, half), holds = here < half / 4 }

-- ---- chains ----

local n_chains, longest = small and 40 or 500, 4096

-- Lengths at which chains of products of integers first leave 32 bits (huge: never).
local function first_overflows(positive, bits)
  local u, v = hu.randn({ n_chains, longest }, { seed = 1, dtype = "double" }), hu.randn({ n_chains, longest }, { seed = 2, dtype = "double" })
  if positive then u, v = (u + u:abs()) / 2, v:abs() end
  u, v = integers(u, bits), integers(v, bits)
  local list = {}
  for c = 1, n_chains do
    local terms, sum = (u:row(c) * v:row(c)):totable(), 0
    list[c] = math.huge
    for k = 1, longest do
      sum = sum + terms[k]
      if sum >= 2.0 ^ 31 or sum < -2.0 ^ 31 then list[c] = k break end
    end
  end
  return list, u, v
end

local share_rows, medians = {}, {}
for _, positive in ipairs { false, true } do
  for _, bits in ipairs { 16, 15 } do
    local list, u, v = first_overflows(positive, bits)
    local name = ("%s numbers, %d bits"):format(positive and "positive" or "normal", bits)
    local sorted = table.move(list, 1, #list, 1, {})
    table.sort(sorted)
    medians[name] = sorted[#sorted // 2]
    local length = 2
    while length <= longest do
      for _, k in ipairs(list) do share_rows[#share_rows + 1] = { length = length, data = name, out = k <= length } end
      length = 2 * length
    end
    if positive and bits == 16 then                                -- the program's own register says the same
      local wrong, units = 0, 0
      for c = 1, math.min(n_chains, 60) do
        local kept = hu.dot(u:row(c), v:row(c), { accumulate = { integer = 32, overflow = "saturate" } })
        units = units + (list[c] < math.huge and 1 or 0)
        wrong = wrong + ((kept ~= hu.dot(u:row(c), v:row(c))) ~= (list[c] < math.huge) and 1 or 0)
      end
      claims:claim { what = ("the program's register of 32 bits saturates in the same chains of %d (of %d; that disagree)"):format(longest, math.min(n_chains, 60)), published = "all, 0",
        here = ("%d, %d"):format(units, wrong), holds = wrong == 0 and units > 0 }
    end
  end
end
local terms, shifted = medians["positive numbers, 16 bits"], medians["positive numbers, 15 bits"]
claims:claim { what = "chains of products of positive numbers leave 32 bits (after how many terms, median)", published = "handling is needed", here = terms, holds = terms < longest }
claims:claim { what = "with both factors shifted right by one, after four times as many", published = 4, here = ("%.2f"):format(shifted / terms), holds = math.abs(shifted / terms - 4) < 0.5 }

-- ---- training ----

local points = {}
local function add(bits, chain)
  for seed = 1, seeds do points[#points + 1] = { bits = bits, chain = chain, seed = seed } end
end
local whole = 65536
for _, bits in ipairs(small and { 32, 16, 12, 4 } or { 32, 16, 12, 8, 6, 4 }) do add(bits, 0) end
for _, chain in ipairs(small and { params.chain, whole } or { params.chain, 32, whole }) do add(16, chain) end
for _, chain in ipairs(small and { whole } or { 32, whole }) do add(15, chain) end
local sweep = hu.sweep(points)
sweep:run(function(p)
  local data = hu.nn.blobs { classes = classes, height = 8, width = 8, separation = 5, train = 4000, heldout = small and 200 or 1000, seed = p.seed }
  local model = hu.nn.models.cnn { height = 8, width = 8, classes = classes, first = 4, seed = p.seed }
  local policy = p.bits < 32 and { format = fixed(p.bits), accumulate = p.chain > 0 and { integer = 32, shared = p.bits, chunk = p.chain } or nil } or "fp32"
  local run = hu.nn.train { model = model, data = data, steps = steps, batch = 16, lr = 0.1, optimizer = "sgd", weight_decay = 0, seed = p.seed, policy = policy }
  local loss, accuracy = model:evaluate(data, { policy = policy })
  return { loss = (run.diverged or loss ~= loss) and math.huge or loss, accuracy = accuracy ~= accuracy and 0 or accuracy }
end, { name = "training" })
local rows = sweep:rows()

local function mean(name, bits, chain)
  return hu.stats.mean(hu.column(hu.select(rows, { bits = bits, chain = chain }), name))
end
local function told(bits, chain) return ("%.3f, %.1f %%"):format(mean("loss", bits, chain), 100 * mean("accuracy", bits, chain)) end
for _, row in ipairs(rows) do
  if row.seed == 1 then print(("measured: %d bits, chains of %d: loss and accuracy %s"):format(row.bits, row.chain, told(row.bits, row.chain))) end
end
local float = mean("loss", 32, 0)
claims:claim { what = "16 bits train as float does (loss, accuracy; float's)", published = "75.77; 75.70 % (ResNet-50)", here = told(16, 0) .. "; " .. told(32, 0), holds = math.abs(mean("loss", 16, 0) - float) < 0.05 }
claims:claim { what = "so do 12", published = "expected", here = told(12, 0), holds = math.abs(mean("loss", 12, 0) - float) < 0.05 }
local eight_fail
if not small then eight_fail = mean("loss", 8, 0) > float + 0.05 end
claims:claim { what = "8 do not without smaller blocks", published = "expected", here = not small and told(8, 0) or nil,
  holds = eight_fail }
claims:claim { what = "4 do not", published = "expected", here = told(4, 0), holds = mean("loss", 4, 0) > float + 0.05 }
claims:claim { what = ("chains of %d, spilled to float, train as exact sums do"):format(params.chain), published = "yes", here = told(16, params.chain),
  holds = math.abs(mean("loss", 16, params.chain) - mean("loss", 16, 0)) < 0.05 }
claims:claim { what = "whole sums in 32 bits that wrap do not", published = "handling is needed", here = told(16, whole), holds = mean("loss", 16, whole) > float + 0.05 }
claims:claim { what = "with both factors shifted by one they do (loss, accuracy)", published = "expected", here = told(15, whole), holds = math.abs(mean("loss", 15, whole) - float) < 0.05 }

local shown = {}
for _, row in ipairs(rows) do
  if row.bits < 32 and row.chain == 0 then shown[#shown + 1] = { bits = row.bits, behind = 100 * (mean("accuracy", 32, 0) - row.accuracy) } end
end
hu.plot { rows = shown, x = "bits", y = "behind", xlabel = "bits", ylabel = "points behind float", title = "Training in dynamic fixed point", file = "dfp-training" }
hu.plot { rows = share_rows, kind = "share", x = "length", y = "out", series = "data", xlabel = "terms", ylabel = "share of chains", title = "Sums that left 32 bits",
  file = "dfp-overflow" }
print(claims:table())
