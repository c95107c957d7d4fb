-- curvature.lua - Hessians, curvature, sharpness along steps, and landscapes from Lua.
local hu = require "halfulp"
local claims, t = require("claims")()

local function data_of(n, inputs, seed)
  local features, targets = {}, {}
  local x = hu.randn({n, inputs}, {seed = seed})
  for i = 1, n do
    features[i], targets[i] = {}, (i * 7 + i // 3) % 3
    for j = 1, inputs do features[i][j] = x(i, j) end
  end
  return {features = features, targets = targets}
end

local function small()
  return hu.nn.mlp {inputs = 4, classes = 3, layers = 1, width = 5, seed = 2}, data_of(12, 4, 5)
end

claims["a product is the derivative of the gradient along the vector"] = function()
  local model, data = small()
  local h = hu.hessian(model, data)
  local v = hu.randn({h.n}, {seed = 3, dtype = "double"})
  local product, w, step = h:product(v), model:flat():to "double", 1e-4
  local function gradient(s) return (select(2, model:objective(w + s * step * v, data))) end
  local want = (8 * (gradient(1) - gradient(-1)) - gradient(2) + gradient(-2)) / (12 * step)
  t.assertTrue((product - want):norm() < 1e-8 * want:norm())
  t.assertEquals(h.products, 1)
  local loss, g = model:objective(nil, data)
  t.assertEquals(h.loss, loss)
  t.assertTrue(h.gradient == g)
end

claims["parameters by name or pattern are blocks, and spread puts them back"] = function()
  local model, data = small()
  local whole, block = hu.hessian(model, data), hu.hessian(model, data, {parameters = "head"})
  local p
  for _, each in ipairs(model:parameters()) do if each.name == "head" then p = each end end
  t.assertEquals(block.n, p.rows * p.cols)
  local v = hu.randn({block.n}, {seed = 4, dtype = "double"})
  local wide = block:spread(v)
  t.assertEquals(#wide, model.n_weights)
  local part = whole:product(wide):slice(p.first, p.first + block.n - 1)
  t.assertTrue((part - block:product(v)):norm() < 1e-14 * part:norm())
  t.assertEquals(hu.hessian(model, data, {parameters = {"head", "head.bias"}}).n, block.n + 3)
  t.assertEquals(hu.hessian(model, data, {parameters = "head*"}).n, block.n + 3)
end

claims["several batches are their mean"] = function()
  local model = small()
  local a, b = data_of(4, 4, 1), data_of(8, 4, 2)
  local ha, hb, both = hu.hessian(model, a), hu.hessian(model, b), hu.hessian(model, {a, b})
  local v = hu.randn({both.n}, {seed = 1, dtype = "double"})
  local want = (ha:product(v) * 4 + hb:product(v) * 8) / 12
  t.assertTrue((both:product(v) - want):norm() < 1e-14 * want:norm())
  t.assertAlmostEquals(both.loss, (4 * ha.loss + 8 * hb.loss) / 12, 1e-14)
end

claims["eigenvalues, trace and density agree with each other"] = function()
  local model, data = small()
  local h = hu.hessian(model, data)
  local all = h:eigen {k = h.n, steps = h.n, tolerance = 1e-12}
  local sum = all.values:sum()
  t.assertAlmostEquals(h:trace({samples = 3 * h.n}).trace, sum, 1e-10)
  local plain = h:trace {method = "hutchinson", samples = 400}
  t.assertTrue(math.abs(plain.trace - sum) < 4 * plain.error)
  local top = h:eigen {k = 2, vectors = true}
  t.assertTrue(top.converged)
  t.assertAlmostEquals(top.values(2), all.values(2), 1e-6)
  local x = top.vectors:row(1)
  t.assertTrue((h:product(x) - top.values(1) * x):norm() <= top.residuals(1) + 1e-14)
  t.assertAlmostEquals(h:eigen({which = "smallest"}).values(1), all.values(h.n), 1e-6)
  local d = h:density {starts = 4, steps = 20, points = 200}
  t.assertTrue(d.bound <= 0.0101 / (math.sqrt(2 * math.pi) * d.sigma))
  t.assertAlmostEquals(d.density:sum() * (d.x(2) - d.x(1)), 1, 1e-3)
  local nodes = (d.nodes * d.weights):sum() / 4 * h.n      -- the mean of v.Hv
  local spread = 0
  for s = 1, 4 do spread = spread + ((d.nodes:row(s) * d.weights:row(s)):sum() * h.n - nodes) ^ 2 end
  t.assertTrue(math.abs(nodes - sum) < 5 * math.sqrt(spread / 12))
end

claims["power iteration has PyHessian's rule and finds the same"] = function()
  local model, data = small()
  local h = hu.hessian(model, data)
  local power, lanczos = h:eigen {method = "power"}, h:eigen {which = "magnitude"}
  t.assertTrue(power.products <= 100)
  t.assertTrue(math.abs(power.values(1) - lanczos.values(1)) < 0.02 * math.abs(lanczos.values(1)))
  t.assertErrorMsgContains("power iteration finds the largest magnitude only", h.eigen, h, {method = "power", which = "largest"})
end

claims["curvature has full precision, emulated and the floor of noise, the same every time"] = function()
  local model, data = small()
  local function run() return hu.curvature(model, data, {policy = "e4m3:rne+sat", k = 2, repeats = 3, trace = 12, each = true}) end
  local c, again = run(), run()
  t.assertTrue(c.full.top ~= c.emulated.top and c.noise.top > 0 and c.noise.trace > 0 and c.noise.runs == 3)
  t.assertTrue(math.abs(c.emulated.top - c.full.top) < 20 * c.noise.top)
  t.assertTrue(c.full.asymmetry < 1e-13 and c.noise.asymmetry > 1e-6)
  t.assertEquals({again.full.top, again.emulated.top, again.noise.top, again.emulated.trace}, {c.full.top, c.emulated.top, c.noise.top, c.emulated.trace})
  t.assertEquals(#c.parameters, #model:parameters())
  for _, p in ipairs(c.parameters) do t.assertTrue(p.full.top <= c.full.top + 1e-6) end     -- a block's is never larger
  t.assertNil(hu.curvature(model, data, {trace = false}).full.trace)
  t.assertNil(hu.curvature(model, data).emulated)
end

-- The sum of Gaussians written out, over the nodes of Hessians whose rounding is stochastic.
claims["a density has a floor of noise beside it, at its own points"] = function()
  local model, data = small()
  local how = {starts = 2, steps = 8, points = 30}
  local c = hu.curvature(model, data, {policy = "e4m3:rne+sat", repeats = 3, trace = false, density = how})
  local d, drawn = c.emulated.density, {}
  for i = 1, 3 do
    local other = hu.hessian(model, data, {policy = "e4m3:sr+sat", precision = "float", stream = i}):density(how)
    drawn[i] = {}
    for k = 1, 30 do
      drawn[i][k] = 0
      for s = 1, 2 do
        for j = 1, 8 do
          drawn[i][k] = drawn[i][k] + other.weights(s, j) / 2 * math.exp(-((d.x(k) - other.nodes(s, j)) / d.sigma) ^ 2 / 2) / (d.sigma * (2 * math.pi) ^ 0.5)
        end
      end
    end
  end
  t.assertEquals(#c.noise.density, 30)
  for k = 1, 30 do t.assertAlmostEquals(c.noise.density(k), hu.stats.sd {drawn[1][k], drawn[2][k], drawn[3][k]}, 1e-12) end
  t.assertTrue(c.noise.density:max() > 1e-4)
  t.assertNil(hu.curvature(model, data, {policy = "e4m3:rne+sat", repeats = 1, trace = false, density = how}).noise.density)
end

claims["the floor takes policies with layers; one that is an object needs another beside it"] = function()
  local model, data = small()
  local c = hu.curvature(model, data, {policy = {format = "e4m3", overflow = "saturate", layers = {head = "fp32"}}, repeats = 2, trace = false})
  t.assertTrue(c.noise.top > 0)
  c = hu.curvature(model, data, {policy = "fp32", repeats = 2, trace = false})
  t.assertEquals(c.noise.top, 0)
  local object = hu.nn.policy "e4m3:rne+sat"
  t.assertErrorMsgContains("noise_policy", hu.curvature, model, data, {policy = object})
  t.assertTrue(hu.curvature(model, data, {policy = object, noise_policy = "e4m3:sr+sat", repeats = 2}).noise.top > 0)
end

claims["rounded tangents depend on the direction, kept ones are linear"] = function()
  local model, data = small()
  local v = hu.randn({model.n_weights}, {seed = 9, dtype = "double"})
  local kept = hu.hessian(model, data, {policy = "e4m3:rne+sat"})
  local rounded = hu.hessian(model, data, {policy = "e4m3:rne+sat", tangents = "rounded"})
  t.assertTrue(rounded:product(v / 8) == rounded:product(v) / 8)
  local apart = (rounded:product(v) - kept:product(v)):norm() / kept:product(v):norm()
  t.assertTrue(apart > 1e-4 and apart < 0.5)
end

claims["the same bits at 1, 2 and 4 threads"] = function()
  local text, seen = hu.nn.markov {alphabet = 8}, nil
  for _, threads in ipairs {1, 2, 4} do
    local model = hu.nn.lm {layers = 1, heads = 2, width = 32, context = 64, vocabulary = 256}
    model:threads(threads)
    local c = hu.curvature(model, text, {rows = 8, policy = "e4m3:sr+sat", steps = 8, trace = 6, repeats = 0})
    local now = {c.full.top, c.full.trace, c.emulated.top, c.emulated.trace}
    seen = seen or now
    t.assertEquals(now, seen)
  end
end

-- ---- sharpness along steps, on f = sum a w^2 / 2 ----

local a = hu.array {1, 2, 0.5}
local w = {3, -4, 2}
local function bowl(x) return (a * x * x):sum() / 2, a * x end

claims["SAM and ASAM have their closed forms on a quadratic"] = function()
  local x = hu.array(w)
  local g = a * x
  local e = 0.05 * g / (g:norm() + 1e-12)
  local s = hu.sharpness.sam {loss = bowl, weights = w}
  t.assertAlmostEquals(s.increase, (g * e):sum() + (a * e * e):sum() / 2, 1e-12)
  t.assertAlmostEquals(s.phi, 100 * s.increase / (1 + s.loss), 1e-12)
  t.assertAlmostEquals(s.norm, g:norm(), 1e-12)
  local width = x:abs() + 0.01
  local d = 0.5 * width * width * g / (width * g):norm()
  t.assertAlmostEquals(hu.sharpness.asam({loss = bowl, weights = w}).increase, (g * d):sum() + (a * d * d):sum() / 2, 1e-12)
  local mixed = hu.array {x:abs()(1) + 0.01, 1, x:abs()(3) + 0.01}
  d = 0.5 * mixed * mixed * g / (mixed * g):norm()
  t.assertAlmostEquals(hu.sharpness.asam({loss = bowl, weights = w, biases = {0, 1, 0}}).increase, (g * d):sum() + (a * d * d):sum() / 2, 1e-12)
end

claims["worst-case sharpness finds the maximum over the box and over the ball"] = function()
  local x = hu.array(w)
  local s = hu.sharpness.worst {loss = bowl, weights = w, rho = 0.1}
  t.assertAlmostEquals(s.increase, (a * x * x):sum() * (0.1 + 0.005), 1e-12)      -- at a corner, away from 0
  t.assertEquals(s.evaluations, 21)
  s = hu.sharpness.worst {loss = bowl, weights = w, rho = 0.1, adaptive = false}
  local corner = hu.array {0.1, -0.1, 0.1}
  t.assertAlmostEquals(s.increase, (a * x * corner):sum() + (a * corner * corner):sum() / 2, 1e-12)
  local function round(v) return (v * v):sum(), 2 * v end
  s = hu.sharpness.worst {loss = round, weights = w, rho = 0.1, norm = "2", adaptive = false}
  t.assertAlmostEquals(s.increase, 2 * 0.1 * x:norm() + 0.01, 1e-12)
  -- the ball: the largest f over |d| = rho lies where (A - m) d = -g, m above the largest of A
  s = hu.sharpness.worst {loss = bowl, weights = w, rho = 0.3, norm = "2", adaptive = false, iterations = 100}
  local low, high = 2 + 1e-9, 1e4
  for _ = 1, 200 do
    local m = (low + high) / 2
    if (a * x / (m - a)):norm() > 0.3 then low = m else high = m end
  end
  local d = a * x / (low - a)
  t.assertAlmostEquals(s.increase, (a * x * d):sum() + (a * d * d):sum() / 2, 1e-6)
  t.assertTrue(hu.sharpness.worst({loss = bowl, weights = {0, 0, 0}, rho = 0.5, adaptive = false}).increase > 0.2)   -- no slope at the start
end

claims["worst-case sharpness over an ellipsoid of widths |w| finds the maximum, of linear losses in its first step"] = function()
  for _, iterations in ipairs {1, 20} do
    local s = hu.sharpness.worst {weights = {100, 1}, rho = 0.01, norm = "2", iterations = iterations,
      loss = function(v) return v(1) + 100 * v(2), {1, 100} end}
    t.assertAlmostEquals(s.increase, 2 ^ 0.5, 1e-12)                              -- rho |c g|
  end
  -- a quadratic: along the whole boundary, (3 + 0.03 cos)^2 + (4 + 0.04 sin)^2
  local most = 0
  for i = 0, 200000 do
    local angle = i * math.pi / 400000
    most = math.max(most, (3 + 0.03 * math.cos(angle)) ^ 2 + (4 + 0.04 * math.sin(angle)) ^ 2 - 25)
  end
  local s = hu.sharpness.worst {loss = function(v) return (v * v):sum(), 2 * v end, weights = {3, 4}, rho = 0.01, norm = "2"}
  t.assertAlmostEquals(s.increase, most, 1e-9)
end

claims["what a loss returns is looked at, and so are weights: tables do, missing and wrong ones are told"] = function()
  for _, name in ipairs {"sam", "asam", "worst", "average"} do
    local measure = hu.sharpness[name]
    local function of(loss, weights)
      local s = measure {loss = loss, weights = weights or {1, 2}}
      return s.increase
    end
    local listed = of(function(v) return v(1) + 3 * v(2), {1, 3} end)
    t.assertEquals(listed, of(function(v) return v(1) + 3 * v(2), hu.array {1, 3} end), name)
    t.assertErrorMsgContains(name .. ": the loss is missing", of, function() end)
    t.assertErrorMsgContains(name .. ": there are no weights", of, bowl, {})
    t.assertErrorMsgContains(name .. ": weights is 5", of, bowl, 5)
    t.assertErrorMsgContains("mine", of, function() error "mine" end)
    local nan = of(function(v) return (v * v):sum(), 2 * v end, {1, 0 / 0})         -- a run that diverged
    t.assertTrue(nan ~= nan, name)
    if name ~= "average" then
      for text, gradient in pairs {["gradient of the loss is missing"] = false, ["gradient of the loss is x"] = "x", ["has 3 elements, the weights have 2"] = {1, 2, 3}} do
        local done, message = pcall(of, function() return 1, gradient or nil end)
        t.assertFalse(done)
        t.assertStrContains(message, text)
        t.assertStrContains(message, "lua/curvature.lua:")                        -- this file, not one of ours
        t.assertNotStrContains(message, "halfulp/")
      end
    end
  end
end

claims["options that do nothing are refused"] = function()
  local model, data = small()
  local function of(options) return function() return hu.sharpness.model(model, data, options) end end
  t.assertErrorMsgContains('method is no option of the measure "worst"', of {measure = "worst", method = "x"})
  t.assertErrorMsgContains('rho is no option of the measure "logits"', of {rho = 1})
  t.assertErrorMsgContains('norm is no option of the measure "sam"', of {measure = "sam", norm = "2"})
  t.assertErrorMsgContains("each is x; it takes true or false", of {measure = "sam", each = "x"})
  t.assertErrorMsgContains("repeats without a policy", of {repeats = 2})
  t.assertErrorMsgContains("noise_policy without a policy", of {noise_policy = "e4m3"})
  t.assertErrorMsgContains("repeats is a table;", of {policy = "e4m3", repeats = {}})
  t.assertErrorMsgContains("sharpness.model: rho is -1", of {measure = "worst", rho = -1})
  t.assertErrorMsgContains("sharpness.model: eps is -1", of {measure = "keskar", eps = -1})
  t.assertErrorMsgContains("rho is an empty text;", hu.sharpness.sam, {loss = bowl, weights = w, rho = ""})
  t.assertErrorMsgContains("rho is a table;", hu.sharpness.sam, {loss = bowl, weights = w, rho = {}})
end

claims["average sharpness is half of rho^2 times the curvature, within its error"] = function()
  local x = hu.array(w)
  for _, case in ipairs {{"2", 1}, {"inf", 1 / 3}} do
    local s = hu.sharpness.average {loss = bowl, weights = w, rho = 0.2, norm = case[1], samples = 3000}
    local want = (a * x * x):sum() * 0.2 ^ 2 / 2 * case[2]
    t.assertTrue(math.abs(s.increase - want) < 3.5 * s.error)
    t.assertTrue(s.error < 0.5 * want)
  end
end

claims["weights that are a matrix have the sharpness of the same weights in a row"] = function()
  local flat = hu.array {1, -2, 3, 4, 5, -6}
  local function bowl_of(x)
    local row = x:reshape {6}
    return (row * row * row):sum(), (3 * row * row):reshape(x:shape())
  end
  for _, name in ipairs {"worst", "average"} do
    for _, norm in ipairs {"inf", "2"} do
      local function of(x) return hu.sharpness[name] {loss = bowl_of, weights = x, rho = 0.1, norm = norm}.increase end
      t.assertEquals(of(flat:reshape {2, 3}), of(flat))
    end
  end
  local function line(x) return x:sum(), x * 0 + 1 end
  for _, size in ipairs {1e155, 1e-170} do
    t.assertAlmostEquals(hu.sharpness.worst {loss = line, weights = {size, size}, rho = 1, norm = "2"}.increase / (2 ^ 0.5 * size), 1, 1e-9)
  end
end

claims["Keskar's sharpness of a quadratic at its minimum and beside it"] = function()
  local s = hu.sharpness.keskar {loss = bowl, weights = w, eps = 1e-3}
  local x = hu.array(w)
  local z = 1e-3 * (x:abs() + 1) * x / x:abs()
  t.assertAlmostEquals(s.increase, (a * x * z):sum() + (a * z * z):sum() / 2, 1e-12)
end

claims["sharpness of a model by every measure, with error bars over batches and the floor of noise"] = function()
  local model = small()
  local batches = {data_of(6, 4, 1), data_of(6, 4, 2), data_of(6, 4, 3)}
  for _, measure in ipairs {"logits", "keskar", "sam", "asam", "worst", "average"} do
    local s = hu.sharpness.model(model, batches, {measure = measure, policy = "e4m3:rne+sat", repeats = 3})
    t.assertTrue(s.full.phi_error > 0 and s.noise.phi > 0 and s.emulated.phi ~= s.full.phi)
    local one, mean = nil, 0
    for _, data in ipairs(batches) do
      one = hu.sharpness.model(model, data, {measure = measure})
      mean = mean + one.full.phi / 3
      t.assertNil(one.emulated)
    end
    t.assertAlmostEquals(s.full.phi, mean, 1e-12 * math.abs(mean) + 1e-15)
  end
  local sam = hu.sharpness.model(model, batches[1], {measure = "sam"}).full
  local loss, g = model:objective(nil, batches[1])
  t.assertAlmostEquals(sam.increase, model:objective(model:flat():to "double" + 0.05 * g / g:norm(), batches[1]) - loss, 1e-12)
end

-- The same on the model whose other weights cannot move: a loss of those of the parameter alone.
claims["sharpness of some parameters alone is that of the loss in their weights"] = function()
  local model, data = small()
  local flat, p = model:flat():to "double", nil
  for _, each in ipairs(model:parameters()) do if each.name == "head" then p = each end end
  local last = p.first + p.rows * p.cols - 1
  local own = flat:slice(p.first, last)
  local function loss(w)
    local all = flat:totable()
    for i = p.first, last do all[i] = w(i - p.first + 1) end
    local value, gradient = model:objective(hu.array(all), data)
    return value, gradient:slice(p.first, last)
  end
  for _, case in ipairs {{"keskar", {}}, {"sam", {}}, {"asam", {}}, {"worst", {norm = "inf", rho = 0.01}}, {"worst", {norm = "2", rho = 0.1}}} do
    local measure, options = case[1], case[2]
    local whole = {measure = measure, parameters = "hea?", norm = options.norm, rho = options.rho}
    local want = hu.sharpness[measure] {loss = loss, weights = own, norm = options.norm, rho = options.rho}
    t.assertAlmostEquals(hu.sharpness.model(model, data, whole).full.increase, want.increase, 1e-9 * want.increase, measure)
  end
  local each = hu.sharpness.model(model, data, {measure = "sam", each = true, policy = "e4m3:rne+sat", repeats = 2})
  t.assertEquals(#each.parameters, #model:parameters())
  for _, one in ipairs(each.parameters) do
    t.assertTrue(one.full.increase < each.full.increase and one.noise.increase > 0, one.name)
    t.assertEquals(one.full.increase, hu.sharpness.model(model, data, {measure = "sam", parameters = {one.name}}).full.increase)
  end
  local mean = 0
  for i = 1, 5 do
    local drawn = hu.randn({#flat}, {seed = 1, stream = i})
    mean = mean + (loss(own + 0.1 * own:abs() * drawn:slice(p.first, last)) - model:objective(nil, data)) / 5
  end
  t.assertAlmostEquals(hu.sharpness.model(model, data, {measure = "average", parameters = "head", samples = 5}).full.increase, mean, 1e-12)
  local all = hu.sharpness.model(model, data, {measure = "average", parameters = "*"}).full.increase
  t.assertEquals(all, hu.sharpness.model(model, data, {measure = "average"}).full.increase)
  t.assertErrorMsgContains("no parameter \"haed\"", hu.sharpness.model, model, data, {measure = "sam", parameters = "haed"})
  t.assertErrorMsgContains("logits have none", hu.sharpness.model, model, data, {parameters = "head"})
  t.assertErrorMsgContains("parameters is 3", hu.sharpness.model, model, data, {measure = "sam", parameters = 3})
end

-- ---- landscapes ----

claims["random directions are scaled filter by filter, biases stay"] = function()
  local model, data = small()
  local l = hu.landscape(model, data, {points = 3})
  local d, flat = l.directions[1], model:flat():to "double"
  for _, p in ipairs(model:parameters()) do
    for r = 1, p.rows do
      local first = p.first + (r - 1) * p.cols
      local row, weights = d:slice(first, first + p.cols - 1), flat:slice(first, first + p.cols - 1)
      t.assertAlmostEquals(row:norm(), p.rows > 1 and weights:norm() or 0, 1e-9)
    end
  end
  t.assertFalse(d == hu.landscape(model, data, {points = 3, seed_directions = 2}).directions[1])
end

claims["a landscape is the loss at its points"] = function()
  local model, data = small()
  local l = hu.landscape(model, data, {points = 5, dimensions = 2, range = 0.5, policy = "e4m3:rne+sat"})
  t.assertEquals(#l.rows, 50)
  local flat = model:flat():to "double"
  for _, at in ipairs {{1, 2}, {5, 5}, {3, 3}} do
    local x = flat + l.a[at[1]] * l.directions[1] + l.b[at[2]] * l.directions[2]
    t.assertEquals(l.full(at[1], at[2]), (model:objective(x, data)))
    t.assertEquals(l.emulated(at[1], at[2]), (model:objective(x, data, {policy = "e4m3:rne+sat"})))
  end
  t.assertEquals(l.full(3, 3), l.loss)
  t.assertEquals(l.rows[8], {a = -0.25, b = 0.0, loss = l.full(2, 3), arithmetic = "full"})
end

claims["a landscape has the floor of noise at each point: the spread of its loss over stochastic roundings"] = function()
  local model, data = small()
  local flat = model:flat():to "double"
  for dimensions = 1, 2 do
    local l = hu.landscape(model, data, {points = 3, dimensions = dimensions, range = 0.5, policy = "e4m3:rne+sat", repeats = 4, stream = 7})
    local losses = {}
    for i = 1, 4 do
      losses[i] = model:objective(flat + 0.5 * l.directions[1] + (dimensions == 2 and -0.5 * l.directions[2] or 0), data, {policy = "e4m3:sr+sat", stream = 7 + i})
    end
    local got = dimensions == 2 and l.noise(3, 1) or l.noise(3)
    t.assertAlmostEquals(got, hu.stats.sd(losses), 1e-14)
    t.assertTrue(got > 1e-3)
    local emulated = 0
    for _, row in ipairs(l.rows) do
      t.assertEquals(row.noise ~= nil, row.arithmetic == "emulated")
      if row.a == 0.5 and row.b ~= 0.0 and row.b ~= 0.5 and row.noise then t.assertEquals(row.noise, got) end
      emulated = emulated + (row.noise and 1 or 0)
    end
    t.assertEquals(emulated, 3 ^ dimensions)
  end
  t.assertNil(hu.landscape(model, data, {points = 3, policy = "e4m3:rne+sat"}).noise)
  t.assertEquals(hu.landscape(model, data, {points = 3, policy = hu.nn.policy "e4m3", noise_policy = "fp32", repeats = 2}).noise:max(), 0)
  t.assertErrorMsgContains("repeats is 1", hu.landscape, model, data, {policy = "e4m3", repeats = 1})
end

claims["along an eigenvector the loss curves by its eigenvalue"] = function()
  local model, data = small()
  local top = hu.hessian(model, data):eigen()
  local l = hu.landscape(model, data, {points = 5, range = 2e-3, along = "eigen"})
  local h, f = 1e-3, l.full
  local second = (-f(1) + 16 * f(2) - 30 * f(3) + 16 * f(4) - f(5)) / (12 * h * h)
  t.assertAlmostEquals(second, top.values(1), 1e-5)
  local own = hu.landscape(model, data, {points = 5, range = 2e-3, along = l.directions})
  t.assertTrue(own.full == l.full)
end

claims["contours and surfaces are drawn, and contour lines lie where the function has their height"] = function()
  local dir, rows = claims.tmpdir(), {}
  for i = -6, 6 do
    for j = -6, 6 do rows[#rows + 1] = {x = i / 6, y = j / 6, z = (i / 6) ^ 2 + 2 * (j / 6) ^ 2} end
  end
  for _, kind in ipairs {"contour", "surface"} do
    local path = hu.plot {rows = rows, x = "x", y = "y", z = "z", kind = kind, file = kind, folder = dir, levels = kind == "contour" and {0.5, 1} or nil}
    t.assertEquals(path, dir .. "/" .. kind .. ".svg")
  end
  local n = 0
  for line in io.lines(dir .. "/contour.tsv") do
    local x, y, z = line:match "^line\t(%S+)\t(%S+)\t(%S+)"
    if x then
      n = n + 1
      t.assertTrue(math.abs(x ^ 2 + 2 * y ^ 2 - z) < 0.05)
    end
  end
  t.assertTrue(n > 40)
  t.assertErrorMsgContains("take numbers", hu.plot, {rows = {{x = "a", y = 1, z = 1}, {x = "b", y = 2, z = 2}}, x = "x", y = "y", z = "z", kind = "contour", file = "no", folder = dir})
  t.assertErrorMsgContains("at least 2 by 2", hu.plot, {rows = {{x = 1, y = 1, z = 1}}, x = "x", y = "y", z = "z", kind = "surface", file = "no", folder = dir})
end

claims["wrong arguments are named"] = function()
  local model, data = small()
  local text = hu.nn.markov()
  t.assertErrorMsgContains("model", hu.hessian, 1, data)
  t.assertErrorMsgContains("a text is for a language model", hu.hessian, model, text)
  t.assertErrorMsgContains("no targets", hu.hessian, model, {features = data.features})
  t.assertErrorMsgContains("no parameter \"haed\"", hu.hessian, model, data, {parameters = "haed"})
  t.assertErrorMsgContains("precision", hu.hessian, model, data, {precision = "half"})
  t.assertErrorMsgContains("weights has 3 elements", hu.hessian, model, data, {weights = {1, 2, 3}})
  t.assertErrorMsgContains("plicy", hu.hessian, model, data, {plicy = "e4m3"})
  local h = hu.hessian(model, data)
  t.assertErrorMsgContains("a vector of 2", h.product, h, {1, 2})
  t.assertErrorMsgContains("k", h.eigen, h, {k = 0})
  t.assertErrorMsgContains("values of", h.eigen, h, {k = h.n + 1})
  t.assertErrorMsgContains("tolerance", h.eigen, h, {tolerance = -1})
  t.assertErrorMsgContains("at least 3", h.trace, h, {samples = 2})
  t.assertErrorMsgContains("sigma", h.density, h, {sigma = -2})
  t.assertErrorMsgContains("repeats", hu.curvature, model, data, {repeats = -1})
  t.assertErrorMsgContains("dimensions", hu.landscape, model, data, {dimensions = 3})
  t.assertErrorMsgContains("points", hu.landscape, model, data, {points = 1})
  t.assertErrorMsgContains("range", hu.landscape, model, data, {range = 0})
  t.assertErrorMsgContains("along", hu.landscape, model, data, {along = "up"})
  t.assertErrorMsgContains("rho", hu.sharpness.sam, {loss = bowl, weights = w, rho = 0})
  t.assertErrorMsgContains("norm", hu.sharpness.worst, {loss = bowl, weights = w, norm = "1"})
  t.assertErrorMsgContains("loss is no function", hu.sharpness.average, {weights = w})
  t.assertErrorMsgContains("weights is missing", hu.sharpness.asam, {loss = bowl})
  t.assertErrorMsgContains("unknown option", hu.sharpness.sam, {loss = bowl, weights = w, rh = 1})
  t.assertErrorMsgContains("measure is steep", hu.sharpness.model, model, data, {measure = "steep"})
end

claims["wrong options of curvature and landscape are told by their own names, at the line that called"] = function()
  local model, data = small()
  for _, case in ipairs {
    { hu.curvature, { k = "x" }, "curvature: k is x; it takes a whole number" }, { hu.curvature, { k = math.huge }, "k is inf" }, { hu.curvature, { trace = "x" }, "trace is x" },
    { hu.curvature, { each = -1 }, "each is -1; it takes true or false" }, { hu.curvature, { repeats = 2 }, "repeats without a policy" },
    { hu.curvature, { tangents = "rounded" }, "tangents without a policy" }, { hu.curvature, { noise_policy = "e4m3" }, "noise_policy without a policy" },
    { hu.curvature, { tolernace = 5 }, "did you mean tolerance?" }, { hu.curvature, { policy = 5 }, "curvature: policy is 5" }, { hu.curvature, { policy = "e4m3", repeats = {} }, "repeats is a table;" },
    { hu.landscape, { dimensoins = 2 }, "landscape: unknown option dimensoins; did you mean dimensions? (known: along, dimensions," },
    { hu.landscape, { range = {} }, "landscape: range is a table;" }, { hu.landscape, { normalize = 3 }, "landscape: normalize is 3" },
    { hu.landscape, { policy = 5 }, "landscape: policy is 5" }, { hu.landscape, { policy = "e4m3", repeats = 1e9 }, "repeats is 1000000000.0; it takes a whole number, 0 or from 2 to 4096" },
    { hu.landscape, { along = {} }, "along is 0 of them" }, { hu.landscape, 5, "landscape: options are 5" }, { hu.curvature, 5, "curvature: options are 5" },
  } do
    local done, message = pcall(function()
      local out = case[1](model, data, case[2])
      return out
    end)
    t.assertFalse(done, case[3])
    t.assertStrContains(message, case[3])
    t.assertStrContains(message, "lua/curvature.lua:")
    t.assertNotStrContains(message, "halfulp/")
  end
end

claims["a Hessian outlives what it was made of"] = function()
  local h
  do
    local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 8}
    h = hu.hessian(model, {hu.nn.markov(), hu.nn.markov {seed = 2}}, {rows = 2, policy = {format = "e4m3", overflow = "saturate"}})
  end
  local v = hu.ones({h.n}, {dtype = "double"})
  local before = h:product(v)
  collectgarbage()
  collectgarbage()
  t.assertTrue(h:product(v) == before)
end

claims:run()
