-- block-fma.lua - is a matrix unit's sum at least as large when a term grows? And in which order does it add?
--
-- Method: the block FMA of the models (docs/tensor-cores.md) is given products that lie just below the last bit it keeps, beside an accumulator of 1 and of the
-- number below 1. A correctly rounded sum is monotone in every term; a sum whose terms are aligned and cut off is not.
-- Then: whether the order of the terms of one group shows, and that of the groups.
-- Sources: M. Fasi, N. J. Higham, M. Mikaitis, S. Pranesh, PeerJ Computer Science 7, 2021; F. A. Khattak, M. Mikaitis, models of tensor cores, 2025. The units here
-- are the models, not devices.
-- What would surprise: a unit of these models that is monotone.
--
-- Measured: every figure as published, at both scales.
--
--   halfulp run experiments/papers/block-fma.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: a second, or some" },
}
local claims = hu.published "block FMA (Fasi et al. 2021; Khattak and Mikaitis 2025)"

-- What the unit makes of an accumulator c and `count` products of the size given: c goes in as the first group, alone.
local function unit_sum(accumulate, group, c, count, size)
  local a, b = hu.zeros({ 2 * group }), hu.zeros({ 2 * group })
  a:set(1, c)
  b:set(1, 1)
  local half = 2.0 ^ (math.log(size, 2) // 2)
  for i = 1, count do
    a:set(group + i, size / half)
    b:set(group + i, half)
  end
  return hu.dot(a, b, { accumulate = accumulate })
end

-- fp16 units: c = 1 swallows n products of 2^-(24 + extra); the number below 1 takes them in and ends above 1.
for _, unit in ipairs { { "V100", 4, 0 }, { "A100", 8, 1 }, { "H100", 16, 2 } } do
  local name, n, extra = unit[1], unit[2], unit[3]
  local how = { block = { group = n, width = 23 + extra, output = "fp32", rounding = "rz", input = "fp32" } }
  local size = 2.0 ^ -(24 + extra)
  claims:number { what = ("%s fp16: 1 + %d products of 2^-%d"):format(name, n, 24 + extra), published = 1, here = unit_sum(how, n, 1, n, size), within = 0, digits = 10 }
  claims:number { what = "  and from 1 - 2^-24, which is less", published = 1 + 2.0 ^ -23, here = unit_sum(how, n, 1 - 2.0 ^ -24, n, size), within = 0, digits = 10 }
end

-- fp8 on H100: 13 bits are kept.
local h100 = { block = { group = 32, width = 13, output = "e8m13", rounding = "rz", input = "fp32" } }
claims:number { what = "H100 fp8: 1 + 32 products of 2^-14", published = 1, here = unit_sum(h100, 32, 1, 32, 2.0 ^ -14), within = 0, digits = 10 }
claims:number { what = "  and from 1 - 2^-14, which is less", published = 1 + 15 * 2.0 ^ -13, here = unit_sum(h100, 32, 1 - 2.0 ^ -14, 32, 2.0 ^ -14), within = 0, digits = 10 }

-- ---- the order ----

local n = params.scale == "small" and 64 or 1024
local x, y = hu.randn({ n }, { seed = 1 }):quantize("fp16"), hu.randn({ n }, { seed = 2 }):quantize("fp16")

-- The dot product with the terms in another order; `same_group` keeps each in its group of 16.
local function permuted(seed, same_group)
  local keys, order = hu.uniform({ n }, { seed = seed }):totable(), {}
  for i = 1, n do order[i] = i end
  table.sort(order, function(i, j)
    if same_group and (i - 1) // 16 ~= (j - 1) // 16 then return i < j end
    return keys[i] < keys[j]
  end)
  local a, b = {}, {}
  for i, from in ipairs(order) do a[i], b[i] = x(from), y(from) end
  return hu.dot(a, b, { accumulate = { profile = "H100", input = "fp16" } })
end

-- How many different sums a hundred orders give.
local function different(same_group)
  local seen, count = {}, 0
  for seed = 1, 100 do
    local s = permuted(seed, same_group)
    if not seen[s] then seen[s], count = true, count + 1 end
  end
  return count
end

local within, across = different(true), different(false)
claims:claim { what = "the order within a group does not show", published = "1 sum", here = ("%d sum%s of 100 orders"):format(within, within == 1 and "" or "s"), holds = within == 1 }
claims:claim { what = "the order across groups does", published = "many sums", here = ("%d sums of 100 orders"):format(across), holds = across > 1 }

print(claims:table())
