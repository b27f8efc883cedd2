"""Printing resources with their sensitive values masked, whatever the format.

This stands before every printer unless `--show-secrets` was said, so that no format and no template of a
user's own ever sees what must not be shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import sensitive
from mastractl.resources.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.cli.printers.printer import Printer
    from mastractl.resources.kinds import KindRegistry


class MaskingPrinter:
    """Hands another printer what it is given, masked."""

    def __init__(self, printer: Printer, kinds: KindRegistry) -> None:
        self._printer = printer
        self._kinds = kinds

    def print_object(self, resource: Resource) -> None:
        """Write one resource by itself."""
        self._printer.print_object(masked(resource, self._kinds))

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write what a list returned."""
        self._printer.print_list([masked(r, self._kinds) for r in resources], resource_version)

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write one event of a watch, and flush it."""
        self._printer.print_event(event_type, masked(resource, self._kinds))

    def print_events(self, events: Iterable[tuple[str, Resource]]) -> None:
        """Write a batch of events."""
        self._printer.print_events([(word, masked(resource, self._kinds)) for word, resource in events])


def masked(resource: Resource, kinds: KindRegistry) -> Resource:
    """The resource with its sensitive values masked; the same one if it has none."""
    kind = kinds.find(resource.group, resource.kind)
    if kind is None:
        return resource
    document = sensitive.masked(kind, resource.document)
    return resource if document is resource.document else Resource(document)
