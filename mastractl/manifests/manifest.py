"""A manifest, where it was read, and where to look for its fields when there is something to say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.manifests.diagnostics import Related, Seen

if TYPE_CHECKING:
    from mastractl.errors import FieldPath
    from mastractl.manifests.documents import Document
    from mastractl.values import JsonObject

_LONG = 253
"""Characters of a word that a report shows; what is longer is no name."""


class Origin:
    """Where a manifest was read: its document, and its path in it if it was an item of a list."""

    __slots__ = ("document", "prefix")

    def __init__(self, document: Document, prefix: FieldPath = ()) -> None:
        self.document = document
        self.prefix = prefix

    @property
    def source(self) -> str:
        """The name of the source, as it was given on the command line."""
        return self.document.source

    @property
    def line(self) -> int:
        """The line of the source on which the document says its first word, from 1."""
        return self.document.first_line + self.document.text.startswith("---\n")

    def related(self, message: str) -> Related:
        """The place, for a diagnostic about another."""
        return Related(message=message, source=self.source, line=self.line, column=1)

    def written(self) -> tuple[Document, FieldPath]:
        """The text that the manifest was written in, and its path there; for an item of a list its own text.

        So that a list of many faulty items is not walked once for each of them.
        """
        if not self.prefix:
            return self.document, ()
        if self.document.items is None:
            from mastractl.manifests.items import Items  # noqa: PLC0415 - yaml: +18 ms, for faults only

            self.document.items = Items(self.document)
        item = self.document.items.get(self.prefix)
        return (self.document, self.prefix) if item is None else (item, ())


class Manifest:
    """One object that somebody wrote, as it was written."""

    __slots__ = ("document", "origin")

    def __init__(self, document: JsonObject, origin: Origin) -> None:
        self.document = document
        self.origin = origin

    def seen(self) -> Seen:
        """What a report says of it: its place, and `Agent cooking/sous-chef` as far as it says so itself."""
        metadata = self.document.get("metadata")
        fields = metadata if isinstance(metadata, dict) else {}
        name = "/".join(str(fields[f])[:_LONG] for f in ("namespace", "name") if fields.get(f))
        words = (str(self.document.get("kind") or "")[:_LONG], name)
        document = self.origin.document
        return Seen(
            source=document.source,
            order=document.order,
            document=document.index,
            prefix=self.origin.prefix,
            name=" ".join(filter(None, words)) or f"document {document.index}",
        )
