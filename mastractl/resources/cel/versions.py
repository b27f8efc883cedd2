"""Semantic versions (semver.org 2.0.0; Kubernetes' semver library)."""

from __future__ import annotations

import re
from typing import Any

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import INT_MAX, Opaque

_NUMBER = r"(0|[1-9][0-9]{0,18})"
_WORDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_WORDS}))?(?:\+({_WORDS}))?", re.ASCII)
_LOOSE = re.compile(r"[vV]?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?([-+].*)?", re.ASCII | re.DOTALL)


class Version(Opaque):
    """A version; `rank` orders it among others."""

    __slots__ = ("numbers", "rank")
    kind = types.NAMED["kubernetes.Semver"]

    def __init__(self, numbers: tuple[int, int, int], words: str | None) -> None:
        self.numbers = numbers
        parts = (
            tuple((0, int(w), "") if w.isdigit() else (1, 0, w) for w in words.split(".")) if words else ()
        )
        self.rank = (numbers, words is None, parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.rank == other.rank

    def __hash__(self) -> int:
        return hash(self.rank)


def _parse(text: str, normalize: bool = False) -> Version | None:  # noqa: FBT001, FBT002 - a positional argument of CEL
    if normalize:
        text = _normal(text)
    hit = _VERSION.fullmatch(text) if len(text) <= 256 else None
    if hit is None:
        return None
    numbers = (int(hit[1]), int(hit[2]), int(hit[3]))
    words = hit[4]
    zeros = any(len(word) > 1 and word.isdigit() and word[0] == "0" for word in (words or "").split("."))
    return None if zeros or max(numbers) > INT_MAX else Version(numbers, words)


def _normal(text: str) -> str:
    hit = _LOOSE.fullmatch(text[:300])
    if hit is None:
        return text
    numbers = (str(int(part)) if part and len(part) < 20 else part or "0" for part in hit.group(1, 2, 3))
    return ".".join(numbers) + (hit[4] or "")


def _semver(text: str, normalize: bool = False) -> Version:  # noqa: FBT001, FBT002 - as above
    version = _parse(text, normalize)
    if version is None:
        message = f"{text[:60]!r} is no semantic version, such as 1.2.3-rc.1"
        raise CelError(message)
    return version


def _is_semver(text: str, normalize: bool = False) -> bool:  # noqa: FBT001, FBT002 - as above
    return _parse(text, normalize) is not None


_S = "kubernetes.Semver"
ROWS: tuple[tuple[Any, ...], ...] = (
    ("semver", "", "string", _S, _semver, budget.scan),
    ("semver", "", "string, bool", _S, _semver, budget.scan),
    ("isSemver", "", "string", "bool", _is_semver, budget.scan),
    ("isSemver", "", "string, bool", "bool", _is_semver, budget.scan),
    ("major", _S, "", "int", lambda version: version.numbers[0]),
    ("minor", _S, "", "int", lambda version: version.numbers[1]),
    ("patch", _S, "", "int", lambda version: version.numbers[2]),
    ("isLessThan", _S, _S, "bool", lambda a, b: a.rank < b.rank),
    ("isGreaterThan", _S, _S, "bool", lambda a, b: a.rank > b.rank),
    ("compareTo", _S, _S, "int", lambda a, b: (a.rank > b.rank) - (a.rank < b.rank)),
)
