"""The entry: a static table of commands, each imported only when it is run.

Start-up time is decided by imports, so this module knows every command's name and one line of help but
imports none of them. A line that is right is read by `reader` and runs at once; whatever else there is,
a call for help or a mistake, is Typer's to answer. A test holds the table against the modules' own help.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, NamedTuple

from mastractl.cli import reader
from mastractl.cli.invocation import Surroundings
from mastractl.cli.output import Reporter, guard
from mastractl.cli.process import Process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.cli import options


class Command(NamedTuple):
    """One row of the table: its panel in the help and its one line of help.

    The module is `mastractl.cli.commands.<name with underscores>`; it holds `run`, a verb, or `app`,
    a group of verbs.
    """

    panel: str
    help: str


BASIC, CHANGES, INSPECT, SETTINGS = "Basic commands", "Change", "Inspect", "Settings"

COMMANDS: dict[str, Command] = {
    "apply": Command(BASIC, "Create or update resources from manifests, all or none."),
    "create": Command(BASIC, "Create resources from manifests or from a few words."),
    "get": Command(BASIC, "List resources, or show one."),
    "delete": Command(BASIC, "Delete resources by manifest, by name or by label."),
    "watch": Command(BASIC, "List resources and then follow every change to them."),
    "validate": Command(BASIC, "Check manifests, without a store."),
    "init": Command(BASIC, "Start a project: manifests, a store of its own, and what to do next."),
    "fmt": Command(BASIC, "Write manifests in their canonical form."),
    "edit": Command(CHANGES, "Edit resources in an editor."),
    "patch": Command(CHANGES, "Change fields of resources."),
    "replace": Command(CHANGES, "Put manifests in the place of what is stored, all or none."),
    "label": Command(CHANGES, "Set, change, remove or list the labels of resources."),
    "annotate": Command(CHANGES, "Set, change, remove or list the annotations of resources."),
    "scale": Command(CHANGES, "Change how many of something there should be."),
    "rollout": Command(CHANGES, "Show, compare and bring back earlier states of resources."),
    "describe": Command(INSPECT, "Show the details of resources, with what they refer to."),
    "tree": Command(INSPECT, "Show what resources refer to, own and hold, as a tree."),
    "graph": Command(INSPECT, "Draw resources and the steps of workflows, for Mermaid or Graphviz."),
    "events": Command(INSPECT, "Show what happened to resources, the latest last."),
    "diff": Command(INSPECT, "Show what an apply would change."),
    "plan": Command(INSPECT, "Show what an apply would create, change and delete."),
    "wait": Command(INSPECT, "Wait until resources meet a condition."),
    "explain": Command(INSPECT, "Show the documentation of a type and its fields."),
    "explain-error": Command(INSPECT, "Explain a code that diagnostics carry: what it means, what to do."),
    "api-resources": Command(INSPECT, "List the types of resources there are."),
    "api-versions": Command(INSPECT, "List the API versions there are, as group/version."),
    "schema": Command(INSPECT, "Write the schemas out: for editors, other programs, or Kubernetes."),
    "doctor": Command(INSPECT, "Check the store and the machine, and say what to do."),
    "store": Command(SETTINGS, "Copy, back up, restore, check and compact stores, and tell about them."),
    "config": Command(SETTINGS, "Show and change the settings: contexts, stores, namespaces."),
    "plugin": Command(SETTINGS, "Tell about commands that are programs of their own on PATH."),
    "completion": Command(
        SETTINGS, "Print the script that completes commands, flags, types and names in a shell."
    ),
    "options": Command(SETTINGS, "Print the options that every command has."),
    "help": Command(SETTINGS, "Explain a command, or all of them."),
    "version": Command(SETTINGS, "Print the versions of mastractl, Python and the platform."),
}


def main(arguments: Sequence[str] | None = None, process: Process | None = None) -> int:
    """Run one command line and return its exit code. Never raises: whatever happens is said and counted."""
    process = process or Process.real()
    reporter = Reporter(process.stderr, data=process.stdout)
    argv = list(sys.argv[1:] if arguments is None else arguments)
    if "--detailed-exitcode" in argv:  # then 2 says that there is something to do
        reporter.wrong_usage = 1
    return guard(process, reporter, lambda: dispatch(argv, Surroundings(process, reporter)))


def dispatch(argv: Sequence[str], surroundings: Surroundings) -> int:
    """Run one command line and return its exit code; raises what the command raises."""
    if argv and argv[0] == "__complete":
        from mastractl.cli import completing  # noqa: PLC0415 - shells ask for it, people do not

        table = completing.Table({name: command.help for name, command in COMMANDS.items()}, load)
        return completing.run(argv[1:], table, surroundings)
    call = reader.understand(argv, surroundings, table=COMMANDS, load=load)
    if call is not None:
        return call()
    from mastractl.cli import strangers  # noqa: PLC0415 - for words that are no command of ours

    call = strangers.meet(argv, surroundings, COMMANDS)
    if call is not None:
        return call()
    from mastractl.cli import application  # noqa: PLC0415 - Typer: +45 ms, for help and mistakes only

    return application.run(argv, surroundings, table=COMMANDS, load=load)


def load(name: str) -> options.Verb | options.Group:
    """The command of that name, imported now."""
    module = importlib.import_module(f"mastractl.cli.commands.{name.replace('-', '_')}")
    declared: options.Verb | options.Group = getattr(module, "run", None) or module.app
    return declared
