-- weights.lua - safetensors, llama2.c, IDX and npy files: what is read and written, and how wrong files are refused.
local hu = require "halfulp"
local claims, lu = require("claims")()

local folder = claims.tmpdir()
local path = folder .. "/file"

local function refused(message, call, ...)
  local ok, err = pcall(call, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  lu.assertNil(tostring(err):find("\n", 1, true))
end

local function write(content, to)
  local file = assert(io.open(to or path, "wb"))
  file:write(content)
  file:close()
end

local function read(from)
  local file = assert(io.open(from or path, "rb"))
  local content = file:read "a"
  file:close()
  return content
end

local function with_header(header, data) return string.pack("<I8", #header) .. header .. (data or "") end

claims["arrays come back from a safetensors file, bit for bit, with their shapes and texts"] = function()
  local tensors = {a = hu.randn({2, 3, 4}, {dtype = "float"}), ["b \"\\\n"] = hu.randn({5}), c = hu.zeros({0, 3}, {dtype = "float"})}
  hu.nn.save_safetensors(path, tensors, {who = "wé", what = "x\ty"})
  local got, about = hu.nn.load_safetensors(path)
  lu.assertEquals(about, {who = "wé", what = "x\ty"})
  for name, tensor in pairs(tensors) do
    lu.assertEquals(got[name]:shape(), tensor:shape())
    lu.assertEquals(got[name].dtype, tensor.dtype)
    local n = 1
    for _, size in ipairs(tensor:shape()) do n = n * size end
    local x, y = tensor:reshape(n), got[name]:reshape(n)
    for i = 1, #x do lu.assertEquals(y[i], x[i]) end
  end
  local header = read()
  lu.assertEquals(string.unpack("<I8", header) % 8, 0)
end

claims["every type that is read has the values of its format"] = function()
  local data = string.pack("<d<f", 1 / 3, 0.1) .. "\x00\x3c\x01\x00" .. "\x80\x3f\x40\xc0" .. "\x38\xff" .. "\x3c\xfc"
  local header = '{"d":{"dtype":"F64","shape":[],"data_offsets":[0,8]}, "f":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},' ..
    '"h":{"shape":[2],"data_offsets":[12,16],"dtype":"F16"},"b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]},' ..
    '"e4":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[20,22]},"e5":{"dtype":"F8_E5M2","shape":[1,2],"data_offsets":[22,24]}}  '
  write(with_header(header, data))
  local t = hu.nn.load_safetensors(path)
  lu.assertEquals(t.d(), 1 / 3)
  lu.assertEquals(t.f[1], string.unpack("<f", string.pack("<f", 0.1)))
  lu.assertEquals({t.h[1], t.h[2]}, {1, 2.0 ^ -24})
  lu.assertEquals({t.b[1], t.b[2]}, {1, -3})
  lu.assertEquals(t.e4[1], 1)
  lu.assertTrue(t.e4[2] ~= t.e4[2])
  lu.assertEquals({t.e5(1, 1), t.e5(1, 2)}, {1, -math.huge})
end

claims["a wrong safetensors file is one line"] = function()
  local load = hu.nn.load_safetensors
  lu.assertNil((load(folder .. "/absent")))
  for _, name in ipairs {"load_safetensors", "load", "load_llama2c"} do
    local none, message = hu.nn[name](folder)
    lu.assertNil(none, name)
    lu.assertStrContains(message, folder .. ": Is a directory")
  end
  write "abc"
  refused("shorter than the length of its header", load, path)
  write(string.pack("<I8", 1000000000000000000) .. "{}")
  refused("a header of 1000000000000000000 bytes; the file has 2", load, path)
  write(string.pack("<i8", -1) .. "{}")
  refused("a header of 18446744073709551615 bytes", load, path)
end

claims["offsets, overlaps, sizes and names of a safetensors file are checked"] = function()
  local load = hu.nn.load_safetensors
  local function entry(name, first, last, shape, dtype)
    return string.format('"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%s,%s]}', name, dtype or "F32", shape or "2", first, last)
  end
  local function bad(message, header, data)
    write(with_header(header, data or ("x"):rep(8)))
    refused(message, load, path)
  end
  bad("'a' is bytes 0 to 8; its shape and type take 8, and the data are 4", "{" .. entry("a", 0, 8) .. "}", "xxxx")
  bad("its shape and type take 12", "{" .. entry("a", 0, 8, "3") .. "}")
  bad("'a' is bytes 8 to 0", "{" .. entry("a", 8, 0) .. "}")
  bad("overlap", "{" .. entry("a", 0, 8) .. "," .. entry("b", 4, 8, "1") .. "}")
  bad("between two tensors", "{" .. entry("a", 4, 8, "1") .. "}")
  bad("after the last tensor", "{" .. entry("a", 0, 4, "1") .. "}")
  bad("two tensors called 'a'", "{" .. entry("a", 0, 4, "1") .. "," .. entry("a", 4, 8, "1") .. "}")
  bad("elements of type I64", "{" .. entry("a", 0, 8, "1", "I64") .. "}")
  bad("more elements than can be counted", "{" .. entry("a", 0, 8, "1000000000000000000,1000000000000000000") .. "}")
  bad("larger than can be counted", "{" .. entry("a", 0, "99999999999999999999999") .. "}")
  bad("more than 4 indices", "{" .. entry("a", 0, 8, "1,1,1,1,2") .. "}")
  bad("not a whole one", "{" .. entry("a", 0, 8, "-2") .. "}")
  bad("has a field twice", '{"a":{"dtype":"F32","dtype":"F32"}}')
  bad("lacks dtype, shape or data_offsets", '{"a":{"dtype":"F32"}}')
  bad("a field besides", '{"a":{"type":"F32"}}')
  bad("not the JSON", "[]")
  bad("not the JSON", "{" .. entry("a", 0, 8))
  bad("has no end", '{"a')
  bad("a sign that JSON does not take", '{"a\\q":1}')
  bad("goes on after its end", "{" .. entry("a", 0, 8) .. "} x")
  bad("second __metadata__", '{"__metadata__":{"a":"b"},"__metadata__":{"a":"b"},' .. entry("a", 0, 8) .. "}")
  refused("no tensor may be called", hu.nn.save_safetensors, path, {__metadata__ = hu.zeros(1)})
end

claims["safetensors files with any byte changed or cut off are read or refused, never more"] = function()
  hu.nn.save_safetensors(path, {a = hu.randn({2, 2}), b = hu.randn({3}, {dtype = "float"})}, {k = "v"})
  local good, random, refusals = read(), claims.random(7), 0
  for _ = 1, 3000 do
    local bytes = good
    for _ = 1, random(3) do
      local at = random(#bytes)
      bytes = bytes:sub(1, at - 1) .. string.char(random(256) - 1) .. bytes:sub(at + 1)
    end
    if random(4) == 1 then bytes = bytes:sub(1, random(#bytes)) end
    write(bytes)
    local ok, err = pcall(hu.nn.load_safetensors, path)
    if not ok then
      refusals = refusals + 1
      lu.assertStrContains(err, "safetensors: ")
    end
  end
  lu.assertTrue(refusals > 1000)
end

claims["weights go from one model to another by name, and a wrong shape is one line"] = function()
  local a, b = hu.nn.models.cnn {height = 6, width = 6, classes = 3, seed = 1}, hu.nn.models.cnn {height = 6, width = 6, classes = 3, seed = 2}
  hu.nn.save_safetensors(path, a:tensors())
  b:set_tensors((hu.nn.load_safetensors(path)))
  local x, y = a:flat(), b:flat()
  for i = 1, #x do lu.assertEquals(y[i], x[i]) end
  refused("'head.weight' is 2 x 2; the model takes 3 x 16", b.set_tensors, b, {["head.weight"] = hu.zeros({2, 2})})
  refused("no parameter 'heads'", b.set_tensors, b, {heads = hu.zeros({2, 2})})
  refused("'head.bias' is a number", b.set_tensors, b, {["head.bias"] = 3})
end

-- ---- language models of others ----

local c, f, layers, heads, v, t = 8, 12, 2, 2, 300, 6
local d = c // heads

-- Logits of the last token in double, from matrices in llama2.c's order, by plain loops: pairs 2 i, 2 i + 1 turn together.
local function reference(w, tokens, kv)
  local group, k = heads // kv, d * kv
  local function row(a, first, n)
    local out = {}
    for i = 1, n do out[i] = a[first + i] end
    return out
  end
  local function product(a, first, rows, x)
    local out = {}
    for i = 1, rows do
      local sum = 0
      for j = 1, #x do sum = sum + a[first + (i - 1) * #x + j] * x[j] end
      out[i] = sum
    end
    return out
  end
  local function norm(x, gain, first)
    local sum = 0
    for i = 1, c do sum = sum + x[i] * x[i] end
    local r, out = 1 / math.sqrt(sum / c + 1e-5), {}
    for i = 1, c do out[i] = x[i] * r * gain[first + i] end
    return out
  end
  local function turn(x, n, position)
    local out = {}
    for i = 0, n - 1, 2 do
      local angle = position * 10000 ^ (-(i % d) / d)
      out[i + 1] = x[i + 1] * math.cos(angle) - x[i + 2] * math.sin(angle)
      out[i + 2] = x[i + 1] * math.sin(angle) + x[i + 2] * math.cos(angle)
    end
    return out
  end
  local keys, values, x = {}, {}, nil
  for layer = 0, layers - 1 do keys[layer], values[layer] = {}, {} end
  for position, token in ipairs(tokens) do
    x = row(w.embedding, token * c, c)
    for layer = 0, layers - 1 do
      local h = norm(x, w["attention.norm"], layer * c)
      local q = turn(product(w.q, layer * c * c, c, h), c, position - 1)
      keys[layer][position] = turn(product(w.k, layer * k * c, k, h), k, position - 1)
      values[layer][position] = product(w.v, layer * k * c, k, h)
      local out = {}
      for head = 0, heads - 1 do
        local scores, sum = {}, 0
        local at, from = head * d, head // group * d
        for p = 1, position do
          local s = 0
          for i = 1, d do s = s + q[at + i] * keys[layer][p][from + i] end
          scores[p] = math.exp(s / math.sqrt(d))
          sum = sum + scores[p]
        end
        for i = 1, d do
          local y = 0
          for p = 1, position do y = y + scores[p] / sum * values[layer][p][from + i] end
          out[at + i] = y
        end
      end
      local o = product(w.o, layer * c * c, c, out)
      for i = 1, c do x[i] = x[i] + o[i] end
      h = norm(x, w["feed.norm"], layer * c)
      local gate, up = product(w.gate, layer * f * c, f, h), product(w.up, layer * f * c, f, h)
      for i = 1, f do gate[i] = gate[i] / (1 + math.exp(-gate[i])) * up[i] end
      local down = product(w.down, layer * c * f, c, gate)
      for i = 1, c do x[i] = x[i] + down[i] end
    end
  end
  return product(w.head or w.embedding, 0, v, norm(x, w.norm, 0))
end

-- Random weights of such a model: name -> list of numbers; and the file.
local function random_model(kv, tied)
  local k, w, seed, file = d * kv, {}, 0, {string.pack("<i4i4i4i4i4i4i4", c, f, layers, heads, kv, tied and v or -v, t)}
  local function add(name, n, mean)
    seed = seed + 1
    local array, list = hu.randn({n}, {seed = seed, std = 0.3, mean = mean or 0, dtype = "float"}), {}
    for i = 1, n do list[i] = array[i] end
    w[name] = list
    for i = 1, n do file[#file + 1] = string.pack("<f", list[i]) end
  end
  add("embedding", v * c)
  add("attention.norm", layers * c, 1)
  add("q", layers * c * c)
  add("k", layers * k * c)
  add("v", layers * k * c)
  add("o", layers * c * c)
  add("feed.norm", layers * c, 1)
  add("gate", layers * f * c)
  add("down", layers * c * f)
  add("up", layers * f * c)
  add("norm", c, 1)
  add("angles", t * d)
  if not tied then add("head", v * c) end
  return w, table.concat(file)
end

local tokens = {3, 299, 17, 256, 0, 3}

local function same_logits(model, want)
  local got = model:logits({tokens = {tokens}}, {precision = "double"})
  for i = 1, v do lu.assertAlmostEquals(got(1, i), want[i], 1e-9) end
end

claims["a checkpoint of llama2.c computes what a plain program with its weights computes"] = function()
  for _, kv in ipairs {heads, 1} do
    for _, tied in ipairs {true, false} do
      local w, file = random_model(kv, tied)
      write(file)
      same_logits(hu.nn.load_llama2c(path), reference(w, tokens, kv))
    end
  end
end

claims["the safetensors file of a Llama does so too, from names"] = function()
  local w = random_model(1, false)
  local want = reference(w, tokens, 1)
  -- the same model in the order of these files: half a head apart
  local function part(list, layer, rows, columns, of)
    local out = {}
    for r = 1, rows do
      local from = r
      if of then
        local i = (r - 1) % d
        from = r - i + (i < d // 2 and 2 * i or 2 * (i - d // 2) + 1)
      end
      out[r] = {}
      for j = 1, columns do out[r][j] = list[(layer * rows + from - 1) * columns + j] end
    end
    return hu.array(out)
  end
  local function vector(list, layer)
    local out = {}
    for i = 1, c do out[i] = list[layer * c + i] end
    return hu.array(out)
  end
  local all = {["model.embed_tokens.weight"] = part(w.embedding, 0, v, c), ["lm_head.weight"] = part(w.head, 0, v, c),
    ["model.norm.weight"] = vector(w.norm, 0)}
  for l = 0, layers - 1 do
    local name = "model.layers." .. l .. "."
    all[name .. "self_attn.q_proj.weight"] = part(w.q, l, c, c, true)
    all[name .. "self_attn.k_proj.weight"] = part(w.k, l, d, c, true)
    all[name .. "self_attn.v_proj.weight"] = part(w.v, l, d, c)
    all[name .. "self_attn.o_proj.weight"] = part(w.o, l, c, c)
    all[name .. "mlp.gate_proj.weight"] = part(w.gate, l, f, c)
    all[name .. "mlp.up_proj.weight"] = part(w.up, l, f, c)
    all[name .. "mlp.down_proj.weight"] = part(w.down, l, c, f)
    all[name .. "input_layernorm.weight"] = vector(w["attention.norm"], l)
    all[name .. "post_attention_layernorm.weight"] = vector(w["feed.norm"], l)
  end
  hu.nn.save_safetensors(path, all)
  same_logits(hu.nn.load_llama(path, {heads = heads, kv_heads = 1, context = t}), want)
  refused("self_attn.k_proj.weight' is 4 x 8; such a model takes 8 x 8", hu.nn.load_llama, path, {heads = heads})
  refused("3 heads, 3 for keys, do not divide a width of 8 evenly", hu.nn.load_llama, path, {heads = 3})
  refused("heads is nil", hu.nn.load_llama, path, {})
  refused("load_llama: unknown option head; did you mean heads? (known: context, heads, kv_heads)", hu.nn.load_llama, path, {head = 2})
  all["model.norm.weight"] = nil
  hu.nn.save_safetensors(path, all)
  refused("there is no tensor 'model.norm.weight'", hu.nn.load_llama, path, {heads = heads, kv_heads = 1})
end

claims["a wrong checkpoint of llama2.c is one line"] = function()
  local _, file = random_model(2, true)
  local load = hu.nn.load_llama2c
  lu.assertNil((load(folder .. "/absent")))
  write(file:sub(1, 20))
  refused("shorter than its header", load, path)
  write(file:sub(1, -5))
  refused("bytes; a model of that header takes", load, path)
  write(file .. "x")
  refused("bytes; a model of that header takes", load, path)
  write(string.pack("<i4i4i4i4i4i4i4", 8, 12, 2147483647, 2, 2, 300, 6) .. file:sub(29))
  refused("n_layers is 2147483647; it takes 1 to 1024", load, path)
  write(string.pack("<i4i4i4i4i4i4i4", 8, 12, 2, 3, 3, 300, 6) .. file:sub(29))
  refused("do not divide evenly", load, path)
  write(string.pack("<i4i4i4i4i4i4i4", 8, 12, 2, 2, 2, -0x80000000, 6) .. file:sub(29))
  refused("vocab_size is 0", load, path)
end

-- ---- IDX and npy ----

local function idx(type_, sizes, data)
  local head = {"\0\0", string.char(type_, #sizes)}
  for _, n in ipairs(sizes) do head[#head + 1] = string.pack(">I4", n) end
  return table.concat(head) .. data
end

claims["IDX files give images from 0 to 1 and their classes"] = function()
  local images, labels = folder .. "/images", folder .. "/labels"
  write(idx(8, {4, 2, 3}, string.char(0, 255, 51, 102, 153, 204) .. ("\0"):rep(12) .. ("\255"):rep(6)), images)
  write(idx(8, {4}, "\1\0\2\7"), labels)
  local data = hu.nn.idx(images, labels, {heldout = 0.25})
  lu.assertEquals({data.train_examples, data.heldout_examples, data.classes, data.height, data.width, data.channels}, {3, 1, 8, 2, 3, 1})
  local x, classes = data:part "train"
  lu.assertEquals(classes, {1, 0, 2})
  for i, want in ipairs {0, 1, 0.2, 0.4, 0.6, 0.8} do lu.assertAlmostEquals(x(1, i), want, 1e-7) end

  local function bad(message, image_bytes, label_bytes)
    write(image_bytes, images)
    write(label_bytes or idx(8, {1}, "\0"), labels)
    refused(message, hu.nn.idx, images, labels)
  end
  lu.assertNil((hu.nn.idx(folder .. "/absent")))
  bad("not an IDX file", "PNG.")
  bad("elements of type 0x0d", idx(13, {1, 1}, "\0\0\0\0"))
  bad("9 indices", idx(8, {1, 1, 1, 1, 1, 1, 1, 1, 1}, "\0"))
  bad("ends within its header", "\0\0\8\3\0\0")
  bad("the header promises 6 bytes, 5 follow", idx(8, {1, 2, 3}, "12345"))
  bad("the header promises 6 bytes, 7 follow", idx(8, {1, 2, 3}, "1234567"))
  bad("more elements than can be counted", idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, ""))
  bad("the header promises", idx(8, {0xffffffff, 0x3fffffff}, "1"))
  bad("none of them 0", idx(8, {0, 2}, ""))
  bad("2 labels for 1 images", idx(8, {1, 2}, "12"), idx(8, {2}, "\0\1"))
  bad("labels have one size", idx(8, {1, 2}, "12"), idx(8, {1, 1}, "\0"))
end

claims["IDX files with any byte changed or cut off are read or refused, never more"] = function()
  local good, random = idx(8, {4, 2, 3}, ("x"):rep(24)), claims.random(9)
  for _ = 1, 1000 do
    local at = random(#good)
    local bytes = good:sub(1, at - 1) .. string.char(random(256) - 1) .. good:sub(at + 1)
    if random(3) == 1 then bytes = bytes:sub(1, random(#bytes)) end
    write(bytes)
    local ok, err = pcall(hu.nn.idx, path)
    if not ok then lu.assertStrContains(err, "idx: ") end
  end
end

claims["npy files give examples with classes or values"] = function()
  local x, y, values = folder .. "/x.npy", folder .. "/y.npy", folder .. "/v.npy"
  hu.save_npy(hu.array {{1, 2}, {3, 4}, {5, 6}, {7, 8}}, x)
  hu.save_npy(hu.array {0, 1, 2, 1}, y)
  hu.save_npy(hu.array {{1}, {2}, {3}, {4}}, values)
  local data = hu.nn.npy(x, y, {heldout = 0.25})
  lu.assertEquals({data.inputs, data.classes, data.outputs, data.train_examples}, {2, 3, 0, 3})
  lu.assertEquals(hu.nn.npy(x, nil, {values = values}).outputs, 1)
  hu.save_npy(hu.array {{1, 0 / 0}, {3, 4}, {1, 1}, {1, 1}}, x)
  refused("number 2 of example 1 is NaN", hu.nn.npy, x, y)
  hu.save_npy(hu.array {0, 1}, y)
  refused("2 targets for 4 examples", hu.nn.npy, x, y)
  refused("unknown option held; did you mean heldout?", hu.nn.npy, x, y, {held = 1})
  local nothing, message = hu.nn.npy(folder .. "/absent", y)
  lu.assertNil(nothing)
  lu.assertStrContains(message, "absent")
end

claims["the folder of the files goes away"] = function()
  lu.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims:run()
