"""base64 (cel-go's encoders extension)."""

from __future__ import annotations

import base64
from typing import Any

from mastractl.resources.cel import budget
from mastractl.resources.cel.fault import CelError


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4 if not text.endswith("=") else 0), validate=True)
    except ValueError:
        message = "the text is no base64"
        raise CelError(message) from None


ROWS: tuple[tuple[Any, ...], ...] = (
    ("base64.encode", "", "bytes", "string", lambda value: base64.b64encode(value).decode(), budget.twice),
    ("base64.decode", "", "string", "bytes", _decode, budget.twice),
)
