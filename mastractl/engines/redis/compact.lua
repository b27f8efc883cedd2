-- Forgets the log up to and including a revision, at most `step` revisions of it at a time: the floor first,
-- so that nobody is told a log with a hole, then the messages. ARGV: before, step.
-- XTRIM comes before HSET: it is allowed when the memory is full, and what follows it then as well.

local BEFORE, STEP = tonumber(ARGV[6]), tonumber(ARGV[7])

local head, refusal = stand()
if not head then return refusal end
if BEFORE > tonumber(head.revision) then return {'future', head.revision, head.compacted} end
local first = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
local oldest = first and tonumber(string.match(first[1], '^%d+')) or BEFORE + 1
local floor = math.max(BEFORE, tonumber(head.compacted))
local upto = math.min(floor + 1, oldest + STEP)
redis.call('XTRIM', LOG, 'MINID', '=', string.format('%.0f-0', upto))
if BEFORE > tonumber(head.compacted) then
  redis.call('HSET', STORE, 'compacted', string.format('%.0f', BEFORE))
end
return {'ok', upto <= floor and 1 or 0}
