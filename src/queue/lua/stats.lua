-- Numbers of the whole queue. The group's own lag is unknown once an entry was deleted between others, and
-- what has ended is deleted: so what stands in a stream and is in nobody's hand waits.
local total, pending, oldest = 0, 0, nil
for _, stream in ipairs(streams) do
  total = total + redis.call('XLEN', stream)
  local last = '0-0'
  if redis.call('EXISTS', stream) == 1 then
    for _, facts in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      if facts[2] == group then pending, last = pending + facts[6], facts[8] end
    end
  end
  local first = redis.call('XRANGE', stream, '(' .. last, '+', 'COUNT', 1)[1]
  if first then
    local ms = tonumber(string.match(first[1], '^%d+'))
    if not oldest or ms < oldest then oldest = ms end
  end
end
local counts = redis.call('HMGET', prefix .. 'counts', 'completed', 'failed', 'retried', 'dead')
for i = 1, 4 do counts[i] = tonumber(counts[i] or '0') end
local alive = string.format('%.0f', tonumber(now()) - 60000)
local memory = redis.call('INFO', 'memory')
return {
  math.max(total - pending, 0), pending, oldest and math.max(tonumber(now()) - oldest, 0) or 0,
  counts[1], counts[2], counts[3], counts[4],
  redis.call('ZCOUNT', prefix .. 'workers', alive, '+inf'),
  tonumber(string.match(memory, 'used_memory:(%d+)')), tonumber(string.match(memory, 'maxmemory:(%d+)') or '0'),
}
