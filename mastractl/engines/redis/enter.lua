-- The first word on every new connection: what kind of store is here, made if that is asked for, and whether
-- the server has begun a new life since anybody of ours spoke to it.
--
-- A server that does not fsync every write, or was promoted from a replica, may have forgotten the newest
-- revisions when it begins anew. Their numbers will be given to other commits. So the epoch goes up, and
-- with it the store's identity; `floor` is the revision up to which both pasts are the same.
--
-- ARGV: uid for a new store, format, the server's run id ("" = not known), "1" if this server may forget
-- what it acknowledged, "1" to make the store, "1" to write at all.

local STORE = KEYS[1]
local UID, FORMAT, RUN, LOSSY, MAKE, WRITES = unpack(ARGV)

local kinds = {'hash', 'zset', 'stream', 'zset'}
local found = {}
for i, kind in ipairs(kinds) do
  found[i] = redis.call('TYPE', KEYS[i]).ok
  if found[i] ~= 'none' and found[i] ~= kind then return {'foreign', KEYS[i], found[i]} end
end
if found[1] == 'none' then
  for i = 2, 4 do
    if found[i] ~= 'none' then return {'foreign', KEYS[i], found[i]} end
  end
  if MAKE ~= '1' then return {'absent'} end
  redis.call('HSET', STORE, 'identity', UID, 'format', FORMAT, 'epoch', '0', 'floor', '0',
    'revision', '0', 'compacted', '0', 'run', RUN, 'lossy', LOSSY)
end
local h = redis.call('HMGET', STORE, 'identity', 'format', 'epoch', 'revision', 'run', 'lossy')
if not h[1] or not h[2] then return {'foreign', STORE, 'hash'} end
if h[2] ~= FORMAT then return {'format', h[2]} end
if WRITES == '1' then
  if RUN ~= '' and RUN ~= h[5] then
    local may_have_lost = h[5] ~= '' and (LOSSY == '1' or h[6] == '1')
    local epoch = may_have_lost and string.format('%.0f', tonumber(h[3]) + 1) or h[3]
    local told = may_have_lost
      and redis.pcall('HSET', STORE, 'run', RUN, 'lossy', LOSSY, 'epoch', epoch, 'floor', h[4])
      or redis.pcall('HSET', STORE, 'run', RUN, 'lossy', LOSSY)
    if type(told) ~= 'table' then h[3] = epoch end
  elseif LOSSY == '1' and h[6] ~= '1' then
    redis.pcall('HSET', STORE, 'lossy', '1')
  end
end
return {'ok', h[1], h[3], h[4]}
