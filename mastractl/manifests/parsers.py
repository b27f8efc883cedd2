"""The two parsers under the YAML reader, with one face: a function that gives the next event.

libyaml does the work wherever PyYAML was built with it. Where it was not, PyYAML's own parser gives the
same events with the same marks; here it is taught the few things in which it differs from libyaml, so
that a manifest means the same on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from yaml.events import DocumentStartEvent, ScalarEvent
from yaml.parser import Parser, ParserError
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from yaml.error import MarkedYAMLError

try:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover - PyPy, musl: PyYAML without libyaml
    CParser = None  # type: ignore[assignment,misc]

QUICK = CParser is not None
"""Whether there is libyaml."""

_BREAKS_11 = "\x85\u2028\u2029"
_STAND_INS = range(0x10FFFF, 0xFFFF, -1)
"""Private characters first; all of these take 4 MiB, so no document can hold them all."""

_VERSIONS = (None, (1, 1), (1, 2))

Backend = Literal["", "libyaml", "python"]
"""Which parser to use; "" takes libyaml where there is one."""


def next_event(text: str, backend: Backend = "") -> Callable[[], Any]:
    """A function that gives the next event of the text and, after the last one, None.

    Raises yaml.YAMLError where the text is no YAML, and UnicodeEncodeError where it holds surrogates.
    """
    if not text.isascii() and any(c in text for c in _BREAKS_11):
        return _without_breaks(text, backend)
    if CParser is None or backend == "python":
        return _PythonParser(text).get_event
    get: Callable[[], Any] = CParser(text).get_event
    return get


def _without_breaks(text: str, backend: Backend) -> Callable[[], Any]:
    """As `next_event`, for a text with characters that end a line in YAML 1.1 but not in YAML 1.2.

    Both parsers are YAML 1.1 here and would fold or drop them, so they stand in for other characters that
    the text does not hold while it is parsed.
    """
    held = set(text)
    free = (c for c in map(chr, _STAND_INS) if c not in held)
    there = {ord(c): next(free) for c in _BREAKS_11}
    back = {ord(free): c for c, free in zip(_BREAKS_11, there.values(), strict=True)}
    get = next_event(text.translate(there), backend)

    def restored() -> Any:
        event = get()
        if event.__class__ is ScalarEvent:
            event.value = event.value.translate(back)
        return event

    return restored


class _PythonParser(Reader, Scanner, Parser):
    """PyYAML's pure parser, accepting and refusing what libyaml does."""

    def __init__(self, text: str) -> None:
        text.encode()
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def get_event(self) -> Any:
        try:
            event: Any = super().get_event()  # type: ignore[no-untyped-call]
        except (ValueError, OverflowError) as error:  # from chr() of an escape beyond Unicode
            raise self._bad_escape(self.get_mark()) from error
        mark = event.start_mark if event else None
        if event.__class__ is ScalarEvent and event.style == '"' and not _encodable(event.value):
            raise self._bad_escape(mark)
        if event.__class__ is DocumentStartEvent and event.version not in _VERSIONS:
            raise ParserError(None, None, "found incompatible YAML document", mark)
        return event

    def scan_to_next_token(self) -> None:
        """Skip blanks and comments: tabs too, where libyaml lets them separate tokens."""
        while True:
            while self.peek() == " " or (
                self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)
            ):
                self.forward()
            if self.peek() == "#":
                while self.peek() not in "\0\n":
                    self.forward()
            if not self.scan_line_break():  # type: ignore[no-untyped-call]
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain_spaces(self, indent: int, start_mark: Any) -> list[str]:
        """The blanks and line breaks inside an unquoted text: a break alone becomes a blank."""
        length = 0
        while self.peek(length) in " \t":
            length += 1
        blanks = self.prefix(length)
        self.forward(length)
        if self.peek() != "\n":
            return [blanks] if blanks else []
        breaks = 0
        while self.peek() in " \t\n":
            if self.peek() == "\t" and self.column < indent:
                raise self._bad_tab(start_mark)
            if self.peek() == "\n":
                breaks += 1
            self.forward()
            if self.column == 0:
                self.allow_simple_key = True
                if self.prefix(3) in ("---", "...") and self.peek(3) in "\0 \t\n":
                    return []
        return ["\n" * (breaks - 1) or " "]

    def _bad_tab(self, start: Any) -> MarkedYAMLError:
        problem = "found a tab character that violates indentation"
        return ScannerError("while scanning a plain scalar", start, problem, self.get_mark())

    def _bad_escape(self, mark: Any) -> MarkedYAMLError:
        return ScannerError(
            "while parsing a quoted scalar", mark, "found invalid Unicode character escape code", mark
        )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
