-- study.lua - a stability study: policies x learning rates x seeds, each a training run with its sharpness along the way.

local core = require("halfulp.core").nn
local stats = require("halfulp.analysis").stats
local rows = require "halfulp.rows"
local check_options = require "halfulp.options"
local keys = require "halfulp.keys"
local run = require "halfulp.run"
local values = require "halfulp.values"
local metrics = require "halfulp.study-metrics"

---@class hu.study  training runs of every policy at every rate from every seed
---@field sweep hu.sweep    the runs as points: policy, rate, seed
---@field metrics string[]  names of the metrics that were looked at along the way
local Study = {}
Study.__index = Study
Study.__name = "study"

local known = { "model", "data", "policies", "rates", "seeds", "steps", "batch", "probes", "rows", "metrics", "split", "reference", "moves", "train", "warning",
  "heldout", "clock", "results", "name", "uses", "files", "jobs", "quiet" }

local function fail(level, text, ...)
  error("study: " .. text:format(...), level + 1)
end

local show = values.show

-- What names a run's parameters and results, or stands in a line of the summary: no metric may be called so.
local taken = {}
for name in ([[policy rate seed loss first_loss losses probe_steps diverged_average diverged_level spikes_residual spikes_rise moves heldout cpu_s
  runs ci95 average_low average_high level_low level_high at]]):gmatch "%S+" do taken[name] = true end

-- Options of hu.nn.train that the study sets for each run, and by which of its own.
local set_by = { model = "model", data = "data", policy = "policies", lr = "rates", seed = "seeds", steps = "steps", batch = "batch", every = "probes",
  callback = "metrics" }

local rules = { steps = values.whole(1, 1 << 40), batch = values.whole(1, 65536), probes = values.whole(1, 1 << 40), rows = values.whole(1, 65536),
  heldout = values.whole(1, 1 << 40), clock = values.flag, quiet = values.flag, reference = values.finite, split = values.one_of("heldout", "train") }

-- ---- what is looked at along the way: name -> function(model, data, how) that returns a number ----

-- The wanted metrics as {name, function}: names of ours, and name = function of the user's.
local function metrics_of(wanted, level)
  local list, is_there = {}, {}
  if wanted == nil then wanted = { "logits", "logits_full" } end
  if type(wanted) ~= "table" then fail(level, "metrics is %s; it takes a list of names and name = function(model, data, how)", show(wanted)) end
  for key, value in pairs(wanted) do
    local name, fn = key, value
    if math.type(key) == "integer" then name, fn = value, metrics[value] end
    if type(fn) ~= "function" or type(name) ~= "string" then
      fail(level, "metric %s is none of ours and no function; ours: %s; or name = function(model, data, how)", show(name), table.concat(keys(metrics), ", "))
    end
    if taken[name] then fail(level, "a metric is called %s, which is one of the study's own results; give it another name", name) end
    if is_there[name] then fail(level, "two metrics are called %s", name) end
    list[#list + 1], is_there[name] = { name = name, measure = fn }, true
  end
  for _, m in ipairs(list) do
    if is_there[m.name .. "_warns"] then fail(level, "a metric is called %s_warns, which says when %s warns; give it another name", m.name, m.name) end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- The metrics of one look, appended to their series.
local function look(plan, series, model, how)
  for _, m in ipairs(plan.metrics) do
    local value = m.measure(model, plan.data, how)
    if type(value) ~= "number" then error(("study: the metric %s returned %s; it takes a number"):format(m.name, value == nil and "nothing" or show(value)), 0) end
    table.insert(series[m.name], value)
  end
end

-- ---- options ----

-- Policies by name: "e8m3:rz+sat" is its own name, a table has `name`, and name = policy.
local function policies_of(list, level)
  local by_name, names = {}, {}
  if type(list) == "string" then list = { list } end
  if type(list) ~= "table" or next(list) == nil then fail(level, "policies are missing; it takes a list such as {\"fp32\", \"e8m3:rz+sat\"}") end
  local function add(name, policy)
    if type(name) ~= "string" then fail(level + 1, "a policy that is a table takes a name: {name = \"...\", format = ...} or [\"...\"] = {...}") end
    if by_name[name] ~= nil then fail(level + 1, "two policies are called %q", name) end
    local ok, message = pcall(core.policy, policy)
    if not ok then fail(level + 1, "%s", (tostring(message):gsub("^[^:]*%.lua:%d+: ", ""))) end
    by_name[name], names[#names + 1] = policy, name
  end
  for i, policy in ipairs(list) do
    local bare = policy
    if type(policy) == "table" then
      bare = {}
      for key, value in pairs(policy) do bare[key] = key ~= "name" and value or nil end
    end
    add(type(policy) == "string" and policy or type(policy) == "table" and policy.name, bare)
    if names[i] == nil then break end
  end
  for _, key in ipairs(keys(list)) do
    if math.type(key) ~= "integer" then add(key, list[key]) end
  end
  return by_name, names
end

local function list_of(value, key, default, level)
  if value == nil then value = default end
  if key == "seeds" and type(value) == "number" then
    local n = math.tointeger(value)
    if not n or n < 1 or n > 65536 then fail(level, "seeds is %s; it takes how many, from 1 to 65536, or a list of seeds", show(value)) end
    local list = {}
    for i = 1, n do list[i] = i end
    return list
  end
  if type(value) == "number" then value = { value } end
  if type(value) ~= "table" or #value == 0 then fail(level, "%s is %s; it takes a list of numbers", key, type(value) == "table" and "empty" or show(value)) end
  for i, x in ipairs(value) do
    if type(x) ~= "number" or key == "rates" and not (x > 0 and x < math.huge) or key == "seeds" and math.type(x) ~= "integer" then
      fail(level, "%s[%d] is %s; it takes %s", key, i, show(x), key == "rates" and "a positive number" or "a whole number")
    end
  end
  return value
end

local function model_maker(model, level)
  if type(model) == "function" then return model end
  if type(model) ~= "table" then fail(level, "model is %s; it takes the options of hu.nn.lm, or function(seed) that returns a model", show(model)) end
  if model.seed ~= nil then fail(level, "model.seed is what the study sets, by its option seeds; function(seed) that returns a model may do otherwise") end
  return function(seed)
    local options = { seed = seed }
    for key, value in pairs(model) do options[key] = value end
    return require("halfulp.nn").lm(options)
  end
end

local function check_moves(moves, level)
  if moves ~= nil and moves ~= "rise" and moves ~= "residual" then fail(level + 1, "moves is %s; it takes \"rise\" or \"residual\"", show(moves)) end
end

-- Further options of hu.nn.train: none that the study sets itself.
local function check_train(train, level)
  if train ~= nil and type(train) ~= "table" then fail(level + 1, "train is %s; it takes a table of further options of hu.nn.train", show(train)) end
  for _, key in ipairs(keys(train or {})) do
    if set_by[key] then fail(level + 1, "train.%s is what the study sets, by its option %s", key, set_by[key]) end
  end
end

local function plan_of(options, level)
  level = level + 1
  if type(options) ~= "table" then fail(level, "options are missing; it takes a table: model, data, policies, rates, seeds, steps") end
  check_options("study", options, known, level)
  if options.data == nil then fail(level, "data are missing; it takes a text, as hu.nn.text() makes it") end
  if options.results ~= nil and type(options.results) ~= "function" then
    fail(level, "results is a %s; it takes function(run, point) that returns a table of named results", type(options.results))
  end
  check_moves(options.moves, level)
  check_train(options.train, level)
  values.check("study", options, rules, level)
  if options.warning ~= nil then run.call(level, stats.warning, {}, options.warning) end
  local plan = { data = options.data, steps = options.steps or 300, batch = options.batch or 8, probes = options.probes or 20, rows = options.rows or 32,
    split = options.split or "heldout", reference = options.reference, moves = options.moves or "rise", train = options.train or {},
    heldout = options.heldout, clock = options.clock, results = options.results, warning = options.warning, make = model_maker(options.model, level + 1), metrics = metrics_of(options.metrics, level + 1) }
  plan.policies, plan.names = policies_of(options.policies, level + 1)
  plan.rates, plan.seeds = list_of(options.rates, "rates", 1e-3, level + 1), list_of(options.seeds, "seeds", 3, level + 1)
  for _, key in ipairs { "steps", "batch", "probes", "rows" } do plan[key] = math.tointeger(plan[key]) end
  if options.probes and plan.probes > plan.steps then fail(level, "probes is %d; it takes at most as many as there are steps, %d", plan.probes, plan.steps) end
  return plan
end

-- ---- one run ----

-- The step at which the loss moves: its first spike by the rule, or the first loss that is not finite; nil where there is neither.
local function movement(diverged, spikes, rule)
  local first = spikes[rule].steps[1]
  if diverged.nonfinite and (not first or diverged.first_nonfinite < first) then first = diverged.first_nonfinite end
  return first
end

local function train(plan, point)
  local start, model, policy = os.clock(), plan.make(point.seed), plan.policies[point.policy]
  local steps, series = {}, {}
  for _, m in ipairs(plan.metrics) do series[m.name] = {} end
  local options = { model = model, data = plan.data, steps = plan.steps, batch = plan.batch, lr = point.rate, seed = point.seed, policy = policy,
    every = math.max(1, plan.steps // plan.probes),
    callback = function(info)
      steps[#steps + 1] = info.step
      look(plan, series, model, { rows = plan.rows, split = plan.split, policy = policy, step = info.step, kept = {} })
    end }
  for key, value in pairs(plan.train) do options[key] = value end
  local trained = run.call(0, require("halfulp.nn").train, options)
  local losses = trained.loss
  local diverged, spikes = stats.diverged(losses, { reference = plan.reference }), stats.spikes(losses)
  local moves = movement(diverged, spikes, plan.moves)
  local result = {
    loss = stats.or_infinite(stats.last_mean(losses)), first_loss = losses[1], losses = losses, probe_steps = steps,
    diverged_average = diverged.by_average, diverged_level = diverged.by_level, spikes_residual = spikes.residual.count,
    spikes_rise = spikes.rise.count, moves = moves or math.huge,
  }
  for _, m in ipairs(plan.metrics) do
    local at = stats.warning(series[m.name], plan.warning)
    result[m.name] = series[m.name]
    result[m.name .. "_warns"] = at and steps[at] or math.huge
  end
  if plan.heldout then result.heldout = stats.or_infinite(model:loss(plan.data, { policy = policy, pieces = plan.heldout })) end
  local more = plan.results and plan.results(trained, point) or {}
  if type(more) ~= "table" then error(("study: the function results returned a %s; it takes a table of named results"):format(type(more)), 0) end
  for key, value in pairs(more) do
    if result[key] ~= nil or plan.clock and key == "cpu_s" then error(("study: the result %s of the function results is one of the study's own"):format(key), 0) end
    result[key] = value
  end
  if plan.clock then result.cpu_s = os.clock() - start end
  return result
end

---A stability study in one call: every policy at every learning rate from every seed, as a sweep that `--jobs` shares out and that
---continues where it stopped.
---
---Each run has its final loss (mean of the last tenth of the steps), whether it diverged and how often its loss spiked (two rules each,
---`hu.stats.diverged` and `hu.stats.spikes`), and metrics along the way: "logits", "keskar", "sam", "asam", "worst", "average" (sharpness, `phi` of
---`hu.sharpness.model`), "top" and "trace" (of the Hessian), all as emulated; with "_full" at the end, of the same weights in full precision; and functions of yours. A metric warns at its first value out of line with those before
---(`hu.stats.warning`); the loss moves at its first spike or first loss that is not finite. The same seed means the same initial weights and batches under every
---policy and rate.
---
---```lua
---local study = hu.study {
---  model = {layers = 1, heads = 2, width = 16, context = 8}, data = hu.nn.markov {alphabet = 2, train = 2000, heldout = 200},
---  policies = {"fp32", "e8m3:rz+sat"}, rates = {1e-3}, seeds = 2, steps = 6, batch = 2, probes = 3, rows = 4, quiet = true,
---}
---local line = study:summary()[1]
---print(line.policy, line.runs, line.diverged_average)    --> fp32	2	0
---```
---@param options table `model` = options of `hu.nn.lm`, or function(seed) that returns a model; `data`; `policies` = list of policies of `hu.nn.train` ({name = "...", ...} or [name] = {...} where they are tables); `rates` ({1e-3}); `seeds` = list or how many (3); `steps` (300); `batch` (8); `probes` = how often the metrics are taken in a run (20); `rows` of the held-out part for them (32); `split` ("heldout"); `metrics` = list of names and name = function(model, data, {rows=, split=, policy=, step=, kept = a table that the metrics of one look share}) ({"logits", "logits_full"}); `reference` = loss of a model that has learned nothing (the first loss); `moves` = the spikes that count as a movement ("rise" or "residual"); `warning` = options of `hu.stats.warning`; `heldout` = pieces for a final loss on the held-out part (none); `clock` = whether a run's processor seconds are among its results, `cpu_s` (false); `results` = function(run, point) that returns further results of a run of `hu.nn.train`, by name; `train` = further options of `hu.nn.train`, none of those that the study sets (model, data, policy, lr, seed, steps, batch, every, callback); `name` ("study"), `uses`, `files`, `jobs`, `quiet` of the sweep
---@return hu.study
local function study(options)
  local plan = plan_of(options, 2)
  local points = {}
  for _, seed in ipairs(plan.seeds) do
    for _, rate in ipairs(plan.rates) do
      for _, name in ipairs(plan.names) do points[#points + 1] = { policy = name, rate = rate, seed = seed } end
    end
  end
  local self = setmetatable({ plan = plan, metrics = {} }, Study)
  for i, m in ipairs(plan.metrics) do self.metrics[i] = m.name end
  self.sweep = require("halfulp.sweep").new(points)
  run.call(2, self.sweep.run, self.sweep, function(point) return train(plan, point) end,
    { name = options.name or "study", uses = options.uses, files = options.files, jobs = options.jobs, quiet = options.quiet })
  return self
end

---The runs: policy, rate, seed, loss, diverged_average, diverged_level, spikes_residual, spikes_rise, moves (step; infinite: never), a series for each metric with its
---steps in `probe_steps`, METRIC_warns (step; infinite: never), `cpu_s` and what `results` gave, where they were asked for.
---@return table[]
function Study:rows()
  return self.sweep:rows()
end

local function total(some, key)
  local n = 0
  for _, row in ipairs(some) do n = n + row[key] end
  return math.tointeger(n) or n
end

local function median(list)
  table.sort(list)
  local n = #list
  return n > 0 and (list[(n + 1) // 2] + list[n // 2 + 1]) / 2 or nil
end

-- How warnings stand to movements, of runs {warns =, moves =}: before the loss moved, too late or never, and where the loss did not move at all.
local function tally(runs)
  local w, leads = { before = 0, late = 0, none = 0, alone = 0, moved = 0, runs = runs }, {}
  for _, one in ipairs(runs) do
    if one.moves < math.huge then
      w.moved = w.moved + 1
      local how = one.warns < one.moves and "before" or one.warns < math.huge and "late" or "none"
      w[how] = w[how] + 1
      if how == "before" then leads[#leads + 1] = one.moves - one.warns end
    elseif one.warns < math.huge then
      w.alone = w.alone + 1
    end
  end
  w.lead = median(leads)
  return w
end

-- The first probe at which a metric is not finite, or above `factor` times the largest value that another run of that policy has at the same rate and probe.
local function warns_against(row, others, metric, factor)
  local series = row[metric]
  for i = 1, #series do
    local most = -math.huge
    for _, other in ipairs(others) do
      local value = (other.seed ~= row.seed or other.policy ~= row.policy) and other[metric][i]
      if value and value > most then most = value end
    end
    if not (series[i] < math.huge) or most > -math.huge and series[i] > factor * most then return row.probe_steps[i] end
  end
  return math.huge
end

---How a metric warned: in the runs whose loss moved, before that, not before, or not at all; and in how many whose loss did not move.
---
---A warning is the first value out of line with those before it (`hu.stats.warning`), or with `against`, out of line with the runs of another policy.
---@param metric string
---@param options? table  `where` = function(row) that says which runs (all); `against` = a policy: a warning is the first value above `factor` (1.5) times the largest of its runs (other than the run itself) at the same rate and step; `moves` = "rise" or "residual" (that of the study)
---@return table {moved=, before=, late=, none=, alone=, lead = median of the steps between warning and movement, where there are some, runs = list of {policy=, rate=, seed=, warns=, moves=}}
function Study:warnings(metric, options)
  check_options("study:warnings", options, { "where", "against", "factor", "moves" })
  local is_ours, o, list, runs = false, options or {}, self:rows(), {}
  check_moves(o.moves, 2)
  for _, name in ipairs(self.metrics) do is_ours = is_ours or name == metric end
  if not is_ours then fail(2, "no metric %s was looked at; there are: %s", show(metric), table.concat(self.metrics, ", ")) end
  if o.against ~= nil and not self.plan.policies[o.against] then
    fail(2, "against is %s, which is no policy of the study; there are: %s", show(o.against), table.concat(self.plan.names, ", "))
  end
  if o.where ~= nil and type(o.where) ~= "function" then fail(2, "where is a %s; it takes function(row)", type(o.where)) end
  if o.factor ~= nil and not (type(o.factor) == "number" and o.factor > 0) then fail(2, "factor is %s; it takes a number above 0", show(o.factor)) end
  for _, row in ipairs(list) do
    if not o.where or o.where(row) then
      local one = { policy = row.policy, rate = row.rate, seed = row.seed, warns = row[metric .. "_warns"], moves = row.moves }
      if o.against then one.warns = warns_against(row, rows.select(list, { policy = o.against, rate = row.rate }), metric, o.factor or 1.5) end
      if o.moves then one.moves = movement(stats.diverged(row.losses), stats.spikes(row.losses), o.moves) or math.huge end
      runs[#runs + 1] = one
    end
  end
  return tally(runs)
end

---How much larger a result is under one policy than under another at the same seed: mean over the seeds and half its 95 % interval. Two losses that are both
---infinite differ by 0.
---@param a string      name of a policy
---@param b string      that which is taken off
---@param rate number?  the first of the study
---@param result string? name of a single result ("loss")
---@param other? hu.study  where the runs of `b` are, with the same seeds; this one
---@return number mean, number? ci95, integer n
function Study:difference(a, b, rate, result, other)
  local base, list = {}, {}
  rate, result = rate or self.plan.rates[1], result or "loss"
  for name, policy in pairs { a = a or false, b = b or false } do
    if type(policy) ~= "string" then fail(2, "%s is %s; it takes the name of a policy: %s", name, show(policy or nil), table.concat(self.plan.names, ", ")) end
  end
  if type(rate) ~= "number" then fail(2, "rate is %s; it takes a number", show(rate)) end
  if other ~= nil and getmetatable(other) ~= Study then fail(2, "other is %s; it takes a study", show(other)) end
  rows.need(self:rows(), result, "study:difference", 2)
  for _, row in ipairs(rows.select((other or self):rows(), { policy = b, rate = rate })) do base[row.seed] = row[result] end
  for _, row in ipairs(rows.select(self:rows(), { policy = a, rate = rate })) do
    local x, y = row[result], base[row.seed]
    if (x and type(x) ~= "number") or (y and type(y) ~= "number") then fail(2, "%s is no single number", show(result)) end
    if x and y then list[#list + 1] = x == y and 0 or x - y end
  end
  if #list == 0 then fail(2, "no seed has %s both under %s and under %s at the rate %g", result, a, b, rate) end
  return stats.mean(list), #list > 1 and stats.ci95(list) or nil, #list
end

local function of_cell(self, list, policy, rate)
  local some = rows.select(list, { policy = policy, rate = rate })
  if #some == 0 then return nil end
  local losses = rows.column(some, "loss")
  local line = { policy = policy, rate = rate, runs = #some, loss = stats.mean(losses), ci95 = #some > 1 and stats.ci95(losses) or nil,
    diverged_average = total(some, "diverged_average"), diverged_level = total(some, "diverged_level"),
    spikes_residual = total(some, "spikes_residual"), spikes_rise = total(some, "spikes_rise") }
  for _, rule in ipairs { "average", "level" } do
    line[rule .. "_low"], line[rule .. "_high"] = stats.wilson(line["diverged_" .. rule], #some)
  end
  for _, name in ipairs(self.metrics) do
    local runs = {}
    for i, row in ipairs(some) do runs[i] = { warns = row[name .. "_warns"], moves = row.moves } end
    line[name] = tally(runs)
  end
  return line
end

---A line for each policy and rate: policy, rate, runs, loss (mean) and ci95, diverged_average and diverged_level (counts) with Wilson's intervals
---average_low, average_high, level_low, level_high, spikes_residual and spikes_rise (counts of all runs), and for each metric {before, late, none = of the runs whose loss
---moved, those with a warning before, not before and without one; alone = warnings in runs whose loss did not move; moved; lead = median of the steps between
---warning and movement}.
---@return table[]
function Study:summary()
  local list, out = self:rows(), {}
  for _, rate in ipairs(self.plan.rates) do
    for _, policy in ipairs(self.plan.names) do out[#out + 1] = of_cell(self, list, policy, rate) end
  end
  return out
end

---Learning-rate sensitivity of each policy: the mean over the rates of min(loss, first loss) less the smallest mean loss over the rates, with losses averaged over the
---seeds; 0 where every rate ends equally well. Source: M. Wortsman et al., arXiv:2309.14322, section 2.2.
---@return table[] lines  {policy=, sensitivity=, best_rate=, best_loss=}
function Study:sensitivity()
  local list, out = self:rows(), {}
  for _, policy in ipairs(self.plan.names) do
    local best, best_rate, capped = math.huge, nil, {}
    for _, rate in ipairs(self.plan.rates) do
      local some = rows.select(list, { policy = policy, rate = rate })
      if #some > 0 then
        local mean = stats.mean(rows.column(some, "loss"))
        if mean < best then best, best_rate = mean, rate end
        capped[#capped + 1] = math.min(mean, stats.mean(rows.column(some, "first_loss")))
      end
    end
    if #capped > 0 then
      local floor = math.min(best, table.unpack(capped))
      out[#out + 1] = { policy = policy, sensitivity = stats.mean(capped) - floor, best_rate = best_rate, best_loss = best }
    end
  end
  return out
end

local function share_text(k, n, low, high) return ("%d/%d (%.2f-%.2f)"):format(k, n, low, high) end

---The summary and the sensitivities as text.
---@return string
function Study:table()
  local widest = #"policy"
  for _, name in ipairs(self.plan.names) do widest = math.max(widest, #name) end
  local head = ("%-" .. widest .. "s  %8s %4s  %-15s  %-19s %-19s %6s %5s"):format("policy", "rate", "runs", "loss", "diverged by average", "by level", "resid.", "rise")
  for _, name in ipairs(self.metrics) do head = head .. ("  %-22s"):format(name) end
  local lines = { head }
  for _, s in ipairs(self:summary()) do
    local line = ("%-" .. widest .. "s  %8g %4d  %-15s  %-19s %-19s %6d %5d"):format(s.policy, s.rate, s.runs,
      s.ci95 and ("%.3f +- %.3f"):format(s.loss, s.ci95) or ("%.3f"):format(s.loss), share_text(s.diverged_average, s.runs, s.average_low, s.average_high),
      share_text(s.diverged_level, s.runs, s.level_low, s.level_high), s.spikes_residual, s.spikes_rise)
    for _, name in ipairs(self.metrics) do
      local w = s[name]
      line = line .. ("  %-22s"):format(("%d of %d%s, %d alone"):format(w.before, w.moved, w.lead and (" by %g"):format(w.lead) or "", w.alone))
    end
    lines[#lines + 1] = line:gsub("%s+$", "")
  end
  lines[1] = lines[1]:gsub("%s+$", "")
  lines[#lines + 1] = "under each metric: runs in which it warned before the loss moved, of those whose loss moved, by how many steps (median); warnings without a movement"
  if #self.plan.rates > 1 then
    for _, s in ipairs(self:sensitivity()) do
      lines[#lines + 1] = ("%-" .. widest .. "s  learning-rate sensitivity %.3f nats, best %.3f at %g"):format(s.policy, s.sensitivity, s.best_loss, s.best_rate)
    end
  end
  return table.concat(lines, "\n")
end

-- The lead of each warning, a row a run and metric.
local function lead_rows(self, list)
  local out = {}
  for _, row in ipairs(list) do
    for _, name in ipairs(self.metrics) do
      local at = row[name .. "_warns"]
      if row.moves < math.huge and at < math.huge then
        out[#out + 1] = { policy = row.policy, rate = row.rate, seed = row.seed, metric = name, lead = row.moves - at }
      end
    end
  end
  return out
end

---Draws the study: NAME-loss (over the steps), NAME-METRIC (over the steps), NAME-diverged, NAME-rates where there are several rates, and NAME-lead where
---warnings preceded movements.
---@param options? table  `file` = NAME (the sweep's name)
---@return string[] paths of the SVG files
function Study:plot(options)
  if options ~= nil and type(options) ~= "table" then fail(2, "plot: options are %s; it takes a table", show(options)) end
  check_options("study:plot", options, { "file" })
  if options and options.file ~= nil and type(options.file) ~= "string" then fail(2, "plot: file is %s; it takes a name", show(options.file)) end
  local plot, paths, list = require("halfulp.plot").plot, {}, self:rows()
  local base = (options or {}).file or self.sweep.name
  local function draw(o) paths[#paths + 1] = plot(o) end
  for _, row in ipairs(list) do row.at = ("rate %g"):format(row.rate) end
  local across = math.min(3, #self.plan.rates)
  local width = across > 1 and 860 or nil
  draw { kind = "curves", rows = list, y = "losses", series = "policy", panel = "at", across = across, width = width, logy = true, smooth = 0.95, xlabel = "step",
    ylabel = "loss (nats)", legend = "policy", title = "Loss in training", file = base .. "-loss", caption = "Median over the seeds and their range, smoothed with decay 0.95." }
  for _, name in ipairs(self.metrics) do
    draw { kind = "curves", rows = list, x = "probe_steps", y = name, series = "policy", panel = "at", across = across, width = width, logy = true, xlabel = "step",
      ylabel = name, legend = "policy", title = "Along the way: " .. name, file = base .. "-" .. name:gsub("_", "-"), caption = "Median over the seeds and their range." }
  end
  draw { kind = "share", rows = list, x = "policy", y = "diverged_average", panel = "at", across = across, width = width, ylabel = "share of runs",
    title = "Diverged: lost what was learned", file = base .. "-diverged", caption = "Not finite, or the smoothed loss ended above 1.5 times its minimum. Wilson 95 % intervals." }
  if #self.plan.rates > 1 then
    local finite = {}
    for _, row in ipairs(list) do finite[#finite + 1] = row.loss < math.huge and row or nil end
    draw { rows = finite, x = "rate", y = "loss", series = "policy", logx = true, xlabel = "learning rate", ylabel = "final loss (nats)", legend = "policy",
      title = "Learning-rate sensitivity", file = base .. "-rates", caption = "Mean and 95 % interval over the seeds, of the runs that stayed finite." }
  end
  local leads = lead_rows(self, list)
  if #leads > 0 then
    draw { rows = leads, x = "metric", y = "lead", series = "policy", xlabel = "metric", ylabel = "steps before the loss moves", legend = "policy",
      title = "How early metrics warn", file = base .. "-lead", reference = { { y = 0 } }, caption = "Runs whose loss moved and whose metric warned; mean and 95 % interval." }
  end
  return paths
end

return study
