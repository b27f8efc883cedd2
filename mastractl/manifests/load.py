"""Sources to manifests: one JSON object each, with the place that any of its fields came from.

Lists are taken apart, empty documents passed over. Errors are values in the stream, in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause
from mastractl.manifests import yamldoc
from mastractl.manifests.causes import from_causes
from mastractl.manifests.diagnostics import Diagnostic
from mastractl.manifests.documents import Document
from mastractl.manifests.limits import DEFAULT
from mastractl.manifests.manifest import Manifest, Origin
from mastractl.manifests.sources import unreadable
from mastractl.resources.jsontypes import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.errors import FieldPath
    from mastractl.manifests.limits import Limits
    from mastractl.manifests.parsers import Backend
    from mastractl.manifests.sources import Source

__all__ = ["Manifest", "Origin", "load"]


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
        cause = Cause(code="MA007", path=(), message=message, hint=hint)
        yield from from_causes([cause], Manifest({}, Origin(document, path)))
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
        cause = Cause(code="MA007", path=("items",), message=f"the items of a {kind} must be a list")
        yield from from_causes([cause], Manifest({}, Origin(document, path)))


def _ambiguities(document: Document, limits: Limits) -> list[Diagnostic]:
    from mastractl.manifests.faults import inspect  # noqa: PLC0415 - yaml: +18 ms, here only if it is there

    return inspect(document, depth=limits.depth)
