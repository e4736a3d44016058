-- id, how, attempt, from. `peek`: the state only. `drain`: what was said since the last time. `follow`: what
-- was said from there on, or all of a newer attempt; a job that has ended is then forgotten.
local id, how, attempt, from = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local job, events = job_of(id), events_of(id)
local facts = redis.call('HMGET', job, 'state', 'attempt', 'tries', 'queued', 'started', 'ended', 'output', 'error', 'owner')
if not facts[1] then return {} end
facts[10] = redis.call('LLEN', events)
facts[11] = {}
if how == 'drain' then
  facts[11] = redis.call('LRANGE', events, 0, -1)
  redis.call('DEL', events)
  redis.call('HSET', job, 'said_bytes', 0)
elseif how == 'follow' then
  facts[11] = redis.call('LRANGE', events, facts[2] == attempt and from or 0, -1)
  if final[facts[1]] then redis.call('DEL', job, events) end
end
return facts
