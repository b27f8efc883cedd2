"""Colours of words that people look for: phases, condition states, events. For terminals only."""

from __future__ import annotations

_GREEN, _YELLOW, _RED = "32", "33", "31"

_COLORS = (
    dict.fromkeys(("active", "added", "available", "complete", "completed", "established"), _GREEN)
    | dict.fromkeys(("healthy", "ready", "found", "running", "succeeded", "true"), _GREEN)
    | dict.fromkeys(("bookmark", "modified", "paused", "pending", "progressing"), _YELLOW)
    | dict.fromkeys(("suspended", "terminating", "unknown", "waiting"), _YELLOW)
    | dict.fromkeys(("cancelled", "degraded", "deleted", "error", "failed"), _RED)
    | dict.fromkeys(("false", "invalid", "missing"), _RED)
)

COLORED_COLUMNS = frozenset({"EVENT", "STATUS", "PHASE", "READY", "STATE"})
"""The headers of columns whose words are coloured."""


def paint(word: str) -> str:
    """The word in its colour, or as it is if it has none. What the terminal shows is as wide as before."""
    color = _COLORS.get(word.lower())
    return f"\x1b[{color}m{word}\x1b[0m" if color else word
