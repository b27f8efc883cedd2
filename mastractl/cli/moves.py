"""What the verbs of `store` say of what they did: to people in a few lines, to programs as one document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl import values
from mastractl.cli.printers.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.cli.invocation import Invocation
    from mastractl.cli.places import Place
    from mastractl.engines.contract import Flaw
    from mastractl.migrate.backup import Backed, Restored
    from mastractl.migrate.checking import Looked
    from mastractl.migrate.copying import Copied, Planned
    from mastractl.migrate.moments import Tally
    from mastractl.values import JsonObject

_DIGITS = 12
"""How much of a sum people are shown."""

_SHOWN = 50


def tell(inv: Invocation, document: JsonObject, output: str, text: str) -> None:
    """The data of a verb in the form that was asked for."""
    if output == "json":
        inv.write(values.pretty(document))
    elif output == "yaml":
        from mastractl.cli.printers import yamltext  # noqa: PLC0415 - few ask for it

        inv.write(yamltext.dump(document))
    else:
        inv.line(text)


def many(count: int, thing: str) -> str:
    """A number with its noun: `1 entry`, `2 entries`."""
    if count == 1:
        return f"1 {thing}"
    return f"{count} {thing[:-1]}ies" if thing.endswith("y") else f"{count} {thing}s"


def planned(inv: Invocation, plan: Planned, between: tuple[Place, Place], output: str) -> None:
    """What a copy would do."""
    there, here = between
    found = plan.found
    document: JsonObject = {
        "from": there.shown,
        "to": here.shown,
        "dryRun": True,
        "history": plan.history,
        "revision": plan.present,
        "same": plan.same,
        "goesOn": plan.goes_on,
        "removes": plan.removes,
        "entries": found.entries,
        "commits": found.commits,
        "largestCommit": {"revision": found.revision, "operations": found.operations},
        "largestValue": {"key": found.key, "bytes": found.size},
    }
    if plan.same:
        tell(inv, document, output, "nothing to copy: the two are the same already (dry run)")
        return
    rows = [["from:", there.shown], ["to:", here.shown + _that_which(plan)]]
    rows.append(["entries:", f"{found.entries} that stood at revision {plan.begins}"])
    rows.append(["commits:", f"{found.commits} after that, up to revision {plan.present}"])
    if found.operations:
        rows.append(["largest commit:", f"{many(found.operations, 'change')}, revision {found.revision}"])
    if found.size:
        rows.append(["largest value:", f"{many(found.size, 'byte')}, {found.key}"])
    tell(inv, document, output, Layout().lines(rows) + "it fits; nothing was written (dry run)")


def _that_which(plan: Planned) -> str:
    if plan.goes_on:
        return " (goes on with an unfinished copy)"
    return " (what it holds would be removed)" if plan.removes else ""


def copied(
    inv: Invocation, done: Copied, between: tuple[Place, Place], *, output: str, left_open: bool
) -> None:
    """What a copy came to."""
    there, here = between
    document: JsonObject = {
        "from": there.shown,
        "to": here.shown,
        "revision": done.revision,
        "history": done.history,
        "same": done.same,
        "wentOn": done.went_on,
        "finished": not left_open,
        "wrote": done.counts._asdict(),
        **_tallied(done.tally),
    }
    if done.same:
        tell(inv, document, output, f"nothing to copy: {_sum(done.tally)} in both already")
        return
    lines = [f"copied {there.shown} to {here.shown}: {_sum(done.tally)}, the same in both"]
    lines += _wrote(done.counts._asdict(), goes_on=done.went_on)
    tell(inv, document, output, "\n".join(lines))
    if left_open:
        inv.note(
            f"the copy is left open at revision {done.revision}: nobody may write to it yet",
            hint="stop whoever writes to the first, then the same command without --leave-open",
        )
        return
    inv.note(f"what was written to {there.shown} after revision {done.revision} is not in the copy")
    if not here.context:
        url = here.shown if here.shown == here.store else "URL"
        inv.note(f"to use it from now on: mastractl config set-context NAME --store {url}")


def _wrote(counts: dict[str, int], *, goes_on: bool) -> list[str]:
    """What this run wrote, in words."""
    done = (
        ("removed", "entry", "removed"),
        ("entries", "entry", "written"),
        ("commits", "commit", "replayed"),
    )
    parts = [f"{many(counts[name], thing)} {what}" for name, thing, what in done if counts[name]]
    said = ", ".join(parts) or "nothing was left to write"
    return [f"going on with an earlier run: {said}" if goes_on else said]


def backed(inv: Invocation, done: Backed, place: Place, file: str, output: str) -> None:
    """What a backup holds."""
    document: JsonObject = {
        "store": place.shown,
        "file": file,
        **done.header._asdict(),
        **done.contents._asdict(),
    }
    held = [many(done.contents.standing, "entry")]
    if done.header.history:
        commits = done.header.revision - done.header.first
        held.append(f"{many(commits, 'commit')} of history ({many(done.contents.changes, 'change')})")
    text = f"backed up {place.shown} at revision {done.header.revision} to {file}: {' with '.join(held)}"
    tell(inv, document, output, text)


def restored(inv: Invocation, done: Restored, place: Place, file: str, output: str) -> None:
    """What a restore came to."""
    document: JsonObject = {
        "store": place.shown,
        "file": file,
        "backup": done.header._asdict(),
        "same": done.same,
        "atOnce": done.at_once,
        "wentOn": done.went_on,
        "wrote": done.counts._asdict(),
        **_tallied(done.tally),
    }
    if done.same:
        tell(inv, document, output, f"nothing to restore: {_sum(done.tally)} stand in {place.shown} already")
        return
    lines = [f"restored {file} (revision {done.header.revision}, {done.header.at}) into {place.shown}"]
    at_once = ", in one commit" if done.at_once else ""
    lines += [line + at_once for line in _wrote(done.counts._asdict(), goes_on=done.went_on)]
    lines.append(f"{_sum(done.tally)}, as the backup says")
    tell(inv, document, output, "\n".join(lines))
    if done.counts.removed and not done.at_once:
        inv.note("what was there was replaced in several commits; who watches it should list again")


def checked(inv: Invocation, flaws: Sequence[Flaw], looked: Looked, place: Place, output: str) -> None:
    """What a check found, and what it looked at."""
    looked_at = {name: getattr(looked, name) for name in ("revision", "compacted", *_COUNTED)}
    document: JsonObject = {
        "store": place.shown,
        "looked": looked_at | {"ownAccounts": looked.own},
        "flaws": [flaw._asdict() for flaw in flaws],
    }
    left = sum(not flaw.repaired for flaw in flaws)
    lines = []
    for flaw in flaws[:_SHOWN]:
        word = "mended:" if flaw.repaired else "flaw:"
        where = flaw.location or flaw.key
        lines.append(f"{word} {where}: {flaw.message}" if where else f"{word} {flaw.message}")
        if flaw.hint and not flaw.repaired:
            lines.append(f"  => {flaw.hint}")
    if len(flaws) > _SHOWN:
        lines.append(f"... and {len(flaws) - _SHOWN} more")
    counted = ", ".join(many(getattr(looked, name), thing) for name, thing in _COUNTED.items())
    own = "; the engine's own accounts" if looked.own else ""
    lines.append(
        f"looked at {place.shown} from revision {looked.compacted} to {looked.revision}: {counted}{own}"
    )
    mended = len(flaws) - left
    verdict = f"{many(left, 'flaw')}" if left else "all of it agrees"
    lines.append(verdict + (f"; {mended} mended" if mended else ""))
    tell(inv, document, output, "\n".join(lines))


_COUNTED = {"entries": "entry", "commits": "commit", "changes": "change"}


def _tallied(tally: Tally) -> dict[str, Any]:
    return {"entries": tally.entries, "sum": tally.digest}


def _sum(tally: Tally) -> str:
    return f"{many(tally.entries, 'entry')} (sum {tally.digest[:_DIGITS]})"
