"""A text to its canonical form, held to what it says: the same values and comments, or no change at all."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import values
from mastractl.manifests import streams, yamldoc
from mastractl.manifests.canonical import order
from mastractl.manifests.diagnostics import ERROR, Diagnostic
from mastractl.manifests.documents import Document
from mastractl.manifests.jsontext import JsonReader
from mastractl.manifests.limits import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mastractl.manifests.canonical.order import Shape
    from mastractl.manifests.canonical.parts import Comment, Node, Page
    from mastractl.manifests.sources import Source

_BYTE_ORDER_MARKS = re.compile("^\ufeff+", re.MULTILINE)


class Formatted(NamedTuple):
    """A text before and after; `findings` are what is wrong with it, and then `after` is `before`.

    `manifests` says whether there is a document with an apiVersion and a kind in it.
    """

    before: str
    after: str
    findings: tuple[Diagnostic, ...] = ()
    manifests: bool = True


def reformat(source: Source) -> Formatted:
    """The canonical form of a source. Raises OSError where it cannot be read.

    Its text is UTF-8 without a byte order mark, its lines end in a newline. What is JSON stays JSON.
    """
    data = source.read()
    found = list(yamldoc.scan(data, source=source.name, order=source.order, json=source.json))
    before = data.decode(errors="surrogateescape")
    faults = tuple(d for d in found if isinstance(d, Diagnostic) and d.severity == ERROR)
    if faults:
        return Formatted(before, before, faults)
    documents = [d.value for d in found if isinstance(d, Document)]
    text = _text(data)
    if _is_json(text, strict=source.json):
        after: str | None = "".join(values.pretty(_sorted(value)) for value in documents)
    else:
        after = _canonical(text, documents)
    if after is None:
        finding = Diagnostic(
            code="MA008",
            message="there is no canonical form of this text that says the same",
            severity="warning",
            source=source.name,
            order=source.order,
        )
        return Formatted(before, before, (finding,))
    return Formatted(before, after, manifests=any(map(_is_manifest, documents)))


def _text(data: bytes) -> str:
    """The text of some bytes as the reader of manifests has it."""
    import io  # noqa: PLC0415 - as little as it is

    stream = streams.Text(io.BytesIO(data))
    pieces = []
    while piece := stream.read():
        pieces.append(piece)
    return _BYTE_ORDER_MARKS.sub("", "".join(pieces))


def _is_json(text: str, *, strict: bool) -> bool:
    """Whether a text is JSON from its start to its end."""
    if strict:
        return True
    if text.lstrip()[:1] not in {"{", "["}:
        return False
    given = streams.of_text(text)
    found = list(JsonReader("", 0, limits=DEFAULT, strict=False).read(given))
    return not given.read().strip() and all(isinstance(each, Document) for each in found) and bool(found)


def _canonical(text: str, documents: Sequence[Any]) -> str | None:
    """The canonical form of a YAML text; where a new order would change what it says, in the old order."""
    from yaml.error import YAMLError  # noqa: PLC0415 - as below

    from mastractl.manifests.canonical import parts  # noqa: PLC0415 - yaml: +18 ms
    from mastractl.manifests.canonical.layout import lay_out  # noqa: PLC0415
    from mastractl.manifests.parsers import next_event  # noqa: PLC0415

    try:
        pages, after = parts.read(text, next_event)
    except (YAMLError, ValueError):  # JSON with more behind it, which is no YAML as a whole
        return None
    said = (_meaning(documents), _comments(pages, after))
    shapes: tuple[Callable[[Node], Shape], ...] = (
        lambda root: order.document(_kind(root)),
        lambda _root: order.ANY,
    )
    for shape_of in shapes:
        try:
            laid_out = lay_out(pages, after, shape_of)
        except ValueError:
            return None
        again = list(yamldoc.scan(laid_out))
        if any(isinstance(each, Diagnostic) and each.severity == ERROR for each in again):
            continue
        meaning = _meaning([d.value for d in again if isinstance(d, Document)])
        if (meaning, _comments(*parts.read(laid_out, next_event))) == said:
            return laid_out
    return None


def _meaning(documents: Sequence[Any]) -> list[bytes]:
    """What documents say: their values, but not the order of keys. Empty documents say nothing."""
    return [values.canonical(value) for value in documents if value is not None]


def _comments(pages: Sequence[Page], after: Sequence[Comment]) -> Counter[str]:
    """All comments of a text, however often they stand in it."""
    found = Counter(comment.text for comment in after)
    for page in pages:
        found.update(c.text for c in (*page.above, *page.header, *page.tail))
        found.update(c for c in (page.head,) if c)
        found.update(_comments_of(page.root.value))
        found.update(c for c in (page.root.head, page.root.eol) if c)
    return found


def _comments_of(node: Node) -> Iterator[str]:
    header, mark, comment = node.raw.partition("\n")[0].partition("#")
    if mark and node.style in {"|", ">"} and header:
        yield mark + comment.rstrip()
    if node.opening:
        yield node.opening
    yield from (c.text for c in node.tail)
    for entry in node.entries:
        yield from (c.text for c in entry.leading)
        yield from (c for c in (entry.head, entry.eol) if c)
        yield from _comments_of(entry.value)


def _kind(root: Node) -> str:
    """The kind of a document, "" where it has none that is a text."""
    return next((e.value.value for e in root.entries if e.key is not None and e.key.value == "kind"), "")


def _is_manifest(value: Any) -> bool:
    return isinstance(value, dict) and "apiVersion" in value and "kind" in value


def _sorted(value: Any) -> Any:
    """A JSON document with its keys in order."""
    return _in_order(value, order.document(value["kind"])) if _is_manifest(value) else value


def _in_order(value: Any, shape: Shape) -> Any:
    if isinstance(value, list):
        return [_in_order(item, shape.below("")) for item in value]
    if not isinstance(value, dict) or shape is order.ANY:
        return value
    keys = list(value)
    return {keys[at]: _in_order(value[keys[at]], shape.below(keys[at])) for at in shape.places(keys)}
