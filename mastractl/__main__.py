"""`python -m mastractl`, and the console script.

`--version` is answered before anything but this package is imported.
"""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line of this process and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from mastractl import __version__  # noqa: PLC0415

        sys.stdout.write(f"mastractl {__version__}\n")
        return
    gc.set_threshold(100_000, 20, 20)  # what start-up allocates stays: looking through it is wasted
    try:
        from mastractl.cli.main import main as run  # noqa: PLC0415 - Ctrl-C may come while it is imported

        code = run()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
