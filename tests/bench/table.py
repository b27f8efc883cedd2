"""One row a promise: what was measured, beside its bar, and whether it holds."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`measured` and `bar` in the same `unit`; a bar of None is a figure shown for comparison."""

    what: str
    measured: float
    unit: str
    bar: float | None = None
    note: str = ""

    @property
    def holds(self):
        return self.bar is None or self.measured <= self.bar


def render(rows):
    lines = [f"{'what':<58} {'measured':>14} {'bar':>12}   holds  note"]
    for row in rows:
        bar = "-" if row.bar is None else f"{row.bar:g} {row.unit}"
        verdict = "  -  " if row.bar is None else ("yes  " if row.holds else "NO   ")
        figure = f"{row.measured:.3g}" if row.measured < 1000 else f"{row.measured:.0f}"
        lines.append(f"{row.what:<58} {figure + ' ' + row.unit:>14} {bar:>12}   {verdict}  {row.note}")
    return "\n".join(lines)


def quantile(samples, q):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def seconds(function, *, times):
    """The median time of one call, in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
