"""Whether what several processes saw of a store could have happened one step at a time.

Each process notes when it called and when it was answered, on a clock that all share. The history is
linearizable if every operation can be given one moment between the two at which it took effect, such
that the operations in the order of those moments are what a single register would have done. Keys are
independent of one another, so each is judged by itself.

The search is that of Wing and Gong (1993) with Lowe's memory of configurations (2017): an operation may
come next if it was called before any other that is not yet placed had returned; a pair of (operations
placed, register) that was met before is not tried twice.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Value = int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one process did to one key, and what it was told.

    Values must be told apart, so every write should write one that no other does; None = absent (a
    write of None is a delete). `called` and `returned` are in any unit that all processes share, such
    as `time.monotonic_ns` on one machine; `returned` None = never: the process died or lost its
    connection, so that a write may have taken effect at any time after the call, or not at all.

    * read: `value` is what was seen;
    * write: `value` was written whatever was there;
    * swap: `value` was written if `expected` was there: `done` says whether it was.
    """

    process: str
    key: str
    kind: Literal["read", "write", "swap"]
    value: Value
    called: float
    returned: float | None = None
    expected: Value = None
    done: bool = True


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a history is not linearizable: no order explains it.

    `order` is the longest that explains a part of it, `register` the value after that, `stuck` the
    operations of which none can come next.
    """

    key: str
    order: tuple[Operation, ...]
    register: Value
    stuck: tuple[Operation, ...]

    def __str__(self) -> str:
        placed = "\n".join(f"  {op}" for op in self.order[-10:])
        stuck = "\n".join(f"  {op}" for op in self.stuck)
        return (
            f"{self.key} is not linearizable.\nAfter {len(self.order)} operations, of which the last were\n"
            f"{placed}\nit holds {self.register!r}, and none of these can have come next:\n{stuck}"
        )


def violation(history: Iterable[Operation], *, initial: Value = None) -> Violation | None:
    """The first key, in order, whose operations no single register explains; None if there is none.

    Every key holds `initial` at first.
    """
    by_key: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in history:
        by_key[operation.key].append(operation)
    for key in sorted(by_key):
        found = _search(sorted(by_key[key], key=lambda op: op.called), initial)
        if found:
            return found
    return None


def _step(operation: Operation, register: Value) -> tuple[bool, Value]:
    """Whether the operation can take effect on a register with this value, and the value then."""
    if operation.kind == "write":
        return True, operation.value
    if operation.kind == "read":
        return operation.returned is None or operation.value == register, register
    matches = operation.expected == register
    if operation.returned is None:
        return True, operation.value if matches else register
    return operation.done == matches, operation.value if matches else register


@dataclass(frozen=True, slots=True)
class _Configuration:
    """How far an order got: the operations placed, as bits; all below `first` are; and what it holds."""

    placed: int = 0
    first: int = 0
    count: int = 0
    register: Value = None
    last: int = -1
    before: _Configuration | None = None

    def then(self, number: int, register: Value) -> _Configuration:
        """The configuration with one more operation placed."""
        placed, first = self.placed | 1 << number, self.first
        while placed >> first & 1:
            first += 1
        return _Configuration(placed, first, self.count + 1, register, number, self)

    def order(self) -> list[int]:
        """The operations in the order in which they were placed."""
        found, at = [], self
        while at.before is not None:
            found.append(at.last)
            at = at.before
        return found[::-1]


def _candidates(operations: Sequence[Operation], reached: _Configuration) -> list[int]:
    """The operations that may come next: none of the others unplaced had returned when they were called.

    Those without an outcome come last: they are needed only where nothing else explains what was seen.
    """
    found, bound = [], float("inf")
    for number in range(reached.first, len(operations)):
        operation = operations[number]
        if operation.called > bound:
            break
        if not reached.placed >> number & 1:
            found.append(number)
            if operation.returned is not None:
                bound = min(bound, operation.returned)
    return sorted(found, key=lambda number: operations[number].returned is None)


def _search(operations: Sequence[Operation], initial: Value) -> Violation | None:
    """None if some order of the operations, which are sorted by call, explains them."""
    must = sum(1 << n for n, operation in enumerate(operations) if operation.returned is not None)
    best = _Configuration(register=initial)
    stack = [best]
    seen: set[tuple[int, Value]] = {(0, initial)}
    while stack:
        reached = stack.pop()
        if reached.placed & must == must:
            return None
        if reached.count > best.count:
            best = reached
        for number in reversed(_candidates(operations, reached)):
            possible, register = _step(operations[number], reached.register)
            ahead = reached.then(number, register)
            if possible and (ahead.placed, register) not in seen:
                seen.add((ahead.placed, register))
                stack.append(ahead)
    order = tuple(operations[number] for number in best.order())
    stuck = tuple(operations[number] for number in _candidates(operations, best))
    return Violation(operations[0].key, order, best.register, stuck)
