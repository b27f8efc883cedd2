"""Diagnostics as one JSON object of our own: all there is to know, for programs that know mastractl."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mastractl.errors import format_path
from mastractl.manifests.codes import name_of
from mastractl.manifests.formats.pieces import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.manifests.diagnostics import Diagnostic, Run


def write(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """One JSON object: `diagnostics` and `summary`. Positions count from 1; empty fields are left out."""
    total = run.total
    yield '{\n  "diagnostics": '
    yield from listed(map(_object, found), depth=1)
    counts = {"errors": total.errors, "warnings": total.warnings, "sources": total.sources}
    yield f',\n  "summary": {json.dumps(counts)}\n}}\n'


def _object(found: Diagnostic) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "code": found.code,
        "name": name_of(found.code),
        "severity": found.severity,
        "message": found.message,
        "source": found.source,
        "document": found.document,
        "line": found.line,
        "column": found.column,
        "endColumn": found.end_column,
        "path": format_path(found.path),
        "hint": found.hint,
        "related": [
            {"message": r.message, "source": r.source, "line": r.line, "column": r.column}
            for r in found.related
        ],
    }
    return {name: value for name, value in fields.items() if value}
