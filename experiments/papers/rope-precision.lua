-- rope-precision.lua - do rotary positions still depend on the distance of two tokens alone when they are computed in few bits?
--
-- Method: queries and keys of d = 64 normal numbers get rotary positions (base 10000) in a format: cosine and sine formed in binary32 and rounded to
-- it, every product and sum rounded to it. Logits are <q, k> / sqrt(d) in double. In exact arithmetic moving both tokens by the same shift
-- changes nothing; what changes is the error.
--   logits     mean |difference| of the logits between positions as they are and shifted by D
--   attention  sum over the keys of |A(shift D) - A(shift 16)|, mean over the queries, A the causal softmax over 48 tokens; with a first token whose key is ten
--              times as large (an attention sink), and without
-- Source: "When Precision Meets Position: BFloat16 Breaks Down RoPE", arXiv:2411.13476; the figures are recomputed, the positions of the pairs are drawn
-- here from 0 to 63.
-- What would surprise: bfloat16 as exact as binary32.
--
-- Measured at scale=full: all figures of E8M7 within 15 %, binary64 6e-16; |differences| of attention 3.6e-3 for E8M7, 4.7e-4 for E5M10 and E8M10, 5.9e-8 for E8M23.
-- A first key ten times as large multiplies that by 1.4 only: its direction is drawn at random here, while trained queries point to it.
--
-- Columns: format, shift, scale (of the inputs), sink (0, 1), trial, logits, attention.
--
--   halfulp run experiments/papers/rope-precision.lua [scale=small|full]

local hu = require "halfulp"

local params = hu.params {
  scale = { default = "full", choices = { "small", "full" }, help = "how much: seconds, or a minute" },
}
local small = params.scale == "small"
local d, base, tokens = 64, 1e4, 48
local pairs_of, trials = small and 200 or 1000, small and 2 or 8
local formats = { "e8m7", "e5m10", "e8m10", "e8m23", "fp64" }
local claims = hu.published "bfloat16 and rotary positions (arXiv:2411.13476)"

-- Cosine and sine of every position's angles, [n][d/2], in the format.
local function tables(positions, format)
  local c, s, k = {}, {}, 0
  for _, p in ipairs(positions) do
    for i = 0, d / 2 - 1 do
      local angle = p * base ^ (-2 * i / d)
      k = k + 1
      c[k], s[k] = math.cos(angle), math.sin(angle)
    end
  end
  local shape = { #positions, d // 2 }
  local function held(list) return hu.array(list, { dtype = "double" }):reshape(shape):quantize(format == "fp64" and "fp64" or "fp32"):quantize(format) end
  return held(c), held(s)
end

-- The halves x1, x2 [n][d/2] of x, rotated to the positions; every operation rounded.
local function rotate(x1, x2, positions, format)
  local c, s = tables(positions, format)
  local how = { format = format }
  local function product(a, b) return hu.apply("mul", a, b, how) end
  return hu.apply("sub", product(x1, c), product(x2, s), how), hu.apply("add", product(x1, s), product(x2, c), how)
end

local function halves(n, seed, stream, scale, format)
  return (hu.randn({ n, d // 2 }, { seed = seed, stream = stream, dtype = "double" }) * scale):quantize(format),
    (hu.randn({ n, d // 2 }, { seed = seed, stream = stream + 1, dtype = "double" }) * scale):quantize(format)
end

local function shifted(positions, by)
  local out = {}
  for i, p in ipairs(positions) do out[i] = p + by end
  return out
end

-- Logits of pairs (query i, key i).
local function pair_logits(q1, q2, k1, k2, m, n, format)
  local a1, a2 = rotate(q1, q2, m, format)
  local b1, b2 = rotate(k1, k2, n, format)
  return (a1 * b1):sum(2) / math.sqrt(d) + (a2 * b2):sum(2) / math.sqrt(d)
end

local function logit_gap(p)
  local q1, q2 = halves(pairs_of, p.trial, 10, p.scale, p.format)
  local k1, k2 = halves(pairs_of, p.trial, 20, p.scale, p.format)
  local m, n = {}, {}
  local draws = hu.uniform({ 2 * pairs_of }, { seed = p.trial, stream = 30, high = 64 }):totable()
  for i = 1, pairs_of do m[i], n[i] = draws[i] // 1, draws[pairs_of + i] // 1 end
  local before = pair_logits(q1, q2, k1, k2, m, n, p.format)
  return (pair_logits(q1, q2, k1, k2, shifted(m, p.shift), shifted(n, p.shift), p.format) - before):abs():mean()
end

-- Causal attention weights of all tokens, positions from `shift` on.
local function attention(q1, q2, k1, k2, shift, format)
  local positions = {}
  for i = 1, tokens do positions[i] = i - 1 + shift end
  local a1, a2 = rotate(q1, q2, positions, format)
  local b1, b2 = rotate(k1, k2, positions, format)
  local logits = (hu.matmul(a1, b1, { transpose_b = true }) + hu.matmul(a2, b2, { transpose_b = true })):totable()
  for i, row in ipairs(logits) do
    local most, sum = -math.huge, 0
    for j = 1, i do most = math.max(most, row[j] / math.sqrt(d)) end
    for j = 1, tokens do
      row[j] = j <= i and math.exp(row[j] / math.sqrt(d) - most) or 0
      sum = sum + row[j]
    end
    for j = 1, tokens do row[j] = row[j] / sum end
  end
  return hu.array(logits, { dtype = "double" })
end

local function attention_gap(p)
  local q1, q2 = halves(tokens, p.trial, 40, p.scale, p.format)
  local k1, k2 = halves(tokens, p.trial, 50, p.scale, p.format)
  if p.sink == 1 then
    for _, k in ipairs { k1, k2 } do
      for i = 1, d // 2 do k:set(1, i, 10 * k(1, i)) end
    end
  end
  return (attention(q1, q2, k1, k2, p.shift, p.format) - attention(q1, q2, k1, k2, 16, p.format)):abs():sum() / tokens
end

local points = {}
for trial = 1, trials do
  for _, format in ipairs(formats) do
    for _, shift in ipairs { 1, 256, 65536 } do
      for _, scale in ipairs { 1, 4 } do
        for _, sink in ipairs { 0, 1 } do points[#points + 1] = { format = format, shift = shift, scale = scale, sink = sink, trial = trial } end
      end
    end
  end
end
local sweep = hu.sweep(points)
sweep:run(function(p) return { logits = logit_gap(p), attention = attention_gap(p) } end, { name = "rope" })
local rows = sweep:rows()

local function mean_of(name, wanted) return hu.stats.mean(hu.column(hu.select(rows, wanted), name)) end

for _, case in ipairs { { 1, 1, 3.1e-3 }, { 1, 256, 4.1e-3 }, { 1, 65536, 4.2e-3 }, { 4, 1, 0.057 }, { 4, 256, 0.057 }, { 4, 65536, 0.069 } } do
  claims:number { what = ("E8M7, inputs of deviation %d, shift %d: mean |logit difference|"):format(case[1], case[2]), published = case[3],
    here = mean_of("logits", { format = "e8m7", scale = case[1], shift = case[2] }), relative = 0.2, digits = 2 }
end
local exact = mean_of("logits", { format = "fp64", scale = 1, shift = 1 })
claims:claim { what = "binary64: of the order of 1e-15", published = 1e-15, here = exact, holds = exact < 1e-14 }
local function gap(format) return mean_of("attention", { format = format, scale = 1, sink = 0 }) end
claims:claim { what = "attention: E8M7 is far off, E8M23 hardly", published = "yes", here = ("%.2g and %.2g"):format(gap "e8m7", gap "e8m23"), holds = gap "e8m7" > 1000 * gap "e8m23" }
claims:claim { what = "what counts is the mantissa: E5M10 as E8M10", published = "about equal", here = ("%.2g and %.2g"):format(gap "e5m10", gap "e8m10"),
  holds = math.abs(math.log(gap "e5m10" / gap "e8m10")) < 0.3 }
local sink, plain = mean_of("attention", { format = "e8m7", scale = 1, sink = 1 }), gap "e8m7"
claims:claim { what = "a first token of large norm multiplies the difference", published = "yes", here = ("%.2g to %.2g"):format(plain, sink), holds = sink > 1.5 * plain,
  note = "its direction is drawn at random here; in trained models queries point to it" }

for _, row in ipairs(rows) do row.first = row.sink == 1 and "first token ten times larger" or "tokens alike" end
local shown = {}
for _, row in ipairs(rows) do shown[#shown + 1] = row.format ~= "fp64" and row.scale == 1 and row or nil end
hu.plot { rows = shown, x = "shift", y = "attention", series = "format", panel = "first", across = 2, width = 860, logx = true, logy = true, xlabel = "shift of all positions",
  ylabel = "|difference of attention|", title = "Attention after a shift that should change nothing", file = "attention-shift",
  caption = "Against a shift of 16; 0 in exact arithmetic." }
print(claims:table())
