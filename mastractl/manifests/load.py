"""Sources to manifests: one JSON object each, with the place that any of its fields came from.

Lists are taken apart, empty documents passed over. Errors are values in the stream, in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mastractl.manifests import yamldoc
from mastractl.manifests.diagnostics import Diagnostic, Related
from mastractl.manifests.documents import Document
from mastractl.manifests.limits import DEFAULT
from mastractl.manifests.sources import unreadable
from mastractl.resources.jsontypes import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.errors import Cause, FieldPath
    from mastractl.manifests.limits import Limits
    from mastractl.manifests.parsers import Backend
    from mastractl.manifests.sources import Source
    from mastractl.values import JsonObject


@dataclass(slots=True, eq=False)
class Origin:
    """Where a manifest was read: its document, and its path in it if it was an item of a list."""

    document: Document
    prefix: FieldPath = ()

    @property
    def source(self) -> str:
        """The name of the source, as it was given on the command line."""
        return self.document.source

    @property
    def line(self) -> int:
        """The line of the source on which the document says its first word, from 1."""
        return self.document.first_line + self.document.text.startswith("---\n")

    def related(self, message: str) -> Related:
        """The place, for a diagnostic about another."""
        return Related(message=message, source=self.source, line=self.line, column=1)


@dataclass(slots=True, eq=False)
class Manifest:
    """One object that somebody wrote, as it was written."""

    document: JsonObject
    origin: Origin


def load(
    sources: Iterable[Source | Diagnostic], *, limits: Limits = DEFAULT, backend: Backend = ""
) -> Iterator[Manifest | Diagnostic]:
    """The manifests of all sources, and in its place whatever is wrong with them. Raises nothing."""
    for source in sources:
        if isinstance(source, Diagnostic):
            yield source
        else:
            yield from _load(source, limits, backend)


def _load(source: Source, limits: Limits, backend: Backend) -> Iterator[Manifest | Diagnostic]:
    empty = True
    try:
        with source.open() as stream:
            for found in yamldoc.scan(
                stream,
                source=source.name,
                order=source.order,
                json=source.json,
                limits=limits,
                backend=backend,
            ):
                if found.__class__ is Document:
                    value = found.value
                    if value is None:
                        continue
                    if found.ambiguous:
                        yield from _ambiguities(found, limits)
                    if value.__class__ is dict and not str(value.get("kind")).endswith("List"):
                        yield Manifest(value, Origin(found))
                    else:
                        yield from _unfold(found, value, ())
                else:
                    yield found  # type: ignore[misc] # the class test above leaves diagnostics
                empty = False
    except OSError as error:
        yield unreadable(source.name, source.order, error)
        return
    if empty:
        yield Diagnostic(
            code="MA007",
            message="there is no manifest in it",
            severity="warning",
            source=source.name,
            order=source.order,
        )


def _unfold(document: Document, value: Any, path: FieldPath) -> Iterator[Manifest | Diagnostic]:
    """The manifests that a value stands for: itself, or those of the list that it is."""
    if not isinstance(value, dict):
        message = f"a manifest is an object, not {type_name(value)}"
        hint = "separate documents with lines of `---`" if isinstance(value, list) else ""
        yield _note(document, "MA007", message, path, hint=hint)
        return
    kind = value.get("kind")
    if not isinstance(kind, str) or not (kind == "List" or (kind.endswith("List") and "items" in value)):
        yield Manifest(value, Origin(document, path))
        return
    items = value.get("items")
    if isinstance(items, list):
        for index, item in enumerate(items):
            yield from _unfold(document, item, (*path, "items", index))
    elif items is not None or "items" not in value:
        yield _note(document, "MA007", f"the items of a {kind} must be a list", (*path, "items"))


def _note(document: Document, code: str, message: str, path: FieldPath, *, hint: str = "") -> Diagnostic:
    return document.note(code, message, span=yamldoc.locate(document, path), path=path, hint=hint)


def _ambiguities(document: Document, limits: Limits) -> list[Diagnostic]:
    from mastractl.manifests.faults import inspect  # noqa: PLC0415 - yaml: +18 ms, here only if it is there

    return inspect(document, depth=limits.depth)


def from_causes(causes: Iterable[Cause], manifest: Manifest) -> list[Diagnostic]:
    """Causes found in a manifest as diagnostics at the place where the fields were written.

    A missing field and an unknown one that was meant for it become one diagnostic.
    """
    from mastractl.manifests.locate import locate_all  # noqa: PLC0415 - yaml: +18 ms, for faults only

    document, prefix = manifest.origin.document, manifest.origin.prefix
    listed = _folded(list(causes))
    spans = locate_all(document, [(prefix + cause.path, cause.at_key) for cause in listed])
    return [
        document.note(c.code, c.message, span=span, path=prefix + c.path, hint=c.hint, warning=c.warning)
        for c, span in zip(listed, spans, strict=True)
    ]


def from_cause(cause: Cause, manifest: Manifest) -> Diagnostic:
    """One cause as a diagnostic; see `from_causes`, which finds many places at the price of one."""
    return from_causes([cause], manifest)[0]


def _folded(causes: list[Cause]) -> list[Cause]:
    from mastractl.manifests.folding import fold  # noqa: PLC0415 - for faults only

    return fold(causes)
