"""`store`: a store as a whole: into another one, into a file and back; is it sound, how much is in it."""

from __future__ import annotations

import contextlib
import os
import os.path
from typing import TYPE_CHECKING, Annotated, Literal

from mastractl import errors
from mastractl.cli import durations, moves, options, places
from mastractl.cli.process import is_tty
from mastractl.cli.progress import Meter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.cli.invocation import Invocation
    from mastractl.migrate.backupfile import BackupAccount

# ruff: noqa: PLC0415 - what moves stores is imported by the verb that does it

Form = Annotated[
    Literal["", "json", "yaml"], options.flag("--output", "-o", metavar="FORMAT", help="json or yaml.")
]
From = Annotated[str, options.argument(metavar="FROM", help="The store to copy: a context, a URL or a path.")]
To = Annotated[
    str, options.argument(metavar="TO", help="The store to copy into: a context, a URL or a path.")
]
File = Annotated[
    str, options.argument(metavar="FILE", help="The backup; compressed if it ends in .gz. - is a pipe.")
]
History = Annotated[
    bool | None,
    options.flag(
        "--history/--no-history",
        help="With every revision the log still has (the default), or only what stands.",
    ),
]
Replace = Annotated[
    bool, options.flag("--replace", help="Remove what the destination holds; you are asked, or say --yes.")
]
Split = Annotated[
    bool,
    options.flag(
        "--split-commits",
        help="Where the destination does not take as much at once, make several revisions of one.",
    ),
]
LeaveOpen = Annotated[
    bool,
    options.flag(
        "--leave-open",
        help="Do not finish: the same copy without this flag brings what was written meanwhile.",
    ),
]
DryRun = Annotated[bool, options.flag("--dry-run", help="Say what would be done and write nothing.")]
Force = Annotated[bool, options.flag("--force", help="Replace what the store holds.")]
Repair = Annotated[bool, options.flag("--repair", help="Mend what can be mended.")]
Keep = Annotated[
    int | None, options.flag("--keep", metavar="N", help="Keep the last N revisions of the log.")
]
Before = Annotated[
    int | None,
    options.flag("--before", metavar="REVISION", help="Forget what came before this revision."),
]
OlderThan = Annotated[
    str, options.flag("--older-than", metavar="DURATION", help="Forget what is older than 7d, 12h or so.")
]

_FLAWED = 1


@options.verb(
    examples="""
# The store of a context into another directory, every revision with it
mastractl store copy kitchen ./galley

# What would be copied, and whether it fits
mastractl store copy kitchen ./elsewhere --dry-run

# In two steps while others go on: first nearly all of it, then what was written meanwhile
mastractl store copy kitchen ./elsewhere --leave-open
mastractl store copy kitchen ./elsewhere
"""
)
def copy(  # noqa: PLR0913 - the flags of the verb
    inv: Invocation,
    *,
    source: From,
    destination: To,
    history: History = None,
    replace: Replace = False,
    split_commits: Split = False,
    leave_open: LeaveOpen = False,
    dry_run: DryRun = False,
    yes: options.Yes = False,
    output: Form = "",
) -> None:
    """Copy a store into another, of any engine, while the first is in use.

    FROM and TO are names of contexts, URLs or paths; a path that is called like a context is written
    ./NAME. The copy has everything that was in FROM when it began, and tells up to which revision it
    reaches; what is written to FROM after that is not in it. Revisions keep their authors and times, so
    `rollout history` and `undo` work as before. Nobody else may write to TO before the copy is finished.
    Both are compared at the end. Interrupted, the same command goes on where it was.
    """
    from mastractl.migrate import copying
    from mastractl.migrate.replayclock import ReplayClock

    there, here = places.named(inv, source), places.named(inv, destination)
    if there.store == here.store:
        message = f"{there.shown} cannot be copied into itself"
        raise errors.UsageError(message)
    if replace and not dry_run:
        _agree(inv, f"remove all that {here.shown} holds", yes=yes, flag="--replace")
    how = copying.How(history, replace, split_commits, leave_open)
    clock = ReplayClock(inv.clock)
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.closing(places.open_existing(inv, there)))
        if dry_run:
            second = stack.enter_context(contextlib.closing(places.look_at(inv, here, clock)))
            moves.planned(inv, copying.plan(first, second, clock, how), (there, here), output)
            return
        second = stack.enter_context(contextlib.closing(places.open_new(here, clock)))
        with _resumable(inv), Meter(inv) as meter:
            done = copying.copy(first, second, clock, how, told=meter)
    moves.copied(inv, done, (there, here), output=output, left_open=leave_open)


@options.verb(
    examples="""
# The store in force, with every revision, compressed
mastractl store backup kitchen.backup.gz

# Another store; only what stands, to a pipe
mastractl store backup - --no-history --context kitchen | gzip > now.backup.gz
"""
)
def backup(inv: Invocation, *, file: File, history: History = None, output: Form = "") -> None:
    """Write the store into one file, while others go on: it is the store at one revision.

    The file is JSON lines, with a sum at the end, and only you can read it. It takes its name when it is
    whole and on the disk.
    """
    from mastractl.migrate import backup as backups

    where = places.in_force(inv)
    with contextlib.closing(places.open_existing(inv, where)) as engine, Meter(inv) as meter:
        if file == "-":
            inv.stdout.flush()
            _refuse_terminal(inv)
            done = backups.write(engine, inv.stdout.buffer, history=history is not False, told=meter)
            inv.stdout.buffer.flush()
            return
        path = os.path.join(inv.process.directory, file)  # noqa: PTH118 - text, as in config
        try:
            done = backups.backup(engine, path, history=history is not False, told=meter)
        except OSError as error:
            message = f"cannot write {file}: {error.strerror}"
            raise errors.MastraError(message) from error
    moves.backed(inv, done, where, file, output)


@options.verb(
    examples="""
# Into a new store
mastractl store backup kitchen.backup.gz && mastractl store restore kitchen.backup.gz --store ./again

# In the place of what the store in force holds
mastractl store backup kitchen.backup && mastractl store restore kitchen.backup --force
"""
)
def restore(
    inv: Invocation, *, file: File, force: Force = False, split_commits: Split = False, output: Form = ""
) -> None:
    """Bring a backup back into an empty store, or with --force in the place of what there is.

    A backup that was cut off or edited is refused before anything is written. The restored store is one
    of its own: whoever watched the old one lists again. With --force a backup without history is brought
    back in one commit where the engine takes that much; otherwise readers see parts of it meanwhile.
    """
    from mastractl.migrate import backup as backups
    from mastractl.migrate.replayclock import ReplayClock

    where = places.in_force(inv)
    clock = ReplayClock(inv.clock)
    with contextlib.ExitStack() as stack:
        if file == "-":
            account = stack.enter_context(backups.received(inv.process.stdin_bytes))
        else:
            account = _opened(inv, file)
        engine = stack.enter_context(contextlib.closing(places.open_new(where, clock)))
        with _resumable(inv), Meter(inv) as meter:
            done = backups.restore(account, engine, clock, force=force, split=split_commits, told=meter)
    moves.restored(inv, done, where, file, output)


@options.verb(
    examples="""
# Does the store agree with itself?
mastractl store check

# Mend what can be mended
mastractl store check --repair
"""
)
def check(inv: Invocation, *, repair: Repair = False, output: Form = "") -> int:
    """Prove that the store is whole: its log tells how it came to stand as it stands.

    Reads all of it; others may go on. The exit code is 1 if something does not agree and was not mended.
    """
    from mastractl.migrate import checking

    where = places.in_force(inv)
    looked = checking.Looked()
    with (
        contextlib.closing(places.open_existing(inv, where, write=repair)) as engine,
        Meter(inv) as meter,
    ):
        flaws = list(checking.check(engine, repair=repair, looked=looked, told=meter))
    moves.checked(inv, flaws, looked, where, output)
    return _FLAWED if any(not flaw.repaired for flaw in flaws) else 0


@options.verb(
    examples="""
# Keep the last hundred revisions
mastractl store compact --keep 100

# Forget what is older than a week
mastractl store compact --older-than 7d
"""
)
def compact(
    inv: Invocation,
    *,
    keep: Keep = None,
    before: Before = None,
    older_than: OlderThan = "",
    dry_run: DryRun = False,
    output: Form = "",
) -> None:
    """Forget the older part of the log; what stands is not touched.

    `rollout history` and `undo` reach back no further than that afterwards, and whoever watches from an
    older revision is told to list again.
    """
    if sum((keep is not None, before is not None, bool(older_than))) != 1:
        message = "say how much is to be forgotten: --keep, --before or --older-than, one of them"
        raise errors.UsageError(message)
    if (keep or 0) < 0 or (before or 0) < 0:
        message = "--keep and --before must not be negative"
        raise errors.UsageError(message)
    where = places.in_force(inv)
    with contextlib.closing(places.open_existing(inv, where, write=not dry_run)) as engine:
        from mastractl.migrate import aging

        health = engine.health()
        if keep is not None:
            floor = health.revision - keep
        elif before is not None:
            floor = before - 1
        else:
            floor = aging.last_before(
                engine, inv.clock.now() - durations.seconds(older_than, flag="--older-than")
            )
        floor = max(floor, health.compacted)
        if not dry_run:
            engine.compact(floor)
        forgotten = floor - health.compacted
        document = {
            "store": where.shown,
            "forgotten": forgotten,
            "compacted": floor,
            "revision": max(health.revision, engine.revision()),
            "dryRun": dry_run,
        }
    said = f"{moves.many(forgotten, 'revision')} {'would be ' if dry_run else ''}forgotten"
    moves.tell(inv, document, output, f"{said}; the log begins after revision {floor}")


@options.verb(
    examples="""
# What the store in force is, holds and promises
mastractl store info

# For programs
mastractl store info -o json
"""
)
def info(inv: Invocation, *, output: Form = "") -> None:
    """Tell what a store is: its engine, its revisions, how much is in it, what it promises, what is wrong."""
    from mastractl.cli import storeinfo

    where = places.in_force(inv)
    with contextlib.closing(places.open_as_usual(inv, where)) as engine:
        document = storeinfo.gathered(engine, where)
    moves.tell(inv, document, output, storeinfo.text(document).rstrip("\n"))


@options.verb(
    examples="""
# A key in a file that only you can read, and a store that is encrypted with it
mastractl store keygen kitchen.key

# A key for a variable
KITCHEN_KEY=$(mastractl store keygen) && test "$KITCHEN_KEY"
"""
)
def keygen(
    inv: Invocation,
    *,
    file: Annotated[
        str,
        options.argument(metavar="[FILE]", help="Write it there, and print nothing; no file is replaced."),
    ] = "",
    name: Annotated[
        str, options.flag("--name", metavar="NAME", help="What the key is called; without, a random name.")
    ] = "",
) -> None:
    """Make a key for stores that are encrypted: URLs that end in ?encrypt=file:PATH or ?encrypt=env:NAME.

    Without the key nobody can read such a store, so keep a copy in another place.
    """
    from mastractl.engines.wrappers.keyring import new_key

    try:
        key = new_key(name)
    except ValueError as error:
        raise errors.UsageError(str(error)) from error
    if not file:
        inv.line(key)
        return
    path = os.path.join(inv.process.directory, file)  # noqa: PTH118 - text, as in config
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:  # noqa: PTH123
            out.write(f"{key}\n")
    except OSError as error:
        message = f"cannot write {file}: {error.strerror}"
        raise errors.MastraError(message, hint="a key that is there is never replaced") from error
    inv.note(f"to use it: --store 'URL?encrypt=file:{file}'; without it nobody can read the store")


app = options.group(
    help="Copy, back up, restore, check and compact stores, and tell about them.",
    verbs={
        "copy": copy,
        "backup": backup,
        "restore": restore,
        "check": check,
        "compact": compact,
        "info": info,
        "keygen": keygen,
    },
)


def _agree(inv: Invocation, what: str, *, yes: bool, flag: str) -> None:
    """Have a person agree to what cannot be taken back. Raises UsageError if nobody does."""
    if yes:
        return
    if not is_tty(inv.process.stdin):
        message = f"{flag} is to {what}, and nobody is there to be asked"
        raise errors.UsageError(message, hint="say --yes as well")
    if not inv.confirm(f"This is to {what}. Go on?"):
        message = "nothing was done"
        raise errors.MastraError(message)


@contextlib.contextmanager
def _resumable(inv: Invocation) -> Iterator[None]:
    """Say what an interruption leaves."""
    try:
        yield
    except KeyboardInterrupt:
        inv.note("interrupted: what was written stays; the same command goes on where it was")
        raise


def _refuse_terminal(inv: Invocation) -> None:
    if is_tty(inv.stdout):
        message = "a backup is not for the terminal"
        raise errors.UsageError(message, hint="name a file, or pipe it somewhere")


def _opened(inv: Invocation, file: str) -> BackupAccount:
    from mastractl.migrate import backup as backups

    path = os.path.join(inv.process.directory, file)  # noqa: PTH118 - text, as in config
    try:
        return backups.opened_as(path, file)
    except OSError as error:
        message = f"cannot read {file}: {error.strerror}"
        raise errors.MastraError(message) from error
