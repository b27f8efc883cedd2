"""Everything that is wrong with one document as YAML: the careful path behind `compose`.

It reads the document again with positions and goes on after a fault where the parser can, so that one run
shows them all. It never builds the value, so it stays cheap where a document was made to be expensive.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import AliasEvent, MappingStartEvent, ScalarEvent

from mastractl.manifests import scalars, syntax, tags
from mastractl.manifests.documents import Span
from mastractl.manifests.walk import walk

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from mastractl.errors import ManifestError
    from mastractl.manifests.diagnostics import Diagnostic, Related
    from mastractl.manifests.documents import Document

MOST = 100
"""How many findings of one document are told; what follows is mostly the echo of what came before."""


def inspect(
    document: Document,
    *,
    depth: int,
    stop: Exception | None = None,
    forbidden: re.Pattern[str] = syntax.UNPRINTABLE,
) -> list[Diagnostic]:
    """What is wrong with a document, and which scalars in it are ambiguous, in the order of its text.

    `stop` is what the fast path stopped at; it is reported where the walk did not find it itself.
    `forbidden` are the characters that may not stand in the text at all.
    """
    inspector = _Inspector(document, depth, forbidden)
    found = list(itertools.islice(inspector.findings(), MOST + 1))
    if len(found) > MOST:
        message = f"this document has more than {MOST} faults; the others are not told"
        found[MOST] = found[MOST]._replace(code="MA004", message=message, hint="", related=())
    if stop is not None and not any(d.severity == "error" for d in found):
        found.append(_reported(document, stop))
    return found


def _reported(document: Document, stop: Exception) -> Diagnostic:
    """The fast path's own finding: limits, which are counted only there."""
    cause = stop.causes[0] if getattr(stop, "causes", ()) else None  # type: ignore[attr-defined]
    error: ManifestError | None = stop if cause else None  # type: ignore[assignment]
    span = Span(error.line, error.column, error.column + 1) if error else None
    return document.note(cause.code if cause else "MA002", str(stop), span=span)


_TOO_DEEP = "exceeded maximum nesting depth"
"""What libyaml since 0.2.6 says of brackets a thousand deep."""


class _Anchor(NamedTuple):
    scalar: bool
    text: bool
    path: tuple[str | int, ...]


class _Open(NamedTuple):
    """A collection that is being walked: its first event, where its keys were set, whether it is merged."""

    event: Any
    keys: dict[str, Span]
    merging: bool


class _Inspector:
    def __init__(self, document: Document, depth: int, forbidden: re.Pattern[str]) -> None:
        self._document = document
        self._forbidden = forbidden
        self._depth = depth
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchor] = {}

    def findings(self) -> Iterator[Diagnostic]:
        """Each finding, as far as the parser gets."""
        bad = syntax.unfit(self._document.text, self._forbidden)
        if bad:
            yield self._unfit(*bad)
            return
        try:
            yield from self._walk()
        except MarkedYAMLError as error:
            yield self._syntax(error)
        except (YAMLError, ValueError) as error:
            yield self._document.note("MA002", str(error), span=None)

    def _walk(self) -> Iterator[Diagnostic]:
        merge = False  # whether the value that comes next is that of a `<<`
        for role, event, path in walk(self._document.parse(self._document.text)):
            if role == "document":
                self._anchors.clear()
            elif role == "end":
                self._open.pop()
            elif role == "key":
                merge = _is_merge(event)
                if not merge:
                    yield from self._key(event, path)
                self._enter(event, merging=False)
            else:
                merged = merge or bool(self._open and self._open[-1].merging)
                yield from self._value(event, path, merged=merged)
                self._enter(event, merging=merge and event.__class__ is not MappingStartEvent)
                merge = False
            if len(self._open) > self._depth:
                message = f"nested more than {self._depth} levels deep"
                yield self._note("MA004", message, event, tuple(path))
                return

    def _enter(self, event: Any, *, merging: bool) -> None:
        if event.__class__ not in (ScalarEvent, AliasEvent):
            self._open.append(_Open(event, {}, merging))

    def _key(self, event: Any, path: list[str | int]) -> Iterator[Diagnostic]:
        where = tuple(path[:-1])
        if event.__class__ is AliasEvent:
            known = self._anchors.get(str(event.anchor))
            if known is None or not known.text:
                yield self._note("MA005", "a key must be text", event, where)
            return
        if event.__class__ is not ScalarEvent:
            if "?" not in where:
                yield self._complex_key(event, where)
            return
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(scalar=True, text=True, path=tuple(path))
        try:
            text = tags.key(event)
            other = "" if event.style or event.tag else scalars.read_key(text)
        except ValueError as error:
            hint = "quote it if it is meant as text" if "null" in str(error) else ""
            yield self._note("MA005", str(error), event, where, hint=hint)
            return
        if other:
            message = f"the key {quoted(text)} is {other} to readers of YAML 1.1"
            yield self._note("MA006", message, event, tuple(path), hint="quote it", warning=True)
        yield from self._duplicate(text, event, path)

    def _duplicate(self, text: str, event: Any, path: list[str | int]) -> Iterator[Diagnostic]:
        keys = self._open[-1].keys
        span = self._document.span(event.start_mark, event.end_mark)
        if (first := keys.setdefault(text, span)) is span:
            return
        line = self._document.first_line + first.line - 1
        yield self._note(
            "MA003",
            f"key {quoted(text)} is already set on line {line}",
            event,
            tuple(path),
            hint="remove one of the two",
            related=(self._document.elsewhere("first set here", first),),
        )

    def _complex_key(self, event: Any, where: tuple[str | int, ...]) -> Diagnostic:
        text, start = self._document.text, event.start_mark.index
        if event.flow_style and text[start : start + 1] == "{":
            message = "a mapping cannot be a key"
            hint = 'if this is a template, quote it: "{{ ... }}"'
        else:
            message, hint = "a list or mapping cannot be a key", "a key must be text"
        return self._note("MA005", message, event, where, hint=hint)

    def _value(self, event: Any, path: list[str | int], *, merged: bool) -> Iterator[Diagnostic]:
        where = tuple(path)
        if event.__class__ is AliasEvent:
            yield from self._alias(event, where, merged=merged)
            return
        self._anchor(event, path)
        if event.__class__ is ScalarEvent:
            if merged:
                yield self._note("MA005", "only a mapping can be merged with `<<`", event, where)
            else:
                yield from self._scalar(event, where)
            return
        try:
            tags.check_collection(event)
        except ValueError as error:
            yield self._note("MA005", str(error), event, where, hint="remove the tag")

    def _scalar(self, event: Any, where: tuple[str | int, ...]) -> Iterator[Diagnostic]:
        try:
            value = tags.value(event)
            if event.style or event.tag:
                event.value.encode()
                return
            other = scalars.read(event.value)[1]
        except UnicodeEncodeError:
            yield self._note("MA005", "the text holds half of a character (a lone surrogate)", event, where)
            return
        except ValueError as error:
            hint = "remove the tag" if tags.matter(event) else "quote it if it is meant as text"
            yield self._note("MA005", str(error), event, where, hint=hint)
            return
        if other:
            here = "text" if isinstance(value, str) else f"the number {value}"
            message = f"{quoted(event.value)} is {here} here, but {other} to readers of YAML 1.1"
            hint = "quote it" if here == "text" else f"quote it if it is meant as text, or write {value}"
            yield self._note("MA006", message, event, where, hint=hint, warning=True)

    def _alias(self, event: Any, where: tuple[str | int, ...], *, merged: bool) -> Iterator[Diagnostic]:
        known = self._anchors.get(str(event.anchor))
        if known is None:
            message = f"no anchor &{event.anchor} stands before this alias"
            yield self._note("MA002", message, event, where, hint="quote the value if it is meant as text")
        elif not known.scalar and known.path == where[: len(known.path)] and known.path != where:
            message = f"the alias *{event.anchor} stands inside the node that it names"
            yield self._note("MA004", message, event, where)
        elif merged and known.scalar:
            yield self._note("MA005", "only a mapping can be merged with `<<`", event, where)

    def _anchor(self, event: Any, path: list[str | int]) -> None:
        if event.anchor is not None:
            scalar = event.__class__ is ScalarEvent
            text = scalar and isinstance(_value(event), str)
            self._anchors[event.anchor] = _Anchor(scalar, text, tuple(path))

    def _note(  # noqa: PLR0913 - the fields of a diagnostic
        self,
        code: str,
        message: str,
        event: Any,
        path: tuple[str | int, ...],
        *,
        hint: str = "",
        related: tuple[Related, ...] = (),
        warning: bool = False,
    ) -> Diagnostic:
        span = self._document.span(event.start_mark, event.end_mark)
        return self._document.note(
            code, message, span=span, path=path, hint=hint, related=related, warning=warning
        )

    def _syntax(self, error: MarkedYAMLError) -> Diagnostic:
        if error.problem == _TOO_DEEP:  # libyaml looks so far ahead for the end of a key in brackets
            message = f"nested more than {self._depth} levels deep"
            return self._document.note("MA004", message, span=self._document.span(error.problem_mark))
        what = syntax.explain(error, self._document.text)
        unclosed = next((o.event for o in reversed(self._open) if o.event.flow_style), None)
        if unclosed and what.mark.index >= len(self._document.text.rstrip()):
            opening, closing = "{}" if unclosed.__class__ is MappingStartEvent else "[]"
            span = self._document.span(unclosed.start_mark)
            message = f"this '{opening}' is never closed"
            return self._document.note("MA002", message, span=span, hint=f"close it with '{closing}'")
        related: tuple[Related, ...] = ()
        if what.began:
            related = (self._document.elsewhere(what.began[1], self._document.span(what.began[0])),)
        span = self._document.span(what.mark)
        return self._document.note("MA002", what.message, span=span, hint=what.hint, related=related)

    def _unfit(self, index: int, message: str, hint: str) -> Diagnostic:
        text = self._document.text
        column = index - text.rfind("\n", 0, index)
        span = Span(text.count("\n", 0, index) + 1, column, column + 1)
        return self._document.note("MA002", message, span=span, hint=hint)


def quoted(text: str) -> str:
    """A word of the document as messages show it."""
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def _is_merge(event: Any) -> bool:
    if event.__class__ is not ScalarEvent or event.value != "<<":
        return False
    return event.tag == tags.MERGE or not (event.style or event.tag)


def _value(event: Any) -> Any:
    try:
        return tags.value(event)
    except ValueError:
        return None
