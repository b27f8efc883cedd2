"""CustomResourceDefinitions: what they must obey, and the kinds they describe.

A definition in any of its accepted spellings (`definition_forms`) becomes a `Kind` whose resources can be
validated, listed and stored; one that breaks a rule of apiextensions.k8s.io/v1 becomes causes MA130 at the
place where the user broke it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.resources import definition_rules, formats, path_reader, schema_forms, schema_rules, sensitive
from mastractl.resources.definition_forms import is_definition, is_old, upgrade, written_path
from mastractl.resources.jsontypes import shown
from mastractl.resources.kinds import Column, Kind, Version
from mastractl.resources.resource import Resource
from mastractl.resources.structural import compile_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mastractl.errors import Cause
    from mastractl.resources.structural import Program
    from mastractl.values import JsonObject

__all__ = ["is_definition", "kind_from_definition", "stored_kind", "update_causes", "upgrade"]


def kind_from_definition(document: JsonObject) -> tuple[Kind, list[Cause]]:
    """The kind a definition describes, and remarks: older form (MA121), what is not evaluated (MA130, MA131).

    Takes every accepted form; raises Invalid with one cause per broken rule. Paths are those of the
    document as it was given.
    """
    canonical = _shaped(document)
    found = definition_rules.causes(canonical)
    if broken := [cause for cause in found if not cause.warning]:
        raise _invalid(document, broken)
    remarks = (
        *_old_form(document),
        *(_moved(cause, document) for cause in found),
        *_conversion(canonical["spec"]),
        *_format_remarks(document, canonical),
        *_rules_remarks(document, canonical),
    )
    return _kind(canonical["spec"], _sensitive_fields(canonical)), list(remarks)


def stored_kind(document: JsonObject) -> Kind:
    """The kind of a definition that was let in before, by whatever rules held then.

    No rule is asked again, so that a rule that came later takes no kind away from its resources; raises
    Invalid only for what makes no kind at all.
    """
    canonical = _shaped(document)
    for index, version in enumerate(canonical["spec"]["versions"]):
        schema, path = (
            version["schema"]["openAPIV3Schema"],
            ("spec", "versions", index, "schema", "openAPIV3Schema"),
        )
        if found := list(schema_forms.form_causes(schema, path)):
            raise _invalid(document, found)
    if not any(version["storage"] for version in canonical["spec"]["versions"]):
        message = "one version must have storage: true"
        raise _invalid(document, [schema_forms.broken(message, ("spec", "versions"))])
    return _kind(canonical["spec"], _sensitive_fields(canonical))


def update_causes(
    document: JsonObject, old: JsonObject, in_use: Callable[[str], int] | None = None
) -> list[Cause]:
    """What keeps a definition that obeys every rule from taking the place of a stored one (MA130).

    `in_use` says how many resources are stored in a version; without it every version that the status of
    the old one names counts as in use.
    """
    found = definition_rules.update_causes(upgrade(document), upgrade(old), in_use)
    return [_moved(cause, document) for cause in found]


def _shaped(document: JsonObject) -> JsonObject:
    """The canonical form, in a shape that every rule may rely on; raises Invalid."""
    canonical, found = _shape().run(upgrade(document), unknown="keep")
    if broken := [cause for cause in found if not cause.warning]:
        raise _invalid(document, broken)
    return canonical


@cache
def _shape() -> Program:
    return compile_schema(definition_rules.SHAPE, resource=False)


def clash(kind: Kind, others: Iterable[Kind]) -> list[Cause]:
    """What keeps a defined kind from standing beside others: bundled kinds, and taken names (MA130)."""
    return list(definition_rules.clashes(kind, others))


def _invalid(document: JsonObject, found: list[Cause]) -> errors.Invalid:
    causes = [_moved(cause, document) for cause in found]
    name = Resource(document).name
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    message = f'customresourcedefinition.mastra.ai "{name}" is invalid: {causes[0].message}{more}'
    return errors.Invalid(message, hint=causes[0].hint, causes=causes)


def _moved(cause: Cause, document: JsonObject) -> Cause:
    return cause._replace(path=written_path(document, cause.path))


def _kind(spec: JsonObject, sensitive_fields: str) -> Kind:
    names = spec["names"]
    return Kind(
        group=spec["group"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names["singular"],
        list_kind=names["listKind"],
        scope=spec["scope"],
        versions=tuple(_version(version, sensitive_fields) for version in spec["versions"]),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
    )


def _version(version: JsonObject, sensitive_fields: str) -> Version:
    subresources = version.get("subresources") or {}
    name = version["name"]
    schema = version["schema"]["openAPIV3Schema"]
    deprecation = version.get("deprecationWarning") or f"version {name} is deprecated"
    return Version(
        name=name,
        schema=schema,
        served=version["served"],
        storage=version["storage"],
        deprecation=deprecation if version.get("deprecated") else "",
        columns=tuple(_column(c) for c in version.get("additionalPrinterColumns") or () if _can_show(c)),
        status=subresources.get("status") is not None,
        scale=subresources.get("scale"),
        selectable_fields=tuple(each["jsonPath"] for each in version.get("selectableFields") or ()),
        sensitive=lambda: (*sensitive.marked(schema), *sensitive.named(sensitive_fields)),
    )


def _sensitive_fields(definition: JsonObject) -> str:
    """What the annotation of a definition in order says."""
    return str((definition["metadata"].get("annotations") or {}).get(sensitive.ANNOTATION, ""))


def _can_show(column: JsonObject) -> bool:
    """Whether the path of a column can be read; Kubernetes leaves a column out whose path it cannot read."""
    try:
        path_reader.compile_path(column["jsonPath"])
    except errors.BadRequest:
        return False
    return True


def _column(column: JsonObject) -> Column:
    return Column(
        name=column["name"],
        type=column["type"],
        json_path=column["jsonPath"],
        format=column.get("format") or "",
        description=column.get("description") or "",
        priority=column.get("priority") or 0,
    )


def _old_form(document: JsonObject) -> Iterator[Cause]:
    if not is_old(document):
        return
    spec = document["spec"]
    word = next((word for word in ("validation", "version", "versions") if word in spec), "")
    name = spec.get("version", "v1")
    yield errors.Cause(
        code="MA121",
        path=("spec", word) if word else ("spec",),
        message="this is the older form of a definition: it has one schema for all versions",
        hint=(
            f"write spec.versions: [{{name: {name}, served: true, storage: true, "
            "schema: {openAPIV3Schema: ...}}] under apiVersion mastra.ai/v1; "
            "then unknown fields are found as well"
        ),
        at_key=True,
        warning=True,
    )


def _conversion(spec: JsonObject) -> Iterator[Cause]:
    if (spec.get("conversion") or {}).get("strategy") == "Webhook":
        yield errors.Cause(
            code="MA130",
            path=("spec", "conversion", "strategy"),
            message="conversion webhooks are not called: all versions of a resource have the same fields",
            hint="serve one version, or keep the fields of all versions compatible",
            warning=True,
        )


def _format_remarks(document: JsonObject, canonical: JsonObject) -> Iterator[Cause]:
    """What Kubernetes warns of: formats that it does not know, which check nothing."""
    for index, version in enumerate(canonical["spec"]["versions"]):
        schema = version["schema"]["openAPIV3Schema"]
        if unknown := dict.fromkeys(_unknown_formats(schema)):
            listed = ", ".join(map(shown, unknown))
            yield errors.Cause(
                code="MA130",
                path=written_path(document, ("spec", "versions", index, "schema", "openAPIV3Schema")),
                message=f"unrecognized format {listed}: no value is checked for it",
                at_key=True,
                warning=True,
            )


def _unknown_formats(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    name = schema.get("format")
    if name and not formats.is_known(name, schema.get("type") or ""):
        yield name
    for child in (schema.get("properties") or {}).values():
        yield from _unknown_formats(child)
    for keyword in ("items", "additionalProperties"):
        yield from _unknown_formats(schema.get(keyword))


def _rules_remarks(document: JsonObject, canonical: JsonObject) -> Iterator[Cause]:
    for index, version in enumerate(canonical["spec"]["versions"]):
        schema = version["schema"]["openAPIV3Schema"]
        fields = [_field(path) for path in schema_rules.ruled_fields(schema)]
        if fields:
            path = written_path(document, ("spec", "versions", index, "schema", "openAPIV3Schema"))
            yield errors.Cause(
                code="MA131",
                path=path,
                message=f"the rules (x-kubernetes-validations) of {', '.join(fields)} are not evaluated yet",
                hint="everything else in the schema is enforced",
                at_key=True,
                warning=True,
            )


def _field(path: tuple[Any, ...]) -> str:
    return ".".join(("", *map(str, path))) if path else "the whole resource"
