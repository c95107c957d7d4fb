-- sweep.lua - sweeps compute each point once, keep what came out, and do not depend on the number of workers.
local hu = require "halfulp"
local run = require "halfulp.run"
local lab = require("halfulp.core").lab
local claims, t = require("claims")()

local folder = claims.tmpdir()

-- A new run in this process: its directory, arguments and seed.
local function fresh(name, settings)
  if run.opened then run.opened:close() end
  run.opened, run.sweeps, run.parameters = nil, {}, {}
  run.known = { args = {}, seed = 1, jobs = 0, out = folder .. "/" .. name }
  for key, value in pairs(settings or {}) do run.known[key] = value end
end

local function grid()
  return hu.sweep { exponent = { 2, 3 }, mantissa = hu.range(1, 4), name = { "a", "b" } }
end

local function noisy(p)
  return { error = p.exponent * 2.0 ^ -p.mantissa * (1 + math.random()), seed = p.run_seed, curve = { p.exponent, math.random() } }
end

claims["a grid has every combination once, the last name fastest"] = function()
  local points = hu.sweep({ b = { 1, 2 }, a = { "x", "y" }, c = 5 }).points
  t.assertEquals(points, { { a = "x", b = 1, c = 5 }, { a = "x", b = 2, c = 5 }, { a = "y", b = 1, c = 5 }, { a = "y", b = 2, c = 5 } })
  local some = hu.sweep({ a = hu.range(1, 10) }, { where = function(p) return p.a % 5 == 0 end })
  t.assertEquals(some.points, { { a = 5 }, { a = 10 } })
  t.assertEquals(hu.sweep({ { a = 1 }, { a = 2, b = 3 } }).points, { { a = 1 }, { a = 2, b = 3 } })
end

claims["results are the same for any number of workers"] = function()
  local texts = {}
  for _, jobs in ipairs { 0, 1, 2, 5 } do
    fresh("jobs-" .. jobs, { jobs = jobs })
    local sweep = grid():run(noisy, { quiet = true })
    t.assertEquals(sweep.summary.done, 16)
    sweep:table { file = "all" }
    local file <close> = assert(io.open(run.file "all.tsv"))
    texts[#texts + 1] = file:read "a"
    local curves = {}
    for i, row in ipairs(sweep:rows()) do curves[i] = row.curve end
    texts[#texts] = texts[#texts] .. table.concat(curves[7], " ")
  end
  t.assertEquals(texts[2], texts[1])
  t.assertEquals(texts[3], texts[1])
  t.assertEquals(texts[4], texts[1])
end

claims["what is done is not computed again, what failed is tried again"] = function()
  local calls, broken = 0, true
  local function fn(p)
    calls = calls + 1
    if p.mantissa == 3 and broken then error("no answer for three") end
    return { x = p.mantissa * 10 }
  end
  fresh "again"
  local sweep = hu.sweep { mantissa = hu.range(1, 5) }
  sweep:run(fn, { quiet = true })
  t.assertEquals({ calls, sweep.summary.done, sweep.summary.failed }, { 5, 4, 1 })
  local failures = sweep:failures()
  t.assertEquals(#failures, 1)
  t.assertEquals(failures[1].params, { mantissa = 3 })
  t.assertStrContains(failures[1].error, "no answer for three")
  fresh "again"
  broken = false
  sweep:run(fn, { quiet = true })
  t.assertEquals({ calls, sweep.summary.before, sweep.summary.done, sweep.summary.failed }, { 6, 4, 1, 0 })
  local got = {}
  for i, row in ipairs(sweep:rows()) do got[i] = row.x end
  t.assertEquals(got, { 10, 20, 30, 40, 50 })
end

claims["a point that fails is tried again, up to --retry, and has as many attempts"] = function()
  local marks = claims.tmpdir()
  fresh("retry", { jobs = 2, retry = 2 })
  local sweep = hu.sweep { a = hu.range(1, 4) }
  sweep:run(function(p)
    local path = ("%s/%d"):format(marks, p.a)
    local file = io.open(path)
    local n = file and #file:read "a" or 0
    if file then file:close() end
    file = assert(io.open(path, "a"))
    file:write "x"
    file:close()
    if p.a == 2 and n < 2 then os.execute "kill -9 $PPID" end
    if p.a == 3 then error "never" end
    return { n = n }
  end, { quiet = true })
  t.assertEquals({ sweep.summary.done, sweep.summary.failed }, { 3, 1 })
  t.assertEquals(sweep:rows()[2].n, 2)
  t.assertEquals(sweep:failures()[1].attempts, 3)
  local file <close> = assert(io.open(marks .. "/3"))
  t.assertEquals(file:read "a", "xxx")
  t.assertTrue(os.execute("rm -rf '" .. marks .. "'"))
end

claims["a point over its time, or over its memory, fails alone"] = function()
  fresh("limits", { jobs = 2 })
  local sweep = hu.sweep { a = hu.range(1, 4) }
  local list = { quiet = true, timeout = 4, memory = not os.getenv "HU_PRELOAD" and 64 << 20 or nil }
  if os.getenv "HU_PRELOAD" == "" then list.memory = 64 << 20 end
  sweep:run(function(p)
    if p.a == 2 then os.execute "sleep 60" end
    if p.a == 3 and list.memory then
      local all = {}
      for i = 1, 1000 do all[i] = ("x"):rep(1 << 20) .. i end
    elseif p.a == 3 then
      error "not enough memory, and no limits under a sanitizer"
    end
    return { b = p.a }
  end, list)
  local failures = sweep:failures()
  t.assertEquals({ sweep.summary.done, sweep.summary.failed }, { 2, 2 })
  t.assertEquals(failures[1].error, "over the time limit of 4 s a point")
  t.assertStrContains(failures[2].error, "not enough memory")
  if list.memory then t.assertStrContains(failures[2].error, "64 MiB") end
end

claims["a second opening of a directory in one process is refused"] = function()
  fresh "twice"
  local directory = run.directory()
  t.assertErrorMsgContains("by this process", function() lab.open { dir = folder .. "/./twice" } end)
  directory:log "still ours"
  run.opened:close()
  run.opened = nil
  lab.open({ dir = folder .. "/twice" }):close()
end

claims["when every point fails the sweep does"] = function()
  fresh "all-fail"
  t.assertErrorMsgContains("2 of 2 points failed; the first: ", function()
    hu.sweep({ a = { 1, 2 } }):run(function() error("broken") end, { quiet = true })
  end)
end

claims["a worker that dies takes only its own point with it"] = function()
  for jobs = 1, 2 do
    fresh("dies-" .. jobs, { jobs = jobs })
    local sweep = hu.sweep { a = hu.range(1, 6) }
    sweep:run(function(p)
      if p.a == 4 then os.execute "echo last words; kill -9 $PPID" end
      return { b = p.a }
    end, { quiet = true })
    t.assertEquals({ sweep.summary.done, sweep.summary.failed }, { 5, 1 })
    local failure = sweep:failures()[1]
    t.assertStrContains(failure.error, "signal 9")
    t.assertEquals({ failure.signal, failure.output, failure.attempts }, { 9, "last words\n", 1 })
  end
end

claims["results come back as they were"] = function()
  for jobs = 0, 2 do
    fresh("kinds-" .. jobs, { jobs = jobs })
    local sweep = hu.sweep { a = { 1, 2 } }
    sweep:run(function()
      return { integer = math.mininteger, real = 0.1, tiny = 0x1p-1074, nan = 0 / 0, inf = -math.huge, text = "zw\u{f6}lf\n\0!", yes = true,
        list = { 1, 0.1, -math.huge, 0 / 0 }, empty = {}, grid = hu.array { { 1, 2, 3 }, { 4, 5, 6 } } }
    end, { quiet = true })
    local row = sweep:rows()[2]
    t.assertEquals(math.type(row.integer), "integer")
    t.assertEquals(row.integer, math.mininteger)
    t.assertEquals({ row.real, row.tiny, row.inf, row.text, row.yes }, { 0.1, 0x1p-1074, -math.huge, "zw\u{f6}lf\n\0!", 1 })
    t.assertNaN(row.nan)
    t.assertEquals({ row.list[1], row.list[2], row.list[3], #row.list, #row.empty }, { 1, 0.1, -math.huge, 4, 0 })
    t.assertNaN(row.list[4])
    t.assertEquals(row.grid:totable(), { { 1, 2, 3 }, { 4, 5, 6 } })
  end
end

claims["other parameters, another seed or another name are other points"] = function()
  local calls = 0
  local function fn()
    calls = calls + 1
    return { x = calls }
  end
  local function go(settings, declared, name)
    fresh("keys", settings)
    hu.params(declared)
    return hu.sweep({ a = { 1, 2 } }):run(fn, { quiet = true, name = name }).summary.before
  end
  t.assertEquals(go({}, { steps = 1 }, "s"), 0)
  t.assertEquals(go({}, { steps = 1 }, "s"), 2)
  t.assertEquals(go({}, { steps = 2 }, "s"), 0)
  t.assertEquals(go({ seed = 2 }, { steps = 1 }, "s"), 0)
  t.assertEquals(go({}, { steps = 1 }, "r"), 0)
  t.assertEquals(go({}, { steps = 1 }, "s"), 2)
  t.assertEquals(calls, 8)
end

claims["what a sweep does not use does not change its points, a file that it reads does"] = function()
  local data = folder .. "/data.txt"
  local function write(text)
    local file <close> = assert(io.open(data, "w"))
    file:write(text)
  end
  local function before(declared, options)
    fresh "uses"
    hu.params(declared)
    options.quiet = true
    return hu.sweep({ a = { 1, 2 } }):run(function() return { x = 1 } end, options).summary.before
  end
  t.assertEquals(before({ steps = 1, color = "red" }, { uses = { "steps" } }), 0)
  t.assertEquals(before({ steps = 1, color = "blue" }, { uses = { "steps" } }), 2)
  t.assertEquals(before({ steps = 2, color = "blue" }, { uses = { "steps" } }), 0)
  t.assertErrorMsgContains('no parameter "stepz"', before, { steps = 1 }, { uses = { "stepz" } })
  write "one"
  t.assertEquals(before({}, { files = { data } }), 0)
  t.assertEquals(before({}, { files = { data } }), 2)
  write "two"
  t.assertEquals(before({}, { files = { data } }), 0)
  t.assertErrorMsgContains("data.txt.none", before, {}, { files = { data .. ".none" } })
end

claims["a point's seed follows from the point and not from its neighbors"] = function()
  local function seeds(list)
    fresh("seeds-" .. #list)
    local out = {}
    for _, row in ipairs(hu.sweep({ a = list }):run(function(p) return { s = p.run_seed, r = math.random() } end, { quiet = true }):rows()) do
      out[row.a] = { row.s, row.r }
    end
    return out
  end
  local few, many = seeds { 2, 9 }, seeds { 1, 2, 3, 9 }
  t.assertEquals({ many[2], many[9] }, { few[2], few[9] })
  t.assertNotEquals(many[1], many[2])
  t.assertTrue(few[2][1] >= 0 and few[2][1] < 1 << 53)
end

claims["the same points give the same bytes of text"] = function()
  fresh "bytes"
  local sweep = grid():run(noisy, { quiet = true })
  local path = folder .. "/one.tsv"
  sweep:table { file = path, columns = { "exponent", "mantissa", "name", "error" } }
  local file <close> = assert(io.open(path))
  local lines = {}
  for line in file:lines() do lines[#lines + 1] = line end
  t.assertEquals(lines[1]:sub(1, 2), "# ")
  t.assertEquals(lines[5], "exponent\tmantissa\tname\terror")
  t.assertEquals(#lines, 5 + 16)
  t.assertNotNil(lines[6]:match "^2\t1\ta\t[%d%.]+$")
  t.assertErrorMsgContains("there are", function() sweep:table { columns = { "eror" } } end)
end

claims["a parameter that is called as a statistic is kept beside it"] = function()
  fresh "names"
  local sweep = hu.sweep { n = { 5, 6 }, t = { 1, 2, 3 } }
  sweep:run(function(p) return { y = p.n * p.t } end, { quiet = true })
  local groups = sweep:group { by = { "n" }, y = "y" }
  t.assertEquals({ groups[1].at.n, groups[1].n, groups[1].mean, groups[2].at.n, groups[2].n, groups[2].mean }, { 5, 3, 10, 6, 3, 12 })
end

claims["groups have mean, spread and what is not finite"] = function()
  fresh "groups"
  local sweep = hu.sweep { a = { 1, 2 }, seed = { 1, 2, 3, 4 } }
  sweep:run(function(p) return { y = p.a == 2 and p.seed == 4 and 0 / 0 or p.a * 10 + p.seed } end, { quiet = true })
  local groups = sweep:group { by = { "a" }, y = "y" }
  t.assertEquals({ groups[1].n, groups[1].n_bad, groups[1].mean, groups[1].min, groups[1].max }, { 4, 0, 12.5, 11, 14 })
  t.assertAlmostEquals(groups[1].sd, math.sqrt(5 / 3), 1e-15)
  t.assertAlmostEquals(groups[1].ci95, 3.182446305284263 * math.sqrt(5 / 3) / 2, 1e-9)   -- t(0.975, 3)
  t.assertEquals({ groups[2].n, groups[2].n_bad, groups[2].mean }, { 3, 1, 22 })
end

claims["wrong use is told by name"] = function()
  fresh "wrong"
  local function says(text, fn) t.assertErrorMsgContains(text, fn) end
  says("a list of values", function() hu.sweep { a = {} } end)
  says("a[2] is a function", function() hu.sweep { a = { 1, print } } end)
  says("it takes a table", function() hu.sweep(3) end)
  says("unknown option job", function() grid():run(noisy, { job = 2 }) end)
  says("it takes a function", function() grid():run(3) end)
  says("has not been run", function() grid():rows() end)
  says("twice", function() hu.sweep({ { a = 1 }, { a = 1.0 } }):run(noisy, { quiet = true }) end)
  says("finite number", function() hu.sweep({ a = { 0 / 0 } }):run(noisy, { quiet = true }) end)
  says("another needs another name", function()
    hu.sweep({ a = { 1 } }):run(function() return {} end, { name = "n", quiet = true })
    hu.sweep({ a = { 1 } }):run(function() return {} end, { name = "n", quiet = true })
  end)
  for text, result in pairs { ["returned nothing"] = false, ["no number"] = { x = { 1, "a" } }, ["is a function"] = { x = print },
    ["values have names"] = { 1, 2 }, ["name of a parameter"] = { a = 1 } } do
    says(text, function() hu.sweep({ a = { 1 } }):run(function() return result or nil end, { quiet = true }) end)
  end
end

claims["a point cannot use the store, which is its parent's"] = function()
  fresh("inside", { jobs = 2 })
  local first = hu.sweep { a = { 1, 2 } }
  first:run(function() return { x = 1 } end, { quiet = true })
  t.assertErrorMsgContains("cannot use the store", function()
    hu.sweep({ a = { 1, 2, 3 } }):run(function() return { x = #first:rows() } end, { quiet = true })
  end)
end

claims["parameters have the type of their default and are checked"] = function()
  local declared = {
    steps = { default = 300, min = 1 }, rate = 0.5, verbose = false, scale = { default = "demo", choices = { "demo", "full" } },
    formats = { default = { "e4m3" }, choices = { "e4m3", "e5m2" } },
  }
  fresh("params", { args = { steps = "7", rate = "1", verbose = "yes", formats = "e5m2,e4m3" }, seed = 9 })
  local p = hu.params(declared)
  t.assertEquals({ p.steps, p.rate, p.verbose, p.scale, p.formats, p.seed }, { 7, 1.0, true, "demo", { "e5m2", "e4m3" }, 9 })
  t.assertEquals({ math.type(p.steps), math.type(p.rate) }, { "integer", "float" })
  for text, args in pairs {
    ["did you mean steps?"] = { stesp = "1" }, ["it takes a whole number"] = { steps = "1.5" }, ["at least 1"] = { steps = "0" },
    ["one of demo, full"] = { scale = "fill" }, ["one of e4m3, e5m2"] = { formats = "e4m3,x" }, ["true or false"] = { verbose = "maybe" },
    ["takes a number"] = { rate = "fast" },
  } do
    fresh("params", { args = args })
    t.assertErrorMsgContains(text, function() hu.params(declared) end)
  end
end

claims["seeds and digests are those of the library"] = function()
  t.assertEquals(lab.sha256 "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  t.assertEquals(lab.json { b = 1, a = "x", c = 0.1, d = true }, '{"a": "x", "b": 1, "c": 0.1, "d": 1}')
  t.assertTrue(lab.derive(1, "a") ~= lab.derive(1, "b") and lab.derive(1, "a") ~= lab.derive(2, "a"))
  t.assertNil(lab.sha256_file "/no/such/file")
end

claims["no crash from wrong arguments to the functions in C"] = function()
  local values = { 0, -1, 1.5, "x", true, {}, { {} }, print, 0 / 0 }
  local functions = { lab.open, lab.read, lab.sha256, lab.sha256_file, lab.write_file, lab.make_folders, lab.files, lab.derive, lab.json, lab.nearest }
  for _, fn in ipairs(functions) do
    pcall(fn)
    for _, a in ipairs(values) do
      if type(a) ~= "string" then
        pcall(fn, a)
        for _, b in ipairs(values) do pcall(fn, a, b) end
      end
    end
  end
  fresh "crash"
  local directory = run.directory()
  for _, name in ipairs { "sweep", "rows", "log", "state" } do
    for _, a in ipairs(values) do
      if not (name == "log" and type(a) == "string") then pcall(directory[name], directory, a) end
      pcall(directory[name], a, a)
    end
  end
  directory:close()
  t.assertErrorMsgContains("closed", function() directory:log "x" end)
  run.opened = nil
end

claims["the folder of the tests is removed"] = function()
  fresh "last"
  t.assertTrue(os.execute("rm -rf '" .. folder .. "'"))
end

claims:run()
