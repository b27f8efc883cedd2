"""A store into one file, and back.

A backup is taken while others write, and is the store at one revision: the one it had when the backup
began. It holds what stood where the log begins and every commit since, or, without history, what stands.
Restoring makes a store that stands as the old one did, with its history; it is another store all the same:
its identity is its own, so whoever watched the old one is told to list again.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import tempfile
from math import inf
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from mastractl import errors
from mastractl.clock import SystemClock
from mastractl.engines.contract import Delete, Put
from mastractl.migrate import moments
from mastractl.migrate.accounts import Live, refuse_misfit
from mastractl.migrate.backupfile import BackupAccount, Writer, header_of
from mastractl.migrate.copying import going_on, is_empty, refuse_unwritable
from mastractl.migrate.marker import Marker, refuse_unfinished
from mastractl.migrate.replayclock import BEGINNING
from mastractl.migrate.transfer import Counts, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.engines.contract import Engine, Op
    from mastractl.migrate.backupfile import Contents, Header
    from mastractl.migrate.moments import Tally
    from mastractl.migrate.replayclock import ReplayClock
    from mastractl.migrate.transfer import Told

# ruff: noqa: PTH100, PTH105, PTH108, PTH118, PTH120, PTH123 - paths are text here

_AT_ONCE, _BYTES_AT_ONCE = 10_000, 32 << 20
"""What may be replaced in one commit, if the engine sets no limit of its own: it is held in memory."""

_TOLD_EVERY = 500
_GZIP = b"\x1f\x8b"


class Backed(NamedTuple):
    """A backup that was taken."""

    header: Header
    contents: Contents


class Restored(NamedTuple):
    """What a restore came to: what the backup says of itself, what stands now, and what this run wrote.

    `at_once`: what was there was replaced in one commit; otherwise readers could see parts meanwhile.
    `went_on`: an earlier run had begun. `same`: all of it stood there already.
    """

    header: Header
    tally: Tally
    counts: Counts
    at_once: bool = False
    went_on: bool = False
    same: bool = False


def _silent(doing: str, done: int, total: int) -> None:
    del doing, done, total


def write(engine: Engine, file: IO[bytes], *, history: bool = True, told: Told = _silent) -> Backed:
    """Write a backup into an open file, uncompressed. Raises what the engine and the file raise."""
    refuse_unfinished(engine, "store")
    account = Live(engine, history=history)
    revision = account.present() if history else account.first
    header = header_of(engine.identity, account.first, revision, history=history, now=SystemClock().now())
    writer = Writer(file, header)
    for number, entry in enumerate(account.base(account.first), 1):
        writer.entry(entry)
        if number % _TOLD_EVERY == 0:
            told("writing entries", number, 0)
    for step in account.log(account.first, upto=revision):
        for change in step.changes:
            writer.change(change)
        told("writing commits", step.revision - account.first, revision - account.first)
    return Backed(header, writer.end())


def backup(engine: Engine, path: str, *, history: bool = True, told: Told = _silent) -> Backed:
    """Write a backup to a path: compressed if that ends in `.gz`, readable by its owner only.

    The file appears under its name when it is whole and on the disk, in the place of what was there.
    """
    directory = os.path.dirname(os.path.abspath(path))
    descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".backup-", suffix=".part")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with _compressed(raw, path) as file:
                done = write(engine, file, history=history, told=told)
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_directory(directory)
    return done


def opened(path: str) -> BackupAccount:
    """The backup at a path, read through and found whole. Raises StorageValidationError, or OSError."""

    @contextlib.contextmanager
    def reopen() -> Iterator[IO[bytes]]:
        with open(path, "rb") as raw:
            compressed = raw.read(2) == _GZIP
            raw.seek(0)
            if not compressed:
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast("IO[bytes]", file)

    return BackupAccount(reopen, path)


@contextlib.contextmanager
def received(stream: IO[bytes]) -> Iterator[BackupAccount]:
    """The backup that comes from a stream: kept in a temporary file, since it is read more than once."""
    with tempfile.TemporaryDirectory(prefix="mastractl-restore-") as directory:  # mode 0700
        path = os.path.join(directory, "backup")
        with open(path, "wb") as file:
            while block := stream.read(1 << 20):
                file.write(block)
        account = opened_as(path, "standard input")
        yield account


def opened_as(path: str, name: str) -> BackupAccount:
    """As `opened`, under another name in messages."""
    try:
        account = opened(path)
    except errors.StorageValidationError as error:
        raise errors.StorageValidationError(error.message.replace(path, name), hint=error.hint) from error
    account.name = name
    return account


def restore(
    account: BackupAccount,
    destination: Engine,
    clock: ReplayClock,
    *,
    force: bool = False,
    split: bool = False,
    told: Told = _silent,
) -> Restored:
    """Make a store stand as the backup says. `clock` must be the one with which it was opened.

    A store that holds something else is refused (Conflict) unless `force`: then that is removed. Without
    history and within the engine's limits that is one commit; otherwise several, and the store is in
    nobody's use until the end. A restore that was interrupted goes on when it is called again.
    """
    clock.set(BEGINNING)
    ours = Marker(account.identity, account.first, history=account.header.history)
    refuse_unwritable(destination)
    begun = _going_on(destination, ours, force=force)
    empty = is_empty(destination)
    if begun is None and not empty and not force:
        return _refuse_other(account, destination)
    refuse_misfit(account.found, destination.capabilities, split=split)
    if begun is None and not empty:
        clock.release()
        done = _replace_at_once(account, destination)
        if done is not None:
            return done
        clock.set(BEGINNING)
    transfer = Transfer(account, destination, clock, begun or ours, split=split, told=told)
    if begun is None:
        transfer.begin(replace=not empty)
    transfer.run()
    tally = transfer.verify(-inf)
    transfer.finish()
    return Restored(account.header, tally, transfer.counts, went_on=begun is not None)


def _going_on(destination: Engine, ours: Marker, *, force: bool) -> Marker | None:
    """The marker of the restore that is to go on, None for a new one. Raises Conflict, unless `force`."""
    try:
        begun = going_on(destination, ours)
    except errors.Conflict:
        if force:
            return None
        raise
    if begun is None or (begun.floor, begun.history) == (ours.floor, ours.history):
        return begun
    if force:
        return None
    message = "the destination is unfinished, from another backup of the same store"
    raise errors.Conflict(message, key=begun.key, hint="go on with that one, or begin anew with --force")


def _refuse_other(account: BackupAccount, destination: Engine) -> Restored:
    """A store that is in use may only be what the backup says already."""
    here = moments.tally(moments.standing(destination, destination.revision()))
    if here == account.tally(account.present(), alive_at=-inf):
        return Restored(account.header, here, Counts(), same=True)
    entries = f"{here.entries} {'entry' if here.entries == 1 else 'entries'}"
    message = f"the store holds {entries} already: a backup is restored into an empty store"
    raise errors.Conflict(message, hint="name an empty store, or replace what is there with --force")


def _replace_at_once(account: BackupAccount, destination: Engine) -> Restored | None:
    """Replace everything in one commit; None if that cannot be done: there is history, or too much."""
    most = destination.capabilities.max_commit or _AT_ONCE
    if account.header.history or account.contents.entries > most:
        return None
    entries = list(account.base(account.first))
    if sum(len(entry.value) for entry in entries) > _BYTES_AT_ONCE:
        return None
    kept = {entry.key for entry in entries}
    there = destination.range("", limit=most + 1)
    gone = [entry.key for entry in there.entries if entry.key not in kept]
    if there.next or len(gone) + len(entries) > most:
        return None
    ops: list[Op] = [Delete(key) for key in gone]
    ops += [Put(entry.key, entry.value, expires_at=entry.expires_at) for entry in entries]
    destination.commit(ops, origin="restore")
    return Restored(account.header, moments.tally(entries), Counts(len(entries), 0, len(gone)), at_once=True)


@contextlib.contextmanager
def _compressed(raw: IO[bytes], path: str) -> Iterator[IO[bytes]]:
    if not path.endswith(".gz"):
        yield raw
        return
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6) as file:
        yield cast("IO[bytes]", file)


def _sync_directory(directory: str) -> None:
    """Have the new name on the disk, where directories can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
