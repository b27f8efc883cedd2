"""Clients that note what they did to a store and what they were told, for `linearizability` to judge.

A client works in a thread or in a process of its own. With a journal its notes outlive it: each
operation is written down before it is called and again when it has returned, so that the history of a
process that was killed ends with an operation of which nobody knows the outcome.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mastractl import errors, values
from mastractl.engines.contract import Delete, Put
from mastractl.testing.linearizability import Operation

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from mastractl.engines.contract import Engine, Entry


class Client:
    """One process as `linearizability` sees it. `name` must be its own; `history` is what it noted.

    `journal` is a file to note everything in as it happens; it is made anew. `close` closes it.
    """

    def __init__(self, engine: Engine, name: str, journal: str | os.PathLike[str] | None = None) -> None:
        self.name = name
        self.history: list[Operation] = []
        self._engine = engine
        self._numbers = itertools.count()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self._journal = None if journal is None else os.open(journal, flags, 0o600)

    def read(self, key: str) -> Entry | None:
        """Get the key."""
        operation = Operation(process=self.name, key=key, kind="read", value=None, called=_now())
        index = self._note(operation)
        entry = self._engine.get(key)
        self._note(replace(operation, value=_value_of(entry), returned=_now()), index)
        return entry

    def write(self, key: str) -> None:
        """Put a new value, whatever is there."""
        value = self._new_value()
        self._change("write", value, Put(key, values.dump({"value": value})))

    def delete(self, key: str) -> None:
        """Delete the key, whatever is there."""
        self._change("write", None, Delete(key))

    def swap(self, key: str) -> bool:
        """Read the key and put a new value if nothing changed since: whether that was done."""
        entry = self.read(key)
        value = self._new_value()
        put = Put(key, values.dump({"value": value}), entry.revision if entry else 0)
        return self._change("swap", value, put, expected=_value_of(entry))

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None

    def _change(
        self, kind: Literal["write", "swap"], value: str | None, op: Put | Delete, expected: str | None = None
    ) -> bool:
        operation = Operation(
            process=self.name, key=op.key, kind=kind, value=value, called=_now(), expected=expected
        )
        index = self._note(operation)
        try:
            self._engine.commit([op], origin=self.name)
        except errors.Conflict:
            self._note(replace(operation, done=False, returned=_now()), index)
            return False
        except errors.UnknownOutcome:  # noted as such already
            return False
        except (errors.Unavailable, errors.StorageConnectionError):
            # Certainly not written, which is what a read that saw nothing has to say.
            self._note(replace(operation, kind="read"), index)
            return False
        self._note(replace(operation, returned=_now()), index)
        return True

    def _note(self, operation: Operation, index: int = -1) -> int:
        """Note the call of an operation, or its return in place of the call."""
        if index < 0:
            index = len(self.history)
            self.history.append(operation)
        else:
            self.history[index] = operation
        if self._journal is not None:
            line = json.dumps([index, asdict(operation)]) + "\n"
            os.write(self._journal, line.encode())
        return index

    def _new_value(self) -> str:
        return f"{self.name}-{next(self._numbers)}"


def read_journals(paths: Iterable[str | os.PathLike[str]]) -> list[Operation]:
    """The histories that clients noted in their journals. A line cut off by a kill was never called."""
    history: list[Operation] = []
    for path in paths:
        operations: dict[int, Operation] = {}
        for line in Path(path).read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                index, fields = json.loads(line)
                operations[index] = Operation(**fields)
        history += operations.values()
    return history


def race(
    clients: Sequence[Client], keys: Sequence[str], steps: int, seeded: random.Random
) -> list[Operation]:
    """Each client in a thread of its own does so many random things to random keys; what all noted.

    A store that cannot be reached for a while, or whose answers are lost, is taken as it comes.
    """
    plans = [[(seeded.choice("rrwsssd"), seeded.choice(keys)) for _ in range(steps)] for _ in clients]

    def run(client: Client, plan: Sequence[tuple[str, str]]) -> None:
        acts: dict[str, Callable[[str], object]] = {
            "r": client.read,
            "w": client.write,
            "s": client.swap,
            "d": client.delete,
        }
        for act, key in plan:
            try:
                acts[act](key)
            except errors.StorageClosed:
                raise
            except (errors.Unavailable, errors.StorageConnectionError):
                pass  # a read that got no answer: noted as such already

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(run, clients, plans))
    return [operation for client in clients for operation in client.history]


def _now() -> int:
    """Nanoseconds of a clock that all processes of a machine share."""
    return time.monotonic_ns()


def _value_of(entry: Entry | None) -> str | None:
    return None if entry is None else str(values.load(entry.value)["value"])
