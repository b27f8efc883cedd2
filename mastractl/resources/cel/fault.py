"""What goes wrong in an expression."""

from __future__ import annotations


class CelError(Exception):
    """An expression that cannot be compiled, or whose evaluation fails.

    `offset` is the place in the expression as a count of characters from 0, and -1 where none is known.
    """

    def __init__(self, message: str, offset: int = -1) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.spent = 0
        """What the evaluation had cost when it failed."""


class CostExceeded(CelError):
    """An evaluation that was stopped because it costs too much; no operator may absorb it."""


FAULTS = (CelError, TypeError, AttributeError)
"""What evaluating may raise: Python's own two stand for "no such overload", where a null meets one."""


def excerpt(expression: str, offset: int) -> str:
    """The line of the expression that holds the offset, and a caret below it; "" where there is no place."""
    if offset < 0:
        return ""
    start = expression.rfind("\n", 0, offset) + 1
    end = expression.find("\n", offset)
    line = expression[start : end if end >= 0 else None].replace("\t", " ")
    column = offset - start
    cut = max(0, column - 40)
    return f"{line[cut : cut + 100]}\n{' ' * (column - cut)}^"


def position(expression: str, offset: int) -> tuple[int, int]:
    """The line and column of an offset, both from 1."""
    start = expression.rfind("\n", 0, offset) + 1
    return expression.count("\n", 0, offset) + 1, offset - start + 1
