-- curvature.lua - how curved is the loss on the way down, and how much of what E4M3 shows is rounding?
--
-- Method: a Llama-style model over bytes learns a made-up text, once with its matrix products in binary32 and once with their
-- operands on the grid of E4M3 (nearest even, saturating, no scales). Along the way the largest eigenvalue and the trace of the
-- Hessian on held-out rows, by exact Hessian-vector products: in double, and inside the E4M3 products (each quantizer straight
-- through). Beside the emulated figures stands their floor: the standard deviation of the same figure when the roundings are stochastic
-- in the same format. At the end the spectral density and the landscape along two filter-normalized directions, both ways.
-- Sources: Pearlmutter, Neural Computation 6, 1994 (products); PyHessian, arXiv:1912.07145 (summaries); arXiv:1712.09913 (landscapes).
-- What would surprise: an emulated eigenvalue that leaves the full one by many floors while the losses agree.
--
-- Measured at scale=demo (3 seeds, 200 steps): inside E4M3 the largest eigenvalue leaves the full one by more than 3 floors at 10 of
-- 60 probes; the floor is 2 % of the eigenvalue (median). Final losses are 1.897
-- nats a byte in binary32 and 2.027 in E4M3 (the source: 1.377).
--
-- Columns: training (arithmetic of the run), seed; loss (nats a byte, mean of the last tenth of the steps), and the series at probe_steps:
-- top_full, top_emulated, top_floor, trace_full, trace_emulated, trace_error (one standard error), trace_floor, asymmetry.
--
--   halfulp run experiments/curvature.lua [scale=small|demo]

local hu = require "halfulp"

local scales = {
  small = {seeds = 1, steps = 6, batch = 2, probes = 2, rows = 2, trace = 6, repeats = 2, lanczos = 20, points = 5,
           model = {layers = 1, heads = 2, width = 16, context = 8}},
  demo  = {seeds = 3, steps = 200, batch = 4, probes = 10, rows = 4, trace = 15, repeats = 3, lanczos = 40, points = 31,
           model = {layers = 1, heads = 2, width = 16, context = 16}},
}

local parameters = hu.params {scale = "demo"}
local p = scales[parameters.scale]
if not p then
  io.stderr:write("curvature: scale is ", tostring(parameters.scale), "; it takes one of small, demo\n")
  os.exit(2)
end

local policies = {fp32 = nil, e4m3 = "e4m3:rne+sat"}
local measured = policies.e4m3
local text = hu.nn.markov {alphabet = 8, order = 2, seed = 7}

local function new_model(seed)
  local config = {seed = seed}
  for key, value in pairs(p.model) do config[key] = value end
  return hu.nn.lm(config)
end

local function train(point, callback)
  return hu.nn.train {model = new_model(point.seed), data = text, steps = p.steps, batch = p.batch, lr = 1e-2, seed = point.seed,
                      policy = policies[point.training], every = math.max(1, p.steps // p.probes), callback = callback}
end

local where = {rows = p.rows, split = "heldout"}

local sweep = hu.sweep {training = {"fp32", "e4m3"}, seed = hu.range(1, p.seeds)}
sweep:run(function(point)
  local series = {probe_steps = {}, top_full = {}, top_emulated = {}, top_floor = {}, trace_full = {}, trace_emulated = {}, trace_error = {},
                  trace_floor = {}, asymmetry = {}}
  local function note(name, value) series[name][#series[name] + 1] = value or 0 end
  local run = train(point, function(info)
    local c = hu.curvature(info.model, text, {policy = measured, trace = p.trace, repeats = p.repeats, steps = p.lanczos, tolerance = 1e-4,
                                              rows = where.rows, split = where.split})
    note("probe_steps", info.step)
    note("top_full", c.full.top)
    note("top_emulated", c.emulated.top)
    note("top_floor", c.noise.top)
    note("trace_full", c.full.trace)
    note("trace_emulated", c.emulated.trace)
    note("trace_error", c.full.trace_error)
    note("trace_floor", c.noise.trace)
    note("asymmetry", c.noise.asymmetry)
  end)
  local last = table.move(run.loss, math.max(1, #run.loss - #run.loss // 10), #run.loss, 1, {})
  series.loss = hu.stats.mean(last)
  return series
end)

-- A row for each probe and arithmetic, so that lines can be drawn.
local rows, apart, probes, floors = {}, 0, 0, {}
for _, run in ipairs(sweep:rows()) do
  for i, step in ipairs(run.probe_steps) do
    local name = run.training == "fp32" and "trained in binary32" or "trained in E4M3"
    local function add(measure, top, trace)
      rows[#rows + 1] = {training = name, seed = run.seed, step = step, arithmetic = measure, eigenvalue = top, trace = trace}
    end
    add("double", run.top_full[i], run.trace_full[i])
    add("inside E4M3", run.top_emulated[i], run.trace_emulated[i])
    add("floor of rounding", run.top_floor[i], run.trace_floor[i])
    probes = probes + 1
    if math.abs(run.top_emulated[i] - run.top_full[i]) > 3 * run.top_floor[i] then apart = apart + 1 end
    floors[#floors + 1] = run.top_floor[i] / math.abs(run.top_full[i])
  end
end

hu.plot {rows = rows, x = "step", y = {"eigenvalue", "trace"}, series = "arithmetic", panel = "training", logy = true, band = "sd", width = 860,
         across = 2, file = "curvature", title = "Largest eigenvalue and trace of the Hessian along training",
         caption = "Means and standard deviations over seeds; the floor is the standard deviation over stochastic roundings at the same weights."}

-- The first seed's last model, trained in binary32: density and landscape.
local model = train({training = "fp32", seed = 1}).model
local density, bound, sigma = {}, 0, nil
for _, name in ipairs {"double", "inside E4M3"} do
  local policy = name ~= "double" and measured or nil
  local h = hu.hessian(model, text, {policy = policy, rows = where.rows, split = where.split, precision = policy and "float" or "double"})
  local d = h:density {starts = 3, steps = p.lanczos, points = 400, sigma = sigma}
  sigma, bound = d.sigma, math.max(bound, d.bound)           -- one width for both
  local row = {arithmetic = name, eigenvalue = d.x:totable(), density = d.density:totable()}
  for i, value in ipairs(row.density) do row.density[i] = math.max(value, bound / 1000) end
  density[#density + 1] = row
  print(("measured: %s: eigenvalues from %.3g to %.3g; the density is good to %.2g (quadrature), sigma %.3g"):format(
    name, d.low, d.high, d.bound, d.sigma))
end
hu.plot {rows = density, kind = "curves", x = "eigenvalue", y = "density", series = "arithmetic", logy = true, file = "density",
         title = "Spectral density of the Hessian", reference = {{y = bound, label = "bound of the quadrature's error"}},
         caption = "Stochastic Lanczos quadrature, three random vectors. Below the line the quadrature promises nothing."}

local landscape = hu.landscape(model, text, {dimensions = 2, points = p.points, policy = measured, rows = where.rows, split = where.split})
hu.plot {rows = landscape.rows, x = "a", y = "b", z = "loss", kind = "contour", panel = "arithmetic", file = "landscape", xlabel = "direction 1",
         ylabel = "direction 2"}
hu.plot {rows = landscape.rows, x = "a", y = "b", z = "loss", kind = "surface", panel = "arithmetic", file = "surface", xlabel = "direction 1",
         ylabel = "direction 2"}

print(("measured: the eigenvalue inside E4M3 leaves the full one by more than 3 floors at %d of %d probes; the floor is %.2g of the eigenvalue (median)"):format(
  apart, probes, (function() table.sort(floors) return floors[(#floors + 1) // 2] end)()))
for _, name in ipairs {"fp32", "e4m3"} do
  local losses = {}
  for _, run in ipairs(sweep:rows()) do
    if run.training == name then losses[#losses + 1] = run.loss end
  end
  print(("measured: final loss of training in %s: %.4f nats a byte (source: %.4f)"):format(name, hu.stats.mean(losses), text:entropy_rate() * math.log(2)))
end
