"""`python -m mastractl.manifests.compile_schemas`: bring what is derived from `schemas/` up to date.

Two things are derived. A structural schema has no `$ref`, so a part that occurs in several places (a
model, the conditions, the steps of a branch, the specs inside a System) is written out in each; `COPIES`
tells which one is edited by hand, and this program rewrites the others. And `compiled/` holds as JSON what
the YAML says, for programs that have no time to parse it (`bundled`).

With `--check` nothing is written: the exit code is 1 if anything would be, and stderr names the files.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mastractl import values
from mastractl.manifests import bundled, yamldoc
from mastractl.resources import sensitive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.values import JsonObject


@dataclass(frozen=True, slots=True)
class Copy:
    """A part of a schema that is kept equal to another, but for its description and the fields `own`.

    Both ends read `<plural>[@<version>].<field>...`; `*` goes into the items of a list.
    """

    target: str
    source: str
    own: tuple[str, ...] = ()


_STEP = "workflows.spec.steps.*"
_DEFINITION = "customresourcedefinitions.spec"
_OLD_DEFINITION = "customresourcedefinitions@v1alpha1.spec"

COPIES = (
    *(Copy(f"{_STEP}.{field}", f"{_STEP}.agent") for field in ("tool", "workflow", "network")),
    Copy("agents.spec.tools.*.ref", f"{_STEP}.agent"),
    Copy("networks.spec.agents.*.ref", f"{_STEP}.agent"),
    Copy("networks.spec.router.model", "agents.spec.model"),
    Copy("networks.spec.router.modelSettings", "agents.spec.modelSettings"),
    Copy("systems.spec.defaults.model", "agents.spec.model"),
    Copy("workflows.spec.defaults.retry", f"{_STEP}.retry"),
    Copy(f"{_STEP}.parallel.branches.*.steps.*", _STEP, own=("parallel",)),
    *(
        Copy(f"systems.spec.{kind}.*.spec", f"{kind}.spec")
        for kind in ("agents", "tools", "workflows", "networks")
    ),
    *(
        Copy(f"{kind}.status.conditions", "agents.status.conditions")
        for kind in ("tools", "workflows", "networks", "systems", "customresourcedefinitions")
    ),
    Copy(f"{_OLD_DEFINITION}.subresources", f"{_DEFINITION}.versions.*.subresources"),
    Copy(f"{_OLD_DEFINITION}.versions.*", f"{_DEFINITION}.versions.*"),
    Copy(f"{_OLD_DEFINITION}.conversion", f"{_DEFINITION}.conversion"),
    Copy("customresourcedefinitions@v1alpha1.status", "customresourcedefinitions.status"),
)
"""In the order in which they are made: a copy may hold another one."""


def main(arguments: Sequence[str] = ()) -> int:
    """Write what is out of date, or with `--check` only name it. The exit code."""
    stale = [(path, data) for path, data in derived(bundled.schema_directory()) if _content(path) != data]
    if "--check" in arguments:
        for path, _ in stale:
            sys.stderr.write(f"{path.name} is out of date: run `python -m {__spec__.name}`\n")
        return 1 if stale else 0
    for path, data in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return 0


def derived(directory: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file this program writes and what has to be in it: the definitions and the compiled files."""
    documents = {path: _load(path) for path in sorted(directory.glob("*.yaml"), key=_order)}
    by_plural = {document["spec"]["names"]["plural"]: document for document in documents.values()}
    for copy in COPIES:
        _repeat(copy, by_plural)
    for path, document in documents.items():
        yield path, render(document).encode()
    compiled = Path(bundled.COMPILED)
    index = [_index_entry(document) for document in documents.values()]
    yield compiled / "index.json", values.dump(index) + b"\n"
    for plural, document in by_plural.items():
        schemas = {v["name"]: v["schema"]["openAPIV3Schema"] for v in document["spec"]["versions"]}
        yield compiled / f"{plural}.json", values.dump(schemas) + b"\n"


def render(document: JsonObject) -> str:
    """A definition as YAML, long texts folded. No anchors: each part is written where it belongs."""
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    folded = len(text) > 60 and " " in text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=">" if folded else None)


_Dumper.add_representer(str, _text)

_KIND_ORDER = ("agents", "tools", "workflows", "networks", "systems", "customresourcedefinitions")


def _order(path: Path) -> int:
    """The order of the kinds in the index, and so in `api-resources`: as people meet them."""
    return _KIND_ORDER.index(path.name.partition(".")[0])


def _load(path: Path) -> JsonObject:
    document: JsonObject = yamldoc.load_one(path.read_bytes(), source=path.name)
    return document


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _repeat(copy: Copy, documents: dict[str, JsonObject]) -> None:
    """Rewrite one copy in place."""
    target, fresh = _find(copy.target, documents), values.copy(_find(copy.source, documents))
    if "description" in target:
        fresh["description"] = target["description"]
    for name in copy.own:
        fresh["properties"][name] = target["properties"][name]
    target.clear()
    target.update(fresh)


def _find(place: str, documents: dict[str, JsonObject]) -> JsonObject:
    head, *fields = place.split(".")
    plural, _, name = head.partition("@")
    versions = documents[plural]["spec"]["versions"]
    version = next(v for v in versions if name in {"", v["name"]})
    schema: JsonObject = version["schema"]["openAPIV3Schema"]
    for field in fields:
        schema = schema["items"] if field == "*" else schema["properties"][field]
    return schema


def _index_entry(document: JsonObject) -> JsonObject:
    spec = document["spec"]
    names = spec["names"]
    fields = document["metadata"].get("annotations", {}).get(sensitive.ANNOTATION, "")
    return {
        "group": spec["group"],
        "kind": names["kind"],
        "plural": names["plural"],
        "singular": names["singular"],
        "listKind": names["listKind"],
        "scope": spec["scope"],
        "shortNames": names.get("shortNames", []),
        "categories": names.get("categories", []),
        "versions": [_index_version(version, sensitive.named(fields)) for version in spec["versions"]],
    }


def _index_version(version: JsonObject, sensitive_places: Sequence[Sequence[str | None]]) -> JsonObject:
    subresources = version.get("subresources", {})
    return {
        "name": version["name"],
        "served": version["served"],
        "storage": version["storage"],
        "deprecation": version.get("deprecationWarning", ""),
        "columns": [_index_column(column) for column in version["additionalPrinterColumns"]],
        "status": "status" in subresources,
        "scale": subresources.get("scale"),
        "selectableFields": [field["jsonPath"] for field in version.get("selectableFields", [])],
        "sensitive": sensitive_places,
    }


def _index_column(column: JsonObject) -> JsonObject:
    return {"json_path" if key == "jsonPath" else key: value for key, value in column.items()}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
