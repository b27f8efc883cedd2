"""What `wait --for` waits for: a condition, a value at a path, being there, being gone.

The spellings are kubectl's. A resource that is not there has not met its goal yet, rather than failed to:
whoever waits for it is told so only when the time is up, with what was last seen.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mastractl import errors
from mastractl.resources import conditions

if TYPE_CHECKING:
    from mastractl.resources.paths import Path
    from mastractl.resources.resource import Resource

_HINT = "write condition=NAME[=VALUE], jsonpath={PATH}[=VALUE], jsonpath={PATH}>=NUMBER, create or delete"


class Goal(Protocol):
    """Something that a resource comes to meet."""

    def met(self, resource: Resource | None) -> bool:
        """Whether the resource, None if it is not there, meets it."""
        ...

    def seen(self, resource: Resource | None) -> str:
        """What there is instead, in a few words."""
        ...


def parse(text: str) -> Goal:
    """The goal of a `--for`. Raises UsageError."""
    what, _, rest = text.partition("=")
    word = what.lower()
    if word in {"create", "delete"} and not rest:
        return Created() if word == "create" else Gone()
    if word == "condition" and rest:
        name, _, value = rest.partition("=")
        return Condition(name, value or "True")
    if word == "jsonpath" and rest:
        return _json_path(rest)
    message = f"unrecognized condition: {text!r}"
    raise errors.UsageError(message, hint=_HINT)


class Created(NamedTuple):
    """To be there."""

    def met(self, resource: Resource | None) -> bool:
        """Whether it is."""
        return resource is not None

    def seen(self, resource: Resource | None) -> str:
        """That it is not."""
        del resource
        return "it does not exist"


class Gone(NamedTuple):
    """To be gone."""

    def met(self, resource: Resource | None) -> bool:
        """Whether it is."""
        return resource is None

    def seen(self, resource: Resource | None) -> str:
        """That it is still there, and what holds it."""
        held = ", ".join(map(str, resource.finalizers)) if resource is not None else ""
        return f"it is held by {held}" if held else "it is still there"


class Condition(NamedTuple):
    """A condition of its status to have a value, for the spec as it is now."""

    name: str
    value: str

    def met(self, resource: Resource | None) -> bool:
        """Whether it has."""
        return resource is not None and conditions.holds(resource, self.name, self.value)

    def seen(self, resource: Resource | None) -> str:
        """The value the condition has."""
        if resource is None:
            return "it does not exist"
        found = conditions.condition(resource, self.name)
        if found is None:
            return f"it has no condition {self.name}"
        reason = f" ({found['reason']})" if found.get("reason") else ""
        return f"{self.name} is {found.get('status', 'unset')}{reason}"


class JsonPath(NamedTuple):
    """A field to have a value, or to compare with it; any value if `sign` is ""."""

    text: str
    path: Path
    sign: str = ""
    value: str = ""

    def met(self, resource: Resource | None) -> bool:
        """Whether one of the fields the path leads to does; with `!=`, whether none of them has the value."""
        found = self._texts(resource)
        if self.sign in {"", "="}:
            return bool(found) if not self.sign else self.value in found
        if self.sign == "!=":
            return resource is not None and self.value not in found
        compare = _COMPARISONS[self.sign]
        return any(
            compare(number, float(self.value)) for text in found if (number := _number(text)) is not None
        )

    def seen(self, resource: Resource | None) -> str:
        """The values there are."""
        if resource is None:
            return "it does not exist"
        found = self._texts(resource)
        return f"{self.text} is {', '.join(map(repr, found))}" if found else f"{self.text} is not set"

    def _texts(self, resource: Resource | None) -> list[str]:
        from mastractl.resources.jsonpath import text_of  # noqa: PLC0415 - templates are for this goal only

        return [] if resource is None else [text_of(v) for v in self.path.find(resource.document)]


_COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_COMPARED = re.compile(
    r"(?P<path> \{.*\} | (?!\{) (?: [^\[=!<>] | \[ [^\]]* \] )* )"
    r"(?: (?P<sign> ==? | != | [<>]=? ) (?P<value> .+ ) )?",
    re.DOTALL | re.VERBOSE,
)


def _json_path(text: str) -> JsonPath:
    """`{.status.phase}=Running`, `.status.phase!=Failed`, `{.status.replicas}>=3`, `{.status.address}`."""
    from mastractl.resources import path_reader  # noqa: PLC0415 - for this goal only

    read = _COMPARED.fullmatch(text)
    if read is None or not read["path"]:
        message = f"jsonpath={text}: the value to wait for is not clear"
        raise errors.UsageError(message, hint="write --for=jsonpath='{.status.phase}'=Running")
    sign, value = "=" if read["sign"] == "==" else read["sign"] or "", read["value"] or ""
    if sign in _COMPARISONS and _number(value) is None:
        message = f"jsonpath={text}: {sign} compares numbers, {value!r} is none"
        raise errors.UsageError(message, hint="= and != compare any text")
    return JsonPath(read["path"], path_reader.relaxed(read["path"]), sign, value)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
