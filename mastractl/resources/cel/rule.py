"""Rules about a value of a schema: what stands in x-kubernetes-validations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mastractl.resources.cel import budget, types
from mastractl.resources.cel.engine import Environment, compile_expression
from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.schema_types import converter, schema_type
from mastractl.resources.cel.values import MISSING, Maybe

if TYPE_CHECKING:
    from collections.abc import Callable

    from mastractl.resources.cel.engine import Program
    from mastractl.resources.cel.types import Type
    from mastractl.values import JsonObject

OLD_SELF = "oldSelf"


class Absent:
    """The class of ABSENT."""


ABSENT: Final = Absent()
"""Stands for the old value where there is none."""


class Rule:
    """A compiled rule. Safe to share between threads.

    `transition` says that it names oldSelf: it is about how a value changes.
    """

    def __init__(self, test: Program, message: Program | None, old_form: tuple[Convert | None, bool]) -> None:
        self.expression = test.expression
        self.transition = OLD_SELF in test.used
        self._test = test
        self._message = message
        self._convert, self.optional_old = old_form

    def evaluate(self, value: Any, old: Any = ABSENT, *, limit: int = budget.CALL_LIMIT) -> bool:
        """Whether the value obeys the rule.

        Raises CelError where it cannot be told: a missing key, an overflow, or too many steps.
        """
        return self.measured(value, old, limit)[0]

    def measured(self, value: Any, old: Any, limit: int) -> tuple[bool, int]:
        """As `evaluate`, and what it cost."""
        found: tuple[Any, int] = self._test.evaluate(self._values(value, old), min(limit, budget.CALL_LIMIT))
        if found[0] is not True and found[0] is not False:
            message = "the rule gives neither true nor false"
            raise CelError(message)
        return found

    def message(self, value: Any, old: Any = ABSENT, *, limit: int = budget.CALL_LIMIT) -> str:
        """What messageExpression says; "" where there is none, it fails, or says what is no line of text."""
        return self.told(value, old, limit)[0]

    def told(self, value: Any, old: Any, limit: int) -> tuple[str, int]:
        """As `message`, and what it cost."""
        if self._message is None:
            return "", 0
        try:
            found, cost = self._message.evaluate(self._values(value, old), min(limit, budget.CALL_LIMIT))
        except CelError as fault:
            return "", fault.spent
        text = found.strip() if isinstance(found, str) else ""
        return "" if "\n" in text or len(text.encode()) > budget.MESSAGE_LIMIT else text, cost

    def _values(self, value: Any, old: Any) -> tuple[Any, ...]:
        convert = self._convert
        if convert is not None:
            value, old = convert(value), old if old is ABSENT else convert(old)
        if self.optional_old:
            return value, MISSING if old is ABSENT else Maybe(old)
        return value, old


if TYPE_CHECKING:
    Convert = Callable[[Any], Any]


class RuleMaker:
    """Compiles the rules of one schema node. Raises CelError where expressions cannot see its values.

    `root` says that the node is a whole resource, which has apiVersion, kind and metadata.name.
    """

    def __init__(self, schema: JsonObject, *, root: bool = False) -> None:
        kind = schema_type(schema, root=root)
        if kind is None:
            message = "a rule cannot stand where the schema describes nothing (no type, or items of none)"
            raise CelError(message)
        self.type: Type = kind
        self.schema = schema
        self._convert = converter(schema)

    def rule(self, expression: str, *, message: str = "", optional_old: bool = False) -> Rule:
        """The compiled rule. A messageExpression that does not compile is left out, as in Kubernetes."""
        program = self.program(expression, types.BOOL, optional_old=optional_old)
        says = None
        if message:
            try:
                says = self.program(message, types.STRING, optional_old=optional_old)
            except CelError:
                says = None
        return Rule(program, says, (self._convert, optional_old))

    def program(self, expression: str, wanted: Type, *, optional_old: bool = False) -> Program:
        """The program of an expression over self and oldSelf. Raises CelError where it is wrong."""
        return compile_expression(expression, self.environment(optional_old=optional_old), wanted)

    def environment(self, *, optional_old: bool = False) -> Environment:
        """What a rule may name."""
        old = types.optional_of(self.type) if optional_old else self.type
        return Environment({"self": self.type, OLD_SELF: old}, homogeneous=True)


def compile_rule(
    rule: str,
    schema: JsonObject,
    *,
    old_self: bool = True,
    root: bool = False,
    message: str = "",
    optional_old: bool = False,
) -> Rule:
    """The rule of a schema node, which declares `self` and, unless `old_self` says no, `oldSelf`.

    `root` says that the node is a whole resource, `message` is its messageExpression; with `optional_old`,
    oldSelf is an optional, missing when a value is new. Raises CelError with the offset of a mistake.
    """
    made = RuleMaker(schema, root=root).rule(rule, message=message, optional_old=optional_old)
    if made.transition and not old_self:
        note = "oldSelf cannot be named here"
        raise CelError(note, max(rule.find(OLD_SELF), 0))
    return made
