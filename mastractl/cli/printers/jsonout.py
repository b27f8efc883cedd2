"""`-o json`: resources as they are; a list as a List; a watch as one compact line for each event.

Control and bidirectional characters that JSON would let through are escaped: the values stay the same,
and a terminal never acts on what a resource holds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mastractl import values
from mastractl.cli.printers.printer import EventByEvent, list_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.cli.printers.printer import PrintOptions
    from mastractl.resources.resource import Resource

_UNSAFE = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def pretty(value: Any) -> str:
    """The value as indented JSON with a final newline, harmless to a terminal."""
    return _harmless(values.pretty(value))


def line(value: Any) -> str:
    """The value as compact JSON on one line with its newline, harmless to a terminal."""
    return _harmless(values.text(value)) + "\n"


def _harmless(text: str) -> str:
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class JsonPrinter(EventByEvent):
    """Writes JSON."""

    def __init__(self, options: PrintOptions) -> None:
        self._out = options.out

    def print_object(self, resource: Resource) -> None:
        """Write the document."""
        self._out.write(pretty(resource.document))

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write one List."""
        self._out.write(pretty(list_document(resources, resource_version)))

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write `{"type", "object"}` on one line, and flush it."""
        self._out.write(line({"type": event_type, "object": resource.document}))
        self._out.flush()
