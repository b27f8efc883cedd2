"""Expressions as a whole: compiled once, evaluated often, and stopped where they cost too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.compiler import Compiler, Environment
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.parser import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.resources.cel.code import Run
    from mastractl.resources.cel.types import Type

__all__ = ["Environment", "Program", "compile_expression"]


class Program(NamedTuple):
    """A compiled expression. Safe to share between threads."""

    expression: str
    type: Type
    used: frozenset[str]
    run: Run
    cost: int
    spare: tuple[None, ...]

    def evaluate(self, values: Sequence[Any], limit: int = budget.CALL_LIMIT) -> tuple[Any, int]:
        """The value, and what it cost. `values` are those of the environment's variables, in their order.

        Raises CelError: where the evaluation fails, and CostExceeded where it costs more than `limit`.
        """
        frame = [limit - self.cost, *values, *self.spare]
        try:
            if frame[0] < 0:
                raise budget.exceeded()
            return self.run(frame), limit - frame[0]
        except CelError as fault:
            failure = fault
        except (TypeError, AttributeError):
            failure = CelError("no such overload")
        except RecursionError:
            failure = CelError("the values are nested too deeply")
        failure.spent = limit - frame[0]
        raise failure


def compile_expression(expression: str, environment: Environment, wanted: Type | None = None) -> Program:
    """The program of an expression. Raises CelError with the offset of what is wrong.

    `wanted` is the type the expression must have; dyn counts as any.
    """
    try:
        tree = parse(expression)
        compiler = Compiler(environment)
        code = compiler.code(tree)
    except RecursionError:
        message = "the expression is nested too deeply"
        raise CelError(message, 0) from None
    if wanted is not None and not types.fits(wanted, code.type, {}):
        message = f"must be of type {wanted}, but this is of type {types.settled(code.type)}"
        raise CelError(message, tree.at)
    used = frozenset(compiler.used)
    spare = (None,) * (compiler.slots - 1 - len(environment.variables))
    return Program(expression, types.settled(code.type), used, code.run, code.cost, spare)
