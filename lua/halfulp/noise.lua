-- noise.lua - a policy with its rounding made stochastic, and the spread of what comes of it: the floor of rounding noise.

local noise = {}

-- "e4m3:rz+sat@tensor" -> "e4m3:sr+sat@tensor"; full precision and accumulators' modes stay.
local function stochastic_text(text)
  local formats, mode, scale = text:match "^([^:@]+):?([^@]*)(@?.*)$"
  if not formats then return text end
  local overflow = mode:match "%+.*$" or ""
  if mode == "" or mode:match "^%+" or mode:match "^[%a]" then return formats .. ":sr" .. overflow .. scale end
  return text
end

local stochastic_table

-- What a policy says of layers: {pattern = what} or a list of {pattern, what}; what is a text or a table.
local function stochastic_layers(layers)
  local out = {}
  for key, what in pairs(layers) do
    if math.type(key) == "integer" and type(what) == "table" then
      out[key] = { what[1], noise.stochastic(what[2]) }
    else
      out[key] = noise.stochastic(what)
    end
  end
  return out
end

function stochastic_table(value, inner)
  local out = {}
  for key, part in pairs(value) do
    if key == "rounding" then
      part = "sr"
    elseif key == "layers" and type(part) == "table" then
      part = stochastic_layers(part)
    elseif type(part) == "table" and getmetatable(part) == nil and key ~= "accumulate" and key ~= "forward" and key ~= "dgrad" and key ~= "wgrad" then
      part = stochastic_table(part, true)
    end
    out[key] = part
  end
  if (not inner or value.format ~= nil) and out.rounding == nil then out.rounding = "sr" end
  return out
end

---The same policy with every quantizer rounding stochastically.
---@param policy string|table
---@return string|table
function noise.stochastic(policy)
  if type(policy) == "string" then return stochastic_text(policy) end
  if type(policy) ~= "table" then
    error("the floor of noise makes a policy stochastic that is a text or a table; for another give noise_policy, or repeats = 0", 0)
  end
  return stochastic_table(policy)
end

function noise.mean(list)
  local sum = 0
  for _, value in ipairs(list) do sum = sum + value end
  return #list > 0 and sum / #list or nil
end

---The standard deviation of a sample; nil for fewer than two.
function noise.spread(list)
  if #list < 2 then return nil end
  local mean, sum = noise.mean(list), 0
  for _, value in ipairs(list) do sum = sum + (value - mean) ^ 2 end
  return (sum / (#list - 1)) ^ 0.5
end

return noise
