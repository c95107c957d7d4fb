-- qas.lua - can a network whose weights and activations are integers be trained by plain SGD?
--
-- Method: two convolutions and a linear layer, each followed by ReLU, and a linear head learn ten classes in float. Then the body becomes a real int8 graph: weights W_q = W / s_w
-- with a scale for each output channel, biases in units of s_w s_x, activations with one scale from a calibrating batch, sums in 32-bit integers,
--   y_q = clip(round((x_q W_q' + b_q) s_w s_x / s_y)),
-- and is trained on another task with a new head in float, as after a transfer. The backward pass goes straight through the rounding, and is zero where y_q is cut. Quantization-
-- aware scaling (QAS) divides the gradient of W_q by s_w^2 and that of b_q by (s_w s_x)^2 before the step of SGD, which has neither momentum nor decay. Kernels are as wide as
-- their stride, and the pixels stand in Z order, so that a convolution is a linear layer over groups of four pixels. The task is made up: every class is three normal clouds.
-- In between, W_q and b_q are floats that every pass rounds, as in the authors' code ("float"); or they are integers, rounded after every step ("rne", "sr").
-- Source: On-Device Training Under 256KB Memory, arXiv:2206.15472; its networks see photographs, so that accuracies are compared by their order.
-- What would surprise: a rate at which SGD without QAS keeps up.
--
-- Measured at scale=full (5 seeds): without QAS log10 |W| / |G| lies 4.0 to 5.0 above the float network's for weights and 6.9 to 7.6 for biases, with it within 0.04. Accuracy
-- 97.6 % with QAS and in float at the best of four rates; 68.3 % without QAS, exactly what the head learns alone: the body does not move. Rates of 10 to 100000 do not help
-- (61, 55, then chance), since weights, biases and head would each need another. Integers rounded after every step end at 97.2 % to nearest and 97.4 % at random; at a
-- sixteenth of the best rate those rounded to nearest stall (66.5 % against 87.4 %), those rounded at random do not.
--
-- Columns: graph, rate, seed; accuracy (held out, %), ratio_LAYER (log10 |W| / |G| of weights and biases at the first step).
--
--   halfulp run experiments/papers/qas.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or minutes" },
}
local small = params.scale == "small"
local p = small and { seeds = 1, pretrain = 150, steps = 150, heldout = 1000 } or { seeds = 5, pretrain = 600, steps = 600, heldout = 4000 }
local batch, classes, pixels, clouds = 64, 10, 64, 3
local claims = hu.published "Quantization-aware scaling (arXiv:2206.15472)"
local double = { dtype = "double" }

-- Layers of the body: `places` of an image at which the filters stand, what each sees, and what it gives.
local body = {
  { name = "conv1", places = 16, inputs = 4, outputs = 16 },
  { name = "conv2", places = 4, inputs = 64, outputs = 32 },
  { name = "linear", places = 1, inputs = 128, outputs = 64 },
}
local features = 64

-- ---- the tasks ----

-- Examples and their classes as rows of 0 and 1. Two tasks differ in `task`, two batches in `draw`.
local function examples(task, n, draw)
  local means = hu.randn({ classes * clouds, pixels }, { seed = task, stream = 1, dtype = "double" }) * 0.75
  local which = hu.uniform({ n }, { seed = task, stream = 1000 + draw, low = 0, high = classes * clouds }):floor():totable()
  local x = hu.randn({ n, pixels }, { seed = task, stream = 500000 + draw, dtype = "double" })
  local labels = hu.zeros({ n, classes }, double)
  for i, k in ipairs(which) do
    k = math.tointeger(k)
    x:set_row(i, x:row(i) + means:row(k + 1))
    labels:set(i, k % classes + 1, 1)
  end
  return { x = x, labels = labels, n = n }
end

-- ---- the float network ----

local function initial(seed)
  local net = { head = { w = hu.randn({ classes, features }, { seed = seed, stream = 9, dtype = "double" }) * 0.05, b = hu.zeros({ 1, classes }, double) } }
  for i, layer in ipairs(body) do
    local w = hu.randn({ layer.outputs, layer.inputs }, { seed = seed, stream = i, dtype = "double" }) * math.sqrt(2 / layer.inputs)
    net[i] = { w = w, b = hu.zeros({ 1, layer.outputs }, double) }
  end
  return net
end

-- 1 where x > 0, else 0; x >= 0.
local function positive(x) return x / (x + 1e-300) end

-- The products of a layer's backward pass: `g` belongs to its sums.
local function backward(g, x, w) return hu.matmul(g, x, { transpose_a = true }), g:sum(1):reshape { 1, #w }, hu.matmul(g, w) end

local function float_forward(net, x, n)
  local kept = { [0] = x }
  for i, layer in ipairs(body) do
    local input = kept[i - 1]:reshape { n * layer.places, layer.inputs }
    kept[i] = hu.maximum(hu.matmul(input, net[i].w, { transpose_b = true }) + net[i].b, 0)
  end
  kept[#body] = kept[#body]:reshape { n, features }
  return hu.matmul(kept[#body], net.head.w, { transpose_b = true }) + net.head.b, kept
end

local float = {}
function float.logits(net, x, n) return (float_forward(net, x, n)) end
function float.gradients(net, data)
  local logits, kept = float_forward(net, data.x, data.n)
  local loss, g = hu.nn.cross_entropy(logits, data.labels)
  local grads = { head = {} }
  grads.head.w, grads.head.b, g = backward(g, kept[#body], net.head.w)
  for i = #body, 1, -1 do
    local layer, rows = body[i], data.n * body[i].places
    g = g:reshape { rows, layer.outputs } * positive(kept[i]:reshape { rows, layer.outputs })
    grads[i] = {}
    grads[i].w, grads[i].b, g = backward(g, kept[i - 1]:reshape { rows, layer.inputs }, net[i].w)
  end
  return grads, loss
end

-- ---- the int8 graph ----

-- A float network as integers. `exact`: the same graph without any rounding, and with room above the largest activations, for checks.
local function quantized(net, calibrating, exact)
  local _, kept = float_forward(net, calibrating.x, calibrating.n)
  local q = { exact = exact, input_scale = calibrating.x:abs():max() / 127, head = { w = net.head.w, b = net.head.b } }
  local s_x = q.input_scale
  for i in ipairs(body) do
    local s_w = net[i].w:abs():max(2):reshape { #net[i].w, 1 } / 127
    local s_y = kept[i]:max() / (exact and 200 or 255)
    local row = s_w:reshape { 1, #net[i].w }
    q[i] = { w = net[i].w / s_w, b = net[i].b / (row * s_x), s_w = s_w, s_b = row * s_x, effective = row * (s_x / s_y) }
    s_x = s_y
  end
  q.output_scale = s_x
  return q
end

-- Activations behind ReLU are 0 to 255, stored as int8 with the zero point -128; the input is -128 to 127. The sums are whole numbers that doubles hold, so that those of
-- doubles are the ones of 32-bit integers, which q.integer asks for.
local function int8_forward(q, x, n)
  local function whole(a) return q.exact and a or a:round() end
  local kept, sums = { [0] = hu.maximum(hu.minimum(whole(x / q.input_scale), 127), -128) }, {}
  for i, layer in ipairs(body) do
    local input = kept[i - 1]:reshape { n * layer.places, layer.inputs }
    local sum = hu.matmul(input, whole(q[i].w), { transpose_b = true, accumulate = q.integer and { integer = 32 } or nil })
    sums[i] = whole((sum + whole(q[i].b)) * q[i].effective)
    kept[i] = hu.minimum(hu.maximum(sums[i], 0), 255)
  end
  local out = kept[#body]:reshape { n, features } * q.output_scale
  return hu.matmul(out, q.head.w, { transpose_b = true }) + q.head.b, kept, sums, out
end

local int8 = {}
function int8.logits(q, x, n) return (int8_forward(q, x, n)) end
function int8.gradients(q, data)
  local logits, kept, sums, out = int8_forward(q, data.x, data.n)
  local loss, g = hu.nn.cross_entropy(logits, data.labels)
  local grads = { head = {} }
  grads.head.w, grads.head.b, g = backward(g, out, q.head.w)
  g = g * q.output_scale
  for i = #body, 1, -1 do
    local layer, rows = body[i], data.n * body[i].places
    local above = q.exact and positive(kept[i]) or hu.maximum(hu.minimum(sums[i] + 1, 1), 0)
    local inside = above * positive(hu.maximum(256 - sums[i], 0))
    g = g:reshape { rows, layer.outputs } * inside * q[i].effective
    grads[i] = {}
    grads[i].w, grads[i].b, g = backward(g, kept[i - 1]:reshape { rows, layer.inputs }, q.exact and q[i].w or q[i].w:round())
  end
  return grads, loss
end

-- Quantization-aware scaling, in place.
local function scale(q, grads)
  for i in ipairs(body) do
    grads[i].w, grads[i].b = grads[i].w / q[i].s_w ^ 2, grads[i].b / q[i].s_b ^ 2
  end
end

-- ---- training ----

local function accuracy(kind, net, data)
  local found, right, want = kind.logits(net, data.x, data.n):argmax(2):totable(), 0, data.labels:argmax(2):totable()
  for i, class in ipairs(found) do right = right + (class == want[i] and 1 or 0) end
  return 100 * right / data.n
end

-- Steps of plain SGD. how: kind = float or int8, qas, head_only, stored = "float", "rne", "sr".
local function train(net, task, steps, rate, how)
  for step = 1, steps do
    local grads = how.kind.gradients(net, examples(task, batch, step))
    if how.qas then scale(net, grads) end
    for _, i in ipairs(how.head_only and { "head" } or { 1, 2, 3, "head" }) do
      net[i].w, net[i].b = net[i].w - rate * grads[i].w, net[i].b - rate * grads[i].b
      if how.stored and i ~= "head" then
        net[i].w = net[i].w:quantize("int8", { rounding = how.stored, overflow = "saturate", seed = step, stream = i })
        net[i].b = net[i].b:quantize("int32", { rounding = how.stored, overflow = "saturate", seed = step, stream = 10 + i })
      end
    end
  end
  return net
end

local trained = {}
local function pretrained(seed)
  if not trained[seed] then trained[seed] = train(initial(seed), 100 + seed, p.pretrain, 0.1, { kind = float }) end
  local net = {}
  for i in ipairs(body) do net[i] = trained[seed][i] end
  net.head = initial(1000 + seed).head
  return net
end

local function log_ratio(w, g) return math.log(w:norm() / g:norm(), 10) end

local graphs = {
  ["float"] = { kind = float },
  ["float, head alone"] = { kind = float, head_only = true },
  ["int8"] = { kind = int8 },
  ["int8, QAS"] = { kind = int8, qas = true },
  ["int8, QAS, stored rne"] = { kind = int8, qas = true, stored = "rne" },
  ["int8, QAS, stored sr"] = { kind = int8, qas = true, stored = "sr" },
}
local names = hu.keys(graphs)
local rates = small and { 0.05, 0.2 } or { 0.0125, 0.05, 0.2, 0.8 }
-- SGD without QAS also gets rates at which the steps of its weights are like those of the float network.
local large = small and { 1e4 } or { 1e1, 1e2, 1e3, 1e4, 1e5 }

local points = {}
for seed = 1, p.seeds do
  for _, graph in ipairs(names) do
    for _, rate in ipairs(rates) do points[#points + 1] = { graph = graph, rate = rate, seed = seed } end
  end
  for _, rate in ipairs(large) do points[#points + 1] = { graph = "int8", rate = rate, seed = seed } end
end
local sweep = hu.sweep(points)
sweep:run(function(point)
  local how, task = graphs[point.graph], 200 + point.seed
  local net = pretrained(point.seed)
  if how.kind == int8 then net = quantized(net, examples(task, 512, 900000)) end
  local grads, result = how.kind.gradients(net, examples(task, 512, 900001)), {}
  if how.qas then scale(net, grads) end
  for i, layer in ipairs(body) do
    result["ratio_" .. layer.name] = log_ratio(net[i].w, grads[i].w)
    result["ratio_" .. layer.name .. "_bias"] = log_ratio(net[i].b, grads[i].b)
  end
  train(net, task, p.steps, point.rate, how)
  result.accuracy = accuracy(how.kind, net, examples(task, p.heldout, 900002))
  return result
end, { name = "graphs" })
local rows = sweep:rows()

-- ---- the claims ----

local function of(what, graph, rate)
  return hu.stats.mean(hu.column(hu.select(rows, { graph = graph, rate = rate }), what))
end
local function best(graph, list)
  local most, at = -1
  for _, rate in ipairs(list or rates) do
    if of("accuracy", graph, rate) > most then most, at = of("accuracy", graph, rate), rate end
  end
  return most, at
end
for _, name in ipairs(names) do
  local most, at = best(name)
  print(("measured: %-24s %.1f %% at the rate %g"):format(name, most, at))
end

-- The graph without rounding, calibrated on its own batch, computes what the float network does: its gradients are those of that network, in other units.
local data = examples(7, 256, 1)
local plain = pretrained(1)
local exact = quantized(plain, data, true)
local want, got = float.gradients(plain, data), int8.gradients(exact, data)
local off_ratio, off_gradient, direction, slope = 0, 0, {}, 0
for i in ipairs(body) do
  local ratio = (exact[i].w:norm(2) / got[i].w:norm(2)) / (plain[i].w:norm(2) / want[i].w:norm(2)) * exact[i].s_w:reshape { #plain[i].w } ^ 2
  local bias = (exact[i].b / got[i].b) / (plain[i].b / want[i].b) * exact[i].s_b ^ 2
  off_ratio = math.max(off_ratio, (ratio - 1):abs():max(), (bias - 1):abs():max())
  direction[i] = hu.randn({ #plain[i].w, body[i].inputs }, { seed = i, dtype = "double" })
  slope = slope + (direction[i] * got[i].w):sum()
end
local function along(distance)
  local moved = quantized(plain, data, true)
  for i in ipairs(body) do moved[i].w = moved[i].w + distance * direction[i] end
  return (hu.nn.cross_entropy(int8.logits(moved, data.x, data.n), data.labels))
end
off_gradient = math.abs((along(1e-6) - along(-1e-6)) / 2e-6 / slope - 1)
claims:claim { what = "unrounded graph: slope of the loss against a difference quotient (relative error)", published = "equal", here = off_gradient, holds = off_gradient < 1e-5 }
claims:claim { what = "  |W_q|/|G| s_w^2 and |b_q|/|G| (s_w s_x)^2 of each channel against the float network's (largest relative error)", published = "equal", here = off_ratio,
  holds = off_ratio < 1e-8 }
local q = quantized(plain, data)
local logits = int8.logits(q, data.x, data.n)
q.integer = true
local same = int8.logits(q, data.x, data.n) == logits
claims:claim { what = "sums in 32-bit integers: the same logits", published = "int32", here = same and "the same" or "others", holds = same }

-- log10 |W| / |G| of a tensor at the first step, above the float network's.
local tensors, text, least, most = {}, {}, math.huge, 0
for _, layer in ipairs(body) do
  for _, tensor in ipairs { layer.name, layer.name .. "_bias" } do
    local name = "ratio_" .. tensor
    local without, with = of(name, "int8", rates[1]) - of(name, "float", rates[1]), of(name, "int8, QAS", rates[1]) - of(name, "float", rates[1])
    tensors[#tensors + 1] = tensor
    text[#text + 1] = ("%.1f"):format(without)
    least, most = math.min(least, without), math.max(most, math.abs(with))
  end
end
claims:claim { what = "log10 |W|/|G| without QAS, above float: at least 3 (" .. table.concat(tensors, ", ") .. ")", published = "-2 log10 s",
  here = table.concat(text, ", "), holds = least > 3 }
claims:claim { what = "  with QAS, the largest distance from float", published = "lines up", here = most, holds = most < 0.1 }

local room = small and 3 or 1
local with, rate = best "int8, QAS"
local without, exact_float, head = best "int8", best "float", best "float, head alone"
local function percents(...) return (("%.1f, "):rep(select("#", ...)):format(...):sub(1, -3)) end
claims:claim { what = "accuracy without QAS is below that with it", published = "84.3, 88.1", here = percents(without, with), holds = with > without + 1, note = "Flowers-102; %" }
claims:claim { what = "  at the best rate of QAS", published = "stalls", here = percents(of("accuracy", "int8", rate), with), holds = with > of("accuracy", "int8", rate) + 1 }
claims:claim { what = "  it learns no more than the head alone (within " .. room .. " points)", published = "stalls",
  here = percents(without, head), holds = math.abs(without - head) < room }
local far = best("int8", large)
claims:claim { what = "  rates as large as the gradients are small do not help", published = "84.3, 88.1", here = percents(far, with), holds = far < with - 1 }
claims:claim { what = "with QAS SGD without momentum is as accurate as the float network (within " .. room .. " points)", published = "no momentum needed",
  here = percents(with, exact_float), holds = with > exact_float - room }
for _, rounding in ipairs { "rne", "sr" } do
  local stored = best("int8, QAS, stored " .. rounding)
  claims:claim { what = ("weights kept as int8, by %s: within %d points of floats that every pass rounds"):format(rounding, room), published = "int8 on the device",
    here = percents(stored, with), holds = stored > with - room }
end

local bars, number = {}, { ["float"] = true, ["int8"] = true, ["int8, QAS"] = true }
for _, row in ipairs(rows) do
  for i, tensor in ipairs(tensors) do
    if number[row.graph] and row.rate == rates[1] then bars[#bars + 1] = { graph = row.graph, tensor = i, ratio = row["ratio_" .. tensor] } end
  end
end
hu.plot { rows = bars, x = "tensor", y = "ratio", series = "graph", xlabel = "weights and biases, from the first layer", ylabel = "log10 |W| / |G|", legend = " ",
  title = "Norms of tensors and gradients", file = "qas-ratios" }
local usual = {}
for _, row in ipairs(rows) do
  if row.rate <= rates[#rates] then usual[#usual + 1] = row end
end
hu.plot { rows = usual, x = "rate", y = "accuracy", series = "graph", logx = true, width = 860, xlabel = "learning rate", ylabel = "accuracy (%)", legend = " ",
  title = "Training an int8 graph by SGD", file = "qas" }
print(claims:table())
