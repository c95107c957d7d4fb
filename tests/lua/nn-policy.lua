-- nn-policy.lua - policies, optimizers and counters from Lua.
local hu = require "halfulp"
local claims, t = require("claims")()

local function tiny() return hu.nn.lm {layers = 1, heads = 2, width = 16, context = 8} end
local text = hu.nn.markov {alphabet = 4, train = 4000, heldout = 600}

local function trainer(options)
  local all = {model = tiny(), data = text, batch = 4, lr = 1e-2}
  for key, value in pairs(options) do all[key] = value end
  return hu.nn.trainer(all)
end

local function refused(pattern, f, ...)
  local ok, message = pcall(f, ...)
  t.assertFalse(ok)
  t.assertStrContains(message, pattern)
  t.assertNotStrContains(message, "\n")
end

local function after(n, tr)
  local loss
  for _ = 1, n do loss = tr:step() end
  return loss
end

claims["what a policy says is printed, and its digest tells policies apart"] = function()
  local p = hu.nn.policy {weight = {format = "e4m3fn", per = "tensor", history = 4}, layers = {head = "fp32", ["0.*"] = {p1 = "e5m2:sr"}}}
  t.assertStrContains(tostring(p), "p2: e4m3fn rne saturate per tensor, absmax, delayed by 4 steps, margin 0")
  t.assertStrContains(tostring(p), "  0.*:\n    p1: e5m2 sr")
  t.assertStrContains(tostring(p), "head: fp32")
  t.assertEquals(p:digest(), hu.nn.policy(hu.nn.policy {weight = {format = "e4m3fn", per = "tensor", history = 4},
                                                          layers = {["0.*"] = {p1 = "e5m2:sr"}, head = "fp32"}}):digest())
  t.assertNotEquals(p:digest(), hu.nn.policy({weight = {format = "e4m3fn", per = "tensor", history = 5}}):digest())
end

claims["a policy as object, table and string is the same"] = function()
  local a = after(4, trainer {policy = "e4m3fn/e5m2@tensor"})
  t.assertEquals(after(4, trainer {policy = hu.nn.policy "e4m3fn/e5m2@tensor"}), a)
  t.assertEquals(after(4, trainer {policy = {activation = "e4m3fn@tensor", weight = {format = "e4m3fn", per = "tensor"},
                                             gradient = hu.quantizer {format = "e5m2"}}}), a)
  t.assertNotEquals(after(4, trainer {policy = "e4m3fn/e5m2"}), a)
end

claims["the optimizer's states are part of a policy: what they are trains, prints and hashes alike wherever it is said"] = function()
  local states = {v = {format = "e4m3fn", expand = true, group = 64}, m = "de8"}
  local policy = hu.nn.policy {format = "e4m3fn", states = states}
  t.assertStrContains(tostring(policy), "\n  states.m: de8 rne per group of 128 in storage order, absmax\n  states.v: e4m3fn rne, expanded by groups of 64")
  t.assertNotEquals(policy:digest(), hu.nn.policy("e4m3fn"):digest())
  t.assertNotEquals(policy:digest(), hu.nn.policy({format = "e4m3fn", states = {v = states.v, m = "de4"}}):digest())
  local wanted = after(4, trainer {policy = "e4m3fn", optimizer = {states = states, least = 0}})
  t.assertEquals(after(4, trainer {policy = policy, optimizer = {least = 0}}), wanted)
  t.assertEquals(after(4, trainer {policy = {format = "e4m3fn", states = {v = states.v}}, optimizer = {states = {m = "de8"}, least = 0}}), wanted)
  t.assertNotEquals(after(4, trainer {policy = "e4m3fn"}), wanted)
  local function of_states(m) return after(4, trainer {optimizer = {states = {m = m}, least = 0}}) end
  for text, same in pairs {["bf16:sr"] = {format = "bf16", rounding = "sr"}, ["e4m3fn@tensor"] = {format = "e4m3fn", per = "tensor"},
                           ["e5m2:rz+sat"] = {format = "e5m2", rounding = "rz", overflow = "saturate"}} do
    t.assertEquals(of_states(text), of_states(same), text)
    t.assertNotEquals(of_states(text), of_states(same.format), text)
    t.assertEquals(tostring(hu.nn.policy {states = {m = text}}), tostring(hu.nn.policy {states = {m = same}}))
  end
  refused("it takes a narrower format", hu.nn.policy, {states = {m = "fp32:rz"}})
  refused("it takes one format", hu.nn.policy, {states = {m = "e4m3/e5m2"}})
  refused("no rounding", hu.nn.policy, {states = {m = "bf16:srr"}})
  refused("states has 'mm', which no optimizer has", hu.nn.policy, {states = {mm = "de8"}})
  refused("states is 3", hu.nn.policy, {states = 3})
  refused("zero points", hu.nn.policy, {states = {m = {format = "int4", zero = true}}})
  refused("a format for the state m; sgd has momentum", trainer, {policy = {states = {m = "de8"}}, optimizer = "sgd"})
  refused("policy and optimizer both have a format for the state m", trainer, {policy = {states = {m = "de8"}}, optimizer = {states = {m = "de8"}}})
  refused("more than 2", hu.nn.policy, {states = {m = "de8", v = "de8", momentum = "de8"}})
end

claims["a rule that says fp32 of every layer is no policy; a rule for some changes these alone"] = function()
  local plain = after(3, trainer {})
  t.assertEquals(after(3, trainer {policy = {format = "e4m2", layers = {["*"] = "fp32"}}}), plain)
  local some = after(3, trainer {policy = {layers = {["*.feed.*"] = {format = "e4m2"}}}})
  t.assertEquals(after(3, trainer {policy = {format = "e4m2", layers = {["*.attention.*"] = "fp32", head = "fp32"}}}), some)
  t.assertNotEquals(some, plain)
end

claims["more letters win over fewer, later pairs over all"] = function()
  local wanted = after(3, trainer {policy = {layers = {head = {format = "e4m2"}}}})
  t.assertEquals(after(3, trainer {policy = {layers = {["*"] = "e5m2", ["0.*"] = "fp32", head = "e4m2"}}}), wanted)
  t.assertEquals(after(3, trainer {policy = {layers = {head = "e5m2", {"h*", "bf16"}, {"he??", "e4m2"}}}}), wanted)
end

claims["wrong policies are refused in one line"] = function()
  refused("no layer is called 'haed': did you mean 'head'?", trainer, {policy = {layers = {haed = "fp32"}}})
  refused("'7.*' meets no layer", trainer, {policy = {layers = {["7.*"] = "fp32"}}})
  refused('did you mean "weight"', hu.nn.policy, {weigth = "e4m3"})
  refused("p2 has a history; delayed scaling is for one scale a tensor", hu.nn.policy, {weight = {format = "e4m3", per = "row", history = 3}})
  refused("p2 has a search", hu.nn.policy, {weight = {format = "e4m3", scale = "search"}})
  refused("attention is the block format mxfp4", hu.nn.policy, {attention = "mxfp4"})
  refused("one role takes one format", hu.nn.policy, {weight = "e4m3/e5m2"})
  refused("it takes a string", hu.nn.policy, {layers = {head = 3}})
  refused("no pair", hu.nn.policy, {layers = {{"head"}}})
  refused("neither a pattern", hu.nn.policy, {layers = {[2.5] = "fp32"}})
  refused("no scale is called 'tensr'", hu.nn.policy, "e4m3fn@tensr")
  refused("policy", hu.nn.policy)
  refused("a margin goes with a history", hu.nn.policy, {weight = {format = "e4m3", per = "tensor", margin = 2}})
end

claims["wrong settings of a trainer are refused in one line"] = function()
  refused("lr is -1", trainer, {lr = -1})
  refused('lr is "fast"; it takes a number', trainer, {lr = "fast"})
  refused("did you mean 'adamw'", trainer, {optimizer = "adm"})
  refused('unknown option "v"', trainer, {optimizer = {name = "sgd", states = {v = "e4m3"}}})
  refused("momentum is 1", trainer, {optimizer = {name = "sgd", momentum = 1}})
  refused("cannot be cut into 3", trainer, {shards = 3})
  refused("loss_scale is -2", trainer, {loss_scale = -2})
  refused('did you mean "cosine"', trainer, {schedule = "cosin"})
  for _, case in ipairs {
    {"decay_steps is given, but not schedule = \"wsd\"", {decay_steps = 2}}, {"group is given, but not collective = \"hierarchical\"", {shards = 2, group = 2}},
    {"loss_scale_growth is given, but not loss_scale = \"dynamic\"", {loss_scale_growth = 5}}, {"loss_scale_growth is given", {loss_scale_growth = 5, loss_scale = 8}},
    {"adaptive is given, but not rho", {optimizer = {adaptive = true}}}, {"each_part is given, but not rho", {optimizer = {each_part = true}}},
    {"eta is given, but not rho", {optimizer = {eta = 0.1}}}, {"eta is given, but not adaptive", {optimizer = {rho = 0.1, eta = 0.1}}},
  } do
    refused(case[1], trainer, case[2])
  end
  trainer {schedule = "wsd", steps = 10, decay_steps = 2, loss_scale = "dynamic", loss_scale_growth = 5, optimizer = {rho = 0.1, adaptive = true, eta = 0.1, each_part = true}}
  refused("every is a table; it takes a whole number", hu.nn.train, {every = {}})
  refused("groups of 3 do not divide 4 shards", trainer, {shards = 4, collective = "hierarchical", group = 3})
  refused("steps of decay", trainer, {schedule = "wsd", steps = 10, warmup = 5, decay_steps = 7})
  refused("counters = true", function() trainer({}):counters() end)
end

claims["every optimizer learns, and goes on after a checkpoint with the same bits"] = function()
  local path = claims.tmpdir() .. "/run.hu"
  local states = {adamw = {m = "de8", v = {format = "linear4", per = "rank1"}}, sgd = {momentum = {format = "bf16", rounding = "sr"}},
                  lion = {m = {format = "e4m3fn", expand = true, rounding = "sr"}}, adafactor = {}, ["stable-spam"] = {v = "ude4nz"}, spam = {m = "bf16"}}
  local rates = {adamw = 1e-2, sgd = 0.3, lion = 2e-3, adafactor = 1e-2, ["stable-spam"] = 1e-2, spam = 1e-2}
  for name, formats in pairs(states) do
    local function new()
      return trainer {lr = rates[name], min_lr = rates[name], steps = 0, warmup = 2, policy = {gradient = {format = "e5m2", history = 3}},
                      optimizer = {name = name, states = formats, least = 0, rho = name == "sgd" and 0.02 or 0}}
    end
    local whole, first, second = new(), new(), new()
    local start = whole:step()
    local last = after(29, whole)
    t.assertTrue(last < start - 1, name .. " ends at " .. last)
    after(17, first)
    first:save(path)
    second:resume(path)
    t.assertEquals(after(13, second), last)
    t.assertEquals(second.model:flat(), whole.model:flat())
  end
end

claims["counters name layers and roles and are exact"] = function()
  local tr = trainer {policy = {activation = "e4m3fn", saved = "bf16", master = "bf16:sr", reduce = "bf16"}, counters = true, shards = 2,
                      optimizer = {states = {m = "e4m3fn"}, least = 0}}
  after(2, tr)
  local found = {}
  for _, c in ipairs(tr:counters()) do
    found[c.layer .. " " .. c.role] = c
    local n = c.zeros + c.not_finite
    for _, k in pairs(c.exponents) do n = n + k end
    t.assertEquals(n, c.n)
  end
  t.assertEquals(found["head p1"].n, 2 * 4 * 8 * 16)
  t.assertEquals(found["embedding master"].n, 2 * 256 * 16)
  t.assertNotNil(found["all reduce"])
  t.assertNotNil(found["head m"])
  t.assertNotNil(found["0.feed.in saved"])
  t.assertNil(found["head p3"])
  tr:reset_counters()
  t.assertEquals(#tr:counters(), 0)
  local rows = hu.nn.exponents {found["head p1"]}
  local sum = 0
  for _, row in ipairs(rows) do sum = sum + row.share end
  t.assertAlmostEquals(sum, 1, 1e-12)
end

-- y = w2 f(x w1^T): dL/dw1 = ((dy w2) f'(kept x w1^T))^T x, with f' at what was kept and y of what was not.
claims["every function of elements and norm over columns goes back by what it kept, forward by what it had"] = function()
  local n, grid = 9, "e4m1"
  local x, values = hu.randn({n, 6}, {seed = 1}), hu.randn({n, 1}, {seed = 2})
  local function sigmoid(h) return 1 / (1 + (-h):exp()) end
  local function batch_z(h, of)                              -- by the mean and deviation of `of`
    local mean = of:mean(1)
    return (h - mean) / (((of - mean) ^ 2):mean(1) + 1e-5) ^ 0.5
  end
  local functions = {
    silu = {function(h) return h * sigmoid(h) end, function(dy, h) return dy * (sigmoid(h) + h * sigmoid(h) * (1 - sigmoid(h))) end},
    sigmoid = {sigmoid, function(dy, h) return dy * sigmoid(h) * (1 - sigmoid(h)) end},
    tanh = {function(h) return 2 * sigmoid(2 * h) - 1 end, function(dy, h) return dy * 4 * sigmoid(2 * h) * (1 - sigmoid(2 * h)) end},
    relu = {function(h) return (h + h:abs()) / 2 end, function(dy, _, h) return dy * (h / h:abs() + 1) / 2 end},
    batchnorm = {function(h) return batch_z(h, h) end, function(dy, kept, h)
      local z, r = batch_z(kept, h), ((h - h:mean(1)) ^ 2):mean(1)
      return (dy - dy:mean(1) - z * (z * dy):mean(1)) / (r + 1e-5) ^ 0.5
    end},
  }
  for op, f in pairs(functions) do
    local model = hu.nn.model {seed = 4, {"features", channels = 6}, {"linear", name = "a", out = 8, bias = false}, {op, name = "f"},
      {"linear", name = "head", out = 1, bias = false}, {"mean_square"}}
    local w1, w2 = model:get("a.weight"):to "double", model:get("head.weight"):to "double"
    local h = hu.matmul(x, w1, {transpose_b = true})
    local y = hu.matmul(f[1](h), w2, {transpose_b = true})
    local dy = hu.matmul(2 / n * (y - values), w2)
    local batch = {features = x:totable(), values = values:totable()}
    for _, policy in ipairs {false, true} do
      local kept = policy and h:quantize(grid) or h
      local want = hu.matmul(f[2](dy, kept, h), x, {transpose_a = true})
      local loss, gradient = model:objective(nil, batch, {policy = policy and {saved = grid} or nil})
      local got = gradient:slice(1, 48)
      t.assertAlmostEquals(loss, ((y - values) ^ 2):mean(), 1e-5, op)
      t.assertTrue((got - want:reshape {48}):norm() < 1e-5 * want:norm(), ("%s, %s: off by %g"):format(op, policy and "kept on a grid" or "kept whole", (got - want:reshape {48}):norm() / want:norm()))
    end
  end
end

claims["counting changes nothing"] = function()
  local policy = {format = "e4m3fn:sr", attention = "bf16", saved = "e5m2", gradient = {format = "e5m2", history = 2}}
  t.assertEquals(after(4, trainer {policy = policy, counters = true}), after(4, trainer {policy = policy}))
end

claims["a rate past all reason is a result"] = function()
  local run = hu.nn.train {model = tiny(), data = text, steps = 20, batch = 2, lr = 1e30, clip = 0, weight_decay = 1, optimizer = "sgd"}
  t.assertTrue(run.diverged)
  t.assertTrue(#run.loss < 20)
end

-- Without overflow a chain of integers is exact, and so are these sums in double; the whole sum of the first class leaves 32 bits.
claims["dynamic fixed point adds in integers, whose chains are exact where they are short"] = function()
  local model = hu.nn.model {{"features", channels = 600}, {"linear", name = "head", out = 2}, {"cross_entropy"}}
  model:set("head.weight", hu.uniform({2, 600}, {seed = 4, low = 0.5}) * hu.array {{1}, {0.01}})
  local batch = {features = hu.uniform({3, 600}, {seed = 5, low = 0.5}), targets = {0, 1, 1}}
  local fixed = {format = "int16", narrow = true, pow2 = "floor", target = 2 ^ 14}
  local function loss(sums) return (model:objective(nil, batch, {policy = {format = fixed, forward = sums}})) end
  local exact = loss()
  t.assertAlmostEquals(loss {integer = 32, shared = 16, chunk = 1}, exact, 1e-12)
  t.assertAlmostEquals(loss {integer = 48, shared = 16}, exact, 1e-12)
  t.assertTrue(math.abs(loss {integer = 32, shared = 16} - exact) > 1)
  t.assertNotEquals(hu.nn.policy {format = fixed, forward = {integer = 32, shared = 16}}:digest(), hu.nn.policy {format = fixed, forward = {integer = 32, shared = 15}}:digest())
  for options, message in pairs {
    [{integer = 32, shared = 1}] = "dynamic fixed point of 1 bits; 2 to 32 will do", [{shared = 16}] = "shared goes with integer",
    [{integer = 32, shared = 16, fraction = 3}] = "it goes without fraction",
  } do
    local ok, err = pcall(hu.matmul, hu.ones {1, 2}, hu.ones {2, 1}, {accumulate = options})
    t.assertFalse(ok)
    t.assertStrContains(tostring(err), message)
  end
end

claims["models with units learn in eight bits without scales, and their files say so"] = function()
  local path = claims.tmpdir() .. "/units.hu"
  local model = hu.nn.lm {layers = 1, heads = 2, width = 32, context = 16, units = true}
  local run = hu.nn.train {model = model, data = text, steps = 40, batch = 4, lr = 0.1, clip = 0, weight_decay = 0, policy = "e4m3fn/e5m2:rne+sat"}
  t.assertTrue(run.loss[40] < 2, "ends at " .. run.loss[40])
  model:save(path)
  t.assertEquals(hu.nn.load(path):loss(text), model:loss(text))
  local classifier = hu.nn.mlp {inputs = 2, classes = 2, units = true}
  local batch = {features = {{1, 1}, {-1, 1}, {1, -1}, {-1, -1}}, targets = {0, 1, 1, 0}}
  local tr, loss = hu.nn.trainer {model = classifier, lr = 0.05, clip = 0, weight_decay = 0, steps = 0}, nil
  for _ = 1, 100 do loss = tr:step(batch) end
  t.assertTrue(loss < 0.1, "xor ends at " .. loss)
end

claims:run()
