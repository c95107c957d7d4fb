-- gaqat.lua - do task and flatness pull the scales of a quantized network apart, and does it help to hold some of them?
--
-- Method: three layers of ReLU units with quantizers of learned scales (LSQ) on weights and activations, and a head in float, learn classes that come from three domains and
-- are tested on a fourth. Class means in some features are the same everywhere, in others they are each domain's own, and every domain is shifted: what is learned there does
-- not carry over. Training is sharpness-aware (SAM): the gradient at w + rho g / |g| is the task's gradient g_t at w plus the flatness gradient g_s, their difference. Every K
-- steps, for each scale, the share of changes of sign in its last K gradients g_t is taken, the disorder; where it is below a threshold, a part of the gradient does not move the
-- scale for the next K steps. Which part is not certain (the paper's formulas were not at hand): holding g_t, g_s, and both are tried. Threshold, K and rho are parameters.
-- Source: GAQAT, arXiv:2412.05551 (PACS and DomainNet); LSQ, arXiv:1902.08153; SAM, arXiv:2010.01412.
-- What would surprise: gradients of the scales that never oppose each other.
--
-- Measured at scale=full (8 seeds): with 3 bits the two gradients oppose each other, the more the deeper: cosines from -0.12 and 0.00 (first weights and activations) to -0.48
-- and -0.25 (third); with 4 bits they lie between -0.13 and 0.04. SAM gains 2.0 +- 0.7 points in the other domain with 3 bits and 1.6 +- 1.1 with 4. Holding both parts lets
-- scales vary less with 3 bits (0.0089 for 0.0129). Differs: holding the flatness gradient does not (0.0157), holding the task's lets scales run away in some runs (0.082; 38.0 %
-- instead of 44.6), so that it is hardly what the paper means. None gains accuracy: +0.6 +- 0.9, -0.2 +- 2.0 and -6.7 +- 9.3 points with 3 bits, flatness, both and task
-- held. At scale=small two seeds cannot tell, and these claims have no verdict. A gain whose interval holds both 0 and 1 point has none either.
-- Sums of codes are whole numbers and often exactly 0, at ReLU's kink, where biases are zero: a difference quotient there sees half of each side.
--
-- Columns: method, bits, seed; inside, outside (accuracy in the training domains and in the other, %), spread (standard deviation of the logarithm of a scale over the last
-- half of the steps, mean of the scales), held (share of scales and steps that were held), cosine_SCALE (of g_t and g_s over all steps).
--
--   halfulp run experiments/papers/gaqat.lua [scale=small|full] [threshold=0.3] [period=20] [rho=0.2]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or minutes" },
  threshold = { default = 0.3, min = 0, max = 1, help = "disorder below which it is held" },
  period = { default = 20, min = 2, help = "steps from one look at the disorder to the next" },
  rho = { default = 0.2, min = 0, help = "length of the step of SAM" },
}
local small = params.scale == "small"
local p = small and { seeds = 2, pretrain = 100, steps = 140, heldout = 1000 } or { seeds = 8, pretrain = 200, steps = 400, heldout = 4000 }
local batch, classes, domains, common, own, width, layers = 64, 8, 3, 16, 16, 48, 3
local claims = hu.published "GAQAT (arXiv:2412.05551)"
local double = { dtype = "double" }

-- ---- the task: `domain` is 1 to 3 in training, 4 is the other ----

local function examples(seed, n, domain, draw)
  local means = hu.randn({ classes, common }, { seed = seed, stream = 1, std = 0.6, dtype = "double" })
  local own_means = hu.randn({ classes, own }, { seed = seed, stream = 1 + domain, std = 1, dtype = "double" })
  local shift = hu.randn({ 1, common + own }, { seed = seed, stream = 10 + domain, std = 0.5, dtype = "double" })
  local x = hu.randn({ n, common + own }, { seed = seed, stream = 100 + 10 * draw + domain, dtype = "double" }) + shift
  local which = hu.uniform({ n }, { seed = seed, stream = 50000000 + 10 * draw + domain, low = 0, high = classes }):floor():totable()
  local labels, signal = hu.zeros({ n, classes }, double), {}
  for c = 1, classes do signal[c] = table.move(own_means:row(c):totable(), 1, own, common + 1, means:row(c):totable()) end
  local rows = {}
  for i, c in ipairs(which) do
    rows[i] = signal[math.tointeger(c) + 1]
    labels:set(i, math.tointeger(c) + 1, 1)
  end
  return x + hu.array(rows, double), labels
end

-- A batch with as many from each training domain.
local function training_batch(seed, step)
  local xs, ys = {}, {}
  for d = 1, domains do
    local x, labels = examples(seed, batch // domains, d, step)
    for _, row in ipairs(x:totable()) do xs[#xs + 1] = row end
    for _, row in ipairs(labels:totable()) do ys[#ys + 1] = row end
  end
  return hu.array(xs, double), hu.array(ys, double)
end

-- ---- LSQ ----

-- 1 where x is at least 0, else 0.
local function at_least_0(x) return hu.maximum(hu.minimum(x:floor() + 1, 1), 0) end

-- x on the grid of s with codes low to high, and a function from the gradient of that to those of x and s, the latter without its factor. `held`: rounding errors that
-- are added in the place of rounding, for checks; they are kept in `errors`.
local function lsq(x, s, low, high, held)
  local z = x / s
  local cut = hu.maximum(hu.minimum(z, high), low)
  local code = held and cut + held or cut:round()
  local inside = at_least_0(z - low) * at_least_0(high - z)
  return code * s, function(g) return g * inside, (g * (code - inside * z)):sum() end, code - cut
end

-- The factor of a scale's gradient: n numbers share the scale.
local function factor(n, high) return 1 / math.sqrt(n * high) end

-- ---- the network: weights w1 b1 ... wh bh, scales s.w1 s.a1 ... ----

local weights = {}
for i = 1, layers + 1 do
  local name = i > layers and "h" or tostring(i)
  weights[2 * i - 1], weights[2 * i] = "w" .. name, "b" .. name
end

local function initial(seed)
  local net, inputs = {}, common + own
  for i = 1, layers + 1 do
    local name, outputs = i > layers and "h" or tostring(i), i > layers and classes or width
    net["w" .. name] = hu.randn({ outputs, inputs }, { seed = seed, stream = 20 + i, std = math.sqrt(2 / inputs), dtype = "double" })
    net["b" .. name] = hu.zeros({ 1, outputs }, double)
    inputs = width
  end
  return net
end

-- Logits, and a function from their gradient to those of all weights and scales. bits nil: float. `held`: see lsq.
local function forward(net, scales, bits, x, held)
  local backs, errors = {}, {}
  local function quantized(name, value, low, high)
    if not bits then return value, function(g) return g end end
    local y, back
    y, back, errors[name] = lsq(value, scales[name], low, high, held and held[name])
    local norm = factor(name:match "^w" and value.n or value.n // #value, high)
    return y, function(g, grads)
      local gx, gs = back(g)
      grads.scales[name] = norm * gs
      return gx
    end
  end
  local top = bits and 2 ^ (bits - 1)
  for i = 1, layers do
    local input, w, back_w = x, nil, nil
    w, back_w = quantized("w" .. i, net["w" .. i], bits and -top, bits and top - 1)
    local sum = hu.matmul(input, w, { transpose_b = true }) + net["b" .. i]
    local unit = hu.maximum(sum, 0)
    local back_a
    x, back_a = quantized("a" .. i, unit, 0, bits and 2 * top - 1)
    backs[i] = function(g, grads)
      g = back_a(g, grads) * (unit / (unit + 1e-300))
      grads["w" .. i], grads["b" .. i] = back_w(hu.matmul(g, input, { transpose_a = true }), grads), g:sum(1):reshape { 1, width }
      return hu.matmul(g, w)
    end
  end
  local last = x
  return hu.matmul(last, net.wh, { transpose_b = true }) + net.bh, function(g)
    local grads = { scales = {}, wh = hu.matmul(g, last, { transpose_a = true }), bh = g:sum(1):reshape { 1, classes } }
    g = hu.matmul(g, net.wh)
    for i = layers, 1, -1 do g = backs[i](g, grads) end
    return grads
  end, errors
end

local function gradients(net, scales, bits, x, labels)
  local logits, back = forward(net, scales, bits, x)
  local _, g = hu.nn.cross_entropy(logits, labels)
  return back(g)
end

-- LSQ's start of every scale: 2 mean |x| / sqrt(highest code).
local function first_scales(net, bits, x)
  local scales, names, top = {}, {}, 2 ^ (bits - 1)
  for i = 1, layers do
    scales["w" .. i] = 2 * net["w" .. i]:abs():mean() / math.sqrt(top - 1)
    x = hu.maximum(hu.matmul(x, net["w" .. i], { transpose_b = true }) + net["b" .. i], 0)
    scales["a" .. i] = 2 * x:mean() / math.sqrt(2 * top - 1)
    names[2 * i - 1], names[2 * i] = "w" .. i, "a" .. i
  end
  return scales, names
end

-- ---- training ----

-- Share of neighbors in a list that differ in sign.
local function disorder(list)
  local changes = 0
  for k = 2, #list do changes = changes + ((list[k] > 0) ~= (list[k - 1] > 0) and 1 or 0) end
  return changes / (#list - 1)
end

-- The gradient of SAM in two parts: at w, and what the step of length rho adds. Scales stay where they are in that step.
local function two_parts(net, scales, bits, x, labels, rho)
  local g = gradients(net, scales, bits, x, labels)
  local square, moved, more = 0, {}, { scales = {} }
  for _, name in ipairs(weights) do square = square + g[name]:norm() ^ 2 end
  for name, w in pairs(net) do moved[name] = w + (rho / (math.sqrt(square) + 1e-12)) * g[name] end
  local there = gradients(moved, scales, bits, x, labels)
  for name in pairs(net) do more[name] = there[name] - g[name] end
  for name in pairs(g.scales) do more.scales[name] = there.scales[name] - g.scales[name] end
  return g, more
end

-- SGD with momentum 0.9. how: bits, sam, hold = "task", "flatness", "both". Returns what became of the scales.
local function train(net, seed, steps, rate, how)
  local scales, names = {}, {}
  if how.bits then scales, names = first_scales(net, how.bits, (training_batch(seed, 1))) end
  local speed, track, holds, held = {}, { task = {}, flat = {}, size = {} }, {}, 0
  for _, name in ipairs(names) do track.task[name], track.flat[name], track.size[name] = {}, {}, {} end
  for step = 1, steps do
    local x, labels = training_batch(seed, 1000 + step)
    local now = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
    local g, more
    if how.sam then g, more = two_parts(net, scales, how.bits, x, labels, params.rho) else g = gradients(net, scales, how.bits, x, labels) end
    for name, w in pairs(net) do
      speed[name] = 0.9 * (speed[name] or 0) + (more and g[name] + more[name] or g[name])
      net[name] = w - now * speed[name]
    end
    for _, name in ipairs(names) do
      local task, flat = g.scales[name], more and more.scales[name] or 0
      local t = track.task[name]
      t[#t + 1], track.flat[name][#t + 1] = task, flat
      held = held + (holds[name] and 1 or 0)
      local used = task + flat
      if holds[name] then used = how.hold == "task" and flat or how.hold == "flatness" and task or 0 end
      speed["s" .. name] = 0.9 * (speed["s" .. name] or 0) + used
      scales[name] = math.max(scales[name] - now * speed["s" .. name], 1e-4)
      table.insert(track.size[name], math.log(scales[name]))
      if how.hold and step % params.period == 0 then
        holds[name] = disorder(table.move(t, #t - params.period + 1, #t, 1, {})) < params.threshold
      end
    end
  end
  return scales, track, #names > 0 and held / (steps * #names) or 0
end

local function accuracy(net, scales, bits, x, labels)
  local found, want, right = forward(net, scales, bits, x):argmax(2):totable(), labels:argmax(2):totable(), 0
  for i, class in ipairs(found) do right = right + (class == want[i] and 1 or 0) end
  return 100 * right / #found
end

local methods = {
  ["float"] = {}, ["float, SAM"] = { sam = true }, ["LSQ"] = {}, ["LSQ, SAM"] = { sam = true },
  ["task held"] = { sam = true, hold = "task" }, ["flatness held"] = { sam = true, hold = "flatness" }, ["both held"] = { sam = true, hold = "both" },
}
local quantized = { "LSQ", "LSQ, SAM", "task held", "flatness held", "both held" }
local points = {}
for seed = 1, p.seeds do
  for _, method in ipairs { "float", "float, SAM" } do points[#points + 1] = { method = method, bits = 32, seed = seed } end
  for _, bits in ipairs { 3, 4 } do
    for _, method in ipairs(quantized) do points[#points + 1] = { method = method, bits = bits, seed = seed } end
  end
end

local pretrained = {}
local function cosine(a, b)
  local ab, aa, bb = 0, 0, 0
  for i, x in ipairs(a) do ab, aa, bb = ab + x * b[i], aa + x * x, bb + b[i] * b[i] end
  return ab / math.sqrt(math.max(aa * bb, 1e-300))
end

local sweep = hu.sweep(points)
sweep:run(function(point)
  local seed, method = point.seed, methods[point.method]
  if not pretrained[seed] then
    pretrained[seed] = initial(seed)
    train(pretrained[seed], seed, p.pretrain, 0.05, {})
  end
  local net, bits = {}, point.bits < 32 and point.bits or nil
  for name, w in pairs(pretrained[seed]) do net[name] = w end
  local scales, track, held = train(net, seed, p.steps, 0.05, { bits = bits, sam = method.sam, hold = method.hold })
  local result, inside, spreads = { held = held }, 0, {}
  for d = 1, domains do inside = inside + accuracy(net, scales, bits, examples(seed, p.heldout // domains, d, 900000)) / domains end
  result.inside, result.outside = inside, accuracy(net, scales, bits, examples(seed, p.heldout, domains + 1, 900000))
  for i = 1, bits and 2 * layers or 0 do
    local name = (i % 2 == 1 and "w" or "a") .. (i + 1) // 2
    local sizes = track.size[name]
    spreads[i] = hu.stats.sd(table.move(sizes, #sizes // 2 + 1, #sizes, 1, {}))
    result["cosine_" .. name] = cosine(track.task[name], track.flat[name])
  end
  result.spread = #spreads > 0 and hu.stats.mean(spreads) or 0
  return result
end, { name = "domains" })
local rows = sweep:rows()

local function list_of(what, method, bits) return hu.column(hu.select(rows, { method = method, bits = bits }), what) end
local function of(what, method, bits) return hu.stats.mean(list_of(what, method, bits)) end
-- The mean difference of two methods over the seeds, and half its 95 % interval.
local function gain(what, a, b, bits)
  local list, other = {}, list_of(what, b, bits)
  for i, x in ipairs(list_of(what, a, bits)) do list[i] = x - other[i] end
  return hu.stats.mean(list), hu.stats.ci95(list)
end
local function show(method, bits)
  print(("measured: %d bits, %-13s inside %.1f %%, outside %.1f %%, spread %.4f, held %.2f"):format(bits, method, of("inside", method, bits), of("outside", method, bits),
    of("spread", method, bits), of("held", method, bits)))
end
show("float", 32)
show("float, SAM", 32)
for _, bits in ipairs { 3, 4 } do
  for _, method in ipairs(quantized) do show(method, bits) end
end

-- ---- the claims ----

-- Codes -4 to 3 at s = 0.5: 2.6 becomes 3, 8 and -10 are cut, -1.4 becomes -1. The scale's gradient is the sum of 0.4, 3, -4, 0.4 times 1 / sqrt(4 * 3).
local y, back = lsq(hu.array({ 1.3, 4, -5, -0.7 }, double), 0.5, -4, 3)
local gx, gs = back(hu.ones({ 4 }, double))
claims:number { what = "LSQ: gradient of a scale, of four numbers", published = (0.4 + 3 - 4 + 0.4) / math.sqrt(12), here = factor(4, 3) * gs, relative = 1e-12,
  note = "by hand from the rule" }
local values = table.concat({ y(1), y(2), y(3), y(4), gx(1), gx(2), gx(3), gx(4) }, " ")
claims:claim { what = "  values, and where the gradient goes through", published = "1.5 1.5 -2.0 -0.5 1 0 0 1", here = values, holds = values == "1.5 1.5 -2.0 -0.5 1.0 0.0 0.0 1.0" }

-- Rounding errors held as constants make the loss differentiable, with the gradients of LSQ.
local function slopes()
  local net, bits = initial(5), 3
  for i = 1, layers do net["b" .. i] = hu.randn({ 1, width }, { seed = 7, stream = i, std = 0.1, dtype = "double" }) end -- else whole sums are exactly 0, at ReLU's kink
  local x, labels = training_batch(5, 1)
  local scales, names = first_scales(net, bits, x)
  local _, _, held = forward(net, scales, bits, x)
  local function loss(distance, direction)
    local w, s = {}, {}
    for name, value in pairs(net) do w[name] = value + distance * direction[name] end
    for name, value in pairs(scales) do s[name] = value + distance * direction.scales[name] end
    local logits, pass = forward(w, s, bits, x, held)
    local value, g = hu.nn.cross_entropy(logits, labels)
    return value, pass(g)
  end
  local direction, slope = { scales = {} }, 0
  for i, name in ipairs(weights) do direction[name] = hu.randn(net[name]:shape(), { seed = 6, stream = i, dtype = "double" }) * 0.01 end
  for i, name in ipairs(names) do direction.scales[name] = 0.01 * i end
  local _, grads = loss(0, direction)
  for _, name in ipairs(weights) do slope = slope + (direction[name] * grads[name]):sum() end
  for _, name in ipairs(names) do
    local of_weights = name:match "^w"
    slope = slope + direction.scales[name] * grads.scales[name] / factor(of_weights and net[name].n or width, of_weights and 3 or 7)
  end
  return slope, (loss(1e-6, direction) - loss(-1e-6, direction)) / 2e-6
end
local slope, quotient = slopes()
claims:claim { what = "slope with rounding errors held, against a difference quotient (relative error)", published = "equal", here = math.abs(slope / quotient - 1),
  holds = math.abs(slope / quotient - 1) < 1e-4 }
local orders = ("%g %g %g"):format(disorder { 1, -1, 2, -3, 1 }, disorder { 1, 2, 3 }, disorder { 1, 1, -1, -1, 1 })
claims:claim { what = "disorder of + - + - +, of + + +, of + + - - +", published = "1 0 0.5", here = orders, holds = orders == "1 0 0.5", note = "by hand from the rule" }

local texts, least = {}, {}
for _, bits in ipairs { 3, 4 } do
  local list = {}
  least[bits] = 1
  for i = 1, layers do
    for _, kind in ipairs { "w", "a" } do
      local mean = of("cosine_" .. kind .. i, "LSQ, SAM", bits)
      list[#list + 1], least[bits] = ("%.2f"):format(mean), math.min(least[bits], mean)
    end
  end
  texts[bits] = table.concat(list, " ")
end
claims:claim { what = "3 bits: cosine of task and flatness, w1 a1 w2 a2 w3 a3: some are negative", published = "opposing directions", here = texts[3], holds = least[3] < -0.1 }
claims:claim { what = "4 bits: the same, but weaker", published = "conflict in low precision", here = texts[4], holds = least[4] > least[3] }

-- What two seeds of scale=small cannot tell has no verdict there; nor has a gain whose interval holds both 0 and 1 point.
local function verdict(holds)
  if small then return nil end
  return holds
end
for _, method in ipairs { "task held", "flatness held", "both held" } do
  local spread = ("%.4f, %.4f"):format(of("spread", method, 3), of("spread", "LSQ, SAM", 3))
  claims:claim { what = ("3 bits: %s: scales vary less than without"):format(method), published = "stabilizes", here = spread,
    holds = verdict(of("spread", method, 3) < of("spread", "LSQ, SAM", 3)) }
end
local function gained(text, published, a, b, bits)
  local mean, half = gain("outside", a, b, bits)
  local holds
  if mean > half then holds = true elseif mean + half < 1 then holds = false end
  claims:claim { what = ("%d bits: %s (points in the other domain)"):format(bits, text), published = published, here = ("%.1f +- %.1f"):format(mean, half),
    holds = verdict(holds) }
end
for _, bits in ipairs { 3, 4 } do
  gained("SAM gains over LSQ", "yes", "LSQ, SAM", "LSQ", bits)
  for _, method in ipairs { "task held", "flatness held", "both held" } do gained(method .. " gains over LSQ with SAM", "up to 4.5", method, "LSQ, SAM", bits) end
end
local lost = of("outside", "float, SAM", 32) - of("outside", "task held", 4)
claims:claim { what = "4 bits: task held loses little against float with SAM (at most 1 point)", published = "near-lossless", here = ("%.1f"):format(lost),
  holds = verdict(lost <= 1) }

local shown = {}
for _, row in ipairs(rows) do
  if row.bits < 32 then shown[#shown + 1] = row end
end
hu.plot { rows = shown, x = "bits", y = "outside", series = "method", width = 860, xlabel = "bits", ylabel = "accuracy in the other domain (%)", legend = " ",
  title = "Learned scales under SAM", file = "gaqat" }
print(claims:table())
