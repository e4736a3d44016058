-- Makes the streams and the group of workers. As a step, since XGROUP alone is refused when Redis is full, even
-- where all is there.
for _, stream in ipairs(streams) do
  local made = redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  if made['err'] and not string.find(made['err'], 'BUSYGROUP') then return made end
end
return 1
