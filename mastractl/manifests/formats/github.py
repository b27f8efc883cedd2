"""Diagnostics as GitHub's workflow commands: printed by a step of a job, they become annotations.

The form is that of GitHub's documentation ("Workflow commands for GitHub Actions"): `::error k=v,k=v::text`,
where a percent sign and ends of lines are escaped everywhere, colons and commas in the values too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.errors import format_path
from mastractl.manifests.codes import name_of
from mastractl.manifests.formats.places import in_repository
from mastractl.manifests.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.manifests.diagnostics import Diagnostic, Run


def write(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """A line for each finding."""
    return (_command(each, run) for each in found)


def _command(found: Diagnostic, run: Run) -> str:
    properties: dict[str, str] = {"title": f"{found.code} {name_of(found.code)}"}
    if path := in_repository(found.source, run):
        properties["file"] = path
        if found.line:
            properties |= {
                "line": str(found.line),
                "endLine": str(found.line),
                "col": str(found.column),
                "endColumn": str(max(found.end_column, found.column)),
            }
    said = ",".join(f"{name}={_value(text)}" for name, text in properties.items())
    return f"::{found.severity} {said}::{_data(_message(found, path))}\n"


def _message(found: Diagnostic, path: str) -> str:
    lines = [visible(found.message)]
    if found.source and not path:
        lines[0] = f"{visible(found.place)}: {lines[0]}"
    if found.path:
        lines[0] += f" ({visible(format_path(found.path))})"
    lines += [f"note: {visible(other.place)}: {visible(other.message)}" for other in found.related]
    if found.hint:
        lines.append(f"help: {visible(found.hint)}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return visible(_data(text).replace(":", "%3A").replace(",", "%2C"))
