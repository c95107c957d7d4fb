-- q-galore.lua - do gradients in a subspace of four bits train weights of eight bits, and how seldom may the subspace be looked for?
--
-- Method: a Llama-style model learns a made-up text. The gradient G of every matrix of its layers is projected onto its first r singular vectors (right ones where it
-- is tall or square, left ones where it is wide), Adam works there, and its update is projected back (GaLore multiplies it by 0.25; here that is in the rate). The singular vectors are computed anew every T
-- steps. Q-GaLore keeps the projector in INT4 and the weights in INT8, in groups of 256 with zero points, rounding what is written back at random, and Adam's moments in dynamic
-- maps of 8 bits. Where the mean cosine of the last five pairs of successive first singular vectors is 0.4 or more, T doubles for that matrix. A singular vector has no sign, so
-- that magnitudes of cosines count here. Embedding, head and gains are trained by Adam in float. Rates are those of the update: 0.25 times GaLore's own.
-- Source: Q-GaLore, arXiv:2407.08296; its models have 60 million to 7 billion weights, ranks of a quarter of the width, and T = 200 of tens of thousands of steps.
-- What would surprise: weights rounded to nearest that learn as well.
--
-- Measured at scale=full (2 seeds, 400 steps): lazy subspaces need 80 of 320 decompositions, as cosines are 0.7 to 0.8 and periods double soon. Loss 1.462 of Q-GaLore, 1.458
-- and 1.473 of GaLore with lazy and with fixed subspaces, 1.548 of Adam, each at the best of three rates. INT8 rounded to nearest lags: 2.193 for 2.164 at the smallest rate,
-- 1.774 for 1.672 at the next, 1.488 for 1.462 at the best. At scale=small (120 steps) it lags at the small rate alone, where updates are small beside a step of INT8.
-- On paper 7 billion weights need 10.6 GiB with projectors and moments, 21.3 in GaLore, 37.7 in Adam with 16 bits.
--
-- Columns: method, rate, seed; loss (nats a byte, held out), svds (of all matrices), cosine (mean of successive first singular vectors).
--
--   halfulp run experiments/papers/q-galore.lua [scale=small|full] [period=T] [rank=r]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or minutes" },
  period = { default = 0, min = 0, help = "steps from one decomposition to the next, before it doubles; 0: 4 at scale=small, 10 at full" },
  rank = { default = 0, min = 0, help = "of the subspace; 0: a quarter of the width" },
  threshold = { default = 0.4, help = "mean cosine from which on the period doubles" },
}
local small = params.scale == "small"
local p = small and { seeds = 1, steps = 120, width = 32, layers = 1, rows = 4, pieces = 64, rates = { 2e-4, 3e-3 }, period = 4 }
  or { seeds = 2, steps = 400, width = 64, layers = 2, rows = 4, pieces = 128, rates = { 2e-4, 1e-3, 5e-3 }, period = 10 }
local period = params.period > 0 and params.period or p.period
local rank = params.rank > 0 and params.rank or p.width // 4
local text = hu.nn.markov { alphabet = 8, order = 2, seed = 7 }
local claims = hu.published "Q-GaLore (arXiv:2407.08296)"

-- ---- the parts ----

local function affine(bits, rounding, size)
  return hu.quantizer { format = "uint" .. bits, zero = true, group = size or 256, flat = true, scale_least = 1e-5 / (2 ^ bits - 1), rounding = rounding }
end
local int4 = affine(4)
local int8 = { sr = affine(8, "sr"), rne = affine(8, "rne") }
local moments = { hu.quantizer { format = "de8", group = 256, flat = true }, hu.quantizer { format = "ude8", group = 256, flat = true } }

-- A subspace of the gradients of one matrix. how: period, lazy, int4.
local function subspace(how)
  local self = { period = how.period, svds = 0, cosines = {} }
  local queue, past = {}, nil
  local function look(g)
    local u, _, v = hu.svd(g, { rank = math.min(how.rank, #g, g.n // #g) })
    local basis = self.right and v or u
    local first = basis:column(1)
    self.svds = self.svds + 1
    if past then
      local cosine = math.abs((past * first):sum())
      self.cosines[#self.cosines + 1] = cosine
      queue[#queue + 1] = cosine
      if #queue > 5 then table.remove(queue, 1) end
      if how.lazy and #queue == 5 and hu.stats.mean(queue) >= params.threshold then self.period = 2 * self.period end
    end
    past = first
    self.basis = how.int4 and basis:quantize(int4) or basis
  end
  -- `step` counts from 0.
  function self.project(g, step)
    self.right = #g >= g.n // #g
    if step % self.period == 0 then look(g) end
    return self.right and hu.matmul(g, self.basis) or hu.matmul(self.basis, g, { transpose_a = true })
  end
  function self.back(r) return self.right and hu.matmul(r, self.basis, { transpose_b = true }) or hu.matmul(self.basis, r) end
  return self
end

-- Adam's step for a gradient, without the rate.
local function adam(state, g, t, quantized)
  state.m, state.v = 0.9 * (state.m or 0) + 0.1 * g, 0.999 * (state.v or 0) + 0.001 * g * g
  local update = (state.m / (1 - 0.9 ^ t)) / ((state.v / (1 - 0.999 ^ t)):sqrt() + 1e-8)
  if quantized then state.m, state.v = state.m:quantize(moments[1]), state.v:quantize(moments[2]) end
  return update
end

-- ---- training ----

local methods = {
  ["Adam"] = {},
  ["GaLore"] = { rank = rank },
  ["GaLore, lazy"] = { rank = rank, lazy = true },
  ["Q-GaLore"] = { rank = rank, lazy = true, int4 = true, weights = "sr", moments = true },
  ["Q-GaLore, not lazy"] = { rank = rank, int4 = true, weights = "sr", moments = true },
  ["Q-GaLore, nearest"] = { rank = rank, lazy = true, int4 = true, weights = "rne", moments = true },
}
local names = { "Adam", "GaLore", "GaLore, lazy", "Q-GaLore", "Q-GaLore, nearest", "Q-GaLore, not lazy" }

local function is_projected(q) return q.rows > 1 and q.cols > 1 and not q.name:match "^embedding" and not q.name:match "^head" end

local function train(point)
  local how = methods[point.method]
  local model = hu.nn.lm { layers = p.layers, heads = 2, width = p.width, context = 32, vocabulary = 128, seed = point.seed }
  local tensors, states, spaces = model:parameters(), {}, {}
  for i, q in ipairs(tensors) do
    states[i] = {}
    if how.rank and is_projected(q) then spaces[i] = subspace { rank = how.rank, period = period, lazy = how.lazy, int4 = how.int4 } end
  end
  for t = 1, p.steps do
    local _, gradient = model:objective(nil, text, { seed = point.seed, step = t, rows = p.rows, split = "train" })
    local rate = point.rate * math.min(1, t / (0.1 * p.steps)) * (0.55 + 0.45 * math.cos(math.pi * t / p.steps))
    for i, q in ipairs(tensors) do
      local g, w = gradient:slice(q.first, q.first + q.rows * q.cols - 1):reshape { q.rows, q.cols }, model:get(q.name):to "double"
      local space = spaces[i]
      if space then
        w = w:reshape { q.rows, q.cols } - rate * space.back(adam(states[i], space.project(g, t - 1), t, how.moments))
        if how.weights then w = w:quantize(int8[how.weights], { seed = point.seed, stream = 1000 * t + i }) end
      else
        w = w - (rate * adam(states[i], g, t)):reshape(w:shape())
      end
      model:set(q.name, w)
    end
  end
  local svds, cosines = 0, {}
  for i = 1, #tensors do
    local space = spaces[i] or { svds = 0, cosines = {} }
    svds = svds + space.svds
    table.move(space.cosines, 1, #space.cosines, #cosines + 1, cosines)
  end
  return { loss = math.log(2) * model:loss(text, { pieces = p.pieces }), svds = svds, cosine = #cosines > 0 and hu.stats.mean(cosines) or 0 }
end

local sweep = hu.sweep { method = names, rate = p.rates, seed = hu.range(1, p.seeds) }
sweep:run(train, { name = "training" })
local rows = sweep:rows()

local function of(what, method, rate) return hu.stats.mean(hu.column(hu.select(rows, { method = method, rate = rate }), what)) end
local function best(method)
  local least, at = math.huge, p.rates[1]
  for _, rate in ipairs(p.rates) do
    if of("loss", method, rate) < least then least, at = of("loss", method, rate), rate end
  end
  return least, at
end
for _, method in ipairs(names) do
  for _, rate in ipairs(p.rates) do
    local text_of = "measured: %-18s rate %g: loss %.4f, %g decompositions, cosine %.2f"
    print(text_of:format(method, rate, of("loss", method, rate), of("svds", method, rate), of("cosine", method, rate)))
  end
end

-- ---- the claims ----

-- What the grid with zero points makes of numbers, written out: the codes' ends, scale and zero of a group.
local function grid(x, bits)
  local low, high, top = math.huge, -math.huge, 2 ^ bits - 1
  for _, value in ipairs(x) do low, high = math.min(low, value), math.max(high, value) end
  local s = math.max(high - low, 1e-5) / top
  local function nearest(a)
    local f = math.floor(a)
    return (a - f > 0.5 or a - f == 0.5 and f % 2 == 1) and f + 1 or f
  end
  return s, math.max(0, math.min(top, nearest(-low / s))), nearest, top
end
local numbers = hu.randn({ 4, 256 }, { seed = 5, mean = 0.3, dtype = "double" })
local off, inside, shift = 0, true, 0
for i = 1, 4 do
  local x = numbers:row(i):totable()
  local s4, z4, nearest, top4 = grid(x, 4)
  local s8, z8 = grid(x, 8)
  local q4, sum = numbers:row(i):quantize(int4):totable(), numbers:row(i) * 0
  for draw = 1, 400 do sum = sum + numbers:row(i):quantize(int8.sr, { seed = 9, stream = draw }) end
  local one = numbers:row(i):quantize(int8.sr, { seed = 9, stream = 1 }):totable()
  for j, value in ipairs(x) do
    off = math.max(off, math.abs(q4[j] - (math.max(0, math.min(top4, nearest(value / s4) + z4)) - z4) * s4))
    local code, low = one[j] / s8, math.floor(value / s8)
    local ends = math.max(-z8, math.min(255 - z8, low)) -- the largest value may lie half a step past the last code
    inside = inside and (math.abs(code - ends) < 1e-6 or math.abs(code - math.min(255 - z8, low + 1)) < 1e-6)
    if low > -z8 and low + 1 < 255 - z8 then shift = math.max(shift, math.abs(sum[j] / 400 - value) / s8) end
  end
end
claims:claim { what = "INT4 groups of 256: values against the formula written out (largest difference)", published = "equal", here = off, holds = off < 1e-12 }
claims:claim { what = "INT8 at random: one of the two neighbors; mean of 400 draws off by (steps)", published = "0",
  here = ("%s, %.3f"):format(inside and "all" or "not all", shift), holds = inside and shift < 0.15 }

-- A projection onto r singular vectors leaves of G what the other singular values are, and nothing loses less (Eckart and Young).
local loses = 0
for i, shape in ipairs { { 48, 32 }, { 32, 48 }, { 32, 32 } } do
  local g = hu.randn(shape, { seed = 11, stream = i, dtype = "double" })
  local _, values = hu.svd(g)
  local space = subspace { rank = 8, period = 1 }
  local left = (g - space.back(space.project(g, 0))):norm() / values:slice(9):norm()
  loses = math.max(loses, math.abs(left - 1))
end
claims:claim { what = "G less its projection, over the singular values beyond r (largest relative difference)", published = "equal", here = loses, holds = loses < 1e-12 }
-- Decompositions of a gradient that never changes: at 0 to 5 periods; the fifth cosine doubles the period, and every one after it again: 6, 8, 16, 32, 64.
local still, space = hu.randn({ 8, 8 }, { seed = 12, dtype = "double" }), subspace { rank = 2, period = 3, lazy = true }
for step = 0, 3 * 64 do space.project(still, step) end
claims:number { what = "decompositions of a constant gradient in 64 periods", published = 11, here = space.svds, digits = 3, note = "by hand from the rule" }

local function losses(a, b) return ("%.4f, %.4f"):format(a, b) end
local galore, lazy, q, adam_loss = best "GaLore", best "GaLore, lazy", best "Q-GaLore", best "Adam"
local _, at = best "Q-GaLore"
local part = of("svds", "Q-GaLore", at) / of("svds", "Q-GaLore, not lazy", at)
claims:claim { what = "decompositions of lazy subspaces, of all", published = "less than half", here = part, holds = part < 0.5 }
claims:claim { what = "  at equal loss (GaLore lazy, GaLore; within 0.02)", published = "equal", here = losses(lazy, galore), holds = lazy < galore + 0.02 }
claims:claim { what = "loss of Q-GaLore is that of GaLore (within 0.02)", published = "comparable", here = losses(q, galore), holds = q < galore + 0.02 }
claims:claim { what = "loss of Q-GaLore is that of Adam in float (within 0.05)", published = "comparable", here = losses(q, adam_loss), holds = q < adam_loss + 0.05 }
local slow = p.rates[1]
claims:claim { what = ("INT8 to nearest stalls, at random it does not: losses at the rate %g"):format(slow), published = "SR is needed",
  here = losses(of("loss", "Q-GaLore, nearest", slow), of("loss", "Q-GaLore", slow)), holds = of("loss", "Q-GaLore, nearest", slow) > of("loss", "Q-GaLore", slow) + 0.02 }
local nearest = best "Q-GaLore, nearest"
claims:claim { what = "  at the best rates", published = "SR is needed", here = losses(nearest, q), holds = nearest > q + 0.02,
  note = "their updates are large beside a step of INT8" }

-- ---- memory ----

-- Bytes of weights, projector and moments of an m by n matrix. Adam and GaLore in 16 bits throughout; a group of 256 has 16 bits of scale and 16 of zero point.
local function bytes(m, n, r, how)
  if how == "Adam" then return 6 * m * n end
  local reduced, projector = math.max(m, n) * r, math.min(m, n) * r
  if how == "GaLore" then return 2 * m * n + 2 * projector + 4 * reduced end
  local group = 4 / 256
  return (1 + group) * m * n + (0.5 + group) * projector + (2 + group) * reduced
end
local function llama(how)    -- 7B: 32 layers of width 4096 and 11008, 32000 tokens in embedding and head, rank 1024
  local layer = 4 * bytes(4096, 4096, 1024, how) + 3 * bytes(11008, 4096, 1024, how)
  return (32 * layer + 2 * 32000 * 4096 * (how == "Q-GaLore" and 4 or 6)) / 2 ^ 30
end
claims:claim { what = "7B at rank 1024: GiB of weights, projectors and moments (Adam, GaLore, Q-GaLore)", published = "16 GB in all", holds = llama "Q-GaLore" < 16,
  here = ("%.1f, %.1f, %.1f"):format(llama "Adam", llama "GaLore", llama "Q-GaLore"), note = "activations and gradients come on top" }

hu.plot { rows = rows, x = "rate", y = "loss", series = "method", logx = true, logy = true, width = 860, xlabel = "rate of the update", ylabel = "loss (nats a byte)", legend = " ",
  title = "Low-rank gradients in few bits", file = "q-galore" }
print(claims:table())
