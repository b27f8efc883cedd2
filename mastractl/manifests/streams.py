"""Bytes to text, and text to batches of whole documents, in memory that does not grow with the stream.

A line that starts with `---` ends a document in YAML wherever it stands, in quotes and block texts too, so
a stream can be cut there without being parsed: a broken document cannot swallow the next, and one that is
too large is refused before a parser sees it.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.manifests.limits import Limits

PIECE = 32 * 1024
"""How many bytes are read at a time, and about how much text is parsed at a time (best of 4k to 256k)."""

_MARK = re.compile(r"\n---(?=[ \t\n])")
_MARK_OR_END = re.compile(r"^(?=---[ \t\n])|^\.\.\.(?:[ \t][^\n]*)?\n", re.MULTILINE)
_PROLOGUE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n|%[^\n]*\n|\.\.\.[^\n]*\n)*\Z")
_NOTHING = re.compile(r"(?:[ \t]*(?:#[^\n]*)?(?:\n|\Z)|\.\.\.[^\n]*(?:\n|\Z))*\Z")
_BYTE_ORDER_MARKS = re.compile("^\\ufeff+", re.MULTILINE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Readable(Protocol):
    """What a source is read from: binary files, pipes, `io.BytesIO`."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        ...


class Text:
    """The text of a binary stream in pieces, with line ends of one character and no byte order mark.

    UTF-8 unless a mark says UTF-16. Bytes that are no text become lone surrogates (U+DC80 to U+DCFF), which
    the parser refuses at their place.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._decoder: io.IncrementalNewlineDecoder | None = None
        self._back = ""

    def read(self) -> str:
        """The next piece, "" at the end."""
        if self._back:
            text, self._back = self._back, ""
            return text
        while True:
            data = self._stream.read(PIECE)
            if self._decoder is None:
                data = self._start(data)
            text = self._decoded(data)
            if text or not data:
                return text

    def push_back(self, text: str) -> None:
        """Let the next `read` begin with this text."""
        self._back = text + self._back

    def _start(self, data: bytes) -> bytes:
        while 0 < len(data) < 4 and (more := self._stream.read(4 - len(data))):
            data += more
        mark, encoding = next(((m, e) for m, e in _BOMS if data.startswith(m)), (b"", "utf-8"))
        errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
        self._decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder(encoding)(errors), translate=True
        )
        return data[len(mark) :] or self._stream.read(PIECE)

    def _decoded(self, data: bytes) -> str:
        if self._decoder is None:  # pragma: no cover - _start has set it
            return ""
        try:
            return self._decoder.decode(data, final=not data)
        except UnicodeDecodeError:  # UTF-16 that ends in the middle of a character
            self._decoder.reset()
            return "\udfff"


def of_text(text: str) -> Text:
    """A whole text as a stream of pieces."""
    return _Given(text)


class _Given(Text):
    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO())
        self._given = io.StringIO(text.removeprefix("\ufeff"), newline=None)

    def read(self) -> str:
        if self._back:
            return super().read()
        return self._given.read(PIECE)


class Batch(NamedTuple):
    """Whole documents and the line on which they start; `too_large` ones come alone and without their end."""

    text: str
    first_line: int
    too_large: bool = False


def batches(stream: Text, *, limits: Limits, first_line: int = 1) -> Iterator[Batch]:
    """The documents of a stream, some at a time. One that is larger than it may be is not read out."""
    text, line = "", first_line
    while piece := stream.read():
        seen = max(0, len(text) - 4)
        text += piece
        cut = _last_cut(text, seen)
        if cut:
            yield Batch(_unmarked(text[:cut]), line)
            line += text.count("\n", 0, cut)
            text = text[cut:]
        elif larger(text, limits.size) and larger(text, limits.bytes_of(text)):
            yield Batch(text[:4096], line, too_large=True)
            line, text = _skip(stream, text, line)
    if text:
        yield Batch(_unmarked(text), line)


def larger(text: str, size: int) -> bool:
    """Whether a text takes more than `size` bytes in UTF-8."""
    if len(text) > size or text.isascii() or len(text) * 4 <= size:
        return len(text) > size
    return len(text.encode(errors="surrogatepass")) > size


def split(text: str) -> Iterator[tuple[str, int]]:
    """The documents of a batch one by one, each with the number of lines before it."""
    start = line = seen = 0
    empty = True  # whether there is no document yet between start and seen
    for found in _MARK_OR_END.finditer(text):
        end = found.end()
        empty = empty and _PROLOGUE.match(text, seen, end) is not None
        seen = end
        if not empty:
            yield text[start:end], line
            line += text.count("\n", start, end)
            start, empty = end, True
    if not _NOTHING.match(text, start):
        yield text[start:], line


def _last_cut(text: str, seen: int) -> int:
    """Where the last document of a text starts, looking no further back than `seen`; 0 if it is the first."""
    at = len(text)
    while (at := text.rfind("\n---", seen, at)) >= 0:
        if text[at + 4 : at + 5] in ("\n", " ", "\t") and not _after_directive(text, at):
            return at + 1
    return 0


def _after_directive(text: str, end: int) -> bool:
    """Whether the last line before `end` that says something is a directive: it belongs to what follows."""
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end].strip()
        if line and not line.startswith("#"):
            return text.startswith("%", start)
        end = start - 1
    return False


def _skip(stream: Text, text: str, line: int) -> tuple[int, str]:
    """Read on to the next document start; returns its line and the text from there ("" at the end)."""
    while True:
        found = _MARK.search(text)
        if found:
            return line + text.count("\n", 0, found.start() + 1), text[found.start() + 1 :]
        keep = text[-4:]
        line += text.count("\n", 0, len(text) - len(keep))
        piece = stream.read()
        if not piece:
            return line, ""
        text = keep + piece


def _unmarked(text: str) -> str:
    """Without the byte order marks that concatenated files leave at the start of lines."""
    return _BYTE_ORDER_MARKS.sub("", text) if "\ufeff" in text else text
