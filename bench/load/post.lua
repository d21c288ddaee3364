-- wrk script: posts envelopes of the pool, each with a random id of its own.
-- Arguments: pool file, events per request, token, seed. Prints one line of JSON at the end.
local heads, tails, count = {}, {}, 0
local per_request, headers = 1, {}
local threads = {}
partly_refused = 0 -- read from the main state at the end

function setup(thread) threads[#threads + 1] = thread end

-- a batch is answered by 200 even when some of its events were refused
function count_refused(status, _, body)
  local refused = body:match('"refused":(%d+)')
  if status == 200 and refused and refused ~= "0" then partly_refused = partly_refused + 1 end
end

-- all groups of four hexadecimal digits: looking them up is many times faster than formatting
local hex = {}
for i = 0, 65535 do hex[i] = string.format("%04x", i) end

local random = math.random
local function group() return hex[random(0, 65535)] end

local function uuid()
  return group() .. group() .. "-" .. group() .. "-" .. hex[random(0x4000, 0x4fff)] .. "-" .. hex[random(0x8000, 0xbfff)]
    .. "-" .. group() .. group() .. group()
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  while true do
    local head, tail = file:read("*l"), file:read("*l")
    if not tail then break end
    count = count + 1
    heads[count], tails[count] = head, tail
  end
  file:close()
  per_request = tonumber(args[2])
  math.randomseed(tonumber(args[4]))
  headers["Content-Type"] = "application/json"
  headers["Authorization"] = "Bearer " .. args[3]
  headers["X-Audit-QS-Version"] = "0.3.2"
  if per_request > 1 then response = count_refused end
end

local next_body = 0
local parts = {}

function request()
  parts[1] = "["
  local n = 1
  for i = 1, per_request do
    next_body = next_body % count + 1
    parts[n + 1], parts[n + 2], parts[n + 3], parts[n + 4] = heads[next_body], uuid(), tails[next_body], ","
    n = n + 4
  end
  if per_request == 1 then
    return wrk.format("POST", "/api/v1/audit-event", headers, table.concat(parts, "", 2, 4))
  end
  parts[n] = "]"
  return wrk.format("POST", "/api/v1/audit-events", headers, table.concat(parts, "", 1, n))
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.status
  for _, thread in ipairs(threads) do failed = failed + thread:get("partly_refused") end
  io.write(string.format('\nRESULT {"requests":%d,"elapsedMs":%f,"p50Ms":%f,"p99Ms":%f,"maxMs":%f,"failed":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1000, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000, failed, e.connect + e.read + e.write + e.timeout))
end
