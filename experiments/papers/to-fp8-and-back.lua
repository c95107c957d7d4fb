-- to-fp8-and-back.lua - does training get unstable when bits of BF16 are masked away, and does the sharpness in the logits tell before the loss?
--
-- Method: a Llama-style model over bytes learns Shakespeare while the operands of all matrix products, those of attention among them, forward and backward, are put on the grid of
-- ExMy toward zero, values past the range clipped, without any scale. Seven formats, a rate and ten times it, AdamW at a constant rate after the warm-up (the paper looks at the first
-- twentieth of a schedule, in which the rate hardly falls). Diverged: no finite loss, or by one of two rules (hu.stats.diverged): the smoothed loss ends above 1.5 times its
-- minimum, or the last losses are above that of byte frequencies. Spikes by two rules, too. Along the way phi, the sharpness in the last token's logits, epsilon 1e-3. It warns by one of two
-- rules: out of line with its own past (hu.stats.warning), or above 1.5 times that of every run in E8M7 at the same step.
-- Further runs: rounding to nearest in place of the mask; one end of a narrow exponent's range alone, outer (the largest value) or inner (the smallest), by formats of 7 exponent
-- bits with another bias, on all operands or those of the forward pass; and masks on the master weights, too.
-- Source: arXiv:2405.18710. Whether its masks reach the backward pass, attention or the master weights, its epsilon, and what it calls divergence is not known here.
-- What would surprise: a mantissa that is narrower and trains better.
--
-- Measured at scale=full (tinyshakespeare, 2 layers of width 64, context 64, 300 steps of 4 rows; 384 runs, 17.2 minutes of processor time, so 8.6 on two processors that are idle):
-- (a) does not hold for masks on operands. The final losses of E8M7, E8M5, E8M4, E8M3 are 2.341, 2.330, 2.338, 2.334 at eta = 0.003 and 2.781, 2.760, 2.761, 2.743 at 10 eta: E8M3 lies
-- 0.007 +- 0.005 and 0.037 +- 0.036 below E8M7. None of 18 runs of any of them diverges at either rate by either rule (0 to 0.18), and E8M5 has no more spikes than E8M7. E7M7, said
-- not to train at all, gives the losses of E8M7 in 18 of 18. E4M3 loses what it learned in 15 and 18 runs of 18; E5M7 is no better than byte frequencies in 11 of 18 at
-- 10 eta. With masks on the master weights the published order is there: 2.403, 2.621, 2.838, 3.419 (6 seeds).
-- (b) holds in part. In E4M3 phi is above 1.5 times that of every run in E8M7 before the loss rises in 36 of 36 runs (median lead 58.5 and 12.5 steps), in E5M7 in none of 10: there phi falls. No
-- warning in the 205 runs that do not diverge. Against its own past, which rises steadily, phi warns in none of 46. Yet phi orders the mantissas at both rates, where the losses do not: 0.210, 0.216, 0.220,
-- 0.228 % and 0.128, 0.133, 0.140, 0.154 % of the same weights in full precision. It does not rise faster in E8M5 than in E8M7.
-- (c) The mask costs nothing against rounding to nearest: 0.002 +- 0.006 nats in E8M7, -0.006 +- 0.012 in E8M3 (18 seeds).
-- (d) is the other way round: the outer clamp of E4M7 and E3M7 changes nothing (6 seeds), the inner one breaks training as both do, 6 of 6, because 15 to 24 % of all numbers become zero,
-- gradients above all. On forward operands alone it costs 0.09 and 0.21 nats. At the upper end at most 4 numbers in 100000 are clipped.
-- With steps=1000 (38.2 minutes of processor time) all of it stays: 2.073, 2.070, 2.077, 2.073 at eta and 2.688, 2.690, 2.649, 2.644 at 10 eta, and no run of these formats diverges; E4M3 diverges in
-- 18 of 18 at both rates (losses of 13 and 103), and phi warns before in 34 of 36 (median 44.5 steps by the rule of rises). Masked master weights: 2.243, 2.614, 2.854, 3.444. The mask costs -0.004 +- 0.007
-- and -0.008 +- 0.008; the outer clamp 0.000 and 0.004, the inner one breaks 6 of 6, and on forward operands alone costs 0.16 and 0.43 nats.
-- At scale=small a made-up text and few steps try the machinery alone.
--
-- Columns: policy, rate, seed; loss (nats a byte, mean of the last tenth of the steps), diverged_average, diverged_level (0 or 1), spikes_residual, spikes_rise (counts),
-- moves and logits_warns (steps), saturated, flushed (shares of the numbers that were rounded), cpu_s, and the series losses, logits and logits_full (at probe_steps).
--
--   halfulp run experiments/papers/to-fp8-and-back.lua [scale=small|full] [text=FILE] [steps=N]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or tens of minutes on two processors" },
  text = { default = "", help = "file to learn from, such as tinyshakespeare.txt; else the system's license texts" },
  steps = { default = 0, min = 0, help = "0: those of the scale" },
}
local p = ({
  small = { eta = 1e-2, seeds = 3, fewer = 2, steps = 80, batch = 2, probes = 20, rows = 4, model = { layers = 1, heads = 2, width = 16, context = 16 } },
  full = { eta = 3e-3, seeds = 18, fewer = 6, steps = 300, batch = 4, probes = 30, rows = 16, model = { layers = 2, heads = 4, width = 64, context = 64 } },
})[params.scale]
if params.steps > 0 then p.steps = params.steps end
local eta = p.eta

-- ---- what is learned ----

local path = params.text ~= "" and params.text or nil
local text = (path or params.scale == "full") and hu.nn.text(path) or hu.nn.markov { alphabet = 8, order = 2, seed = 7 }
p.model.vocabulary = (text:part "train" .. text:part "heldout"):find "[\x80-\xff]" and 256 or 128

-- ---- policies ----

local function masked(format, more)
  local policy = { format = format, attention = format, rounding = "rz", overflow = "saturate" }
  for key, value in pairs(more or {}) do policy[key] = value end
  return policy
end

local function in_forward(format)
  local one = { format = format, rounding = "rz", overflow = "saturate" }
  return { p1 = one, p2 = one, attention = one }
end

-- E7 with a bias that leaves one end of a narrower exponent's range where it is there, and puts the other far away.
local clamps = {}
for _, e in ipairs { { bits = 4, outer = 119, inner = 7 }, { bits = 3, outer = 123, inner = 3 } } do
  local both = ("e%dm7"):format(e.bits)
  for name, format in pairs { ["E%dM7"] = both, ["E%dM7 outer"] = ("e7m7{bias=%d}"):format(e.outer), ["E%dM7 inner"] = ("e7m7{bias=%d}"):format(e.inner) } do
    clamps[name:format(e.bits)] = masked(format)
    clamps[name:format(e.bits) .. ", forward"] = in_forward(format)
  end
end

local main, formats = {}, { "E8M7", "E8M5", "E8M4", "E8M3", "E7M7", "E5M7", "E4M3" }
local nearest, weights = {}, {}
for i, name in ipairs(formats) do main[i] = masked(name:lower(), { name = name }) end
for i, name in ipairs { "E8M7", "E8M3" } do nearest[i] = masked(name:lower(), { name = name .. " nearest", rounding = "rne" }) end
for i, name in ipairs { "E8M7", "E8M5", "E8M4", "E8M3" } do weights[i] = masked(name:lower(), { name = name .. " weights", master = name:lower() }) end

-- ---- runs ----

-- The share of the rounded numbers that were past the range, and of those that became zero.
local function counted(run)
  local n, saturated, flushed = 0, 0, 0
  for _, c in ipairs(run.trainer:counters()) do n, saturated, flushed = n + c.n, saturated + c.saturated, flushed + c.flushed end
  return { saturated = n > 0 and saturated / n or 0, flushed = n > 0 and flushed / n or 0 }
end

local function study_of(name, policies, rates, seeds, more)
  local o = { name = name, model = p.model, data = text, policies = policies, rates = rates, seeds = seeds, steps = p.steps, batch = p.batch, probes = p.probes, rows = p.rows,
    reference = hu.nn.frequency_loss(text), clock = true, files = { path }, uses = { "scale", "steps" }, train = { schedule = "constant", warmup = p.steps // 20 } }
  for key, value in pairs(more or {}) do o[key] = value end
  return hu.study(o)
end

-- ---- how long it will take ----

-- Processor seconds of a run, from a tenth of one at each rate.
local function seconds_of_a_run()
  local start = os.clock()
  for _, rate in ipairs { eta, 10 * eta } do
    local config = { seed = 1 }
    for key, value in pairs(p.model) do config[key] = value end
    local model = hu.nn.lm(config)
    hu.nn.train { model = model, data = text, steps = math.max(1, p.steps // 10), batch = p.batch, lr = rate, policy = masked "e8m5", schedule = "constant" }
    for _ = 1, p.probes // 10 do hu.sharpness.model(model, text, { rows = p.rows, policy = masked "e8m5" }) end
  end
  return (os.clock() - start) * 5
end

local runs, begun = 14 * p.seeds + 2 * p.seeds + 12 * p.fewer + 4 * p.fewer, os.time()
local estimate = runs * seconds_of_a_run() / 60
io.stderr:write(("to-fp8-and-back: %d runs of %d steps, about %.0f minutes of processor time, %.0f on two processors that are idle; those that are in the store are not computed again\n")
  :format(runs, p.steps, estimate, estimate / 2))

local base = study_of("masks", main, { eta, 10 * eta }, p.seeds)
local rounded = study_of("nearest", nearest, { eta }, p.seeds)
local clamped = study_of("clamps", clamps, { eta }, p.fewer, { train = { schedule = "constant", warmup = p.steps // 20, counters = true }, results = counted })
local kept = study_of("weights", weights, { eta }, p.fewer)
local studies = { base, rounded, clamped, kept }

-- ---- what is published ----

local claims = hu.published "To FP8 and Back Again (arXiv:2405.18710)"
local mantissas, full_rate = { "E8M7", "E8M5", "E8M4", "E8M3" }, 10 * eta

local line_of = {}
for _, study in ipairs(studies) do
  for _, line in ipairs(study:summary()) do line_of[line.policy .. (line.rate == eta and "" or " x10")] = line end
end

-- A figure of each of the mantissas, as text.
local function each(names, get, form)
  local out = {}
  for i, name in ipairs(names) do out[i] = form:format(get(name)) end
  return table.concat(out, ", ")
end

local function rising(names, get)
  for i = 2, #names do
    if get(names[i]) < get(names[i - 1]) then return false end
  end
  return true
end

local function with_error(mean, ci95) return ("%+.3f +- %.3f"):format(mean, ci95 or 0 / 0) end
local function interval(k, n) return ("%d/%d (%.2f-%.2f)"):format(k, n, hu.stats.wilson(k, n)) end

-- (a) the order of the mantissas
for _, at in ipairs { { rate = eta, key = "", text = "at eta" }, { rate = full_rate, key = " x10", text = "at 10 eta" } } do
  local function loss(name) return line_of[name .. at.key].loss end
  local mean, ci95 = base:difference("E8M3", "E8M7", at.rate)
  claims:claim { what = "(a) final loss " .. at.text .. ": E8M7 <= E8M5 <= E8M4 <= E8M3", published = "rises with each bit that goes",
    here = ("%s; last less first %s"):format(each(mantissas, loss, "%.3f"), with_error(mean, ci95)), holds = rising(mantissas, loss) and mean > ci95 }
  for _, rule in ipairs { "average", "level" } do
    local function count(name) return line_of[name .. at.key]["diverged_" .. rule] end
    claims:claim { what = ("(a) runs that diverge %s, by %s: the same order"):format(at.text, rule), published = "E8M4 and E8M3 diverge early",
      here = ("%s; E8M3 %s"):format(each(mantissas, count, "%d"), interval(count "E8M3", p.seeds)), holds = rising(mantissas, count) and count "E8M3" > count "E8M7" }
  end
end
local e8m7 = line_of.E8M7
local _, most = hu.stats.wilson(e8m7.diverged_average, p.seeds)
local published_share, told = 18 / 188, nil
if e8m7.diverged_average > 0 then told = true elseif most < published_share then told = false end
claims:claim { what = "(a) some runs in BF16 diverge", published = "18/188", here = interval(e8m7.diverged_average, p.seeds), holds = told,
  note = "none at all refutes it only where the interval ends below 0.096" }
local five, seven = line_of["E8M5 x10"], line_of["E8M7 x10"]
claims:claim { what = "(a) at 10 eta E8M5 has more spikes than E8M7 (residual, rise)", published = "more, and no run diverges",
  here = ("%d, %d against %d, %d"):format(five.spikes_residual, five.spikes_rise, seven.spikes_residual, seven.spikes_rise),
  holds = five.spikes_residual > seven.spikes_residual and five.spikes_rise > seven.spikes_rise and five.diverged_average + five.diverged_level == 0 }
local identical, of_seed = 0, {}
for _, row in ipairs(hu.select(base:rows(), { policy = "E8M7", rate = eta })) do of_seed[row.seed] = row.loss end
for _, row in ipairs(hu.select(base:rows(), { policy = "E7M7", rate = eta })) do identical = identical + (row.loss == of_seed[row.seed] and 1 or 0) end
claims:claim { what = "(a) E7M7 does not train", published = "does not train at all", here = ("%d of %d runs end exactly as in E8M7"):format(identical, p.seeds),
  holds = line_of.E7M7.diverged_level - e8m7.diverged_level == p.seeds }
local function kept_loss(name) return line_of[name .. " weights"].loss end
local gap, gap_error = kept:difference("E8M3 weights", "E8M7 weights")
claims:claim { what = "(a) the same order, where the master weights are masked, too", published = "rises with each bit that goes",
  here = ("%s; last less first %s"):format(each(mantissas, kept_loss, "%.3f"), with_error(gap, gap_error)), holds = rising(mantissas, kept_loss) and gap > gap_error,
  note = ("%d seeds, at eta"):format(p.fewer) }

-- (b) the sharpness before the loss
local function diverged(row) return row.diverged_average == 1 or row.diverged_level == 1 end
local function steady(row) return not diverged(row) end
local rules = {
  { text = "1.5 times above all of E8M7", against = "E8M7" },
  { text = "out of line with its past" },
}
-- How many of a policy's runs that moved had a warning before: "E4M3 36/36, E5M7 0/8".
local function by_policy(runs)
  local n, before, out = {}, {}, {}
  for _, one in ipairs(runs) do
    if one.moves < math.huge then
      n[one.policy] = (n[one.policy] or 0) + 1
      before[one.policy] = (before[one.policy] or 0) + (one.warns < one.moves and 1 or 0)
    end
  end
  for _, name in ipairs(formats) do out[#out + 1] = n[name] and ("%s %d/%d"):format(name, before[name], n[name]) or nil end
  return #out > 0 and table.concat(out, ", ") or nil
end

for _, rule in ipairs(rules) do
  for _, moves in ipairs { "rise", "residual" } do
    local w = base:warnings("logits", { where = diverged, against = rule.against, moves = moves })
    local low, holds = hu.stats.wilson(w.before, math.max(1, w.moved)), nil
    if w.moved > 0 then holds = low > 0.5 end
    claims:claim { what = ("(b) in runs that diverge phi is %s before the loss moves (%s)"):format(rule.text, moves), published = "rises first",
      here = w.moved > 0 and ("%s%s"):format(interval(w.before, w.moved), w.lead and (", by %g steps"):format(w.lead) or "") or "no such run", holds = holds, note = by_policy(w.runs) }
  end
end

-- The mean of phi over a part of a run.
local function phi_over(series, from, to)
  local n, list = #series, {}
  for i = math.max(1, math.ceil(from * n)), math.floor(to * n) do list[#list + 1] = series[i] end
  return hu.stats.mean(list)
end
local function growths(policy)
  local list = {}
  for i, row in ipairs(hu.select(base:rows(), { policy = policy, rate = eta })) do list[i] = phi_over(row.logits, 0.75, 1) / phi_over(row.logits, 0.25, 0.5) end
  return list
end
local grown, list = {}, {}
for _, name in ipairs(mantissas) do grown[name] = growths(name) end
for i, x in ipairs(grown.E8M5) do list[i] = x - grown.E8M7[i] end
claims:claim { what = "(b) phi of E8M5 goes on rising while its loss is normal, faster than that of E8M7", published = "E8M5 keeps rising, E8M7 slowly",
  here = ("by %.3f and %.3f; %s"):format(hu.stats.mean(grown.E8M5), hu.stats.mean(grown.E8M7), with_error(hu.stats.mean(list), hu.stats.ci95(list))),
  holds = hu.stats.mean(list) > hu.stats.ci95(list), note = "last quarter over second quarter, at eta" }

-- Of the emulated forward pass, and of one in full precision with the same weights.
local function phi_order(metric, rate, text)
  local phi, last_less_first = {}, {}
  for _, name in ipairs(mantissas) do
    phi[name] = {}
    for i, row in ipairs(hu.select(base:rows(), { policy = name, rate = rate })) do phi[name][i] = phi_over(row[metric], 0.75, 1) end
  end
  for i, x in ipairs(phi.E8M3) do last_less_first[i] = x - phi.E8M7[i] end
  local function mean(name) return hu.stats.mean(phi[name]) end
  local gap, gap_error = hu.stats.mean(last_less_first), hu.stats.ci95(last_less_first)
  claims:claim { what = ("(b) phi %s: E8M7 <= E8M5 <= E8M4 <= E8M3"):format(text), published = "higher, the fewer bits",
    here = ("%s; last less first %s"):format(each(mantissas, mean, "%.3f"), with_error(gap, gap_error)), holds = rising(mantissas, mean) and gap > gap_error,
    note = "last quarter, in percent" }
end
for _, how in ipairs { { "logits", "" }, { "logits_full", ", in full precision" } } do
  phi_order(how[1], eta, "at eta" .. how[2])
  phi_order(how[1], full_rate, "at 10 eta" .. how[2])
end

-- (c) toward zero and to nearest
for _, name in ipairs { "E8M7", "E8M3" } do
  local mean, ci95 = base:difference(name, name .. " nearest", eta, "loss", rounded)
  claims:claim { what = ("(c) %s loses by the mask, against rounding to nearest"):format(name), published = "truncation is biased", here = with_error(mean, ci95), holds = mean > ci95,
    note = ("nats, %d seeds"):format(p.seeds) }
end

-- (d) the two ends of the exponent's range
for _, where in ipairs { { "", "all six operands" }, { ", forward", "forward operands alone" } } do
  for _, e in ipairs { "E4M7", "E3M7" } do
    for _, side in ipairs { "outer", "inner" } do
      local name = ("%s %s%s"):format(e, side, where[1])
      local mean, ci95 = clamped:difference(name, "E8M7", eta, "loss", base)
      local n = line_of[name].diverged_level
      local breaks = n / p.fewer - e8m7.diverged_level / p.seeds > 0.5
      claims:claim { what = ("(d) the %s clamp of %s breaks training, %s"):format(side, e, where[2]), published = side == "outer" and "yes, it alone" or "no",
        here = ("%s diverge; %s nats"):format(interval(n, p.fewer), with_error(mean, ci95)), holds = breaks == (side == "outer") }
    end
  end
end
claims:claim { what = "FP8 with scales (MS-AMP O1) keeps a gap to BF16", published = "yes", note = "no scales here, as in the masks" }
claims:claim { what = "no run in TF32 diverges", published = "0/70" }
claims:claim { what = "loss surfaces stay smooth while a run diverges", published = "yes", note = "hu.landscape draws them" }

-- ---- figures ----

local function at_rate(row) return ("rate %g"):format(row.rate) end
local rows, rules_rows, gaps = base:rows(), {}, {}
for _, row in ipairs(rows) do
  row.at = at_rate(row)
  row.fate = diverged(row) and row.policy .. ", diverged" or "did not diverge"
end

-- Both rules side by side.
for _, row in ipairs(rows) do
  for _, rule in ipairs { "average", "level" } do
    rules_rows[#rules_rows + 1] = { policy = row.policy, at = row.at, rule = rule == "average" and "lost what was learned" or "no better than frequencies", diverged = row["diverged_" .. rule] }
  end
end

hu.plot { kind = "box", rows = rows, x = "policy", y = "loss", panel = "at", across = 2, width = 860, logy = true, xlabel = "", ylabel = "final loss (nats a byte)",
  title = "Final loss by format", file = "final-loss", caption = ("Quartiles of %d seeds; mean of the last tenth of the steps. Rates eta and 10 eta."):format(p.seeds) }

local base_loss = {}
for _, row in ipairs(rows) do
  if row.policy == "E8M7" then base_loss[row.at .. row.seed] = row.loss end
end
for _, study in ipairs { base, rounded } do
  for _, row in ipairs(study:rows()) do
    if row.policy:find "^E8" and row.policy ~= "E8M7" then
      gaps[#gaps + 1] = { format = row.policy:match "^%w+", way = row.policy:find "nearest" and "to nearest" or "by the mask", at = at_rate(row), seed = row.seed, gap = row.loss - base_loss[at_rate(row) .. row.seed] }
    end
  end
end
hu.plot { kind = "box", rows = gaps, x = "format", y = "gap", series = "way", legend = "rounded", panel = "at", across = 2, width = 860, reference = { { y = 0 } }, xlabel = "", ylabel = "loss above that of E8M7 (nats)",
  title = "What missing mantissa bits cost", file = "loss-gap", caption = ("Seed by seed, %d seeds; those to nearest at the rate eta alone."):format(p.seeds) }

hu.plot { kind = "share", rows = rules_rows, x = "policy", y = "diverged", series = "rule", panel = "at", across = 2, width = 860, xlabel = "format", ylabel = "share of runs", legend = " ",
  title = "Runs that diverged, by two rules", file = "diverged",
  caption = "Lost what was learned: the smoothed loss ended above 1.5 times its minimum. No better than frequencies: the last twentieth stayed above their loss. Wilson 95 % intervals." }

hu.plot { kind = "curves", rows = rows, y = "losses", series = "policy", panel = "at", across = 2, width = 860, logy = true, smooth = 0.9, spikes = "residual", band = "none",
  xlabel = "step", ylabel = "loss (nats a byte)", legend = " ", title = "Loss in training", file = "losses",
  caption = "Median over the seeds, smoothed with decay 0.9; triangles are spikes of single runs (4 standard deviations above the average)." }

hu.plot { kind = "curves", rows = rows, x = "probe_steps", y = "logits", series = "fate", panel = "at", across = 2, width = 860, logy = true, xlabel = "step",
  ylabel = "phi (%)", legend = " ", title = "Sharpness in the logits, of runs that diverged and those that did not", file = "phi-by-fate",
  caption = "Emulated forward pass, epsilon 1e-3; median and range of the runs." }

hu.plot { kind = "curves", rows = rows, x = "probe_steps", y = "logits", series = "policy", panel = "at", across = 2, width = 860, logy = true, band = "none", xlabel = "step",
  ylabel = "phi (%)", legend = " ", title = "Sharpness in the logits, by format", file = "phi-by-format", caption = "Median over the seeds." }

-- By both rules of movement; a warning by its own past is so rare that it has no place here.
local leads, warned, of_all = {}, 0, 0
for _, moves in ipairs { "rise", "residual" } do
  for _, one in ipairs(base:warnings("logits", { where = diverged, against = "E8M7", moves = moves }).runs) do
    of_all = of_all + (moves == "rise" and 1 or 0)
    if one.moves < math.huge and one.warns < math.huge then
      warned = warned + (moves == "rise" and 1 or 0)
      leads[#leads + 1] = { run = ("%s, %s"):format(one.policy, at_rate(one)), moves = moves == "rise" and "rises by 0.5 nats" or "spikes by 4 deviations", lead = one.moves - one.warns }
    end
  end
end
if #leads > 0 then
  hu.plot { kind = "box", rows = leads, x = "run", y = "lead", series = "moves", reference = { { y = 0 } }, width = 600, xlabel = "", ylabel = "steps from warning to movement",
    legend = "the loss", title = "How early phi warns, in runs that diverge", file = "leads",
    caption = ("Warning: phi above 1.5 times that of all runs in E8M7. %d of %d runs that diverge have one; below 0 the loss was first."):format(warned, of_all) }
end

local ends = {}
for _, row in ipairs(clamped:rows()) do
  row.where = row.policy:find "forward" and "forward operands alone" or "all six operands"
  row.format, row.side = row.policy:match "^%w+", row.policy:match "outer" or row.policy:match "inner" or "both"
  ends[#ends + 1] = row
end
hu.plot { kind = "box", rows = ends, x = "format", y = "loss", series = "side", legend = "clamped", panel = "where", across = 2, width = 860, logy = true, xlabel = "", ylabel = "final loss (nats a byte)",
  title = "Which end of the exponent's range is missed", file = "clamps",
  caption = ("Outer: the largest value is that of the narrow format; inner: the smallest is. %d seeds, rate eta."):format(p.fewer) }

-- What was lost at either end, in all roundings of the runs.
local lost = {}
for _, line in ipairs(clamped:summary()) do
  local some = hu.select(ends, { policy = line.policy })
  lost[#lost + 1] = { policy = line.policy, loss = line.loss, diverged = ("%d of %d"):format(line.diverged_level, line.runs),
    saturated = hu.stats.mean(hu.column(some, "saturated")), flushed = hu.stats.mean(hu.column(some, "flushed")) }
end

local weight_rows = {}
for _, row in ipairs(kept:rows()) do
  weight_rows[#weight_rows + 1] = { mantissa = math.tointeger(row.policy:match "M(%d)"), loss = row.loss, seed = row.seed, way = "operands and master weights" }
end
for _, row in ipairs(rows) do
  if row.rate == eta and row.policy:find "^E8" then
    weight_rows[#weight_rows + 1] = { mantissa = math.tointeger(row.policy:match "M(%d)"), loss = row.loss, seed = row.seed, way = "operands" }
  end
end
hu.plot { rows = weight_rows, x = "mantissa", y = "loss", series = "way", xlabel = "mantissa bits (exponent: 8)", ylabel = "final loss (nats a byte)", legend = "masked",
  title = "Where the mantissa is missed", file = "weights", caption = "Mean and 95 % interval over the seeds, rate eta." }

-- ---- the report ----

for _, study in ipairs(studies) do print(study:table() .. "\n") end

-- How often phi warns where nothing happens.
local alarms = {}
for i, rule in ipairs(rules) do
  local w = base:warnings("logits", { where = steady, against = rule.against })
  alarms[i] = ("%d of %d (%s)"):format(w.before + w.late + w.alone, #w.runs, rule.text)
end
local alarm_text = "warnings in runs that do not diverge: " .. table.concat(alarms, ", ")
print("measured: " .. alarm_text)

local seconds, computed = 0, 0
for _, study in ipairs(studies) do
  for _, row in ipairs(study:rows()) do seconds, computed = seconds + row.cpu_s, computed + 1 end
end
local took = ("%d runs took %.1f minutes of processor time, %.1f on two processors that are idle"):format(computed, seconds / 60, seconds / 120)
io.stderr:write(("to-fp8-and-back: %s; this call took %.1f minutes by the clock\n"):format(took, (os.time() - begun) / 60))
local text_of_table = claims:table()
print(text_of_table)

hu.report {
  title = "To FP8 and Back Again, tried again",
  lead = ("Masks on the operands of all matrix products of a language model over bytes: %d seeds, %d steps, %s. %s."):format(p.seeds, p.steps, tostring(text), took),
  sections = {
    { title = "Does the loss follow the mantissa?", text = "Final losses of all formats; and seed by seed, what missing bits cost above E8M7. Where the master weights are masked as well, every bit costs.",
      figures = { "final-loss", "loss-gap", "weights" } },
    { title = "Which runs diverge?", text = "By two rules, with Wilson's intervals; and the losses on the way, with their spikes.", figures = { "diverged", "losses" } },
    { title = "Does phi tell before the loss?", text = "Sharpness in the last token's logits along the runs, and the steps between its warning and the movement of the loss. " .. alarm_text:gsub("^%l", string.upper) .. ".",
      figures = #leads > 0 and { "phi-by-fate", "phi-by-format", "leads" } or { "phi-by-fate", "phi-by-format" } },
    { title = "Which end of the range is missed?", text = "Formats whose largest value is that of a narrow exponent, and formats whose smallest value is.", figures = { "clamps" },
      tables = { { rows = lost, columns = { "policy", "loss", "diverged", "saturated", "flushed" },
        caption = "Final loss, runs no better than byte frequencies, and the shares of rounded numbers past the largest value and lost below the smallest." } } },
    { title = "In numbers", code = base:table() },
  },
}
