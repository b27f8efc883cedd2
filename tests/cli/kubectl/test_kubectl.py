"""The table of kubectl: each verb, flag and convention that must or should be as kubectl has it.

`rows/` has a file for each verb. `must` and `should` are the verb's flags by rank; each of them needs a
row. A row is a case: a command line that is run on the store that `world/kitchen.yaml` makes, in a copy of
`world/`, and what it prints (`...` stands for anything within a line); or the tests that hold it, where a
case in a file cannot.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import tomllib
from functools import cache
from pathlib import Path

import pytest

from mastractl.cli import options
from mastractl.cli.main import COMMANDS, load

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TABLE = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("rows/*.toml"))
}
ROWS = [(verb, number) for verb, file in TABLE.items() for number in range(len(file["row"]))]
EVERYWHERE = "globals"
"""The file of what holds for every verb."""

KUBECTL = {
    "annotate",
    "api-resources",
    "api-versions",
    "apply",
    "completion",
    "config",
    "create",
    "delete",
    "describe",
    "diff",
    "edit",
    "events",
    "explain",
    "fmt",
    "get",
    "label",
    "options",
    "patch",
    "plugin",
    "replace",
    "rollout",
    "validate",
    "version",
    "wait",
    "watch",
}
"""The verbs of the table."""
FIELDS = {"rank", "what", "flags", "run", "out", "err", "code", "after", "stdin", "environ", "tests"}


def label(row):
    verb, number = row
    return f"{verb}-{TABLE[verb]['row'][number]['what'].replace(' ', '-')}"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A working directory with the world's files, and a store that holds the kitchen."""
    from mastractl.engines.opening import open_engine
    from mastractl.manifests import yamldoc
    from mastractl.resources.adoption import adopt
    from mastractl.store import StateStore

    directory = tmp_path_factory.mktemp("prepared") / "run"
    shutil.copytree(HERE / "world", directory)
    with StateStore(open_engine(str(directory / "store"), adopt=adopt)) as store:
        text = (directory / "kitchen.yaml").read_bytes()
        store.apply_all([document.value for document in yamldoc.load(text)])
    return directory


@pytest.fixture
def world(cli, prepared, monkeypatch):
    """`cli`, in a copy of the prepared directory."""
    directory = cli.directory / "run"
    shutil.copytree(prepared, directory)
    monkeypatch.chdir(directory)
    cli.directory, cli.store = directory, directory / "store"
    cli.environ |= {
        "MASTRACTL_STORE": str(cli.store),
        "MASTRACTL_CONFIG": str(directory / "config.json"),
        "COLUMNS": "80",
    }
    return cli


@pytest.mark.parametrize("row", [r for r in ROWS if "run" in TABLE[r[0]]["row"][r[1]]], ids=label)
def test_a_row(row, world):
    case = TABLE[row[0]]["row"][row[1]]
    more = {"stdin": (world.directory / case["stdin"]).read_text()} if "stdin" in case else {}
    result = world(*words(case["run"]), **more, **case.get("environ", {}))
    assert result.code == case.get("code", 0), result
    assert shown(case.get("out", ""), result.out), result.out
    assert shown(case.get("err", ""), result.err), result.err
    for line, expected in case.get("after", {}).items():
        assert shown(expected, world(*words(line)).out), line


@pytest.mark.parametrize("row", [r for r in ROWS if "tests" in TABLE[r[0]]["row"][r[1]]], ids=label)
def test_a_row_that_other_tests_hold(row):
    for node in TABLE[row[0]]["row"][row[1]]["tests"]:
        path, _, name = node.partition("::")
        assert name in held_in(ROOT / path), node


@pytest.mark.parametrize("verb", TABLE)
def test_a_file_of_rows_is_whole(verb):
    file = TABLE[verb]
    rows = file["row"]
    flags = {flag for row in rows for flag in row.get("flags", ())}
    assert flags == {*file["must"], *file["should"]}
    whats = [row["what"] for row in rows]
    assert len(set(whats)) == len(whats)
    for row in rows:
        assert row.keys() <= FIELDS, row
        assert ("run" in row) is not ("tests" in row), row
        assert row["rank"] in {"MUST", "SHOULD"}, row
        if "run" in row and verb != EVERYWHERE:
            assert verb in words(row["run"]), row
        for flag in row.get("flags", ()) if "run" in row else ():
            assert any(spells(word, flag) for word in words(row["run"])), (row, flag)


@pytest.mark.parametrize("verb", sorted(TABLE.keys() - {EVERYWHERE}))
def test_a_verb_and_its_flags_are_declared(verb):
    assert verb in COMMANDS
    file = TABLE[verb]
    assert {*file["must"], *file["should"]} <= declared(load(verb))


def test_the_global_flags_are_declared():
    file = TABLE[EVERYWHERE]
    assert {*file["must"], *file["should"]} <= {o for p in options.GLOBALS for o in p.opts}


def test_every_verb_of_kubectl_has_its_rows():
    assert set(TABLE) - {EVERYWHERE} >= KUBECTL


def test_flags_are_rows_of_their_rank():
    for verb, file in TABLE.items():
        for rank in ("must", "should"):
            ranks = {
                flag: {row["rank"] for row in file["row"] if flag in row.get("flags", ())}
                for flag in file[rank]
            }
            assert all(rank.upper() in found for found in ranks.values()), (verb, ranks)


def words(line):
    return shlex.split(line)[1:] if line.startswith("mastractl ") else shlex.split(line)


def spells(word, flag):
    """Whether a word of a command line says a flag: `-n`, `-n=x`, `-nx`, `--name=x`, `--no-name`."""
    if flag.startswith("--"):
        return word.partition("=")[0] in {flag, flag.replace("--", "--no-", 1)}
    return word.startswith("-") and not word.startswith("--") and flag[1] in word[1:]


def shown(expected, text):
    pattern = "[^\n]*".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, text) is not None


def declared(command):
    """Every spelling of a verb's flags; of all the verbs of a group."""
    verbs = [command] if isinstance(command, options.Verb) else command.verbs.values()
    parameters = [p for verb in verbs for p in verb.parameters if not p.positional]
    return {o for p in parameters for o in p.opts}


@cache
def held_in(path):
    """The tests of a file, by the part of their node ids behind the file."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        before = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        found |= {
            before + n.name for n in inner if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")
        }
    return found
