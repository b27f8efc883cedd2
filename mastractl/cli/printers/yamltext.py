"""JSON values as YAML text that every reader takes for the same values.

PyYAML's dumper costs 17 ms to import, is many times slower and quotes for YAML 1.1 only, so the little
writer stands here. It promises: reading the text as YAML 1.1 or as YAML 1.2 gives the value back (text
that either would take for a number, a date, a boolean or null is quoted); text of several lines is a
`|` block; Chinese stays Chinese; keys keep their order. The layout is that of kubectl.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from mastractl import values

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = re.compile(
    r"""(?! [-?:] (?: [ ] | \Z ) )       # these three are indicators only before a space
        [^\s\[\]{},\#&*!|>'"%@`=<]       # what may begin plain text; = and < begin words of YAML 1.1
        (?: [^:\#\t] | : (?! [ ] | \Z ) | (?<! [ ] ) \# )*
        (?<! [ ] )""",
    re.VERBOSE,
)
_OF_ANOTHER_TYPE = re.compile(
    r"""~ | null | true | false | yes | no | on | off | y | n
      | [-+]? 0b [01_]+ | [-+]? 0o? [0-7_]+ | [-+]? 0x [0-9a-f_]+
      | [-+]? [0-9] [0-9_]* (?: : [0-5]? [0-9] )* (?: \. [0-9_]* )? (?: e [-+]? [0-9]+ )?
      | [-+]? \. [0-9_]+ (?: e [-+]? [0-9]+ )?
      | [-+]? \. inf | \. nan
      | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: [ \tT] .* )?
      | (?: --- | \. \. \. ) .*""",
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""What YAML takes in double quotes and escaped only, and what would reorder the text on a terminal."""

_LONGEST_KEY = 1000

_EXPONENT_WITHOUT_POINT = re.compile(r"^(-?[0-9]+)(e)")


def dump(value: Any) -> str:
    """The YAML text of a JSON value, with a final newline. ValueError for NaN and infinities."""
    out: list[str] = []
    if isinstance(value, dict) and value:
        _mapping(value, "", out.append)
    elif isinstance(value, list) and value:
        _sequence(value, "", out.append)
    else:
        out.append(_scalar(value, "  ") + "\n")
    return "".join(out)


def _mapping(value: dict[str, Any], indent: str, put: Callable[[str], None]) -> None:
    """The lines of an object. The first one's indent has been written by whoever called."""
    before = ""
    for key, item in value.items():
        put(f"{before}{_key(key, indent)}:")
        before = indent
        if isinstance(item, dict) and item:
            put("\n  " + indent)
            _mapping(item, indent + "  ", put)
        elif isinstance(item, list) and item:
            put("\n" + indent)
            _sequence(item, indent, put)
        else:
            put(f" {_scalar(item, indent + '  ')}\n")


def _sequence(value: list[Any], indent: str, put: Callable[[str], None]) -> None:
    """The lines of a list. The first one's indent has been written by whoever called."""
    before = ""
    for item in value:
        put(f"{before}- ")
        before = indent
        if isinstance(item, dict) and item:
            _mapping(item, indent + "  ", put)
        elif isinstance(item, list) and item:
            _sequence(item, indent + "  ", put)
        else:
            put(f"{_scalar(item, indent + '  ')}\n")


def _key(text: str, indent: str) -> str:
    """A key; one too long for YAML's simple keys (1024 characters) as an explicit one."""
    key = _quoted(text) if "\n" in text else _string(text, indent)
    return key if len(key) < _LONGEST_KEY else f"? {key}\n{indent}"


def _scalar(value: Any, indent: str) -> str:
    """A value on its line; a block's further lines begin with the indent."""
    if isinstance(value, str):
        return _string(value, indent)
    if isinstance(value, float):
        # YAML 1.1 takes 1e+16 for text: its numbers have a point.
        return _EXPONENT_WITHOUT_POINT.sub(r"\1.0\2", values.text(value))
    return values.text(value)


def _string(text: str, indent: str) -> str:
    if _ESCAPED.search(text):
        return _quoted(text)
    if "\n" in text:
        return _block(text, indent) if text.strip("\n") else _quoted(text)
    if _PLAIN.fullmatch(text) and not _OF_ANOTHER_TYPE.fullmatch(text):
        return text
    return _quoted(text)


def _block(text: str, indent: str) -> str:
    """A literal block: `|-` without a final newline, `|+` with more than one, `|` otherwise."""
    # A first line that begins with a space or is empty would hide how deep the block is indented.
    depth = "2" if text[0] in " \n\t" else ""
    keep = "+" if text.endswith("\n\n") else "" if text.endswith("\n") else "-"
    lines = text.removesuffix("\n").split("\n")
    return f"|{depth}{keep}" + "".join(f"\n{indent}{line}" if line else "\n" for line in lines)


def _quoted(text: str) -> str:
    return _ESCAPED.sub(lambda match: _escape(match[0]), encode_basestring(text))


def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}"
