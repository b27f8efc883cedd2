-- Part of a list: the keys from `low` up to `high` (as ZRANGEBYLEX has them), no more than `count` and,
-- but for the first, no more than `budget` bytes. ARGV: low, high, count, budget.

local LOW, HIGH, COUNT, BUDGET = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])

local head, refusal = stand()
if not head then return refusal end
local hides = sweep(head)

local keys = redis.call('ZRANGEBYLEX', INDEX, LOW, HIGH, 'LIMIT', 0, COUNT + 1)
local more = #keys > COUNT
if more then keys[#keys] = nil end
local entries, bytes, done, step = {}, 0, 0, 16
while done < #keys and bytes < BUDGET do
  local last = math.min(done + step, #keys)
  for i, packed in ipairs(redis.call('HMGET', STORE, unpack(keys, done + 1, last))) do
    if packed then
      bytes = bytes + #packed
      if hides and is_due(packed) then packed = false end
    end
    entries[done + i] = packed
  end
  done, step = last, math.min(step * 2, BATCH)
end
if done < #keys then
  more = true
  for i = #keys, done + 1, -1 do keys[i] = nil end
end
return {'ok', head.revision, more and 1 or 0, keys, entries, hides and 1 or 0}
