"""Functions of texts: cel-go's extension, and Kubernetes' find and findAll. All counts are of code points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel import budget
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.standard import patterned

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code + 32: code for code in _LOWER}
_QUOTED = {
    **{ord(char): f"\\{word}" for char, word in zip("\a\b\f\n\r\t\v", "abfnrtv", strict=True)},
    ord("\\"): "\\\\",
    ord('"'): '\\"',
}


def _checked(index: int, text: str) -> int:
    if 0 <= index <= len(text):
        return index
    message = f"index out of range: {index}"
    raise CelError(message)


def _char_at(text: str, index: int) -> str:
    return text[_checked(index, text) : index + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    if not part:
        return _checked(start, text)
    return text.find(part, _checked(start, text))


def _last_index_of(text: str, part: str, start: int | None = None) -> int:
    if start is None:
        return text.rfind(part)
    _checked(start, text)
    return text.rfind(part, 0, start + len(part))


def _substring(text: str, start: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    _checked(start, text)
    _checked(last, text)
    if start > last:
        message = f"invalid substring range. start: {start}, end: {last}"
        raise CelError(message)
    return text[start:last]


def _replace(text: str, old: str, new: str, limit: int = -1) -> str:
    return text.replace(old, new, limit if limit >= 0 else -1)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    return list(text) if limit < 0 or limit >= len(text) else [*text[: limit - 1], text[limit - 1 :]]


def _join(parts: list[Any], separator: str = "") -> str:
    return separator.join(parts)


def _quote(text: str) -> str:
    return f'"{text.translate(_QUOTED)}"'


def _spans(text: str, pattern: str) -> Iterator[str]:
    try:
        yield from patterned(pattern).parts(text)
    except ValueError as error:
        raise CelError(str(error)) from None


def _find(text: str, pattern: str) -> str:
    return next(_spans(text, pattern), "")


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = list(_spans(text, pattern))
    return found if limit < 0 else found[:limit]


def _search_cost(text: Any, part: Any, *_more: Any) -> int:
    return budget.within(text, part)


ROWS: tuple[tuple[Any, ...], ...] = (
    ("charAt", "string", "int", "string", _char_at),
    ("indexOf", "string", "string", "int", _index_of, _search_cost),
    ("indexOf", "string", "string, int", "int", _index_of, _search_cost),
    ("lastIndexOf", "string", "string", "int", _last_index_of, _search_cost),
    ("lastIndexOf", "string", "string, int", "int", _last_index_of, _search_cost),
    ("join", "list(string)", "", "string", _join, budget.joined),
    ("join", "list(string)", "string", "string", _join, budget.joined),
    ("lowerAscii", "string", "", "string", lambda text: text.translate(_LOWER), budget.scan),
    ("upperAscii", "string", "", "string", lambda text: text.translate(_UPPER), budget.scan),
    ("replace", "string", "string, string", "string", _replace, budget.twice),
    ("replace", "string", "string, string, int", "string", _replace, budget.twice),
    ("split", "string", "string", "list(string)", _split, budget.twice),
    ("split", "string", "string, int", "list(string)", _split, budget.twice),
    ("substring", "string", "int", "string", _substring, budget.scan),
    ("substring", "string", "int, int", "string", _substring, budget.scan),
    ("trim", "string", "", "string", lambda text: text.strip(_SPACE), budget.scan),
    ("reverse", "string", "", "string", lambda text: text[::-1], budget.scan),
    ("strings.quote", "", "string", "string", _quote, budget.scan),
    ("find", "string", "string", "string", _find, budget.pattern),
    ("findAll", "string", "string", "list(string)", _find_all, budget.pattern),
    ("findAll", "string", "string, int", "list(string)", _find_all, budget.pattern),
)
