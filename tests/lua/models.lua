-- models.lua - models described in Lua: they learn, give the same bits at any number of threads and after a resume, refuse what
-- does not fit; data of known error.

local hu = require "halfulp"
local claims, lu = require("claims")()

local function refused(message, call, ...)
  local ok, err = pcall(call, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  lu.assertNil(tostring(err):find("\n", 1, true))
end

local text = hu.nn.markov {alphabet = 4, order = 1, spread = 2, train = 20000, heldout = 2000}
local text64 = hu.nn.markov {alphabet = 16, order = 1, train = 4000, heldout = 500, seed = 2}
local images = hu.nn.blobs {classes = 4, height = 8, width = 8, separation = 5, train = 400, heldout = 200}

local folder = claims.tmpdir()

-- Every model, what it learns from, and steps after which its loss has to have fallen to the factor given.
local cases = {
  mlp = {model = function() return hu.nn.models.mlp {inputs = 64, classes = 4, norm = "batchnorm"} end, data = images, most = 0.3},
  cnn = {model = function() return hu.nn.models.cnn {height = 8, width = 8, classes = 4, first = 4} end, data = images, most = 0.75},
  vit = {model = function() return hu.nn.models.vit {height = 8, width_pixels = 8, classes = 4, layers = 1, width = 16} end,
    data = images, most = 0.5},
  gpt2 = {model = function() return hu.nn.models.gpt2 {layers = 1, heads = 2, width = 16, context = 16, vocabulary = 128} end,
    data = text, most = 0.5},
  llama = {model = function() return hu.nn.models.llama {layers = 1, heads = 2, width = 16, context = 16, vocabulary = 128} end,
    data = text, most = 0.5},
  ["gpt2 in munit scaling"] = {model = function()
    return hu.nn.models.gpt2 {layers = 1, heads = 2, width = 16, context = 16, vocabulary = 128, units = "mus"}
  end, data = text, lr = 0.1, most = 0.5},
  experts = {model = function()
    return hu.nn.models.experts {layers = 1, heads = 2, width = 16, hidden = 16, context = 16, vocabulary = 128}
  end, data = text, most = 0.5},
  mamba = {model = function() return hu.nn.models.mamba {layers = 1, width = 16, states = 4, context = 16, vocabulary = 128} end,
    data = text, most = 0.5},
  diffusion = {model = function() return hu.nn.models.diffusion.new {width = 32, layers = 2, time = 16} end,
    data = hu.nn.plane {shape = "eight gaussians"}:denoised(50), most = 0.8},
}

local function options(case, model)
  return {model = model, data = case.data, steps = 60, batch = 16, lr = case.lr or 1e-2}
end

local function mean(list, first, last)
  local sum = 0
  for i = first, last do sum = sum + list[i] end
  return sum / (last - first + 1)
end

-- Two runs, at 1 and 4 threads, the second one interrupted and taken up again by a trainer of another model.
local names = {}
for name in pairs(cases) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do
  local case = cases[name]
  claims[name .. " learns, with the same bits at 1 and 4 threads and after a resume"] = function()
    local run = hu.nn.train(options(case, case.model()))
    lu.assertFalse(run.diverged)
    lu.assertTrue(mean(run.loss, 51, 60) < case.most * run.loss[1],
      string.format("%s: %g to %g", name, run.loss[1], mean(run.loss, 51, 60)))

    local path = folder .. "/" .. name .. ".checkpoint"
    local first = case.model()
    first:threads(4)
    local trainer = hu.nn.trainer(options(case, first))
    for _ = 1, 25 do trainer:step() end
    trainer:save(path)
    local second = case.model()
    second:threads(2)
    second:set_flat(hu.zeros(second.n_weights))
    trainer = hu.nn.trainer(options(case, second))
    trainer:resume(path)
    for step = 26, 60 do
      local loss = trainer:step()
      lu.assertEquals(loss, run.loss[step])
    end
    local a, b = run.model:flat(), second:flat()
    for i = 1, #a do if a[i] ~= b[i] then lu.fail(name .. ": weight " .. i .. " differs") end end
    if case.data ~= text then
      lu.assertEquals({run.model:evaluate(case.data)}, {second:evaluate(case.data)})
      run.model:save(path)
      local third = case.model()
      third:load(path)
      lu.assertEquals({third:evaluate(case.data)}, {second:evaluate(case.data)})
    else
      lu.assertEquals(run.model:loss(text), second:loss(text))
    end
  end
end

-- munit Scaling, arXiv:2502.05967: variances 1, hidden matrices at the rate / sqrt(inputs), which a step of Lion shows.
claims["munit scaling starts and learns by its table"] = function()
  for _, name in ipairs {"gpt2", "llama"} do
    local width, lr = 64, 2 ^ -8
    local model = hu.nn.models[name] {layers = 2, heads = 2, width = width, context = 8, vocabulary = 128, tied = false, units = "mus"}
    local before = model:tensors()
    hu.nn.trainer {model = model, data = text64, lr = lr, steps = 0, warmup = 0, weight_decay = 0, optimizer = "lion", clip = 0}:step()
    for key, w in pairs(before) do
      local inputs = w:shape()[2]
      local hidden = key:match "^%d.*weight$" and inputs > 1 and not key:match "norm"
      local start = math.sqrt((w * w):sum() / w.n)
      if not key:match "norm" then lu.assertTrue(math.abs(start - 1) < 0.05, name .. " " .. key .. " starts with " .. start) end
      local moved = (model:get(key) - w):abs():max()
      local want = hidden and lr / math.sqrt(inputs) or lr
      lu.assertTrue(math.abs(moved / want - 1) < 1e-3, name .. " " .. key .. " moved by " .. moved .. ", not " .. want)
    end
  end
end

-- Weights are divided by sqrt(inputs) after the product: the operands of every product have a size near 1.
claims["munit scaling needs no scales at the start, in eight layers"] = function()
  for _, name in ipairs {"gpt2", "llama"} do
    local model = hu.nn.models[name] {layers = 8, heads = 2, width = 64, context = 16, vocabulary = 128, tied = false, units = "mus", tau = 0.3}
    local trainer = hu.nn.trainer {model = model, data = text64, lr = 0, batch = 4, counters = true, loss_scale = 4 * 16 * 64, policy = "e4m3fn/e5m2:rne+sat"}
    trainer:step()
    local seen = 0
    for _, c in ipairs(trainer:counters()) do
      if c.layer ~= "all" and c.role:match "^p[123]$" then
        local squares = 0
        for exponent, n in pairs(c.exponents) do squares = squares + n * 4.0 ^ exponent * 7 / 3 end
        local size = math.sqrt(squares / c.n)
        seen = seen + 1
        lu.assertTrue(size > 0.1 and size < 10, name .. " " .. c.layer .. " " .. c.role .. ": " .. size)
      end
    end
    lu.assertEquals(seen, 3 * 33)
  end
end

claims["a classifier comes near the smallest possible error"] = function()
  local data = hu.nn.blobs {classes = 3, width = 6, separation = 2, train = 4000, heldout = 4000}
  local model = hu.nn.models.mlp {inputs = 6, classes = 3, layers = 1, width = 16}
  hu.nn.train {model = model, data = data, steps = 300, batch = 64, lr = 1e-2, weight_decay = 0}
  local _, accuracy = model:evaluate(data)
  local best = 1 - data:bayes_error()
  lu.assertTrue(math.abs(accuracy - best) < 0.03, string.format("%g of %g", accuracy, best))
end

-- The rule that knows the patterns, on many examples, against the probability that the data give.
claims["the error that data give is that of the rule that knows them"] = function()
  local function count(options)
    options.train, options.heldout, options.width = 1, 20000, 5
    local data = hu.nn.blobs(options)
    local x, classes = data:part("heldout")
    local wrong, k = 0, options.classes
    for i = 1, #classes do
      local best, at
      for c = 0, k - 1 do
        local sum = 0
        for j = 0, 4 do
          sum = sum + x(i, j + 1) * (c == 0 and math.sqrt(1 / 5) or math.sqrt(2 / 5) * math.cos(math.pi * (j + 0.5) * c / 5))
        end
        if not best or sum > best then best, at = sum, c end
      end
      if at ~= classes[i] then wrong = wrong + 1 end
    end
    local p = data:bayes_error()
    lu.assertTrue(math.abs(wrong / #classes - p) < 4 * math.sqrt(p * (1 - p) / #classes), wrong / #classes .. " and " .. p)
  end
  count {classes = 2, separation = 1}
  count {classes = 4, separation = 2}
  count {classes = 3, separation = 3, outliers = 0.3, outlier_scale = 4}
  count {classes = 3, separation = 3, flips = 0.2}
end

claims["linear regression finds what made the values"] = function()
  local x = hu.randn({200, 3}, {seed = 5})
  local values = {}
  for i = 1, 200 do values[i] = {2 * x(i, 1) - x(i, 2) + 0.5} end
  local data = hu.nn.data {features = x, values = values}
  local model = hu.nn.models.linear {inputs = 3}
  hu.nn.train {model = model, data = data, steps = 400, batch = 64, lr = 0.05, min_lr = 1e-4, weight_decay = 0}
  local w, b = model:get "head.weight", model:get "head.bias"
  lu.assertAlmostEquals(w(1, 1), 2, 1e-3)
  lu.assertAlmostEquals(w(1, 2), -1, 1e-3)
  lu.assertAlmostEquals(w(1, 3), 0, 1e-3)
  lu.assertAlmostEquals(b(1, 1), 0.5, 1e-3)
  local loss, accuracy = model:evaluate(data)
  lu.assertTrue(loss < 1e-5)
  lu.assertNil(accuracy)
end

claims["logistic regression tells two classes apart"] = function()
  local data = hu.nn.blobs {classes = 2, width = 4, separation = 3, train = 2000, heldout = 2000}
  local model = hu.nn.models.logistic {inputs = 4}
  hu.nn.train {model = model, data = data, steps = 300, batch = 64, lr = 0.03, weight_decay = 0}
  local _, accuracy = model:evaluate(data)
  lu.assertTrue(math.abs(accuracy - (1 - data:bayes_error())) < 0.02)
end

claims["a denoiser draws points like those it learned from"] = function()
  local data = hu.nn.plane {shape = "eight gaussians", noise = 0.1, train = 2000}:denoised(40)
  local model = hu.nn.models.diffusion.new {width = 64, layers = 2, time = 16}
  hu.nn.train {model = model, data = data, steps = 600, batch = 64, lr = 5e-3, weight_decay = 0}
  local x = hu.nn.models.diffusion.sample(model, data, 200)
  local near, seen = 0, {}
  for i = 1, 200 do
    for k = 0, 7 do
      local a, b = x(i, 1) - 2 * math.cos(math.pi / 4 * k), x(i, 2) - 2 * math.sin(math.pi / 4 * k)
      if a * a + b * b < 0.6 ^ 2 then near, seen[k] = near + 1, true end
    end
  end
  lu.assertTrue(near > 120, near .. " of 200 are near a cluster")      -- of plain noise it would be 39
  for k = 0, 7 do lu.assertTrue(seen[k], "no point near cluster " .. k) end
  local again = hu.nn.models.diffusion.sample(model, data, 200)
  lu.assertEquals(again(7, 1), x(7, 1))
end

claims["batchnorm takes its statistics in evaluation and the batch in training"] = function()
  local model = hu.nn.model {{"features", channels = 1}, {"batchnorm", name = "n", momentum = 1}, {"linear", out = 1, bias = false},
    {"mean_square"}}
  model:set("linear.3.weight", {{1}})
  local batch = {features = {{1}, {3}}, values = {{0}, {0}}}
  local loss = model:objective(nil, batch)                    -- z = -1, 1
  lu.assertAlmostEquals(loss, 1, 1e-4)
  lu.assertAlmostEquals(model:objective(nil, batch, {evaluation = true}), 5, 1e-4)   -- mean 0, variance 1: (1 + 9) / 2
  local trainer = hu.nn.trainer {model = model, lr = 0, weight_decay = 0}
  trainer:step(batch)                                         -- mean 2, unbiased variance 2
  lu.assertAlmostEquals(model:objective(nil, batch, {evaluation = true}), 0.5, 1e-4)
  lu.assertAlmostEquals(model:logits({features = {{4}}})(1, 1), math.sqrt(2), 1e-4)
end

claims["what does not fit is one line"] = function()
  refused("no operation 'linaer'; did you mean 'linear'?", hu.nn.model, {{"features", channels = 2}, {"linaer", out = 2}})
  refused("it takes a whole number from 1 to 65536", hu.nn.model, {{"features", channels = 1e18}})
  refused("names no operation", hu.nn.model, {{channels = 2}})
  refused("it takes a number, or true or false", hu.nn.model, {{"features", channels = "2"}})
  refused("'linear.2': rate is 0; it takes a number from 1e-18 to 1e6", hu.nn.model, {{"features", channels = 2}, {"linear", out = 2, rate = 0}})
  refused("instruction 2: rate is string; it takes a number", hu.nn.model, {{"features", channels = 2}, {"linear", out = 2, rate = "2"}})
  refused("instruction 2: deviation is boolean; it takes a number", hu.nn.model, {{"features", channels = 2}, {"linear", out = 2, deviation = true}})
  refused("takes 2 results", hu.nn.model, {{"features", channels = 2}, {"plus", from = "features.1"}})
  refused("the name of an instruction", hu.nn.model, {{"features", channels = 2}, {"plus", from = 3}})
  refused("model: unknown option beside the instructions layers; known: name, seed", hu.nn.model, {layers = 3})
  refused("unknown option beside the instructions sed; did you mean seed?", hu.nn.model, {sed = 3, {"features", channels = 2}})
  refused("there are no instructions", hu.nn.model, {})
  refused("there is no loss", hu.nn.model, {{"features", channels = 2}})
  refused("a string; it takes a table", hu.nn.model, "mlp")
  refused("windows of 5 x 5, which an image of 3 x 3 does not hold", hu.nn.model,
    {{"features", height = 3, width = 3, channels = 1}, {"conv", out = 1, kernel = 5}})
  refused("takes gates as topk gives them", hu.nn.model,
    {{"features", name = "x", channels = 2}, {"dispatch", from = {"x", "x"}, expert = 0}})
  refused("no model 'cn'; there are linear, logistic", function() return hu.nn.models.cn end)
  refused("no model 'block'; there are linear, logistic", function() return hu.nn.models.block end)
  refused("cnn: classes is missing", hu.nn.models.cnn, {height = 8, width = 8})
  refused("cnn: unknown option widht; did you mean width?", hu.nn.models.cnn, {height = 8, widht = 8, classes = 2})
  refused("units is 'umup'; it takes none or mus", hu.nn.models.gpt2, {units = "umup"})
  refused("tau is 1; it takes a number from 0", hu.nn.models.llama, {tau = 1})
  refused('gpt2: tau is 0.3 without munit scaling, whose it is; units = "mus" would use it', hu.nn.models.gpt2, {tau = 0.3})
  refused("llama: deviation is 0.5; in munit scaling all weights start with deviation 1", hu.nn.models.llama, {units = "mus", deviation = 0.5})
  refused("gpt2: units is true; it takes none or mus (unit scaling as in u-muP, units = true, is in hu.nn.lm and hu.nn.mlp)", hu.nn.models.gpt2, {units = true})
  refused('lm: units is "mus"; it takes true (unit scaling as in u-muP) or false; munit scaling, units = "mus", is in the graphs hu.nn.models.gpt2 and hu.nn.models.llama',
    hu.nn.lm, {units = "mus"})
  refused('mlp: units is "mus"; it takes true', hu.nn.mlp, {inputs = 1, classes = 2, units = "mus"})
  refused("units is 1; it takes true or false", hu.nn.lm, {units = 1})
  for _, wrong in ipairs {"flatten", "swiglu", "layernorm", "ReLU"} do
    refused("mlp: activation is '" .. wrong .. "'; it takes relu, gelu, silu, tanh or sigmoid", hu.nn.models.mlp, {inputs = 4, classes = 2, activation = wrong})
  end
  refused("mlp: norm is 'tanh'; it takes none, layernorm, rmsnorm or batchnorm", hu.nn.models.mlp, {inputs = 4, classes = 2, norm = "tanh"})
  refused("vit: patch is 3, which does not divide height, 8", hu.nn.models.vit, {height = 8, width_pixels = 8, classes = 2, patch = 3})
  refused("vit: width is a string", hu.nn.models.vit, {height = 8, width_pixels = 8, classes = 2, width = "8"})

  local model = hu.nn.models.mlp {inputs = 3, classes = 4}
  refused("64 numbers an example; the model takes 3", hu.nn.train, {model = model, data = images})
  refused("the model's loss compares with classes", model.evaluate, model, hu.nn.data {features = {{1, 2, 3}, {1, 2, 3}}, values = {1, 2}})
  refused("5 classes; the model tells 4 apart", model.evaluate, model, hu.nn.data {features = {{1, 2, 3}, {1, 2, 3}}, targets = {4, 0}})
  refused("features take the shape {examples, 3}", model.logits, model, {features = {{1, 2}}})
  refused("2 targets for 1 examples", model.objective, model, nil, {features = {{1, 2, 3}}, targets = {1, 2}})
  refused("this model takes a text", hu.nn.train, {model = cases.gpt2.model(), data = images})
  refused("a text trains a language model only", hu.nn.train, {model = model, data = text})
  refused("number 2 of example 1 is NaN", hu.nn.data, {features = {{1, 0 / 0}, {1, 2}}, targets = {0, 1}})
  refused("target 2 is 0.5", hu.nn.data, {features = {{1}, {2}}, targets = {0, 0.5}})
  refused("the class of example 2 is 3; classes are 0 to 1", hu.nn.data, {features = {{1}, {2}}, targets = {0, 3}, classes = 2})
  refused("1 targets for 2 examples", hu.nn.data, {features = {{1}, {2}}, targets = {0}})
  refused("none is left to train on", hu.nn.data, {features = {{1}}, targets = {0}, heldout = 0.5})
  refused("flips 0.9", hu.nn.blobs, {classes = 2, flips = 0.9})
  refused("9 classes need as many dimensions; 1 x 8 are 8", hu.nn.blobs, {classes = 9})
  refused("did you mean", hu.nn.plane, {shape = "two moon"})
end

claims["a checkpoint of another graph is refused"] = function()
  local path = folder .. "/graph.checkpoint"
  local a, b = hu.nn.models.mlp {inputs = 3, classes = 4}, hu.nn.models.mlp {inputs = 3, classes = 4, activation = "tanh"}
  a:save(path)
  refused("holds a model of another configuration", b.load, b, path)
  refused("describe the model, then model:load", hu.nn.load, path)
  a:load(path)
  local file = assert(io.open(path, "r+b"))
  local content = file:read "a"
  file:close()
  file = assert(io.open(path, "wb"))
  file:write(content:sub(1, -5))
  file:close()
  refused("ends too early", a.load, a, path)
end

claims["layers have names that policies see"] = function()
  lu.assertEquals(cases.gpt2.model():layers(), {"0.attention.in", "0.attention", "0.attention.out", "0.feed.in", "0.feed.out", "head"})
  local model = cases.cnn.model()
  local x = {features = hu.randn({2, 64}), targets = {0, 1}}
  lu.assertNotEquals(model:objective(nil, x, {policy = "e4m3fn"}), model:objective(nil, x))
end

claims["the folder of the checkpoints goes away"] = function()
  lu.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims:run()
