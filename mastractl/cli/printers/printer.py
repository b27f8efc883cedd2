"""What a printer is, and what each of them is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mastractl.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from mastractl.clock import Clock
    from mastractl.resources.kinds import KindRegistry
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject


class PrintOptions(NamedTuple):
    """Where and how to print.

    `kinds` tells a kind's columns and its name in messages. `label_columns` are the keys of `-L`;
    `show_kind` prefixes names with their kind; `all_namespaces` adds the NAMESPACE column; `color`
    is for terminals only. `headers` False is `--no-headers`. Unless `secrets`,
    sensitive values are masked.
    """

    out: TextIO
    kinds: KindRegistry
    clock: Clock = SystemClock()
    headers: bool = True
    show_labels: bool = False
    label_columns: tuple[str, ...] = ()
    show_kind: bool = False
    all_namespaces: bool = False
    allow_missing_template_keys: bool = True
    color: bool = False
    secrets: bool = False


class Printer(Protocol):
    """Writes resources in one format. One printer serves one run of a command."""

    def print_object(self, resource: Resource) -> None:
        """Write one resource by itself."""
        ...

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write what a list returned, as of a resource version.

        Tables and names may be written kind by kind; json and yaml want all the kinds in one call,
        for each call makes a document of its own.
        """
        ...

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write one event of a watch, and flush it. `event_type` is ADDED, MODIFIED, DELETED, ..."""
        ...

    def print_events(self, events: Iterable[tuple[str, Resource]]) -> None:
        """Write a batch of events, such as the first of a watch: a table fits its widths to them."""
        ...


class EventByEvent(ABC):
    """For printers to which a batch of events is nothing more than its events."""

    @abstractmethod
    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write one event of a watch, and flush it."""

    def print_events(self, events: Iterable[tuple[str, Resource]]) -> None:
        """Write a batch of events one after the other."""
        for event_type, resource in events:
            self.print_event(event_type, resource)


def list_document(resources: Iterable[Resource], resource_version: str = "") -> JsonObject:
    """The List that `-o json`, `-o yaml` and JSONPath templates see."""
    return {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"resourceVersion": resource_version},
        "items": [resource.document for resource in resources],
    }
