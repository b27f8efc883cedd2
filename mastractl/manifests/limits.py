"""How much one document may be: guards against input made to exhaust its reader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document may be.

    `depth` counts nested collections, aliases included; `nodes` the values that aliases stand for when
    they are written out (text counts one per 64 characters); `size` the bytes of its text in UTF-8. 3 MiB is
    what Kubernetes takes in one request.
    """

    depth: int = 200
    nodes: int = 100_000
    size: int = 3 * 2**20


DEFAULT = Limits()
