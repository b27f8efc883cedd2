"""The engine on a Redis server, or one that speaks like it: Valkey, KeyDB, Dragonfly, managed ones.

Four keys hold a store, in one slot of a cluster (`{prefix}:...`). Each commit is one script, which the
server runs alone: it removes what is due, holds the conditions against what stands, and writes entries,
index and log. See `common.lua` for the keys, `packing` for what is in them.

* **The log** is a stream, a message for each change, with what was before written into it rather than
  pointed at: compaction (`XTRIM`) drops old messages, and a change must not lose its `previous` with them.
  So each change costs its old value and its new one until the log is compacted.
* **Expiry** is ours: entries have an `expires_at`, found by the sorted set of what is due and by the
  engine's clock. Redis's own TTL is on nothing: it would remove a key without a line in the log.
* **Long lists** are read in parts, so that the server is never kept from others for long, and then made
  one moment by what the log says happened meanwhile. See `reading`.
* **A server that forgot**: one that does not fsync each write may begin anew with fewer revisions than it
  acknowledged, and give their numbers to other commits. The store's `identity` changes then, so that no
  bookmark and no `if_revision` is taken for one of the new past. See `enter.lua`.
* **Replication** of Redis is asynchronous: a failover may lose the newest acknowledged commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.engines.redis import address
from mastractl.engines.redis.engine import RedisEngine

if TYPE_CHECKING:
    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine

__all__ = ["RedisEngine", "open_url"]


def open_url(url: str, *, adopt: Adopt, clock: Clock, read_only: bool) -> Engine:
    """The store at a `redis:` or `rediss:` URL. Raises ConfigError, StorageConnectionError, Forbidden."""
    del adopt
    return RedisEngine(address.parse(url), clock=clock, read_only=read_only)
