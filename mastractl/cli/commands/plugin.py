"""`plugin`: the commands that are programs of their own, as kubectl's plugins are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mastractl import errors
from mastractl.cli import options, plugins
from mastractl.cli.main import COMMANDS

if TYPE_CHECKING:
    from mastractl.cli.invocation import Invocation
    from mastractl.cli.plugins import Plugin

NameOnly = Annotated[
    bool, options.flag("--name-only", help="Only the names of the files, without their paths.")
]


@options.verb(
    examples="""
# What `mastractl foo` may mean here
mastractl plugin list

# The names of the files only
mastractl plugin list --name-only
"""
)
def listed(inv: Invocation, *, name_only: NameOnly = False) -> None:
    """List the plugins on PATH and those of installed packages.

    A program `mastractl-foo` on PATH is run by `mastractl foo`, `mastractl-foo-bar` by `mastractl foo bar`; a
    dash in a word is an underscore in the file's name. The exit code is 1 if one of them can never be run.
    """
    found = list(plugins.on_path(inv.process))
    packages = plugins.installed()
    if not found and not packages:
        inv.note("there are no plugins: a program called mastractl-foo on PATH would be one")
    warnings = 0
    first: dict[tuple[str, ...], Plugin] = {}
    for plugin in found:
        inv.line(plugin.path.rpartition("/")[2] if name_only else plugin.path)
        if warning := _warning(plugin, first):
            warnings += 1
            inv.warn(warning)
        elif plugin.executable:
            first[plugin.words] = plugin
    for name, package in sorted(packages.items()):
        inv.line(name if name_only else f"{name} ({package})")
        if name in COMMANDS:
            warnings += 1
            inv.warn(f"{name} of {package} is never run: mastractl {name} is built in")
    if warnings:
        message = f"{warnings} plugin warning{'s were' if warnings > 1 else ' was'} found"
        raise errors.MastraError(message)


def _warning(plugin: Plugin, first: dict[tuple[str, ...], Plugin]) -> str:
    """Why a plugin is never run; "" if it is."""
    if not plugin.executable:
        return f"{plugin.path} is called like a plugin, but it is not executable"
    if plugin.words[0] in COMMANDS:
        return f"{plugin.path} is never run: mastractl {plugin.words[0]} is built in"
    if plugin.words in first:
        return f"{plugin.path} is overshadowed by {first[plugin.words].path}, which comes first on PATH"
    return ""


app = options.group(
    help="Tell about commands that are programs of their own on PATH.", verbs={"list": listed}
)
