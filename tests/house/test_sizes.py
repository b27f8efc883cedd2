"""Files and functions stay readable, and rooms are named for what they know."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "mastractl"
ONE_LOOP = {("compose.py", "documents"): 80}
"""What is longer than the rest, and why: the loop over YAML's events, where a call for each would cost a
sixth of the time that reading takes."""

FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_sizes(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 600, "a file of over 600 lines holds two ideas: split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= ONE_LOOP.get((path.name, node.name), 60), (
                f"{node.name} (line {node.lineno}) has {length} lines"
            )


def test_no_room_is_a_grab_bag():
    names = {p.stem for p in FILES} | {p.parent.name for p in FILES}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}


def test_every_module_says_why_it_exists():
    silent = [p for p in FILES if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert not silent
