-- rank.lua - the run directory as a process of another rank than 0 sees it, under mpirun.
--
-- Rank 0 keeps the results. The others run the same script, compute the points that they are sent, and get the rows of each
-- sweep; whatever else the script writes there goes into a folder that is removed.

local lab = require("halfulp.core").lab

local Rank = {}
Rank.__index = Rank

---@param out string  the directory of the run
local function new(out)
  local path = os.tmpname()
  os.remove(path)
  return setmetatable({ path = path, out = out, kept = {} }, Rank)
end

function Rank:sweep(options)
  local summary, rows = lab.serve {
    name = options.name, points = options.points, run = options.run, identity = options.identity, seed = options.seed,
    jobs = options.jobs, timeout = options.timeout, memory = options.memory,
  }
  self.kept[options.name] = rows
  return summary
end

function Rank:rows(name)
  return self.kept[name] or {}
end

---Points leave files and checkpoints where rank 0 looks for them: the directory is one that all ranks share.
function Rank:point(key)
  return self.out .. "/points/" .. key:sub(1, 16)
end

function Rank:log() end
function Rank:state() end

function Rank:close()
  os.execute("rm -rf '" .. self.path .. "'")
end

return new
