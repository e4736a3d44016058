-- id, worker, attempt, 1 where this try is forgiven: another worker shall take it. It may have cost this one its
-- GPU, and would the next one: then the try counts.
local id, worker, attempt, forgiven = ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
if not is_held(id, worker, attempt) then return 0 end
leave_line(id)
if forgiven then redis.call('HINCRBY', job_of(id), 'tries', -1) end
enter_line(id)
return 1
