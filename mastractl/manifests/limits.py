"""How much one document may be: guards against input made to exhaust its reader."""

from __future__ import annotations

import re
from typing import NamedTuple

_LIST = re.compile(
    r"(?:---[^\n]*\n|#[^\n]*\n|\s)*\{?\s*(?:\"?apiVersion\"?\s*:\s*\"?[\w./]+\"?\s*,?\s*)?\"?kind\"?\s*:\s*\"?List\b"
)


class Limits(NamedTuple):
    """What one document may be.

    `depth` counts nested collections, aliases included; `nodes` the values that aliases stand for when
    they are written out (text counts one per 64 characters); `size` the bytes of its text in UTF-8. 3 MiB is
    what Kubernetes takes in one request. A document that says at its head that it is a List, as `get -o
    json` writes, is as many documents as it has items, and may have `list_size` bytes.
    """

    depth: int = 200
    nodes: int = 100_000
    size: int = 3 * 2**20
    list_size: int = 256 * 2**20

    def bytes_of(self, text: str, start: int = 0) -> int:
        """How many bytes the document may have whose text begins at `start`."""
        return self.list_size if _LIST.match(text, start, start + 4096) else self.size


DEFAULT = Limits()
