-- id, worker, attempt: another worker shall take it, and this one has not failed.
local id, worker, attempt = ARGV[2], ARGV[3], ARGV[4]
if not is_held(id, worker, attempt) then return 0 end
leave_line(id)
redis.call('HINCRBY', job_of(id), 'tries', -1)
enter_line(id)
return 1
