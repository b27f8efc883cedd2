"""Whether a whole document is valid in a version of its kind: the one place where every check is asked.

The order is that of the Kubernetes API server: pruned and defaulted, then its structure, then what a scale
subresource asks of its numbers. On update what stood there is known, and what is wrong with a part that did
not change is tolerated (`ratcheting`), so that a schema may be tightened over resources there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources import scale
from mastractl.resources.structural import version_program

if TYPE_CHECKING:
    from mastractl.errors import Cause
    from mastractl.resources.kinds import Version
    from mastractl.resources.structural import Unknown
    from mastractl.values import JsonObject


def result_causes(
    version: Version, document: JsonObject, old: JsonObject | None = None
) -> tuple[JsonObject, list[Cause]]:
    """The document as it would be kept, pruned and defaulted, and what is wrong with it.

    `old` is the document that stands in its place, None if nothing does. Warnings stand among the causes.
    """
    return checked(version, document, unknown="prune", old=old)


def checked(
    version: Version, document: JsonObject, *, unknown: Unknown, old: JsonObject | None = None
) -> tuple[JsonObject, list[Cause]]:
    """`result_causes`, with a choice of what becomes of fields that the schema does not know."""
    before = None if old is None else filled(version, old)
    result, causes = version_program(version).run(document, unknown=unknown, old=before)
    return result, causes + scale.causes(version, result)


def filled(version: Version, document: JsonObject) -> JsonObject:
    """A stored document as the version has it: what its schema does not know dropped, defaults filled in."""
    return version_program(version).filled(document)
