"""Text from manifests made fit for a terminal: nothing in it can move the cursor, hide, or fool the eye."""

from __future__ import annotations

import unicodedata

TAB = 4
"""How many columns a tab is shown with."""

_KEPT = "\u3000\u200c\u200d"
"""Not printable to Python, yet part of text: the ideographic space and the joiners of scripts and emoji."""


def visible(text: str) -> str:
    """The text with everything that a terminal would obey or not show written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else _escaped(c) for c in text)


def line(text: str) -> str:
    """As `visible`, but with tabs as blanks: for lines of a manifest, whose columns are counted."""
    return visible(text.replace("\t", " " * TAB))


def width(text: str) -> int:
    """How many columns of a terminal a visible text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _escaped(char: str) -> str:
    number = ord(char)
    if char in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char]
    if 0xDC80 <= number <= 0xDCFF:  # a byte that was no text
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
