"""One rule asked of one value, and what becomes of a no: causes, in the words that the rule has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.errors import Cause
from mastractl.resources.cel import budget
from mastractl.resources.cel.fault import CelError, CostExceeded
from mastractl.resources.cel.rule import ABSENT, RuleMaker
from mastractl.resources.jsontypes import equal

if TYPE_CHECKING:
    from mastractl.errors import FieldPath
    from mastractl.resources.cel.rule import Rule
    from mastractl.values import JsonObject


class Run:
    """One document on its way through the rules."""

    __slots__ = ("budget", "causes")

    def __init__(self, limit: int) -> None:
        self.budget = limit
        self.causes: list[Cause] = []

    def stop(self) -> None:
        """Ask no more rules."""
        self.budget = -1


class Before(NamedTuple):
    """What shows a change: the value itself, or the nearest thing around it whose old state is known."""

    value: Any
    old: Any

    def of(self, value: Any, old: Any) -> Before:
        """What shows a change further in."""
        return Before(value, old)

    def unchanged(self) -> bool:
        """Whether there is an old state, and the present one is equal to it."""
        return self.old is not None and equal(self.value, self.old)


def begin(document: Any, old: Any) -> tuple[Run, Before]:
    """What a document sets out with."""
    return Run(budget.DOCUMENT_LIMIT), Before(document, old)


class Asked:
    """One rule, ready to be asked: what it says when it is broken, and of which field."""

    def __init__(self, said: JsonObject, rule: Rule) -> None:
        self.rule = rule
        self._needs_old = rule.transition and not rule.optional_old
        self.text = " ".join(str(said.get("rule", "")).split())
        self.reason = said.get("reason") or "FieldValueInvalid"
        self.field = field_path(said["fieldPath"]) if said.get("fieldPath") else ()
        message = said.get("message")
        self.message = message.strip() if isinstance(message, str) else ""

    def ask(self, run: Run, value: Any, old: Any, path: FieldPath, before: Before) -> None:
        """Ask the rule about a value; `old` is None where there is nothing to compare it with."""
        rule = self.rule
        was = old
        if old is None:
            if self._needs_old:
                return
            was = ABSENT
        try:
            fine, cost = rule.measured(value, was, run.budget)
        except CelError as fault:
            run.causes.append(self._failure(run, fault, path))
            return
        run.budget -= cost
        if fine:
            return
        message, cost = rule.told(value, was, run.budget)
        run.budget -= cost
        warning = not rule.transition and before.unchanged()
        run.causes.append(self._broken(message, (*path, *self.field), warning=warning))

    def _broken(self, message: str, path: FieldPath, *, warning: bool) -> Cause:
        said = message or self.message
        hint = f"the rule is: {_short(self.text)}" if said else ""
        text = said or f"failed rule: {_short(self.text)}"
        return Cause(code="MA132", path=path, message=text, reason=self.reason, hint=hint, warning=warning)

    def _failure(self, run: Run, fault: CelError, path: FieldPath) -> Cause:
        message = f"{fault.message} evaluating rule: {_short(self.text)}"
        hint = "the rule is at fault if the value is right: let it ask has(...) before it takes a field"
        run.budget -= fault.spent
        if isinstance(fault, CostExceeded):
            message += "; no further rules are asked"
            hint = "give the schema maxItems, maxLength and maxProperties, and the rule fewer nested loops"
            run.stop()
        elif not fault.message.startswith("no such key"):
            hint = ""
        return Cause(code="MA133", path=path, message=message, hint=hint)


class Unusable:
    """A rule that does not compile: it fails for every value."""

    def __init__(self, said: JsonObject, fault: CelError) -> None:
        self.text = " ".join(str(said.get("rule", "")).split())
        self.fault = fault

    def ask(self, run: Run, _value: Any, _old: Any, path: FieldPath, _before: Before) -> None:
        """Say why the rule cannot be asked."""
        message = f"rule compile error: {self.fault.message}: {_short(self.text)}"
        run.causes.append(Cause(code="MA133", path=path, message=message))


def asked(said: tuple[JsonObject, ...], schema: JsonObject, *, root: bool) -> list[Asked | Unusable]:
    """The rules of a schema node, compiled. `root` says that the node is a whole resource."""
    maker: RuleMaker | None = None
    found: list[Asked | Unusable] = []
    for each in said:
        try:
            maker = maker or RuleMaker(schema, root=root)
            message = each.get("messageExpression") or ""
            rule = maker.rule(each["rule"], message=message, optional_old=each.get("optionalOldSelf") is True)
        except CelError as fault:
            found.append(Unusable(each, fault))
        else:
            found.append(Asked(each, rule))
    return found


def _short(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."


def field_path(text: str) -> FieldPath:
    """The field that a fieldPath names: `.a['b.c']` is a, then b.c; () where it is none."""
    steps: list[str] = []
    rest = text
    while rest:
        if rest.startswith("['") and (end := rest.find("']")) > 0:
            steps.append(rest[2:end].replace("\\'", "'").replace("\\\\", "\\"))
            rest = rest[end + 2 :]
            continue
        word = rest[1:].split(".", 1)[0].split("[", 1)[0]
        if not rest.startswith(".") or not word:
            return ()
        steps.append(word)
        rest = rest[1 + len(word) :]
    return tuple(steps)
