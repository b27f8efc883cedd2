"""Writers that keep a ledger of what they asked of a store and were told, and the audit that compares it.

Each commit has a name of its own, which is its origin in the log and stands in each of its values, so that
the audit can tell for every commit whether it is there, whole, once, and where its writer was told it is.
With a journal the ledger outlives its writer: a commit is written down before it is asked for and again
when its outcome is known, so that the ledger of a process that was killed ends with an unknown outcome.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mastractl import errors, values
from mastractl.engines.contract import Delete, Put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.engines.contract import Change, Engine, Entry, Op

Outcome = Literal["done", "refused", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One commit: its name, the keys it writes, those it deletes, and what its writer was told.

    * done: it stands at `revision`, with so many `changes` (0: there was nothing to change);
    * refused: `error` says why, and nothing of it was written;
    * unknown: it is there or not.
    """

    name: str
    puts: tuple[str, ...]
    deletes: tuple[str, ...]
    outcome: Outcome = "unknown"
    revision: int = 0
    changes: int = 0
    error: str = ""


class Ledger:
    """A writer with its ledger. `name` must be its own; `lines` are its commits in their order.

    `journal` is a file to note everything in as it happens; it is added to. `close` closes it.
    """

    def __init__(self, engine: Engine, name: str, journal: str | os.PathLike[str] | None = None) -> None:
        self.name = name
        self.lines: list[Line] = []
        self._engine = engine
        self._numbers = itertools.count()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._journal = None if journal is None else os.open(journal, flags, 0o600)

    def commit(self, puts: Sequence[str], deletes: Sequence[str] = ()) -> Line:
        """Write new values to some keys and delete others, in one commit: what came of it.

        Raises what is no answer to a commit that makes sense: StorageClosed, BadRequest and the like.
        """
        line = Line(name=f"{self.name}-{next(self._numbers)}", puts=tuple(puts), deletes=tuple(deletes))
        self.lines.append(line)
        self._note(line)
        ops: list[Op] = [Put(key, _value(line.name)) for key in puts]
        ops += [Delete(key) for key in deletes]
        try:
            made = self._engine.commit(ops, origin=line.name)
        except errors.StorageClosed:
            raise
        except errors.UnknownOutcome as unknown:
            line = replace(line, error=repr(unknown))
        except (errors.Conflict, errors.Unavailable, errors.StorageError) as refused:
            line = replace(line, outcome="refused", error=repr(refused))
        else:
            line = replace(line, outcome="done", revision=made.revision, changes=len(made.changes))
        self.lines[-1] = line
        self._note(line)
        return line

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None

    def _note(self, line: Line) -> None:
        if self._journal is not None:
            os.write(self._journal, json.dumps(asdict(line)).encode() + b"\n")


def read_ledgers(paths: Iterable[str | os.PathLike[str]]) -> list[Line]:
    """What writers noted in their journals. A line cut off by a kill was never asked for."""
    lines: dict[str, Line] = {}
    for path in paths:
        for text in Path(path).read_text().splitlines(keepends=True):
            if text.endswith("\n"):
                fields = json.loads(text)
                line = Line(**{**fields, "puts": tuple(fields["puts"]), "deletes": tuple(fields["deletes"])})
                lines[line.name] = line
    return list(lines.values())


def audit(engine: Engine, lines: Iterable[Line]) -> list[str]:
    """What in the store contradicts the ledgers of all its writers; empty if nothing does.

    The log must be whole, from the first revision on. It is held to its own promises too: no gap, every
    change follows on the one before, and all of it adds up to what is there. Nobody may be writing.
    """
    book = _Audit({line.name: line for line in lines})
    page = engine.range("")
    for commit in _commits(engine):
        book.take(commit)
    book.settle(page.revision, {entry.key: entry for entry in page.entries})
    return book.faults


def _commits(engine: Engine) -> Iterator[list[Change]]:
    """The log, commit by commit, in stretches that are short enough to be many."""
    since, more = 0, True
    while more:
        stretch = engine.changes(since, limit=500)
        for _, changes in itertools.groupby(stretch.changes, lambda change: change.revision):
            yield list(changes)
        since, more = stretch.revision, stretch.more


class _Audit:
    """What is known of the store so far, and what of it is wrong."""

    def __init__(self, lines: dict[str, Line]) -> None:
        self.faults: list[str] = []
        self._lines = lines
        self._state: dict[str, Entry] = {}
        self._revision = 0
        self._found: dict[str, int] = {}

    def take(self, commit: Sequence[Change]) -> None:
        """The next commit of the log."""
        first = commit[0]
        if first.revision != self._revision + 1:
            self.faults.append(f"revision {first.revision} comes after {self._revision}")
        self._revision = first.revision
        line = self._lines.get(first.origin)
        if line is None:
            self.faults.append(f"revision {first.revision} is by {first.origin!r}, whom nobody knows")
        else:
            self._compare(line, commit)
        for change in commit:
            if change.previous != self._state.get(change.key):
                self.faults.append(f"{change} does not follow on {self._state.get(change.key)}")
            if change.entry is None:
                self._state.pop(change.key, None)
            else:
                self._state[change.key] = change.entry

    def settle(self, revision: int, state: dict[str, Entry]) -> None:
        """The end: what is there, and what of the ledgers was not found."""
        if self._revision != revision:
            self.faults.append(f"the log ends at {self._revision}, and the store is at {revision}")
        if self._state != state:
            keys = sorted(k for k in {*state, *self._state} if state.get(k) != self._state.get(k))
            self.faults.append(f"the log does not add up to what is there: {keys}")
        for line in self._lines.values():
            found = self._found.get(line.name)
            if line.outcome == "done" and line.changes and found != line.revision:
                self.faults.append(f"{line.name} was acknowledged at {line.revision}, and is at {found}")
            if found is not None and (
                line.outcome == "refused" or (line.outcome == "done" and not line.changes)
            ):
                self.faults.append(f"{line} is in the log, at {found}")

    def _compare(self, line: Line, commit: Sequence[Change]) -> None:
        """A commit is all that was asked for, and there once."""
        if line.name in self._found:
            self.faults.append(
                f"{line.name} is there twice, at {self._found[line.name]} and {self._revision}"
            )
        self._found[line.name] = self._revision
        value = _value(line.name)
        wanted = dict.fromkeys(line.puts, value) | {key: None for key in line.deletes if key in self._state}
        got = {change.key: change.entry.value if change.entry else None for change in commit}
        if got != wanted or len(commit) != len(got):
            self.faults.append(f"{line.name} is torn at {self._revision}: {got} of {wanted}")


def _value(name: str) -> bytes:
    return values.dump({"by": name})
