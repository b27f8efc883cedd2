"""How entries and changes are written in the store, and read again.

An entry is one line of text and then the value as it is: `revision created_revision created_at
expires_at`, where expires_at is `-` for never and a time is what `repr` makes of the float, which reads
back as the same float. The scripts know this form too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.engines.contract import Change, Delete, Entry, Put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.engines.contract import Op

FORMAT = b"1"
"""The format of the store. A store of another one is left alone."""

NEVER = b"-"


def time(seconds: float) -> bytes:
    """A time as text that reads back as the same float."""
    return repr(float(seconds)).encode()


def entry(key: str, packed: bytes) -> Entry:
    """The entry that stands at a key."""
    line, _, value = packed.partition(b"\n")
    revision, created, at, expires = line.split(b" ")
    return Entry(
        key, value, int(revision), int(created), float(at), None if expires == NEVER else float(expires)
    )


def entries(keys: Sequence[bytes], packed: Sequence[bytes | None]) -> Iterator[Entry]:
    """The entries of a part of a list; None is what is hidden."""
    for key, held in zip(keys, packed, strict=True):
        if held is not None:
            yield entry(key.decode(), held)


def change(row: Sequence[bytes]) -> Change:
    """The change that a row of `changes.lua` tells of."""
    number, name, origin, at, before, after = row
    key = name.decode()
    return Change(
        revision_of(number),
        key,
        entry(key, after) if after else None,
        entry(key, before) if before else None,
        origin.decode("utf-8", "surrogatepass"),
        float(at),
    )


def revision_of(number: bytes) -> int:
    """The revision in the id of a message of the log."""
    return int(number.partition(b"-")[0])


def operations(ops: Iterable[Op]) -> Iterator[bytes]:
    """The arguments that operations are to `commit.lua`: five each."""
    for op in ops:
        yield b"P" if isinstance(op, Put) else b"D" if isinstance(op, Delete) else b"C"
        yield op.key.encode()
        yield b"" if op.if_revision is None else b"%d" % op.if_revision
        if isinstance(op, Put):
            yield NEVER if op.expires_at is None else time(op.expires_at)
            yield op.value
        else:
            yield NEVER
            yield b""
