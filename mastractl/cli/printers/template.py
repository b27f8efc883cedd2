"""`-o jsonpath=`, `jsonpath-file=` and `jsonpath-as-json=`: what a template finds, as text or as JSON.

As with kubectl a single resource is the template's document, and of a list it is the List with its
`items`. Nothing is added to the text, save a newline after each event of a watch that lacks one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.cli.printers.jsonout import pretty
from mastractl.cli.printers.printer import EventByEvent, list_document
from mastractl.resources.jsonpath import compile_template

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mastractl.cli.printers.printer import PrintOptions
    from mastractl.resources.jsonpath import Template
    from mastractl.resources.resource import Resource
    from mastractl.values import JsonObject


class TemplatePrinter(EventByEvent):
    """Writes what a template makes of each resource, or of the List."""

    def __init__(self, text: str, options: PrintOptions) -> None:
        self._template = template(text)
        self._out = options.out
        self._allow_missing = options.allow_missing_template_keys

    def print_object(self, resource: Resource) -> None:
        """Write the text for one resource."""
        self._out.write(self._text(resource.document))

    def print_list(self, resources: Iterable[Resource], resource_version: str = "") -> None:
        """Write the text for the List."""
        self._out.write(self._text(list_document(resources, resource_version)))

    def print_event(self, event_type: str, resource: Resource) -> None:
        """Write the text for what changed, on a line of its own, and flush it."""
        del event_type
        text = self._text(resource.document)
        self._out.write(text if text.endswith("\n") else f"{text}\n")
        self._out.flush()

    def _text(self, document: JsonObject) -> str:
        return self._template.render(document, allow_missing=self._allow_missing)


class JsonTemplatePrinter(TemplatePrinter):
    """Writes what a template finds as one JSON list; plain text in the template adds nothing to it."""

    def _text(self, document: JsonObject) -> str:
        return pretty(self._template.find(document, allow_missing=self._allow_missing))


def template(text: str) -> Template:
    """The template of a text; a bare path such as `.metadata.name` needs no braces.

    Raises BadRequest with the column of what it does not understand.
    """
    bare = "{" not in text and text.startswith((".", "$", "@", "["))
    return compile_template(f"{{{text}}}" if bare else text)
