-- Where the store stands, once nothing in it is due, and how much it holds.

local head, refusal = stand()
if not head then return refusal end
sweep(head)
return {'ok', head.revision, head.compacted, redis.call('ZCARD', INDEX), redis.call('XLEN', LOG)}
