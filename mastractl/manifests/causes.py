"""Causes found in a manifest, as diagnostics at the place where somebody wrote the field.

`resources` says what is wrong with which field; this finds the field in the text, folds what is one mistake
into one finding, and keeps a hostile document from drowning the rest of the run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mastractl.errors import Cause
from mastractl.manifests.folding import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.manifests.manifest import Manifest

MOST = 100
"""How many faults of one resource are told."""

MOST_OF_A_DOCUMENT = 1000
"""How many faults of one document are told; only a list of many resources has more than `MOST`."""


def from_causes(causes: Sequence[Cause], manifest: Manifest) -> list[Diagnostic]:
    """What causes say of a manifest, with places; its text is walked once for all of them.

    A missing field and the misspelt one that was meant for it become one finding. Beyond `MOST` of them the
    rest is not told, and there is a finding that says so.
    """
    document = manifest.origin.document
    left = min(MOST, MOST_OF_A_DOCUMENT - document.told)
    if left <= 0:
        return []
    listed = fold(causes)
    document.told += min(len(listed), left)
    if len(listed) > left or document.told >= MOST_OF_A_DOCUMENT:
        whose = "this document" if document.told >= MOST_OF_A_DOCUMENT else "this resource"
        message = f"{whose} has more faults than these; the others are not told"
        listed[left:] = [Cause(code="MA004", path=(), message=message)]
    return _placed(listed, manifest)


def from_cause(cause: Cause, manifest: Manifest) -> Diagnostic:
    """What one cause says of a manifest, with its place."""
    return _placed([cause], manifest)[0]


def _placed(causes: Sequence[Cause], manifest: Manifest) -> list[Diagnostic]:
    from mastractl.manifests.locate import locate_all  # noqa: PLC0415 - yaml: +18 ms, for faults only

    origin = manifest.origin
    document, inside = origin.written()
    spans = locate_all(document, [(inside + cause.path, cause.at_key) for cause in causes])
    found = [
        document.note(
            c.code, c.message, span=span, path=origin.prefix + c.path, hint=c.hint, warning=c.warning
        )
        for c, span in zip(causes, spans, strict=True)
    ]
    return [replace(d, excerpt=None) if c.secret else d for c, d in zip(causes, found, strict=True)]
