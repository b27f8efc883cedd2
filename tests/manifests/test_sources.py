"""What `-f` names becomes sources or findings; nothing is raised, nothing is read twice."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading

import pytest

from mastractl.manifests.diagnostics import Diagnostic
from mastractl.manifests.load import load
from mastractl.manifests.sources import Source, find


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.yaml",
        "a.yml",
        "c.json",
        "notes.txt",
        ".hidden.yaml",
        "sub/d.yaml",
        "sub/deep/e.YAML",
        ".git/f.yaml",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"a": 1}')
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(*arguments, **options):
    return [s.name if isinstance(s, Source) else (s.source, s.message) for s in find(arguments, **options)]


def test_files_are_read_in_the_order_they_are_named(tree):
    assert names("c.json", "b.yaml") == ["c.json", "b.yaml"]
    assert [s.order for s in find(["c.json", "nope.yaml", "b.yaml"])] == [1, 2, 3]


def test_a_file_may_end_in_anything_if_it_is_named(tree):
    assert names("notes.txt") == ["notes.txt"]


def test_a_directory_stands_for_its_manifests_by_name(tree):
    assert names(".") == ["./a.yml", "./b.yaml", "./c.json"]
    assert names(str(tree)) == [f"{tree}/{n}" for n in ("a.yml", "b.yaml", "c.json")]


def test_directories_below_are_read_when_asked(tree):
    assert names("sub") == ["sub/d.yaml"]
    assert names("sub", recursive=True) == ["sub/d.yaml", "sub/deep/e.YAML"]
    assert names(".", recursive=True) == [
        "./a.yml",
        "./b.yaml",
        "./c.json",
        "./sub/d.yaml",
        "./sub/deep/e.YAML",
    ]


def test_links_to_directories_are_not_followed(tree):
    (tree / "sub" / "loop").symlink_to(tree / "sub", target_is_directory=True)
    (tree / "sub" / "link.yaml").symlink_to(tree / "b.yaml")
    assert names("sub", recursive=True) == ["sub/d.yaml", "sub/deep/e.YAML", "sub/link.yaml"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.yaml", ["b.yaml"]),
        ("*", ["a.yml", "b.yaml", "c.json"]),
        ("*.txt", ["notes.txt"]),
        ("**/*.yaml", ["b.yaml", "sub/d.yaml"]),
        ("**", ["a.yml", "b.yaml", "c.json", "sub/d.yaml", "sub/deep/e.YAML"]),
        ("[ab].y*", ["a.yml", "b.yaml"]),
        ("?.json", ["c.json"]),
    ],
)
def test_patterns(tree, pattern, expected):
    assert names(pattern) == expected


def test_a_file_may_be_called_like_a_pattern(tree):
    (tree / "x[1].yaml").write_text("a: 1")
    assert names("x[1].yaml") == ["x[1].yaml"]


def test_a_file_named_twice_is_read_once(tree):
    (tree / "again.yaml").hardlink_to(tree / "b.yaml")
    assert names("b.yaml", "./b.yaml", str(tree / "b.yaml"), "again.yaml", "*.yaml") == ["b.yaml"]
    stdin = io.BytesIO(b"a: 1")
    assert names("-", "-", stdin=stdin) == ["<stdin>"]


@pytest.mark.parametrize(
    ("argument", "says", "hint"),
    [
        ("nope.yaml", "no such file", ""),
        ("b.yml", "no such file", "did you mean 'b.yaml'?"),
        ("sub/dd.yaml", "no such file", "did you mean 'sub/d.yaml'?"),
        ("none/x.yaml", "no such file", "cannot be listed"),
        ("", "is empty", "directory"),
        ("empty", "no manifest in this directory", "-R"),
        ("*.toml", "no manifest matches", "quote"),
        ("https://example.com/a.yaml", "over the network", "curl -fsSL https://example.com/a.yaml |"),
        ("s3://bucket/key", "over the network", ""),
        ("b.yaml/c.yaml", "Not a directory", ""),
        ("a\0b", "null", ""),
        ("x" * 5000, "name too long", ""),
    ],
)
def test_what_cannot_be_used_is_told_in_its_place(tree, argument, says, hint):
    first, fault, last = find(["a.yml", argument, "c.json"])
    assert (first.name, last.name) == ("a.yml", "c.json")
    assert isinstance(fault, Diagnostic)
    assert (fault.code, fault.severity, fault.order) == ("MA001", "error", 2)
    assert says.lower() in fault.message.lower()
    assert hint in fault.hint


def test_no_standard_input_is_a_finding():
    [fault] = find(["-"])
    assert "no standard input" in fault.message


def test_a_file_that_may_not_be_read_is_a_finding(tree):
    """As another user, where the tests run as root."""
    (tree / "secret.yaml").write_text("a: 1")
    (tree / "secret.yaml").chmod(0)
    (tree / "locked").mkdir(mode=0)
    tree.chmod(0o755)
    code = (
        "import os, sys\n"
        "sys.path[:0] = sys.argv[2:]\n"
        "from mastractl.manifests.sources import find\n"
        "from mastractl.manifests.load import load\n"
        "import yaml, mastractl.manifests.reader\n"
        "os.getuid() or os.setuid(65534)\n"
        "os.chdir(sys.argv[1])\n"
        "for d in load(find(['secret.yaml', 'locked'])): print(d.source, d.code, d.message)\n"
    )
    if os.getuid() == 0:
        for parent in tree.parents:
            if parent.stat().st_mode & 0o005 != 0o005 and parent.name:
                parent.chmod(parent.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tree), *sys.path], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[:2] == [
        "secret.yaml MA001 cannot be read: Permission denied",
        "locked MA001 cannot be read: Permission denied",
    ], done.stderr


def test_a_pipe_is_read_once_and_to_its_end(tree):
    os.mkfifo("pipe")

    def write():
        with (tree / "pipe").open("wb") as pipe:
            pipe.writelines(b"---\na: %d\n" % number for number in range(2000))

    writer = threading.Thread(target=write)
    writer.start()
    found = list(load(find(["pipe", "pipe"])))
    writer.join()
    assert [m.document["a"] for m in found] == list(range(2000))


def test_process_substitution_works(tree):
    code = (
        "import sys; from mastractl.manifests.load import *; from mastractl.manifests.sources import find\n"
    )
    code += "print([m.document for m in load(find(sys.argv[1:]))])"
    script = f"'{sys.executable}' -c '{code}' <(echo 'a: 1') <(echo 'b: 2')"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[{'a': 1}, {'b': 2}]\n"


def test_a_source_can_be_read_whole(tree):
    [source] = find(["c.json"])
    assert source.read() == b'{"a": 1}'
    assert source.json
    [stdin] = find(["-"], stdin=io.BytesIO(b"a: 1"))
    assert (stdin.read(), stdin.json) == (b"a: 1", False)
