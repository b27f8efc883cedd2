"""The numbers of one engine: how long calls took, what they moved, how they failed; as Prometheus text.

The exposition format is Prometheus' 0.0.4. Labels are the engine's scheme, the call and the class of an
error: never a key, a value or a URL.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter

BUCKETS = (
    *(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Upper bounds of the latency histograms in seconds: from a lookup in memory to a server that is ill."""

CALLS = ("get", "get_many", "range", "commit", "changes", "wait", "revision", "compact", "health")


class _Line:
    """What is counted of one call. Each has a lock of its own: calls do not wait for each other."""

    __slots__ = ("buckets", "bytes", "entries", "errors", "lock", "seconds")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.entries = self.bytes = 0
        self.errors: Counter[str] = Counter()


class Meter:
    """Counts calls; thread-safe. `engine` is the label of all its numbers."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._lines = {call: _Line() for call in CALLS}

    def done(self, call: str, seconds: float, entries: int = 0, size: int = 0) -> None:
        """A call ended well, after so long, and moved so many entries and bytes of values."""
        line = self._lines[call]
        bucket = bisect_left(BUCKETS, seconds)
        with line.lock:
            line.buckets[bucket] += 1
            line.seconds += seconds
            line.entries += entries
            line.bytes += size

    def failed(self, call: str, seconds: float, error: str) -> None:
        """A call ended, after so long, with an error of that class."""
        line = self._lines[call]
        with line.lock:
            line.buckets[bisect_left(BUCKETS, seconds)] += 1
            line.seconds += seconds
            line.errors[error] += 1

    def text(self) -> str:
        """All of it, in the text exposition format."""
        lines: list[str] = []
        _head(lines, "call_seconds", "histogram", "How long calls to the store took, failed ones included.")
        for call, line in self._lines.items():
            lines += self._histogram(call, line)
        for name, about in (("entries", "Entries read or written."), ("bytes", "Bytes of values moved.")):
            _head(lines, f"{name}_total", "counter", about)
            for call, line in self._lines.items():
                if call in {"get", "get_many", "range", "commit", "changes"}:
                    count = getattr(line, name)
                    lines.append(f"mastractl_engine_{name}_total{{{self._labels(call)}}} {count}")
        _head(lines, "errors_total", "counter", "Calls that ended with an error, by its class.")
        for call, line in self._lines.items():
            with line.lock:
                counted = sorted(line.errors.items())
            for error, count in counted:
                labels = f'{self._labels(call)},error="{error}"'
                lines.append(f"mastractl_engine_errors_total{{{labels}}} {count}")
        return "\n".join(lines) + "\n"

    def _histogram(self, call: str, line: _Line) -> list[str]:
        with line.lock:
            buckets, seconds = list(line.buckets), line.seconds
        labels, name = self._labels(call), "mastractl_engine_call_seconds"
        lines, total = [], 0
        for bound, count in zip((*BUCKETS, "+Inf"), buckets, strict=True):
            total += count
            le = bound if isinstance(bound, str) else f"{bound:.7f}".rstrip("0").rstrip(".")
            lines.append(f'{name}_bucket{{{labels},le="{le}"}} {total}')
        return [*lines, f"{name}_sum{{{labels}}} {seconds:.9f}", f"{name}_count{{{labels}}} {total}"]

    def _labels(self, call: str) -> str:
        return f'engine="{self._engine}",call="{call}"'


def _head(lines: list[str], name: str, kind: str, about: str) -> None:
    lines.append(f"# HELP mastractl_engine_{name} {about}")
    lines.append(f"# TYPE mastractl_engine_{name} {kind}")
