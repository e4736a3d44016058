-- id, worker, tries at most, stream, entry. What the worker is to do, or 'gone', or 'dead'.
local id, worker, tries_max, stream, entry = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local job = job_of(id)
local facts = redis.call('HMGET', job, 'state', 'entry', 'tries', 'gateway', 'owner')
if not facts[1] or final[facts[1]] or facts[2] ~= entry then  -- expired, cancelled, or in the line elsewhere
  redis.call('XACK', stream, group, entry)
  redis.call('XDEL', stream, entry)
  return { 'gone' }
end
if facts[4] and facts[4] ~= '' and redis.call('EXISTS', prefix .. 'gateway:' .. facts[4]) == 0 then
  settle(id, 'CANCELLED', '', '')  -- nobody waits for it any more
  return { 'gone' }
end
if tonumber(facts[3]) >= tries_max then
  settle(id, 'FAILED', '', ARGV[7])
  redis.call('HINCRBY', prefix .. 'counts', 'dead', 1)
  redis.call('XADD', prefix .. 'dead', 'MAXLEN', '~', 1000, '*', 'id', id, 'worker', facts[5] or '')
  return { 'dead' }
end
redis.call('HINCRBY', job, 'tries', 1)
local attempt = redis.call('HINCRBY', job, 'attempt', 1)
redis.call('DEL', events_of(id))
redis.call('HSET', job, 'state', 'IN_PROGRESS', 'owner', worker, 'started', now(), 'said', 0, 'said_bytes', 0, 'output', '')
local work = redis.call('HMGET', job, 'kind', 'head', 'body', 'tenant', 'execution_max')
return { 'run', tostring(attempt), work[1], work[2], work[3], work[4], work[5] }
