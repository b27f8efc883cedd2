"""kill -9: how many were survived, and what they cost. The killer judges every survivor for itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.table import Row

KILLER = Path(__file__).parent.parent / "crash" / "killer.py"


def rows(directory, *, kills=1000):
    done = subprocess.run(
        [sys.executable, KILLER, directory, "--kills", str(kills), "--writers", "1", "1", "1", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    counts = json.loads(done.stdout) if done.returncode == 0 else {}
    note = ", ".join(f"{number} {what}" for what, number in counts.items()) or done.stderr.strip()[-100:]
    return [
        Row(f"kill -9, {kills} times: torn, lost or different", float(done.returncode), "faults", 0, note)
    ]
