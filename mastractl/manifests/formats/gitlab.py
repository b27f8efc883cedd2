"""Diagnostics as a GitLab code quality report, which a merge request shows beside the changed lines.

The fields are those of GitLab's documentation ("Code Quality report format"), a part of Code Climate's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.manifests.codes import name_of
from mastractl.manifests.formats.fingerprints import fingerprinted
from mastractl.manifests.formats.pieces import listed
from mastractl.manifests.formats.places import in_repository
from mastractl.manifests.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.manifests.diagnostics import Diagnostic, Run

_SEVERITIES = {"error": "major", "warning": "minor"}


def write(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """One JSON list with an object for each finding."""
    yield from listed((_issue(each, print_, run) for each, print_ in fingerprinted(found, run)), depth=0)
    yield "\n"


def _issue(found: Diagnostic, fingerprint: str, run: Run) -> dict[str, Any]:
    line = max(found.line, 1)
    begin, end = max(found.column, 1), max(found.end_column, found.column, 1)
    return {
        "type": "issue",
        "check_name": f"{found.code} {name_of(found.code)}",
        "description": visible(found.message) + (f" (help: {visible(found.hint)})" if found.hint else ""),
        "categories": ["Bug Risk"],
        "severity": _SEVERITIES[found.severity],
        "fingerprint": fingerprint,
        "location": {
            "path": visible(in_repository(found.source, run) or found.source or "-"),
            "lines": {"begin": line, "end": line},
            "positions": {"begin": {"line": line, "column": begin}, "end": {"line": line, "column": end}},
        },
        "other_locations": [
            {
                "path": visible(in_repository(other.source, run) or other.source),
                "lines": {"begin": max(other.line, 1), "end": max(other.line, 1)},
            }
            for other in found.related
        ],
    }
