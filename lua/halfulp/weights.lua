-- weights.lua - weights by name: safetensors files, and language models of others.

local core = require("halfulp.core").nn
local check_options = require "halfulp.options"

local weights = {}

---Arrays as they are in a file, in the order of their names.
function weights.save(path, tensors, about)
  if type(tensors) ~= "table" then error("save_safetensors: tensors are a " .. type(tensors) .. "; it takes arrays by name", 0) end
  local names, texts = {}, {}
  for name in pairs(tensors) do
    if type(name) ~= "string" then error("save_safetensors: a tensor has no name", 0) end
    names[#names + 1] = name
  end
  table.sort(names)
  local keys = {}
  for key, text in pairs(about or {}) do
    if type(key) ~= "string" or type(text) ~= "string" then error("save_safetensors: about takes texts by name", 0) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for _, key in ipairs(keys) do
    texts[#texts + 1] = key
    texts[#texts + 1] = about[key]
  end
  core.save_safetensors(path, tensors, names, texts)
end

---All weights of a model by name.
function weights.tensors(model)
  local all = {}
  for _, p in ipairs(model:parameters()) do all[p.name] = model:get(p.name) end
  return all
end

local function text_of(shape) return table.concat(shape, " x ") end

---Puts weights into a model; all of them have to fit before any is changed.
function weights.set(model, tensors)
  if type(tensors) ~= "table" then error("set_tensors: tensors are a " .. type(tensors) .. "; it takes arrays by name", 0) end
  local known = {}
  for _, p in ipairs(model:parameters()) do known[p.name] = p end
  for name, tensor in pairs(tensors) do
    local p = known[name]
    if not p then error("set_tensors: the model has no parameter '" .. tostring(name) .. "'", 0) end
    local ok, shape = pcall(function() return tensor:shape() end)
    if not ok then error("set_tensors: '" .. name .. "' is a " .. type(tensor) .. "; it takes an array", 0) end
    local rows, cols = 1, shape[#shape] or 1
    for i = 1, #shape - 1 do rows = rows * shape[i] end
    if rows ~= p.rows or cols ~= p.cols then
      error("set_tensors: '" .. name .. "' is " .. text_of(shape) .. "; the model takes " .. p.rows .. " x " .. p.cols, 0)
    end
  end
  for name, tensor in pairs(tensors) do model:set(name, tensor) end
end

---Rows first + 1 ... first + n.
local function range(first, n)
  local rows = {}
  for i = 1, n do rows[i] = first + i end
  return rows
end

---The rows of one layer's queries or keys, `heads` of them from `of` in the file. Interleaved: channels 2 i and 2 i + 1 of a head turn
---together there, and i and i + d / 2 here.
local function head_rows(first, heads, of, d, interleaved, turned)
  local rows = {}
  for head = 0, heads - 1 do
    local from = first + head // (heads // of) * d
    for i = 0, d - 1 do
      local half = d // 2
      local at = turned and interleaved and (i < half and 2 * i or 2 * (i - half) + 1) or i
      rows[#rows + 1] = from + at + 1
    end
  end
  return rows
end

---A llama model of that header. get(kind, layer) -> array and the row in it before the layer's first.
local function build(h, get, interleaved)
  local model = require("halfulp.nn").models.llama {
    layers = h.layers, heads = h.heads, width = h.width, hidden = h.hidden, context = h.context, vocabulary = h.vocabulary,
    tied = h.tied,
  }
  local c, f, d = h.width, h.hidden, h.width // h.heads
  local function put(name, columns, parts) model:set(name, core.gather(columns, parts)) end
  local function whole(name, kind, rows, columns)
    local array, first = get(kind)
    put(name, columns, {array, range(first, rows)})
  end
  whole("embedding.weight", "embedding", h.vocabulary, c)
  for layer = 0, h.layers - 1 do
    local function at(kind) return get(kind, layer) end
    local q, q1 = at "q"
    local k, k1 = at "k"
    local v, v1 = at "v"
    put(layer .. ".attention.in.weight", c, {
      q, head_rows(q1, h.heads, h.heads, d, interleaved, true),
      k, head_rows(k1, h.heads, h.kv_heads, d, interleaved, true),
      v, head_rows(v1, h.heads, h.kv_heads, d, interleaved, false),
    })
    local function one(name, kind, rows, columns)
      local array, first = at(kind)
      put(layer .. name, columns, {array, range(first, rows)})
    end
    one(".attention.norm.gain", "attention.norm", 1, c)
    one(".attention.out.weight", "o", c, c)
    one(".feed.norm.gain", "feed.norm", 1, c)
    local gate, g1 = at "gate"
    local up, u1 = at "up"
    put(layer .. ".feed.in.weight", c, {gate, range(g1, f), up, range(u1, f)})
    one(".feed.out.weight", "down", c, f)
  end
  whole("norm.gain", "norm", 1, c)
  if not h.tied then whole("head.weight", "head", h.vocabulary, c) end
  return model
end

---A checkpoint of llama2.c: the matrices of one kind for all layers lie together.
function weights.llama2c(path)
  local h, tensors = core.load_llama2c(path)
  if not h then return nil, tensors end
  local k = h.width // h.heads * h.kv_heads
  local rows = {["attention.norm"] = 1, ["feed.norm"] = 1, q = h.width, k = k, v = k, o = h.width, gate = h.hidden, up = h.hidden,
    down = h.width}
  return build(h, function(kind, layer) return tensors[kind], layer and layer * rows[kind] or 0 end, true)
end

---How the usual safetensors files call them; %d is the layer.
local usual = {
  embedding = "model.embed_tokens.weight", norm = "model.norm.weight", head = "lm_head.weight",
  ["attention.norm"] = "model.layers.%d.input_layernorm.weight", q = "model.layers.%d.self_attn.q_proj.weight",
  k = "model.layers.%d.self_attn.k_proj.weight", v = "model.layers.%d.self_attn.v_proj.weight",
  o = "model.layers.%d.self_attn.o_proj.weight", ["feed.norm"] = "model.layers.%d.post_attention_layernorm.weight",
  gate = "model.layers.%d.mlp.gate_proj.weight", up = "model.layers.%d.mlp.up_proj.weight",
  down = "model.layers.%d.mlp.down_proj.weight",
}

---The order in which they are checked.
local order = {"embedding", "norm", "head", "attention.norm", "q", "k", "v", "o", "feed.norm", "gate", "up", "down"}

local function need(tensors, path, name, shape)
  local tensor = tensors[name]
  if not tensor then error("load_llama: " .. path .. ": there is no tensor '" .. name .. "'", 0) end
  local found = tensor:shape()
  if shape and text_of(found) ~= text_of(shape) then
    error("load_llama: " .. path .. ": '" .. name .. "' is " .. text_of(found) .. "; such a model takes " .. text_of(shape), 0)
  end
  return tensor
end

---Sizes from the shapes; heads cannot be seen in them.
local function header_of(tensors, path, o)
  local shape = need(tensors, path, usual.embedding):shape()
  if #shape ~= 2 then error("load_llama: " .. path .. ": '" .. usual.embedding .. "' is no matrix", 0) end
  local h = {vocabulary = shape[1], width = shape[2], heads = o.heads, kv_heads = o.kv_heads or o.heads, context = o.context or 256,
    layers = 0, tied = tensors[usual.head] == nil}
  while tensors[usual.q:format(h.layers)] do h.layers = h.layers + 1 end
  if h.layers == 0 then error("load_llama: " .. path .. ": there is no tensor '" .. usual.q:format(0) .. "'", 0) end
  for _, key in ipairs {"heads", "kv_heads", "context"} do
    if math.type(h[key]) ~= "integer" or h[key] < 1 then
      error("load_llama: " .. key .. " is " .. tostring(h[key]) .. "; it takes a whole number, at least 1", 0)
    end
  end
  if h.width % (2 * h.heads) ~= 0 or h.heads % h.kv_heads ~= 0 then
    error("load_llama: " .. h.heads .. " heads, " .. h.kv_heads .. " for keys, do not divide a width of " .. h.width .. " evenly", 0)
  end
  h.hidden = need(tensors, path, usual.gate:format(0)):shape()[1] or 0
  return h
end

---The shape that each tensor has to have.
local function check(tensors, path, h)
  local c, f, k = h.width, h.hidden, h.width // h.heads * h.kv_heads
  local shapes = {embedding = {h.vocabulary, c}, norm = {c}, head = not h.tied and {h.vocabulary, c} or nil}
  local each = {["attention.norm"] = {c}, ["feed.norm"] = {c}, q = {c, c}, k = {k, c}, v = {k, c}, o = {c, c}, gate = {f, c},
    up = {f, c}, down = {c, f}}
  for _, kind in ipairs(order) do
    if shapes[kind] then need(tensors, path, usual[kind], shapes[kind]) end
    for layer = 0, each[kind] and h.layers - 1 or -1 do need(tensors, path, usual[kind]:format(layer), each[kind]) end
  end
end

function weights.llama(path, options)
  if type(options) ~= "table" then error("load_llama: options are missing; heads has to be given", 0) end
  check_options("load_llama", options, {"heads", "kv_heads", "context"}, -1)
  local tensors, message = core.load_safetensors(path)
  if not tensors then return nil, message end
  local h = header_of(tensors, path, options)
  check(tensors, path, h)
  return build(h, function(kind, layer) return tensors[layer and usual[kind]:format(layer) or usual[kind]], 0 end, false)
end

local methods = require("halfulp.core").types.model.methods
function methods.tensors(model) return weights.tensors(model) end
function methods.set_tensors(model, tensors)
  local ok, message = pcall(weights.set, model, tensors)
  if not ok then error(message, 2) end
end

return weights
