"""The quick reader of command lines: what is right, without Typer.

It knows the verbs' own declarations and nothing of help or of error messages: what it does not
understand completely it leaves to Typer, which reads the same declarations and says what is wrong. A test
holds that where this reader understands a line, Typer understands the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.cli import grammar
from mastractl.cli.options import GLOBALS, Group
from mastractl.cli.parameters import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from mastractl.cli.invocation import Surroundings
    from mastractl.cli.options import Verb
    from mastractl.cli.parameters import Parameter


class _NotUnderstood(Exception):
    """Something for Typer to explain."""


def understand(
    argv: Sequence[str],
    surroundings: Surroundings,
    *,
    table: Container[str],
    load: Callable[[str], Verb | Group],
) -> Callable[[], int] | None:
    """What to call for a command line; None if it is not all clear what it says.

    `table` has the names of the commands, `load` imports one. Raises UsageError as `read` does.
    """
    first = read(argv, GLOBALS, interspersed=False)
    if first is None or not first[1] or first[1][0] not in table:
        return None
    before, (name, *rest) = first
    command, declared = f"mastractl {name}", load(name)
    said = [before]
    if isinstance(declared, Group):
        if not rest or rest[0] not in declared.verbs:
            return None
        command, declared, rest = f"{command} {rest[0]}", declared.verbs[rest[0]], rest[1:]
    elif declared.verbs and (second := sub_verb(rest, declared)) is not None:
        between, (word, *rest) = second
        command, declared, said = f"{command} {word}", declared.verbs[word], [between, before]
    surroundings.reporter.command = command
    verb = declared
    own = read(rest, verb.parameters)
    return None if own is None else lambda: verb(surroundings, own[0], said)


def sub_verb(arguments: Sequence[str], verb: Verb) -> tuple[dict[str, Any], list[str]] | None:
    """The global flags before the second word of a verb such as `create agent`, and all from that word on.

    None if the arguments are the verb's own.
    """
    found = read(arguments, GLOBALS, interspersed=False)
    return found if found is not None and found[1] and found[1][0] in verb.verbs else None


def read(
    arguments: Sequence[str], parameters: Sequence[Parameter], *, interspersed: bool = True
) -> tuple[dict[str, Any], list[str]] | None:
    """The values of the parameters and the positional arguments nobody claimed; None if it is not all clear.

    Unless `interspersed`, reading stops at the first positional argument. Raises UsageError for kubectl's
    spellings misused (`grammar.rewrite`).
    """
    try:
        return _read(
            grammar.rewrite(arguments, parameters, interspersed=interspersed), parameters, interspersed
        )
    except _NotUnderstood:
        return None


def _read(
    arguments: list[str],
    parameters: Sequence[Parameter],
    interspersed: bool,  # noqa: FBT001
) -> tuple[dict[str, Any], list[str]]:
    values = {p.name: p.default for p in parameters}
    flags = {o: p for p in parameters if not p.positional for o in (*p.opts, *p.secondary_opts)}
    left: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            left.extend(words)
        elif word[:1] != "-" or word == "-":
            left.append(word)
            if not interspersed:
                left.extend(words)
        else:
            _flag(word, words, flags, values)
    if interspersed:
        left = _claim(left, parameters, values)
    if any(value is REQUIRED for value in values.values()):
        raise _NotUnderstood
    return values, left


def _flag(word: str, words: Iterator[str], flags: dict[str, Parameter], values: dict[str, Any]) -> None:
    name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
    parameter = flags.get(name)
    if parameter is None or (equals and not parameter.takes_value):
        raise _NotUnderstood
    if parameter.count:
        values[parameter.name] += 1
    elif parameter.is_flag:
        values[parameter.name] = name not in parameter.secondary_opts
    else:
        if not equals and (value := next(words, None)) is None:  # type: ignore[assignment]
            raise _NotUnderstood
        _take(parameter, value, values)


def _take(parameter: Parameter, text: str, values: dict[str, Any]) -> None:
    if parameter.multiple:
        values[parameter.name] = [*(values[parameter.name] or ()), text]
    elif parameter.integer:
        try:
            values[parameter.name] = int(text)
        except ValueError:
            raise _NotUnderstood from None
    elif parameter.choices and text not in parameter.choices:
        raise _NotUnderstood
    else:
        values[parameter.name] = text


def _claim(left: list[str], parameters: Sequence[Parameter], values: dict[str, Any]) -> list[str]:
    """Give the positional arguments to the parameters that take them, in order. None may be left over."""
    for parameter in parameters:
        if parameter.positional and left:
            if parameter.multiple:
                values[parameter.name], left = left, []
            else:
                _take(parameter, left[0], values)
                left = left[1:]
    if left:
        raise _NotUnderstood
    return left
