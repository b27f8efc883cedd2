"""Path expressions: kubectl's JSONPath without the braces.

A library could do this, but `get` needs a path per column on every run and the one at hand costs 55 ms
to import, so the little grammar stands here. It knows what kubectl documents:

    .a.b   ['a.b']   [0]   [-1]   [0:2]   [::2]   [*]   []   .*   ..name   [0,2]   ['a','b.c']
    [?(@.type=="Ready")]   [?(@.retries>3)]   [?(@.error)]   $   @

and a backslash before a dot that belongs to a key; `[]` is the first item. Where kubectl stops with an
error it also takes `&&` and `||` in a filter, `[*]` over the values of an object, a slice that reaches past
the end, and an index that is not there (nothing, as a missing key). `['a.b']` is the key `a.b` where there
is one and otherwise, as with kubectl, the path `.a.b`. What is in neither grammar is an error that names
its column; nothing is guessed.
"""

from __future__ import annotations

import functools
import operator
import re
from typing import TYPE_CHECKING, Any, NoReturn

from mastractl import errors
from mastractl.resources import paths
from mastractl.resources.paths import Path, Segment

if TYPE_CHECKING:
    from mastractl.resources.paths import Test

_MAX_DEPTH = 32
"""Filters within filters: a person writes two."""

_NUMBER = r"[+-]?[0-9]{1,300}(?:\.[0-9]{1,300})?(?:[eE][+-]?[0-9]{1,3})?"
_PLAIN_LITERAL = r"(?:true|false|[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)(?=[ \t\r\n}])"
_SPACE = " \t\r\n"
_STARTS = (".", "[", "$", "@")
_END_OF_NAME = frozenset(" \t\r\n.,[]$@{}")
_END_OF_NAME_IN_FILTER = _END_OF_NAME | frozenset("=!<>)&|~")
_COMPARISONS = (
    ("==", operator.eq),
    ("!=", operator.ne),
    ("<=", operator.le),
    (">=", operator.ge),
    ("<", operator.lt),
    (">", operator.gt),
)
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"} | {
    c: c for c in "\\'\""
}
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


@functools.lru_cache(maxsize=512)
def compile_path(text: str) -> Path:
    """The path of an expression such as `.spec.model.name`, `$.a` or `['a'][0]`.

    Raises BadRequest with the column of what it does not understand.
    """
    reader = Reader(text)
    reader.skip_space()
    if reader.peek() not in _STARTS:
        reader.fail("a path begins with a dot", hint=f"write .{text.strip()}" if text.strip() else "")
    path = reader.path()
    if reader.peek():
        reader.fail(f"unexpected {reader.peek()!r}")
    return path


def relaxed(text: str) -> Path:
    """The path of an expression as people type it: `a.b`, `.a.b`, `{a.b}` and `{.a.b}` are the same.

    This is how kubectl reads `--sort-by`, `--for=jsonpath=` and custom columns. Raises BadRequest.
    """
    bare = text.lstrip()  # a space at the end may be escaped, and the reader skips others
    if bare.startswith("{") and bare.rstrip().endswith("}"):
        bare = bare.rstrip()[1:-1].lstrip()
    return compile_path(bare if bare.startswith(_STARTS) or not bare else f".{bare}")


class Reader:
    """Reads paths out of a text, from a position on; templates read with it too."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self._end_of_name = _END_OF_NAME
        self._depth = 0

    def fail(self, problem: str, *, hint: str = "", at: int | None = None) -> NoReturn:
        """Raise the BadRequest for a problem at a position, by default the present one."""
        column = (self.position if at is None else at) + 1
        message = f"jsonpath {self.text!r}, column {column}: {problem}"
        raise errors.BadRequest(message, hint=hint)

    def peek(self) -> str:
        """The character that comes next, "" at the end."""
        return self.text[self.position : self.position + 1]

    def skip(self, word: str) -> bool:
        """Step over a word if it comes next; whether it did."""
        if not self.text.startswith(word, self.position):
            return False
        self.position += len(word)
        return True

    def skip_space(self) -> None:
        """Step over white space."""
        self.take_while(_SPACE)

    def take_while(self, characters: str) -> str:
        """Step over as many of these characters as come next, and give them back."""
        start = self.position
        while self.peek() and self.peek() in characters:
            self.position += 1
        return self.text[start : self.position]

    def path(self) -> Path:
        """The path that begins here, up to the first character that cannot belong to it.

        `$`, `@`, a dot alone or nothing at all is the document itself.
        """
        start = self.position
        _ = self.skip("$") or self.skip("@")
        segments: list[Segment] = []
        while True:
            self.skip_space()
            column = self.position + 1
            if self.skip(".."):
                segments.append(Segment(step=paths.descend))
                segments.extend(self._after_descent(column))
            elif self.skip("."):
                if not segments and self._at_end():
                    return Path(self.text[start : self.position].strip(), ())
                segments.append(self._name_or_star(column))
            elif self.skip("["):
                segments.append(self._bracket(column))
            else:
                return Path(self.text[start : self.position].strip(), tuple(segments))

    def _at_end(self) -> bool:
        """Whether nothing of a path can follow: the end of the text or of the action, or white space."""
        return not self.peek() or self.peek() in f"{_SPACE}}}"

    def _after_descent(self, column: int) -> list[Segment]:
        """The name or `*` after `..`; none if a bracket, a further dot or the end follows."""
        if self.text.startswith("..", self.position):
            self.fail("'..' cannot follow '..'")
        more = self.peek() and self.peek() not in self._end_of_name
        return [self._name_or_star(column)] if more else []

    def _name_or_star(self, column: int) -> Segment:
        """A field name, in which a backslash takes the next character as it is; or `*`."""
        start = self.position
        out: list[str] = []
        while self.peek() and self.peek() not in self._end_of_name:
            if self.skip("\\") and not self.peek():
                self.fail("nothing follows the backslash")
            out.append(self.peek())
            self.position += 1
        if self.text[start : self.position] == "*":
            return Segment(step=paths.children)
        if not out:
            self.fail("a field name is missing after the dot", hint="the whole document is @")
        name = "".join(out)
        return Segment(step=paths.field(name), missed=name, field=name, column=column)

    def _bracket(self, column: int) -> Segment:
        """What follows `[`, up to and with the `]`."""
        self.skip_space()
        if self.skip("?"):
            segment = Segment(step=paths.kept(self._filter()))
        else:
            elements = [self._element(column)]
            while self.skip(","):
                self.skip_space()
                elements.append(self._element(column))
            segment = elements[0]
            if len(elements) > 1:
                segment = Segment(step=paths.union([e.step for e in elements]))
        self.skip_space()
        if not self.skip("]"):
            self.fail(f"unexpected {self.peek()!r} before ']'" if self.peek() else "']' is missing")
        return segment

    def _element(self, column: int) -> Segment:
        """One element of a bracket: a quoted key, `*`, an index or a slice."""
        start = self.position
        if self._at_quote():
            segment = self._key(column)
        elif self.skip("*"):
            segment = Segment(step=paths.children)
        else:
            bounds = [self._integer()]
            while len(bounds) < 3 and self.skip(":"):
                self.skip_space()
                bounds.append(self._integer())
            segment = self._index_or_slice(bounds, start, column)
        self.skip_space()
        return segment

    def _index_or_slice(self, bounds: list[int | None], start: int, column: int) -> Segment:
        if len(bounds) > 1:
            if bounds[2:] and bounds[2] is not None and bounds[2] < 1:
                self.fail("the step of a slice must be above 0", at=start)
            return Segment(step=paths.items(slice(*bounds)))
        index = bounds[0]
        if index is None and self.peek() == "]":
            return Segment(step=paths.items(slice(0, 1)))
        if index is None:
            word = self.text[start:].partition("]")[0]
            hint = f"write ['{word}']" if word else ""
            self.fail(f"{word!r} is no index, slice or quoted key", hint=hint, at=start)
        return Segment(step=paths.item(index), missed=f"index {index}", column=column)

    def _integer(self) -> int | None:
        start = self.position
        _ = self.skip("-")
        digits = self.take_while("0123456789")
        if not digits:
            self.position = start
            return None
        if len(digits) > 18:
            self.fail("this index is too large", at=start)
        number = int(self.text[start : self.position])
        self.skip_space()
        return number

    def _key(self, column: int) -> Segment:
        """A quoted key: itself, or the path it spells if it has dots that no backslash guards."""
        raw = self._raw_quoted()
        key = _without_backslashes(raw)
        spelt = _spelt_path(raw)
        if spelt is None:
            return Segment(step=paths.field(key), missed=key, field=key, column=column)
        return Segment(step=paths.key_or_path(key, spelt), missed=key, column=column)

    def _at_quote(self) -> bool:
        return self.peek() == "'" or self.peek() == '"'

    def _raw_quoted(self) -> str:
        """What stands between the quotes, backslashes and all."""
        start, quote = self.position, self.peek()
        self.position += 1
        while self.peek() != quote:
            if not self.peek():
                self.fail(f"the closing {quote} is missing", at=start)
            self.position += 2 if self.peek() == "\\" else 1
        self.position += 1
        return self.text[start + 1 : self.position - 1]

    def literal(self) -> str | None:
        """The string literal that begins here, in either quote, with Go's escapes; None if none does."""
        if not self._at_quote():
            return None
        start = self.position + 1
        raw = self._raw_quoted()
        out: list[str] = []
        at = 0
        while at < len(raw):
            text, length = _escape(raw[at + 1 :]) if raw[at] == "\\" else (raw[at], 0)
            if not text:
                self.fail(f"unknown escape {raw[at : at + 2]}", at=start + at)
            out.append(text)
            at += 1 + length
        return "".join(out)

    def plain_literal(self) -> str | None:
        """The number or the truth value that begins here, as it is printed; None if none does."""
        match = re.compile(_PLAIN_LITERAL).match(self.text, self.position)  # `re` keeps it
        if match is None:
            return None
        self.position = match.end()
        word = match[0]
        return word if word in _WORDS else f"{float(word):.15g}" if "." in word else str(int(word))

    def _filter(self) -> Test:
        """After `[?`: `(` conditions `)`."""
        if not self.skip("("):
            self.fail("a filter stands in parentheses", hint='write [?(@.name=="x")]')
        if self._depth == _MAX_DEPTH:
            self.fail(f"filters are nested more than {_MAX_DEPTH} deep")
        before, self._end_of_name = self._end_of_name, _END_OF_NAME_IN_FILTER
        self._depth += 1
        test = self._any_of()
        if not self.skip(")"):
            self.fail(f"unexpected {self.peek()!r} in the filter" if self.peek() else "')' is missing")
        self._end_of_name = before
        self._depth -= 1
        return test

    def _any_of(self) -> Test:
        tests = [self._all_of()]
        while self.skip("||"):
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._condition()]
        while self.skip("&&"):
            tests.append(self._condition())
        return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)

    def _condition(self) -> Test:
        """A comparison, or a path that must lead somewhere."""
        self.skip_space()
        start = self.position
        left = self._operand()
        for sign, compare in _COMPARISONS:
            if self.skip(sign):
                where = f"jsonpath {self.text!r}, column {start + 1}"
                return paths.comparison(left=left, right=self._operand(), compare=compare, where=where)
        if self.peek() and self.peek() in "=~!":
            sign = self.text[self.position : self.position + 2].strip()
            self.fail(f"{sign!r} is no comparison", hint="compare with ==, !=, <, <=, > or >=")
        if not isinstance(left, Path):
            self.fail("a filter tests a field of the element: @.name", at=start)
        return lambda value: bool(left.find(value))

    def _operand(self) -> Path | tuple[Any]:
        """A path from the element, or the value of a literal; white space after it is skipped."""
        self.skip_space()
        text = self.literal()
        if text is not None:
            operand: Path | tuple[Any] = (text,)
        elif self.peek() == "@" or self.peek() == ".":
            operand = self.path()
        elif self.peek() == "$":
            self.fail("a filter sees only the element it tests", hint="use @ in place of $")
        else:
            operand = (self._word(),)
        self.skip_space()
        return operand

    def _word(self) -> bool | float | None:
        """A number, or true, false or null."""
        start = self.position
        while self.peek() and self.peek() not in " \t\r\n)]=!<>&|":
            self.position += 1
        word = self.text[start : self.position]
        if word in _WORDS:
            return _WORDS[word]
        if not re.fullmatch(_NUMBER, word):
            hint = f'text needs quotes: "{word}"' if word else ""
            self.fail(f"{word!r} is no value", hint=hint, at=start)
        return int(word) if word.lstrip("+-").isdecimal() else float(word)


def _spelt_path(raw: str) -> Path | None:
    """The path that a quoted key may spell; None where it can only be a key."""
    if "." not in raw.replace("\\.", ""):
        return None
    inner = Reader(f".{raw}")
    try:
        path = inner.path()
    except errors.BadRequest:
        return None
    return None if inner.peek() else path


def _without_backslashes(raw: str) -> str:
    characters = iter(raw)
    return "".join(next(characters, "") if c == "\\" else c for c in characters)


def _escape(rest: str) -> tuple[str, int]:
    """What the escape after a backslash stands for, and its length; ("", 0) if it is none."""
    head = rest[:1]
    if head in _ESCAPES:
        return _ESCAPES[head], 1
    length = _HEX_ESCAPES.get(head, 0)
    try:
        return (chr(int(rest[1 : 1 + length], 16)), 1 + length) if len(rest) > length > 0 else ("", 0)
    except (ValueError, OverflowError):
        return "", 0
