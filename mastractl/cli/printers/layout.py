"""Aligned columns of text, as kubectl lays them out: three spaces between, never narrower than three.

Widths are remembered from batch to batch and only grow, so the rows of a watch stay in line with what
stands above them. They count terminal cells: a wide character takes two, a combining one none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

GAP = "   "
NARROWEST = 3


class Layout:
    """The widths of one table's columns; `widths` are what the first of them have to begin with."""

    def __init__(self, *widths: int) -> None:
        self._widths = list(widths)

    def lines(
        self, rows: Sequence[Sequence[str]], *, paint: Mapping[int, Callable[[str], str]] | None = None
    ) -> str:
        """The rows as lines, each with its newline and without spaces at its end.

        All rows have the same number of cells. `paint` gives, for some columns by their index, what a
        cell's text becomes once its width is settled; it must not change what the terminal shows.
        """
        if not rows:
            return ""
        columns = list(zip(*rows, strict=True))
        self._widths.extend([NARROWEST] * (len(columns) - len(self._widths)))
        padded = [
            self._padded(index, column, (paint or {}).get(index)) for index, column in enumerate(columns)
        ]
        return "".join([GAP.join(cells).rstrip(" ") + "\n" for cells in zip(*padded, strict=True)])

    def _padded(self, index: int, column: Sequence[str], paint: Callable[[str], str] | None) -> Sequence[str]:
        """A column's cells at its width, which grows first if it has to."""
        measure = len if "".join(column).isascii() else display_width
        self._widths[index] = width = max(self._widths[index], *map(measure, column))
        if paint is None and measure is len:
            return [cell.ljust(width) for cell in column]
        return [(paint(cell) if paint else cell) + " " * (width - measure(cell)) for cell in column]


def display_width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    total = last = 0
    joined = False
    for character in text:
        if joined or (last == WIDE and "\U0001f3fb" <= character <= "\U0001f3ff"):
            joined = False  # a further person of a family, a colour of skin: part of the sign before
        elif character == _JOINER:
            joined = last == WIDE  # after anything but an emoji it only shapes letters
        elif character == _AS_EMOJI:
            total += last == 1
            last = WIDE if last else 0
        elif width := _cells(character):
            total += width
            last = width
    return total


WIDE = 2
_JOINER, _AS_EMOJI = "\u200d", "\ufe0f"


def _cells(character: str) -> int:
    """How many cells one character takes that no neighbour changes."""
    from unicodedata import category, east_asian_width  # noqa: PLC0415 - a megabyte that ASCII never needs

    if category(character) in {"Mn", "Me", "Cf"} or "\u1160" <= character <= "\u11ff":
        return 0  # Hangul's vowels and finals stand within the syllable begun before them
    return WIDE if east_asian_width(character) in "WF" else 1
