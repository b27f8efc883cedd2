"""From the text of an expression to tokens and literal values (the lexis of the CEL specification)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.values import INT_MAX, UINT_MAX, UInt


class Token(NamedTuple):
    """A token: `kind` is the operator itself for operators, else number, text, name, quoted or end."""

    kind: str
    text: str
    at: int


_TOKEN = re.compile(
    r"""
    (?P<space>[\t\n\f\r\ ]+|//[^\n]*)
  | (?P<name>[_a-zA-Z][_a-zA-Z0-9]*(?![_a-zA-Z0-9"'])|(?![rRbB]{1,2}["'])[_a-zA-Z][_a-zA-Z0-9]*)
  | (?P<op>&&|\|\||[<>=!]=|(?!\.[0-9])\.|[-+*/%<>!?:,()\[\]{}])
  | (?P<number>(?:[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|0[xX][0-9a-fA-F]+[uU]?|[0-9]+[uU]?)
      (?![_a-zA-Z0-9]))
  | (?P<text>"(?!"")[^"\\\r\n]*"|'(?!'')[^'\\\r\n]*')
  | (?P<quoted>`[-_a-zA-Z0-9./\ ]+`)
""",
    re.VERBOSE,
)

_RARE_TEXT = (
    r"(?:[bB]?[rR]|[rR][bB])(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|\"[^\"\r\n]*\"|'[^'\r\n]*')"
    r"|[bB]?(?:\"{3}(?:\\[\s\S]|[^\\])*?\"{3}|'{3}(?:\\[\s\S]|[^\\])*?'{3}"
    r"|\"(?:\\[^\r\n]|[^\"\\\r\n])*\"|'(?:\\[^\r\n]|[^'\\\r\n])*')"
)
"""Texts with a prefix, with escapes, or in three quotation marks: read only where no other token stands."""

SIZE_LIMIT = 100_000
"""Characters of one expression; Kubernetes' objects would hold more, people write hundreds."""


def tokens(expression: str) -> list[Token]:
    """The tokens of an expression, with an `end` behind them. Raises CelError at what is none."""
    if len(expression) > SIZE_LIMIT:
        message = f"the expression is longer than {SIZE_LIMIT} characters"
        raise CelError(message, 0)
    found = []
    at, match = 0, _TOKEN.match
    while at < len(expression):
        hit = match(expression, at)
        if hit is None:
            hit = re.compile(_RARE_TEXT).match(expression, at)
            if hit is None:
                raise CelError(_complaint(expression, at), at)
        kind = hit.lastgroup or "text"
        if kind == "op":
            found.append(Token(hit.group(), hit.group(), at))
        elif kind != "space":
            found.append(Token(kind, hit.group(), at))
        at = hit.end()
    found.append(Token("end", "", at))
    return found


def _complaint(expression: str, at: int) -> str:
    char = expression[at]
    if char in "\"'" or expression[at : at + 2].lstrip("rRbB")[:1] in ('"', "'"):
        return "this text is not closed"
    if char.isdigit():
        return "this is no number"
    words = {"&": "; `and` is written &&", "|": "; `or` is written ||", "=": "; equality is written =="}
    return f"unexpected character {char!r}{words.get(char, '')}"


def number(token: Token, *, negative: bool = False) -> Any:
    """The value of a number: int, UInt or float. Raises CelError where it is out of range."""
    text = token.text
    if text[0:2].lower() != "0x" and ("." in text or "e" in text or "E" in text):
        return -float(text) if negative else float(text)
    digits = text.rstrip("uU")
    value = int(digits, 16) if digits[:2].lower() == "0x" else int(digits) if len(digits) < 40 else 1 << 99
    if digits != text:
        if value > UINT_MAX or negative:
            message = f"{'-' * negative}{text} is no unsigned number of 64 bits"
            raise CelError(message, token.at)
        return UInt(value)
    if value > INT_MAX + negative:
        message = f"{'-' * negative}{text} does not fit into 64 bits"
        raise CelError(message, token.at)
    return -value if negative else value


def text(token: Token) -> str | bytes:
    """The value of a text or of bytes. Raises CelError at a bad escape."""
    raw = token.text
    start = next(i for i, char in enumerate(raw) if char in "\"'")
    prefix, body = raw[:start].lower(), raw[start:]
    width = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    body = body[width:-width]
    if "r" in prefix or "\\" not in body:
        return body.encode() if "b" in prefix else body
    if "b" in prefix:
        return b"".join(_byte_parts(body, token.at))
    return re.sub(_ESCAPE, lambda hit: _character(hit, token.at), body)


_ESCAPE = (
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})"
    r"|[\s\S]?)"
)
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _character(hit: re.Match[str], at: int) -> str:
    simple, two, four, eight, octal = hit.groups()
    if simple:
        return _CONTROLS.get(simple, simple)
    digits = two or four or eight
    point = int(digits, 16) if digits else int(octal, 8) if octal else -1
    if point < 0:
        message = f"there is no escape {hit.group()}"
        raise CelError(message, at)
    if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
        message = f"{hit.group()} is no character of Unicode"
        raise CelError(message, at)
    return chr(point)


def _byte_parts(body: str, at: int) -> list[bytes]:
    """In bytes, hexadecimal and octal escapes are bytes, and there are no escapes of Unicode."""
    parts, done = [], 0
    for hit in re.finditer(_ESCAPE, body):
        parts.append(body[done : hit.start()].encode())
        done = hit.end()
        two, four, eight, octal = hit.groups()[1:]
        if four or eight:
            message = f"there is no escape {hit.group()} in bytes"
            raise CelError(message, at)
        if two or octal:
            parts.append(bytes((int(two, 16) if two else int(octal, 8),)))
        else:
            parts.append(_character(hit, at).encode())
    parts.append(body[done:].encode())
    return parts
