-- Applies all operations or none. The rules of change are those of planning.py, which the client asks again
-- with what this tells: for each operation the entry that stood before it (false: none).
--
-- ARGV: origin, then five for each operation: P(ut), D(elete) or C(heck); the key; the revision at which it
-- must stand ("" = any); when the new entry expires ("-" = never); the new value.

local ORIGIN, FIRST = ARGV[6], 7

local head, refusal = stand()
if not head then return refusal end
refusal = sweep(head)
if refusal then return refusal end

local keys = {}
for i = FIRST, #ARGV, 5 do keys[#keys + 1] = ARGV[i + 1] end
local before = {}
in_batches(keys, function(first, ...)
  for i, packed in ipairs(redis.call('HMGET', STORE, ...)) do before[first + i - 1] = packed end
end)
redis.call('ZCARD', INDEX) -- whoever put something else there is told before the first write

local function answer(revision, made)
  local told = {'ok', revision, made}
  for i = 1, #keys do told[i + 3] = before[i] end
  return told
end

for n, packed in ipairs(before) do
  local wanted = ARGV[FIRST + (n - 1) * 5 + 2]
  local actual = packed and string.match(packed, '^%d+') or '0'
  if wanted ~= '' and wanted ~= actual then return answer(head.revision, 0) end
end

local revision, seq = after(head.revision), 0

local function put(key, packed, expires, value)
  local created, at, expired, start = revision, NOW, '-', nil
  if packed then
    created, at, expired, start = string.match(packed, '^%d+ (%d+) (%S+) (%S+)\n()')
    local same = expired == expires or (tonumber(expired) and tonumber(expired) == tonumber(expires))
    if same and string.sub(packed, start) == value then return end
  end
  local entry = revision .. ' ' .. created .. ' ' .. at .. ' ' .. expires .. '\n' .. value
  row(redis.call, revision, seq, key, ORIGIN, packed, entry)
  seq = seq + 1
  redis.call('HSET', STORE, 'revision', revision, key, entry)
  if not packed then redis.call('ZADD', INDEX, 0, key) end
  if expires ~= '-' then
    redis.call('ZADD', DUE, expires, key)
  elseif expired ~= '-' then
    redis.call('ZREM', DUE, key)
  end
end

local function delete(key, packed)
  row(redis.call, revision, seq, key, ORIGIN, packed, nil)
  seq = seq + 1
  redis.call('HSET', STORE, 'revision', revision)
  redis.call('HDEL', STORE, key)
  redis.call('ZREM', INDEX, key)
  if expiry(packed) ~= '-' then redis.call('ZREM', DUE, key) end
end

for n, key in ipairs(keys) do
  local i = FIRST + (n - 1) * 5
  if ARGV[i] == 'P' then
    put(key, before[n], ARGV[i + 3], ARGV[i + 4])
  elseif ARGV[i] == 'D' and before[n] then
    delete(key, before[n])
  end
end
if seq == 0 then return answer(head.revision, 0) end
return answer(revision, 1)
