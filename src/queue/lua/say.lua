-- id, worker, attempt, how many texts were sent before, bytes at most, progress, texts. 0: no longer held;
-- 2: more than anybody reads.
local id, worker, attempt, from = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if not is_held(id, worker, attempt) then return 0 end
if ARGV[7] ~= '' then redis.call('HSET', job_of(id), 'output', ARGV[7]) end
if #ARGV < 8 then return 1 end
add_events(id, from, { unpack(ARGV, 8) })
redis.call('PUBLISH', prefix .. 'news', 'said ' .. id)
return tonumber(redis.call('HGET', job_of(id), 'said_bytes')) > tonumber(ARGV[6]) and 2 or 1
