-- gateway: it is there, which is to be said even when Redis is full: whose gateway is gone, that work is dropped.
redis.call('SET', prefix .. 'gateway:' .. ARGV[2], '1', 'EX', '60')
return 1
