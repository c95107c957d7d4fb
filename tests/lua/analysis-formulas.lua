-- analysis-formulas.lua - Auto-PGD, the edge of stability, matrix units, stochastic sums and the scaling law against what was published.
local hu = require "halfulp"
local claims, t = require("claims")()

-- ---- Auto-PGD (Croce and Hein 2020; arXiv:2302.07011), point by point ----

-- Many hills, on which steps fail often enough to be halved.
local function hills(w)
  local value, gradient = 0, {}
  for i = 1, 4 do
    value = value + math.sin(9 * i * w[i]) / i + w[i] * w[i % 4 + 1] / 3
    gradient[i] = 9 * math.cos(9 * i * w[i]) + w[i % 4 + 1] / 3 + w[(i + 2) % 4 + 1] / 3
  end
  return value, gradient
end

local function auto_pgd(w, rho, norm, iterations)
  local looks, at, part = {}, 0.22, 0.22                     -- fractions 0, 0.22, then parts of max(last - 0.03, 0.06)
  while at <= 1 do
    looks[math.ceil(at * iterations)] = true
    part = math.max(part - 0.03, 0.06)
    at = at + part
  end
  local function map(f)
    local out = {}
    for i = 1, #w do out[i] = f(i, math.abs(w[i])) end
    return out
  end
  local function project(d)
    local length = 0
    for i = 1, #w do length = length + (d[i] / math.abs(w[i])) ^ 2 end
    return map(function(i, c)
      if norm == "2" then return length ^ 0.5 > rho and rho / length ^ 0.5 * d[i] or d[i] end
      return math.max(-rho * c, math.min(rho * c, d[i]))
    end)
  end
  local visited = {}
  local function look_at(d)
    visited[#visited + 1] = map(function(i) return w[i] + d[i] end)
    return hills(visited[#visited])
  end
  local delta = map(function() return 0 end)
  local value, gradient = look_at(delta)
  local start, before, best, best_at, best_gradient = value, delta, value, delta, gradient
  local size, better, since, size_then, best_then, halved = 2 * rho, 0, 0, 2 * rho, value, 0
  for k = 1, iterations do
    local length = 0
    for i = 1, #w do length = length + (w[i] * gradient[i]) ^ 2 end
    local z = project(map(function(i, c)
      return delta[i] + size * c * (norm == "2" and c * gradient[i] / length ^ 0.5 or gradient[i] > 0 and 1 or -1)
    end))
    local to = k == 1 and z or project(map(function(i) return delta[i] + 0.75 * (z[i] - delta[i]) + 0.25 * (delta[i] - before[i]) end))
    local next_value, next_gradient = look_at(to)
    if next_value > value then better = better + 1 end
    before, delta, value, gradient = delta, to, next_value, next_gradient
    if value > best then best, best_at, best_gradient = value, delta, gradient end
    if looks[k] then
      local few, still = better < 0.75 * (k - since), size == size_then and best == best_then
      size_then, best_then, better, since = size, best, 0, k
      if few or still then
        size, halved = size / 2, halved + 1
        before, delta, value, gradient = best_at, best_at, best, best_gradient
      end
    end
  end
  return visited, best - start, halved
end

claims["worst-case sharpness goes through the points of Auto-PGD with the published constants"] = function()
  local w, halvings = {0.9, -1.1, 0.7, 1.3}, 0
  for _, norm in ipairs {"inf", "2"} do
    for _, rho in ipairs {0.05, 0.3} do
      for _, iterations in ipairs {20, 50} do
        local visited, rise, halved = auto_pgd(w, rho, norm, iterations)
        local n = 0
        local s = hu.sharpness.worst {weights = w, rho = rho, norm = norm, iterations = iterations ~= 20 and iterations or nil, loss = function(x)
          n = n + 1
          for i = 1, 4 do t.assertAlmostEquals(x(i), visited[n][i], 1e-9, ("norm %s, rho %g: point %d"):format(norm, rho, n)) end
          local value, gradient = hills(x:totable())
          return value, hu.array(gradient)
        end}
        t.assertEquals(n, iterations + 1)
        t.assertAlmostEquals(s.increase, math.max(0, rise), 1e-9)
        halvings = halvings + halved
      end
    end
  end
  t.assertTrue(halvings > 12)
end

claims["a landscape has 51 points from -1 to 1 in each direction, a Hessian's power iteration PyHessian's rule, where nothing else is said"] = function()
  local model = hu.nn.mlp {inputs = 2, classes = 2, layers = 1, width = 3, seed = 4}
  local data = {features = {{1, 2}, {0, 1}, {-1, 1}}, targets = {0, 1, 1}}
  local l = hu.landscape(model, data)
  t.assertEquals({#l.a, l.a[1], l.a[26], l.a[51], l.b}, {51, -1, 0, 1})
  local h = hu.hessian(model, data)
  local calls, values = 0, {}
  for steps = 1, 100 do                                      -- the first step whose value differs by less than 1e-3 of the one before
    values[steps] = h:eigen({method = "power", steps = steps, tolerance = 0}).values(1)
    calls = steps
    if steps > 1 and math.abs(values[steps] - values[steps - 1]) < 1e-3 * (math.abs(values[steps - 1]) + 1e-6) then break end
  end
  local power = h:eigen {method = "power"}
  t.assertEquals({power.products, power.values(1)}, {calls, values[calls]})
  t.assertTrue(calls > 2 and calls < 100)
end

-- Full-batch gradient descent drives the largest eigenvalue to 2 / rate.
claims["gradient descent ends at the edge of stability"] = function()
  local x, values = hu.randn({20, 4}, {seed = 1}), {}
  for i = 1, 20 do values[i] = {math.sin(2 * x(i, 1)) + x(i, 2) * x(i, 3)} end
  local batch = {features = x:totable(), values = values}
  for _, rate in ipairs {0.1, 0.2} do
    local model = hu.nn.model {seed = 1, {"features", channels = 4}, {"linear", name = "a", out = 24}, {"tanh"}, {"linear", name = "b", out = 24},
      {"tanh"}, {"linear", name = "head", out = 1}, {"mean_square"}}
    local before = hu.hessian(model, batch):eigen().values(1)
    local trainer = hu.nn.trainer {model = model, lr = rate, schedule = "constant", steps = 0, warmup = 0, clip = 0, weight_decay = 0,
      optimizer = {name = "sgd", momentum = 0}}
    for _ = 1, 1000 do trainer:step(batch) end
    local top = hu.hessian(model, batch):eigen().values(1)
    t.assertTrue(math.abs(top * rate / 2 - 1) < 0.1, ("rate %g: %g, then %g, where 2 / rate is %g"):format(rate, before, top, 2 / rate))
    t.assertTrue(math.abs(before * rate / 2 - 1) > 0.2)
  end
end

-- ---- matrix units: terms a step, bits kept below the largest exponent, its least value, output (Khattak and Mikaitis; DeepSeek's Insights paper) ----

claims["the adders of matrix units have the published parameters"] = function()
  local extra = {                                            -- device, input: n, extra alignment bits, output bits
    ["V100 fp16"] = {4, 0, 23}, ["A100 fp16"] = {8, 1, 23}, ["A100 bf16"] = {8, 1, 23}, ["A100 tf32"] = {4, 1, 23}, ["L40S fp16"] = {8, 1, 23},
    ["L40S bf16"] = {8, 1, 23}, ["L40S fp8"] = {16, -10, 13}, ["H100 fp16"] = {16, 2, 23}, ["H100 bf16"] = {16, 2, 23}, ["H100 tf32"] = {8, 2, 23},
    ["H100 fp8"] = {32, -10, 13}, ["H200 fp16"] = {16, 2, 23}, ["H200 bf16"] = {16, 2, 23}, ["H200 tf32"] = {8, 2, 23}, ["H200 fp8"] = {32, -10, 13},
    ["B200 fp16"] = {16, 2, 23}, ["B200 bf16"] = {16, 2, 23}, ["B200 tf32"] = {8, 2, 23}, ["B200 fp8"] = {32, 2, 23},
  }
  local least = {["A100 fp32"] = -132, ["H100 fp32"] = -133, ["V100 fp16"] = -19, ["A100 fp16"] = -20, ["H100 fp16"] = -21}
  local seen = 0
  for _, p in ipairs(hu.profiles()) do
    local want, lowest = extra[p.profile .. " " .. p.input], least[p.profile .. " " .. p.output]
    if want then
      seen = seen + 1
      t.assertEquals({p.group, p.width}, {want[1], 23 + want[2]}, p.profile .. " " .. p.input)
      t.assertEquals({p.format, p.rounding}, p.output == "fp16" and {"e5m10", "rne"} or {"e8m" .. want[3], "rz"}, p.profile .. " " .. p.input)
    end
    if lowest then t.assertEquals(p.lowest, lowest, p.profile .. " to " .. p.output) end
  end
  t.assertTrue(seen >= 23)
end

-- E4M3 factors on the H100's FP8 adder: mean |error| / sum |products| of normal numbers, without promotion and promoted every 128 terms.
claims["sums of signed FP8 products have the published errors, with promotion and without"] = function()
  local want = {[128] = {1.1e-5, 1.1e-5}, [1024] = {1.7e-5, 4.7e-6}, [4096] = {2.1e-5, 2.5e-6}, [16384] = {2.5e-5, 1.2e-6}}
  for K, figures in pairs(want) do
    local a, b = hu.randn({48, K}, {seed = 1}):quantize "e4m3fn", hu.randn({48, K}, {seed = 2}):quantize "e4m3fn"
    local exact, size = hu.matmul(a, b, {transpose_b = true}), hu.matmul(a:abs(), b:abs(), {transpose_b = true})
    for i, accumulate in ipairs {{profile = "H100", input = "e4m3fn"}, {profile = "H100", input = "e4m3fn", chunk = 128, outer = "fp32"}} do
      local got = ((hu.matmul(a, b, {transpose_b = true, accumulate = accumulate}) - exact):abs() / size):mean()
      t.assertTrue(math.abs(got / figures[i] - 1) < 0.1, ("K = %d: %.3g, published %.2g"):format(K, got, figures[i]))
    end
  end
end

-- ---- sums to nearest and at random: n u / (1 - n u); exp(lambda sqrt(n) u' + n u'^2 / (1 - u')) - 1 and sqrt(((1 + u'^2)^n - 1) / lambda), u' = 2u ----

claims["sums at random keep their probabilistic bounds, which sums in one direction leave"] = function()
  local n, trials, u = 1000, 300, 2.0 ^ -11
  local worst, sum = n * u / (1 - n * u), {}
  for _, mode in ipairs {"rne", "sr", "ru"} do
    local errors = {}
    local x = hu.uniform({trials, n}, {seed = 3, low = 0.5}):quantize "fp16" / 2048      -- sums stay below 1, far above the subnormals
    local one = hu.ones({n, 1})
    local exact, got = hu.matmul(x, one), hu.matmul(x, one, {accumulate = "fp16", rounding = mode, seed = 5})
    for i = 1, trials do errors[i] = math.abs(got(i, 1) / exact(i, 1) - 1) end
    table.sort(errors)
    sum[mode] = errors
  end
  local double = 2 * u
  local lambda = (2 * math.log(2 * n / 0.05)) ^ 0.5                                       -- 2 n exp(-lambda^2 / 2) = 0.05
  local tail, variance = math.exp(lambda * n ^ 0.5 * double + n * double ^ 2 / (1 - double)) - 1, (((1 + double ^ 2) ^ n - 1) / 0.05) ^ 0.5
  local most = math.floor(0.95 * trials)
  t.assertTrue(sum.rne[trials] < worst)
  t.assertTrue(sum.sr[most] < tail and sum.sr[most] < variance)
  t.assertTrue(variance < tail and variance < worst)                                      -- that is why they are worth having
  t.assertTrue(sum.ru[1] > variance and sum.ru[1] > sum.sr[trials])
end

-- ---- the cost of a bit: arXiv:2501.02423 finds 4 to 8 bits best for 10^21 to 10^31 operations, C = 6/16 N D P ----

claims["by the scaling law 4 to 8 bits are best for the published range of compute"] = function()
  local function best_bits(C)
    local best, least
    for P = 2, 16, 0.1 do
      local share = 3.1926 / (3.1926 + 2.9543)
      local E, M = math.max(0, share * P - 0.5), math.max(0, (1 - share) * P - 0.5)
      for ln = 12, 40, 0.1 do
        local N = math.exp(ln)
        local loss = hu.scaling.loss {N = N, D = C / (6 / 16 * N * P), E = E, M = M, B = 128}
        if not least or loss < least then best, least = P, loss end
      end
    end
    return best
  end
  local before = 4
  for _, C in ipairs {1e21, 1e26, 1e31} do
    local bits = best_bits(C)
    t.assertTrue(bits >= before and bits <= 8, ("%g operations: %g bits"):format(C, bits))
    before = bits
  end
end

claims:run()
