-- training-formulas.lua - optimizers by their defaults, dynamic maps and unit scaling against their published formulas, written out here once more.
local hu = require "halfulp"
local claims, t = require("claims")()

-- ---- optimizers: one step at a time from the model's own weights, so that no error adds up ----

local function regression()
  return {features = hu.randn({16, 3}, {seed = 4}):totable(), values = (3 * hu.randn({16, 1}, {seed = 5})):totable()}
end

-- A trainer without warm-up, decay of the rate or clipping, and its gradient in double at the weights it has.
local function plain(optimizer, more)
  local o = {model = hu.nn.models.linear {inputs = 3, seed = 2}, lr = 0.01, schedule = "constant", steps = 0, warmup = 0, clip = 0, weight_decay = 0.1,
    optimizer = optimizer}
  for key, value in pairs(more or {}) do o[key] = value end
  return hu.nn.trainer(o)
end

-- Every step of the trainer against `formula`, which returns the change of a parameter: w and g are lists, memory is its own, k counts from 1.
-- times(k): what the values to be learned are multiplied by in that step, for a spike.
local function follows(name, trainer, steps, formula, times)
  local batch, model, memory, usual = regression(), trainer.model, {}, nil
  usual = batch.values
  for k = 1, steps do
    batch.values = times and times(k) ~= 1 and (hu.array(usual) * times(k)):totable() or usual
    local before = model:flat():to "double"
    local _, gradient = model:objective(nil, batch)
    trainer:step(batch)
    local after = model:flat():to "double"
    for i, p in ipairs(model:parameters()) do
      local w, g = {}, {}
      for j = 1, p.rows * p.cols do w[j], g[j] = before(p.first + j - 1), gradient(p.first + j - 1) end
      memory[i] = memory[i] or {}
      local change = formula(w, g, memory[i], k)
      for j = 1, #w do
        local decay = p.rows * p.cols > 1 and 0.01 * 0.1 * w[j] or 0      -- matrices alone decay
        t.assertAlmostEquals(after(p.first + j - 1) - w[j], change[j] - decay, 2e-6, ("%s, step %d, %s[%d]"):format(name, k, p.name, j))
      end
    end
  end
end

local function fading(memory, key, beta, list, j)
  memory[key] = memory[key] or {}
  memory[key][j] = beta * (memory[key][j] or 0) + (1 - beta) * list
  return memory[key][j]
end

local function adam(w, g, memory, k, beta1, beta2)
  local change = {}
  for j = 1, #w do
    local m, v = fading(memory, "m", beta1, g[j], j), fading(memory, "v", beta2, g[j] ^ 2, j)
    change[j] = -0.01 * (m / (1 - beta1 ^ k)) / ((v / (1 - beta2 ^ k)) ^ 0.5 + 1e-8)
  end
  return change
end

claims["AdamW, SGD and Lion have the published constants where none are given"] = function()
  follows("adamw", plain "adamw", 20, function(w, g, memory, k) return adam(w, g, memory, k, 0.9, 0.95) end)
  follows("sgd", plain "sgd", 20, function(w, g, memory)
    local change = {}
    for j = 1, #w do
      memory[j] = 0.9 * (memory[j] or 0) + g[j]
      change[j] = -0.01 * memory[j]
    end
    return change
  end)
  follows("lion", plain "lion", 500, function(w, g, memory)
    local change = {}
    for j = 1, #w do
      local d = 0.9 * ((memory.m or {})[j] or 0) + 0.1 * g[j]
      fading(memory, "m", 0.99, g[j], j)
      change[j] = d > 0 and -0.01 or d < 0 and 0.01 or 0
    end
    return change
  end)
end

-- arXiv:2502.17055: gammas 0.7, 0.9, 0.999, betas 0.9, 0.999, a reset every 1000 steps; with `total` gamma1 and beta1 follow a cosine from 1 to 1/2.
local function stable_spam(total)
  return function(w, g, memory, k)
    local s = total and 0.75 + 0.25 * math.cos(math.pi * math.min(k - 1, total) / total) or 1
    memory.time = (memory.time or 0) + 1
    local top, square = 0, 0
    for j = 1, #g do top = math.max(top, math.abs(g[j])) end
    memory.top = 0.999 * (memory.top or 0) + 0.001 * top
    local cut = memory.top / (1 - 0.999 ^ memory.time)
    for j = 1, #g do
      if math.abs(g[j]) > cut then g[j] = g[j] / top * cut end
      square = square + g[j] ^ 2
    end
    local g1 = 0.7 * s
    memory.n1 = g1 * (memory.n1 or 0) + (1 - g1) * square ^ 0.5
    memory.n2 = 0.9 * (memory.n2 or 0) + 0.1 * square
    local by = memory.n1 / (1 - g1 ^ memory.time) / ((memory.n2 / (1 - 0.9 ^ memory.time)) ^ 0.5 + 1e-8) / square ^ 0.5
    if k % 1000 == 0 then memory.time, memory.m, memory.v = 1, nil, nil end
    for j = 1, #g do g[j] = g[j] * by end
    return adam(w, g, memory, memory.time, 0.9 * s, 0.999)
  end
end

claims["Stable-SPAM has the published constants: it resets at step 1000, and its cosine ends at one half"] = function()
  follows("stable-spam", plain "stable-spam", 1005, stable_spam())
  follows("stable-spam with total", plain {name = "stable-spam", total = 12}, 20, stable_spam(12))
end

-- arXiv:2501.06842: theta 5000, a reset after every 500 steps, 150 steps of a cosine after it; what has no v yet is not cut.
claims["SPAM cuts spikes, resets and warms up with the published constants"] = function()
  local cut, warmed = 0, 0
  follows("spam", plain "spam", 660, function(w, g, memory, k)
    memory.time = (memory.time or 0) + 1
    if k > 1 and (k - 1) % 500 == 0 then memory.time, memory.m, memory.v = 1, nil, nil end
    for j = 1, #g do
      local most = (5000 * ((memory.v or {})[j] or 0)) ^ 0.5
      if most > 0 and math.abs(g[j]) > most then g[j], cut = most * (g[j] > 0 and 1 or -1), cut + 1 end
    end
    local change = adam(w, g, memory, memory.time, 0.9, 0.999)
    if k > 500 and memory.time < 150 then
      local part = (1 - math.cos(math.pi * memory.time / 150)) / 2
      for j = 1, #w do change[j], warmed = change[j] * part + 0.001 * w[j] * (#w > 1 and 1 - part or 0), warmed + 1 end
    end
    return change
  end, function(k) return k == 400 and 300 or 1 end)
  t.assertTrue(cut > 1 and warmed > 100)
end

-- SGD at the mean of the gradients of four parts, each at w + rho g / |g| with its own g; of the whole batch without `each_part`.
claims["sharpness-aware steps climb by the gradient of the batch, or each part by its own"] = function()
  local batch = regression()
  local function part(first, last)
    local p = {features = {}, values = {}}
    for i = first, last do p.features[#p.features + 1], p.values[#p.values + 1] = batch.features[i], batch.values[i] end
    return p
  end
  for _, each in ipairs {false, true} do
    for _, how in ipairs {"accumulate", "shards"} do
      local trainer = plain({name = "sgd", momentum = 0, rho = 0.3, each_part = each}, {[how] = 4, weight_decay = 0, batch = 16})
      local model = trainer.model
      local w, step = model:flat():to "double", 0
      for k = 1, 4 do
        local own = part(4 * k - 3, 4 * k)
        local _, g = model:objective(w, each and own or batch)
        local _, above = model:objective(w + 0.3 / g:norm() * g, own)
        step = step + above / 4
      end
      trainer:step(batch)
      t.assertTrue((model:flat():to "double" - (w - 0.01 * step)):abs():max() < 1e-6, how .. (each and ", each part" or ", whole"))
    end
  end
end

claims["states of matrices of more than 4096 numbers take formats, in groups of 128; others stay float"] = function()
  local list = {{"features", channels = 64}}
  for i, out in ipairs {64, 65, 1} do list[#list + 1] = {"linear", name = "l" .. i, out = out} end
  list[#list + 1] = {"mean_square"}
  local states = {m = "de8", v = {format = "e4m3fn", expand = true}}
  local trainer = plain({states = states}, {model = hu.nn.model(list), counters = true})
  trainer:step {features = hu.randn({4, 64}):totable(), values = {{1}, {2}, {3}, {4}}}
  local seen = {}
  for _, c in ipairs(trainer:counters()) do seen[#seen + 1] = c.layer .. " " .. c.role end
  table.sort(seen)
  t.assertEquals(seen, {"l2.weight m", "l2.weight v"})
  local text = tostring(hu.nn.policy {states = states})
  t.assertStrContains(text, "states.m: de8 rne per group of 128 in storage order")
  t.assertStrContains(text, "states.v: e4m3fn rne, expanded by groups of 128")
end

-- ---- dynamic maps: for decade i, 2^i (signed) or 2^(i+1) midpoints of linspace(0.1, 1), times 10^(i - last); and 0 and 1 ----

local function dynamic(bits, signed)
  local last, magnitudes = bits - 2, {}
  for i = 0, last do
    local n = signed and 2 ^ i or 2 ^ (i + 1)
    for k = 0, n - 1 do magnitudes[#magnitudes + 1] = (0.1 + 0.9 * (k + 0.5) / n) * 10.0 ^ (i - last) end
  end
  local list = {0, 1}
  for _, x in ipairs(magnitudes) do
    list[#list + 1] = x
    if signed then list[#list + 1] = -x end
  end
  table.sort(list)
  return list
end

claims["every value of the dynamic maps of 8 and 4 bits is that of their rule, and those without zero lack it alone"] = function()
  local without_zero = dynamic(4, false)
  table.remove(without_zero, 1)
  local linear = {}
  for i = 1, 16 do linear[i] = i / 16 end
  for name, want in pairs {de8 = dynamic(8, true), ude8 = dynamic(8, false), de4 = dynamic(4, true), ude4 = dynamic(4, false), ude4nz = without_zero, linear4 = linear} do
    local got = hu.format(name):values()
    t.assertEquals(#got, #want, name)
    for i = 1, #want do t.assertTrue(math.abs(got[i] - want[i]) <= 1e-6 * math.abs(want[i]), ("%s: %g for %g"):format(name, got[i], want[i])) end
  end
end

-- ---- unit scaling: the same model as a graph with its factors forward, whose gradient is the true one; each factor backward makes a known ratio ----

local function between(upper, lower, w) return upper ^ w * lower ^ (1 - w) end

-- Each parameter of `model` has `ratio` times the gradient of its namesake in the graph `twin`.
local function has_ratios(model, twin, batch, ratios, options)
  local flat, order = model:flat():to "double", {}
  for _, p in ipairs(twin:parameters()) do order[p.name] = p end
  local there, names = hu.zeros({twin.n_weights}, {dtype = "double"}), {}
  for _, p in ipairs(model:parameters()) do
    local case = assert(ratios[p.name], "no ratio of " .. p.name)
    names[#names + 1] = {p, assert(order[case[1]], "the graph lacks " .. case[1]), case[2]}
    for j = 0, p.rows * p.cols - 1 do there:set(names[#names][2].first + j, flat(p.first + j)) end
  end
  local loss, gradient = model:objective(nil, batch, options)
  local same, true_gradient = twin:objective(there, batch, options)
  t.assertAlmostEquals(loss, same, 1e-9)
  for _, case in ipairs(names) do
    local p, q, ratio = table.unpack(case)
    local got, want = gradient:slice(p.first, p.first + p.rows * p.cols - 1), ratio * true_gradient:slice(q.first, q.first + p.rows * p.cols - 1)
    t.assertTrue((got - want):norm() < 1e-8 * want:norm(), ("%s: %g times the factor of the table"):format(p.name, got:norm() / want:norm()))
  end
end

claims["unit scaling of a classifier has the factors of the table, forward and backward"] = function()
  local inputs, width, classes, n = 6, 10, 5, 7
  local gelu, back = between((2 / (1 - 1 / math.pi)) ^ 0.5, 2, 1 / 1.25), between(2 ^ 0.5, 2, 1 / 1.25)
  local list = {{"features", channels = inputs}}
  for i, from in ipairs {inputs, width} do
    list[#list + 1] = {"linear", name = "l" .. i, out = width, bias = false, multiplier = from ^ -0.5}
    list[#list + 1] = {"layernorm", name = "n" .. i}
    list[#list + 1] = {"gelu", name = "g" .. i}
    list[#list + 1] = {"scale", name = "s" .. i, by = gelu}
  end
  list[#list + 1] = {"linear", name = "head", out = classes, multiplier = 1 / width}
  list[#list + 1] = {"cross_entropy"}
  local model = hu.nn.mlp {inputs = inputs, classes = classes, layers = 2, width = width, units = true, seed = 3}
  local targets = {}
  for i = 1, n do targets[i] = i % classes end
  local loss = n * classes / (classes - 1) ^ 0.5             -- of the sum, not the mean
  local after = {}                                           -- the gradient that reaches the end of layer 2, 1
  after[2] = loss * classes ^ -0.5 / (1 / width)             -- the head's input: out^-1/2 instead of 1 / in
  after[1] = after[2] * back / gelu
  local ratios = {["head"] = {"head.weight", loss * n ^ -0.5 / (1 / width)}, ["head.bias"] = {"head.bias", loss * n ^ -0.5}}
  for i, from in ipairs {inputs, width} do
    local here = after[i] * back / gelu
    ratios[(i - 1) .. ".weight"] = {"l" .. i .. ".weight", here * n ^ -0.5 / from ^ -0.5}
    ratios[(i - 1) .. ".gain"] = {"n" .. i .. ".gain", here * n ^ -0.5}
    ratios[(i - 1) .. ".bias"] = {"n" .. i .. ".bias", here * n ^ -0.5}
  end
  has_ratios(model, hu.nn.model(list), {features = hu.randn({n, inputs}, {seed = 8}):totable(), targets = targets}, ratios)
end

claims["unit scaling of a language model has the factors of the table, forward and backward"] = function()
  local V, T, C, F, H, L, B = 128, 6, 8, 16, 2, 2, 3
  local n, d = B * T, C / H
  local attention = between(1, (math.log(T) / T) ^ 0.5, 1 / (1 + 4 * d))
  local gate = between(2 ^ 0.5, 2, 1 / 2)
  local list = {{"tokens", context = T, vocabulary = V}, {"embedding", name = "e", width = C}}
  local x, branch = "e", 0
  local function join(name, h)
    local tau = 1 / ((2 * L) / 2 + branch) ^ 0.5             -- a = 1: attention and feed-forward weigh the same
    branch = branch + 1
    list[#list + 1] = {"scale", name = name .. "b", from = h, by = tau / (1 + tau ^ 2) ^ 0.5}
    list[#list + 1] = {"scale", name = name .. "s", from = x, by = 1 / (1 + tau ^ 2) ^ 0.5}
    list[#list + 1] = {"plus", name = name .. "x", from = {name .. "b", name .. "s"}}
    x = name .. "x"
    return tau / (1 + tau ^ 2) ^ 0.5
  end
  local loss = n * V / (V - 1) ^ 0.5
  local below = loss * V ^ -0.5 / (1 / C)                    -- what comes out of the head's input
  local ratios = {embedding = {"e.weight", below * (V / n) ^ 0.5}, head = {"head.weight", loss * n ^ -0.5 / (1 / C)},
    norm = {"norm.gain", below * n ^ -0.5}}
  for i = 0, L - 1 do
    local a, f = i .. "a", i .. "f"
    list[#list + 1] = {"rmsnorm", name = a .. "n", from = x}
    list[#list + 1] = {"linear", name = a .. "in", out = 3 * C, bias = false, multiplier = C ^ -0.5}
    list[#list + 1] = {"scale", name = a .. "q", by = d ^ -0.25}                        -- logits q k / d: attention itself takes d^-1/2
    list[#list + 1] = {"attention", name = a .. "t", heads = H}
    list[#list + 1] = {"scale", name = a .. "v", by = 1 / (d ^ -0.25 * attention)}
    list[#list + 1] = {"linear", name = a .. "out", out = C, bias = false, multiplier = C ^ -0.5}
    local share = join(a, a .. "out")                        -- the branch's gradient is whole; the share follows where it leaves
    ratios[i .. ".attention.norm"] = {a .. "n.gain", below / share * n ^ -0.5}
    ratios[i .. ".attention.in"] = {a .. "in.weight", below / share * n ^ -0.5 / C ^ -0.5}
    ratios[i .. ".attention.out"] = {a .. "out.weight", below / share * n ^ -0.5 / C ^ -0.5}
    list[#list + 1] = {"rmsnorm", name = f .. "n", from = x}
    list[#list + 1] = {"linear", name = f .. "in", out = 2 * F, bias = false, multiplier = C ^ -0.5}
    list[#list + 1] = {"swiglu", name = f .. "g"}
    list[#list + 1] = {"scale", name = f .. "v", by = gate}
    list[#list + 1] = {"linear", name = f .. "out", out = C, bias = false, multiplier = F ^ -0.5}
    share = join(f, f .. "out")
    ratios[i .. ".feed.norm"] = {f .. "n.gain", below / share * n ^ -0.5}
    ratios[i .. ".feed.in"] = {f .. "in.weight", below / share * n ^ -0.5 / C ^ -0.5}
    ratios[i .. ".feed.out"] = {f .. "out.weight", below / share * n ^ -0.5 / F ^ -0.5}
  end
  list[#list + 1] = {"rmsnorm", name = "norm", from = x}
  list[#list + 1] = {"linear", name = "head", out = V, bias = false, multiplier = 1 / C}
  list[#list + 1] = {"cross_entropy"}
  local model = hu.nn.lm {layers = L, heads = H, width = C, hidden = F, context = T, vocabulary = V, units = true, seed = 5}
  has_ratios(model, hu.nn.model(list), hu.nn.markov {alphabet = 8, train = 400, heldout = 100}, ratios, {rows = B})
end

claims:run()
