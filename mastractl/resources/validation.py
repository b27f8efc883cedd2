"""Whether a whole document is valid in a version of its kind: the one place where every check is asked.

The order is that of the Kubernetes API server: pruned and defaulted, then its structure and its CEL rules,
then what a scale subresource asks of its numbers. On update what stood there is known, and what is wrong with
a part that did not change is tolerated (`ratcheting`), so that a schema may be tightened over resources there
are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import cel_rules, parts, scale
from mastractl.resources.structural import version_program

if TYPE_CHECKING:
    from mastractl.errors import Cause
    from mastractl.resources.kinds import Version
    from mastractl.resources.parts import Checked, Extent
    from mastractl.resources.structural import Unknown
    from mastractl.values import JsonObject


def result_causes(
    version: Version, document: JsonObject, old: JsonObject | None = None
) -> tuple[JsonObject, list[Cause]]:
    """The document as it would be kept, pruned and defaulted, and what is wrong with it.

    `old` is the document that stands in its place, None if nothing does. Warnings stand among the causes.
    """
    found = checked(version, document, unknown="prune", old=old)
    return found.document, found.causes


def checked(
    version: Version,
    document: JsonObject,
    *,
    unknown: Unknown,
    old: JsonObject | None = None,
    extent: Extent = "whole",
) -> Checked:
    """`result_causes`, with a choice of what becomes of fields that the schema does not know.

    `extent` says how much of a resource the document is (`parts`).
    """
    before = None
    if old is not None and cel_rules.has_rules(version):  # some rules compare with what stood there
        before = filled(version, old)
    found = parts.run(version, document, extent, unknown=unknown, old=before)
    if old is not None and before is None and any(not cause.warning for cause in found.causes):
        found = parts.run(version, document, extent, unknown=unknown, old=filled(version, old))
    more = scale.causes(version, found.document)
    return found._replace(causes=found.causes + more) if more else found


def is_valid(version: Version, document: JsonObject) -> bool:
    """Whether a document is valid in the version: the quick form of asking for `result_causes`."""
    program = version_program(version)
    if not program.accepts(document) or scale.causes(version, document):
        return False
    return not cel_rules.version_rule_causes(version, document)


def filled(version: Version, document: JsonObject) -> JsonObject:
    """A stored document as the version has it: what its schema does not know dropped, defaults filled in."""
    return version_program(version).filled(document)
