"""`-o yaml`: a resource as one document, a list as a List, a watch as a stream of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli.printers import yamltext
from mastractl.cli.printers.printer import EventByEvent, list_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.cli.printers.printer import PrintOptions
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject


class YamlPrinter(EventByEvent):
    """Writes YAML; `---` stands between what is printed one after the other."""

    def __init__(self, options: PrintOptions) -> None:
        self._out = options.out
        self._began = False

    def print_object(self, resource: Resource) -> None:
        """Write the document."""
        self._write(resource.document)

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write one List."""
        self._write(list_document(resources, resource_version))

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write `type` and `object` as a document, and flush it."""
        self._write({"type": event_type, "object": resource.document})
        self._out.flush()

    def _write(self, document: JsonObject) -> None:
        self._out.write(("---\n" if self._began else "") + yamltext.dump(document))
        self._began = True
