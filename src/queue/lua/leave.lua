-- worker, idle milliseconds: forgets this worker, and those gone for so long, as far as they hold nothing.
redis.call('ZREM', prefix .. 'workers', ARGV[2])
for _, stream in ipairs(streams) do
  for _, facts in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
    local name, pending, idle = facts[2], facts[4], facts[6]
    if pending == 0 and (name == ARGV[2] or idle > tonumber(ARGV[3])) then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
    end
  end
end
return 1
