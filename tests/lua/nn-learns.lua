-- nn-learns.lua - in full precision the language model learns: it beats an order-2 model of the same text, and comes
-- within 5 % of the entropy rate of a source that is known.
local hu = require "halfulp"
local claims, t = require("claims")()

local function bits(data, options)
  local model = hu.nn.lm {layers = options.layers, width = options.width, heads = 4, context = 64, seed = 1}
  local run = hu.nn.train {model = model, data = data, steps = options.steps, lr = options.lr, policy = "fp32"}
  t.assertFalse(run.diverged)
  local heldout = model:loss(data)
  print(("# %d steps, %.1f s of processor time: %.4f bits per byte held out"):format(run.steps, run.seconds, heldout))
  return heldout
end

local function beats_trigram(data)
  local trigram = data:trigram()
  print(("# order-2 model: %.4f bits per byte"):format(trigram))
  t.assertTrue(bits(data, {layers = 2, width = 64, steps = 1200, lr = 4e-3}) < trigram)
end

claims["it comes within 5 % of the entropy rate of a Markov source"] = function()
  local data = hu.nn.markov {alphabet = 6, order = 2, spread = 1.5}
  local rate = data:entropy_rate()
  local got = bits(data, {layers = 1, width = 32, steps = 600, lr = 1e-2})
  print(("# entropy rate %.4f, %.2f %% above it"):format(rate, 100 * (got / rate - 1)))
  t.assertTrue(got < 1.05 * rate)
  t.assertTrue(got > 0.99 * rate)         -- nothing can be better, up to the chance of 20000 bytes
end

-- `halfulp run` brings the same core along: the longer claims run once.
local again = package.preload["halfulp.core"] ~= nil

claims["on the license texts it beats the order-2 model"] = function()
  t.skipIf(again, "runs in the stock interpreter")
  local folder = io.open "/usr/share/common-licenses/GPL-3"
  t.skipIf(folder == nil, "this system has no license texts in /usr/share/common-licenses")
  folder:close()
  beats_trigram(hu.nn.text())
end

claims["on Shakespeare it beats the order-2 model"] = function()
  t.skipIf(again, "runs in the stock interpreter")
  local path = claims.file "../shared/data/tinyshakespeare.txt"
  local file = io.open(path)
  t.skipIf(file == nil, path .. " is absent")
  file:close()
  beats_trigram(hu.nn.text(path))
end

claims:run()
