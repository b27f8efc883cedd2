-- What every script begins with.
--
-- KEYS: the store (a hash: the entries by key, and the head in fields without a slash), the index (a sorted
-- set, every score 0, so that members sort by their bytes), the log (a stream, one message for each change,
-- id = revision-number), what is due when (a sorted set by expiry).
-- ARGV: uid, epoch and format that the client takes the store to have; the time by the client's clock;
-- "1" if what is due may be removed; then what the script itself is asked.
--
-- Revisions and times are passed and kept as text: a Lua number printed loses digits. A script that fails
-- half way would leave half a commit, so whatever may refuse is asked before the first write, and the first
-- write is XADD: where the server takes that, it takes the rest of the script as well.

local STORE, INDEX, LOG, DUE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local UID, EPOCH, FORMAT, NOW, SWEEPS = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local BATCH = 1000 -- unpack takes less than 8000

local function stand()
  local h = redis.call('HMGET', STORE, 'identity', 'format', 'epoch', 'floor', 'revision', 'compacted')
  if h[1] ~= UID then return nil, {'stranger', h[1] or ''} end
  if h[2] ~= FORMAT then return nil, {'format', h[2] or ''} end
  if h[3] ~= EPOCH then return nil, {'epoch', h[3], h[4]} end
  return {revision = h[5], compacted = h[6]}
end

local function after(revision)
  return string.format('%.0f', tonumber(revision) + 1)
end

local function row(call, revision, seq, key, origin, before, entry)
  local id = revision .. '-' .. string.format('%d', seq)
  return call('XADD', LOG, id, 'k', key, 'o', origin, 't', NOW, 'b', before or '', 'a', entry or '')
end

local function in_batches(list, act)
  for first = 1, #list, BATCH do
    local last = math.min(first + BATCH - 1, #list)
    act(first, unpack(list, first, last))
  end
end

local function in_key_order(keys)
  -- By rank, and not by "<", which goes by the server's locale.
  local ranked = {}
  for i, key in ipairs(keys) do ranked[i] = {redis.call('ZRANK', INDEX, key) or -1, key} end
  table.sort(ranked, function(a, b) return a[1] < b[1] end)
  for i, pair in ipairs(ranked) do keys[i] = pair[2] end
  return keys
end

-- Removes what is due, as a commit of its own. Returns nil, or what forbids it: then it is to be hidden.
local function sweep(head)
  local due = redis.call('ZRANGEBYSCORE', DUE, '-inf', NOW)
  if #due == 0 then return nil end
  if SWEEPS ~= '1' then return {err = 'READONLY this handle writes nothing'} end
  in_key_order(due)
  local revision, seq, refused = after(head.revision), 0, nil
  in_batches(due, function(first, ...)
    if refused then return end
    for i, before in ipairs(redis.call('HMGET', STORE, ...)) do
      if before and not refused then
        local call = seq == 0 and redis.pcall or redis.call
        local told = row(call, revision, seq, due[first + i - 1], 'expired', before, nil)
        if type(told) == 'table' and told.err then refused = told end
        seq = seq + 1
      end
    end
  end)
  if refused then return refused end
  in_batches(due, function(_, ...)
    redis.call('HDEL', STORE, ...)
    redis.call('ZREM', INDEX, ...)
    redis.call('ZREM', DUE, ...)
  end)
  if seq > 0 then
    redis.call('HSET', STORE, 'revision', revision)
    head.revision = revision
  end
  return nil
end

local function expiry(packed)
  return string.match(packed, '^%d+ %d+ %S+ (%S+)\n')
end

local function is_due(packed)
  local at = expiry(packed)
  return at ~= '-' and tonumber(at) <= tonumber(NOW)
end
