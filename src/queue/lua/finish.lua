-- id, worker, attempt, how many texts were sent before, state, output, error, texts. 0: no longer held.
local id, worker, attempt, from = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if not is_held(id, worker, attempt) then return 0 end
if #ARGV >= 9 then add_events(id, from, { unpack(ARGV, 9) }) end
settle(id, ARGV[6], ARGV[7], ARGV[8])
return 1
