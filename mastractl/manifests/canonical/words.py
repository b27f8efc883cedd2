"""How a scalar is written: as it was, but so that every reader takes it for what it is here.

Words that YAML 1.1 reads otherwise are quoted, or written as the number they are; `~` and `TRUE` are `null`
and `true`; quotes are double ones; a key that needs no quotes has none. Lines are never folded anew.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from mastractl.manifests import scalars

if TYPE_CHECKING:
    from mastractl.manifests.canonical.parts import Node

_SIMPLE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]*)+")
_WORDS = {**dict.fromkeys(("~", "Null", "NULL"), "null"), "True": "true", "TRUE": "true"} | {
    "False": "false",
    "FALSE": "false",
}
_LONGEST_KEY = 1000
"""A key of more than 1024 characters is none for a parser, unless it is written with a `?`."""


def value(node: Node) -> str:
    """A scalar or an alias; more than one line where it was written so. Block texts are not meant."""
    found = _PROPERTIES.match(node.raw)
    if node.style == "*" or found:
        return node.raw
    if node.style == "'":
        return _double_quoted(node)
    if node.style:
        return node.raw
    meant, other = scalars.read(node.value)
    if not other:
        return _WORDS.get(node.raw, node.raw)
    return quoted(meant) if isinstance(meant, str) else _number(meant)


def key(node: Node) -> str:
    """A key, on one line. ValueError for one that is too long to be written so."""
    if node.style == "*":
        return f"{node.raw} "
    text = _key(node)
    if len(text) > _LONGEST_KEY:
        message = "a key is too long to be written on one line"
        raise ValueError(message)
    return text


def quoted(text: str) -> str:
    """The text in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _key(node: Node) -> str:
    if _PROPERTIES.match(node.raw):
        return node.raw
    if node.style == "":
        return quoted(node.value) if scalars.read_key(node.value) or "\n" in node.raw else node.raw
    if _plain(node.value):
        return node.value
    if node.style in {"|", ">"} or "\n" in node.raw:
        return quoted(node.value)
    return _double_quoted(node) if node.style == "'" else node.raw


def _plain(text: str) -> bool:
    """Whether a key is the same without quotes, for every reader."""
    if not _SIMPLE_KEY.match(text):
        return False
    return scalars.read(text) == (text, "") and not scalars.read_key(text)


def _double_quoted(node: Node) -> str:
    """A text in single quotes, in double ones if it then reads as easily."""
    plain = "\n" not in node.raw and not any(c in '"\\' for c in node.value)
    return f'"{node.value}"' if plain else node.raw


def _number(meant: float | None) -> str:
    """A number, true, false or null as JSON has it; with a point where YAML 1.1 needs one."""
    text = json.dumps(meant)
    return (
        text.replace("e", ".0e", 1) if "e" in text and "." not in text and text[0] in "-0123456789" else text
    )
