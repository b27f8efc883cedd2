"""Colours, and the words that have one: phases, condition states, events. For terminals only."""

from __future__ import annotations

GREEN, YELLOW, RED, CYAN, BOLD = "32", "33", "31", "36", "1"

_COLORS = (
    dict.fromkeys(("active", "added", "available", "complete", "completed", "established"), GREEN)
    | dict.fromkeys(("healthy", "ready", "found", "running", "succeeded", "true"), GREEN)
    | dict.fromkeys(("bookmark", "modified", "paused", "pending", "progressing"), YELLOW)
    | dict.fromkeys(("suspended", "terminating", "unknown", "waiting"), YELLOW)
    | dict.fromkeys(("cancelled", "degraded", "deleted", "error", "failed"), RED)
    | dict.fromkeys(("false", "invalid", "missing"), RED)
)

COLORED_COLUMNS = frozenset({"EVENT", "STATUS", "PHASE", "READY", "STATE"})
"""The headers of columns whose words are coloured."""


def paint(word: str) -> str:
    """The word in its colour, or as it is if it has none. What the terminal shows is as wide as before."""
    color = _COLORS.get(word.lower())
    return dyed(word, color) if color else word


def dyed(text: str, color: str) -> str:
    """The text in one of the colours above."""
    return f"\x1b[{color}m{text}\x1b[0m"
