r"""kubectl's JSONPath templates: text with `{...}` actions, ranges and quoted literals.

    {.metadata.name}{"\t"}{range .spec.tools[*]}{.name}, {end}

The expressions inside the braces are those of `path_reader`, named here too so that callers need one module.
An action's finds are joined by spaces; text is printed raw, objects and lists as compact JSON. An action
may be a literal: `{"\\n"}`, `{1}`, `{true}`. A range that is never closed has the rest of the template as its
body, and then, as kubectl does, the rest follows once more for the document around it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mastractl import values
from mastractl.resources.path_reader import Reader, compile_path, relaxed
from mastractl.resources.paths import Path

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Path", "Template", "compile_path", "compile_template", "relaxed", "text_of"]


_MAX_DEPTH = 32
"""Ranges within ranges: a person writes three."""


class _Range:
    """`{range path}` body `{end}`."""

    __slots__ = ("body", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.body: list[str | Path | _Range] = []


class Template:
    """A compiled template; `text` is as it was written."""

    __slots__ = ("_nodes", "text")

    def __init__(self, text: str, nodes: list[str | Path | _Range]) -> None:
        self.text = text
        self._nodes = nodes

    def render(self, document: Any, *, allow_missing: bool = True) -> str:
        """The text for a document. What is missing prints as nothing.

        Unless `allow_missing`, a missing field or index raises BadRequest, as does a filter that
        compares what cannot be compared.
        """
        return "".join(_rendered(self._nodes, document, allow_missing=allow_missing))

    def find(self, document: Any, *, allow_missing: bool = True) -> list[Any]:
        """The values its actions lead to, in the order they would print; plain text is left out."""
        return list(_found(self._nodes, document, allow_missing=allow_missing))


@functools.lru_cache(maxsize=64)
def compile_template(text: str) -> Template:
    """The template of a text. Raises BadRequest with the column of what it does not understand."""
    reader = Reader(text)
    nodes: list[str | Path | _Range] = []
    open_ranges: list[tuple[_Range, int]] = []
    while reader.peek():
        body = open_ranges[-1][0].body if open_ranges else nodes
        start = reader.position
        if not reader.skip("{"):
            end = text.find("{", start)
            reader.position = len(text) if end < 0 else end
            body.append(text[start : reader.position])
            continue
        node = _action(reader)
        if isinstance(node, _Range):
            if len(open_ranges) == _MAX_DEPTH:
                reader.fail(f"ranges are nested more than {_MAX_DEPTH} deep", at=start)
            open_ranges.append((node, start))
        if node is not None:
            body.append(node)
        elif open_ranges:
            open_ranges.pop()
        else:
            reader.fail("{end} without a {range}", at=start)
    if len(open_ranges) > 1:
        reader.fail("this {range} has no {end}", hint="close it with {end}", at=open_ranges[-1][1])
    if open_ranges:
        nodes += _once_more(open_ranges[0][0].body)
    return Template(text, nodes)


def _once_more(body: list[str | Path | _Range]) -> list[str | Path | _Range]:
    """What follows a range that is never closed: its body again, from behind the last {end} in it."""
    ends = [number for number, node in enumerate(body, 1) if isinstance(node, _Range)]
    return body[ends[-1] if ends else 0 :]


def _action(reader: Reader) -> str | Path | _Range | None:
    """What stands after `{`, up to and with the `}`. None is `{end}`."""
    start = reader.position - 1
    reader.skip_space()
    node: str | Path | _Range | None = reader.literal()
    if node is None:
        node = reader.plain_literal()
    if node is not None:
        pass
    elif _keyword(reader, "range"):
        node = _Range(reader.path())
    elif _keyword(reader, "end"):
        node = None
    elif reader.peek().isalpha() or reader.peek() == "_":
        word = reader.text[reader.position :].split("}")[0].strip()
        reader.fail(f"a path begins with a dot, {word!r} does not", hint=f"write {{.{word}}}")
    else:
        node = reader.path()
    reader.skip_space()
    if not reader.peek():
        reader.fail("this '{' has no '}'", at=start)
    if not reader.skip("}"):
        reader.fail(f"unexpected {reader.peek()!r}, '}}' should stand here")
    return node


def _keyword(reader: Reader, word: str) -> bool:
    """Step over a keyword if it comes next as a whole word; whether it did."""
    follower = reader.text[reader.position + len(word) : reader.position + len(word) + 1]
    return not (follower.isalnum() or follower == "_") and reader.skip(word)


def _rendered(nodes: list[str | Path | _Range], document: Any, *, allow_missing: bool) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, Path):
            yield " ".join(map(text_of, node.find(document, allow_missing=allow_missing)))
        else:
            for value in node.path.find(document, allow_missing=allow_missing):
                yield from _rendered(node.body, value, allow_missing=allow_missing)


def _found(nodes: list[str | Path | _Range], document: Any, *, allow_missing: bool) -> Iterator[Any]:
    for node in nodes:
        if isinstance(node, Path):
            yield from node.find(document, allow_missing=allow_missing)
        elif isinstance(node, _Range):
            for value in node.path.find(document, allow_missing=allow_missing):
                yield from _found(node.body, value, allow_missing=allow_missing)


def text_of(value: Any) -> str:
    """A JSON value as templates and columns print it: text raw, everything else as compact JSON."""
    return value if isinstance(value, str) else values.text(value)
