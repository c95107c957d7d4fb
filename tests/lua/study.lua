-- study.lua - stability studies: runs, verdicts, warnings, sensitivity.
local hu = require "halfulp"
local claims, t = require("claims")()

require("halfulp.run").known = { args = {}, seed = 1, jobs = 1, out = claims.tmpdir() .. "/studies" }

local config = { layers = 1, heads = 2, width = 16, context = 8 }
local data = hu.nn.markov { alphabet = 4, train = 4000, heldout = 400 }

local function options(changes)
  local o = { model = config, data = data, policies = { "fp32", "e8m2:rz+sat" }, rates = { 1e-2, 3 }, seeds = { 5, 6 }, steps = 40, batch = 2, probes = 20, rows = 4,
    quiet = true, metrics = { "logits" } }
  for key, value in pairs(changes or {}) do o[key] = value end
  return o
end

local study                      -- the first claim makes it

claims["1: every run is the training run of its policy, rate and seed, and its final loss and verdicts are those of its losses"] = function()
  study = hu.study(options { name = "runs" })
  local list = study:rows()
  t.assertEquals(#list, 8)
  for _, row in ipairs { list[1], list[8] } do
    local c = { seed = row.seed }
    for key, value in pairs(config) do c[key] = value end
    local run = hu.nn.train { model = hu.nn.lm(c), data = data, steps = 40, batch = 2, lr = row.rate, seed = row.seed, policy = row.policy }
    t.assertEquals(row.losses, run.loss)
    t.assertAlmostEquals(row.loss, (run.loss[37] + run.loss[38] + run.loss[39] + run.loss[40]) / 4, 1e-12)
    t.assertEquals(row.spikes_rise, hu.stats.spikes(run.loss).rise.count)
    t.assertEquals(row.moves, hu.stats.spikes(run.loss).rise.steps[1] or math.huge)
    t.assertEquals(row.first_loss, run.loss[1])
    t.assertEquals(#row.logits, 20)
    t.assertEquals(row.probe_steps[20], 40)
  end
end

claims["2: a summary counts its cell's runs, with Wilson's intervals"] = function()
  local lines, list = study:summary(), study:rows()
  t.assertEquals(#lines, 4)
  for _, line in ipairs(lines) do
    local losses, spikes = {}, 0
    for _, row in ipairs(list) do
      if row.policy == line.policy and row.rate == line.rate then
        losses[#losses + 1] = row.loss
        spikes = spikes + row.spikes_rise
      end
    end
    t.assertEquals(line.runs, 2)
    t.assertAlmostEquals(line.loss, (losses[1] + losses[2]) / 2, 1e-12)
    t.assertAlmostEquals(line.ci95, hu.stats.ci95(losses), 1e-12)
    t.assertEquals(line.spikes_rise, spikes)
    local low, high = hu.stats.wilson(line.diverged_average, 2)
    t.assertEquals({ line.average_low, line.average_high }, { low, high })
  end
  t.assertTrue(lines[3].spikes_rise + lines[4].spikes_rise > 0)        -- at rate 3 the loss jumps
  t.assertStrContains(study:table(), "learning-rate sensitivity")
end

claims["3: sensitivity is the mean over the rates of the capped loss less the best"] = function()
  for _, s in ipairs(study:sensitivity()) do
    local mean, first = {}, {}
    for _, row in ipairs(study:rows()) do
      if row.policy == s.policy then
        mean[row.rate] = (mean[row.rate] or 0) + row.loss / 2
        first[row.rate] = (first[row.rate] or 0) + row.first_loss / 2
      end
    end
    local low, high = math.min(mean[1e-2], first[1e-2]), math.min(mean[3], first[3])
    t.assertAlmostEquals(s.sensitivity, (low + high) / 2 - math.min(low, high), 1e-12)
    t.assertEquals(s.best_rate, mean[1e-2] < mean[3] and 1e-2 or 3)
  end
end

claims["4: planted warnings are counted as before, late, none and alone"] = function()
  local moves = {}
  for _, row in ipairs(study:rows()) do if row.rate == 3 and row.policy == "fp32" then moves[row.seed] = row.moves end end
  t.assertTrue(moves[5] < math.huge and moves[6] < math.huge)
  local function jumps_at(step) return function(_, _, how) return how.step < step and 1 or 9 end end
  local planted = hu.study(options { name = "planted", policies = { "fp32" }, probes = 40, warning = { least = 1 },
    metrics = { early = jumps_at(2), late = jumps_at(40), never = function() return 1 end } })
  local calm, wild = planted:summary()[1], planted:summary()[2]
  t.assertEquals({ calm.early.alone, calm.late.alone, calm.never.alone, calm.early.moved }, { 2, 2, 0, 0 })
  t.assertEquals({ wild.early.before, wild.late.late, wild.never.none, wild.early.moved }, { 2, 2, 2, 2 })
  t.assertEquals(wild.early.lead, (moves[5] + moves[6]) / 2 - 2)
  t.assertNil(wild.late.lead)
end

claims["4b: warnings against a policy are above 1.5 times its other runs; those of some runs, and by the other rule of movement, can be asked for"] = function()
  local list = study:rows()
  for _, factor in ipairs { 0.5, 1.01 } do
    local w = study:warnings("logits", { against = "fp32", factor = factor })
    t.assertEquals(#w.runs, 8)
    for i, one in ipairs(w.runs) do
      local want = math.huge
      for at = 20, 1, -1 do
        local most = 0
        for _, other in ipairs(list) do
          if other.policy == "fp32" and other.rate == one.rate and not (one.policy == "fp32" and one.seed == other.seed) then most = math.max(most, other.logits[at] or 0) end
        end
        if list[i].logits[at] > factor * most then want = list[i].probe_steps[at] end
      end
      t.assertEquals({ one.policy, one.rate, one.seed }, { list[i].policy, list[i].rate, list[i].seed })
      t.assertEquals(one.warns, want)
    end
    t.assertEquals(w.moved, w.before + w.late + w.none)
  end
  t.assertEquals(study:warnings("logits", { against = "fp32", factor = 1e9 }).alone, 0)
  local same = study:warnings("logits", { where = function(row) return row.policy == "e8m2:rz+sat" and row.rate == 3 end })
  local line = study:summary()[4]
  t.assertEquals({ same.before, same.late, same.none, same.lead }, { line.logits.before, line.logits.late, line.logits.none, line.logits.lead })
  t.assertEquals(#same.runs, 2)
  for i, one in ipairs(study:warnings("logits", { moves = "residual" }).runs) do
    t.assertEquals(one.moves, hu.stats.spikes(list[i].losses).residual.steps[1] or math.huge)
  end
  t.assertErrorMsgContains("no metric logit", study.warnings, study, "logit")
  t.assertErrorMsgContains("against is fp31", study.warnings, study, "logits", { against = "fp31" })
  t.assertErrorMsgContains("did you mean against?", study.warnings, study, "logits", { againts = "fp32" })
  t.assertErrorMsgContains("moves is up", study.warnings, study, "logits", { moves = "up" })
end

claims["4c: a difference is taken seed by seed"] = function()
  local loss = {}
  for _, row in ipairs(study:rows()) do loss[row.policy .. row.rate .. row.seed] = row.loss end
  local function gap(rate, seed) return loss["e8m2:rz+sat" .. rate .. seed] - loss["fp32" .. rate .. seed] end
  for _, rate in ipairs { 1e-2, 3 } do
    local mean, ci95, n = study:difference("e8m2:rz+sat", "fp32", rate)
    t.assertAlmostEquals(mean, (gap(rate, 5) + gap(rate, 6)) / 2, 1e-12)
    t.assertAlmostEquals(ci95, hu.stats.ci95 { gap(rate, 5), gap(rate, 6) }, 1e-12)
    t.assertEquals(n, 2)
  end
  t.assertEquals(study:difference("e8m2:rz+sat", "fp32"), (study:difference("e8m2:rz+sat", "fp32", 1e-2)))
  t.assertErrorMsgContains("no seed has loss both under fp33", study.difference, study, "fp33", "fp32")
  local later = hu.study(options { name = "later", policies = { "fp32" }, rates = { 1e-2 }, seeds = { 6, 7 }, metrics = {} })
  local mean, ci95, n = study:difference("e8m2:rz+sat", "fp32", 1e-2, "loss", later)
  t.assertAlmostEquals(mean, gap(1e-2, 6), 1e-12)
  t.assertEquals({ ci95 or "none", n }, { "none", 1 })
end

claims["4d: a run's processor time and further results are kept where they are asked for, and two metrics share one look"] = function()
  local sharpness, looks = require "halfulp.sharpness", 0
  local whole = sharpness.model
  sharpness.model = function(...)
    looks = looks + 1
    return whole(...)
  end
  local function watch(_, _, how)
    how.kept.mine = (how.kept.mine or 0) + 1
    return how.kept.mine
  end
  local more = hu.study(options { name = "more", policies = { "e8m2:rz+sat" }, rates = { 1e-2 }, seeds = 1, jobs = 0, clock = true,
    train = { counters = true }, results = function(run, point) return { counted = #run.trainer:counters(), seen = point.seed } end,
    metrics = { "logits", "logits_full", watch_1 = watch, watch_2 = watch } })
  sharpness.model = whole
  local row = more:rows()[1]
  t.assertTrue(row.counted > 0 and row.seen == 1 and row.cpu_s > 0 and row.cpu_s < 60)
  t.assertEquals(looks, 20)
  for i = 1, 20 do t.assertEquals({ row.watch_1[i], row.watch_2[i] }, { 1, 2 }) end
  t.assertNil(study:rows()[1].cpu_s)
  local done, message = pcall(hu.study, options { name = "hidden", policies = { "fp32" }, rates = { 1e-2 }, seeds = 1, results = function() return { loss = 1 } end })
  t.assertFalse(done)
  t.assertStrContains(message, "the result loss of the function results is one of the study's own")
end

claims["5: a run that leaves the finite numbers is kept, infinitely bad, and moves there"] = function()
  local wild = hu.study(options { name = "infinite", policies = { ["no infinity"] = { format = "e4m3fn", overflow = "ieee" } }, rates = { 1e4 }, seeds = 1, metrics = {} })
  local row = wild:rows()[1]
  t.assertEquals(row.loss, math.huge)
  t.assertEquals(row.diverged_average, 1)
  t.assertTrue(row.moves <= #row.losses)
  t.assertEquals(wild:summary()[1].diverged_level, 1)
end

claims["5b: each of our metrics is what its own function gives of the same weights, and NaN where a search finds nothing finite"] = function()
  local data, names, all = hu.nn.markov { alphabet = 4, train = 2000, heldout = 400 }, { "top", "trace" }, {}
  local function curvature(name, which)
    return function(model, _, how)
      return hu.curvature(model, data, { rows = how.rows, split = how.split, policy = how.policy, repeats = 0 })[which][name]
    end
  end
  local function sharpness(name, which)
    return function(model, _, how)
      return hu.sharpness.model(model, data, { measure = name, rows = how.rows, split = how.split, policy = how.policy })[which].phi
    end
  end
  for _, name in ipairs { "logits", "keskar", "sam", "asam", "worst", "average" } do names[#names + 1] = name end
  for i, name in ipairs(names) do
    local own = i <= 2 and curvature or sharpness
    all[2 * i - 1], all[2 * i] = name, name .. "_full"
    all["own_" .. name], all["own_" .. name .. "_full"] = own(name, "emulated"), own(name, "full")
  end
  local function row_of(rate, metrics, name)
    return hu.study({ name = name, model = { layers = 1, heads = 2, width = 8, context = 8 }, data = data, policies = { "e8m2:rz+sat" }, rates = { rate }, seeds = 1,
      steps = 2, batch = 2, probes = 1, rows = 2, quiet = true, metrics = metrics, train = { clip = 0, warmup = 0 } }):rows()[1]
  end
  local row = row_of(1e-2, all, "metrics")
  for _, name in ipairs(names) do
    t.assertEquals({ row[name][1], row[name .. "_full"][1] }, { row["own_" .. name][1], row["own_" .. name .. "_full"][1] }, name)
    t.assertNotEquals(row[name][1], row[name .. "_full"][1], name)
  end
  row = row_of(1e30, names, "no metrics")
  t.assertTrue(row.top[1] ~= row.top[1], "the top eigenvalue of weights beyond reason is " .. tostring(row.top[1]))
end

claims["6: a warning is the first value out of line"] = function()
  local calm = { 1, 1.1, 0.9, 1, 1.05, 1, 1.02 }
  t.assertNil(hu.stats.warning(calm))
  for at = 6, 7 do
    local series = table.move(calm, 1, 7, 1, {})
    series[at] = 2
    t.assertEquals(hu.stats.warning(series), at)
    series[at] = 0 / 0
    t.assertEquals(hu.stats.warning(series), at)
    series[at] = 0.1                                   -- falls are none
    t.assertNil(hu.stats.warning(series))
  end
  t.assertEquals(hu.stats.warning { 1, 9 }, nil)       -- too few before
  t.assertEquals(hu.stats.warning({ 1, 9 }, { least = 1 }), 2)
  -- factor 4 and the floor 0.05: exp(0.2) is the limit where nothing varies
  t.assertNil(hu.stats.warning { 1, 1, 1, 1, 1, math.exp(0.199) })
  t.assertEquals(hu.stats.warning { 1, 1, 1, 1, 1, math.exp(0.201) }, 6)
  t.assertErrorMsgContains("unknown option facto", hu.stats.warning, {}, { facto = 1 })
  t.assertErrorMsgContains("factor is -1", hu.stats.warning, {}, { factor = -1 })
end

claims["7: figures of a study are drawn"] = function()
  t.skipIf(not os.execute "command -v gnuplot >/dev/null", "no gnuplot: install gnuplot-nox")
  local names = {}
  for _, path in ipairs(study:plot()) do names[#names + 1] = path:match "([^/]*)$" end
  t.assertEquals(table.concat(names, " "), "runs-loss.svg runs-logits.svg runs-diverged.svg runs-rates.svg")
end

claims["8: wrong options are one line that names them"] = function()
  for _, case in ipairs {
    { { stesp = 3 }, "unknown option stesp" }, { { policies = {} }, "policies are missing" }, { { policies = { { format = "e4m3" } } }, "takes a name" },
    { { policies = { "fp32", "e4m3fm" } }, "no format 'e4m3fm'" }, { { policies = { "fp32", "fp32" } }, 'two policies are called "fp32"' }, { { rates = { -1 } }, "rates[1] is -1" }, { { rates = {} }, "rates is" },
    { { rates = { "x" } }, "rates[1] is x" }, { { seeds = { 1.5 } }, "seeds[1] is 1.5" }, { { steps = 0 }, "steps is 0" }, { { metrics = { "logit" } }, "metric logit is none of ours" },
    { { model = 3 }, "model is 3" }, { { moves = "up" }, "moves is up" }, { { stesp = 3 }, "did you mean steps?" }, { { results = 3 }, "results is a number" },
    { { clock = 5 }, "clock is 5; it takes true or false" }, { { reference = 0 / 0 }, "reference is nan; it takes a finite number" },
    { { rows = 1e9 }, "rows is 1000000000.0; it takes a whole number from 1 to 65536" }, { { probes = 41 }, "probes is 41; it takes at most as many as there are steps, 40" },
    { { rates = { {} } }, "rates[1] is a table;" }, { { metrics = 5 }, "metrics is 5" }, { { train = 5 }, "train is 5" }, { { seeds = 1e9 }, "from 1 to 65536" },
    { { warning = { factro = 1 } }, "did you mean factor?" }, { { model = { layers = 1, seed = 3 } }, "model.seed is what the study sets, by its option seeds" },
  } do
    local done, message = pcall(hu.study, options(case[1]))
    t.assertFalse(done, case[2])
    t.assertStrContains(message, case[2])
    t.assertNil(message:find "\n")
  end
  local done, message = pcall(function() hu.study(options { clock = 5 }) end)
  t.assertStrContains(message, "lua/study.lua:")              -- this file and line, not one of ours
  t.assertNotStrContains(message, "halfulp/")
  t.assertFalse(done)
  t.assertErrorMsgContains("options are missing", hu.study)
  t.assertErrorMsgContains("data are missing", hu.study, { model = config })
end

claims["9: what a study varies cannot be set again for the training, so that no row stands under a wrong label"] = function()
  for key, by in pairs { model = "model", data = "data", policy = "policies", lr = "rates", seed = "seeds", steps = "steps", batch = "batch", every = "probes", callback = "metrics" } do
    local done, message = pcall(hu.study, options { train = { [key] = key == "policy" and "e4m3" or 1 } })
    t.assertFalse(done, key)
    t.assertStrContains(message, ("train.%s is what the study sets, by its option %s"):format(key, by))
  end
end

claims["10: a metric has a name of its own, and is a number"] = function()
  local function one() return 1 end
  local own = { "policy", "rate", "seed", "heldout", "cpu_s", "runs", "ci95" }
  for name, value in pairs(study:rows()[1]) do
    if not name:find "^logits" then own[#own + 1] = name end
    t.assertNotNil(value)
  end
  for name in pairs(study:summary()[1]) do
    if name ~= "logits" then own[#own + 1] = name end
  end
  for _, name in ipairs(own) do
    t.assertErrorMsgContains(("a metric is called %s, which is one of the study's own"):format(name), hu.study, options { metrics = { [name] = one } })
  end
  t.assertErrorMsgContains("two metrics are called logits", hu.study, options { metrics = { "logits", "logits" } })
  t.assertErrorMsgContains("two metrics are called logits", hu.study, options { metrics = { "logits", logits = one } })
  t.assertErrorMsgContains("a metric is called logits_warns", hu.study, options { metrics = { "logits", logits_warns = one } })
  t.assertErrorMsgContains("the metric none returned nothing; it takes a number", hu.study,
    options { name = "none", policies = { "fp32" }, rates = { 1e-2 }, seeds = 1, steps = 1, probes = 1, metrics = { none = function() end } })
end

claims["11: a difference and figures of wrong names tell the right ones"] = function()
  t.assertErrorMsgContains("b is missing; it takes the name of a policy: fp32, e8m2:rz+sat", study.difference, study, "fp32")
  t.assertErrorMsgContains("did you mean loss?", study.difference, study, "fp32", "e8m2:rz+sat", 1e-2, "los")
  t.assertErrorMsgContains("rate is x; it takes a number", study.difference, study, "fp32", "e8m2:rz+sat", "x")
  t.assertErrorMsgContains("other is a table; it takes a study", study.difference, study, "fp32", "e8m2:rz+sat", 1e-2, "loss", {})
  t.assertErrorMsgContains("did you mean file?", study.plot, study, { fil = "x" })
end

claims:run()
