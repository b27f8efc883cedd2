"""The bundled kinds: names and columns at once, a schema when it is asked for.

What a kind is stands in `schemas/`, one CustomResourceDefinition a file. Reading those would cost every
`get` a YAML parser and half a megabyte of text, so `compile_schemas` writes what they say as JSON into
`compiled/`: an index of names and columns, and the schemas of each kind beside it. The two are found by
the path of this module; `importlib.resources` and `pathlib` take longer to import than the index to read.
"""

from __future__ import annotations

import functools
import os.path
from typing import TYPE_CHECKING, Any

from mastractl import values
from mastractl.resources.kinds import Column, Kind, KindRegistry, Version

if TYPE_CHECKING:
    from pathlib import Path

    from mastractl.values import JsonObject

COMPILED = os.path.join(os.path.dirname(__file__), "compiled")  # noqa: PTH118, PTH120 - see above
"""The directory of the compiled schemas."""

ALIAS_GROUPS = {"CustomResourceDefinition": ("apiextensions.k8s.io",)}
"""Groups under which a bundled kind is known as well: definitions may be those of Kubernetes."""


def kinds() -> KindRegistry:
    """A new registry of the bundled kinds. The kinds in it are the same in every registry."""
    registry = KindRegistry()
    for kind in _bundled():
        registry.add(kind, alias_groups=ALIAS_GROUPS.get(kind.kind, ()))
    return registry


def schema_directory() -> Path:
    """Where the definitions of the bundled kinds are, as YAML: in the package, or in a checkout.

    Raises FileNotFoundError where the installation has lost them.
    """
    from pathlib import Path  # noqa: PLC0415 - see above

    package = Path(__file__).parent.parent
    for candidate in (package / "schemas", package.parent / "schemas"):
        if (candidate / "agents.mastra.ai.yaml").is_file():
            return candidate
    message = f"no schemas in {package} or beside it: the installation is not complete"
    raise FileNotFoundError(message)


@functools.cache
def _bundled() -> tuple[Kind, ...]:
    return tuple(_kind(entry) for entry in _read("index"))


def _read(name: str) -> Any:
    with open(os.path.join(COMPILED, name + ".json"), "rb") as file:  # noqa: PTH118, PTH123 - see above
        return values.load(file.read())


def _kind(entry: JsonObject) -> Kind:
    plural = entry["plural"]
    return Kind(
        group=entry["group"],
        kind=entry["kind"],
        plural=plural,
        singular=entry["singular"],
        list_kind=entry["listKind"],
        scope=entry["scope"],
        short_names=tuple(entry["shortNames"]),
        categories=tuple(entry["categories"]),
        versions=tuple(_version(plural, version) for version in entry["versions"]),
        bundled=True,
    )


def _version(plural: str, entry: JsonObject) -> Version:
    return Version(
        name=entry["name"],
        schema=functools.partial(_schema, plural, entry["name"]),
        served=entry["served"],
        storage=entry["storage"],
        deprecation=entry["deprecation"],
        columns=tuple(Column(**column) for column in entry["columns"]),
        status=entry["status"],
        scale=entry["scale"],
        selectable_fields=tuple(entry["selectableFields"]),
        sensitive=tuple(map(tuple, entry["sensitive"])),
    )


def _schema(plural: str, version: str) -> JsonObject:
    schema: JsonObject = _read(plural)[version]
    return schema
