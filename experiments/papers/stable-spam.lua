-- stable-spam.lua - which optimizer bears the largest learning rates when weights and activations have four bits?
--
-- Method: a Llama-style model over bytes learns a made-up text with the operands of its forward products in E2M1, a scale for each group of 32, by Adam without clipping, Adam
-- with the norm clipped to 1, Adafactor, SPAM, and Stable-SPAM, over rates a factor of four apart. A rate is usable where the mean loss on held-out text lies within 0.05 nats of
-- the best of all optimizers.
-- Source: arXiv:2502.17055 (models of 130 million to a billion weights, 20000 steps). SPAM: arXiv:2501.06842, whose constants
-- are taken from its summary; in so few steps it never resets, so that its cut of spikes is what is tried.
-- What would surprise: Adam without clipping as robust as the rest.
--
-- Measured at scale=full (3 seeds, 150 steps): within 0.05 nats of the best lie two of five rates of Stable-SPAM, SPAM, Adam and clipped Adam, one of Adafactor: no wider range here. The
-- best losses are 1.6508, 1.6544, 1.6585, 1.6512 and 1.6476, closer than such short runs tell apart. Beyond, at rates of 1/8 and 1/2, Stable-SPAM is lowest, 1.87 and 1.95
-- against 1.96 and 2.00 of clipped Adam. At scale=small it has two usable rates of four, the others one, and is not lowest at the largest.
--
-- Columns: optimizer, rate, seed; loss (nats a byte, held out), spread (standard deviation of the logarithm of the gradient's norm, second half).
--
--   halfulp run experiments/papers/stable-spam.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or half a minute" },
}
local p = ({ small = { seeds = 2, steps = 60, pieces = 64, rates = 4 }, full = { seeds = 3, steps = 150, pieces = 128, rates = 5 } })[params.scale]
local text = hu.nn.markov { alphabet = 8, order = 1, seed = 7 }
local claims = hu.published "Stable-SPAM (arXiv:2502.17055)"
local four = { format = "e2m1fn", group = 32, overflow = "saturate" }
local policy = { p1 = four, p2 = four }
local optimizers = {
  ["Adam"] = { optimizer = "adamw", clip = 0 }, ["Adam, clipped"] = { optimizer = "adamw", clip = 1 },
  ["Adafactor"] = { optimizer = "adafactor", clip = 0 }, ["SPAM"] = { optimizer = "spam", clip = 0 },
  ["Stable-SPAM"] = { optimizer = "stable-spam", clip = 0 },
}
local names, rates = { "Adafactor", "Adam", "Adam, clipped", "SPAM", "Stable-SPAM" }, {}
for i = 1, p.rates do rates[i] = 2.0 ^ (2 * i - 11) end

local sweep = hu.sweep { optimizer = names, rate = rates, seed = hu.range(1, p.seeds) }
sweep:run(function(point)
  local model, how = hu.nn.lm { layers = 1, heads = 2, width = 32, context = 16, vocabulary = 128, seed = point.seed }, optimizers[point.optimizer]
  local run = hu.nn.train { model = model, data = text, steps = p.steps, batch = 4, lr = point.rate, seed = point.seed, policy = policy, weight_decay = 0,
    beta2 = how.optimizer ~= "adafactor" and 0.999 or nil, optimizer = how.optimizer, clip = how.clip }
  local loss, norms = math.log(2) * model:loss(text, { policy = policy, pieces = p.pieces }), {}
  for i = #run.norm // 2 + 1, #run.norm do norms[#norms + 1] = math.log(math.max(run.norm[i], 1e-30)) end
  return { loss = (run.diverged or loss ~= loss) and math.huge or loss, spread = #norms > 1 and hu.stats.sd(norms) or 0 }
end, { name = "stable-spam" })
local rows = sweep:rows()

local loss, best = {}, math.huge
for _, name in ipairs(names) do
  loss[name] = {}
  for i, rate in ipairs(rates) do
    local list = {}
    for _, row in ipairs(rows) do
      if row.optimizer == name and row.rate == rate then list[#list + 1] = row.loss end
    end
    loss[name][i] = hu.stats.mean(list)
    best = math.min(best, loss[name][i])
    print(("measured: %s, rate %g: loss %.4f"):format(name, rate, loss[name][i]))
  end
end

local function usable(name)
  local count = 0
  for _, value in ipairs(loss[name]) do count = count + (value < best + 0.05 and 1 or 0) end
  return count
end
local function least(name) return math.min(table.unpack(loss[name])) end

local counts = ("%d; %d, %d, %d"):format(usable "Stable-SPAM", usable "Adam", usable "Adam, clipped", usable "Adafactor")
claims:claim { what = "Stable-SPAM has the most usable rates (Adam, clipped, Adafactor)", published = "widest range", here = counts,
  holds = usable "Stable-SPAM" > math.max(usable "Adam", usable "Adam, clipped", usable "Adafactor"), note = ("of %d, a factor of four apart"):format(#rates) }
-- Whether losses rise in this order; nil where two neighbors lie closer than runs so short tell apart.
local function rises(...)
  local list, told = { ... }, true
  for i, loss in ipairs(list) do list[i] = loss == loss and loss or math.huge end
  for i = 2, #list do
    if list[i - 1] > list[i] + 0.05 then return false end
    told = told and list[i] > list[i - 1] + 0.05
  end
  if told then return true end
end
local function note_of(verdict) return verdict == nil and "within 0.05 nats: runs so short do not tell" or nil end

local below_adam = rises(least "Stable-SPAM", least "Adam")
local below_clipped = rises(least "Stable-SPAM", least "Adam, clipped")
claims:claim { what = "its best loss is below Adam's", published = "24.33 < 26.4 (perplexity)", here = ("%.4f, %.4f"):format(least "Stable-SPAM", least "Adam"),
  holds = below_adam, note = note_of(below_adam) }
claims:claim { what = "and below that of Adam with clipping", published = "24.33 < 26.30", here = ("%.4f, %.4f"):format(least "Stable-SPAM", least "Adam, clipped"),
  holds = below_clipped, note = note_of(below_clipped) }
local ours, adams = loss["Stable-SPAM"][#rates], loss["Adam"][#rates]
local below = rises(ours, adams)
local between = rises(least "Stable-SPAM", least "SPAM", least "Adam")
claims:claim { what = "at the largest rate it is finite, and below Adam", published = "yes", here = ("%.3f, %.3f"):format(ours, adams), holds = below, note = note_of(below) }
claims:claim { what = "SPAM lies between Stable-SPAM and Adam", published = "24.33 < 25.03 < 26.4", here = ("%.4f, %.4f, %.4f"):format(least "Stable-SPAM", least "SPAM", least "Adam"),
  holds = between, note = note_of(between) }

hu.plot { rows = rows, x = "rate", y = "loss", series = "optimizer", logx = true, logy = true, xlabel = "learning rate", ylabel = "loss (nats a byte)", legend = " ",
  title = "Optimizers with forward operands of four bits", file = "optimizers" }
print(claims:table())
