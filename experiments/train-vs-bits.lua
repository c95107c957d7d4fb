-- train-vs-bits.lua - what happens to a language model in training when the bits of its arithmetic are taken away?
--
-- Method: a Llama-style model over bytes learns real text while the operands of its matrix products (those of the linear layers
-- and of attention, forward and backward) are put on the grid of ExMy, without any scaling. Three ways:
--   mask           low bits cleared, values past the range clipped: toward zero, saturating
--   nearest        to nearest even, saturating
--   mask, weights  as mask, and the master weights too are kept in the format after every step
-- Normalization, softmax and the optimizer's moments stay in binary32, and so do the master weights of the first two.
-- Several seeds, a learning rate and ten times it. Along the way the sharpness of the loss in the last token's logits, from
-- the emulated forward pass and from one in full precision at the same weights; at the end Keskar's
-- sharpness in the space of the weights, for the first seed. Both in double.
-- Source: "To FP8 and Back Again" (arXiv 2405.18710). Whether its masks reach attention and the master weights, its epsilon, and what
-- it counts as divergence and as a spike is not known here: hence the third way, Keskar's epsilon 1e-3, and two
-- rules for each (hu.stats.diverged, hu.stats.spikes).
-- What would surprise: a narrower mantissa that trains better than a wider one by more than the seeds' spread.
--
-- Measured at scale=demo (3 seeds, 400 steps, 133440 weights, license texts): with master weights in binary32 the final loss is
-- 2.220, 2.226, 2.244, 2.264 nats a byte for E8M7, E8M5, E8M4, E8M3 by mask, E8M3 above E8M7 by 0.044 +- 0.038; none of them
-- diverges, where the paper's E8M4 and E8M3 do. E7M7 trains exactly as E8M7 does, where the paper's does not train at all:
-- nothing in so small a model leaves the range of 7 exponent bits. Where the weights lose their bits too, the loss rises with
-- every bit that goes: 2.403, 2.738, 2.986, 3.668.
--
-- Columns: format, exponent, mantissa (bits), method, rate (times the base rate), seed; loss (nats a byte, mean of the last
-- tenth of the steps), heldout (bits a byte), diverged_average, diverged_level (0 or 1), spikes_residual, spikes_rise (counts), phi
-- (sharpness in percent at the end, emulated), and the series losses (each step), phi_emulated and phi_full (at probe_steps).
--
--   halfulp run experiments/train-vs-bits.lua [scale=small|demo|full] [text=FILE]
--
-- experiments/bits-vs-loss.lua runs this file as its second part: the table that it returns has run(params, out).

local hu = require "halfulp"

local part = {}

local paper_formats = {"e8m7", "e8m5", "e8m4", "e8m3", "e7m7", "e5m7", "e4m3"}

local scales = {
  small = {formats = {"e8m7", "e8m3"}, seeds = 2, steps = 6, batch = 2, probes = 2, keskar = 1,
           model = {layers = 1, heads = 2, width = 16, context = 16}, exponents = {4, 8}, mantissas = {3, 7}},
  demo  = {formats = paper_formats, seeds = 3, steps = 400, batch = 4, probes = 20, keskar = 10,
           model = {layers = 2, heads = 4, width = 64, context = 64}, exponents = {3, 4, 5, 6, 8}, mantissas = {1, 2, 3, 5, 7}},
  full  = {formats = paper_formats, seeds = 18, steps = 5000, batch = 8, probes = 50, keskar = 10,
           model = {layers = 4, heads = 4, width = 128, context = 128}, exponents = {2, 3, 4, 5, 6, 7, 8},
           mantissas = {0, 1, 2, 3, 4, 5, 6, 7}},
}
part.scales = scales

-- The ways of taking bits away, and the rates at which each is tried.
local methods = {
  {name = "mask",          rounding = "rz",  rates = {1, 10}},
  {name = "nearest",       rounding = "rne", rates = {1, 10}},
  {name = "mask, weights", rounding = "rz",  rates = {1}, master = true},
}
part.methods = methods

local base_rate = 3e-3

local function policy_of(format, method)
  for _, m in ipairs(methods) do
    if m.name == method then
      return {format = format, attention = format, master = m.master and format, rounding = m.rounding, overflow = "saturate"}
    end
  end
end

local function new_model(p, seed)
  local config = {seed = seed}
  for key, value in pairs(p.model) do config[key] = value end
  return hu.nn.lm(config)
end

-- One training run: its series, its verdicts, its sharpness on the way.
local function train(p, data, point)
  local model, policy = new_model(p, point.seed), policy_of(point.format, point.method)
  local probe, probe_steps, phi_emulated, phi_full = {rows = 32, split = "heldout", policy = policy}, {}, {}, {}
  local run = hu.nn.train {
    model = model, data = data.text, steps = p.steps, batch = p.batch, lr = base_rate * (point.rate or 1), seed = point.seed,
    policy = policy, every = math.max(1, p.steps // p.probes),
    callback = point.rate and function(info)
      local s = hu.sharpness.model(model, data.text, probe)
      probe_steps[#probe_steps + 1] = info.step
      phi_full[#phi_full + 1] = s.full.phi
      phi_emulated[#phi_emulated + 1] = (s.emulated or s.full).phi
    end,
  }
  local diverged, spikes = hu.stats.diverged(run.loss, {reference = data.unigram}), hu.stats.spikes(run.loss)
  local result = {
    loss = hu.stats.or_infinite(hu.stats.last_mean(run.loss)),
    heldout = hu.stats.or_infinite(model:loss(data.text, {policy = policy, pieces = 64})),
    diverged_average = diverged.by_average, diverged_level = diverged.by_level,
    spikes_residual = spikes.residual.count, spikes_rise = spikes.rise.count,
    losses = run.loss, probe_steps = probe_steps, phi_emulated = phi_emulated, phi_full = phi_full, phi = hu.stats.or_infinite(phi_emulated[#phi_emulated] or math.huge),
  }
  if point.seed == 1 and point.rate == 1 then
    local s = hu.sharpness.model(model, data.text, {space = "weights", rows = 8, policy = policy, iterations = p.keskar})
    result.keskar_full, result.keskar_emulated = s.full.phi, (s.emulated or s.full).phi
  end
  return result
end

-- Every format by every method at its rates; and binary32 to compare with.
local function main_points(p)
  local points = {}
  for seed = 1, p.seeds do
    for _, rate in ipairs {1, 10} do
      points[#points + 1] = {format = "fp32", method = "none", rate = rate, seed = seed}
    end
    for _, method in ipairs(methods) do
      for _, rate in ipairs(method.rates) do
        for _, format in ipairs(p.formats) do
          points[#points + 1] = {format = format, method = method.name, rate = rate, seed = seed}
        end
      end
    end
  end
  return points
end

-- Exponents against mantissas, all by the third way, one seed.
local function map_points(p)
  local points = {}
  for _, e in ipairs(p.exponents) do
    for _, m in ipairs(p.mantissas) do
      points[#points + 1] = {format = ("e%dm%d"):format(e, m), method = "mask, weights", seed = 1}
    end
  end
  return points
end

-- "e8m7" as 8 and 7; fp32 counts as e8m23.
local function with_bits(rows)
  for _, row in ipairs(rows) do
    local e, m = row.format:match "^e(%d+)m(%d+)$"
    row.exponent, row.mantissa = tonumber(e or 8), tonumber(m or 23)
  end
  return rows
end

part.select = hu.select

local function total(rows, name)
  local sum = 0
  for _, row in ipairs(rows) do sum = sum + row[name] end
  return sum // 1 | 0
end

part.summary_columns = {"format", "method", "rate", "runs", "loss", "ci95", "heldout", "diverged_average", "diverged_level",
                        "wilson95", "spikes_residual", "spikes_rise", "phi"}

-- A line for each method, rate and format.
local function summary(p, rows)
  local list = {}
  local function add(format, method, rate)
    local some = part.select(rows, {format = format, method = method, rate = rate})
    if #some == 0 then return end
    local low, high = hu.stats.wilson(total(some, "diverged_level"), #some)
    list[#list + 1] = {
      format = format, method = method, rate = rate, runs = #some, loss = hu.stats.mean(hu.column(some, "loss")),
      ci95 = #some > 1 and hu.stats.ci95(hu.column(some, "loss")) or nil, heldout = hu.stats.mean(hu.column(some, "heldout")),
      diverged_average = total(some, "diverged_average"), diverged_level = total(some, "diverged_level"),
      wilson95 = ("%.2f to %.2f"):format(low, high), spikes_residual = total(some, "spikes_residual"),
      spikes_rise = total(some, "spikes_rise"), phi = hu.stats.mean(hu.column(some, "phi")),
    }
  end
  for _, rate in ipairs {1, 10} do add("fp32", "none", rate) end
  for _, method in ipairs(methods) do
    for _, rate in ipairs(method.rates) do
      for _, format in ipairs(p.formats) do add(format, method.name, rate) end
    end
  end
  return list
end

---The mean over the seeds of one column for one format, method and rate; nil where there is no such run.
function part.mean(rows, format, method, rate, name)
  local some = part.select(rows, {format = format, method = method, rate = rate})
  return #some > 0 and hu.stats.mean(hu.column(some, name or "loss")) or nil, #some
end

-- Loss above the binary32 run of the same seed and rate, whose batches and initial weights are the same.
local function add_gaps(rows)
  local base = {}
  for _, row in ipairs(rows) do
    if row.method == "none" then base[("%d %d"):format(row.rate, row.seed)] = row.loss end
  end
  for _, row in ipairs(rows) do
    row.gap = row.loss - (base[("%d %d"):format(row.rate, row.seed)] or math.huge)
    row.way = row.rate == 1 and row.method or row.method .. " x10"
  end
end

---How much larger a column is in one format than in another at the same seed: the mean over the seeds and half its 95 % interval.
---@param a table  {format, method}
---@param b table  {format, method}
---@return number? mean, number? ci95, integer n
function part.difference(rows, a, b, rate, name)
  local other, list = {}, {}
  for _, row in ipairs(part.select(rows, {format = b[1], method = b[2], rate = rate})) do other[row.seed] = row[name] end
  for _, row in ipairs(part.select(rows, {format = a[1], method = a[2], rate = rate})) do
    if other[row.seed] then list[#list + 1] = row[name] - other[row.seed] end
  end
  if #list < 2 then return list[1], nil, #list end
  return hu.stats.mean(list), hu.stats.ci95(list), #list
end

-- Loss and sharpness over the steps, a panel a method, with binary32 in each.
local function draw_training(p, rows)
  local panels = {}
  for _, row in ipairs(part.select(rows, {rate = 1})) do
    for _, method in ipairs(row.method == "none" and {"mask", "nearest", "mask, weights"} or {row.method}) do
      panels[#panels + 1] = setmetatable({panel = method}, {__index = row})
    end
  end
  local function curves(y, more)
    local o = {kind = "curves", rows = panels, y = y, series = "format", panel = "panel", across = 3, width = 860, logy = true,
               xlabel = "step", legend = "format"}
    for key, value in pairs(more) do o[key] = value end
    hu.plot(o)
  end
  curves("losses", {ylabel = "loss (nats per byte)", smooth = 0.95, title = "Loss in training", file = "loss-over-steps",
    caption = "The median over the seeds and their range, smoothed with decay 0.95, at the base rate."})
  local every = ("one probe every %d steps"):format(math.max(1, p.steps // p.probes))
  curves("phi_emulated", {x = "probe_steps", ylabel = "sharpness (%)", title = "Sharpness of the emulated model",
    file = "sharpness-over-steps", caption = "Last-token logits, epsilon 1e-3, " .. every .. ", from the emulated forward pass."})
  curves("phi_full", {x = "probe_steps", ylabel = "sharpness (%)", title = "Sharpness of the same weights at full precision",
    file = "sharpness-full-over-steps", caption = "As before, with the forward pass in double."})
end

local function draw_results(rows, map)
  local reduced, mantissas = {}, {}
  for _, row in ipairs(rows) do
    if row.method ~= "none" then
      reduced[#reduced + 1] = row
      if row.exponent == 8 and row.rate == 1 then mantissas[#mantissas + 1] = row end
    end
  end
  hu.plot {rows = mantissas, x = "mantissa", y = "gap", panel = "method", across = 3, width = 860, band = "ci95",
           xlabel = "mantissa bits (exponent: 8)", ylabel = "loss above binary32 (nats)", title = "What the missing bits cost",
           reference = {{y = 0}}, file = "loss-gap",
           caption = "Mean loss of the last tenth of the steps less that of binary32 at the same seed; mean and 95 % interval over the seeds. "
             .. "The panels' scales differ."}
  hu.plot {kind = "heatmap", rows = map, x = "mantissa", y = "exponent", z = "loss", cell = "%.2f", xlabel = "mantissa bits",
           ylabel = "exponent bits", zlabel = "nats per byte", title = "Final loss by exponent and mantissa",
           file = "loss-map", caption = "Operands and master weights masked to ExMy; one seed."}
  hu.plot {kind = "share", rows = reduced, x = "format", y = "diverged_level", panel = "way", across = 3, width = 860,
           ylabel = "share of runs", title = "Diverged: no better than byte frequencies", file = "divergence-level",
           caption = "A loss was not finite, or the last twentieth stayed above that of knowing byte frequencies only. Wilson 95 % intervals; x10: ten times the rate."}
  hu.plot {kind = "share", rows = reduced, x = "format", y = "diverged_average", panel = "way", across = 3, width = 860,
           ylabel = "share of runs", title = "Diverged: lost what was learned", file = "divergence-average",
           caption = "A loss was not finite, or its average (decay 0.99) ended above 1.5 times its minimum. Wilson 95 % intervals; x10: ten times the rate."}
  for _, rule in ipairs {{"residual", "4 standard deviations above the average"}, {"rise", "0.5 nats above the smallest average"}} do
    hu.plot {kind = "heatmap", rows = reduced, x = "way", y = "format", z = "spikes_" .. rule[1], cell = "%.1f", width = 600,
             xlabel = "method (x10: ten times the rate)", ylabel = "format", zlabel = rule[2],
             title = "Loss spikes in a run", file = "spikes-" .. rule[1], caption = "Mean count over the seeds."}
  end
end

local function settings(params)
  local p = {}
  for key, value in pairs(scales[params.scale or "demo"]) do p[key] = value end
  for _, key in ipairs {"seeds", "steps"} do p[key] = (params[key] or 0) > 0 and params[key] or p[key] end
  return p
end

---The text to learn from; an error where it is absent, or too short for the model of the scale.
---@param params table  scale, text
---@return hu.text
function part.load(params)
  local text, p = hu.nn.text(params.text ~= "" and params.text or nil), settings(params)
  local least = p.model.context + 1
  if text.heldout_bytes < least or text.train_bytes < least then
    error(("text: %s has %d bytes to train on and %d held out; scale=%s needs %d of each at least, so a file of %d bytes"):format(
      params.text, text.train_bytes, text.heldout_bytes, params.scale or "demo", least, 10 * least), 0)
  end
  return text
end

---The second part of the main experiment.
---@param params? table  scale = "small", "demo" or "full"; text = file to learn from; seeds, steps = numbers that replace the scale's
---@param out? function  gets each line of what was measured; print
---@return table  {rows=, map=, summary=, text=, unigram=, p=}
function part.run(params, out)
  params, out = params or {}, out or print
  local p, path = settings(params), params.text ~= "" and params.text or nil
  local text = part.load(params)
  local data = {text = text, unigram = hu.nn.frequency_loss(text)}
  out(("%s; knowing byte frequencies only gives %.3f nats a byte"):format(tostring(text), data.unigram))
  if params.scale == "small" then out "scale=small tries the machinery alone: a few steps teach nothing, so every run counts as diverged" end

  local files = {debug.getinfo(1, "S").source:match "^@(.+)$", path}
  local function sweep(name, points)
    local s = hu.sweep(points)
    s:run(function(point) return train(p, data, point) end, {name = name, files = files, uses = {"scale", "steps", "text"}})
    return with_bits(s:rows()), s
  end
  local rows, main = sweep("train-vs-bits", main_points(p))
  local map = sweep("loss-map", map_points(p))

  add_gaps(rows)
  local list = summary(p, rows)
  main:table {file = "train-vs-bits"}
  draw_training(p, rows)
  draw_results(rows, map)
  return {rows = rows, map = map, summary = list, text = text, unigram = data.unigram, p = p}
end

---The lines of a summary as text. Of the two counts under "diverged" the first is by average, the second by level; of those
---under "spikes" the first is by residual, the second by rise; the interval is that of divergence by level.
function part.format(list)
  local lines = {
    ("%-6s %-14s %4s %4s  %13s %8s  %-22s  %-12s %6s"):format("", "", "", "", "loss", "heldout", "diverged by", "spikes by", "phi"),
    ("%-6s %-14s %4s %4s  %13s %8s  %-22s  %-12s %6s"):format("format", "method", "rate", "runs", "nats a byte", "bits",
      "avg level Wilson 95 %", "resid. rise", "%"),
  }
  for _, s in ipairs(list) do
    lines[#lines + 1] = ("%-6s %-14s %4d %4d  %5.3f %s %8.3f  %3d %5d %-12s  %6d %4d  %6.3f"):format(s.format, s.method, s.rate, s.runs,
      s.loss, s.ci95 and ("+- %4.2f"):format(s.ci95) or "       ", s.heldout, s.diverged_average, s.diverged_level, s.wilson95,
      s.spikes_residual, s.spikes_rise, s.phi)
  end
  return table.concat(lines, "\n")
end

-- Run as a script of its own, and not as a part of another.
if (hu.script or (arg and arg[0]) or ""):match "train%-vs%-bits%.lua$" then
  local params = hu.params {
    scale = {default = "demo", choices = {"small", "demo", "full"}, help = "how much: a second, minutes, days"},
    text  = {default = "", help = "file or folder to learn from; the system's license texts"},
    seeds = {default = 0, min = 0, help = "0: those of the scale"},
    steps = {default = 0, min = 0, help = "0: those of the scale"},
  }
  print(part.format(part.run(params).summary))
end

return part
