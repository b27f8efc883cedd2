"""Differences between resources as people read them: what is compared, and the colours of a unified diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli.printers.palette import BOLD, CYAN, GREEN, RED, dyed

if TYPE_CHECKING:
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject

_OF_THE_STORE = ("creationTimestamp", "generation", "resourceVersion", "uid")
_COLORS = {"-": RED, "+": GREEN, "@": CYAN}


def comparable(resource: Resource) -> JsonObject:
    """The document without what is the store's own to write."""
    metadata = {key: value for key, value in resource.metadata.items() if key not in _OF_THE_STORE}
    return resource.document | {"metadata": metadata}


def colored(text: str) -> str:
    """A unified diff with its lines in colour."""
    return "".join(map(_colored, text.splitlines(keepends=True)))


def _colored(line: str) -> str:
    color = BOLD if line.startswith(("---", "+++")) else _COLORS.get(line[0], "")
    return f"{dyed(line[:-1], color)}\n" if color else line
