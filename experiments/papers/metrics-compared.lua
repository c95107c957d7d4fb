-- metrics-compared.lua - do sharpness in the logits, in the weights, and curvature order the same checkpoints alike, and at what cost?
--
-- Method: a Llama-style model over bytes learns a made-up text, with matrix products in binary32 and on the truncating grid of E8M3, at three rates. At checkpoints along
-- the way six measures are taken of the same weights on the same held-out rows, in full precision: phi of the last token's logits (closed form), Keskar's
-- sharpness in the weights, SAM, ASAM, the largest eigenvalue and the trace of the Hessian. Between each two of them stands Spearman's rank correlation: along a
-- run (mean over the runs), and between runs at their last checkpoint. Cost is counted in passes: a forward pass is 1, a gradient 3, a product with the Hessian 6.
-- Sources: arXiv:2405.18710 (phi, Keskar's measure moved to the logits), 1609.04836, 2010.01412, 2102.11600, 1912.07145; orders of curvature and of sharpness: 2010.01412
-- and 2302.07011.
-- What would surprise: phi that says what the curvature says, since it looks at the logits alone.
--
-- Measured at scale=full (36 runs of 12 checkpoints): along a run phi says nothing of the other measures, -0.15 +- 0.06 with Keskar's in the weights and 0.10 with the
-- largest eigenvalue, so it is no substitute for sharpness in the weights here; yet it is larger in E8M3 than in binary32, 0.27 against 0.20 %. The measures in the weights
-- agree: eigenvalue and trace 0.82, SAM and Keskar 0.73, ASAM and SAM 0.71, SAM and the eigenvalue only 0.48 along a run (0.86 between runs). With the final loss they
-- correlate by up to -0.57 (ASAM, between runs of different rates, formats and seeds). Passes a checkpoint: phi 1, SAM and ASAM 4, Keskar 35, eigenvalue 72, trace 144.
-- At scale=small there are five checkpoints a run, and fewer correlations stand out.
--
-- Columns: policy, rate, seed; loss (nats a byte, held out, at the last checkpoint), and the series at probe_steps: phi, keskar, sam, asam, top, trace, losses; the
-- passes of each measure, mean over the checkpoints: cost_NAME.
--
--   halfulp run experiments/papers/metrics-compared.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or a minute" },
}
local scales = {
  small = { seeds = 2, steps = 100, probes = 5, rows = 8, batch = 4, samples = 12, model = { layers = 1, heads = 2, width = 16, context = 16, vocabulary = 128 } },
  full = { seeds = 6, steps = 400, probes = 12, rows = 16, batch = 4, samples = 24, model = { layers = 1, heads = 2, width = 16, context = 16, vocabulary = 128 } },
}
local p = scales[params.scale]
local policies = { e8m3 = "e8m3:rz+sat" }
local text = hu.nn.markov { alphabet = 8, order = 2, seed = 7 }
local claims = hu.published "sharpness in logits and weights, and curvature (arXiv:2405.18710, 2010.01412, 2302.07011)"
local names = { "phi", "keskar", "sam", "asam", "top", "trace" }

-- ---- the measures at one checkpoint: value, and passes ----

local function sharpness(measure, field, passes)
  return function(model, where)
    local s = hu.sharpness.model(model, text, { measure = measure, rows = where.rows, split = where.split }).full
    return s[field], passes(s)
  end
end

local function hessian(model, where) return hu.hessian(model, text, { rows = where.rows, split = where.split }) end

local measures = {
  phi = sharpness("logits", "phi", function() return 1 end),
  keskar = sharpness("keskar", "increase", function(s) return 3 * s.evaluations end),
  sam = sharpness("sam", "increase", function() return 3 + 1 end),
  asam = sharpness("asam", "increase", function() return 3 + 1 end),
  top = function(model, where)
    local e = hessian(model, where):eigen { steps = 60, tolerance = 1e-3 }
    return e.values(1), 6 * e.products
  end,
  trace = function(model, where)
    local t = hessian(model, where):trace { samples = p.samples }
    return t.trace, 6 * t.products
  end,
}

local function train(point)
  local config, where = { seed = point.seed }, { rows = p.rows, split = "heldout" }
  for key, value in pairs(p.model) do config[key] = value end
  local out = { probe_steps = {}, losses = {} }
  for _, name in ipairs(names) do out[name], out["cost_" .. name] = {}, 0 end
  hu.nn.train { model = hu.nn.lm(config), data = text, steps = p.steps, batch = p.batch, lr = point.rate, seed = point.seed, policy = policies[point.policy],
    every = p.steps // p.probes, callback = function(info)
      local n = #out.probe_steps + 1
      out.probe_steps[n] = info.step
      out.losses[n] = hessian(info.model, where).loss
      for _, name in ipairs(names) do
        local value, passes = measures[name](info.model, where)
        out[name][n], out["cost_" .. name] = value, out["cost_" .. name] + passes
      end
    end }
  for _, name in ipairs(names) do out["cost_" .. name] = out["cost_" .. name] / #out.probe_steps end
  out.loss = out.losses[#out.losses]
  return out
end

local sweep = hu.sweep { policy = { "fp32", "e8m3" }, rate = { 3e-3, 1e-2, 3e-2 }, seed = hu.range(1, p.seeds) }
sweep:run(train, { name = "metrics-compared" })
local rows = sweep:rows()

-- ---- rank correlations ----

-- The rank of each value among the others; equal ones share the mean of theirs.
local function ranks(values)
  local out = {}
  for i, x in ipairs(values) do
    local below, same = 0, 0
    for _, y in ipairs(values) do
      below, same = below + (y < x and 1 or 0), same + (y == x and 1 or 0)
    end
    out[i] = below + (same + 1) / 2
  end
  return out
end

-- Spearman's: the correlation of the ranks.
local function spearman(a, b)
  local x, y = ranks(a), ranks(b)
  local mx, my, xy, xx, yy = hu.stats.mean(x), hu.stats.mean(y), 0, 0, 0
  for i = 1, #x do
    xy, xx, yy = xy + (x[i] - mx) * (y[i] - my), xx + (x[i] - mx) ^ 2, yy + (y[i] - my) ^ 2
  end
  return xx * yy > 0 and xy / math.sqrt(xx * yy) or 0
end

-- Along the runs (mean and standard error over them), and between them at the end.
local function along(a, b)
  local list = {}
  for i, row in ipairs(rows) do list[i] = spearman(row[a], row[b]) end
  return hu.stats.mean(list), hu.stats.sd(list) / math.sqrt(#list)
end

local function between(a, b)
  local x, y = {}, {}
  for i, row in ipairs(rows) do x[i], y[i] = row[a][#row[a]], row[b][#row[b]] end
  return spearman(x, y)
end

local map = {}
for _, a in ipairs { "phi", "keskar", "sam", "asam", "top", "trace", "losses" } do
  for _, b in ipairs { "phi", "keskar", "sam", "asam", "top", "trace", "losses" } do
    map[#map + 1] = { first = a == "losses" and "loss" or a, second = b == "losses" and "loss" or b, where = "along a run", correlation = (along(a, b)) }
    map[#map + 1] = { first = a == "losses" and "loss" or a, second = b == "losses" and "loss" or b, where = "between runs, at the end", correlation = between(a, b) }
  end
end

-- ---- what is published ----

claims:number { what = "phi of 50257 logits that are all zero, in percent", published = 0.0169131187, digits = 9,
  here = hu.sharpness.logits({ logits = hu.zeros { 50257 }, target = 0, eps = 1e-3 }).phi }
local costs = {}
for _, name in ipairs(names) do
  local list = {}
  for i, row in ipairs(rows) do list[i] = row["cost_" .. name] end
  costs[name] = hu.stats.mean(list)
end
claims:claim { what = "phi is the cheapest (passes: phi, SAM, ASAM, Keskar, eigenvalue, trace)", published = "one forward pass",
  here = ("%.0f, %.0f, %.0f, %.0f, %.0f, %.0f"):format(costs.phi, costs.sam, costs.asam, costs.keskar, costs.top, costs.trace),
  holds = costs.phi < math.min(costs.sam, costs.asam, costs.keskar, costs.top, costs.trace) }

-- "Alike": the mean correlation along the runs is above 1/2 by two standard errors.
local function alike(a, b, what, published, note)
  local mean, se = along(a, b)
  claims:claim { what = what, published = published, here = ("%.2f +- %.2f, %.2f between runs"):format(mean, se, between(a, b)), holds = mean - 2 * se > 0.5, note = note }
end
alike("phi", "keskar", "phi orders checkpoints as Keskar's sharpness of the weights", "its substitute")
alike("sam", "top", "SAM orders them as the largest eigenvalue", "SAM's minima are flatter")
alike("top", "trace", "the largest eigenvalue as the trace", "both fall in SAM's minima")
alike("sam", "keskar", "SAM as Keskar's sharpness", "one step of the same search")
alike("sam", "asam", "ASAM as SAM", "the same with units of the weights")

-- The mean of phi over the second half of the runs of a policy.
local function phi_of(policy)
  local list = {}
  for _, row in ipairs(rows) do
    if row.policy == policy then
      for i = #row.phi // 2 + 1, #row.phi do list[#list + 1] = row.phi[i] end
    end
  end
  return hu.stats.mean(list)
end
claims:claim { what = "phi is larger in models trained with three bits of mantissa", published = "yes", here = ("%.3f against %.3f"):format(phi_of "e8m3", phi_of "fp32"),
  holds = phi_of "e8m3" > phi_of "fp32", note = "second half of the runs" }

-- No measure orders the final losses: correlations with the held-out loss of the runs, at the end. 2302.07011 finds none that is close.
local most, which = 0, "none"
for _, name in ipairs(names) do
  local c = between(name, "losses")
  if math.abs(c) > math.abs(most) then most, which = c, name end
end
claims:claim { what = "no measure orders the final losses of the runs (largest |correlation|)", published = "no strong correlation", here = ("%.2f, %s"):format(most, which),
  holds = math.abs(most) < 0.5 }

hu.plot { kind = "heatmap", rows = map, x = "first", y = "second", z = "correlation", panel = "where", across = 2, width = 860, cell = "%.2f", xlabel = "", ylabel = "",
  title = "Spearman's rank correlation of measures on the same checkpoints", file = "rank-correlations" }
for _, row in ipairs(rows) do row.training = ("%s, rate %g"):format(row.policy, row.rate) end
hu.plot { kind = "curves", rows = rows, x = "probe_steps", y = { "phi", "keskar", "sam", "top" }, series = "training", width = 860, logy = true, xlabel = "step", legend = " ",
  title = "Four measures along the same runs", file = "measures-along", caption = "Median over the seeds and their range." }
local totals = {}
for _, name in ipairs(names) do totals[#totals + 1] = ("%s %.0f"):format(name, costs[name]) end
print("measured: passes a checkpoint: " .. table.concat(totals, ", "))
for _, a in ipairs(names) do
  local line = {}
  for _, b in ipairs(names) do line[#line + 1] = ("%6.2f"):format((along(a, b))) end
  print(("measured: along a run: %-7s %s"):format(a, table.concat(line)))
end
print(claims:table())
