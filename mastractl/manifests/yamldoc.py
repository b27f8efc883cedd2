"""YAML and JSON texts to documents: JSON values, each with its place in the text.

What is promised: values are plain JSON (text keys, YAML 1.2 core scalars, numbers of 64 bits); a fault in
one document is found with line and column and hides nothing in the others; memory does not grow with the
text; no input crashes or stalls the reader. Rules: `scalars`, `tags`, `limits`.

PyYAML is imported when the first YAML arrives, so that JSON costs none of it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from mastractl.manifests import streams
from mastractl.manifests.documents import Document
from mastractl.manifests.jsontext import JsonReader
from mastractl.manifests.limits import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mastractl.errors import FieldPath
    from mastractl.manifests.diagnostics import Diagnostic
    from mastractl.manifests.documents import Span
    from mastractl.manifests.limits import Limits
    from mastractl.manifests.parsers import Backend


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
    from mastractl.manifests.reader import YamlReader  # noqa: PLC0415 - yaml: +18 ms

    yaml = YamlReader(source, order, limits=limits, backend=backend)
    yaml.index = index
    for batch in streams.batches(text, limits=limits, first_line=line):
        yield from yaml.read(batch)


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
    documents = [d for d in load(text, source=source) if d.value is not None]
    if len(documents) > 1:
        raise documents[1].note("MA002", "only one document is expected here", span=None).to_error()
    return documents[0].value if documents else None


def locate(document: Document, path: FieldPath, *, at_key: bool = False) -> Span:
    """Where a field of a document stands, in lines of `document.text`; see `locate.locate`."""
    from mastractl.manifests.locate import locate as find  # noqa: PLC0415 - yaml: +18 ms, for faults only

    return find(document, path, at_key=at_key)


def _text(stream: streams.Readable | str | bytes) -> streams.Text:
    if isinstance(stream, str):
        return streams.of_text(stream)
    return streams.Text(io.BytesIO(stream) if isinstance(stream, bytes) else stream)
