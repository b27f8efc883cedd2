"""The command line as Typer sees it: help, and words for what cannot be understood.

Built from the same declarations that `reader` reads; a run that parses without trouble never gets here.
Public names of Typer only, so that the versions 0.26 to 0.28 all do.
"""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

import mastractl
from mastractl import errors, spelling
from mastractl.cli import grammar, options, reader, reference
from mastractl.cli.parameters import REQUIRED, Argument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mastractl.cli.invocation import Surroundings
    from mastractl.cli.parameters import Parameter

PROGRAM = "mastractl"

_EPILOG = f"""\
Use "{PROGRAM} <command> --help" for more about a command, "{PROGRAM} help --all" for all of them.

{options.EXIT_CODES}
"""


def run(
    arguments: Sequence[str],
    surroundings: Surroundings,
    *,
    table: Mapping[str, tuple[str, str]],
    load: Callable[[str], options.Verb | options.Group],
) -> int:
    """Run one command line through Typer and return its exit code.

    `table` has each command's panel and line of help, `load` imports one. Raises what Typer raises for a
    command line it cannot parse, and whatever the verb raises.
    """
    command = _root(table, load)
    process = surroundings.process
    with contextlib.redirect_stdout(process.stdout), contextlib.redirect_stderr(process.stderr):
        try:
            with command.make_context(PROGRAM, list(arguments), obj=surroundings) as context:
                return command.invoke(context) or 0
        except typer.Exit as done:  # --help, --version
            return done.exit_code


class _Command(TyperCommand):
    """A verb: kubectl's spellings, and the examples before the flags."""

    verb: options.Verb

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Typer's parsing of the rewritten arguments."""
        ctx.obj.reporter.command = ctx.command_path
        return super().parse_args(ctx, grammar.rewrite(args, self.verb.parameters, interspersed=True))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind the command's name: its arguments, then its flags."""
        del ctx
        return [self.verb.synopsis]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The examples, then the flags: the verb's own first, the global ones last."""
        with formatter.section("Examples"):
            width = formatter.width - formatter.current_indent
            for line in reference.folded(self.verb.examples.strip(), width):
                formatter.write(f"{'':{formatter.current_indent}}{line}".rstrip() + "\n")
        if self.verb.verbs:
            with formatter.section("Commands"):
                formatter.write_dl([(word, verb.summary) for word, verb in self.verb.verbs.items()])
        _write_options(self, ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(options.EXIT_CODES)


class _Group(TyperGroup):
    """Commands that are imported when they are run, shown by panel from the table alone."""

    table: Mapping[str, tuple[str, str]]
    load: Callable[[str], options.Verb | options.Group]
    globals: Sequence[Parameter]

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of the table."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, imported now; None if there is none."""
        del ctx
        return _command(cmd_name, self.load(cmd_name)) if cmd_name in self.table else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Typer's, but a name that is none is answered with the nearest one that is."""
        name = args[0]
        if name not in self.table and not name.startswith("-"):
            message = f'unknown command "{name}" for "{ctx.command_path}"'
            meant = spelling.hint_at_several(name, self.table)
            raise errors.UsageError(message, hint=meant or f"see '{ctx.command_path} --help'")
        declared = self.load(name) if name in self.table else None
        if isinstance(declared, options.Verb) and declared.verbs:
            second = reader.sub_verb(args[1:], declared)
            if second is not None:
                between, (word, *rest) = second
                ctx.params |= {flag: value for flag, value in between.items() if value}
                return f"{name} {word}", _command(f"{name} {word}", declared.verbs[word]), rest
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Typer's parsing of the rewritten global flags."""
        ctx.obj.reporter.command = ctx.command_path
        return super().parse_args(ctx, grammar.rewrite(args, self.globals, interspersed=False))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands, then the global flags."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands by panel."""
        del ctx
        width = max(map(len, self.table))
        for panel in dict.fromkeys(panel for panel, _ in self.table.values()):
            rows = [(f"{n:{width}}", text) for n, (where, text) in self.table.items() if where == panel]
            with formatter.section(panel):
                formatter.write_dl(rows)


def _root(table: Mapping[str, tuple[str, str]], load: Callable[[str], options.Verb | options.Group]) -> Any:
    summary = "mastractl: the control plane for AI agents that needs no cluster."
    return _group(PROGRAM, summary, table=table, load=load, globals_=options.GLOBALS)


def _command(name: str, declared: options.Verb | options.Group) -> Any:
    if isinstance(declared, options.Group):
        verbs = declared.verbs
        table = {n: ("Commands", v.summary) for n, v in verbs.items()}
        return _group(name, declared.help, table=table, load=verbs.__getitem__, globals_=())
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=type("Command", (_Command,), {"verb": declared}))(_callback(declared))
    return typer.main.get_command(app)


def _group(
    name: str,
    summary: str,
    *,
    table: Mapping[str, tuple[str, str]],
    load: Callable[[str], options.Verb | options.Group],
    globals_: Sequence[Parameter],
) -> Any:
    def show_help(ctx: typer.Context, **_: Any) -> None:
        if ctx.invoked_subcommand is None:
            typer.echo(ctx.get_help())

    parameters = [_context_parameter(), *map(_typed, globals_)]
    if globals_:
        parameters.append(_version_parameter())
    show_help.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what Typer reads
    show_help.__annotations__ = {}
    own = {"table": table, "load": staticmethod(load), "globals": globals_}
    app = typer.Typer(
        name=name,
        cls=type("Group", (_Group,), own),
        help=summary,
        epilog=_EPILOG if globals_ else None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(show_help)
    return typer.main.get_command(app)


def _callback(verb: options.Verb) -> Callable[..., int]:
    """What Typer calls for a verb, with a signature it understands."""

    def run_verb(ctx: typer.Context, **values: Any) -> int:
        before = []
        above = ctx.parent
        while above is not None:
            before.append(above.params)
            above = above.parent
        return verb(ctx.obj, values, before)

    run_verb.__doc__ = verb.__doc__
    run_verb.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what Typer reads
        [_context_parameter(), *map(_typed, verb.parameters)]
    )
    run_verb.__annotations__ = {}
    return run_verb


def _typed(parameter: Parameter) -> inspect.Parameter:
    """A parameter as Typer wants it declared. What a default is, the help texts say themselves."""
    declared: Any = parameter.declared
    if isinstance(declared, Argument):
        info = typer.Argument(
            metavar=declared.metavar, help=declared.help, hidden=declared.hidden, show_default=False
        )
    else:
        info = typer.Option(
            *declared.names,
            help=declared.help,
            metavar="" if declared.counted else declared.metavar,
            rich_help_panel=declared.panel,
            hidden=declared.hidden,
            count=declared.counted,
            show_default=False,
        )
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[parameter.annotation, info],
        default=inspect.Parameter.empty if parameter.default is REQUIRED else parameter.default,
    )


def _context_parameter() -> inspect.Parameter:
    return inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)


def _version_parameter() -> inspect.Parameter:
    info = typer.Option(
        "--version",
        help="Print the version.",
        callback=_print_version,
        is_eager=True,
        rich_help_panel=options.GLOBAL,
        show_default=False,
    )
    return inspect.Parameter(
        "version", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[bool, info], default=False
    )


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - a Typer callback
    if wanted:
        typer.echo(f"{PROGRAM} {mastractl.__version__}")
        raise typer.Exit


def _write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """A command's arguments and flags for its help, in sections."""
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], options.GLOBAL: []}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        if parameter.param_type_name == "argument":
            title = "Arguments"
        else:
            everywhere = parameter.rich_help_panel == options.GLOBAL or parameter.name == "help"
            title = options.GLOBAL if everywhere else "Options"
        sections[title].append(record)
    for title, records in sections.items():
        if records:
            with formatter.section(title):
                formatter.write_dl(records)
