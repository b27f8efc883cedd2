-- Part of the log: the changes after the message `cursor` to keys that begin with `prefix`. It ends when the
-- log does, at the first commit after `want` changes, or when enough was read.
-- ARGV: since, cursor, prefix, want (0 = all), the most messages to read, the most bytes.

local SINCE, CURSOR, PREFIX = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local WANT, SCAN, BUDGET = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])

local head, refusal = stand()
if not head then return refusal end
sweep(head)
if SINCE < tonumber(head.compacted) then return {'expired', head.compacted} end
if SINCE > tonumber(head.revision) then return {'future', head.revision, head.compacted} end

local function revision_of(id) return string.match(id, '^%d+') end

local rows, bytes, read, step, last = {}, 0, 0, 16, CURSOR
local full, ended = false, false
while not (full or ended) and bytes < BUDGET and read < SCAN do
  local found = redis.call('XRANGE', LOG, '(' .. last, '+', 'COUNT', step)
  for _, message in ipairs(found) do
    last = message[1]
    local f = message[2]
    bytes = bytes + #f[8] + #f[10]
    if string.sub(f[2], 1, #PREFIX) == PREFIX then
      rows[#rows + 1] = {last, f[2], f[4], f[6], f[8], f[10]}
      local n = #rows
      full = WANT > 0 and n > WANT and revision_of(rows[n][1]) ~= revision_of(rows[n - 1][1])
      if full then break end
    end
  end
  read, ended = read + #found, #found < step and not full
  step = math.min(step * 2, 256)
end
return {'ok', head.revision, ended and '' or last, rows}
