-- id. `ok`, the state that cannot be retried, `no input`, or false: unknown.
local id, job = ARGV[2], job_of(ARGV[2])
local state = redis.call('HGET', job, 'state')
if not state then return false end
if state ~= 'FAILED' and state ~= 'TIMED_OUT' then return state end
if redis.call('HEXISTS', job, 'body') == 0 then return 'no input' end
redis.call('HDEL', job, 'started', 'ended', 'output', 'error')
redis.call('HSET', job, 'tries', 0, 'queued', now())
redis.call('DEL', events_of(id))
redis.call('PEXPIRE', job, redis.call('HGET', job, 'life'))
redis.call('HINCRBY', prefix .. 'counts', 'failed', -1)
redis.call('HINCRBY', prefix .. 'counts', 'retried', 1)
enter_line(id)
return 'ok'
