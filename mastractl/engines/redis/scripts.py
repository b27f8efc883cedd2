"""The scripts that the server runs: a file each, with `common.lua` before those that use it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Script(NamedTuple):
    """A script, and the name by which a server that has seen it knows it."""

    digest: bytes
    source: bytes


@cache
def script(name: str) -> Script:
    """The script in `<name>.lua`."""
    here = Path(__file__).parent
    parts = [name] if name == "enter" else ["common", name]
    source = b"".join((here / f"{part}.lua").read_bytes() for part in parts)
    return Script(hashlib.sha1(source, usedforsecurity=False).hexdigest().encode(), source)
