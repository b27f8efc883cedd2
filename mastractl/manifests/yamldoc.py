"""YAML and JSON texts to documents: JSON values, each with its place in the text.

What is promised: values are plain JSON (text keys, YAML 1.2 core scalars, numbers of 64 bits); a fault in
one document is found with line and column and hides nothing in the others; memory does not grow with the
text; no input crashes or stalls the reader. Rules: `scalars`, `tags`, `limits`.

Three readers share the work: JSON has its own, plain YAML is read quickly (`plainblock`), and the rest by
PyYAML (`reader`), which is imported when it is first needed.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from mastractl.manifests import plainblock, streams
from mastractl.manifests.documents import Document
from mastractl.manifests.jsontext import JsonReader
from mastractl.manifests.limits import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from mastractl.errors import FieldPath
    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.manifests.documents import Span
    from mastractl.manifests.limits import Limits
    from mastractl.manifests.parsers import Backend
    from mastractl.manifests.reader import YamlReader


def scan(
    stream: streams.Readable | str | bytes,
    *,
    source: str = "",
    order: int = 0,
    json: bool = False,
    limits: Limits = DEFAULT,
    backend: Backend = "",
) -> Iterator[Document | Diagnostic]:
    """Every document of a stream, and in its place what is wrong with each that cannot be read.

    `source` and `order` are noted in the findings. `json` says that the text is JSON and nothing else; a
    text that starts with `{` is tried as JSON in any case. Never raises for what the text holds; reading
    the stream may raise OSError.
    """
    text = _text(stream)
    first = text.read()
    text.push_back(first)
    index, line = 0, 1
    if json or first.lstrip()[:1] == "{":
        reader = JsonReader(source, order, limits=limits, strict=json)
        yield from reader.read(text)
        index, line = reader.index, reader.line
        if json:
            return
    first = text.read()
    if not first:
        return
    text.push_back(first)
    yaml = _Yaml(source, order, limits=limits, backend=backend)
    yaml.index = index
    for batch in streams.batches(text, limits=limits, first_line=line):
        yield from yaml.read(batch)


class _Yaml:
    """Reads batches of YAML: quickly as far as it is plain, and from there on carefully.

    `index` counts the documents. A parser that is asked for by name reads all of it.
    """

    def __init__(self, source: str, order: int, *, limits: Limits, backend: Backend) -> None:
        self.index = 0
        self._source = source
        self._order = order
        self._limits = limits
        self._backend: Backend = backend
        self._plain = None if backend else plainblock.PlainReader()
        self._careful: YamlReader | None = None

    def read(self, batch: streams.Batch) -> Iterator[Document | Diagnostic]:
        """The documents of a batch, and what is wrong with those that are none."""
        if self._plain is not None and not batch.too_large:
            done = yield from self._quickly(self._plain, batch)
            if done == len(batch.text):
                return
            line = batch.first_line + batch.text.count("\n", 0, done)
            batch = streams.Batch(batch.text[done:], line)
        reader = self._reader()
        reader.index = self.index
        yield from reader.read(batch)
        self.index = reader.index

    def _quickly(self, plain: plainblock.PlainReader, batch: streams.Batch) -> Generator[Document, None, int]:
        """The documents up to the first that is not plain; returns where the last of them ended."""
        text, line, small = batch.text, batch.first_line, self._limits.size // 4
        for start, content, end in plainblock.parts(text):
            value = plain.read(text[content:end]) if end - start <= small else None
            if value is None:
                return start
            self.index += 1
            begin = start if content > start else plainblock.first_word(text)
            own = text[begin:end]
            first = line + text.count("\n", start, begin) if begin > start else line
            yield Document(own, first, _events, self._source, self._order, self.index, value)
            line += text.count("\n", start, end)
        return len(text)

    def _reader(self) -> YamlReader:
        if self._careful is None:
            from mastractl.manifests.reader import YamlReader  # noqa: PLC0415 - yaml: +18 ms

            self._careful = YamlReader(self._source, self._order, limits=self._limits, backend=self._backend)
        return self._careful


def _events(text: str) -> Callable[[], Any]:
    """`parsers.next_event`, for what is only parsed if there is something to say about it."""
    from mastractl.manifests.parsers import next_event  # noqa: PLC0415 - yaml: +18 ms

    return next_event(text)


def load(
    text: str | bytes,
    *,
    source: str = "",
    json: bool = False,
    limits: Limits = DEFAULT,
    backend: Backend = "",
) -> Iterator[Document]:
    """Every document of a text. Raises ManifestError, with line and column, at the first that is none."""
    for found in scan(text, source=source, json=json, limits=limits, backend=backend):
        if not isinstance(found, Document):
            raise found.to_error()
        yield found


def load_one(text: str | bytes, *, source: str = "") -> Any:
    """The value of a text that holds one document, None if it holds none: configuration files.

    Raises ManifestError where the text cannot be read or holds more than one document.
    """
    document = one(text, source=source)
    return None if document is None else document.value


def one(text: str | bytes, *, source: str = "") -> Document | None:
    """`load_one`, with the place of each of its fields."""
    documents = [d for d in load(text, source=source) if d.value is not None]
    if len(documents) > 1:
        raise documents[1].note("MA002", "only one document is expected here", span=None).to_error()
    return documents[0] if documents else None


def locate(document: Document, path: FieldPath, *, at_key: bool = False) -> Span:
    """Where a field of a document stands, in lines of `document.text`; see `locate.locate`."""
    from mastractl.manifests.locate import locate as find  # noqa: PLC0415 - yaml: +18 ms, for faults only

    return find(document, path, at_key=at_key)


def _text(stream: streams.Readable | str | bytes) -> streams.Text:
    if isinstance(stream, str):
        return streams.of_text(stream)
    return streams.Text(io.BytesIO(stream) if isinstance(stream, bytes) else stream)
