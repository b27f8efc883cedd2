r"""RE2's pattern syntax (golang.org/s/re2syntax), read into a tree.

Kubernetes' schemas are written for RE2, which differs from Python's `re` in what `$`, `\z`, `\s` and flags
in mid-pattern mean, has POSIX and Unicode classes and `\Q...\E`, and has no look-around and no
back-references. Reading it ourselves gives the right meaning, refuses what an API server would refuse, and
lets `patterns` see how long a match can take. What a group holds matters to nobody, so groups are not told
apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mastractl.resources import codepoints
from mastractl.resources.codepoints import ANY

if TYPE_CHECKING:
    from typing import NoReturn

    from mastractl.resources.codepoints import Ranges

BEGIN_TEXT, END_TEXT, BEGIN_LINE, END_LINE, WORD, NOT_WORD = range(6)
REPEAT_LIMIT = 1000
"""The largest count in braces, as in RE2."""

DEPTH_LIMIT = 100
"""Groups within groups; RE2 takes 1000, people write three."""


class Chars(NamedTuple):
    """One character out of a set."""

    ranges: Ranges


class Assert(NamedTuple):
    """A place between characters."""

    what: int


class Cat(NamedTuple):
    """One after the other."""

    items: tuple[Node, ...]


class Alt(NamedTuple):
    """One of several."""

    items: tuple[Node, ...]


class Repeat(NamedTuple):
    """The same several times; `most` is None where there is no limit. `lazy` prefers few rounds."""

    item: Node
    least: int
    most: int | None
    lazy: bool = False


Node = Chars | Assert | Cat | Alt | Repeat


def parse(pattern: str) -> Node:
    """The tree of a pattern. ValueError, with a sentence for people, where it is not RE2."""
    reader = _Reader(pattern)
    tree = reader.alternatives(_Flags(), 0)
    if reader.at < len(pattern):
        reader.fail("a ) closes nothing")
    return tree


class _Flags:
    """The flags that hold at one place of a pattern."""

    __slots__ = ("dot_all", "fold", "lines", "ungreedy")

    def __init__(self) -> None:
        self.fold = self.lines = self.dot_all = self.ungreedy = False

    def take(self, other: _Flags) -> _Flags:
        """Become like another."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))
        return self


_FLAG_FIELDS = {"i": "fold", "m": "lines", "s": "dot_all", "U": "ungreedy"}
_PLACES = {"A": BEGIN_TEXT, "z": END_TEXT, "b": WORD, "B": NOT_WORD}
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_NOT_NEWLINE = codepoints.complement(codepoints.union((ord("\n"), ord("\n"))))


class _Reader:
    """A pattern and how far it is read."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def fail(self, message: str) -> NoReturn:
        fault = f"{message} (at character {self.at + 1})"
        raise ValueError(fault)

    def peek(self, text: str) -> bool:
        return self.pattern.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if not self.peek(text):
            return False
        self.at += len(text)
        return True

    def next(self) -> str:
        if self.at >= len(self.pattern):
            self.fail("the pattern ends too early")
        self.at += 1
        return self.pattern[self.at - 1]

    def alternatives(self, flags: _Flags, depth: int) -> Node:
        if depth > DEPTH_LIMIT:
            self.fail("groups are nested too deeply")
        found = [self.sequence(flags, depth)]
        while self.take("|"):
            found.append(self.sequence(flags, depth))
        sets = [each.ranges for each in found if isinstance(each, Chars)]
        if len(sets) == len(found):
            return Chars(codepoints.union(*(pair for ranges in sets for pair in ranges)))
        return found[0] if len(found) == 1 else Alt(tuple(found))

    def sequence(self, flags: _Flags, depth: int) -> Node:
        items: list[Node] = []
        while self.at < len(self.pattern) and not self.peek("|") and not self.peek(")"):
            if self.take("\\Q"):
                items += self.quoted(flags)
                continue
            item = self.atom(flags, depth)
            if item is not None:
                items.append(self.repeated(item, flags))
        return items[0] if len(items) == 1 else Cat(tuple(items))

    def quoted(self, flags: _Flags) -> list[Node]:
        end = self.pattern.find("\\E", self.at)
        text = self.pattern[self.at : end if end >= 0 else None]
        self.at += len(text) + (2 if end >= 0 else 0)
        chars: list[Node] = [self.literal(char, flags) for char in text]
        return [*chars[:-1], self.repeated(chars[-1], flags)] if chars else []

    def repeated(self, item: Node, flags: _Flags) -> Node:
        bounds = self.bounds()
        if bounds is None:
            return item
        lazy = self.take("?")
        if self.bounds() is not None:
            self.fail("a repetition cannot itself be repeated")
        return Repeat(item, *bounds, lazy is not flags.ungreedy)

    def bounds(self) -> tuple[int, int | None] | None:
        """The counts of the repetition that stands here; None where there is none."""
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(sign):
                return bounds
        return self.braces() if self.peek("{") else None

    def braces(self) -> tuple[int, int | None] | None:
        end = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at + 1 : end].partition(",")
        if end < 0 or not _is_count(low) or (high and not _is_count(high)):
            return None
        self.at = end + 1
        least = int(low)
        most = int(high) if high else None if comma else least
        if max(least, most or 0) > REPEAT_LIMIT or (most is not None and most < least):
            self.fail(f"a repetition goes from a smaller to a larger count, at most {REPEAT_LIMIT}")
        return least, most

    def atom(self, flags: _Flags, depth: int) -> Node | None:
        """One item; None for a group that only sets flags."""
        char = self.next()
        if char == "(":
            return self.group(flags, depth)
        if char == "[":
            return Chars(self.char_class(flags))
        if char == "\\":
            return self.escape(flags)
        if char in "*+?":
            self.at -= 1
            self.fail(f"{char} repeats nothing")
        signs: dict[str, Node] = {
            ".": Chars(ANY if flags.dot_all else _NOT_NEWLINE),
            "^": Assert(BEGIN_LINE if flags.lines else BEGIN_TEXT),
            "$": Assert(END_LINE if flags.lines else END_TEXT),
        }
        return signs.get(char) or self.literal(char, flags)

    def literal(self, char: str, flags: _Flags) -> Chars:
        ranges = codepoints.union((ord(char), ord(char)))
        return Chars(codepoints.folded(ranges) if flags.fold else ranges)

    def group(self, flags: _Flags, depth: int) -> Node | None:
        inner = _Flags().take(flags)
        if self.take("?"):
            if self.take("P<") or (
                self.peek("<") and not self.peek("<=") and not self.peek("<!") and self.take("<")
            ):
                self.name()
            elif not self.flags(inner):
                flags.take(inner)
                return None
        tree = self.alternatives(inner, depth + 1)
        if not self.take(")"):
            self.fail("a ( is not closed")
        return tree

    def name(self) -> None:
        end = self.pattern.find(">", self.at)
        if end < 0 or not self.pattern[self.at : end].replace("_", "a").isalnum():
            self.fail("the name of a group is letters, digits and _, up to a >")
        self.at = end + 1

    def flags(self, flags: _Flags) -> bool:
        """Read the flags after `(?`; True if a `:` and the group follow, False if they hold from here on."""
        on = True
        while True:
            char = self.next()
            if char in ":)":
                return char == ":"
            if char == "-" and on:
                on = False
            elif char in _FLAG_FIELDS:
                setattr(flags, _FLAG_FIELDS[char], on)
            else:
                self.at -= 1
                self.fail("look-around, back-references and other groups with (? do not exist in RE2")

    def escape(self, flags: _Flags) -> Node:
        char = self.next()
        if char in _PLACES:
            return Assert(_PLACES[char])
        ranges = self.class_escape(char, flags)
        if ranges is None:
            ranges = codepoints.union((point := self.char_escape(char), point))
            ranges = codepoints.folded(ranges) if flags.fold else ranges
        return Chars(ranges)

    def class_escape(self, char: str, flags: _Flags) -> Ranges | None:
        r"""The set of \d, \pL and their kin; None for other escapes."""
        if char in "pP":
            return self.unicode_class(negated=char == "P", flags=flags)
        ranges = codepoints.PERL.get(char.lower())
        return ranges if ranges is None or char.islower() else codepoints.complement(ranges)

    def unicode_class(self, *, negated: bool, flags: _Flags) -> Ranges:
        name = self.next()
        if name == "{":
            end = self.pattern.find("}", self.at)
            if end < 0:
                self.fail("a } is missing")
            name = self.pattern[self.at : end]
            self.at = end + 1
        if name.startswith("^"):
            negated, name = not negated, name[1:]
        ranges = codepoints.unicode_class(name)
        if ranges is None:
            self.fail(f"there is no character class {name!r}")
        ranges = codepoints.folded(ranges) if flags.fold else ranges
        return codepoints.complement(ranges) if negated else ranges

    def char_escape(self, char: str) -> int:
        r"""The code point of \n, \x41, \x{1F600}, \101, \. and their kin."""
        if char in _CONTROLS:
            return ord(_CONTROLS[char])
        if char == "x":
            return self.hexadecimal()
        if char in "01234567":
            return self.octal(char)
        if char.isascii() and not char.isalnum():
            return ord(char)
        self.at -= 1
        return self.fail(f"there is no escape \\{char}")

    def hexadecimal(self) -> int:
        if self.take("{"):
            end = self.pattern.find("}", self.at)
            digits = self.pattern[self.at : end] if end >= 0 else ""
            self.at = end + 1
        else:
            digits = self.pattern[self.at : self.at + 2].ljust(2)
            self.at += 2
        if (
            not digits
            or not all(digit in "0123456789abcdefABCDEF" for digit in digits)
            or int(digits, 16) > 0x10FFFF
        ):
            self.fail("a code point in hexadecimal belongs after \\x")
        return int(digits, 16)

    def octal(self, char: str) -> int:
        digits = char
        while len(digits) < 3 and self.at < len(self.pattern) and self.pattern[self.at] in "01234567":
            digits += self.next()
        if digits[0] != "0" and len(digits) < 3:
            self.fail("back-references do not exist in RE2")
        return int(digits, 8)

    def char_class(self, flags: _Flags) -> Ranges:
        negated = self.take("^")
        found: list[tuple[int, int]] = []
        first = True
        while first or not self.peek("]"):
            found += self.class_item(flags)
            first = False
        self.take("]")
        ranges = codepoints.union(*found)
        ranges = codepoints.folded(ranges) if flags.fold else ranges
        return codepoints.complement(ranges) if negated else ranges

    def class_item(self, flags: _Flags) -> Ranges:
        """One member of a class: a POSIX class, an escape, a character or a range."""
        if self.peek("[:") and (end := self.pattern.find(":]", self.at)) >= 0:
            name = self.pattern[self.at + 2 : end]
            ranges = codepoints.POSIX.get(name.removeprefix("^"))
            if ranges is None:
                self.fail(f"there is no character class [:{name}:]")
            self.at = end + 2
            return codepoints.complement(ranges) if name.startswith("^") else ranges
        char = self.next()
        if char == "\\":
            char = self.next()
            ranges = self.class_escape(char, flags)
            if ranges is not None:
                return ranges
            low = self.char_escape(char)
        else:
            low = ord(char)
        return ((low, self.range_end(low)),)

    def range_end(self, low: int) -> int:
        if not self.peek("-") or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return low
        self.at += 1
        char = self.next()
        high = self.char_escape(self.next()) if char == "\\" else ord(char)
        if high < low:
            self.fail("a range goes from a smaller to a larger character")
        return high


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5
