"""JSON tokens as parsing events, so that what walks YAML walks JSON: to find faults and places."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKEN = re.compile(r'[ \t\n]*([\[\]{},:]|"(?:[^"\\]|\\.)*"|[^\[\]{},:"\s]+)')
_CONSTANTS = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}


def events(text: str) -> Callable[[], Any]:
    """A function that gives the parsing events of a JSON text that is known to be one; None at the end."""
    return _events(text).__next__


def _events(text: str) -> Iterator[Any]:
    from yaml import error  # noqa: PLC0415 - +18 ms, for faults only
    from yaml import events as yaml  # noqa: PLC0415

    line = line_start = seen = 0
    for token in _TOKEN.finditer(text):
        start, end = token.span(1)
        breaks = text.count("\n", seen, start)
        if breaks:
            line, line_start = line + breaks, text.rfind("\n", 0, start) + 1
        seen = start
        marks = (
            error.Mark("", start, line, start - line_start, None, 0),
            error.Mark("", end, line, end - line_start, None, 0),
        )
        word = token[1]
        if word == "{":
            yield yaml.MappingStartEvent(None, None, True, *marks, flow_style=True)
        elif word == "[":
            yield yaml.SequenceStartEvent(None, None, True, *marks, flow_style=True)
        elif word == "}":
            yield yaml.MappingEndEvent(*marks)
        elif word == "]":
            yield yaml.SequenceEndEvent(*marks)
        elif word[0] == '"':
            yield yaml.ScalarEvent(None, None, (False, True), json.loads(word), *marks, style='"')
        elif word not in ",:":
            yield yaml.ScalarEvent(None, None, (True, False), _CONSTANTS.get(word, word), *marks, style="")
    while True:
        yield None
