from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors
from mastractl.cli import grammar, options

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation


@options.verb()
def verb(
    inv: Invocation,
    *,
    names: Annotated[list[str] | None, options.argument(metavar="NAME")] = None,
    output: Annotated[str, options.flag("--output", "-o")] = "",
    everywhere: Annotated[bool, options.flag("--all-namespaces", "-A")] = False,
    wait: Annotated[bool, options.flag("--wait/--no-wait")] = True,
    validate: Annotated[Literal["strict", "warn"], options.flag("--validate")] = "strict",
    dry_run: Annotated[Literal["none", "client"], options.flag("--dry-run")] = "none",
):
    """Stands for a verb; the global flags are added to it."""


PARAMETERS = verb.parameters


def rewrite(line, *, interspersed=True):
    return grammar.rewrite(line.split(), PARAMETERS, interspersed=interspersed)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("agents -n cooking -o json", "agents -n cooking -o json"),
        ("agents -n=cooking -o=json", "agents -n cooking -o json"),
        ("agents -ncooking -ojson", "agents -n cooking -o json"),
        ("agents -Aojson", "agents -A -o json"),
        ("agents -Ao=json", "agents -A -o json"),
        ("agents -A=true", "agents -A"),
        ("agents -A=false", "agents"),
        ("--all-namespaces=True x", "--all-namespaces x"),
        ("--wait=false", "--no-wait"),
        ("--wait=true", "--wait"),
        ("--no-wait=false", "--wait"),
        ("--wait=0", "--no-wait"),
        ("-v=3 x", "-v -v -v x"),
        ("-vv", "-v -v"),
        ("--validate", "--validate strict"),
        ("--validate warn", "--validate warn"),
        ("--validate -n x", "--validate strict -n x"),
        ("--validate=warn x", "--validate=warn x"),
        ("--dry-run client", "--dry-run client"),
        ("--dry-run clinet", "--dry-run clinet"),
        ("-o -A=true", "-o -A=true"),
        ("--output --wait=false", "--output --wait=false"),
        ("-- -n=x --wait=false", "-- -n=x --wait=false"),
        ("-o=", "-o ="),
        ("-Az=x", "-A -z=x"),
        ("- -n=x", "- -n x"),
        ("-n", "-n"),
    ],
)
def test_kubectls_spellings(typed, understood):
    if typed == "-o=":
        assert rewrite(typed) == ["-o", ""]
    else:
        assert rewrite(typed) == understood.split()


@pytest.mark.parametrize("typed", ["--dry-run", "--dry-run -o name", "-A --dry-run"])
def test_a_bare_dry_run_is_an_error_that_says_what_to_write(typed):
    with pytest.raises(errors.UsageError, match="--dry-run needs a value") as raised:
        rewrite(typed)
    assert raised.value.hint == "write --dry-run=client or --dry-run=server"


@pytest.mark.parametrize(("typed", "flag"), [("--wait=maybe", "--wait"), ("-A=maybe", "-A"), ("-v=x", "-v")])
def test_a_switch_takes_true_or_false_only(typed, flag):
    with pytest.raises(errors.UsageError, match=f'invalid argument "{typed.split("=")[1]}" for "{flag}"'):
        rewrite(typed)


def test_what_follows_the_command_is_left_to_it():
    assert rewrite("-n=x get -o=json", interspersed=False) == ["-n", "x", "get", "-o=json"]


plain = st.one_of(
    st.sampled_from(["agents", "x", "--", "-A", "--wait", "--no-wait", "-v", "-"]),
    st.sampled_from([("-n", "a"), ("-o", "-A"), ("--output", "--wait=false"), ("-n", "=")]),
)


@given(st.lists(plain, max_size=8))
def test_what_typer_understands_stays_as_it_is(parts):
    arguments = [word for part in parts for word in ((part,) if isinstance(part, str) else part)]
    assert grammar.rewrite(arguments, PARAMETERS, interspersed=True) == arguments
