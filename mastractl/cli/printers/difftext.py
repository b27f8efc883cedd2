"""Differences between resources as people read them: what is compared, and the colours of a unified diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject

_OF_THE_STORE = ("creationTimestamp", "generation", "resourceVersion", "uid")
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_COLORS = {"-": "\x1b[31m", "+": "\x1b[32m", "@": "\x1b[36m"}


def comparable(resource: Resource) -> JsonObject:
    """The document without what is the store's own to write."""
    metadata = {key: value for key, value in resource.metadata.items() if key not in _OF_THE_STORE}
    return resource.document | {"metadata": metadata}


def coloured(text: str) -> str:
    """A unified diff with its lines in colour."""
    return "".join(map(_coloured, text.splitlines(keepends=True)))


def _coloured(line: str) -> str:
    color = _BOLD if line.startswith(("---", "+++")) else _COLORS.get(line[0], "")
    return f"{color}{line[:-1]}{_PLAIN}\n" if color else line
