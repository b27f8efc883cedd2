"""What makes a finding the same one in the next run, though lines were added above it.

A forge compares the findings of two commits to say which are new. So a fingerprint is made of the file, the
code, the field and the line's own text, and never of a line's number or of a message, which may come to be
put better. Findings that agree in all of this are told apart by counting them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mastractl.manifests.formats.places import in_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mastractl.manifests.diagnostics import Diagnostic, Run

NAME = "mastractl/v1"
"""What fingerprints of this make are called; another make gets another name."""


def fingerprinted(found: Iterable[Diagnostic], run: Run) -> Iterator[tuple[Diagnostic, str]]:
    """Each finding with its fingerprint: 64 hexadecimal digits, no two of a run alike."""
    counts: dict[bytes, int] = {}
    for each in found:
        names = (str(part) if isinstance(part, str) else "[]" for part in each.path)
        words = each.excerpt.text.strip() if each.excerpt else each.message
        parts = (each.code, in_repository(each.source, run), "\x1f".join(names), words)
        key = hashlib.sha256("\x1e".join(parts).encode(errors="surrogatepass")).digest()
        counts[key] = count = counts.get(key, 0) + 1
        yield each, hashlib.sha256(key + str(count).encode()).hexdigest()
