"""What a verb takes: its arguments and flags, as its signature declares them.

One declaration has two readers: `reader`, which is quick and understands what is right, and Typer
(`application`), which explains what is wrong and writes the help. Typer takes 45 ms to import, so a run
that parses never meets it, and this module knows nothing of it.

Types: `str`, `int`, `bool` (a switch), `Literal[...]`, `list[str]` (may be repeated), each also `| None`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable


class Flag(NamedTuple):
    """A flag: its spellings (`--wait/--no-wait` for one that can be taken back) and what the help says."""

    names: tuple[str, ...]
    help: str = ""
    metavar: str | None = None
    panel: str | None = None
    hidden: bool = False
    counted: bool = False


class Argument(NamedTuple):
    """A positional argument and what the help says."""

    metavar: str
    help: str = ""
    hidden: bool = False


REQUIRED: Any = object()
"""The default of a parameter that has none."""


class Parameter:
    """One argument or flag of a verb.

    `opts` and `secondary_opts` are the spellings for and against, `choices` the words it takes (none:
    any text), `annotation` the type without the declaration.
    """

    __slots__ = ("annotation", "choices", "declared", "default", "integer", "is_flag", "multiple", "name")

    def __init__(self, name: str, annotation: Any, default: Any) -> None:
        self.name = name
        self.default = default
        self.annotation, self.declared = get_args(annotation)
        alternatives = get_args(self.annotation)
        base = next((a for a in alternatives if a is not type(None)), None)
        if base is None or get_origin(self.annotation) in {list, Literal}:
            base = self.annotation
        self.choices: tuple[str, ...] = get_args(base) if get_origin(base) is Literal else ()
        self.multiple = get_origin(base) is list
        self.integer = base is int
        self.is_flag = base is bool

    @property
    def positional(self) -> bool:
        """Whether it is an argument and not a flag."""
        return isinstance(self.declared, Argument)

    @property
    def count(self) -> bool:
        """Whether it counts how often it was said."""
        return isinstance(self.declared, Flag) and self.declared.counted

    @property
    def takes_value(self) -> bool:
        """Whether a flag is followed by its value."""
        return not (self.is_flag or self.count)

    @property
    def opts(self) -> list[str]:
        """The spellings that say it."""
        return [name.partition("/")[0] for name in self.declared.names]

    @property
    def secondary_opts(self) -> list[str]:
        """The spellings that take it back."""
        return [against for name in self.declared.names if (against := name.partition("/")[2])]


def of(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a verb's function, all but the first: that is its Invocation."""
    hints = get_type_hints(function, localns={"Invocation": Any}, include_extras=True)
    defaults = function.__kwdefaults__ or {}
    return [
        Parameter(name, hint, defaults.get(name, REQUIRED))
        for name, hint in hints.items()
        if get_origin(hint) is Annotated
    ]
