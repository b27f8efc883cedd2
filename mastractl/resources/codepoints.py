r"""Sets of code points as sorted ranges, and the named ones of RE2: \d, [:alpha:], \p{Lu}."""

from __future__ import annotations

from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
ANY: Ranges = ((0, LAST),)


def union(*ranges: tuple[int, int]) -> Ranges:
    """The ranges in order, overlapping and adjacent ones made one."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Every code point that is not in the set."""
    out = []
    start = 0
    for low, high in ranges:
        if low > start:
            out.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        out.append((start, LAST))
    return tuple(out)


def overlap(a: Ranges, b: Ranges) -> bool:
    """Whether the sets have a code point in common."""
    return any(low <= end and start <= high for low, high in a for start, end in b)


def contains(ranges: Ranges, point: int) -> bool:
    """Whether a code point is in the set."""
    return any(low <= point <= high for low, high in ranges)


def folded(ranges: Ranges) -> Ranges:
    """The set with every character in both cases."""
    if ranges == ANY:
        return ranges
    more = [
        (ord(other), ord(other))
        for low, high in ranges
        for point in range(low, min(high, _LAST_CASED) + 1)
        for other in _cases(chr(point))
    ]
    return union(*ranges, *more)


_LAST_CASED = 0x1E943
_ODD_CASES = {"k": "\u212a", "s": "\u017f", "\u212a": "kK", "\u017f": "sS", "K": "\u212a", "S": "\u017f"}


def _cases(char: str) -> list[str]:
    others = [char.lower(), char.upper(), *_ODD_CASES.get(char, "")]
    return [other for other in others if len(other) == 1 and other != char]


def _of(text: str) -> Ranges:
    """Ranges from pairs of characters: "azAZ" is a to z and A to Z."""
    return union(*((ord(low), ord(high)) for low, high in zip(text[::2], text[1::2], strict=True)))


PERL: dict[str, Ranges] = {"d": _of("09"), "s": _of("\t\n\f\r  "), "w": _of("09AZaz__")}
"""\\d, \\s and \\w, which are ASCII in RE2."""

POSIX: dict[str, Ranges] = {
    "alnum": _of("09AZaz"),
    "alpha": _of("AZaz"),
    "ascii": _of("\x00\x7f"),
    "blank": _of("\t\t  "),
    "cntrl": _of("\x00\x1f\x7f\x7f"),
    "digit": _of("09"),
    "graph": _of("!~"),
    "lower": _of("az"),
    "print": _of(" ~"),
    "punct": _of("!/:@[`{~"),
    "space": _of("\t\r  "),
    "upper": _of("AZ"),
    "word": _of("09AZaz__"),
    "xdigit": _of("09AFaf"),
}

_KINDS = {"C": "cfos", "L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "S": "ckmo", "Z": "lps"}
_CATEGORIES = frozenset(kind + part for kind, parts in _KINDS.items() for part in ("", *parts))
_SCRIPTS = frozenset(
    (
        *("Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Georgian", "Greek"),
        *("Hangul", "Hebrew", "Hiragana", "Katakana", "Latin", "Tamil", "Thai"),
    )
)
_HAN: Ranges = (
    *((0x2E80, 0x2E99), (0x2E9B, 0x2EF3), (0x2F00, 0x2FD5), (0x3005, 0x3005), (0x3007, 0x3007)),
    *((0x3021, 0x3029), (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D)),
    *((0xFA70, 0xFAD9), (0x16FE2, 0x16FE3), (0x16FF0, 0x16FF1), (0x20000, 0x2A6DF), (0x2A700, 0x2EBE0)),
    *((0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D), (0x30000, 0x323AF)),
)


@lru_cache(maxsize=64)
def unicode_class(name: str) -> Ranges | None:
    """The set of a general category or script; None for a name that is neither.

    A script other than Han is the characters whose Unicode names begin with it.
    """
    if name == "Any":
        return ANY
    if name == "Han":
        return _HAN
    import unicodedata  # noqa: PLC0415 - a large table that few patterns need

    if name in _CATEGORIES:
        category = unicodedata.category
        return _runs([point for point in range(LAST + 1) if category(chr(point)).startswith(name)])
    if name in _SCRIPTS:
        prefix = name.upper() + " "
        return _runs(
            [point for point in range(0x20000) if unicodedata.name(chr(point), "").startswith(prefix)]
        )
    return None


def _runs(points: list[int]) -> Ranges:
    return union(*((point, point) for point in points))
