"""The formats that rules can ask a text for by name (Kubernetes' format library)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources import formats, names
from mastractl.resources.cel import budget, types
from mastractl.resources.cel.urls import is_url
from mastractl.resources.cel.values import MISSING, Maybe, Opaque

if TYPE_CHECKING:
    from collections.abc import Callable

    Problem = Callable[[str], str]


class Format(Opaque):
    """A format: what is wrong with a text, "" if nothing is."""

    __slots__ = ("name", "problem")
    kind = types.NAMED["kubernetes.NamedFormat"]

    def __init__(self, name: str, problem: Problem) -> None:
        self.name = name
        self.problem = problem

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Format) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


def _of_schema(name: str, problem: str) -> Problem:
    def ask(text: str) -> str:
        test = formats.check(name)
        return problem if test is not None and not test(text) else ""

    return ask


def _prefix(problem: Problem) -> Problem:
    """A prefix may end in what a whole name may not."""
    return lambda text: problem(text[:-1] + "a" if text.endswith("-") else text)


def _url_problem(text: str) -> str:
    return "" if is_url(text) else "invalid URI for request"


_PROBLEMS: dict[str, Problem] = {
    "dns1123Label": names.namespace_problem,
    "dns1123Subdomain": names.subdomain_problem,
    "dns1035Label": names.dns_label_problem,
    "qualifiedName": names.label_key_problem,
    "dns1123LabelPrefix": _prefix(names.namespace_problem),
    "dns1123SubdomainPrefix": _prefix(names.subdomain_problem),
    "dns1035LabelPrefix": _prefix(names.dns_label_problem),
    "labelValue": names.label_value_problem,
    "uri": _url_problem,
    "uuid": _of_schema("uuid", "does not match the UUID format"),
    "byte": _of_schema("byte", "invalid base64"),
    "date": _of_schema("date", "invalid date"),
    "datetime": _of_schema("datetime", "invalid datetime"),
}
_FORMATS = {name: Format(name, problem) for name, problem in _PROBLEMS.items()}


def _named(name: str) -> Maybe:
    return Maybe(_FORMATS[name]) if name in _FORMATS else MISSING


def _validate(form: Format, text: str) -> Maybe:
    problem = form.problem(text)
    return Maybe([problem]) if problem else MISSING


def _constant(form: Format) -> Callable[[], Format]:
    return lambda: form


_F = "kubernetes.NamedFormat"
ROWS: tuple[tuple[Any, ...], ...] = (
    *((f"format.{name}", "", "", _F, _constant(form)) for name, form in _FORMATS.items()),
    ("format.named", "", "string", f"optional({_F})", _named),
    ("validate", _F, "string", "optional(list(string))", _validate, lambda _f, text: 15 * budget.scan(text)),
)
