"""Structural schemas, compiled: prune, find unknown fields, default and check in one pass over a document.

A schema of apiextensions.k8s.io/v1 becomes a tree of closures (`nodes`), each compiled when a document first
reaches it. Where nothing has to change, the same document comes back, so a valid one costs no copies; one
that is in order as it stands is known by the `acceptor` before the pass begins. The pass decides whether a
document is *plainly valid*; if it is not, the judge says why, and only then is jsonschema imported.

The order is that of the Kubernetes API server: unknown fields go, null stands for "absent" in a field that
is not nullable, defaults come in, and then the result is checked. That a null was dropped is a remark, since
it says nothing; where the field is required it is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mastractl.errors import Cause
from mastractl.resources import fault_limit
from mastractl.resources.acceptor import acceptor
from mastractl.resources.metadata import resource_schema
from mastractl.resources.nodes import Findings, node
from mastractl.resources.unknown import unknown_field

if TYPE_CHECKING:
    from mastractl.errors import FieldPath
    from mastractl.resources.kinds import Version
    from mastractl.resources.nodes import Trail
    from mastractl.values import JsonObject

Unknown = Literal["report", "prune", "keep"]
"""What to do with fields the schema does not know: drop and report, drop silently, or leave alone."""


class Scan(NamedTuple):
    """One pass without the judge: what came out, the unknown fields, and whether it is plainly valid."""

    document: JsonObject
    unknown: tuple[Cause, ...]
    plain: bool


class Program:
    """A compiled schema. Safe to share between threads."""

    def __init__(self, schema: JsonObject) -> None:
        self.schema = schema
        self._accept = acceptor(schema)
        self._visit = node(schema)

    def filled(self, document: JsonObject, *, prune: bool = True) -> JsonObject:
        """The document defaulted, and pruned unless that is not asked for, whether or not it is valid."""
        if self._accept(document):
            return document
        result: JsonObject = self._visit(document, Findings(prune=prune), ())
        return result

    def accepts(self, document: JsonObject) -> bool:
        """Whether the document is valid, once unknown fields are dropped and defaults filled in."""
        return self._accept(document) or self.scan(document, unknown="prune").plain

    def check(self, document: Any) -> list[Cause]:
        """Everything that is wrong with a value as it stands: nothing is dropped and no default comes in."""
        found = Findings(prune=False, fill=False)
        self._visit(document, found, ())
        causes = self._unknown(found, "report")
        return causes if found.plain else causes + _judged(self.schema, document, None)

    def scan(self, document: JsonObject, *, unknown: Unknown = "report") -> Scan:
        """Prune, default and check without asking the judge for reasons."""
        found = Findings(prune=unknown != "keep")
        result = self._visit(document, found, ())
        return Scan(document=result, unknown=tuple(self._unknown(found, unknown)), plain=found.plain)

    def run(
        self, document: JsonObject, *, unknown: Unknown = "report", old: JsonObject | None = None
    ) -> tuple[JsonObject, list[Cause]]:
        """The document pruned and defaulted, and everything that is wrong with it, with remarks as warnings.

        The argument is never changed; where nothing changes, it is returned itself. `old` is what stood in
        its place: what is wrong with a part that is as it was is tolerated (`ratcheting`).
        """
        if self._accept(document):
            return document, []
        found = Findings(prune=unknown != "keep")
        result = self._visit(document, found, ())
        if found.plain and not found.unknown and not found.nulls:
            return result, []
        causes = self._unknown(found, unknown)
        if not found.plain:
            causes += _judged(self.schema, result, old)
        if found.nulls:
            causes = _with_nulls(causes, {_path(trail) for trail in found.nulls})
        return result, causes

    def _unknown(self, found: Findings, unknown: Unknown) -> list[Cause]:
        if unknown != "report":
            return []
        return fault_limit.first(unknown_field(_path(trail), self.schema) for trail in found.unknown)


def compile_schema(schema: JsonObject, *, resource: bool = True) -> Program:
    """The program of an openAPIV3Schema.

    As the schema of a resource it is completed by apiVersion, kind and metadata; with `resource=False` it
    stands for itself.
    """
    return Program(resource_schema(schema) if resource else schema)


def version_program(version: Version) -> Program:
    """The program of a kind's version, compiled once."""
    program: Program | None = version.program
    if program is None:
        program = version.program = compile_schema(version.schema)
    return program


def _judged(schema: JsonObject, document: Any, old: JsonObject | None) -> list[Cause]:
    from mastractl.resources.judge import judge  # noqa: PLC0415 - it imports jsonschema

    return judge(schema, document, old)


def _with_nulls(causes: list[Cause], dropped: set[FieldPath]) -> list[Cause]:
    """The causes with a word on every null that was dropped: an error where the field is required."""
    missing = {cause.path for cause in causes if cause.code == "MA102"} & dropped
    found = [_no_null(c.path) if c.code == "MA102" and c.path in missing else c for c in causes]
    remarks = (_no_null(path, warning=True) for path in sorted(dropped - missing, key=str))
    return found + fault_limit.first(remarks)


def _no_null(path: FieldPath, *, warning: bool = False) -> Cause:
    if warning:
        message, hint = "null says nothing here: the field is left out", "remove it, or give it a value"
    else:
        message = f'null is not allowed here: the field "{path[-1]}" is required'
        hint = "give it a value"
    return Cause(code="MA109", path=path, message=message, hint=hint, warning=warning)


def _path(trail: Trail) -> FieldPath:
    steps: list[str | int] = []
    while trail:
        trail, step = trail
        steps.append(step)
    return tuple(reversed(steps))
