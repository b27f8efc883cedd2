"""JSON texts: one document or several, one after the other, as `kubectl` reads them.

The standard decoder does the work. What it lets pass and JSON on other machines does not (a key set twice,
NaN, integers beyond 64 bits, half characters) is noted while it decodes, and found again with its place by
the same careful walk that YAML has, over events made from the JSON tokens.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mastractl import values
from mastractl.manifests import scalars
from mastractl.manifests.documents import Document, Span
from mastractl.manifests.jsonevents import events
from mastractl.manifests.streams import PIECE, larger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.manifests.limits import Limits
    from mastractl.manifests.streams import Text

_BLANK = re.compile(r"[ \t\n]*")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_NO_TEXT = re.compile("[\ud800-\udfff]")


MOST = 100
"""How many texts that are no JSON are told of one source before the rest of it is left unread."""


class JsonReader:
    """Reads the documents of one stream of JSON.

    Where `strict`, a text that is no JSON is reported. Otherwise reading stops before it, the rest is given
    back to the stream, and `line` says where it starts: it may be YAML. `index` counts the documents.
    """

    def __init__(self, source: str, order: int, *, limits: Limits, strict: bool) -> None:
        self.index = 0
        self.line = 1
        self._source = source
        self._order = order
        self._limits = limits
        self._strict = strict
        self._dubious = False
        self._refusals = 0
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._number(scalars.integer),
            parse_float=self._number(scalars.real),
            parse_constant=self._constant,
        )

    def read(self, stream: Text) -> Iterator[Document | Diagnostic]:
        """The documents of a stream, and what is wrong with those that are none."""
        window = _Window(stream, self.line)
        while window.fill():
            try:
                self._dubious = False
                value, end = self._decoder.raw_decode(window.text, window.start)
                if end == len(window.text) and window.grow(self._most(window)):
                    continue  # a number at the very end may go on
            except json.JSONDecodeError as error:
                if window.grow(self._most(window)):
                    continue
                if not self._strict:
                    break
                yield from self._refused(window, error)
            except RecursionError:
                self.index += 1
                yield self._limit(window, f"nested more than {self._limits.depth} levels deep")
                window.resume(window.start + 1)
            else:
                self.index += 1
                yield from self._checked(window, value, end)
                window.drop(end)
        self.line = window.line
        stream.push_back(window.text[window.start :])

    def _checked(self, window: _Window, value: Any, end: int) -> Iterator[Document | Diagnostic]:
        text = window.text[window.start : end]
        if larger(text, self._limits.bytes_of(text)):
            yield self._too_large(window)
            return
        if self._dubious or _too_deep(text, value, self._limits.depth) or not _whole_characters(text, value):
            yield from self._faults(window, text)
            return
        document = self._at(window, text)
        document.value = value
        yield document

    def _most(self, window: _Window) -> int:
        """How many bytes the document at the window's start may have."""
        return self._limits.bytes_of(window.text, window.start)

    def _faults(self, window: _Window, text: str) -> Iterator[Diagnostic]:
        from mastractl.manifests.faults import inspect  # noqa: PLC0415 - yaml: +18 ms, for faults only

        found = inspect(self._at(window, text), depth=self._limits.depth, forbidden=_NO_TEXT)
        yield from (d for d in found if d.severity == "error")

    def _at(self, window: _Window, text: str) -> Document:
        document = Document(text, window.line, events, self._source, self._order, self.index)
        document.first_column = window.column
        return document

    def _refused(self, window: _Window, error: json.JSONDecodeError) -> Iterator[Diagnostic]:
        """Say what is wrong, and go on after it, but not forever."""
        self.index += 1
        self._refusals += 1
        if not window.whole and (error.pos > len(window.text) - 64 or error.msg.startswith("Unterminated")):
            yield self._too_large(window)
            window.close()
            return
        yield self._syntax(window, error)
        if self._refusals < MOST:
            window.resume(error.pos)
        else:
            yield self._limit(window, f"{MOST} faults are enough: the rest is not read")
            window.close()

    def _syntax(self, window: _Window, error: json.JSONDecodeError) -> Diagnostic:
        line_end = window.text.find("\n", error.pos)
        text = window.text[window.start : len(window.text) if line_end < 0 else line_end]
        document = self._at(window, text)
        at = error.pos - window.start
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        message, hint = _explain(error.msg, text[at : at + 1], text[:at].rstrip()[-1:])
        return document.note("MA002", message, span=Span(line, column, column + 1), hint=hint)

    def _too_large(self, window: _Window) -> Diagnostic:
        return self._limit(window, f"a document may not be larger than {self._most(window) / 2**20:g} MiB")

    def _limit(self, window: _Window, message: str) -> Diagnostic:
        text = window.text[window.start : window.start + 200].split("\n", 1)[0]
        return self._at(window, text).note("MA004", message, span=Span(1, 1, 2))

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        self._dubious = self._dubious or len(made) != len(pairs)
        return made

    def _number(self, read: Callable[[str], float]) -> Callable[[str], float]:
        def number(text: str) -> float:
            try:
                return read(text)
            except ValueError:
                self._dubious = True
                return 0

        return number

    def _constant(self, _name: str) -> None:
        self._dubious = True


class _Window:
    """What is held of a stream: some of it from `start` on, more when a document needs it."""

    def __init__(self, stream: Text, line: int) -> None:
        self._stream = stream
        self.text = ""
        self.start = 0
        self.line = line
        self.column = 1
        self.whole = False

    def fill(self) -> bool:
        """Go to the next character that is no blank; False at the end."""
        self._blanks()
        while len(self.text) - self.start < PIECE and not self.whole:
            self._read(2 * PIECE)
            self._blanks()
        return self.start < len(self.text)

    def grow(self, size: int) -> bool:
        """Hold twice as much, up to `size` characters; False if that much is held, or all there is."""
        held = len(self.text) - self.start
        if self.whole or held > size:
            return False
        self._read(min(2 * held, size + 1))
        return True

    def _read(self, length: int) -> None:
        pieces = [self.text[self.start :]]
        self.start = 0
        held = len(pieces[0])
        while held < length and not self.whole:
            pieces.append(self._stream.read())
            held += len(pieces[-1])
            self.whole = not pieces[-1]
        self.text = "".join(pieces)

    def drop(self, end: int) -> None:
        """Go on from `end`."""
        self.line += self.text.count("\n", self.start, end)
        newline = self.text.rfind("\n", self.start, end)
        self.column = end - newline if newline >= 0 else self.column + end - self.start
        self.start = end

    def resume(self, after: int) -> None:
        """Go on with the next object that starts a line after a place that could not be read."""
        self.drop(after)
        while (found := self.text.find("\n{", self.start)) < 0:
            self.drop(max(self.start, len(self.text) - 1))
            if self.whole:
                self.drop(len(self.text))
                return
            self._read(PIECE)
        self.drop(found + 1)

    def close(self) -> None:
        """Read no further."""
        self.text, self.start, self.whole = "", 0, True

    def _blanks(self) -> None:
        found = _BLANK.match(self.text, self.start)
        self.drop(found.end() if found else self.start)


def _too_deep(text: str, value: Any, limit: int) -> bool:
    if text.count("[") + text.count("{") <= limit:
        return False
    depth, level = 0, [value]
    while level := [v for v in level if isinstance(v, (dict, list))]:
        depth += 1
        if depth > limit:
            return True
        level = [v for node in level for v in (node.values() if isinstance(node, dict) else node)]
    return False


def _whole_characters(text: str, value: Any) -> bool:
    if text.isascii() and not _HALF.search(text):
        return True
    try:
        values.dump(value)
    except UnicodeEncodeError:
        return False
    return True


def _explain(problem: str, char: str, before: str) -> tuple[str, str]:  # noqa: PLR0911 - a table
    """What the decoder's problem means, and what to do."""
    if problem.startswith("Unterminated string"):
        return "this quote is never closed", "close it on the same line; a line break inside is written \\n"
    if char == "'":
        return "JSON has no single quotes", "use double quotes"
    if char in "/#" and char:
        return "JSON has no comments", "take the comment out, or name the file .yaml"
    if char in "]}" and char and before == ",":
        return f"a comma stands before the closing '{char}'", "take the comma out"
    if not char:
        return "the text ends too early", "a bracket or brace is not closed"
    if problem.startswith("Invalid control character"):
        return "a raw control character in a text", "write it escaped: \\n, \\t, \\u0007"
    if "escape" in problem:
        return "unknown escape in a text", "write \\\\ for a backslash"
    return f"not JSON: {problem[0].lower()}{problem[1:]}", ""
