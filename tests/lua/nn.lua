-- nn.lua - models, texts and training from Lua.
local hu = require "halfulp"
local claims, t = require("claims")()

local function tiny(options)
  options = options or {}
  return hu.nn.lm {layers = 1, heads = 2, width = 16, context = 16, seed = options.seed or 1, tied = options.tied}
end

local function text() return hu.nn.markov {alphabet = 4, order = 1, spread = 2, train = 4000, heldout = 600} end

local function refused(pattern, f, ...)
  local ok, message = pcall(f, ...)
  t.assertFalse(ok)
  t.assertStrContains(message, pattern)
end

local function train(options)
  local all = {model = options.model or tiny(), data = options.data or text(), steps = 12, batch = 4, lr = 1e-2}
  for key, value in pairs(options) do all[key] = value end
  return hu.nn.train(all)
end

claims["cross-entropy of arrays is that of a model, with its gradient, and logits may be large"] = function()
  local rows, classes = {}, {0, 2, 1, 2}
  for i, row in ipairs(hu.randn({4, 5}, {seed = 1, dtype = "double"}):totable()) do rows[i] = row end
  local model = hu.nn.model {name = "x", {"features", channels = 5}, {"linear", name = "head", out = 3, deviation = 2}, {"cross_entropy"}}
  local data = hu.nn.data {features = rows, targets = classes, heldout = 0}
  local logits, labels = model:logits {features = rows}, {}
  for i, class in ipairs(classes) do labels[i] = {class == 0 and 1 or 0, class == 1 and 1 or 0, class == 2 and 1 or 0} end
  labels = hu.array(labels)
  local loss, gradient = hu.nn.cross_entropy(logits, labels)
  t.assertAlmostEquals(loss, (model:evaluate(data, {split = "train"})), 1e-6)
  for i = 1, 4 do
    for j = 1, 3 do
      local up, down = logits:copy(), logits:copy()
      up:set(i, j, logits(i, j) + 2 ^ -16)
      down:set(i, j, logits(i, j) - 2 ^ -16)
      local slope = (hu.nn.cross_entropy(up, labels) - hu.nn.cross_entropy(down, labels)) / 2 ^ -15
      t.assertAlmostEquals(gradient(i, j), slope, 1e-9)
    end
  end
  t.assertEquals(hu.nn.cross_entropy(hu.array {{0, 1e4}, {0, -1e4}}, hu.array {{1, 0}, {0, 1}}), 1e4)
  t.assertEquals({hu.nn.cross_entropy(logits:to "float", labels:to "float")}, {hu.nn.cross_entropy((logits:to "float"):to "double", labels)})
  refused("logits are 4 x 3, labels 3 x 3", hu.nn.cross_entropy, logits, hu.ones {3, 3})
  refused("logits are no matrix, labels no matrix", hu.nn.cross_entropy)
  refused("labels no matrix", hu.nn.cross_entropy, logits, {1})
end

claims["a run gives the series of its steps and lowers the loss"] = function()
  local seen = {}
  local run = train {steps = 30, every = 10, callback = function(info) seen[#seen + 1] = info.step end}
  t.assertEquals(#run.loss, 30)
  t.assertEquals(#run.norm, 30)
  t.assertEquals(run.steps, 30)
  t.assertFalse(run.diverged)
  t.assertEquals(seen, {10, 20, 30})
  t.assertTrue(run.loss[30] < run.loss[1] - 1)
end

claims["the same seeds give the same losses, other seeds others"] = function()
  local a, b, c = train {policy = "e4m3:sr"}, train {policy = "e4m3:sr"}, train {policy = {format = "e4m3", rounding = "sr", seed = 5}}
  t.assertEquals(a.loss, b.loss)
  t.assertEquals(a.loss[1] ~= c.loss[1], true)
  t.assertNotEquals(train({seed = 2}).loss, train({seed = 3}).loss)
end

claims["a callback that returns false ends the run"] = function()
  local run = train {callback = function(info) return info.step < 5 end}
  t.assertEquals(#run.loss, 5)
end

claims["a training loop of one's own that diverges goes on to the end, with losses that say so"] = function()
  local model = hu.nn.models.linear {inputs = 1}
  local data = hu.nn.data {features = {{1}, {2}, {3}}, values = {1, 2, 4}}
  local losses = {}
  for step = 1, 60 do
    local loss, gradient = model:objective(nil, data)
    losses[step] = loss
    model:set_flat(model:flat() - 1e3 * gradient)
  end
  t.assertTrue(losses[1] < 100)
  t.assertFalse(losses[60] < 1 / 0)
end

claims["a run that diverges ends early and says so"] = function()
  local run = train {lr = 1e30, warmup = 0, clip = 0, steps = 50}
  t.assertTrue(run.diverged)
  t.assertTrue(#run.loss < 50)
  t.assertTrue(run.steps < #run.loss)
end

claims["a policy is a string or a table, and both mean the same"] = function()
  local s = train {policy = "e8m3:rz+sat"}
  local p = train {policy = {format = "e8m3", rounding = "rz", overflow = "saturate"}}
  local six = {rounding = "rz", overflow = "saturate"}
  for i = 1, 6 do six["p" .. i] = "e8m3" end
  local roles = {activation = "e8m3", weight = hu.format "e8m3", gradient = {format = "e8m3"}, rounding = "rz", overflow = "saturate"}
  t.assertEquals(p.loss, s.loss)
  t.assertEquals(train({policy = six}).loss, s.loss)
  t.assertEquals(train({policy = roles}).loss, s.loss)
  t.assertNotEquals(train({policy = {format = "e8m3", rounding = "rz", head = false}}).loss, s.loss)
  t.assertEquals(train({policy = "fp32"}).loss, train({}).loss)
  t.assertNotEquals(train({policy = {attention = "e8m2"}}).loss, train({}).loss)
  t.assertEquals(train({policy = "mxfp4:rz"}).loss, train({policy = {format = hu.block "mxfp4", rounding = "rz"}}).loss)
  t.assertNotEquals(train({policy = "mxfp4:rz"}).loss, train({policy = {weight = "mxfp4", rounding = "rz"}}).loss)
  t.assertErrorMsgContains("linear layers", function() train {policy = {master = "mxfp4"}} end)
  t.assertErrorMsgContains("size is '0'", function() train {policy = {weight = {format = "mxfp4{size=0}"}}} end)
  t.assertNotEquals(train({policy = {accumulate = {format = "e8m5", chunk = 8}}}).loss, train({}).loss)
end

claims["wrong policies and options are named, with the nearest name"] = function()
  local m, data = tiny(), text()
  local function with(policy) return {model = m, data = data, policy = policy} end
  refused('unknown option "formt"; did you mean "format"?', hu.nn.train, with {formt = "e8m3"})
  refused("e9m3 has values that a float32 cannot hold", hu.nn.train, with "e9m3")
  refused("e9m3 has values that a float32 cannot hold", hu.nn.train, with {wgrad = {format = "fp32", chunk = 8, outer = "e9m3"}})
  refused("rounding", hu.nn.train, with {format = "e8m3", rounding = "sideways"})
  refused("weight has no format", hu.nn.train, with {weight = {rounding = "rz"}})
  refused('unknown option "stps"; did you mean "steps"?', hu.nn.train, {model = m, data = data, stps = 3})
  refused("model is missing", hu.nn.train, {data = data})
  refused("data is missing", hu.nn.train, {model = m})
  refused("every", hu.nn.train, {model = m, data = data, every = 0})
  refused("3 heads do not divide width 64 into even parts", hu.nn.lm, {heads = 3})
  refused("beta1 is 2", hu.nn.train, {model = m, data = data, beta1 = 2})
  refused("tests/lua/nn.lua:", function()                 -- the line of the caller
    hu.nn.train {model = m, data = data, beta1 = 2}
  end)
end

claims["what byte frequencies alone give is the entropy of the training part"] = function()
  local path = claims.tmpdir() .. "/bytes.txt"
  local file = assert(io.open(path, "wb"))
  file:write(("aaab"):rep(225), ("zz"):rep(50))                  -- the last tenth is held out
  file:close()
  local want = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
  t.assertAlmostEquals(hu.nn.frequency_loss(hu.nn.text(path)), want, 1e-12)
  for _, wrong in ipairs { 3, "text", {} } do t.assertErrorMsgContains("it takes a text", hu.nn.frequency_loss, wrong) end
end

claims["texts that are absent, empty or too short get one line"] = function()
  refused("text: cannot open /nonexistent", hu.nn.text, "/nonexistent")
  local path = os.tmpname()
  refused("is empty", hu.nn.text, path)
  local file = io.open(path, "w")
  file:write(("x"):rep(40))
  file:close()
  local short = hu.nn.text(path, {heldout = 0.5})
  t.assertEquals({short.train_bytes, short.heldout_bytes, short.files}, {20, 20, 1})
  t.assertEquals(short:part "train", ("x"):rep(20))
  t.assertNil(short:entropy_rate())
  refused("the text is too short: its training part holds 20 bytes, and a context of 64 needs at least 65", hu.nn.train,
    {model = hu.nn.lm {layers = 1, width = 16}, data = short})
  refused("too short", function() hu.nn.lm({layers = 1, width = 16}):loss(short) end)
  refused("heldout", hu.nn.text, path, {heldot = 1})
  os.remove(path)
end

claims["a saved run goes on with the same bits"] = function()
  local path, data = os.tmpname(), text()
  local function trainer() return hu.nn.trainer {model = tiny(), data = data, steps = 20, lr = 1e-2, policy = "e5m2:sr"} end
  local a, b = trainer(), trainer()
  for _ = 1, 6 do a:step() end
  a:save(path)
  b:resume(path)
  t.assertEquals(b.steps, 6)
  for _ = 1, 4 do t.assertEquals({a:step()}, {b:step()}) end
  t.assertEquals(a.model:flat() == b.model:flat(), true)
  local loaded = hu.nn.load(path)
  t.assertEquals(loaded.n_weights, a.model.n_weights)
  os.remove(path)
  t.assertNil((hu.nn.load "/nonexistent"))
  refused("not a checkpoint", hu.nn.load, claims.file "README.md")
end

claims["a file that cannot be written is an error"] = function()
  refused("cannot write /nonexistent/model", function() tiny():save "/nonexistent/model" end)
end

claims["all weights are one array, and each parameter has its place in it"] = function()
  local m = tiny()
  local flat, n = m:flat(), 0
  for _, p in ipairs(m:parameters()) do
    local values = m:get(p.name)
    t.assertEquals(values:shape(), {p.rows, p.cols})
    t.assertEquals(values(1, 1), flat[p.first])
    t.assertEquals(values(p.rows, p.cols), flat[p.first + p.rows * p.cols - 1])
    n = n + p.rows * p.cols
  end
  t.assertEquals(n, m.n_weights)
  local other = tiny {seed = 2}
  t.assertFalse(other:flat() == flat)
  other:set_flat(flat)
  t.assertTrue(other:flat() == flat)
  other:set("norm", hu.zeros({1, 16}))
  t.assertFalse(other:flat() == flat)
  refused("no parameter", m.get, m, "nrm")
  refused("weights; there are", m.set_flat, m, hu.zeros(3))
end

claims["the objective in double is the loss of training, and its gradient points uphill"] = function()
  local m, data = tiny(), text()
  local trainer = hu.nn.trainer {model = m, data = data, batch = 4, seed = 7}
  local value, gradient = m:objective(nil, data, {rows = 4, seed = 7, step = 0})
  local loss, norm = trainer:step()
  t.assertAlmostEquals(value, loss, 1e-5)
  local square = 0
  for i = 1, m.n_weights do square = square + gradient[i] ^ 2 end
  t.assertAlmostEquals(math.sqrt(square), norm, 1e-4)
end

claims["Keskar's sharpness of a model's loss can be measured"] = function()
  local m, data = tiny(), text()
  local s = hu.sharpness.keskar {
    weights = m:flat(), iterations = 3, eps = 1e-3,
    loss = function(w) return m:objective(w, data, {rows = 2}) end,
  }
  t.assertTrue(s.phi > 0 and s.phi < 1000)
end

claims["logits in float, in double and by a policy go into the sharpness of logits"] = function()
  local m, data = tiny(), text()
  local y, targets = m:logits(data, {rows = 3, split = "heldout"})
  local exact = m:logits(data, {rows = 3, split = "heldout", precision = "double"})
  local coarse = m:logits(data, {rows = 3, split = "heldout", policy = "e8m2"})
  t.assertEquals(y:shape(), {3, 256})
  t.assertEquals(#targets, 3)
  local near = hu.error(y, exact).normwise_2
  t.assertTrue(near > 0 and near < 1e-5)
  t.assertTrue(hu.error(coarse, exact).normwise_2 > 1e-3)
  local s = hu.sharpness.logits {logits = exact, target = targets}
  t.assertTrue(s.phi > 0)
  t.assertEquals(m:logits({"abcd", "bcda"}):shape(), {2, 256})
  refused("not a string of exactly 4 bytes", m.logits, m, {"abcd", "abc"})
end

claims["the classifier learns two classes, through batches that are handed in"] = function()
  local m = hu.nn.mlp {inputs = 2, classes = 2, width = 8}
  local trainer = hu.nn.trainer {model = m, lr = 2e-2, steps = 60}
  local features, targets = {}, {}
  local random = claims.random(3)
  for i = 1, 40 do
    local x, y = random(2001) / 1000 - 1, random(2001) / 1000 - 1
    features[i], targets[i] = {x, y}, x * y > 0 and 1 or 0
  end
  local batch = {features = features, targets = targets}
  local first = trainer:step(batch)
  local last
  for _ = 2, 60 do last = trainer:step(batch) end
  t.assertTrue(last < 0.6 * first)
  refused("targets", trainer.step, trainer, {features = features, targets = {0}})
  refused("a text is for a language model", trainer.step, trainer, text())
  refused("no targets", trainer.step, trainer, {features = features})
end

-- What an error says when a script makes it: its place is that of the script.
local function says(source, pattern)
  local chunk = assert(load("local hu = require 'halfulp'\n" .. source, "=script.lua"))
  local ok, message = pcall(chunk)
  t.assertFalse(ok, source)
  t.assertStrContains(message, pattern)
  t.assertStrMatches(message:gsub("\n.*", ""), "script%.lua:%d+: .*")
  t.assertNotStrContains(message, "halfulp/")
end

local mlp = "local model = hu.nn.mlp {inputs = 2, layers = 1, width = 4, classes = 2}\n"

claims["numbers that are not finite are told by example, whatever they come in"] = function()
  for _, features in ipairs {"{{1, 2}, {3, 0/0}}", "hu.array {{1, 2}, {3, 0/0}}"} do
    says(mlp .. "hu.nn.trainer({model = model, batch = 2}):step {features = " .. features .. ", targets = {0, 1}}", "features: number 2 of example 2 is NaN")
    says(mlp .. "model:logits {features = " .. features .. "}", "features: number 2 of example 2 is NaN")
  end
  says(mlp .. "hu.nn.trainer({model = model, batch = 1}):step {features = {{1, 2}}, values = {{1/0, 1}}}", "values: number 1 of example 1 is infinite")
end

claims["nothing is trained on data without targets, or judged by them"] = function()
  local data = "local data = hu.nn.data {features = hu.randn({40, 2}, {seed = 1})}\n"
  says(mlp .. data .. "hu.nn.train {model = model, data = data, steps = 2, batch = 2}", "the data have no targets")
  says(mlp .. data .. "model:evaluate(data)", "the data have no targets")
  says(mlp .. data .. "hu.hessian(model, data)", "no targets")
  local model = hu.nn.mlp {inputs = 2, layers = 1, width = 4, classes = 2}
  t.assertEquals(model:logits(hu.nn.data {features = hu.randn({40, 2}, {seed = 1})}, {split = "heldout"}):shape(), {4, 2})
end

claims["a setting of another optimizer is told with the optimizer that has it"] = function()
  local function with(options) return mlp .. "hu.nn.trainer {model = model, " .. options .. "}" end
  says(with "optimizer = {name = 'adamw', momentum = 0.9}", "momentum is a setting of sgd; adamw has none")
  says(with "optimizer = {name = 'sgd', gamma1 = 0.9}", "gamma1 is a setting of stable-spam; sgd has none")
  says(with "optimizer = {name = 'lion', eps1 = 1e-9}", "eps1 is a setting of adafactor; lion has none")
  says(with "optimizer = 'sgd', beta2 = 0.9", "beta2 is a setting of adamw, lion, stable-spam, spam; sgd has none")
  says(with "optimizer = 'lion', eps = 1e-9", "eps is a setting of adamw, stable-spam, spam; lion has none")
  for _, good in ipairs {"optimizer = {name = 'sgd', momentum = 0.9}", "optimizer = 'stable-spam', beta1 = 0.8, eps = 1e-9", "beta1 = 0.8, optimizer = 'adamw'"} do
    assert(load("local hu = require 'halfulp'\n" .. with(good)))()
  end
  says(with "lr = 1e-3, min_lr = 1e-2", "min_lr is 0.01, more than the lr of 0.001")
end

claims["files that cannot be read are nil and a message, wrong ones an error at the script's line"] = function()
  for _, name in ipairs {"idx", "npy", "load_llama2c", "load_safetensors"} do
    local nothing, message = hu.nn[name]("/nonexistent/file")
    t.assertNil(nothing)
    t.assertStrContains(message, "/nonexistent/file")
  end
  local path = claims.tmpdir() .. "/wrong"
  local file <close> = assert(io.open(path, "w"))
  file:write "something else"
  file:close()
  for _, name in ipairs {"idx", "npy", "load_llama2c", "load_safetensors"} do says(("hu.nn.%s %q"):format(name, path), path) end
  says("hu.nn.save_safetensors('/nonexistent/folder/x', {})", "/nonexistent/folder/x")
  says("hu.nn.save_safetensors('/nonexistent/folder/x', {a = 1})", "save_safetensors")
end

claims["NaN prints without a sign, whichever it has"] = function()
  local nan = 0 / 0
  for _, x in ipairs {nan, -nan} do
    t.assertEquals(tostring(hu.array {x, 1}), "array 2 (double): nan 1")
    t.assertEquals(tostring(hu.array({x, 1}):sum()), "nan")
    t.assertEquals(tostring(hu.array({x}):totable()[1]), "nan")
    t.assertEquals(tostring(hu.stats.mean {x, 1}), "nan")
    refused("lr is nan", hu.nn.trainer, {model = tiny(), lr = x})
  end
end

claims["the bits per byte of a model that knows nothing are 8"] = function()
  local m = tiny()
  m:set_flat(hu.zeros(m.n_weights))
  t.assertAlmostEquals(m:loss(text()), 8, 1e-6)
  t.assertAlmostEquals(m:loss(text(), {split = "train", pieces = 3}), 8, 1e-6)
end

claims["arguments of every wrong kind are errors, never a crash"] = function()
  local values = {nil, true, 3, -1, 0 / 0, "x", {}, {1}, print, text(), tiny()}
  for i = 1, 11 do
    local v = values[i]
    for _, f in ipairs {hu.nn.lm, hu.nn.mlp, hu.nn.load, hu.nn.markov, hu.nn.text, hu.nn.trainer, hu.nn.train} do
      pcall(f, v, v)
    end
    local m, trainer = tiny(), hu.nn.trainer {model = tiny(), data = text()}
    for _, name in ipairs {"loss", "objective", "logits", "set_flat", "get", "set", "save", "threads"} do
      if not (name == "save" and type(v) == "string") then pcall(m[name], m, v, v, v) end
      pcall(m[name], v)
    end
    for _, name in ipairs {"step", "resume"} do pcall(trainer[name], trainer, v) end
  end
  t.assertTrue(true)
end

claims["what a finalizer finds collected is an error, never a crash"] = function()
  local data, found = text(), {}
  for _, use in ipairs {
    function(m) return m:loss(data) end, function(m) return m:logits(data) end, function(m) return m:flat() end,
  } do
    (function()
      local m
      setmetatable({}, {__gc = function() found[#found + 1] = {pcall(use, m)} end})
      m = tiny()                                   -- made later, so its own finalizer comes first where both are dropped
    end)()
  end
  collectgarbage()
  collectgarbage()
  t.assertEquals(#found, 3)
  for _, result in ipairs(found) do
    t.assertFalse(result[1])
    t.assertStrContains(result[2], "the model has been collected already")
  end
end

claims:run()
