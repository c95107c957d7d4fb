-- nn.lua - models that are trained here: texts, a small language model, a classifier, and the training loop.

local core = require("halfulp.core").nn
local weights = require "halfulp.weights"
local check_options = require "halfulp.options"
local show = require("halfulp.values").show

---@class hu.text  bytes to learn from: a part to train on, a part held out
---@field train_bytes integer
---@field heldout_bytes integer
---@field files integer            that it was read from; 0: it is made up
---@field entropy_rate fun(self): number?  bits per byte of the source itself, where it is known
---@field trigram fun(self): number        bits per byte of the held-out part under an order-2 model of the training part
---@field part fun(self, split: string): string  the bytes of "train" or "heldout"

---@class hu.model  a language model, a classifier or another graph; its master weights are floats
---@field n_weights integer
---@field context integer          positions of a training sequence
---@field loss fun(self, text: hu.text, options?: table): number  bits per byte; `split` ("heldout"), `pieces` (all), `policy`, `stream`
---@field objective fun(self, weights, data, options?: table): number, hu.array  loss in nats and its gradient, in double, as a function of all weights (nil: its own); options as in `logits`
---@field logits fun(self, data, options?: table): hu.array, integer[]?  of the last position of each row, and the true next bytes; data: a text or hu.data (`split`, `rows`, or `seed` and `step` of a training batch), strings, {tokens=, targets=}, {features=, targets=} or {features=, values=}; `policy`, `stream`, `precision` ("float" or "double"), `evaluation` (BatchNorm takes the statistics of training: true here, false in `objective`)
---@field evaluate fun(self, data: hu.data, options?: table): number, number?  loss in nats and share of right classes; `split` ("heldout"), `policy`, `stream`
---@field layers fun(self): string[]     names of its layers, as the rules of policies see them
---@field flat fun(self): hu.array      all weights
---@field set_flat fun(self, weights)
---@field parameters fun(self): table[] each with `name`, `rows`, `cols`, `first`
---@field get fun(self, name: string): hu.array
---@field set fun(self, name: string, values)
---@field save fun(self, path: string)
---@field tensors fun(self): table<string, hu.array>  all weights by name
---@field set_tensors fun(self, tensors: table<string, hu.array>)  each of them; a name or a shape that does not fit is an error
---@field load fun(self, path: string) weights (and statistics) of a file that a model of the same configuration wrote
---@field threads fun(self, n: integer) threads of its passes, 1 at first; results do not depend on them

---@class hu.trainer  a model, what it learns from, and the state of its optimizer
---@field steps integer           done so far
---@field diverged boolean        loss or gradient was not finite
---@field model hu.model
---@field updates integer         steps that changed the weights
---@field loss_scale number       what gradients were multiplied by
---@field counters fun(self): hu.counter[]  what the quantizers did so far, where `counters = true`
---@field reset_counters fun(self)
---@field step fun(self, batch?): number, number, number  loss in nats before the update, norm of the gradient, learning rate
---@field save fun(self, path: string)    weights, optimizer and step
---@field resume fun(self, path: string)  the same, read back: the run goes on with the same bits

---@class hu.counter  of one role in one layer
---@field layer string       a layer's or a parameter's name, or "all"
---@field role string        "p1" ... "p6", "attention.qkv" ..., "master", "saved", "reduce", or the name of an optimizer's state
---@field n integer          elements
---@field zeros integer      of the input
---@field not_finite integer of the input
---@field saturated integer  finite ones past the largest value by more than half a step
---@field flushed integer    finite ones that were not zero and are
---@field sqnr number        signal to quantization noise in dB
---@field exponents table<integer, integer>  how many have floor(log2(|x|)) of that number

---Passes results on; an error is raised again as one of the line that called us. Not for a tail call, which leaves nobody to have called.
local function blame_caller(ok, ...)
  if ok then return ... end
  local message = (...)
  if type(message) == "string" then message = message:gsub("^[^\n]-nn%.lua:%d+: ", ""):gsub("^[^\n]-weights%.lua:%d+: ", "") end
  error(message, 3)
end

---Models that are trained here.
---@class hu.nn
local nn = {}

---A Llama-style language model over bytes: RMSNorm, causal attention with rotary positions, SwiGLU, no biases.
---
---Weights start normal with deviation 0.02, those that end a residual branch divided by sqrt(2 layers).
---
---```lua
---local model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 8}
---print(model)                        --> lm: 1 layers of width 16, 11568 weights
---```
---@param options? table `layers` (2), `heads` (4), `width` (64), `hidden` (8/3 width, rounded up to a multiple of 8), `context` (64), `vocabulary` (256), `tied` (false: head and embedding are two matrices), `deviation`, `seed` (1), `units` (false; true: unit scaling as in u-muP, see docs/policies.md; munit scaling is in the graphs `hu.nn.models.gpt2` and `llama`)
---@return hu.model
nn.lm = core.lm

---A classifier: linear, LayerNorm and GELU in every layer, then a linear head.
---@param options table `inputs`, `classes`, `layers` (2), `width` (16), `deviation` (1 / sqrt(inputs of a layer)), `seed` (1), `units` (false)
---@return hu.model
nn.mlp = core.mlp

---A model from a list of instructions, which C checks and runs; see docs/models.md for the operations.
---
---Each instruction is `{"operation", name = , from = , SIZE = ...}`. It takes the result of the one before, or of those
---that `from` names. Parameters are called NAME.weight, NAME.bias and so on; `deviation` is that of the initial values of the first,
---`rate` what the learning rate of the instruction's matrix is multiplied by.
---
---```lua
---local model = hu.nn.model {
---  name = "small", seed = 1,
---  {"features", channels = 2},
---  {"linear", name = "0", out = 16},
---  {"relu"},
---  {"linear", name = "head", out = 2},
---  {"cross_entropy"},
---}
---print(model)                        --> small: 2 layers, 82 weights
---```
---@param description table `name` ("model"), `seed` (1), and the instructions in a row
---@return hu.model
function nn.model(description)
  if type(description) ~= "table" then
    error("model: the description is a " .. type(description) .. "; it takes a table of instructions", 2)
  end
  local named = {}
  for key, value in pairs(description) do
    if math.type(key) ~= "integer" then named[key] = value end
  end
  check_options("model", named, {"name", "seed"}, 2, "option beside the instructions")
  local ok, result = pcall(core.graph, description, description.name or "model", description.seed or 1)
  if ok then return result end
  error((tostring(result):gsub("^[^\n]-nn%.lua:%d+: ", "")), 2)
end

---What instructions there are: a list of `{name=, sizes={{name=, default=, least=, most=}, ...}}`.
---@return table[]
nn.operations = core.operations

local model_names = {"linear", "logistic", "mlp", "cnn", "vit", "llama", "gpt2", "experts", "mamba", "diffusion"}

---Models that are described in Lua, one file each: `hu.nn.models.cnn {height = 8, width = 8, classes = 4}`. There are linear,
---logistic, mlp, cnn, vit, llama, gpt2, experts, mamba, and diffusion with `new` and `sample`.
nn.models = setmetatable({}, {__index = function(models, name)
  for _, known in ipairs(model_names) do
    if name == known then models[name] = require("halfulp.models." .. name) end
  end
  return rawget(models, name) or error("nn.models: no model '" .. tostring(name) .. "'; there are " .. table.concat(model_names, ", "), 2)
end})

---@class hu.data  examples with a class or with numbers to give: a part to train on, a part held out
---@field train_examples integer
---@field heldout_examples integer
---@field inputs integer          numbers of an example, as a model takes them
---@field outputs integer         numbers to give; 0: it has classes
---@field classes integer
---@field height integer          of the examples as images; 0: they are none
---@field width integer
---@field channels integer
---@field bayes_error fun(self): number?   smallest share of wrong classes that is possible, where it is known
---@field part fun(self, split: string): hu.array, any  features and targets (or values) of "train" or "heldout"
---@field denoised fun(self, steps: integer): hu.data  the same examples, for a model that takes noise off them
---@field kept fun(self): number[]?        what is left of the variance at each time of the noise, from 0

---Examples from arrays: `features` with one row an example, and `targets` (classes from 0) or `values` (rows of numbers).
---
---```lua
---local data = hu.nn.data {features = {{0, 1}, {1, 0}, {1, 1}, {0, 0}}, targets = {0, 1, 1, 0}, heldout = 0.25}
---print(data.train_examples, data.heldout_examples, data.classes)    --> 3	1	2
---```
---@param options table `features`, `targets` or `values` (neither: nothing can be trained on them before `denoised`), `classes` (one more than the largest target), `heldout` (0.1: the last tenth)
---@return hu.data
nn.data = core.data

---Images and labels from IDX files, as of MNIST; bytes become numbers from 0 to 1.
---@param images string
---@param labels? string
---@param options? table `heldout` (0.1)
---@return hu.data|nil data nil where a file cannot be read; a wrong file is an error
---@return string? message
nn.idx = core.idx

---Examples from .npy files: features, and targets or values.
---@param features string
---@param targets? string   classes, one an example
---@param options? table `heldout` (0.1), `values`: a file with numbers to give instead of targets
---@return hu.data|nil data nil where a file cannot be read; a wrong file is an error
---@return string? message
function nn.npy(features, targets, options)
  local hu = require "halfulp"
  local all = {}
  check_options("npy", options, {"heldout", "values"})
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  local paths = { features = features or false, targets = targets, values = all.values }
  for _, key in ipairs { "features", "targets", "values" } do
    if paths[key] ~= nil then
      local ok, array, message = pcall(hu.load_npy, paths[key])       -- its errors are told from where npy was called
      if not ok then error((tostring(array):gsub("^[^\n]-nn%.lua:%d+: ", "")), 2) end
      if not array then return nil, message end
      all[key] = array
    end
  end
  local ok, data = pcall(core.data, all)
  if ok then return data end
  error((tostring(data):gsub("^[^\n]-nn%.lua:%d+: ", "")), 2)
end

---Made-up examples: classes whose means are orthogonal patterns, any two `separation` apart, in normal noise of deviation 1. The
---smallest possible error is known, with outliers (whose noise is `outlier_scale` times larger) and flipped classes too.
---
---```lua
---local data = hu.nn.blobs {classes = 2, width = 4, separation = 2}
---print(string.format("%.6f", data:bayes_error()))    --> 0.158655
---```
---@param options? table `classes` (4), `height` (1) and `width` (8) of the pattern, `separation` (3), `outliers` (0), `outlier_scale` (5), `flips` (0), `train` (1000) and `heldout` (1000) examples, `seed` (1)
---@return hu.data
nn.blobs = core.blobs

---Made-up points in the plane: "two moons" or "eight gaussians".
---@param options? table `shape` ("two moons"), `noise` (0.1), `train` (1000), `heldout` (1000), `seed` (1)
---@return hu.data
nn.plane = core.plane

---Arrays by name, from a safetensors file: F64, F32, F16, BF16, F8_E4M3 and F8_E5M2.
---@param path string
---@return table<string, hu.array>|nil tensors nil where the file cannot be read; a wrong file is an error
---@return table<string, string>|string about  its metadata, or the message
nn.load_safetensors = core.load_safetensors

---Writes arrays by name into a safetensors file, as F32 and F64, in the order of their names.
---@param path string
---@param tensors table<string, hu.array>
---@param about? table<string, string> metadata
function nn.save_safetensors(path, tensors, about)
  blame_caller(pcall(weights.save, path, tensors, about))
end

---A language model from a checkpoint of llama2.c, version 0.
---@param path string
---@return hu.model|nil model nil where the file cannot be read; a wrong file is an error
---@return string? message
function nn.load_llama2c(path)
  local result, message = blame_caller(pcall(weights.llama2c, path))
  return result, message
end

---A language model from the safetensors file of a Llama with the usual names, `model.embed_tokens.weight` and so on.
---@param path string
---@param options table `heads`, `kv_heads` (heads), `context` (256)
---@return hu.model|nil model nil where the file cannot be read; a wrong file, or a wrong shape, is an error
---@return string? message
function nn.load_llama(path, options)
  local result, message = blame_caller(pcall(weights.llama, path, options))
  return result, message
end

---A model from a file that `model:save` or `trainer:save` wrote.
---@param path string
---@return hu.model|nil model nil where the file cannot be read; a file of another kind is an error
---@return string? message
nn.load = core.load

---A made-up text whose entropy is known: each letter depends on the `order` letters before it.
---
---```lua
---local text = hu.nn.markov {alphabet = 2, order = 1, spread = 0}
---print(text:entropy_rate())          --> 1.0
---```
---@param options? table `alphabet` (8), `order` (2), `spread` (1.5; 0 makes all letters equally likely), `seed` (1), `train` (200000) and `heldout` (20000) bytes
---@return hu.text
nn.markov = core.markov

---The folder of the manual, for systems without license texts: in the source tree, or where `make install` puts it.
local function manual()
  local root = (debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" or ".") .. "/../.."
  for _, folder in ipairs {root .. "/docs", root .. "/../doc/halfulp/docs"} do
    local file = io.open(folder .. "/formats.md")
    if file then
      file:close()
      return folder
    end
  end
end

---A text from a file, or from all files of a folder; the last tenth of each file is held out.
---
---Without a path: the license texts of the system, /usr/share/common-licenses (versions of one license repeat each
---other, so that the loss on what is held out is optimistic), or the manual of this program where there are none.
---@param path? string
---@param options? table `heldout` (0.1)
---@return hu.text
function nn.text(path, options)
  local all = {otherwise = path == nil and manual() or nil}
  for key, value in pairs(options or {}) do all[key] = value end
  local result, message = blame_caller(pcall(core.text, path, all))
  return result, message
end

local function matrix_shape(array)
  local ok, shape = pcall(function() return array:shape() end)
  return ok and #shape == 2 and table.concat(shape, " x ") or "no matrix"
end

---Softmax cross-entropy of logits that a script computed itself, and its gradient: for networks written out in arrays. In double, whatever the logits' size.
---
---```lua
---local loss, gradient = hu.nn.cross_entropy(hu.array {{0, 0}, {0, 1000}}, hu.array {{1, 0}, {1, 0}})
---print(("%.3f"):format(loss), gradient)    --> 500.347	array 2x2 (double): -0.25 0.25 -0.5 0.5
---```
---@param logits hu.array   [n][classes]
---@param labels hu.array   [n][classes]: the probability of each class, 1 and zeros for a known one
---@return number loss      in nats, mean over the n examples
---@return hu.array gradient  [n][classes], of the loss by the logits, where labels add up to 1
function nn.cross_entropy(logits, labels)
  local shape, of_labels = matrix_shape(logits), matrix_shape(labels)
  if shape ~= of_labels or shape == "no matrix" then
    error(("cross_entropy: logits are %s, labels %s; it takes two arrays of as many examples and classes"):format(shape, of_labels), 2)
  end
  local n = #logits
  logits, labels = logits:to "double", labels:to "double"
  local centered = logits - logits:max(2):reshape {n, 1}
  local powers = centered:exp()
  local sums = powers:sum(2):reshape {n, 1}
  return ((sums:log() - centered) * labels):sum() / n, (powers / sums - labels) / n
end

---Loss in nats of a model that knows how often each byte comes in a text's training part, and nothing else, on that part: who stays above it has not
---learned. A `reference` for `hu.study` and `hu.stats.diverged`.
---
---```lua
---local even = hu.nn.markov {alphabet = 2, order = 1, spread = 0, train = 100000}
---print(string.format("%.3f", hu.nn.frequency_loss(even)))    --> 0.693
---```
---@param text hu.text
---@return number
function nn.frequency_loss(text)
  local ok, bytes = pcall(function() return text:part "train" end)
  if not ok or type(bytes) ~= "string" then error(("frequency_loss: text is a %s; it takes a text, as hu.nn.text() makes it"):format(type(text)), 2) end
  local counts, loss = {}, 0.0
  for i = 1, #bytes do
    local byte = bytes:byte(i)
    counts[byte] = (counts[byte] or 0) + 1
  end
  for byte = 0, 255 do
    local share = (counts[byte] or 0) / #bytes
    if share > 0 then loss = loss - share * math.log(share) end
  end
  return loss
end

---@class hu.policy  which format, scale, rounding and accumulator each part of a training step gets; prints as text
---@field digest fun(self): string  SHA-256 of its text

---A policy as an object: checked once, printed, hashed. Everything that takes a `policy` takes one, or the string or table itself.
---
---As a string: "e4m3fn", "e8m3:rz+sat", "mxfp4", for the six operands of every linear layer; "e4m3fn/e5m2", for activations and weights, and
---for gradients; with a scale from the tensor at hand after an "@": "e4m3fn/e5m2@tensor", "@row", "@column", in powers of two "@tensor2".
---
---As a table it says for each role a format, such a string, or {format = , rounding = , overflow = }, or the options of hu.quantizer:
---`per`, `group`, `tile`, `scale`, `constant`, `pow2`, `scale_format` ..., and `history` with `margin` for delayed scaling: the range is then
---2^margin times the largest magnitude of so many steps before. `layers` says it for some layers alone: {["*.attention.*"] = {...}, head = "fp32"}.
---A table there changes the roles that it names, a string stands for all of that layer's policy. `*` is any text and `?` any letter; patterns with
---more letters of their own win over those with fewer, and pairs {pattern, value} in the list part, in their order, over both.
---
---```lua
---local policy = hu.nn.policy {
---  activation = {format = "e4m3fn", per = "tensor", history = 16}, weight = "e4m3fn@row", gradient = "e5m2@tensor2",
---  layers = {["*.attention.*"] = {gradient = "bf16"}, head = "fp32"},
---}
---print(tostring(policy):match "p2: [^\n]*")   --> p2: e4m3fn rne saturate per row, absmax
---```
---@param what string|table roles: `format` (all six operands), `activation` (p1, p6), `weight` (p2, p4), `gradient` (p3, p5), `p1` ... `p6`; `attention`, `master`, `saved` (what norms, GELU, SwiGLU, SiLU, tanh and sigmoid keep of their input for the backward pass), `reduce` (gradients between shards), `states` (of the optimizer: {m = ..., v = ...}); `rounding`, `overflow`; `accumulate`, `forward`, `dgrad`, `wgrad`, `accumulate_rounding`; `head`, `layers`, `seed`
---@return hu.policy
nn.policy = core.policy

---The exponent histograms of counters as rows for hu.plot: `layer`, `role`, `exponent` and `share`, of the elements that are finite and not
---zero, with zeros between the smallest and the largest exponent.
---
---```lua
---local rows = hu.nn.exponents {{layer = "head", role = "p3", exponents = {[-3] = 1, [-1] = 3}}}
---print(#rows, rows[1].exponent, rows[3].share)   --> 3	-3	0.75
---```
---@param counters hu.counter[]  of trainer:counters(), or some of them
---@return table[] rows
function nn.exponents(counters)
  if type(counters) ~= "table" then error("exponents: counters is missing; it takes the list of trainer:counters()", 2) end
  local rows = {}
  for _, counter in ipairs(counters) do
    local least, most, all = math.huge, -math.huge, 0
    for exponent, n in pairs(counter.exponents) do
      least, most, all = math.min(least, exponent), math.max(most, exponent), all + n
    end
    for exponent = least, most do
      rows[#rows + 1] = {layer = counter.layer, role = counter.role, exponent = exponent, share = (counter.exponents[exponent] or 0) / all}
    end
  end
  return rows
end

---A trainer, for loops of your own; `hu.nn.train` has one inside. Options are those of `hu.nn.train` up to `policy`.
---@param options table
---@return hu.trainer
nn.trainer = core.trainer

---@class hu.training  what hu.nn.train returns
---@field loss number[]     of each step, in nats, before its update
---@field norm number[]     of the gradient, before clipping
---@field steps integer     done
---@field diverged boolean  the run ended early: loss or gradient was not finite; the last loss is that one
---@field seconds number    of processor time
---@field trainer hu.trainer
---@field model hu.model

---Keys that are the loop's own; the rest goes to the trainer.
local loop_keys = {every = true, callback = true}

---Trains a model, with AdamW, warm-up, a cosine schedule and clipping where nothing else is said. Same options, same bits.
---
---A `policy` says which number format each operand of the matrix products gets; normalization, softmax and the moments of the optimizer stay
---in float, and so do the master weights unless `master` is given. hu.nn.policy says all that it may be. It is a string, "e8m3" or "e8m3:rz+sat", or a table: `format`, `rounding`, `overflow` for the
---six operands of every linear layer (P1, P2: input and weight of the forward product; P3, P4: gradient and weight
---for the gradient of the input; P5, P6: gradient and input for that of the weight); `activation`, `weight`, `gradient` or `p1` ...
---`p6` for some of them; `attention` for the products inside attention; `master` for the master weights after every step; `head = false` leaves the last layer alone;
---`accumulate`, or `forward`, `dgrad` and `wgrad`, for how sums are added, as in `hu.matmul`, and `accumulate_rounding`;
---`seed` for stochastic modes. Block formats, "mxfp4", lie along the index that a product sums over; attention and the master weights do not take them.
---
---The `optimizer` is a name, "adamw", "sgd", "lion", "adafactor", "stable-spam" or "spam", or a table: `name`; `momentum` (0.9) and `nesterov` of sgd; `eps1` (1e-30), `eps2`
---(1e-3), `threshold` (1), `fading` (0.8) and `relative` (false) of adafactor; `gamma1`, `gamma2`, `gamma3` (0.7, 0.9, 0.999), `reset` (1000) and `total` (0) of stable-spam; `theta` (5000), `reset` (500) and `rewarm` (150) of spam;
---`rho` above 0 for sharpness-aware steps, `adaptive`, `eta` (0.01), `each_part` (each part of a batch climbs by its own gradient); `states`, the formats of its states by name ("m" and "v"; of sgd "momentum", of adafactor "rows"
---and "cols"): a format or a policy's text ("bf16:sr"), in groups of 128, the options of hu.quantizer, or {format = "e4m3fn", expand = true, group = 128} for COAT's range expansion;
---`least` (4096): arrays of up to that many elements, and of one row or column, stay float.
---
---```lua
---local run = hu.nn.train {
---  model = hu.nn.lm {layers = 1, heads = 2, width = 16, context = 8},
---  data = hu.nn.markov {alphabet = 2}, steps = 5, batch = 2, policy = "e8m3:rz+sat",
---}
---print(#run.loss)                    --> 5
---print(run.diverged)                 --> false
---```
---@param options table `model`, `data`, `steps` (300), `batch` (8), `lr` (1e-3), `warmup` (steps / 20), `min_lr` (lr / 10), `beta1` (0.9), `beta2` (0.95), `eps` (1e-8), `weight_decay` (0.1), `clip` (1; 0: none), `seed` of the batches (1), `policy`; `optimizer`, `schedule` ("cosine", "linear", "constant" or "wsd" with `decay_steps`), `accumulate` (1) parts of a batch, `shards` (1) and how they reduce their gradients: `collective` ("ring", "all_to_all", "hierarchical" with `group`); `loss_scale` (1, a number or "dynamic", which doubles after `loss_scale_growth` (2000) steps); `counters` (false); `callback`, called with a table `step`, `loss`, `norm`, `lr`, `model`, `trainer` after every `every` (1) steps and after the last, and which ends the run by returning false
---@return hu.training
function nn.train(options)
  if type(options) ~= "table" then
    error("train: options are missing; it takes a table: model, data, steps, ...", 2)
  end
  local for_trainer = {}
  for key, value in pairs(options) do
    if not loop_keys[key] then for_trainer[key] = value end
  end
  local callback, every, steps = options.callback, options.every or 1, options.steps or 300
  if callback ~= nil and type(callback) ~= "function" then
    error("train: callback is not a function", 2)
  end
  if math.type(every) ~= "integer" or every < 1 then
    error("train: every is " .. show(every) .. "; it takes a whole number, at least 1", 2)
  end
  if options.data == nil then
    error("train: data is missing; it takes a text, as hu.nn.text() makes it, or data, as hu.nn.data() does", 2)
  end
  local trainer = blame_caller(pcall(core.trainer, for_trainer))
  local run = {loss = {}, norm = {}, diverged = false, trainer = trainer, model = trainer.model}
  local start = os.clock()
  for step = 1, steps do
    local loss, norm, lr = trainer:step()
    run.loss[step], run.norm[step] = loss, norm
    run.diverged = trainer.diverged
    if callback and (step % every == 0 or step == steps or run.diverged) then
      local go_on = callback {step = step, loss = loss, norm = norm, lr = lr, model = run.model, trainer = trainer}
      if go_on == false then break end
    end
    if run.diverged then break end
  end
  run.steps, run.seconds = trainer.steps, os.clock() - start
  return run
end

return nn
