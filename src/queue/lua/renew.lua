-- worker, then id and attempt of each job in hand. Those that are no longer its.
local worker, lost = ARGV[2], {}
redis.call('ZADD', prefix .. 'workers', now(), worker)
redis.call('ZREMRANGEBYSCORE', prefix .. 'workers', '-inf', string.format('%.0f', tonumber(now()) - 60000))
for i = 3, #ARGV, 2 do
  if is_held(ARGV[i], worker, ARGV[i + 1]) then
    local place = redis.call('HMGET', job_of(ARGV[i]), 'stream', 'entry')
    redis.call('XCLAIM', place[1], group, worker, 0, place[2], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
