"""What a YAML syntax error means to the person who made it.

A parser says where it gave up; this says what most likely stands there, and where it began. The two
parsers word their problems differently, so only the words they share are looked at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from yaml.error import MarkedYAMLError

UNPRINTABLE = re.compile("[^\t\n -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What may not stand in YAML, raw (yaml.org/spec/1.2.2 §5.1). Line ends are already `\\n` here."""


class Explanation(NamedTuple):
    """What is wrong, where (a parser's mark), what to do, and where it began (None, or a mark with words)."""

    message: str
    mark: Any
    hint: str = ""
    began: tuple[Any, str] | None = None


def explain(error: MarkedYAMLError, text: str) -> Explanation:
    """The explanation of a parser's error in a text."""
    mark = error.problem_mark or error.context_mark
    found = _explain(error, text, mark)
    line = _line(text, found.mark)
    if "{{" in line or "{%" in line:
        hint = 'render templates before they are read, or quote them: "{{ ... }}"'
        return found._replace(hint=hint)
    return found


def unfit(text: str, forbidden: re.Pattern[str]) -> tuple[int, str, str] | None:
    """Where the first forbidden character stands, what it is, and what to do; None if nowhere."""
    found = forbidden.search(text)
    if not found:
        return None
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:
        message = f"byte 0x{number - 0xDC00:02x} is not UTF-8"
        return found.start(), message, "save the file as UTF-8"
    if 0xD800 <= number <= 0xDFFF:
        return found.start(), "half of a character stands here: the text is damaged or cut off", ""
    if number == 0:
        hint = "this looks like a binary file, or like UTF-16 without a byte order mark; save it as UTF-8"
        return found.start(), "a NUL character is not text", hint
    message = f"the control character U+{number:04X} is not allowed"
    return found.start(), message, f'write it as "\\u{number:04x}" in double quotes if it is meant'


def _line(text: str, mark: Any) -> str:
    start = text.rfind("\n", 0, mark.index) + 1
    end = text.find("\n", mark.index)
    return text[start : len(text) if end < 0 else end]


def _explain(error: MarkedYAMLError, text: str, mark: Any) -> Explanation:
    problem, context = error.problem or "", error.context or ""
    began = error.context_mark
    for matches, build in _KNOWN:
        if matches in problem:
            return build(context, text, mark, began)
    where = f"{context}: " if context else ""
    return Explanation(where + problem, mark)


def _cannot_start(_context: str, text: str, mark: Any, _began: Any) -> Explanation:
    char = text[mark.index : mark.index + 1]
    if char == "\t":
        return _tab(_context, text, mark, _began)
    return Explanation(f"an unquoted value cannot start with {char!r}", mark, "quote the value")


def _tab(_context: str, _text: str, mark: Any, _began: Any) -> Explanation:
    return Explanation("a tab is used for indentation", mark, "indent with spaces")


def _end(_context: str, _text: str, mark: Any, began: Any) -> Explanation:
    return Explanation("this quote is never closed", began or mark, "close it, or double a quote inside it")


def _colon(_context: str, text: str, mark: Any, _began: Any) -> Explanation:
    before = _line(text, mark)[: mark.column]
    if ": " in before or before.endswith(":"):
        hint = "quote the value if the colon belongs to it"
    else:
        hint = "check the indentation, and that the key on the line above has a space after its colon"
    return Explanation("a second ':' where only a value can stand", mark, hint)


def _no_colon(_context: str, _text: str, mark: Any, began: Any) -> Explanation:
    hint = "write `key: value`, with a space after the colon, or indent the line if it continues a text"
    return Explanation("this line has no 'key:'", began or mark, hint)


def _unclosed(context: str, _text: str, mark: Any, began: Any) -> Explanation:
    bracket, closing = ("[", "]") if "sequence" in context else ("{", "}")
    message = f"',' or '{closing}' must come before this"
    return Explanation(message, mark, began=(began, f"the '{bracket}' was opened here") if began else None)


def _misplaced(_context: str, text: str, mark: Any, began: Any) -> Explanation:
    if _line(text, mark)[: mark.column].strip():
        message, hint = "unexpected text after a value", "quote the whole value if this belongs to it"
        return Explanation(message, mark, hint)
    message = "the indentation fits nothing above"
    began = (began, "the block that it should line up with starts here") if began else None
    return Explanation(message, mark, "line it up with the keys that it belongs to", began)


def _after_end(_context: str, _text: str, mark: Any, _began: Any) -> Explanation:
    return Explanation("the document has already ended before this", mark, "start another one with `---`")


def _escape(_context: str, _text: str, mark: Any, _began: Any) -> Explanation:
    hint = "write `\\\\` for a backslash, or use single quotes, in which nothing is escaped"
    return Explanation("unknown escape in a double-quoted text", mark, hint)


def _surrogate(_context: str, _text: str, mark: Any, _began: Any) -> Explanation:
    hint = "write the character itself, or \\U with its eight-digit code point"
    return Explanation("the escape names no whole character", mark, hint)


def _name(context: str, _text: str, mark: Any, began: Any) -> Explanation:
    char = "*" if "alias" in context else "&"
    return Explanation(f"an unquoted value cannot start with '{char}'", began or mark, "quote the value")


def _block_text(_context: str, _text: str, mark: Any, _began: Any) -> Explanation:
    hint = "begin the text on the next line, indented"
    return Explanation("nothing may follow the `|` or `>` on its line", mark, hint)


def _content(_context: str, text: str, mark: Any, _began: Any) -> Explanation:
    char = text[mark.index : mark.index + 1]
    return Explanation(f"{char!r} stands where a value should", mark, "quote it if it is the value")


def _version(_context: str, _text: str, mark: Any, _began: Any) -> Explanation:
    return Explanation("this YAML version is not supported", mark, "write %YAML 1.2, or leave it out")


_KNOWN = (
    ("that cannot start any token", _cannot_start),
    ("violates indentation", _tab),
    ("unexpected end of stream", _end),
    ("unexpected document indicator", _end),
    ("mapping values are not allowed", _colon),
    ("could not find expected ':'", _no_colon),
    ("',' or '", _unclosed),
    ("expected key", _misplaced),
    ("'-' indicator", _misplaced),
    ("expected <block end>", _misplaced),
    ("<document start>", _after_end),
    ("unknown escape character", _escape),
    ("Unicode character escape", _surrogate),
    ("alphabetic or numeric character", _name),
    ("comment or ", _block_text),
    ("a comment or a line break", _block_text),
    ("node content", _content),
    ("incompatible YAML document", _version),
)
