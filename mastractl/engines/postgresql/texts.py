"""Keys and prefixes as PostgreSQL can take them: its texts hold neither NUL nor lone surrogates.

Nor do keys, so that what a reader asks for with such a text is well defined: nothing, or what sorts after.
"""

from __future__ import annotations

from mastractl.engines import planning

_LAST = "\U0010ffff" * 257
"""Sorts after every key, being longer than any, in characters that no other sorts after."""

_NOWHERE = "\x01"
"""A prefix that no key has: control characters are refused."""


def bounds(prefix: str) -> tuple[str, str]:
    """The keys that start with the prefix are those with low <= key < high."""
    if spoken(prefix) != prefix:
        return _NOWHERE, _NOWHERE
    low, high = planning.span(prefix)
    return low, _LAST if high is None else high


def spoken(text: str) -> str:
    """A text that sorts among keys as this one does, without what PostgreSQL takes in no text.

    Keys hold neither NUL nor lone surrogates: what sorts after such a text sorts after what stands before
    the NUL, and after all that begins with what stands before the surrogate and goes on below it.
    """
    if text.isascii() and "\0" not in text:
        return text
    for place, character in enumerate(text):
        if character == "\0":
            return text[:place]
        if "\ud800" <= character <= "\udfff":
            return text[:place] + "\ud7ff" + _LAST
    return text
