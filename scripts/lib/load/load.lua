-- The load that `scripts/bench` puts on a server, for wrk with one thread. Arguments after wrk's
-- own `--`, each NAME=VALUE:
--
--   kind      chains: each request uses up a refresh token, whose successor stands in the answer
--             and goes back to the pool, so no token is ever on its way twice
--             cycle: the tokens of the pool in turn, again and again
--             fixed: the same request each time
--   request   file with the request: head, blank line, body. {token} stands for a token and
--             {length} for the length of the body
--   tokens    file with the pool, one token a line
--   expect    what each good answer holds
--   successor what stands before the successor in an answer (chains)
--   rest      file for what is in the pool at the end (chains)
--   collect   what stands before a value in an answer that is to be kept, up to the next quote
--   collected file for these values
--   pause     mean pause of a connection between answer and next request, in milliseconds
--
-- The last line of the output begins with `martlet-bench ` and holds the figures as JSON.

local arguments = {}
-- Everything that `done` asks for lives in globals: wrk copies those from its thread, nothing else.
answered, failed, dry, failure = 0, 0, 0, ""
pool, head, size, capacity = {}, 0, 0, 0
kept = {}
rest_path, collected_path = "", ""

local kind, expect, successor, collect, pause
local before, after, request_text
local checked = false
local most_kept = 20000

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

local function lines(path)
    local all = {}
    for line in io.lines(path) do all[#all + 1] = line end
    return all
end

local function push(token)
    pool[(head + size) % capacity + 1] = token
    size = size + 1
end

local function pop()
    if size == 0 then return nil end
    local token = pool[head % capacity + 1]
    head = head + 1
    size = size - 1
    return token
end

-- The text before and after the token, with the body's length filled in.
local function prepare(text, token)
    local start = text:find("\r\n\r\n", 1, true) + 4
    local body = text:sub(start)
    local length = #body
    if body:find("{token}", 1, true) then length = length - #"{token}" + #token end
    text = text:gsub("{length}", tostring(length))
    local from, to = text:find("{token}", 1, true)
    if not from then return text, "" end
    return text:sub(1, from - 1), text:sub(to + 1)
end

function init(given)
    for _, argument in ipairs(given) do
        local name, value = argument:match("^([a-z]+)=(.*)$")
        arguments[name] = value
    end
    kind = arguments.kind
    expect = arguments.expect
    successor = arguments.successor
    collect = arguments.collect
    pause = tonumber(arguments.pause or "0")
    rest_path = arguments.rest or ""
    collected_path = arguments.collected or ""
    if arguments.tokens then
        local tokens = lines(arguments.tokens)
        capacity = #tokens
        for _, token in ipairs(tokens) do push(token) end
    end
    local template = read(arguments.request)
    local token = pool[1] or ""
    before, after = prepare(template, token)
    request_text = before .. token .. after
    -- wrk pauses before each request if this function is there at all.
    if pause > 0 then
        math.randomseed(1)
        delay = function() return math.floor(math.random() * 2 * pause + 0.5) end
    end
end

function request()
    -- wrk asks once before the load begins, to see what the request looks like.
    if not checked or kind == "fixed" then
        checked = true
        return request_text
    end
    local token = pop()
    if not token then
        dry = dry + 1
        return request_text
    end
    if kind == "cycle" then push(token) end
    return before .. token .. after
end

local function value_after(mark, body)
    local _, last = body:find(mark, 1, true)
    if not last then return nil end
    local quote = body:find('"', last + 1, true)
    return quote and body:sub(last + 1, quote - 1)
end

function response(status, headers, body)
    if status ~= 200 or not body:find(expect, 1, true) then
        failed = failed + 1
        if failure == "" then failure = status .. " " .. body:sub(1, 200) end
        return
    end
    answered = answered + 1
    if kind == "chains" then
        local token = value_after(successor, body)
        if token then push(token) else failed = failed + 1 end
    end
    if collect and #kept < most_kept then kept[#kept + 1] = value_after(collect, body) end
end

local threads = {}

function setup(thread) threads[#threads + 1] = thread end

local function write(path, values)
    local file = assert(io.open(path, "wb"))
    for _, value in ipairs(values) do file:write(value, "\n") end
    file:close()
end

function done(summary, latency, requests)
    local thread = threads[1]
    local rest = thread:get("rest_path")
    if rest ~= "" then
        local ring, first = thread:get("pool"), thread:get("head")
        local count, room = thread:get("size"), thread:get("capacity")
        local left = {}
        for index = 0, count - 1 do left[#left + 1] = ring[(first + index) % room + 1] end
        write(rest, left)
    end
    local collected = thread:get("collected_path")
    if collected ~= "" then write(collected, thread:get("kept")) end
    local errors = summary.errors
    local failure = thread:get("failure"):gsub('[%c"\\]', " ")
    io.write(string.format(
        '\nmartlet-bench {"requests":%d,"microseconds":%d,"answered":%d,"failed":%d,"dry":%d,'
            .. '"broken":%d,"late":%d,"p50":%d,"p99":%d,"failure":"%s"}\n',
        summary.requests, summary.duration, thread:get("answered"), thread:get("failed"),
        thread:get("dry"), errors.connect + errors.read + errors.write, errors.timeout,
        latency:percentile(50), latency:percentile(99), failure))
end
