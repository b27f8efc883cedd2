"""What somebody may have meant by a word that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, candidates: Iterable[str]) -> str:
    """The candidate a word was meant to be, or "": the same but for case and `-_`, else the most alike."""
    by_fold = {_fold(each): each for each in candidates}
    if _fold(word) in by_fold:
        return by_fold[_fold(word)]
    import difflib  # noqa: PLC0415 - 3 ms that only a mistake is worth

    close = difflib.get_close_matches(_fold(word), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else ""


def same(word: str, other: str) -> bool:
    """Whether two words are the same but for case and `-_`."""
    return _fold(word) == _fold(other)


def hint(word: str, candidates: Iterable[str]) -> str:
    """A question after the nearest candidate, or ""."""
    near = nearest(word, candidates)
    return f"did you mean {near!r}?" if near else ""


def hint_at_several(word: str, candidates: Iterable[str]) -> str:
    """A question after up to three candidates that are somewhat alike, the nearest first, or ""."""
    import difflib  # noqa: PLC0415 - as above

    near = difflib.get_close_matches(word, list(dict.fromkeys(candidates)), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


def _fold(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
