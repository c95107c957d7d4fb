-- fp-scaling-law.lua - how does the loss of a trained model rise with fewer exponent bits, fewer mantissa bits, longer blocks, and by operand?
--
-- Method: a Llama-style model over bytes learns a made-up text; its operands are put on the grid of ExMy (all codes finite) with a scale for each block of B numbers from their
-- largest magnitude. Against the run in binary32 from the same seed stands the gap of the loss on held-out text, by the policy.
--   law       all six operands on a grid of E and M (the source quantizes P2, P4 and P6, which cost next to nothing here): gap = c log2(B) / ((E + 1/2)^delta (M + 1/2)^nu), by hu.scaling.fit
--   blocks    the same in a coarse format, at several B
--   operands  each of P1 to P6 alone in a coarse format
-- Source: arXiv:2501.02423. Its constants come from 366 runs of 41 to 679 million weights; here are some ten thousand weights and a few hundred steps.
-- What would surprise: a mantissa bit worth much more than an exponent bit.
--
-- Measured at scale=full (3 seeds): P2, P4 and P6 in E1M1 cost 0.001 +- 0.002 nats together, so the law is fitted to all six operands. Of twelve formats six lie above
-- binary32 by two standard errors, from 0.0024 (E4M1) to 0.34 (E1M1); delta 4.6 (2.6 to 8.1), nu 4.6 (2.2 to 9.7), R2 0.91: the published 3.2 and 2.95 are inside, and which of the
-- two is larger cannot be told. Intervals are those of plain least squares. E1M1 costs 0.05, 0.23, 0.34, 0.34, 0.36 nats with blocks of 4, 8, 16, 32, 64: more with longer
-- blocks, but not in proportion to the logarithm. One operand alone in E1M1: P3 0.096, P5 0.063, P1 0.004, P2 0.002, P4 0.001, P6 0.000; so gradients cost by
-- far the most, but P3 more than P5, and P1 hardly anything. At scale=small five gaps stand out, and the intervals of the fit say nothing.
--
-- Columns: what (law, blocks, cheap: P2, P4 and P6, operands: one alone), operands, E, M, B, seed; loss (nats a byte, held out), gap (nats, against binary32 from the same seed).
--
--   halfulp run experiments/papers/fp-scaling-law.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or minutes" },
}
local scales = {
  small = { seeds = 2, steps = 60, batch = 4, E = { 1, 2, 3 }, M = { 1, 2 }, B = { 8, 32 }, pieces = 64 },
  full = { seeds = 3, steps = 200, batch = 4, E = { 1, 2, 3, 4 }, M = { 1, 2, 3 }, B = { 4, 8, 16, 32, 64 }, pieces = 256 },
}
local p = scales[params.scale]
local block, coarse = 32, { E = 1, M = 1 }
local text = hu.nn.markov { alphabet = 8, order = 1, seed = 7 }
local claims = hu.published "scaling laws of training in floating point (arXiv:2501.02423)"

-- ---- the runs ----

local targets = { cheap = { "p2", "p4", "p6" }, all = { "p1", "p2", "p3", "p4", "p5", "p6" } }

local function policy_of(point)
  if point.what == "binary32" then return nil end
  local quantizer = { format = ("e%dm%d{specials=finite}"):format(point.E, point.M), group = point.B, overflow = "saturate" }
  local policy = {}
  for _, role in ipairs(targets[point.operands] or { point.operands }) do policy[role] = quantizer end
  return policy
end

local points = {}
local function add(what, operands, E, M, B)
  for seed = 1, p.seeds do points[#points + 1] = { what = what, operands = operands, E = E, M = M, B = B, seed = seed } end
end
add("binary32", "none", 8, 23, 1)
for _, E in ipairs(p.E) do
  for _, M in ipairs(p.M) do add("law", "all", E, M, block) end
end
for _, B in ipairs(p.B) do
  if B ~= block then add("blocks", "all", coarse.E, coarse.M, B) end
end
add("cheap", "cheap", coarse.E, coarse.M, block)
for _, role in ipairs(targets.all) do add("operands", role, coarse.E, coarse.M, block) end

local function train(point)
  local model, policy = hu.nn.lm { layers = 1, heads = 2, width = 32, context = 16, vocabulary = 128, seed = point.seed }, policy_of(point)
  local run = hu.nn.train { model = model, data = text, steps = p.steps, batch = p.batch, lr = 3e-3, min_lr = 3e-5, seed = point.seed, policy = policy }
  local loss = math.log(2) * model:loss(text, { policy = policy, pieces = p.pieces })
  return { loss = run.diverged and math.huge or loss }
end

local sweep = hu.sweep(points)
sweep:run(train, { name = "fp-scaling-law" })
local rows, base = sweep:rows(), {}
for _, row in ipairs(rows) do
  if row.what == "binary32" then base[row.seed] = row.loss end
end
for _, row in ipairs(rows) do row.gap = row.loss - base[row.seed] end

-- Mean and standard error of the gaps that are as wanted.
local function gap_of(wanted)
  local list = {}
  for _, row in ipairs(rows) do
    local fits = true
    for key, value in pairs(wanted) do fits = fits and row[key] == value end
    if fits then list[#list + 1] = row.gap end
  end
  return hu.stats.mean(list), #list > 1 and hu.stats.sd(list) / math.sqrt(#list) or 0
end

-- ---- the published law: what it says of itself ----

for _, case in ipairs { { 8, 7, 1730e12 }, { 4, 3, 27e12 }, { 2, 1, 0.4e12 } } do
  claims:number { what = ("the law's critical number of tokens, 1e9 weights, B = 128, E%dM%d"):format(case[1], case[2]), published = case[3], relative = 0.03, digits = 3,
    here = hu.scaling.critical_data { N = 1e9, E = case[1], M = case[2], B = 128 } }
end
for _, case in ipairs { { 4, 2, 1 }, { 8, 4, 3 }, { 16, 8, 7 } } do
  local split = hu.scaling.split(case[1])
  claims:claim { what = ("its best split of %d bits"):format(case[1]), published = ("E%dM%d"):format(case[2], case[3]),
    here = ("E%dM%d"):format(split.exponent, split.mantissa), holds = split.exponent == case[2] and split.mantissa == case[3] }
end

-- The bits of least loss for C operations, C = 6/16 N D bits, with the best N for each.
local function bits_for(C)
  local law, best, least = hu.scaling.published, nil, nil
  for bits = 2, 16, 0.1 do
    local split = law.delta / (law.delta + law.nu)
    local E, M = math.max(0, split * bits - 0.5), math.max(0, (1 - split) * bits - 0.5)
    for log_N = 12, 40, 0.1 do
      local N = math.exp(log_N)
      local loss = hu.scaling.loss { N = N, D = C / (6 / 16 * N * bits), E = E, M = M, B = 128 }
      if not least or loss < least then best, least = bits, loss end
    end
  end
  return best
end
local few, some, many = bits_for(1e21), bits_for(1e26), bits_for(1e31)
claims:claim { what = "bits of the best training for 1e21, 1e26, 1e31 operations, B = 128", published = "4 to 8", here = ("%.1f, %.1f, %.1f"):format(few, some, many),
  holds = few >= 4 and many <= 8 and few < some and some < many, note = "operations as 6/16 N D bits" }

-- ---- the law on our runs ----

local law_rows, told, left_out = {}, {}, 0
for _, E in ipairs(p.E) do
  for _, M in ipairs(p.M) do
    local gap, se = gap_of { what = "law", E = E, M = M }
    print(("measured: E%dM%d, blocks of %d: gap %.4f +- %.4f"):format(E, M, block, gap, se))
    if gap > 2 * se and gap < math.huge then law_rows[#law_rows + 1], told[E * 100 + M] = { E = E, M = M, B = block, gap = gap }, true else left_out = left_out + 1 end
  end
end
local fitted, fit = #law_rows > 4
if fitted then fitted, fit = pcall(hu.scaling.fit, law_rows, { law = "precision", y = "gap", huber = 0, starts = 4 }) end
if fitted then
  local function of(name) return ("%.2f (%.2f to %.2f)"):format(fit.parameters[name], fit.low[name], fit.high[name]) end
  print(("measured: delta %s, nu %s, from %d gaps; %d are not above 0 by two standard errors and left out; R2 of logarithms %.2f"):format(of "delta", of "nu", #law_rows, left_out, fit.r2))
  for _, name in ipairs { "delta", "nu" } do
    local published, tells = hu.scaling.published[name], fit.high[name] < 10 * fit.low[name]
    local within
    if tells then within = fit.low[name] <= published and published <= fit.high[name] end
    claims:claim { what = name .. " (95 % interval)", published = published, here = of(name), holds = within, note = tells and "as published where its figure is within the interval" or "too wide an interval to tell" }
  end
  local apart = fit.low.delta > fit.high.nu or fit.low.nu > fit.high.delta
  local above
  if apart then above = fit.parameters.delta > fit.parameters.nu end
  claims:claim { what = "an exponent bit is worth a little more than a mantissa bit: delta above nu", published = "3.19 and 2.95",
    here = ("%.2f and %.2f"):format(fit.parameters.delta, fit.parameters.nu), holds = above,
    note = not apart and "the intervals overlap" or nil }
else
  claims:claim { what = "delta and nu", published = "3.19 and 2.95", here = ("%d gaps above 0 by two standard errors"):format(#law_rows), note = "a fit takes five" }
end

-- ---- blocks ----

local x, y, texts = {}, {}, {}
for _, B in ipairs(p.B) do
  local gap, se = gap_of { operands = "all", E = coarse.E, M = coarse.M, B = B }
  x[#x + 1], y[#y + 1], texts[#texts + 1] = math.log(B, 2), gap, ("%.3f"):format(gap)
  print(("measured: E%dM%d, blocks of %d: gap %.4f +- %.4f"):format(coarse.E, coarse.M, B, gap, se))
end
claims:claim { what = ("E%dM%d: the gap grows with log2 of the block's length"):format(coarse.E, coarse.M), published = "in proportion", here = table.concat(texts, ", "),
  holds = y[#y] > y[1] and hu.stats.fit(x, y).slope > 0, note = "B = " .. table.concat(p.B, ", ") }

-- ---- operands ----

local cheap_gap, cheap_se = gap_of { what = "cheap" }
print(("measured: P2, P4 and P6 in E%dM%d: gap %.4f +- %.4f"):format(coarse.E, coarse.M, cheap_gap, cheap_se))

local cost = {}
for _, role in ipairs(targets.all) do
  local gap, se = gap_of { what = "operands", operands = role }
  cost[role] = gap
  print(("measured: %s alone in E%dM%d: gap %.4f +- %.4f"):format(role, coarse.E, coarse.M, gap, se))
end
local function shown(list)
  local out = {}
  for i, role in ipairs(list) do out[i] = ("%s %.3f"):format(role:upper(), cost[role]) end
  return table.concat(out, ", ")
end

-- Whether some operands together cost more than others, by the means of their gaps of each seed; nil where two standard errors do not tell.
local function costs_more(these, those)
  local differences = {}
  for seed = 1, p.seeds do
    local sum = 0
    for _, role in ipairs(these) do sum = sum + (gap_of { what = "operands", operands = role, seed = seed }) / #these end
    for _, role in ipairs(those) do sum = sum - (gap_of { what = "operands", operands = role, seed = seed }) / #those end
    differences[seed] = sum
  end
  local mean, se = hu.stats.mean(differences), hu.stats.sd(differences) / math.sqrt(p.seeds)
  if math.abs(mean) < 2 * se then return nil, ("%.4f +- %.4f"):format(mean, se) end
  return mean > 0, ("%.4f +- %.4f"):format(mean, se)
end
local function ordering(what, published, these, those)
  local holds, difference = costs_more(these, those)
  claims:claim { what = what, published = published, here = difference .. " nats more", holds = holds, note = shown(targets.all) }
end
ordering("P1 and P3 cost more than P2, P4 and P6 (means)", "much more", { "p1", "p3" }, { "p2", "p4", "p6" })
ordering("P1 alone costs more than P2, P4 and P6", "yes", { "p1" }, { "p2", "p4", "p6" })
ordering("P3 alone does", "yes", { "p3" }, { "p2", "p4", "p6" })
ordering("P5 costs more than P1", "by far", { "p5" }, { "p1" })
ordering("P5 costs more than P3", "by far", { "p5" }, { "p3" })

local law_points, block_points, role_points = {}, {}, {}
for _, row in ipairs(rows) do
  if row.what == "law" and told[row.E * 100 + row.M] and row.gap > 0 then
    law_points[#law_points + 1] = { against = "exponent bits + 1/2", at = row.E + 0.5, gap = row.gap, other = ("M = %d"):format(row.M) }
    law_points[#law_points + 1] = { against = "mantissa bits + 1/2", at = row.M + 0.5, gap = row.gap, other = ("E = %d"):format(row.E) }
  end
  if row.operands == "all" and row.E == coarse.E and row.M == coarse.M then block_points[#block_points + 1] = row end
  if row.what == "operands" then role_points[#role_points + 1] = { operand = tonumber(row.operands:sub(2)), gap = row.gap } end
end
hu.plot { rows = law_points, x = "at", y = "gap", series = "other", panel = "against", across = 2, width = 860, logx = true, logy = true, xlabel = "bits + 1/2", ylabel = "gap (nats)",
  legend = " ", title = "Loss above binary32's", file = "exponent-and-mantissa", caption = "All six operands quantized, blocks of 32; mean and standard deviation over seeds of the formats whose gap stands out.",
  band = "sd" }
hu.plot { rows = block_points, x = "B", y = "gap", logx = true, xlabel = "numbers that share a scale", ylabel = "gap (nats)", title = "Longer blocks", file = "blocks",
  reference = { { y = 0 } } }
hu.plot { rows = role_points, x = "operand", y = "gap", xlabel = "operand, P1 to P6", ylabel = "gap (nats)", title = "One operand alone", file = "operands", reference = { { y = 0 } } }

-- ---- the fit beside what was measured, and the split that follows ----

local against, splits = {}, {}
local function predicted(name, value)
  for _, row in ipairs(law_rows) do against[#against + 1] = { predicted = value(row), gap = row.gap, law = name } end
end
local function split_by(name, constants)
  for bits = 3, 16 do
    local best = hu.scaling.split(bits, constants)
    splits[#splits + 1] = { bits = bits, share = best.exponent, part = "exponent, " .. name }
    splits[#splits + 1] = { bits = bits, share = best.mantissa, part = "mantissa, " .. name }
  end
end
split_by("published law", hu.scaling.published)
if fitted then
  predicted("fitted here", function(row) return (fit.predict(row)) end)
  local published = hu.scaling.fit(law_rows, { law = "precision", y = "gap", huber = 0, fixed = { delta = hu.scaling.published.delta, nu = hu.scaling.published.nu } })
  predicted("published exponents", function(row) return (published.predict(row)) end)
  split_by("fitted here", fit.parameters)
  hu.plot { rows = against, x = "predicted", y = "gap", series = "law", points = true, reference = { { formula = "x", label = "equal" } }, logx = true, logy = true, xlabel = "gap by the law (nats)", ylabel = "gap (nats)", title = "The law and the runs",
    file = "fit-of-the-law", caption = "Each point is a format; of the published law the exponents delta and nu, with a factor that is fitted." }
end
hu.plot { rows = splits, x = "bits", y = "share", series = "part", xlabel = "bits, with the sign", ylabel = "bits of the part", title = "The best split of some bits", file = "best-split" }
print(claims:table())
