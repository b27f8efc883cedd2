"""Prints the table of figures: `python -m tests.bench [PART ...]`, all parts if none is named."""

from __future__ import annotations

import compileall
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.bench import crashes, engines, merging, processes, stores, watching
from tests.bench.table import render

PARTS = {
    "processes": processes,
    "stores": stores,
    "merging": merging,
    "watching": watching,
    "engines": engines,
    "crashes": crashes,
}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir("mastractl", quiet=2)
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} cores"
    print(f"{machine}, Python {platform.python_version()}")
    rows = []
    with tempfile.TemporaryDirectory(prefix="mastractl-bench-") as directory:
        for name in wanted:
            own = Path(directory) / name
            own.mkdir()
            rows += PARTS[name].rows(own)
            print(f"... {name} measured", file=sys.stderr)
    print(render(rows))
    return 0 if all(r.holds for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
