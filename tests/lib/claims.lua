-- claims.lua - what every test in Lua starts from: LuaUnit, claims by name, vectors, random numbers.
--
--   local claims, t = require("claims")()
--   claims["a format knows its name"] = function()
--     t.assertEquals(hu.format("e5m2").name, "e5m2")
--   end
--   claims:run()
--
-- `t` is LuaUnit. Output is TAP. See tests/README.md.
local luaunit = require "luaunit"

local Claims = {}
Claims.__index = Claims

-- Claims keep the order in which they are written.
function Claims.__newindex(self, name, check)
  assert(type(check) == "function", "a claim is a function")
  local list = rawget(self, "list")
  list[#list + 1] = { (name:gsub("%.", " ")), check }   -- LuaUnit takes a dot for class.method
end

--- True under `make check-long`.
function Claims.long()
  local wanted = os.getenv "HU_TEST_LONG"
  return wanted ~= nil and wanted ~= "" and wanted ~= "0"
end

--- "<source tree>/name".
function Claims.file(name)
  return (os.getenv "HU_SRCDIR" or ".") .. "/" .. name
end

--- "<source tree>/../shared/vectors/name" (or under $HU_VECTORS); skips the claim where it is absent.
function Claims.vectors(name)
  local path = (os.getenv "HU_VECTORS" or Claims.file "../shared/vectors") .. "/" .. name
  local file = io.open(path)
  luaunit.skipIf(file == nil, "no test vectors: " .. path .. " is absent")
  file:close()
  return path
end

--- A new folder of this test's own, under $HU_TMPDIR or /tmp; the caller removes it.
function Claims.tmpdir()
  local pipe = assert(io.popen('mktemp -d "${HU_TMPDIR:-/tmp}/claims.XXXXXX"'))
  local path = pipe:read "l"
  pipe:close()
  return assert(path, "mktemp made no folder")
end

--- SplitMix64, the same numbers as tests/lib/test.c: next() gives 64 bits, next(n) one of 1 .. n.
function Claims.random(seed)
  local state = seed
  return function(n)
    state = state + 0x9e3779b97f4a7c15
    local z = state
    z = (z ~ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ~ (z >> 27)) * 0x94d049bb133111eb
    z = z ~ (z >> 31)
    if n then return (z >> 1) % n + 1 end
    return z
  end
end

--- Runs the claims and ends the process: 0 when all hold, 1 when not.
function Claims.run(self)
  local runner = luaunit.LuaUnit.new()
  runner:setOutputType "tap"
  rawset(_G, "testNames", false)   -- LuaUnit 3.4 assigns this global, which a strict _G refuses
  local failed = runner:runSuiteByInstances(rawget(self, "list"), "--verbose")   -- a failure says what came
  os.exit(failed == 0 and 0 or 1, true)
end

return function()
  return setmetatable({ list = {} }, Claims), luaunit
end
