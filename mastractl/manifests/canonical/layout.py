"""Parts of a text to lines: two blanks a level, items below their key, one blank line where there were some.

A flow collection stays one while it has no comments in it and fits on its line; else it becomes a block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.manifests.canonical import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mastractl.manifests.canonical.order import Shape
    from mastractl.manifests.canonical.parts import Comment, Entry, Node, Page

WIDTH = 100
"""How wide a line with a flow collection may be."""


def lay_out(pages: Sequence[Page], after: Sequence[Comment], shape_of: Callable[[Node], Shape]) -> str:
    """The text of some documents and of the comments after them.

    `shape_of` gives the shape of a document by its root. ValueError for what has no canonical form.
    """
    lines = _Lines()
    for page in pages:
        if not _empty(page):
            lines.page(page, shape_of)
    lines.comments(after, 0)
    return "".join(f"{line}\n" for line in lines.out)


def _empty(page: Page) -> bool:
    """Whether a document holds nothing, not even a comment."""
    said = page.above or page.head or page.header or page.tail or page.directives or page.root.eol
    return not said and page.root.value.raw == "" and not page.root.value.is_collection


class _Lines:
    """The lines so far."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._started = False

    def page(self, page: Page, shape_of: Callable[[Node], Shape]) -> None:
        """A document, with the line before it that it needs."""
        root = page.root.value
        if page.directives and self._started:
            self.out.append("...")
        self.comments(page.above, 0)
        self.out += page.directives
        if self._started or page.directives or page.head or page.above or root.properties:
            self.out.append(_joined("---", root.properties, page.head))
        self._started = True
        first = len(self.out)
        self.comments(page.header, 0, first=first)
        if page.gap and page.header:
            self.out.append("")
        self._root(page.root, shape_of(root))
        self.comments(page.tail, 0, first=first)

    def _root(self, entry: Entry, shape: Shape) -> None:
        root = entry.value
        if root.entries:
            if entry.eol:
                self.out.append(entry.eol)
            self._collection(root, 0, shape, len(self.out))
        elif root.style in {"|", ">"}:
            self._block_text("", root, 2)
        else:
            self._text("", _EMPTY.get(root.style) or words.value(root), entry.eol, 2)

    def comments(self, comments: Iterable[Comment], indent: int, *, first: int = 0) -> None:
        """Comments on lines of their own; no blank line at the line `first`, where something begins."""
        for comment in comments:
            if comment.blank and len(self.out) > first:
                self.out.append("")
            self.out.append(" " * indent + comment.text)

    def _collection(self, node: Node, indent: int, shape: Shape, first: int) -> None:
        """The entries of a collection that is not empty; `first` is the line on which it begins."""
        for entry in _in_order(node, shape):
            self.comments(entry.leading, indent, first=first)
            if entry.blank and len(self.out) > first:
                self.out.append("")
            if entry.key is None:
                self._value(" " * indent + "-", entry, indent, shape.below(""))
            else:
                lead = f"{'':{indent}}{words.key(entry.key)}:"
                self._value(lead, entry, indent, shape.below(entry.key.value))
        self.comments(node.tail, indent)

    def _value(self, lead: str, entry: Entry, indent: int, shape: Shape) -> None:
        """An entry: its key or dash, which is `lead`, and its value."""
        node = entry.value
        if node.style in {"|", ">"}:
            self._block_text(lead, node, indent + 2, comment=entry.head)
        elif not node.is_collection:
            self._text(lead, words.value(node), entry.eol, indent + 2)
        elif (text := _on_one_line(node, shape)) is not None and _fits(lead, text, node):
            self._text(lead, text, entry.eol, indent + 2)
        else:
            self._block(lead, entry, indent, shape)

    def _block(self, lead: str, entry: Entry, indent: int, shape: Shape) -> None:
        """A collection below its key, or beginning on the line of its dash."""
        node = entry.value
        head = entry.head or entry.eol
        start = len(self.out)
        if entry.key is not None or head or node.properties:
            self.out.append(_joined(lead, node.properties, head))
            self._collection(node, indent + 2, shape, start + 1)
            return
        self._collection(node, indent + 2, shape, start)
        first = next(at for at in range(start, len(self.out)) if self.out[at].strip()[:1] not in {"", "#"})
        self.out[start:first] = [line[2:] for line in self.out[start:first]]
        self.out[first] = f"{lead} {self.out[first][indent + 2 :]}"

    def _text(self, lead: str, text: str, comment: str, indent: int) -> None:
        """A text of one line or more behind its lead."""
        first, *others = text.split("\n")
        lines = [_joined(lead, first.rstrip() if others and text[:1] not in "'\"" else first, "")]
        for line in others:
            stripped = line.lstrip(" \t")
            lines.append(" " * indent + stripped if stripped else "")
        if comment:
            lines[-1] = f"{lines[-1]}  {comment}" if lines[-1] else comment
        self.out += lines

    def _block_text(self, lead: str, node: Node, indent: int, *, comment: str = "") -> None:
        """A block text: its header, then its lines at their new indentation."""
        header, _, body = node.raw.partition("\n")
        before, mark, behind = header.partition("#")
        properties, style = _split_header(before.strip())
        lines = _dedented(body, node)
        explicit = bool(lines) and any(line.strip(" ") for line in lines) and lines[0].startswith(" ")
        chomping = "+" if "+" in style else "-" if "-" in style else ""
        if node.value and not node.value.endswith("\n"):
            chomping = "-"  # it may be the end of the file that has no newline, not the style that drops it
        style = style[0] + "2" * explicit + chomping
        self.out.append(_joined(lead, f"{properties} {style}".strip(), comment or (mark + behind).rstrip()))
        self.out += [" " * indent + line if line else "" for line in lines]


_EMPTY = {"{": "{}", "[": "[]"}


def _in_order(node: Node, shape: Shape) -> list[Entry]:
    """The entries in the order of the shape."""
    if node.style == "[" or not shape.keys:
        return node.entries
    return [node.entries[at] for at in shape.places(e.key.value if e.key else "" for e in node.entries)]


def _on_one_line(node: Node, shape: Shape) -> str | None:
    """A flow collection on one line; None for what cannot stand on one, or has comments in it."""
    if not node.is_collection:
        if node.style in {"|", ">"} or "\n" in node.raw:
            return None
        word = words.value(node)
        return word if word or node.style else "null"
    if node.entries and not node.flow:
        return None
    if node.opening or node.tail:
        return None
    parts = []
    for entry in _in_order(node, shape):
        text = _on_one_line(entry.value, shape.below(entry.key.value if entry.key else ""))
        if text is None or entry.leading or entry.head or entry.eol:
            return None
        parts.append(f"{words.key(entry.key)}: {text}" if entry.key is not None else text)
    brackets = _EMPTY[node.style]
    inside = f"{brackets[0]}{', '.join(parts)}{brackets[1]}"
    return f"{node.properties} {inside}" if node.properties else inside


def _fits(lead: str, text: str, node: Node) -> bool:
    return not node.entries or len(lead) + 1 + len(text) <= WIDTH


def _split_header(header: str) -> tuple[str, str]:
    """The anchor and tag of a block text, and its style with the marks behind it."""
    properties, _, style = header.rpartition(" ")
    return properties.strip(), style


def _dedented(body: str, node: Node) -> list[str]:
    """The lines of a block text without their indentation; blank ones at the end only if they count."""
    first = next((line for line in body.split("\n") if line.strip(" ")), "")
    meant = next((line for line in node.value.split("\n") if line.strip(" ")), "")
    depth = len(first) - len(first.lstrip(" ")) - (len(meant) - len(meant.lstrip(" ")))
    lines = [line[depth:] for line in body.removesuffix("\n").split("\n")] if body else []
    if "+" not in node.raw.partition("\n")[0].partition("#")[0]:
        while lines and not lines[-1]:
            lines.pop()
    return lines


def _joined(lead: str, text: str, comment: str) -> str:
    line = f"{lead} {text}" if lead and text else lead or text
    if comment:
        line = f"{line}  {comment}" if line else comment
    return line
