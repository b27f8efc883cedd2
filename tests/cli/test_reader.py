"""The quick reader and Typer read the same declarations: where the one understands, so does the other."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl import errors
from mastractl.cli import application, options, reader
from mastractl.cli.invocation import Surroundings
from mastractl.cli.output import Reporter
from mastractl.cli.process import Process

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation

RAN = []


@options.verb(examples="# Nothing\nmastractl many")
def many(
    inv: Invocation,
    *,
    names: Annotated[list[str] | None, options.argument(metavar="[NAME]...")] = None,
    output: Annotated[str, options.flag("--output", "-o")] = "",
    labels: Annotated[list[str] | None, options.flag("--label", "-L")] = None,
    everywhere: Annotated[bool, options.flag("--all-namespaces", "-A")] = False,
    wait: Annotated[bool, options.flag("--wait/--no-wait")] = True,
    size: Annotated[int, options.flag("--size")] = 500,
    mode: Annotated[Literal["none", "client"], options.flag("--mode")] = "none",
    maybe: Annotated[Literal["yes", "no"] | None, options.flag("--maybe")] = None,
    validate: Annotated[Literal["strict", "warn"], options.flag("--validate")] = "strict",
):
    """Take many."""
    RAN.append((inv.flags, names, output, labels, everywhere, wait, size, mode, maybe, validate))


@options.verb(examples="# Nothing\nmastractl one x")
def one(inv: Invocation, *, name: Annotated[str, options.argument(metavar="NAME")]):
    """Take one."""
    RAN.append((inv.flags, name))


@options.verb(examples="# Nothing\nmastractl group optional")
def optional(inv: Invocation, *, name: Annotated[str, options.argument(metavar="[NAME]")] = ""):
    """Take one or none."""
    RAN.append((inv.flags, name))


DECLARED = {"many": many, "one": one, "group": options.group(help="A group.", verbs={"optional": optional})}
TABLE = dict.fromkeys(DECLARED, ("Panel", "Help."))


def surroundings():
    process = Process(
        stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO(), environ={}, directory="/"
    )
    return Surroundings(process, Reporter(process.stderr, data=process.stdout))


def by_reader(argv):
    """What ran, None if the reader leaves the line to Typer, or the message of a usage error."""
    RAN.clear()
    try:
        call = reader.understand(argv, surroundings(), table=TABLE, load=DECLARED.__getitem__)
    except errors.UsageError as error:
        return error.message
    if call is None:
        return None
    assert call() == 0
    return RAN.pop()


def by_typer(argv):
    """What ran, or the message of a usage error, or None if nothing ran (help)."""
    RAN.clear()
    try:
        code = application.run(argv, surroundings(), table=TABLE, load=DECLARED.__getitem__)
    except errors.UsageError as error:
        return error.message
    except Exception as error:
        if not hasattr(error, "format_message"):  # what Typer raises has no public name in all its versions
            raise
        return "a usage error of Typer's"
    assert code == 0
    return RAN.pop() if RAN else None


WORDS = """
-o --output -L --label -A --all-namespaces --wait --no-wait --size --mode --maybe --validate -n --namespace
--store --context --color --no-color -q --quiet -v -vv --verbose -- - -h --help --nope -z -Aq -qv
many one group optional agents x json none client yes no strict warn auto 5 -5 five =
-o=json -ojson -Ao=json -Aojson -A=true -A=false --wait=false --wait=perhaps --no-wait=false -v=2 -v=x
--output=json --output= -o= --size=5 --size=five --mode=client --mode=nope --label=a -La -L=a -n=x
--all-namespaces=1 --quiet=F --no-color=true --color=always -Az
"""
words = st.sampled_from(WORDS.split()) | st.text("-=aAonLvqz5 ", max_size=6)
lines = st.lists(words, max_size=7) | st.tuples(
    st.lists(words, max_size=2), st.sampled_from(sorted(DECLARED)), st.lists(words, max_size=6)
).map(lambda parts: [*parts[0], parts[1], *parts[2]])


@settings(max_examples=400)
@given(lines)
def test_what_the_reader_understands_typer_understands_as_well(argv):
    quick = by_reader(argv)
    if quick is not None:
        assert quick == by_typer(argv)


@pytest.mark.parametrize(
    "line",
    [
        "many",
        "many a b -o json",
        "-n x many -Aojson --store s",
        "many --wait=false --size 7 --mode client --maybe yes",
        "many -L a -L=b --label=c",
        "many -- -o -A",
        "many -vv -q -v=2",
        "many --validate -A",
        "one x",
        "one -- -x",
        "group optional",
        "group optional x -n y",
        "-v group optional",
    ],
)
def test_lines_that_are_right_need_no_typer(line):
    assert by_reader(line.split()) == by_typer(line.split()) is not None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "many -h",
        "--version",
        "nope",
        "many --nope",
        "one",
        "one a b",
        "group",
        "group nope",
        "many --size x",
    ],
)
def test_help_and_mistakes_are_left_to_typer(line):
    assert by_reader(line.split()) is None
