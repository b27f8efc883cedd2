"""A YAML text as parts that forget nothing: values as they were written, comments by what they are about.

Built from the events of the parser that reads every manifest, so that what is a manifest for `apply` is one
here. Between two values there are only indicators, blanks and comments; a comment on a line of its own
belongs to what follows, or to the end of the collection whose indentation it shares, and one at the end of
a line to what stands on that line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMMENT = re.compile(r"""(?<![^\s,\[\]{}:"'?-])#.*""")
_BLANK_LINES = re.compile(r"(?:\n *)+\Z")
_AT_LINE_END = re.compile(r"[ \t]*,?[ \t]*(#[^\n]*)")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]*)*")


class Comment(NamedTuple):
    """A comment on a line of its own: its text from the `#`, its column from 0, if a blank line is above."""

    text: str
    column: int
    blank: bool


class Node:
    """A value as it was written.

    `raw` is the text of a scalar or an alias, anchor and tag included; `properties` are a collection's.
    `style` is that of a scalar, "*" of an alias, "{" and "[" of collections. `value` is the text of a scalar
    as the parser understands it. `opening` is a comment behind the bracket of a flow collection, `tail` those
    after its last entry.
    """

    __slots__ = ("entries", "flow", "opening", "properties", "raw", "style", "tail", "value")

    def __init__(self, style: str, *, raw: str = "", value: str = "", properties: str = "") -> None:
        self.style = style
        self.raw = raw
        self.value = value
        self.properties = properties
        self.flow = False
        self.opening = ""
        self.entries: list[Entry] = []
        self.tail: list[Comment] = []

    @property
    def is_collection(self) -> bool:
        """Whether it is a mapping or a sequence."""
        return self.style in {"{", "["}


class Entry:
    """One entry of a collection, or the root of a document; `key` is None but in mappings.

    `leading` are the comments above it, `blank` says that a blank line is between them and it; `head` is the
    comment on the line of its key or dash, before a value that begins below; `eol` the one behind its value.
    """

    __slots__ = ("blank", "eol", "head", "key", "leading", "value")

    def __init__(self, key: Node | None, leading: list[Comment], *, blank: bool) -> None:
        self.key = key
        self.leading = leading
        self.blank = blank
        self.head = ""
        self.eol = ""
        self.value = Node("")


class Page:
    """One document: what stands before its `---`, on that line, before its first value, after its last.

    `gap` says that a blank line parts the header from what it stands above.
    """

    __slots__ = ("above", "directives", "explicit", "gap", "head", "header", "root", "tail")

    def __init__(self) -> None:
        self.directives: list[str] = []
        self.explicit = False
        self.above: list[Comment] = []
        self.head = ""
        self.header: list[Comment] = []
        self.gap = False
        self.root = Entry(None, [], blank=False)
        self.tail: list[Comment] = []


def read(text: str, parse: Callable[[str], Callable[[], Any]]) -> tuple[list[Page], list[Comment]]:
    """The documents of a text, and the comments after the last of them.

    Raises yaml.YAMLError and ValueError for a text that `yamldoc` would not read either.
    """
    reader = _Reader(text, parse(text))
    return list(reader.pages()), reader.pending


class _Reader:
    """Walks over the events and looks at what lies between them."""

    def __init__(self, text: str, get: Callable[[], Any]) -> None:
        self._text = text
        self._get = get
        self._at = 0
        self._event: Any = None
        self._blank = False
        self._inline: list[str] = []
        self._passed, self._held = 0, False
        """The comments and the blank line that were pending when the last comment at a line's end was met."""
        self.pending: list[Comment] = []

    def pages(self) -> Iterator[Page]:
        """The documents, one after the other."""
        self._next()  # the stream begins
        self._next()
        while self._event.__class__ is not StreamEndEvent:
            yield self._page()
            self._next()

    def _page(self) -> Page:
        page = Page()
        event = self._event
        page.explicit = event.explicit
        if event.explicit:
            page.above = self._comments()
            self._directives(page, self._text[event.start_mark.index : event.end_mark.index])
            self._at = event.end_mark.index
        self._next()
        page.head = self._taken_inline()
        page.header = self._comments()
        page.gap = self._taken_blank()
        self._fill(page.root, column=-1)
        page.header += page.root.leading
        end = self._next()
        page.tail = self._comments()
        if end.explicit:
            self._at = end.end_mark.index
        return page

    def _directives(self, page: Page, text: str) -> None:
        for line in text.splitlines()[:-1]:
            if line.startswith("%"):
                page.directives.append(line.rstrip())
            elif line.lstrip().startswith("#"):
                page.above.append(Comment(line.strip(), 0, blank=False))

    def _next(self) -> Any:
        """The next event, once what lies before it has been looked at."""
        self._event = event = self._get()
        start = event.start_mark.index
        if event.__class__ is DocumentStartEvent and not event.explicit:
            return event  # it stands where its first value does, or nowhere
        if start > self._at:
            self._look(start)
        return event

    def _look(self, end: int) -> None:
        """Take note of the comments and blank lines from where we are up to `end`."""
        began = self._text.rfind("\n", 0, self._at) + 1
        fresh = not self._text[began : self._at].strip()
        lines = self._text[self._at : end].split("\n")
        for number, line in enumerate(lines):
            if found := _COMMENT.search(line):
                before = line[: found.start()]
                comment = found[0].rstrip()
                if before.strip() or not (number or fresh):
                    self._inline.append(comment)
                    self._passed, self._held, self._blank = len(self.pending), self._blank, False
                else:
                    column = found.start() + (0 if number else self._at - began)
                    self.pending.append(Comment(comment, column, self._blank))
                    self._blank = False
            elif (number or fresh) and number < len(lines) - 1 and not line.strip():
                self._blank = True
        self._at = end

    def _fill(self, entry: Entry, *, column: int) -> None:
        """Read the value of an entry, of which the event is there already."""
        event = self._event
        if event.__class__ in {MappingStartEvent, SequenceStartEvent}:
            entry.value = self._collection(column)
            if not entry.value.flow:
                return
        else:
            entry.value = self._leaf()
        self._blank = False
        if found := _AT_LINE_END.match(self._text, self._at):
            entry.eol = found[1].rstrip()
            self._at = found.end()
        _gather(entry)

    def _leaf(self) -> Node:
        """A scalar or an alias."""
        event = self._event
        start, end = event.start_mark.index, event.end_mark.index
        if event.__class__ is AliasEvent:
            self._at = end
            return Node("*", raw=self._text[start:end])
        raw = self._text[start:end]
        if event.style in {"|", ">"} and "+" not in raw.partition("\n")[0].partition("#")[0]:
            last = event.value.rstrip("\n").rpartition("\n")[2]
            if not last or last.strip(" "):  # a last line of nothing but blanks is part of the text
                raw = _BLANK_LINES.sub("", raw)
            end = start + len(raw)
        self._at = end
        return Node(event.style or "", raw=raw, value=event.value)

    def _collection(self, column: int) -> Node:
        event = self._event
        mapping = event.__class__ is MappingStartEvent
        start = event.start_mark.index
        found = _PROPERTIES.match(self._text, start)
        properties = found[0] if found else ""
        node = Node("{" if mapping else "[", properties=properties.strip())
        node.flow = event.flow_style
        self._at = start + len(properties)
        if node.flow:
            self._at += self._text[self._at] in "{["  # the pair in `[a: 1]` has no bracket of its own
            if comment := _AT_LINE_END.match(self._text, self._at):
                node.opening = comment[1].rstrip()
                self._at = comment.end()
        else:
            column = max(self._column_of(event), column + 1)
        self._entries(node, column, mapping=mapping)
        return node

    def _entries(self, node: Node, column: int, *, mapping: bool) -> None:
        last = MappingEndEvent if mapping else SequenceEndEvent
        while self._next().__class__ is not last:
            entry = self._keyed() if mapping else self._item()
            self._fill(entry, column=column)
            node.entries.append(entry)
        if node.flow:
            self._at = self._event.end_mark.index
            node.tail = self._comments()
        else:
            node.tail = self._tail(column)

    def _item(self) -> Entry:
        """An entry of a sequence, the event of its value there.

        A comment between the dash and what it begins goes above the dash, unless the dash has one of its own.
        """
        above = self._comments()
        below: list[Comment] = []
        if self._inline and _is_block(self._event):
            above, below = above[: self._passed], above[self._passed :]
        entry = Entry(None, above, blank=self._held if self._inline else self._taken_blank())
        entry.head = self._taken_inline()
        self.pending += below
        return entry

    def _keyed(self) -> Entry:
        """An entry of a mapping, its key read and the event of its value there."""
        if self._event.__class__ in {MappingStartEvent, SequenceStartEvent}:
            message = "a key is no text"
            raise ValueError(message)
        above, blank = self._comments(), self._taken_blank()
        entry = Entry(self._leaf(), above, blank=blank)
        entry.leading += [Comment(text, 0, blank=False) for text in self._inline]
        self._inline.clear()
        event = self._next()
        entry.head = self._taken_inline()
        if not _is_block(event):
            entry.leading += self._comments()
        return entry

    def _tail(self, column: int) -> list[Comment]:
        """The comments at the end of a block collection: indented as it is, and not as what follows it."""
        following = self._following()
        count = 0
        for comment in self.pending:
            if comment.column < column or comment.column <= following:
                break
            count += 1
        tail, self.pending = self.pending[:count], self.pending[count:]
        return tail

    def _following(self) -> int:
        """The column of what follows a block collection; -1 if that is no part of the document."""
        at = self._event.start_mark.index
        column = self._event.start_mark.column
        if at >= len(self._text) or (column == 0 and self._text.startswith(("---", "..."), at)):
            return -1
        return int(column)

    def _column_of(self, event: Any) -> int:
        """The column of the first key or dash of a block collection."""
        at = event.end_mark.index
        if event.__class__ is SequenceStartEvent and self._text[at : at + 1] != "-":
            at -= 1  # a sequence that is not indented: its first event has its dash in it
        return int(at - self._text.rfind("\n", 0, at) - 1)

    def _comments(self) -> list[Comment]:
        found, self.pending = self.pending, []
        return found

    def _taken_inline(self) -> str:
        """The comment on the present line; a second one, between an anchor and its value, goes above."""
        if not self._inline:
            return ""
        first, *others = self._inline
        self.pending = [*(Comment(text, 0, blank=False) for text in others), *self.pending]
        self._inline.clear()
        return first

    def _taken_blank(self) -> bool:
        blank, self._blank = self._blank, False
        return blank


def _gather(entry: Entry) -> None:
    """Leave one comment on the line of a value that may be written on one line; others go above it."""
    node = entry.value
    said = [comment for comment in (entry.head, node.opening, entry.eol) if comment]
    if node.style in {"|", ">"}:
        if entry.head and "#" in node.raw.partition("\n")[0]:
            entry.leading.append(Comment(entry.head, 0, blank=False))
            entry.head = ""
        return
    if node.is_collection and not node.entries:
        entry.leading += node.tail
        node.tail = []
    for comment in said[1:]:
        entry.leading.append(Comment(comment, 0, entry.blank))
        entry.blank = False
    entry.head, node.opening, entry.eol = "", "", said[0] if said else ""


def _is_block(event: Any) -> bool:
    """Whether a block collection begins here."""
    return event.__class__ in {MappingStartEvent, SequenceStartEvent} and not event.flow_style
