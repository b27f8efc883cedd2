"""YAML text to documents: the fast path for all of them, the careful one for each that it stops at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from yaml.error import YAMLError

from mastractl.errors import ManifestError
from mastractl.manifests import faults, streams
from mastractl.manifests.compose import Composer
from mastractl.manifests.documents import Document, Span
from mastractl.manifests.jsontext import JsonReader
from mastractl.manifests.parsers import next_event

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.manifests.limits import Limits
    from mastractl.manifests.parsers import Backend


class YamlReader:
    """Reads the documents of one source, numbering them from `index`."""

    def __init__(self, source: str, order: int, *, limits: Limits, backend: Backend = "") -> None:
        self.index = 0
        self._source = source
        self._order = order
        self._limits = limits
        self._composer = Composer(limits)
        self._parse = partial(next_event, backend=backend) if backend else next_event

    def read(self, batch: streams.Batch) -> Iterator[Document | Diagnostic]:
        """The documents of a batch, and what is wrong with those that are none."""
        if batch.too_large:
            self.index += 1
            yield self._too_large(batch.text, batch.first_line)
        else:
            yield from self._documents(batch.text, batch.first_line)

    def _documents(self, text: str, line: int) -> Iterator[Document | Diagnostic]:
        done, stop = yield from self._quickly(text, line)
        if stop is not None:
            line += text.count("\n", 0, done)
            for part, before in streams.split(text[done:]):
                yield from self._alone(part, line + before)

    def _alone(self, text: str, line: int) -> Iterator[Document | Diagnostic]:
        """What is to be read as one document, or what is wrong with it."""
        _, stop = yield from self._quickly(text, line)
        if stop is None:
            return
        if text.removeprefix("---").lstrip()[:1] == "{" and (documents := self._as_json(text, line)):
            yield from documents
        else:
            self.index += 1
            document = Document(text, line, self._parse, self._source, self._order, self.index)
            yield from faults.inspect(document, depth=self._limits.depth, stop=stop)

    def _quickly(
        self, text: str, line: int
    ) -> Generator[Document | Diagnostic, None, tuple[int, Exception | None]]:
        """The documents up to the first fault; returns where the last of them ended, and the fault."""
        done = 0
        parse, source, order, small = self._parse, self._source, self._order, self._limits.size // 4
        try:
            for value, start, end, ambiguous in self._composer.documents(parse(text)):
                done = end.index
                self.index += 1
                own, first = text[start.index - start.column : done], line + start.line
                if len(own) > small and streams.larger(own, self._limits.bytes_of(own)):
                    yield self._too_large(own, first)
                else:
                    yield Document(own, first, parse, source, order, self.index, value, ambiguous=ambiguous)
        except (YAMLError, ManifestError, ValueError) as error:
            return done, error
        return done, None

    def _as_json(self, text: str, line: int) -> list[Document | Diagnostic]:
        """The documents of a text that is JSON but no YAML, as with surrogate pairs; none if it is not."""
        given = streams.of_text(text.replace("---", "   ", 1) if text.startswith("---") else text)
        reader = JsonReader(self._source, self._order, limits=self._limits, strict=False)
        reader.index, reader.line = self.index, line
        documents = list(reader.read(given))
        if given.read().strip():
            return []
        self.index = reader.index
        return documents

    def _too_large(self, text: str, line: int) -> Diagnostic:
        document = Document(text[:4096], line, self._parse, self._source, self._order, self.index)
        message = f"a document may not be larger than {self._limits.bytes_of(text) / 2**20:g} MiB"
        start = _first_line_of_content(text)
        span = Span(start + 1, 1, len(document.line(start + 1)) + 1)
        return document.note("MA004", message, span=span, hint="split it with lines of `---`")


def _first_line_of_content(text: str) -> int:
    lines = text[:4096].split("\n")
    return next((n for n, line in enumerate(lines) if line.strip() and not line.startswith(("#", "---"))), 0)
