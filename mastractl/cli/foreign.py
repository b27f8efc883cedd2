"""kubectl's flags that have nothing to act on here: each is answered, none is taken for something else.

To take them silently would be worse: whoever says `--as` or `--server` expects something of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STORES = "--store PATH|URL and --context NAME say which store to use"
_USERS = "who may read and write is what the file system says of the store's directory"

FLAGS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "server": (("--server", "-s"), "there is no API server: mastractl works on a store", _STORES),
    "kubeconfig": (
        ("--kubeconfig",),
        "there is no kubeconfig: contexts are in mastractl's own file",
        "`mastractl config get-contexts` lists them; MASTRACTL_CONFIG names another file",
    ),
    "cluster": (("--cluster",), "there are no clusters: a context is a store and a namespace", _STORES),
    "as_user": (("--as",), "there are no users to act as", _USERS),
    "as_group": (("--as-group",), "there are no groups to act as", _USERS),
    "user": (("--user",), "there are no users of a context", _USERS),
    "token": (("--token",), "a store takes no token", _USERS),
    "kustomize": (
        ("--kustomize", "-k"),
        "kustomizations are not built here",
        "`kubectl kustomize {value} | {command} -f -` does it",
    ),
}
"""By the name of its parameter: how it is spelt, what is said, and what to do instead."""

UNKNOWN: dict[str, str] = {
    "--cascade": "`mastractl delete --cascade=orphan` lets stand what a resource owns",
    "--edit": "`--dry-run=client -o yaml` writes a manifest to edit; `mastractl edit` changes what is there",
    "--export": "a store's resource can be applied as `-o yaml` shows it",
    "--force": "`apply --server-side --force-conflicts` takes fields over, `replace --force` begins anew",
    "--insecure-skip-tls-verify": "there is no API server: mastractl works on a store",
    "--openapi-patch": "every kind is merged by its schema here",
    "--record": "every change is kept without it: `mastractl rollout history` shows them",
    "--short": "`--client` prints one line",
    "--template": "Go templates are not supported: -o jsonpath= or -o custom-columns= do it",
}
"""Flags of kubectl's that some verbs of ours have and others do not, or none: what to do instead."""

SPELLINGS = frozenset(spelling for spellings, _, _ in FLAGS.values() for spelling in spellings)
"""All of them: what is never offered in place of a flag that there is not."""


def refuse(said: Sequence[Mapping[str, Any]], *, command: str) -> None:
    """Raise UsageError for the first flag of kubectl's that was given and means nothing here."""
    for values in said:
        for name, (spellings, message, hint) in FLAGS.items():
            if value := values.get(name):
                instead = hint.replace("{value}", value).replace("{command}", command)
                answer = f"{spellings[0]}: {message}"
                raise errors.UsageError(answer, hint=instead)
