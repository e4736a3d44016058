-- What every step begins with. A job is a hash; its id stands in one of two streams while it waits or runs.
local prefix, group = ARGV[1], 'workers'
local streams = { prefix .. 'jobs', prefix .. 'jobs:low' }
local function job_of(id) return prefix .. 'job:' .. id end
local function events_of(id) return prefix .. 'events:' .. id end
local function now()
  local time = redis.call('TIME')
  return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
end
local final = { COMPLETED = true, FAILED = true, CANCELLED = true, TIMED_OUT = true }

-- Whoever took the job in this attempt still has it: anybody else comes too late.
local function is_held(id, worker, attempt)
  local facts = redis.call('HMGET', job_of(id), 'state', 'owner', 'attempt')
  return facts[1] == 'IN_PROGRESS' and facts[2] == worker and facts[3] == attempt
end

local function leave_line(id)
  local place = redis.call('HMGET', job_of(id), 'stream', 'entry')
  if place[1] and place[2] then
    redis.call('XACK', place[1], group, place[2])
    redis.call('XDEL', place[1], place[2])
  end
end

local function enter_line(id)
  local stream = redis.call('HGET', job_of(id), 'stream')
  local entry = redis.call('XADD', stream, '*', 'id', id)
  redis.call('HSET', job_of(id), 'entry', entry, 'state', 'IN_QUEUE', 'owner', '')
end

-- A step may be sent twice: what has arrived before is left out. `from`: how many texts came before these.
local function add_events(id, from, texts)
  local job = job_of(id)
  local said = tonumber(redis.call('HGET', job, 'said') or '0')
  for i = math.max(said - from, 0) + 1, #texts do
    redis.call('RPUSH', events_of(id), texts[i])
    redis.call('HINCRBY', job, 'said', 1)
    redis.call('HINCRBY', job, 'said_bytes', #texts[i])
  end
  redis.call('PEXPIRE', events_of(id), math.max(redis.call('PTTL', job), 1))
end

local function settle(id, state, output, reason)
  local job = job_of(id)
  leave_line(id)
  local facts = redis.call('HMGET', job, 'keep', 'webhook')
  local told = facts[2] and facts[2] ~= ''
  local may_be_retried = state == 'FAILED' or state == 'TIMED_OUT'
  if not told and not may_be_retried then redis.call('HDEL', job, 'body') end  -- first: it makes room
  redis.call('HSET', job, 'state', state, 'output', output, 'error', reason, 'ended', now())
  redis.call('HINCRBY', prefix .. 'counts', state == 'COMPLETED' and 'completed' or 'failed', 1)
  redis.call('PEXPIRE', job, facts[1])
  redis.call('PEXPIRE', events_of(id), facts[1])
  if told then redis.call('SADD', prefix .. 'webhooks', id) end
  redis.call('PUBLISH', prefix .. 'news', (told and 'told ' or 'ended ') .. id)
end
