-- id, `any` or `waiting`. The state afterwards; false: unknown, or no longer waiting.
local id = ARGV[2]
local state = redis.call('HGET', job_of(id), 'state')
if not state or (ARGV[3] == 'waiting' and state ~= 'IN_QUEUE') then return false end
if final[state] then return state end
settle(id, 'CANCELLED', '', '')
if state == 'IN_PROGRESS' then redis.call('PUBLISH', prefix .. 'cancel', id) end
return 'CANCELLED'
