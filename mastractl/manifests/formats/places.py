"""Where a finding is, as the forges want to hear it: the path of the file from the root of the repository."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from mastractl.manifests.sources import STDIN

if TYPE_CHECKING:
    from mastractl.manifests.diagnostics import Run


def in_repository(source: str, run: Run) -> str:
    """The path of a source from the run's root, with slashes; "" for what is no file (standard input).

    What lies outside the root keeps its absolute path: a forge cannot show it, but a person can find it.
    """
    if source in {"", STDIN}:
        return ""
    path = os.path.normpath(os.path.join(run.directory, source))  # noqa: PTH118 - paths are text here
    root = os.path.normpath(run.root or run.directory or ".")
    if root != "." and path.startswith(root.rstrip(os.sep) + os.sep):
        path = path[len(root.rstrip(os.sep)) + 1 :]
    return path.replace(os.sep, "/")
