"""The loops behind the macros. Each round is charged, so that none goes on without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.cel.budget import exceeded, spend
from mastractl.resources.cel.code import kept, truth
from mastractl.resources.cel.fault import FAULTS, CelError
from mastractl.resources.cel.values import no_overload, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.resources.cel.code import Code, Frame, Run

    Rounds = Callable[[Frame], Iterator[None]]


def rounds(source: Code, slots: list[int]) -> Rounds:
    """The rounds over a list or map: the variables are set when each begins."""
    run = source.run
    if len(slots) == 2:
        return _pairs(run, *slots)
    (slot,) = slots

    def single(f: Frame) -> Iterator[None]:
        values = run(f)
        if type(values) is dict:
            values = list(map(value_of, values))
        elif type(values) is not list:
            raise no_overload()
        for f[slot] in values:
            yield

    return single


def _pairs(run: Run, first: int, second: int) -> Rounds:
    def pairs(f: Frame) -> Iterator[None]:
        values = run(f)
        if type(values) is list:
            for f[first], f[second] in enumerate(values):
                yield
        elif type(values) is dict:
            for key, f[second] in values.items():
                f[first] = value_of(key)
                yield
        else:
            raise no_overload()

    return pairs


def every(each: Rounds, test: Run, cost: int) -> Run:
    """all(): false if it is false for any item, whatever happens for the others."""
    return _decided(each, test, cost, by=False)


def some(each: Rounds, test: Run, cost: int) -> Run:
    """exists(): true if it is true for any item, whatever happens for the others."""
    return _decided(each, test, cost, by=True)


def _decided(each: Rounds, test: Run, cost: int, *, by: bool) -> Run:
    def run(f: Frame) -> bool:
        failure: Exception | None = None
        for _ in each(f):
            f[0] -= cost
            if f[0] < 0:
                raise exceeded()
            try:
                value = test(f)
            except FAULTS as fault:
                failure = kept(fault, failure)
            else:
                if value is by:
                    return bool(value)
                if value is not (not by):
                    failure = failure or no_overload()
        if failure is not None:
            raise failure
        return not by

    return run


def exactly_one(each: Rounds, test: Run, cost: int) -> Run:
    """exists_one(): whether it is true for one item only; a failure for any is a failure."""

    def run(f: Frame) -> bool:
        count = 0
        for _ in each(f):
            spend(f, cost)
            count += truth(test(f))
        return count == 1

    return run


def collected(each: Rounds, test: Run | None, item: Run, cost: int) -> Run:
    """map() and filter(): the values for the items that pass, as a list."""

    def run(f: Frame) -> list[Any]:
        made = []
        for _ in each(f):
            spend(f, cost)
            if test is None or truth(test(f)):
                made.append(item(f))
        return made

    return run


def gathered(each: Rounds, test: Run | None, entry: Run, cost: int) -> Run:
    """The entries for the items that pass, as a map. Raises CelError where a key comes twice."""

    def run(f: Frame) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for _ in each(f):
            spend(f, cost)
            if test is None or truth(test(f)):
                for key, value in entry(f).items():
                    if key in made:
                        message = f"insert failed: key {value_of(key)!r} already exists"
                        raise CelError(message)
                    made[key] = value
        return made

    return run
