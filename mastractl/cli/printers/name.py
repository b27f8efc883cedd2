"""`-o name`, and how any message names a resource: `agent.mastra.ai/recipe-assistant`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli.printers.printer import EventByEvent
from mastractl.resources.columns import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.cli.printers.printer import PrintOptions
    from mastractl.resources.kinds import KindRegistry
    from mastractl.resources.resource import Resource


def qualified_kind(resource: Resource, kinds: KindRegistry) -> str:
    """`agent.mastra.ai`; from the document itself where its kind is not known."""
    kind = kinds.find(resource.group, resource.kind)
    if kind is not None:
        return kind.qualified_singular
    return harmless(f"{resource.kind.lower()}.{resource.group}".rstrip("."))


def resource_name(resource: Resource, kinds: KindRegistry) -> str:
    """`agent.mastra.ai/recipe-assistant`."""
    return f"{qualified_kind(resource, kinds)}/{harmless(resource.name)}"


class NamePrinter(EventByEvent):
    """Writes one qualified name a line, for other commands to read."""

    def __init__(self, options: PrintOptions) -> None:
        self._options = options

    def print_object(self, resource: Resource) -> None:
        """Write its name."""
        self._options.out.write(resource_name(resource, self._options.kinds) + "\n")

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write their names."""
        del resource_version
        for resource in resources:
            self.print_object(resource)

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write the name of what changed, and flush it."""
        del event_type
        self.print_object(resource)
        self._options.out.flush()
