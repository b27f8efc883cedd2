"""Words that are no command of ours: a plugin's, kubectl's, or a slip of the fingers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors, spelling
from mastractl.cli import plugins, reader
from mastractl.cli.options import GLOBALS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mastractl.cli import options
    from mastractl.cli.invocation import Surroundings

INSTEAD: dict[str, str] = {
    "attach": "agents are no processes: `mastractl watch` follows what changes",
    "auth": "there is no access control in a local store: the file permissions of the store decide",
    "autoscale": "set spec.scaling in the agent's manifest and apply it",
    "certificate": "there are no certificates here: a store is a directory, not a server",
    "cluster-info": "there is no cluster; `mastractl doctor` tells about the store",
    "cordon": "there are no nodes here to keep anything off",
    "cp": "a resource is a file of the store: copy it, or `mastractl get -o yaml` and `mastractl apply -f -`",
    "debug": "`mastractl describe` shows a resource, `mastractl doctor` what is wrong with the store",
    "drain": "there are no nodes here; `mastractl delete` removes resources",
    "exec": "agents are no containers; `mastractl describe` shows what one is made of",
    "expose": "there are no services here; other programs use the store through the library",
    "kustomize": "build first and pipe: kustomize build DIR | mastractl apply -f -",
    "logs": "`mastractl describe` shows a resource's status, `mastractl events` what happened to it",
    "port-forward": "nothing listens on a port here; `mastractl get` reads the store",
    "proxy": "there is no API server to reach; `mastractl get -o json` reads the store",
    "run": "declare an agent in a manifest and `mastractl apply -f` it; `mastractl init` writes a first one",
    "set": "`mastractl patch` sets any field of a resource, `mastractl edit` opens it in an editor",
    "taint": "there are no nodes here to keep anything off",
    "top": "there are no nodes or pods here; `mastractl doctor` tells how large the store is",
    "uncordon": "there are no nodes here to keep anything off",
}
"""What to use in the place of each verb of kubectl's that makes no sense without a cluster."""

MEANT: dict[str, str] = {
    "add": "apply",
    "cat": "get",
    "check": "validate",
    "find": "get",
    "history": "rollout history",
    "inspect": "describe",
    "lint": "validate",
    "list": "get",
    "log": "events",
    "ls": "get",
    "new": "init",
    "preview": "plan",
    "remove": "delete",
    "rm": "delete",
    "rollback": "rollout undo",
    "show": "describe",
    "status": "doctor",
    "test": "validate",
    "undo": "rollout undo",
    "update": "apply",
}
"""Words that other programs have for what a command of ours does."""


def meet(
    argv: Sequence[str], surroundings: Surroundings, table: Mapping[str, tuple[str, str]]
) -> Callable[[], int] | None:
    """What to call for a command line that begins with no word of the table; None if it begins with one.

    Raises UsageError for a word that nobody knows, with what may have been meant.
    """
    first = reader.read(argv, GLOBALS, interspersed=False)
    if first is None or not first[1] or first[1][0] in table:
        return None
    words = first[1]
    process = surroundings.process
    if found := plugins.find(words, process):
        path, count = found
        if len(words) != len(argv):
            message = f"flags cannot be placed before plugin name: {argv[0]}"
            raise errors.UsageError(message, hint=f"write them behind it: mastractl {words[0]} {argv[0]} ...")
        return lambda: plugins.execute(path, words[count:], process)
    if declared := plugins.load_installed(words[0]):
        return _installed(argv, surroundings, {**table, words[0]: ("Plugins", declared.summary)}, declared)
    raise _unknown(words[0], surroundings, table)


def _installed(
    argv: Sequence[str],
    surroundings: Surroundings,
    table: Mapping[str, tuple[str, str]],
    declared: options.Verb | options.Group,
) -> Callable[[], int]:
    """What to call for a command of an installed package."""

    def load(_name: str) -> options.Verb | options.Group:
        return declared

    def explain() -> int:
        from mastractl.cli import application  # noqa: PLC0415 - Typer: +45 ms, for help and mistakes only

        return application.run(argv, surroundings, table=table, load=load)

    return reader.understand(argv, surroundings, table=table, load=load) or explain


def _unknown(
    word: str, surroundings: Surroundings, table: Mapping[str, tuple[str, str]]
) -> errors.UsageError:
    if word in INSTEAD:
        return errors.UsageError(f'kubectl\'s "{word}" is no command of mastractl', hint=INSTEAD[word])
    if word in MEANT:
        hint = f"did you mean 'mastractl {MEANT[word]}'?"
        return errors.UsageError(f'unknown command "{word}" for "mastractl"', hint=hint)
    process = surroundings.process
    known = [*table, *(plugin.words[0] for plugin in plugins.on_path(process) if plugin.executable)]
    meant = spelling.hint_at_several(word, [*known, *plugins.installed()])
    message = f'unknown command "{word}" for "mastractl"'
    return errors.UsageError(message, hint=meant or "see 'mastractl --help'")
