"""The quick reader of plain documents: block mappings and lists of simple words, as most manifests are.

It understands a small part of YAML and knows where that part ends: a document with anything else in it
(an anchor, a tag, a folded text, a word that YAML 1.1 reads otherwise, a mistake) is not its business and
goes to libyaml. What it understands it reads in less than half the time, and without PyYAML, which takes
18 ms to import. A law among the tests holds that whatever is read here libyaml reads the same.

Understood are, in block style with spaces: mappings with bare keys, lists of words or of mappings, words
that are bare or in plain quotes on one line, `[a, b]` and `{a: b}` of bare words, texts after `|` and
`|-`, blank lines and whole-line comments.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.manifests import scalars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.values import JsonObject

_DEEPEST = 50
_MOST_CACHED, _LONGEST_CACHED = 8192, 80

_WORD = r"[^][{},#&*!|>'\"%@`:?\- ].*|-[0-9.].*"
"""A bare word starts with none of YAML's indicators; a minus is one unless a number follows."""

_KEY = r"[A-Za-z_][A-Za-z0-9_./-]{0,250}"
_ITEM = r"[A-Za-z0-9_./][A-Za-z0-9_./ -]*"
_PAIR = rf"{_KEY}: +{_ITEM}"
_ENTRY = re.compile(
    rf"(?P<dash>- )?(?:(?P<key>{_KEY}):(?: +|\Z))?"
    rf"""(?:(?P<word>{_WORD})|"(?P<double>[^"\\]*)"|'(?P<single>[^']*)'"""
    rf"|\[(?P<list>(?:{_ITEM}(?:, *{_ITEM})*)?)\]|\{{(?P<map>(?:{_PAIR}(?:, *{_PAIR})*)?)\}}"
    r"|(?P<block>\|-?))?\Z"
)
_FIRST = re.compile(r"^ *[^#\s]", re.MULTILINE)


class _Entry(NamedTuple):
    """What one line says.

    `key` is "" for an item that is no mapping. `form` says what `value` is: one of the marks below.
    """

    indent: int
    dash: bool
    key: str
    form: int
    value: Any


_SCALAR, _FLOW, _BLOCK, _BELOW, _NOTHING = range(5)
"""A scalar; a list or mapping, to be copied; whether the text that follows keeps its last line break;
nothing, so that the value is what stands below, or null; no entry at all, but a comment or a blank line."""


class PlainReader:
    """Reads documents, remembering the lines it met: in a long stream most are met again."""

    def __init__(self) -> None:
        self._known: dict[str, _Entry] = {}

    def read(self, text: str) -> JsonObject | None:
        """The document of a text, without the `---` before it; None if it is not for this reader."""
        try:
            return self._read(text)
        except _NotPlain:
            return None

    def _read(self, text: str) -> JsonObject:  # noqa: C901, PLR0912 - one loop: calls would cost most of it
        root: JsonObject = {}
        here: Any = root
        at, listed, hole, after = 0, False, "", 0
        stack: list[tuple[Any, int, bool]] = []
        known = self._known
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if number < after:
                continue
            indent, dash, key, form, value = known.get(line) or self._entry(line)
            if form == _NOTHING:
                continue
            if hole and (indent > at or (dash and indent == at)):
                stack.append((here, at, listed))
                here[hole] = [] if dash else {}
                here, at, listed = here[hole], indent, dash
            elif indent != at or dash is not listed:
                while at > indent or (at == indent and listed and not dash):
                    here, at, listed = stack.pop() if stack else _refuse()
                if at != indent or dash is not listed:
                    _refuse()
            if form == _FLOW:
                value = value.copy()
            elif form == _BLOCK:
                value, after = _block(lines, number + 1, at + 2 if dash and key else at, keep_break=value)
            if dash and not key:
                here.append(value)
                hole = ""
                continue
            if dash:
                stack.append((here, at, listed))
                here.append({})
                here, at, listed = here[-1], indent + 2, False
            elif key in here:
                _refuse()
            here[key] = value
            hole = key if form == _BELOW else ""
            if len(stack) > _DEEPEST:
                _refuse()
        return root or _refuse()

    def _entry(self, line: str) -> _Entry:
        """What a line says that was not met before."""
        entry = _parse(line)
        if len(line) <= _LONGEST_CACHED and len(self._known) < _MOST_CACHED:
            self._known[line] = entry
        return entry


class _NotPlain(Exception):
    """There is something in the document that is not for this reader."""


def _refuse() -> Any:
    raise _NotPlain


def _parse(line: str) -> _Entry:
    if not line.isprintable():  # what Python prints YAML allows
        raise _NotPlain
    body = line.lstrip(" ")
    indent = len(line) - len(body)
    if not body or body[0] == "#":
        return _Entry(indent, dash=False, key="", form=_NOTHING, value=None)
    found = _ENTRY.match(body)
    if found is None:
        raise _NotPlain
    dash, key = found["dash"] is not None, found["key"] or ""
    if key:
        _check_key(key)
    form, value = _value(found)
    if not key and (not dash or form == _BELOW):
        raise _NotPlain
    return _Entry(indent, dash, key, form, value)


def _value(found: re.Match[str]) -> tuple[int, Any]:
    match found.lastgroup:
        case "word":
            return _SCALAR, _word(found["word"])
        case "double" | "single" as quotes:
            return _SCALAR, found[quotes]
        case "list" as name:
            return _FLOW, [_word(item) for item in _split(found[name])]
        case "map" as name:
            return _FLOW, _mapping(_split(found[name]))
        case "block":
            return _BLOCK, found["block"] == "|"
        case _:
            return _BELOW, None


def _split(inner: str) -> list[str]:
    """The parts between the commas of a list or mapping on one line."""
    return [part.strip(" ") for part in inner.split(",")] if inner else []


def _mapping(pairs: list[str]) -> JsonObject:
    value = {}
    for pair in pairs:
        key, _, word = pair.partition(":")
        _check_key(key)
        if key in value:
            raise _NotPlain
        value[key] = _word(word.lstrip(" "))
    return value


def _word(text: str) -> Any:
    """The value of a bare word."""
    if ": " in text or " #" in text or text[-1] in ": ":
        raise _NotPlain
    try:
        value, other = scalars.read(text)
    except ValueError:
        raise _NotPlain from None
    if other:
        raise _NotPlain
    return value


def _check_key(key: str) -> None:
    """Leave keys that some reader takes otherwise to the reader that tells people so."""
    try:
        other = scalars.read_key(key)
    except ValueError:
        raise _NotPlain from None
    if other:
        raise _NotPlain


def _block(lines: list[str], start: int, parent: int, *, keep_break: bool) -> tuple[str, int]:
    """The text of a block that begins at a line and is deeper than `parent`, and the line after it."""
    first = lines[start] if start < len(lines) else ""
    width = len(first) - len(first.lstrip(" "))
    if width <= parent or width == len(first):
        raise _NotPlain
    margin, end = first[:width], start
    while end < len(lines) and (lines[end].startswith(margin) or not lines[end].strip(" ")):
        end += 1
    text = "\n".join([line[width:] for line in lines[start:end]])
    whole = text.rstrip("\n")
    if whole[-1] == " " and not whole.rpartition("\n")[2].strip(" "):
        raise _NotPlain  # a last line of blanks alone: is it the text's, or does it only end it?
    if not whole.replace("\n", "").isprintable():
        raise _NotPlain
    cut_short = end == len(lines) and len(text) == len(whole)  # the stream ends in the middle of a line
    return whole + "\n" if keep_break and not cut_short else whole, end


def parts(text: str) -> Iterator[tuple[int, int, int]]:
    """Where the documents of a batch stand: the start, `---` included, that of the content, and the end."""
    start = 0
    while True:
        content = start + 4 if text.startswith("---\n", start) else start
        cut = text.find("\n---\n", max(start, content - 1))
        end = len(text) if cut < 0 else cut + 1
        yield start, content, end
        if cut < 0:
            return
        start = end


def first_word(text: str) -> int:
    """The start of the first line of a text that is neither empty nor a comment."""
    found = _FIRST.search(text)
    return found.start() if found else 0
