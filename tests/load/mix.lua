-- Mixed work for wrk: lists, details, captures and updates. What a capture made is written down, to be looked for later.

local leads = {}
local bearer = { ["Authorization"] = "Bearer " .. os.getenv("TOKEN"), ["organization-id"] = os.getenv("ORG") }
local json = { ["Content-Type"] = "application/json" }
for name, value in pairs(bearer) do json[name] = value end
local form = { ["Content-Type"] = "application/x-www-form-urlencoded" }
local lists = {
  "?limit=20", "?name=ada&limit=20", "?city=rome&status=assigned&limit=20", "?search=7%40example&limit=20",
  "?tags=vip&ordering=last_name&limit=20", "?limit=20&offset=400&fields=leads", "?facets=status,city&limit=20",
}
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init()
  math.randomseed(number + 1)
  for id in io.lines(os.getenv("LEADS")) do table.insert(leads, id) end
  errors, captures = 0, 0
  created = io.open(os.getenv("CREATED") .. number, "w")
end

function request()
  local work = math.random(100)
  if work <= 70 then return wrk.format("GET", "/api/leads/" .. lists[math.random(#lists)], bearer) end
  local lead = "/api/leads/" .. leads[math.random(#leads)] .. "/"
  if work <= 85 then return wrk.format("GET", lead, bearer) end
  if work <= 95 then
    captures = captures + 1
    local who = number .. "." .. captures
    local body = "name=Load+" .. who .. "&email=load." .. who .. "%40example.com&message=Hello"
    return wrk.format("POST", "/api/leads/create-from-site/?apikey=" .. os.getenv("KEY"), form, body)
  end
  return wrk.format("PATCH", lead, json, '{"description": "' .. math.random(1000000) .. '"}')
end

function response(status, headers, body)
  if status == 201 then
    created:write(body:match('"id":"([^"]+)"') .. "\n")
    created:flush()
  elseif status ~= 200 then
    errors = errors + 1
    io.stderr:write(status .. " " .. body:sub(1, 300) .. "\n")
  end
end

function done(summary, latency)
  local wrong, lost = 0, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("errors") end
  print(string.format("| %.0f | %.1f ms | %.1f ms | %.1f ms | %d |", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, wrong + lost))
  os.exit(wrong + lost == 0 and 0 or 1)
end
