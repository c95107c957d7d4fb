-- point.lua - what a point's function can do besides computing: leave files, and checkpoints to go on from.

local lab = require("halfulp.core").lab
local run = require "halfulp.run"
local check_options = require "halfulp.options"
local show = require("halfulp.values").show

---A point of a sweep, as its function gets it: a table of its parameters and `run_seed`.
---@class hu.point
local Point = {}

local hidden = setmetatable({}, { __mode = "k" })      -- point -> {folder =, artifacts =}

---The path of a file that this point leaves: in a folder of its own in the run directory, which is made. The files that are
---there when the point is done are listed in the store with their digests.
---@param name string  without a folder; names that begin with "checkpoint" are taken
---@return string
function Point:file(name)
  local mine = hidden[self]
  if not mine then error("file: it takes the point, as in point:file(name)", 2) end
  if type(name) ~= "string" or not name:find "^[%w_][%w_.+-]*$" then
    error("file: it takes a name of letters, digits, ., +, - and _", 2)
  end
  if name:find "^checkpoint" then error("file: names that begin with checkpoint are for point:checkpoint", 2) end
  run.call(2, lab.make_folders, mine.folder)
  return mine.folder .. "/" .. name
end

-- ---- checkpoints ----

-- A value as Lua text that reads back as the same value: floats in hexadecimal.
local function dump(value, depth)
  local kind = type(value)
  if math.type(value) == "integer" then
    return value == math.mininteger and "math.mininteger" or ("%d"):format(value)
  elseif kind == "number" then
    if value ~= value then return "0/0" end
    if math.abs(value) == math.huge then return value > 0 and "1/0" or "-1/0" end
    return ("%a"):format(value)
  elseif kind == "string" then
    return ("%q"):format(value)
  elseif kind == "boolean" then
    return tostring(value)
  elseif kind ~= "table" or depth > 50 then
    error(("checkpoint: the state holds a %s; it takes numbers, strings, true and false, and tables of them"):format(kind), 0)
  end
  local parts, n = {}, #value
  for i = 1, n do parts[i] = dump(value[i], depth + 1) end
  for key, item in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then
      parts[#parts + 1] = ("[%s]=%s"):format(dump(key, depth + 1), dump(item, depth + 1))
    end
  end
  return "{" .. table.concat(parts, ",\n") .. "}"
end

---How far a long point is, kept so that it goes on from there after any end.
---@class hu.checkpoint
---@field step integer  that was reached when the last checkpoint was written; 0: there is none
---@field state table   what the function keeps from step to step, as it was then
local Checkpoint = {}
Checkpoint.__index = Checkpoint

local function save(self, step)
  local mine = self.mine
  run.call(0, lab.make_folders, mine.folder)
  local trainer = self.trainer and ("checkpoint-%d"):format(step)
  if trainer then self.trainer:save(mine.folder .. "/" .. trainer) end
  local text = "return " .. dump({ step = step, trainer = trainer, state = self.state }, 0) .. "\n"
  run.call(0, lab.write_file, mine.folder .. "/checkpoint.lua", text)
  if self.saved and self.saved ~= trainer then os.remove(mine.folder .. "/" .. self.saved) end
  self.saved, self.written, self.step = trainer, os.time(), step
end

---A step is done: `math.random` goes on from the point's seed and this step, so that it does not matter whether the point was
---interrupted. Every `every` steps, and when the run is asked to stop, a checkpoint is written; in the latter case the
---function ends here, and the next run goes on.
---@param step integer
function Checkpoint:mark(step)
  if math.type(step) ~= "integer" or step < 1 then
    error(("mark: the step is %s; it takes a whole number from 1 on"):format(tostring(step)), 2)
  end
  math.randomseed(lab.derive(self.seed, "step " .. step))
  local stopping = lab.stopping()
  if stopping or (self.every and step % self.every == 0) or (not self.every and os.time() - self.written >= 60) then save(self, step) end
  if stopping then error(lab.stopped, 0) end
end

local function read(folder)
  local path = folder .. "/checkpoint.lua"
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  local chunk = text and load(text, "=checkpoint", "t", { math = { mininteger = math.mininteger } })
  local ok, saved = pcall(chunk or error)
  return ok and type(saved) == "table" and math.type(saved.step) == "integer" and type(saved.state) == "table" and saved or nil
end

---The checkpoint of this point: what the last run left, or a new one. The function continues after `step` and calls
---`mark` after each step.
---
---Weights, optimizer and step are the trainer's; what else changes from step to step belongs into `state`: numbers, strings,
---true and false, and tables of them.
---@param options? table  `trainer`: a hu.trainer that is saved and resumed; `state` ({}): what to begin with; `every`: steps between two checkpoints (one a minute)
---@return hu.checkpoint
function Point:checkpoint(options)
  local mine = hidden[self]
  if not mine then error("checkpoint: it takes the point, as in point:checkpoint {...}", 2) end
  options = options or {}
  check_options("checkpoint", options, { "trainer", "state", "every" })
  local every = options.every
  if every ~= nil and (math.type(every) ~= "integer" or every < 1) then
    error(("checkpoint: every is %s; it takes a whole number from 1 on"):format(show(every)), 2)
  end
  local self_ = setmetatable({ mine = mine, seed = self.run_seed, trainer = options.trainer, every = every, step = 0,
    state = options.state or {}, written = os.time() }, Checkpoint)
  local saved = read(mine.folder)
  if saved and (saved.trainer ~= nil) == (options.trainer ~= nil) then
    if saved.trainer then options.trainer:resume(mine.folder .. "/" .. saved.trainer) end
    self_.step, self_.state, self_.saved = saved.step, saved.state, saved.trainer
    math.randomseed(lab.derive(self_.seed, "step " .. saved.step))
  end
  return self_
end

-- ---- for sweep.lua ----

local point = {}
local methods = { __index = Point }

---The function's argument as it sees it.
function point.new(parameters, folder)
  hidden[parameters] = { folder = folder }
  return setmetatable(parameters, methods)
end

---The digests of the files that the point left: name -> "SHA-256 BYTES".
function point.artifacts(parameters)
  local folder, out = hidden[parameters].folder, nil
  for _, name in ipairs(lab.files(folder) or {}) do
    if not name:find "^%." and not name:find "^checkpoint" then
      local digest = lab.sha256_file(folder .. "/" .. name)
      local file = io.open(folder .. "/" .. name, "rb")
      if digest and file then
        out = out or {}
        out[name] = ("%s %d"):format(digest, file:seek "end")
      end
      if file then file:close() end
    end
  end
  return out
end

return point
