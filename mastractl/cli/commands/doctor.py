"""`doctor`: is everything as it should be, and what to do if not. Looks, and changes nothing."""

from __future__ import annotations

import os.path
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import errors, storeurl, values
from mastractl.cli import options
from mastractl.cli.checkup import contents, machine, place
from mastractl.cli.checkup.finding import ok
from mastractl.cli.printers import palette

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.cli.checkup.finding import Finding
    from mastractl.cli.invocation import Invocation

Form = Annotated[
    Literal["", "json", "yaml"], options.flag("--output", "-o", metavar="FORMAT", help="json or yaml.")
]

EXAMPLES = """
# Is everything in order?
mastractl doctor

# In a script: 0 unless something does not work
mastractl doctor -q && echo fine

# What is to be done, for programs
mastractl doctor -o json
"""

_COLORS = {"ok": palette.GREEN, "warn": palette.YELLOW, "fail": palette.RED}


@options.verb(examples=EXAMPLES)
def run(inv: Invocation, *, output: Form = "") -> int:
    """Check the store and the machine, and say what to do.

    The store, its filesystem, permissions and log; what in it needs a person; resources that fit no schema
    any more; limits on watching; versions, settings, terminal and plugins. Nothing is written, and a store
    that is not there is not made. The exit code is 1 if something does not work; warnings are no failure.
    """
    found = [*machine.look(inv), *_store(inv)]
    counts = {level: sum(f.level == level for f in found) for level in ("ok", "warn", "fail")}
    if output:
        checks = [
            {"check": f.check, "status": f.level, "message": f.message}
            | ({"remedy": f.remedy} if f.remedy else {})
            for f in found
        ]
        document = {"summary": counts, "checks": checks}
        inv.write(values.pretty(document) if output == "json" else _yaml(document))
    else:
        _show(inv, found)
        failed = f"{counts['fail']} failed" if counts["fail"] else "nothing failed"
        warned = f"{counts['warn']} warning{'' if counts['warn'] == 1 else 's'}"
        inv.note(f"{len(found)} checks: {failed}, {warned}")
    return 1 if counts["fail"] else 0


def _store(inv: Invocation) -> Iterator[Finding]:
    """What there is to say of the store in force, opened for reading only."""
    from mastractl.engines.opening import mask, open_engine  # noqa: PLC0415 - not every verb has a store
    from mastractl.manifests import bundled  # noqa: PLC0415
    from mastractl.resources.adoption import adopt  # noqa: PLC0415
    from mastractl.store import StateStore  # noqa: PLC0415

    try:
        named = inv.settings.store.value
    except errors.MastraError:
        return  # told among the settings
    path = _directory(named)
    if path and not os.path.isdir(path):  # noqa: PTH112 - pathlib costs its import
        yield place.missing(path)
        return
    kinds = bundled.kinds()
    try:
        engine = open_engine(
            named,
            adopt=partial(adopt, kinds=kinds),
            clock=inv.clock,
            read_only=not named.startswith("memory:"),
        )
    except errors.MastraError as error:
        yield contents.unopened(error)
        return
    with StateStore(engine, kinds=kinds, clock=inv.clock) as store:
        yield ok("store", f"{mask(named)} can be read")
        if path:
            yield from place.look(path, inv.clock)
        try:
            yield from contents.look(store, path)
        except errors.MastraError as error:
            yield contents.unopened(error)


def _directory(store: str) -> str:
    """The directory of a file store, "" for every other one."""
    if os.path.isabs(store) or ":" not in store:  # noqa: PTH117
        return store
    if storeurl.scheme(store) != "file":
        return ""
    from urllib.parse import unquote  # noqa: PLC0415 - few write URLs

    path = unquote(store.partition(":")[2].partition("?")[0])
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        return slash + path if host in {"", "localhost"} else ""
    return path


def _show(inv: Invocation, found: list[Finding]) -> None:
    width = max(len(f.check) for f in found)
    colour = inv.color(inv.stdout)
    for finding in found:
        if inv.flags.quiet and finding.level == "ok":
            continue
        level = f"{finding.level:4}"
        shown = palette.dyed(level, _COLORS[finding.level]) if colour else level
        inv.line(f"{shown}  {finding.check:{width}}  {finding.message}")
        if finding.remedy:
            inv.line(f"{'':{width + 8}}=> {finding.remedy}")


def _yaml(document: values.JsonObject) -> str:
    from mastractl.cli.printers import yamltext  # noqa: PLC0415 - few ask for it

    return yamltext.dump(document)
