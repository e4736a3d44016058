-- id, jobs at most, low or normal, time to live, then fields and values. 1: taken, also a second time; 0: full.
local id, jobs_max, stream, life = ARGV[2], tonumber(ARGV[3]), ARGV[4] == 'low' and streams[2] or streams[1], ARGV[5]
if redis.call('EXISTS', job_of(id)) == 1 then return 1 end
if redis.call('XLEN', streams[1]) + redis.call('XLEN', streams[2]) >= jobs_max then return 0 end
redis.call('HSET', job_of(id), 'stream', stream, 'tries', 0, 'attempt', 0, 'queued', now(), unpack(ARGV, 6))
enter_line(id)
redis.call('PEXPIRE', job_of(id), life)
return 1
