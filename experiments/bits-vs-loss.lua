-- bits-vs-loss.lua - the main experiment: take bits away from real computations, and look at what that does.
--
-- Part 1, error-vs-bits.lua: eight numerical kernels, error against mantissa bits, a curve an exponent width.
-- Part 2, train-vs-bits.lua: a language model on real text in the formats of "To FP8 and Back Again" (arXiv 2405.18710): loss,
-- divergence, spikes and sharpness. Each part's head says its method, its sources and what would surprise.
-- The report, report.html in the run directory, puts what the paper found beside what this run measured.
--
-- What did not reproduce when this was written (scale=demo, 3 seeds, 400 steps, 0.12 million weights, licence texts): no run of
-- E8M4 or E8M3 diverges at the base rate with master weights in binary32, and E7M7 trains exactly as E8M7 does,
-- because nothing in so small a model leaves the range of 7 exponent bits.
--
--   halfulp run experiments/bits-vs-loss.lua [scale=small|demo|full] [text=FILE] [seeds=N] [steps=N]

local hu = require "halfulp"

local folder = debug.getinfo(1, "S").source:match "^@(.*/)" or ""
local errors, training = dofile(folder .. "error-vs-bits.lua"), dofile(folder .. "train-vs-bits.lua")

local params = hu.params {
  scale = {default = "demo", choices = {"small", "demo", "full"}, help = "how much: seconds, minutes, days"},
  text  = {default = "", help = "file or folder to learn from; the system's licence texts"},
  seeds = {default = 0, min = 0, help = "training runs of each kind; 0: those of the scale"},
  steps = {default = 0, min = 0, help = "steps of a training run; 0: those of the scale"},
}

local function fixed(value, digits) return value and ("%%.%df"):format(digits or 3):format(value) or "-" end

-- "E8M7 1.90, E8M5 1.91, ..." for one method and rate.
local function each_format(rows, formats, method, rate, name, digits)
  local texts = {}
  for _, format in ipairs(formats) do
    local mean = training.mean(rows, format, method, rate, name)
    if mean then texts[#texts + 1] = format:upper() .. " " .. fixed(mean, digits) end
  end
  return table.concat(texts, ", ")
end

-- Whether the mean loss never falls when a mantissa bit goes.
local function rises(rows, formats, method)
  local last
  for _, format in ipairs(formats) do
    local mean = training.mean(rows, format, method, 1)
    if not mean or (last and mean < last) then return false end
    last = mean
  end
  return true
end

local function count(rows, wanted, name)
  local n, some = 0, training.select(rows, wanted)
  for _, row in ipairs(some) do n = n + (row[name] > 0 and 1 or 0) end
  return n, #some
end

local function of(n, total)
  if total == 0 then return "no run" end
  local low, high = hu.stats.wilson(n, total)
  return ("%d of %d (%.0f to %.0f %%)"):format(n, total, 100 * low, 100 * high)
end

-- How much the sharpness of a format grew from the middle of the training to its end, as a factor.
local function growth(rows, format)
  local some, from, to = training.select(rows, {format = format, method = "mask", rate = 1}), 0, 0
  for _, row in ipairs(some) do
    local series = row.phi_emulated
    from, to = from + series[(#series + 1) // 2], to + series[#series]
  end
  return #some > 0 and to / from or nil
end

-- What the paper says, what this run measured, and whether the one agrees with the other; nil: this run cannot tell.
local function compare(t)
  local rows, mantissas = t.rows, {"e8m7", "e8m5", "e8m4", "e8m3"}
  local lost, runs = count(rows, {format = "e8m3", method = "mask", rate = 1}, "diverged_level")
  local bf16, bf16_runs = count(rows, {format = "e8m7", method = "nearest", rate = 1}, "diverged_average")
  local e8m7, e7m7 = training.mean(rows, "e8m7", "mask", 1), training.mean(rows, "e7m7", "mask", 1)
  local spikes5, spikes7 = training.mean(rows, "e8m5", "mask", 10, "spikes_residual"), training.mean(rows, "e8m7", "mask", 10, "spikes_residual")
  local grown7, grown5 = growth(rows, "e8m7"), growth(rows, "e8m5")
  local list = {
    {claim = "The fewer mantissa bits, the less stable (masked operands, master weights in binary32)",
     published = "Llama 120M, 5000 steps: E8M4 and E8M3 diverge early, E8M5 and E8M7 do not",
     here = ("final loss %s; E8M3 diverged in %s"):format(each_format(rows, mantissas, "mask", 1), of(lost, runs)),
     holds = rises(rows, mantissas, "mask") and lost > 0},
    {claim = "The same where the master weights lose the bits too",
     published = "not separated in what is known of the paper",
     here = "final loss " .. each_format(rows, mantissas, "mask, weights", 1)
       .. (rises(rows, mantissas, "mask, weights") and "; it rises with every bit that goes" or "; it does not rise with every bit")},
    {claim = "Truncation is worse than rounding to nearest at equal bits",
     published = "raised by reviewers of the paper as a bias of the mask",
     here = ("E8M3: mask %s, nearest %s"):format(fixed(training.mean(rows, "e8m3", "mask", 1)), fixed(training.mean(rows, "e8m3", "nearest", 1))),
     holds = (training.mean(rows, "e8m3", "mask", 1) or 0) > (training.mean(rows, "e8m3", "nearest", 1) or math.huge)},
  }
  if e7m7 then
    list[#list + 1] = {claim = "E7M7", published = "does not train at all",
      here = ("final loss %s, E8M7 %s"):format(fixed(e7m7, 4), fixed(e8m7, 4)), holds = e7m7 > t.unigram}
  end
  if grown5 and grown7 then
    list[#list + 1] = {claim = "Sharpness warns before the loss", published = "E8M5: loss normal, sharpness keeps rising; E8M7: slow rise only",
      here = ("from half-way to the end sharpness grew %s-fold for E8M5, %s-fold for E8M7"):format(fixed(grown5, 2), fixed(grown7, 2)),
      holds = grown5 > grown7}
  end
  if spikes5 and spikes7 then
    list[#list + 1] = {claim = "Ten times the learning rate", published = "E8M5 has more loss spikes than BF16, no run fully diverges (18 seeds)",
      here = ("spikes a run: E8M5 %s, E8M7 %s; diverged: E8M5 %s"):format(fixed(spikes5, 1), fixed(spikes7, 1),
        of(count(rows, {format = "e8m5", method = "mask", rate = 10}, "diverged_level"))),
      holds = spikes5 > spikes7}
  end
  list[#list + 1] = {claim = "BF16 runs that diverge by chance", published = "18 of 188 (6 to 15 %); TF32: 0 of 70 (0 to 5 %)",
    here = "E8M7, nearest: " .. of(bf16, bf16_runs)}
  return list
end

local function verdict(row)
  if row.holds == nil then return "-" end
  return row.holds and "agrees" or "does not reproduce here"
end

print "Part 1: error against mantissa bits\n"
local e = errors.run {scale = params.scale}
e.sweep:table {columns = {"kernel", "exponent", "mantissa", "seed", "error", "lost", "backward"}, file = "error-vs-bits"}

print "\nPart 2: training with fewer bits\n"
local t = training.run {scale = params.scale, text = params.text, seeds = params.seeds, steps = params.steps}
print(training.format(t.summary))

local compared = compare(t)
print "\npublished (arXiv 2405.18710) and measured here:"
for _, row in ipairs(compared) do
  print(("- %s\n    published: %s\n    here:      %s  [%s]"):format(row.claim, row.published, row.here, verdict(row)))
end

hu.plot {kind = "numberline", formats = {"e3m4", "e4m3", "e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz"}, title = "Formats of 8 bits",
         file = "number-line", width = 860, caption = "Every positive finite value."}

local keskar = {}
for _, row in ipairs(t.rows) do
  if row.keskar_full then
    keskar[#keskar + 1] = {format = row.format, method = row.method, full = row.keskar_full, emulated = row.keskar_emulated}
  end
end

local optimistic = params.text == "" and
  " The licence texts repeat one another, version by version, so that the loss on the held-out pieces is optimistic." or ""
local report = hu.report {
  title = "Bits against loss",
  lead = ("What does a computation cost when its numbers have fewer bits? First eight numerical kernels, then a language model of "
    .. "%d weights, trained on %d bytes.%s"):format(hu.nn.lm(t.p.model).n_weights, t.text.train_bytes, optimistic),
  sections = {
    {title = "Published and measured", published = compared,
     text = "What is known of \"To FP8 and Back Again\" (arXiv 2405.18710) beside what this run measured. The paper trains models a thousand "
       .. "times larger and longer; a claim that does not reproduce here is not refuted by that.\n\nLoss is in nats a byte; counts of "
       .. "diverged runs stand with Wilson's 95 % interval."},
    {title = "Error against mantissa bits", figures = {"error-vs-bits"},
     text = "Every operation of each kernel is rounded to nearest in a format of so many exponent and mantissa bits; the error is that of the result against double."},
    {title = "Loss", figures = {"loss-over-steps", "loss-vs-mantissa", "loss-map"},
     text = "`mask` clears low bits and clips, `nearest` rounds; both keep the master weights in binary32. In `mask, weights` the weights "
       .. "themselves lose their bits after every step of the optimizer.",
     tables = {{rows = t.summary, columns = training.summary_columns, caption = "Means over the seeds; ci95 is half the width of the 95 % interval of the mean loss."}}},
    {title = "Divergence and spikes", figures = {"divergence", "spikes"},
     text = "Diverged, first rule (`diverged_average`): a loss is not finite, or its average (decay 0.99) ends above 1.5 times its minimum. Second rule "
       .. ("(`diverged_level`): a loss is not finite, or the last twentieth stays above %.3f, what knowing byte frequencies only gives. "):format(t.unigram)
       .. "Spike, first rule (`spikes_residual`): more than four standard deviations of the last 200 residuals above the average; second (`spikes_rise`): "
       .. "0.5 nats above the smallest average so far."},
    {title = "Sharpness", figures = {"sharpness-over-steps", "sharpness-full-over-steps"},
     text = "How much the loss can rise, in percent of 1 + loss, when each logit of the last token moves by at most epsilon (|logit| + 1), epsilon = 0.001; "
       .. "once with the logits of the emulated model and once of the same weights in double. The table has Keskar's "
       .. "sharpness in the space of the weights, after ten steps of L-BFGS-B, for the first seed at the base rate.",
     tables = {{rows = keskar, columns = {"format", "method", "full", "emulated"}, caption = "Keskar's sharpness (%) at the end of training."}}},
    {title = "Formats of 8 bits", figures = {"number-line"}},
  },
}
print("\nreport: " .. report)
