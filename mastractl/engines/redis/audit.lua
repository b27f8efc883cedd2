-- Part of a check: what a scan of one key gives, held against the others, all at one moment.
-- ARGV: what is scanned ("entries", "index" or "due"), the cursor, "1" to mend.
-- Answers with the next cursor ("0" at the end) and pairs of key and fault.

local WHICH, CURSOR, MENDS = ARGV[6], ARGV[7], ARGV[8] == '1'

local head, refusal = stand()
if not head then return refusal end
local flaws = {}
local function flaw(key, fault, ...)
  flaws[#flaws + 1] = {key, fault}
  if MENDS and select('#', ...) > 0 then redis.call(...) end
end

local function look_at_entry(key, packed)
  if not string.find(key, '/', 1, true) then return end
  local revision, expires = string.match(packed, '^(%d+) %d+ %S+ (%S+)\n')
  if not revision then return flaw(key, 'unreadable') end
  if tonumber(revision) > tonumber(head.revision) then flaw(key, 'ahead') end
  if not redis.call('ZSCORE', INDEX, key) then flaw(key, 'unlisted', 'ZADD', INDEX, 0, key) end
  local due = redis.call('ZSCORE', DUE, key)
  if expires == '-' and due then
    flaw(key, 'due', 'ZREM', DUE, key)
  elseif expires ~= '-' and (not due or tonumber(due) ~= tonumber(expires)) then
    flaw(key, 'undue', 'ZADD', DUE, expires, key)
  end
end

local function look_at_member(set, key)
  if redis.call('HEXISTS', STORE, key) == 0 then flaw(key, 'gone', 'ZREM', set, key) end
end

local scanned
if WHICH == 'entries' then
  scanned = redis.call('HSCAN', STORE, CURSOR, 'COUNT', 500)
  for i = 1, #scanned[2], 2 do look_at_entry(scanned[2][i], scanned[2][i + 1]) end
else
  local set = WHICH == 'index' and INDEX or DUE
  scanned = redis.call('ZSCAN', set, CURSOR, 'COUNT', 500)
  for i = 1, #scanned[2], 2 do look_at_member(set, scanned[2][i]) end
end
return {'ok', scanned[1], flaws}
