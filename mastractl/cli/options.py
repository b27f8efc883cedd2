"""How a verb is declared, and the flags that several verbs share.

A verb is a function that takes an `Invocation` and its own arguments and flags:

    @options.verb(examples=EXAMPLES)
    def run(inv: Invocation, *, resources: Resources = None, output: options.Output = "") -> int | None:

The decorator adds the global flags, opens the invocation and hands it over. What the function returns
(nothing is 0) is the exit code unless the invocation recorded failures. The function's docstring is the
help text; `examples` are shown after it, and a test runs each of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mastractl.cli import foreign, parameters
from mastractl.cli.parameters import Argument, Flag, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mastractl.cli.invocation import Surroundings
    from mastractl.resources.admission import Fields

GLOBAL = "Global options"

EXIT_CODES = (
    "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 invalid manifest, "
    "5 conflict, 6 timed out, 130 interrupted."
)
"""What the help says of them, everywhere."""


def flag(
    *names: str,
    help: str = "",  # noqa: A002 - the word of every command line library
    metavar: str | None = None,
    panel: str | None = None,
    hidden: bool = False,
    count: bool = False,
) -> Any:
    """Declare a flag.

    `Annotated[str, options.flag("--for", metavar="CONDITION", help="...")]`
    """
    return Flag(names, help, metavar, panel, hidden, count)


def argument(*, metavar: str, help: str = "", hidden: bool = False) -> Any:  # noqa: A002 - as above
    """Declare a positional argument.

    `Annotated[list[str] | None, options.argument(metavar="NAME...", help="...")]`
    """
    return Argument(metavar, help, hidden)


Store = Annotated[str, flag("--store", metavar="PATH|URL", help="The store to use.", panel=GLOBAL)]
Context = Annotated[
    str,
    flag(
        "--context",
        metavar="NAME",
        help="A store and a namespace by one name.",
        panel=GLOBAL,
    ),
]
Namespace = Annotated[
    str, flag("--namespace", "-n", metavar="NAMESPACE", help="The namespace to work in.", panel=GLOBAL)
]
When = Literal["auto", "always", "never"]
Color = Annotated[
    When | None,
    flag("--color", metavar="WHEN", help="Colour: auto, always or never.", panel=GLOBAL),
]
NoColor = Annotated[bool, flag("--no-color", help="The same as --color=never.", panel=GLOBAL)]
Quiet = Annotated[bool, flag("--quiet", "-q", help="Say nothing but data and errors.", panel=GLOBAL)]
Verbose = Annotated[
    int, flag("--verbose", "-v", count=True, help="Say what is being done; more with -vv.", panel=GLOBAL)
]

ShowSecrets = Annotated[
    bool,
    flag("--show-secrets", help="Show sensitive values in place of ***.", panel=GLOBAL),
]

RequestTimeout = Annotated[str, flag("--request-timeout", metavar="DURATION", hidden=True)]

Filenames = Annotated[
    list[str] | None,
    flag(
        "--filename",
        "-f",
        metavar="FILE",
        help="A manifest file, a directory, a quoted glob, or - for standard input. May be repeated.",
    ),
]
Recursive = Annotated[
    bool, flag("--recursive", "-R", help="Look for manifests in the directories below as well.")
]
Selector = Annotated[
    str,
    flag(
        "--selector",
        "-l",
        metavar="SELECTOR",
        help="Only resources with these labels, such as app=web,tier!=test or 'tier in (a,b)'.",
    ),
]
FieldSelector = Annotated[
    str,
    flag(
        "--field-selector",
        metavar="SELECTOR",
        help="Only resources with these field values, such as spec.model.provider=openai. Any field will do.",
    ),
]
AllNamespaces = Annotated[bool, flag("--all-namespaces", "-A", help="Across all namespaces.")]
IgnoreNotFound = Annotated[
    bool, flag("--ignore-not-found", help="A resource that is not there is no failure.")
]
DryRunMode = Literal["none", "client", "server"]
DryRun = Annotated[
    DryRunMode,
    flag(
        "--dry-run",
        metavar="client|server|none",
        help="Say what would be done and write nothing. Both kinds are exact here.",
    ),
]
Validate = Annotated[
    Literal["strict", "warn", "ignore", "true", "false"],
    flag(
        "--validate",
        metavar="strict|warn|ignore",
        help="Unknown fields are errors (the default), warnings, or dropped without a word.",
    ),
]
FIELDS: dict[str, Fields] = {
    "strict": "strict",
    "true": "strict",
    "warn": "warn",
    "ignore": "ignore",
    "false": "ignore",
}
"""What each value of `--validate` makes of unknown fields."""
StrictRefs = Annotated[
    bool, flag("--strict-refs", help="Take references to what does not exist as errors, not as warnings.")
]
SchemaDirectories = Annotated[
    list[str] | None,
    flag(
        "--schema-dir",
        metavar="DIR",
        help="Know the kinds that CustomResourceDefinitions in this directory define. May be repeated.",
    ),
]
Timeout = Annotated[
    str, flag("--timeout", metavar="DURATION", help="How long to wait, such as 30s or 5m; 0 = no limit.")
]
Output = Annotated[
    str,
    flag(
        "--output",
        "-o",
        metavar="FORMAT",
        help="table, wide, json, yaml, name, jsonpath=TEMPLATE, or custom-columns=HEADER:PATH,...",
    ),
]
ChangeOutput = Annotated[str, flag("--output", "-o", metavar="FORMAT", help="name, json or yaml.")]

FieldManager = Annotated[
    str,
    flag("--field-manager", metavar="NAME", help="The name under which the change stands in the history."),
]
ResourceVersion = Annotated[
    str,
    flag(
        "--resource-version", metavar="VERSION", help="Only if the resource still has this resourceVersion."
    ),
]
Yes = Annotated[
    bool, flag("--yes", "-y", help="Go ahead without asking, even if more would go than was named.")
]
Everything = Annotated[bool, flag("--all", help="Every resource of the types, in the namespace in force.")]

GLOBALS: tuple[Parameter, ...] = (
    Parameter("store", Store, ""),
    Parameter("context", Context, ""),
    Parameter("namespace", Namespace, ""),
    Parameter("color", Color, None),
    Parameter("no_color", NoColor, False),
    Parameter("quiet", Quiet, False),
    Parameter("verbose", Verbose, 0),
    Parameter("show_secrets", ShowSecrets, False),
    Parameter("request_timeout", RequestTimeout, ""),
    *(Parameter(name, Annotated[str, flag(*f[0], hidden=True)], "") for name, f in foreign.FLAGS.items()),
)
"""The flags every command has, before the verb and after it."""


class Verb:
    """A function that was declared to be a verb."""

    def __init__(
        self,
        function: Callable[..., int | None],
        *,
        examples: str,
        usage: str,
        verbs: Mapping[str, Verb] | None = None,
    ) -> None:
        self.function = function
        self.examples = examples
        self.usage = usage
        self.verbs = verbs or {}
        """The verbs that begin with this one: `create agent` beside `create`."""
        self.__doc__ = function.__doc__

    @property
    def summary(self) -> str:
        """Its one line of help."""
        return (self.__doc__ or "").partition("\n")[0]

    @property
    def synopsis(self) -> str:
        """What stands behind its name: its arguments, then its flags."""
        named = " ".join(
            p.declared.metavar for p in self.parameters if p.positional and not p.declared.hidden
        )
        return f"{self.usage or named} [OPTIONS]".lstrip()

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Its own arguments and flags, then the global ones."""
        return [*parameters.of(self.function), *GLOBALS]

    def __call__(
        self, surroundings: Surroundings, values: dict[str, Any], before: Sequence[Mapping[str, Any]] = ()
    ) -> int:
        """Run it with the values of its parameters; `before` are the global flags said before it, the nearest
        first.
        """
        from mastractl.cli.invocation import GlobalFlags, Invocation  # noqa: PLC0415 - declared is not run

        own = dict(values)
        said = [{p.name: own.pop(p.name) for p in GLOBALS}, *before]
        foreign.refuse(said, command=surroundings.reporter.command)
        with Invocation(surroundings, GlobalFlags.joined(said)) as inv:
            inv.expect_output(own.get("output"))
            return self.function(inv, **own) or 0


class Group:
    """Verbs that share a first word: `config view`."""

    def __init__(self, *, help: str, verbs: dict[str, Verb]) -> None:  # noqa: A002 - as above
        self.help = help
        self.verbs = verbs

    @property
    def summary(self) -> str:
        """Its one line of help."""
        return self.help


def verb(
    *, examples: str = "", usage: str = "", verbs: Mapping[str, Verb] | None = None
) -> Callable[[Callable[..., int | None]], Verb]:
    """Declare a verb; see the module's head. `usage` shows its arguments where their names do not tell.

    `verbs` are those that begin with this one, by their second word: where that is the first argument,
    they are meant.
    """
    return lambda function: Verb(function, examples=examples, usage=usage, verbs=verbs)


def group(*, help: str, verbs: dict[str, Verb]) -> Group:  # noqa: A002 - as above
    """Declare a group of verbs."""
    return Group(help=help, verbs=verbs)
