"""What the compiler makes of a node, and the pieces it is put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.cel.budget import exceeded
from mastractl.resources.cel.fault import FAULTS, CelError, CostExceeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.budget import Cost
    from mastractl.resources.cel.types import Type

    Frame = list[Any]
    Run = Callable[[Frame], Any]


class Code(NamedTuple):
    """A compiled node: `run` takes the frame (what is left of the budget, then the variables) to the value.

    `cost` is what running it costs at least, charged by whoever enters it. `const` holds the value of a
    literal; `slot` is the place of a variable in the frame, and 0 for anything else.
    """

    type: Type
    run: Run
    cost: int = 0
    const: tuple[Any, ...] = ()
    slot: int = 0


def constant(kind: Type, value: Any, cost: int = 0) -> Code:
    """The code of a literal."""
    return Code(kind, lambda _f: value, cost, (value,))


def applied(call: Callable[..., Any], args: tuple[Code, ...]) -> Run:
    """The call of a Python function with the values of the arguments."""
    runs = [arg.run for arg in args]
    if len(runs) == 1:
        (one,) = runs
        return lambda f: call(one(f))
    if len(runs) == 2:
        first, second = runs
        return lambda f: call(first(f), second(f))
    return lambda f: call(*[run(f) for run in runs])


def metered(call: Callable[..., Any], cost: Cost, args: tuple[Code, ...]) -> Run:
    """As `applied`, charged by what the arguments are."""
    runs = [arg.run for arg in args]

    def run(f: Frame) -> Any:
        values = [each(f) for each in runs]
        f[0] -= cost(*values)
        if f[0] < 0:
            raise exceeded()
        return call(*values)

    return run


def conjunction(terms: list[Run]) -> Run:
    """`&&`: false if any term is, whatever the others do; else the first failure, else true."""
    return _junction(terms, deciding=False)


def disjunction(terms: list[Run]) -> Run:
    """`||`: true if any term is, whatever the others do; else the first failure, else false."""
    return _junction(terms, deciding=True)


def _junction(terms: list[Run], *, deciding: bool) -> Run:
    """The value that decides if any term has it; else the first failure, else the other value."""
    other = not deciding
    if len(terms) == 2:
        return _of_two(*terms, deciding=deciding)

    def run(f: Frame) -> bool:
        failure: Exception | None = None
        for term in terms:
            try:
                value = term(f)
            except FAULTS as fault:
                failure = kept(fault, failure)
            else:
                if value is deciding:
                    return not other
                if value is not other:
                    failure = kept(_not_bool(), failure)
        if failure is not None:
            raise failure
        return other

    return run


def _of_two(first: Run, second: Run, *, deciding: bool) -> Run:
    other = not deciding

    def run(f: Frame) -> bool:
        try:
            value = first(f)
        except FAULTS as fault:
            return _rescued(second, f, fault, wanted=deciding)
        if value is other:
            return truth(second(f))
        return deciding if value is deciding else _rescued(second, f, _not_bool(), wanted=deciding)

    return run


def _rescued(second: Run, f: Frame, fault: Exception, *, wanted: bool) -> bool:
    """The other term's value if it decides alone; else the failure of the first."""
    failure = kept(fault, None)
    try:
        value = second(f)
    except CostExceeded:
        raise
    except FAULTS:
        raise failure from None
    if value is not wanted:
        raise failure
    return bool(value)


def kept(fault: Exception, before: Exception | None) -> Exception:
    """The failure to remember, the first of several. Raises where nothing may go on."""
    if isinstance(fault, CostExceeded):
        raise fault
    return before or fault


def _not_bool() -> CelError:
    return CelError("no such overload")


def truth(value: Any) -> bool:
    """The value of a condition. Raises CelError where it is none."""
    if value is True or value is False:
        return bool(value)
    raise _not_bool()


def choice(test: Run, yes: Run, no: Run) -> Run:
    """`test ? yes : no`."""

    def run(f: Frame) -> Any:
        value = test(f)
        if value is True:
            return yes(f)
        if value is False:
            return no(f)
        raise _not_bool()

    return run
