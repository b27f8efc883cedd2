"""Label and field selectors: which resources `-l` and `--field-selector` mean.

Label selectors are Kubernetes' whole grammar. Field selectors go further than Kubernetes', which for
custom resources knows name and namespace only: any field path can be asked for.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from mastractl import errors
from mastractl.resources import names
from mastractl.resources.jsonpath import relaxed, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mastractl.resources.jsonpath import Path

IN, NOT_IN, EXISTS, ABSENT, ABOVE, BELOW = "in", "notin", "exists", "!", ">", "<"

_SIGNS = {"==": IN, "!=": NOT_IN, "=": IN, ">": ABOVE, "<": BELOW}
_END_OF_WORD = frozenset(" \t\r\n,()=!<>")
_LABEL_GRAMMAR = "a selector reads key=value, key!=value, key in (a,b), key notin (a,b), key or !key"
_FIELD_GRAMMAR = "a field selector reads path=value or path!=value, with commas between"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. `operator` is in, notin, exists, !, > or <; `values` is sorted."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As it is written, in its shortest form."""
        if self.operator == EXISTS:
            return self.key
        if self.operator == ABSENT:
            return f"!{self.key}"
        if self.operator in (ABOVE, BELOW):
            return f"{self.key}{self.operator}{self.values[0]}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.operator == IN else '!='}{self.values[0]}"
        return f"{self.key} {self.operator} ({','.join(self.values)})"

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it. An absent key meets `!=`, `notin` and `!key`, as in Kubernetes."""
        value = labels.get(self.key)
        if self.operator == IN:
            return value in self.values
        if self.operator == NOT_IN:
            return value not in self.values
        if self.operator == EXISTS:
            return value is not None
        if self.operator == ABSENT:
            return value is None
        number = _whole(value)
        if number is None:
            return False
        return number > int(self.values[0]) if self.operator == ABOVE else number < int(self.values[0])


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Requirements that must all hold; none at all selects everything. `str()` parses back to it."""

    requirements: tuple[Requirement, ...] = ()

    def __str__(self) -> str:
        """As it is written on a command line."""
        return ",".join(map(str, self.requirements))

    def __bool__(self) -> bool:
        """Whether it restricts anything."""
        return bool(self.requirements)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a resource with these labels is meant."""
        return all(r.holds(labels) for r in self.requirements)


@functools.lru_cache(maxsize=64)
def parse_label_selector(text: str) -> LabelSelector:
    """The selector of a text such as `tier=gold,env in (dev,prod),!legacy`; empty text selects all.

    Raises BadRequest with the column of what it does not understand.
    """
    return LabelSelector(_LabelReader(text).requirements()) if text.strip() else LabelSelector()


class _LabelReader:
    """Reads one label selector from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def fail(self, problem: str) -> NoReturn:
        message = f"selector {self.text!r}, column {self.position + 1}: {problem}"
        raise errors.BadRequest(message, hint=_LABEL_GRAMMAR)

    def requirements(self) -> tuple[Requirement, ...]:
        out = [self._requirement()]
        while self._skip(","):
            out.append(self._requirement())
        if self.position < len(self.text):
            self.fail(f"unexpected {self.text[self.position]!r}")
        return tuple(out)

    def _requirement(self) -> Requirement:
        absent = self._skip("!")
        start = self.position
        key = self._word()
        if not key:
            self.fail("a label key is missing")
        self._refuse(names.label_key_problem(key), start)
        if absent:
            return Requirement(key, ABSENT)
        for sign, operator in _SIGNS.items():
            if self._skip(sign):
                return self._compared(key, operator)
        before = self.position
        word = self._word()
        if word in (IN, NOT_IN):
            return Requirement(key, word, self._set())
        self.position = before
        if word:
            self.fail(f"{word!r} is no operator")
        return Requirement(key, EXISTS)

    def _compared(self, key: str, operator: str) -> Requirement:
        before = self.position
        value = self._word()
        if operator in (ABOVE, BELOW) and _whole(value) is None:
            self.position = before
            self.fail(f"{value!r} is no whole number")
        self._refuse(names.label_value_problem(value), before)
        return Requirement(key, operator, (value,))

    def _set(self) -> tuple[str, ...]:
        if not self._skip("("):
            self.fail("'(' is missing before the values")
        found = {self._value()}
        while self._skip(","):
            found.add(self._value())
        if not self._skip(")"):
            self.fail("')' is missing after the values")
        return tuple(sorted(found))

    def _value(self) -> str:
        start = self.position
        value = self._word()
        self._refuse(names.label_value_problem(value), start)
        return value

    def _refuse(self, problem: str, start: int) -> None:
        """Raise a problem, if there is one, as one of the word that began at a position."""
        if problem:
            self.position = start
            self.fail(problem)

    def _space(self) -> None:
        while self.text[self.position : self.position + 1].isspace():
            self.position += 1

    def _skip(self, sign: str) -> bool:
        self._space()
        if not self.text.startswith(sign, self.position):
            return False
        self.position += len(sign)
        self._space()
        return True

    def _word(self) -> str:
        self._space()
        start = self.position
        while self.position < len(self.text) and self.text[self.position] not in _END_OF_WORD:
            self.position += 1
        word = self.text[start : self.position]
        self._space()
        return word


def _whole(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition on one field: its text equals `value`, or does not. Absent and null read as ""."""

    path: Path
    value: str
    negated: bool = False

    def holds(self, document: Any) -> bool:
        """Whether a document meets it; where the path leads to several values, whether any equals."""
        found = ["" if value is None else text_of(value) for value in self.path.find(document)] or [""]
        return (self.value in found) is not self.negated


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Field conditions that must all hold; none at all selects everything."""

    requirements: tuple[FieldRequirement, ...] = ()

    def __bool__(self) -> bool:
        """Whether it restricts anything."""
        return bool(self.requirements)

    def matches(self, document: Any) -> bool:
        """Whether this resource is meant."""
        return all(r.holds(document) for r in self.requirements)

    def exact(self, path: str) -> str | None:
        """The value that a path must equal, if the selector says so: a list can become one get."""
        wanted = relaxed(path).text
        return next((r.value for r in self.requirements if r.path.text == wanted and not r.negated), None)


@functools.lru_cache(maxsize=64)
def parse_field_selector(text: str) -> FieldSelector:
    """The selector of a text such as `metadata.name=x,spec.model.provider!=openai`; empty selects all.

    A backslash makes a comma, an equals sign or a backslash part of the value. Raises BadRequest with
    the column of what it does not understand.
    """
    if not text.strip():
        return FieldSelector()
    out: list[FieldRequirement] = []
    start = 0
    while start <= len(text):
        end = _outside(text, start, ",")
        out.append(_field_requirement(text, start, end))
        start = end + 1
    return FieldSelector(tuple(out))


def _field_requirement(text: str, start: int, end: int) -> FieldRequirement:
    sign = _outside(text, start, "=")
    if sign >= end:
        message = f"field selector {text!r}, column {start + 1}: {text[start:end].strip()!r} compares nothing"
        raise errors.BadRequest(message, hint=_FIELD_GRAMMAR)
    negated = text[sign - 1] == "!" and sign > start
    path = text[start : sign - 1 if negated else sign].strip()
    if not path:
        message = f"field selector {text!r}, column {start + 1}: a field path is missing"
        raise errors.BadRequest(message, hint=_FIELD_GRAMMAR)
    after = sign + 2 if text.startswith("==", sign) else sign + 1
    return FieldRequirement(relaxed(path), _unescaped(text[after:end].strip()), negated)


def _outside(text: str, start: int, sign: str) -> int:
    """Where a sign next stands outside brackets and unescaped; the length of the text if nowhere."""
    depth = 0
    at = start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "[":
            depth += 1
        elif text[at] == "]":
            depth -= 1
        elif text[at] == sign and depth <= 0:
            return at
        at += 1
    return len(text)


def _unescaped(value: str) -> str:
    for character in "\\,=":
        value = value.replace(f"\\{character}", character if character != "\\" else "\0")
    return value.replace("\0", "\\")
