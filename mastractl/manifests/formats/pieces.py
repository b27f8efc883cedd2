"""A JSON list in pieces: one item at a time, so that a long one never stands in memory as a whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def listed(items: Iterable[Any], *, depth: int) -> Iterator[str]:
    """A list as JSON text in ASCII, indented by two blanks a level; `depth` levels stand around it."""
    inner = "\n" + "  " * (depth + 1)
    between = "["
    for item in items:
        yield f"{between}{inner}{json.dumps(item, indent=2).replace(chr(10), inner)}"
        between = ","
    yield "[]" if between == "[" else "\n" + "  " * depth + "]"
