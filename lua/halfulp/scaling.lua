-- scaling.lua - scaling laws: the loss of a language model against its size, its data and its bits; the best learning rate against its size.

local check_options = require "halfulp.options"
local fit = require "halfulp.fit"
local rows = require "halfulp.rows"
local run = require "halfulp.run"
local stats = require("halfulp.analysis").stats
local show = require("halfulp.values").show

---@class hu.scaling.constants  of L = n/N^alpha + d/D^beta + eps + D^beta/N^alpha log2(B) / (gamma (E + 1/2)^delta (M + 1/2)^nu)
---@field n number
---@field alpha number
---@field d number
---@field beta number
---@field eps number
---@field gamma number
---@field delta number
---@field nu number

---Scaling laws of training in floating point: the loss in nats against N parameters (without embeddings), D tokens, E exponent
---and M mantissa bits of the operands, whose scale is shared by blocks of B. Source: arXiv:2501.02423.
---@class hu.scaling
local scaling = {}

---The constants of the paper.
---@type hu.scaling.constants
scaling.published = { n = 69.2343, alpha = 0.2368, d = 68973.0621, beta = 0.5162, eps = 1.9061, gamma = 11334.5197, delta = 3.1926, nu = 2.9543 }

local function number_of(row, key, function_name)
  local value = row[key]
  if type(value) ~= "number" or not (value >= 0) or value == math.huge then
    error(("scaling.%s: %s is %s; it takes a number that is not negative"):format(function_name, key, tostring(value)), 3)
  end
  return value
end

local function block_of(row, function_name)
  local B = row.B or 1
  if type(B) ~= "number" or not (B >= 1) or B == math.huge then error(("scaling.%s: B is %s; it takes a number of at least 1"):format(function_name, tostring(B)), 3) end
  return B
end

-- The last term: what rounding costs. Formats without scales shared by more than one number cost nothing by this law.
local function penalty(p, row)
  return row.D ^ p.beta / row.N ^ p.alpha * math.log(row.B, 2) / (p.gamma * (row.E + 0.5) ^ p.delta * (row.M + 0.5) ^ p.nu)
end

local function law(p, row)
  return p.n / row.N ^ p.alpha + p.d / row.D ^ p.beta + p.eps + (row.E and penalty(p, row) or 0)
end

---The loss by the law. Without E and M: that of training without rounding.
---
---```lua
---print(("%.4f"):format(hu.scaling.loss {N = 1e9, D = 1e11, E = 4, M = 3, B = 128}))    --> 2.5631
---```
---@param row table                        {N=, D=, E=, M=, B = 1}
---@param constants? hu.scaling.constants  the published ones
---@return number loss in nats
function scaling.loss(row, constants)
  local at = { N = number_of(row, "N", "loss"), D = number_of(row, "D", "loss"), B = block_of(row, "loss") }
  if row.E or row.M then at.E, at.M = number_of(row, "E", "loss"), number_of(row, "M", "loss") end
  return law(constants or scaling.published, at)
end

---The number of tokens beyond which more data raise the loss, by the law.
---
---```lua
---print(("%.3g"):format(hu.scaling.critical_data {N = 1e9, E = 2, M = 1, B = 128}))    --> 3.93e+11
---```
---@param row table                        {N=, E=, M=, B=}
---@param constants? hu.scaling.constants  the published ones
---@return number tokens  infinite for B = 1
function scaling.critical_data(row, constants)
  local p = constants or scaling.published
  local N, E, M, B = number_of(row, "N", "critical_data"), number_of(row, "E", "critical_data"), number_of(row, "M", "critical_data"), block_of(row, "critical_data")
  return (p.d * p.gamma * N ^ p.alpha * (E + 0.5) ^ p.delta * (M + 0.5) ^ p.nu / math.log(B, 2)) ^ (1 / (2 * p.beta))
end

---The split of a number of bits, sign included, into exponent and mantissa that costs least, by the law.
---
---```lua
---local best = hu.scaling.split(8)
---print(best.exponent, best.mantissa, ("%.2f"):format(best.exact))    --> 4	3	3.66
---```
---@param bits integer                     sign, exponent and mantissa: 2 or more
---@param constants? hu.scaling.constants  the published ones
---@return table {exponent=, mantissa=, exact = the exponent bits were they no whole number}
function scaling.split(bits, constants)
  local p = constants or scaling.published
  if math.type(bits) ~= "integer" or bits < 2 or bits > 4096 then
    error(("scaling.split: bits is %s; it takes a whole number from 2 to 4096"):format(tostring(bits)), 2)
  end
  local best, most
  for E = 0, bits - 1 do
    local M = bits - 1 - E
    local gain = p.delta * math.log(E + 0.5) + p.nu * math.log(M + 0.5)
    if not most or gain > most then best, most = { exponent = E, mantissa = M }, gain end
  end
  best.exact = p.delta * bits / (p.delta + p.nu) - 0.5
  return best
end

-- What is fitted: its parameters, where they start, its value.
local laws = {
  full = { names = { "n", "alpha", "d", "beta", "eps", "gamma", "delta", "nu" }, value = law },
  precision = { names = { "gap", "delta", "nu" },
    value = function(p, row) return p.gap * math.log(row.B or 2, 2) / ((row.E + 0.5) ^ p.delta * (row.M + 0.5) ^ p.nu) end },
}

local starts = { gap = 1 }

---Fits the law to one's own runs, in the logarithm, with Huber's loss.
---
---The law "precision" is its last term alone, gap log2(B) / ((E + 1/2)^delta (M + 1/2)^nu), for how far losses lie above the one without
---rounding, at one size and one number of tokens.
---
---```lua
---local rows = {}
---for E = 2, 5 do
---  for M = 1, 5 do rows[#rows + 1] = {E = E, M = M, gap = 3 * (E + 0.5)^-3 * (M + 0.5)^-2} end
---end
---local found = hu.scaling.fit(rows, {law = "precision", y = "gap"})
---print(("%.3f %.3f"):format(found.parameters.delta, found.parameters.nu))    --> 3.000 2.000
---```
---@param rows table       {N=, D=, E=, M=, B=, loss=} each; of "precision" {E=, M=, B = 2}
---@param options? table   `law` ("full", "precision"), `y` ("loss": the name of what was measured), `start` (constants; the published ones), `fixed` ({beta = 0.5, ...}: not fitted), and `huber` (1e-3), `starts`, `spread`, `seed`, `confidence` of `hu.fit`
---@return table what `hu.fit` returns; its parameters are constants for the functions here where the law is full
function scaling.fit(rows, options)
  options = options or {}
  local chosen = laws[options.law or "full"]
  if not chosen then error(("scaling.fit: law is %s; it takes \"full\" or \"precision\""):format(tostring(options.law)), 2) end
  local start, fixed = {}, options.fixed or {}
  for _, name in ipairs(chosen.names) do
    if not fixed[name] then start[name] = (options.start or {})[name] or starts[name] or scaling.published[name] end
  end
  local function model(p, row) return chosen.value(setmetatable(p, { __index = fixed }), row) end
  local rest = { rows = rows, model = model, start = start, positive = true, log = true, y = options.y or "loss", huber = options.huber or 1e-3 }
  for key, value in pairs(options) do
    if not (key == "law" or key == "start" or key == "fixed") then rest[key] = value end
  end
  local found = run.call(2, fit, rest)
  for name, value in pairs(fixed) do found.parameters[name] = value end
  return found
end

local transfer_defaults = { size = "width", rate = "rate", loss = "loss" }

-- Mean losses of the rates in ascending order; infinite where a run's is not finite.
local function losses_by_rate(list, columns)
  local rates, losses = {}, {}
  for i, group in ipairs(rows.group(list, { columns.rate }, columns.loss)) do
    rates[i], losses[i] = group.at[columns.rate], group.n_bad > 0 and math.huge or group.mean
  end
  return rates, losses
end

-- Sizes and rates are positive numbers, and losses numbers, wherever a row has them. Raises for the line that called scaling.transfer.
local function need_numbers(list, columns)
  for i, row in ipairs(list) do
    for _, key in ipairs { "loss", "rate", "size" } do
      local value = row[columns[key]]
      if value ~= nil and type(value) ~= "number" or key ~= "loss" and value and not (value > 0 and value < math.huge) then
        error(("scaling.transfer: %s of row %d is %s; it takes a %snumber"):format(columns[key], i, show(value), key ~= "loss" and "positive " or ""), 3)
      end
    end
  end
end

---Whether the best learning rate of a small model is that of a larger one: the best rate at each size, as `hu.stats.lowest` finds it over the rate's logarithm, and the
---slope of its logarithm against that of the size (0: it transfers; -1: it falls like 1 / size). Losses of several runs, seeds say, are averaged; a loss
---that is not finite makes its rate infinitely bad. A size without any finite loss has no best rate: it is left out of the slope, and `left_out` names it.
---
---```lua
---local rows = {}
---for _, width in ipairs {16, 32, 64} do
---  for k = 0, 8 do rows[#rows + 1] = {width = width, rate = 2.0 ^ -k, loss = (k - math.log(width, 2)) ^ 2} end
---end
---local found = hu.scaling.transfer(rows)
---print(found.slope, found.inside, found.best[2].size, found.best[2].rate)    --> -1.0	true	32	0.03125
---```
---@param list table[]     rows such as `sweep:rows()` gives, of one model in several sizes
---@param options? table   the names of their columns: `size` ("width"), `rate` ("rate"), `loss` ("loss")
---@return table {slope = (nil: fewer than two sizes), inside = whether every best rate lies between others, best = {{size=, rate= (nil: no loss is finite), loss=, inside=}, ...} by size, left_out = list of the sizes without a finite loss (nil: none)}
function scaling.transfer(list, options)
  check_options("scaling.transfer", options, transfer_defaults)
  local columns = setmetatable({}, { __index = transfer_defaults })
  for key, name in pairs(options or {}) do columns[key] = name end
  for _, key in ipairs { "loss", "rate", "size" } do rows.need(list, columns[key], "scaling.transfer: " .. key, 2) end
  need_numbers(list, columns)
  local found, sizes, x, y = { inside = true, best = {} }, rows.values(list, columns.size), {}, {}
  for i, size in ipairs(sizes) do
    local rates, losses = losses_by_rate(rows.select(list, { [columns.size] = size }), columns)
    local lowest = run.call(2, stats.lowest, rates, losses, { logx = true })
    if lowest.y < math.huge then
      found.best[i] = { size = size, rate = lowest.x, loss = lowest.y, inside = lowest.inside }
      x[#x + 1], y[#y + 1] = size, lowest.x
    else
      found.best[i] = { size = size, loss = lowest.y, inside = false }
      found.left_out = found.left_out or {}
      table.insert(found.left_out, size)
    end
    found.inside = found.inside and found.best[i].inside
  end
  if #x > 1 then found.slope = run.call(2, stats.fit, x, y, { logx = true, logy = true }).slope end
  return found
end

return scaling
