"""Leases: what removes an expired entry in the end if nobody opens its store any more.

The engine's clock decides when an entry is gone, and a commit says so in the log. A lease runs a time of
grace longer, so that it only ever removes what every client counts as gone already: clients' clocks may
differ by less than that. What a lease removed is still told: `due/` has the entry, without a lease. A put
moves its key to the lease it names, or to none, so there is nothing to revoke; a lease whose keys have
all moved ends by itself. Entries that expire at about the same time share one.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mastractl.engines.etcd.gateway import Gateway

_LONGEST = 10 * 365 * 86400
"""Seconds: what expires later than in ten years is not removed by etcd (which takes 285 years at most)."""

_KEPT = 64


class Leases:
    """The leases that this process was granted. Thread-safe."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._step = max(grace / 2, 1.0)
        """Expiries are rounded up to multiples of this, to share leases."""
        self._lock = threading.Lock()
        self._granted: dict[float, tuple[str, float]] = {}
        """By the rounded expiry: the lease, and when it ends by the machine's monotonic clock."""

    def covering(self, gateway: Gateway, expires_at: float, now: float) -> str:
        """A lease that ends some time of grace after an expiry, "" if that is too far away."""
        left = expires_at - now
        if left > _LONGEST:
            return ""
        rounded = math.ceil(max(expires_at, now) / self._step) * self._step
        seconds = rounded - now + self._grace
        with self._lock:
            known, ends = self._granted.get(rounded, ("", 0.0))
            if known and ends - time.monotonic() >= seconds - self._grace / 2:
                return known
        began = time.monotonic()
        ttl = math.ceil(seconds)
        granted = str(gateway.ask("/v3/lease/grant", f'{{"TTL":"{ttl}"}}')["ID"])
        with self._lock:
            if len(self._granted) >= _KEPT:
                del self._granted[min(self._granted)]
            self._granted[rounded] = granted, began + ttl
        return granted

    def forget(self) -> None:
        """They are not to be relied on any more."""
        with self._lock:
            self._granted.clear()
