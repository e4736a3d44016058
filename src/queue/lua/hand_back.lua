-- id, worker, attempt, tries to give back: another worker shall take it. It may have cost this one its GPU, and
-- would the next one: then the try counts.
local id, worker, attempt, back = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if not is_held(id, worker, attempt) then return 0 end
leave_line(id)
redis.call('HINCRBY', job_of(id), 'tries', -back)
enter_line(id)
return 1
