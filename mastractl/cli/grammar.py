"""kubectl's spelling of flags, rewritten into what Typer's parser knows.

kubectl users write `-n=cooking`, `-A=true`, `--wait=false` and leave out the value of flags that have a
usual one (`--validate`, `--cascade`). The rewriting walks the arguments with the command's own parameters
in hand, so a flag's value is never mistaken for a flag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mastractl.cli.parameters import Parameter

_TRUE = {"true", "t", "1"}
_FALSE = {"false", "f", "0"}

USUAL_VALUES: dict[str, tuple[str, frozenset[str]]] = {
    "--cascade": ("background", frozenset({"background", "foreground", "orphan"})),
    "--dry-run": ("", frozenset({"none", "client", "server"})),
    "--validate": ("strict", frozenset({"strict", "warn", "ignore", "true", "false"})),
}
"""Flags whose value kubectl lets people leave out: what is then meant ("" = no longer anything), and the
words that are taken as the value."""


def rewrite(arguments: Sequence[str], parameters: Iterable[Parameter], *, interspersed: bool) -> list[str]:
    """The arguments of one command as Typer's parser takes them.

    `parameters` are the command's own; unless `interspersed`, the first positional argument and all that
    follows stay untouched. Raises UsageError for a flag given a value it does not take, or none where it
    needs one.
    """
    flags = {o: p for p in parameters if not p.positional for o in (*p.opts, *p.secondary_opts)}
    walk = _Walk(list(arguments), flags)
    while walk.left:
        argument = walk.take()
        if argument == "--" or (not interspersed and not _is_flag(argument)):
            walk.out += [argument, *walk.left]
            break
        if argument.startswith("--"):
            walk.long(argument)
        elif _is_flag(argument):
            walk.cluster(argument)
        else:
            walk.out.append(argument)
    return walk.out


def _is_flag(argument: str) -> bool:
    return len(argument) > 1 and argument.startswith("-")


class _Walk:
    """The arguments still to be read, and what they have become."""

    def __init__(self, arguments: list[str], flags: dict[str, Parameter]) -> None:
        self.left = arguments
        self.flags = flags
        self.out: list[str] = []

    def take(self) -> str:
        return self.left.pop(0)

    def long(self, argument: str) -> None:
        """`--name`, `--name=value`."""
        name, equals, value = argument.partition("=")
        parameter = self.flags.get(name)
        if parameter is not None and equals and not parameter.takes_value:
            self.boolean(name, value, parameter)
            return
        self.out.append(argument)
        if parameter is None or equals or not parameter.takes_value:
            return
        if name in USUAL_VALUES:
            self.usual_value(name)
        else:
            self.value()

    def cluster(self, argument: str) -> None:
        """`-Aojson`, `-n=cooking`: short flags, the last of which may hold its value."""
        for at, letter in enumerate(argument[1:], 2):
            name, tail = f"-{letter}", argument[at:]
            parameter = self.flags.get(name)
            if parameter is None:  # Typer says what is wrong with it
                self.out.append(f"-{argument[at - 1 :]}")
                return
            if parameter.takes_value:
                self.out.append(name)
                if tail:
                    self.out.append(tail.removeprefix("="))
                else:
                    self.value()
                return
            if tail.startswith("="):
                self.boolean(name, tail[1:], parameter)
                return
            self.out.append(name)

    def boolean(self, name: str, value: str, parameter: Parameter) -> None:
        """`--wait=false`, `-A=true`, `-v=2`."""
        opposite = parameter.opts if name in parameter.secondary_opts else parameter.secondary_opts
        if parameter.count and value.isdecimal():
            self.out += [name] * int(value)
        elif value.lower() in _TRUE:
            self.out.append(name)
        elif value.lower() in _FALSE:
            self.out += opposite[:1]
        else:
            message = f'invalid argument "{value}" for "{name}": it takes true or false'
            raise errors.UsageError(message)

    def value(self) -> None:
        """The value of a flag, whatever it looks like."""
        if self.left:
            self.out.append(self.take())

    def usual_value(self, name: str) -> None:
        """The value of a flag that may go without."""
        usual, words = USUAL_VALUES[name]
        if self.left and (self.left[0] in words or not (usual or _is_flag(self.left[0]))):
            self.value()
        elif usual:
            self.out.append(usual)
        else:
            message = f"{name} needs a value"
            raise errors.UsageError(message, hint=f"write {name}=client or {name}=server")
