-- run.lua - the run that is going on: its script, its arguments, its directory.
--
-- `halfulp run` puts script, args, seed, jobs and out into the module halfulp; under the stock interpreter
-- they come from the global `arg`. The directory is made when something is to be stored, not before.

local lab = require("halfulp.core").lab
local keys = require "halfulp.keys"

local run = { parameters = {}, sweeps = {} }

-- The error with which hu.params ends a script that was only asked for its parameters.
run.shown = "\1shown"

-- Our own files that do not change results: a point's key leaves them out.
local aside = { init = true, run = true, sweep = true, rows = true, params = true, plot = true, kinds = true,
  report = true, point = true, rank = true, options = true, keys = true, values = true }     -- and figure*.lua, report*.lua, points*.lua

local function host()
  return package.loaded["halfulp"]
end

-- The arguments of the stock interpreter: key=value, --seed N, --jobs N, --out DIR; others are left alone.
-- `halfulp run` has more: retry, timeout, memory, best and shard, which it leaves in run.limits.
local function from_arg()
  local settings, list, i = { args = {} }, rawget(_G, "arg") or {}, 1
  settings.script = list[0]
  while list[i] do
    local option, value = list[i]:match "^%-%-(%l+)=?(.*)$"
    local key, text = list[i]:match "^([%a_][%w_]*)=(.*)$"
    if option == "seed" or option == "jobs" or option == "out" then
      if value == "" then
        i = i + 1
        value = list[i]
      end
      settings[option] = option == "out" and value or math.tointeger(value)
      if settings[option] == nil then
        error(("--%s is %s; it takes a %s"):format(option, tostring(value), option == "out" and "folder" or "whole number"), 0)
      end
    elseif key then
      settings.args[key] = text
    end
    i = i + 1
  end
  return settings
end

---The script is about to start: its arguments are handed out, and it is known then whether anybody looks at them.
---`halfulp run` calls it.
function run.begin()
  local hu = host()
  run.given = hu.args
  hu.args = nil
  local meta = getmetatable(hu)
  local lacks = meta.__index
  meta.__index = function(_, key)
    if key ~= "args" then return lacks(hu, key) end
    run.read_arguments = true
    return run.given
  end
end

-- Arguments that neither hu.params nor the script itself has looked at are wrong usage.
local function check_arguments()
  if run.show_parameters then
    run.wrong_usage = true
    error("the script declares no parameters (hu.params would)", 0)
  end
  if run.read_arguments or not run.given or next(run.given) == nil then return end
  run.wrong_usage = true
  error(("the script has no parameter %s; it takes none (hu.params would declare them)"):format(keys(run.given)[1]), 0)
end

---The settings of this run: script (path or nil), args (key -> text), seed, jobs, out; retry, timeout, memory, best, shard where given.
---@return table
function run.settings()
  if not run.known then
    local given = host()
    if type(given) == "table" and run.given then
      run.known = { script = given.script, args = run.given, seed = given.seed, jobs = given.jobs, out = given.out }
      for key, value in pairs(run.limits or {}) do run.known[key] = value end
    else
      run.known = from_arg()
    end
    run.known.seed = run.known.seed or 1
    run.known.jobs = run.known.jobs or (lab.size() > 1 and 1 or lab.cores())
    if run.known.script == "-" then run.known.script = nil end
  end
  return run.known
end

---A script's name without folder and ending; "session" where there is none.
function run.name()
  local script = run.settings().script or "session"
  return (script:match "([^/]+)$" or script):gsub("%.lua$", "")
end

local function quote(text)
  return text:find "^[%w_%-%+=:,./@%%]+$" and text or "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Bytes as --memory takes them.
local function size_text(bytes)
  local unit = bytes >= 1 << 30 and { 1 << 30, "G" } or bytes >= 1 << 20 and { 1 << 20, "M" } or { 1 << 10, "K" }
  return ("%.15g%s"):format(bytes / unit[1], unit[2])
end

---What to type to run this again.
function run.command()
  local s, words = run.settings(), { "halfulp", "run", quote(run.settings().script or "-") }
  for _, key in ipairs(keys(s.args)) do words[#words + 1] = quote(key .. "=" .. s.args[key]) end
  words[#words + 1] = ("--seed %d"):format(s.seed)
  if s.retry then words[#words + 1] = ("--retry %d"):format(s.retry) end
  if s.timeout then words[#words + 1] = ("--timeout %.15gs"):format(s.timeout) end
  if s.memory then words[#words + 1] = "--memory " .. size_text(s.memory) end
  words[#words + 1] = "--out " .. quote(s.out or "results/" .. run.name())          -- what follows it belongs to a part: merging takes it off
  if s.shard then words[#words + 1] = ("--shard %d/%d"):format(s.shard.i + 1, s.shard.n) end
  return table.concat(words, " ")
end

---Calls a function in C and raises its error without the place in our own files.
---@param level integer  of the place that is shown instead; 0: none
function run.call(level, fn, ...)
  local results = table.pack(pcall(fn, ...))
  local result = results[2]
  if results[1] then return table.unpack(results, 2, results.n) end
  if type(result) == "string" and not result:find "^interrupted" then
    error((result:gsub("^[^:]*halfulp/%l+%.lua:%d+: ", "")), level > 0 and level + 1 or 0)
  end
  error(result, 0)
end

local function text_of(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

---The directory of this run, opened and locked. Raises where that cannot be.
function run.directory()
  if not run.opened then
    local s = run.settings()
    check_arguments()
    local out = s.out or "results/" .. run.name()
    if lab.rank() > 0 then
      run.quiet = true
      run.opened = require("halfulp.rank")(out)
      return run.opened
    end
    run.opened = run.call(0, lab.open, {
      dir = out, script = s.script or "", seed = s.seed, jobs = s.jobs,
      sha256 = s.script and lab.sha256_file(s.script) or "", command = run.command(), parameters = lab.json(run.parameters),
    })
    local text = s.script and text_of(s.script)
    if text and not text:find("\0", 1, true) then run.call(0, run.opened.keep_script, run.opened, text) end
  end
  return run.opened
end

---A line into log.txt of the run directory.
---@param text string
function run.log(text)
  if text == nil then error("log: text is nil; it takes a text", 2) end
  local directory = run.directory()
  run.call(2, directory.log, directory, (tostring(text):gsub("[\r\n]+", " ")))
end

---The path of a file in the run directory; its folder is made.
---@param name string  "plots/error.svg"
---@return string
function run.file(name)
  local path = run.directory().path .. "/" .. name
  run.call(0, lab.make_folders, (path:gsub("/[^/]*$", "")))
  return path
end

-- The digest of every Lua file that was loaded and can change results, ours and the user's.
local function modules()
  local list = {}
  for _, name in ipairs(keys(package.loaded)) do
    local own = name:match "^halfulp%.?(.*)$"
    local path = not (own and (own == "" or aside[own] or own:match "^figure" or own:match "^report" or own:match "^points")) and package.searchpath(name, package.path)
    local digest = path and lab.sha256_file(path)
    if digest then list[#list + 1] = name .. "=" .. digest end
  end
  return list
end

---Everything beside a point's own parameters that its results depend on, as text: script, parameters, seed,
---files, the version of the numerics. Points with another identity are other points.
---@param fn function    the point's function, whose source stands in for a script that is not a file
---@param uses string[]? the parameters of the script that matter; all of them where absent
---@param files string[] paths of files that are read
---@return string
function run.identity(fn, uses, files)
  local s, used, parts = run.settings(), run.parameters, {}
  if uses then
    used = {}
    for _, name in ipairs(uses) do
      if run.parameters[name] == nil then
        error(("uses: the script has no parameter %q"):format(tostring(name)), 3)
      end
      used[name] = run.parameters[name]
    end
  end
  parts[1] = "script " .. (s.script and lab.sha256_file(s.script) or lab.sha256(debug.getinfo(fn, "S").source))
  parts[2] = "numerics " .. lab.numerics
  parts[3] = "parameters " .. lab.json(used)
  parts[4] = ("seed %d"):format(s.seed)
  for _, text in ipairs(modules()) do parts[#parts + 1] = "module " .. text end
  for _, text in ipairs(lab.formats()) do parts[#parts + 1] = "format " .. text end
  for _, path in ipairs(files) do
    local digest, message = lab.sha256_file(path)
    if not digest then error("files: " .. message, 3) end
    parts[#parts + 1] = "file " .. digest
  end
  return table.concat(parts, "\n")
end

---The script is at its end: closes the directory, with its last manifest. `halfulp run` calls it.
function run.finish()
  local directory = run.opened
  check_arguments()
  if not directory then return end
  local path = directory.path
  run.opened = nil
  run.call(0, directory.close, directory)
  if not run.quiet then io.stderr:write("halfulp: results are in ", path, "\n") end
end

---The run has failed: into the log and the manifest, where there is a directory. `halfulp run` calls it.
---@param message string
---@return boolean? wrong_usage  whether the script's parameters were wrong, which is another exit status
function run.failed(message)
  if run.opened and not message:find "^interrupted" then
    pcall(run.log, "failed: " .. message)
    pcall(run.opened.state, run.opened, "failed")
  end
  return run.wrong_usage
end

return run
