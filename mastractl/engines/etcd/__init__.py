"""The engine of etcd, spoken to through its HTTP/JSON gateway, which every member since 3.4 has.

etcd's own revisions count for a whole cluster and have gaps for us, so a store keeps its own. Under its
prefix there are `head` (identity, format, revision, where the log begins, what is due next),
`kv/<key>` (an entry), `log/<revision>` (what a commit changed) and `due/<time>/<key>` (what expires:
`records`). A commit is one transaction of etcd, guarded by the head standing as it was planned on: with
what this client last saw as the guess, it costs one round trip, and another whenever the guess was
wrong (`writing`, `seen`). Reads are of one moment, since etcd keeps versions (`reading`). Waits are
woken by etcd's own watch on the head (`watching`).

It never calls etcd's own compaction: the cluster may be shared. An operator sets `--auto-compaction-mode`
and `--auto-compaction-retention`, without which every version ever written stays in the database until
its quota is used up and etcd refuses to write (`StorageFull`).
"""

from __future__ import annotations

from mastractl.engines.etcd.engine import EtcdEngine, open_url

__all__ = ["EtcdEngine", "open_url"]
