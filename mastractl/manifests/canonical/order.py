"""Which key comes first: apiVersion, kind, metadata, spec; in metadata the name, the namespace, the labels.

Below that the order is the writer's: what belongs together stands together, and a schema that lists its
fields anew should not turn every manifest over. A key that the order does not know stays behind the key that
it was written behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Shape(NamedTuple):
    """The order of a mapping's keys, and the shapes of what stands under some of them, "" for items."""

    keys: tuple[str, ...] = ()
    parts: tuple[tuple[str, Shape], ...] = ()

    def below(self, key: str) -> Shape:
        """The shape of the value under a key, or with "" of the items."""
        return next((shape for name, shape in self.parts if name == key), ANY)

    def places(self, keys: Iterable[str]) -> list[int]:
        """The order in which keys stand, as indexes of what was given."""
        known = {key: place for place, key in enumerate(self.keys)}
        ranks, last = [], -1
        for key in keys:
            last = known.get(key, last)
            ranks.append(last)
        return sorted(range(len(ranks)), key=ranks.__getitem__)


ANY = Shape()
"""The shape of what nothing is known about: it stays in the order in which it was written."""

_METADATA = Shape(("name", "generateName", "namespace", "labels", "annotations"))

DOCUMENT = Shape(("apiVersion", "kind", "metadata", "spec", "status"), (("metadata", _METADATA),))
"""The shape of a manifest."""

LIST = Shape(("apiVersion", "kind", "metadata", "items"), (("items", Shape((), (("", DOCUMENT),))),))
"""The shape of a list of manifests."""


def document(kind: Any) -> Shape:
    """The shape of a document by its `kind`, whatever that is."""
    if not kind or not isinstance(kind, str):
        return ANY
    return LIST if kind.endswith("List") else DOCUMENT
