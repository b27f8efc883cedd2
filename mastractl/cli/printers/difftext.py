"""The colours of a unified diff, as git has them."""

from __future__ import annotations

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_COLORS = {"-": "\x1b[31m", "+": "\x1b[32m", "@": "\x1b[36m"}


def colored(text: str) -> str:
    """A unified diff in colour; what the terminal shows is otherwise the same."""
    lines = []
    for line in text.splitlines(keepends=True):
        color = _BOLD if line.startswith(("---", "+++")) else _COLORS.get(line[0], "")
        lines.append(f"{color}{line[:-1]}{_PLAIN}\n" if color else line)
    return "".join(lines)
