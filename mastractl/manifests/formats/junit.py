"""Diagnostics as JUnit XML, which every CI shows as test results.

A file is a test suite and a manifest a test case, so that a CI counts what is in order too. A manifest's
errors are one failure (readers differ about several); its warnings, which fail nothing, are its output. What
is wrong with a whole file, or with a document that is no manifest, is a test case of its own.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from mastractl.manifests.codes import name_of
from mastractl.manifests.diagnostics import ERROR
from mastractl.manifests.formats import people
from mastractl.manifests.formats.places import in_repository
from mastractl.manifests.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.errors import FieldPath
    from mastractl.manifests.diagnostics import Diagnostic, Run, Seen

_MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


class _Case(NamedTuple):
    """What is tested: its place in the run, its name, and what was found of it."""

    place: tuple[int, str, int, FieldPath]
    name: str
    found: list[Diagnostic]

    @property
    def failed(self) -> bool:
        return any(each.severity == ERROR for each in self.found)


def write(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """One `testsuites` element."""
    suites = [(source, list(cases)) for source, cases in groupby(_cases(found, run.seen), _source)]
    tests = sum(len(cases) for _, cases in suites)
    failures = sum(case.failed for _, cases in suites for case in cases)
    counts = f'tests="{tests}" failures="{failures}" errors="0" time="0"'
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="mastractl validate" {counts}>\n'
    for source, cases in suites:
        yield from _suite(_text(in_repository(source, run) or source or "-"), cases)
    yield "</testsuites>\n"


def _source(case: _Case) -> str:
    return case.place[1]


def _cases(found: Sequence[Diagnostic], seen: Sequence[Seen]) -> list[_Case]:
    """Every test case, those of a file together, in the order of the run."""
    cases = {
        place: _Case(place, each.name, [])
        for each in seen
        for place in [(each.order, each.source, each.document, each.prefix)]
    }
    lengths: dict[tuple[int, str, int], set[int]] = {}
    for order, source, document, prefix in cases:
        lengths.setdefault((order, source, document), set()).add(len(prefix))
    for each in found:
        whole = (each.order, each.source, each.document)
        prefixes = (each.path[:n] for n in sorted(lengths.get(whole, ()), reverse=True))
        place = next((p for prefix in prefixes if (p := (*whole, prefix)) in cases), (*whole, ()))
        case = cases.get(place)
        if case is None:
            name = f"document {each.document}" if each.document else "the file"
            case = cases[place] = _Case(place, name, [])
        case.found.append(each)
    return sorted(cases.values(), key=lambda case: case.place)


def _suite(name: str, cases: list[_Case]) -> Iterator[str]:
    failures = sum(case.failed for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="0" time="0"'
    yield f'  <testsuite name="{name}" {counts}>\n'
    names: dict[str, int] = {}
    for case in cases:
        names[case.name] = count = names.get(case.name, 0) + 1
        shown = _text(case.name) + (f" ({count})" if count > 1 else "")
        yield f'    <testcase classname="{name}" name="{shown}" time="0"'
        yield f">\n{''.join(_body(case))}    </testcase>\n" if case.found else "/>\n"
    yield "  </testsuite>\n"


def _body(case: _Case) -> Iterator[str]:
    errors = [each for each in case.found if each.severity == ERROR]
    warnings = [each for each in case.found if each.severity != ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        message = f"{_text(errors[0].message)}{more}"
        kind = f"{errors[0].code} {name_of(errors[0].code)}"
        yield f'      <failure message="{message}" type="{kind}">{_told(errors)}</failure>\n'
    if warnings:
        yield f"      <system-out>{_told(warnings)}</system-out>\n"


def _told(found: list[Diagnostic]) -> str:
    return "".join(people.text(found)).translate(_TABLE)


def _text(text: str) -> str:
    return visible(text).translate(_TABLE)


_TABLE = str.maketrans(_MARKUP)
