"""From tokens to a tree: precedence climbing over the grammar of the CEL specification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl.resources.cel.fault import CelError
from mastractl.resources.cel.syntax import Call, Choice, Entries, Index, Items, Literal, Logic, Name, Select
from mastractl.resources.cel.tokens import number, text, tokens

if TYPE_CHECKING:
    from typing import NoReturn

    from mastractl.resources.cel.syntax import Node
    from mastractl.resources.cel.tokens import Token

DEPTH_LIMIT = 40
"""Brackets within brackets, and conditions within conditions; the specification asks for 12 and 24."""

CHAIN_LIMIT = 100
"""Operators of one precedence, or selections, in a row (24 are asked for); `&&` and `||` have no limit."""

RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"),
        *("package", "namespace", "return", "var", "void", "while"),
    )
)
_WORDS = {"true": True, "false": False, "null": None}
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset(("<", "<=", ">=", ">", "==", "!=", "in")),
    frozenset(("+", "-")),
    frozenset(("*", "/", "%")),
)


def parse(expression: str) -> Node:
    """The tree of an expression. Raises CelError with the offset of what does not belong."""
    reader = _Reader(tokens(expression))
    tree = reader.expression()
    if reader.token.kind != "end":
        reader.unexpected()
    return tree


class _Reader:
    """The tokens and how far they are read."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.index = 0
        self.token = found[0]
        self.depth = 0

    def advance(self) -> Token:
        taken = self.token
        if taken.kind != "end":
            self.index += 1
            self.token = self.tokens[self.index]
        return taken

    def take(self, kind: str) -> bool:
        if self.token.kind != kind:
            return False
        self.advance()
        return True

    def expect(self, kind: str) -> Token:
        if self.token.kind != kind:
            self.unexpected(kind)
        return self.advance()

    def unexpected(self, wanted: str = "") -> NoReturn:
        token = self.token
        found = "the end of the expression" if token.kind == "end" else f"{token.text!r}"
        names = {"name": "a name"}
        message = f"unexpected {found}" + (f", expected {names.get(wanted, repr(wanted))}" if wanted else "")
        raise CelError(message, token.at)

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            message = f"the expression is nested more than {DEPTH_LIMIT} levels deep"
            raise CelError(message, self.token.at)
        test = self.logic("||")
        at = self.token.at
        if self.take("?"):
            yes = self.logic("||")
            self.expect(":")
            test = Choice(test, yes, self.expression(), at)
        self.depth -= 1
        return test

    def logic(self, word: str) -> Node:
        terms = []
        at = self.token.at
        while True:
            terms.append(self.logic("&&") if word == "||" else self.binary(0))
            if self.token.kind != word:
                break
            at = self.advance().at
        return terms[0] if len(terms) == 1 else Logic(word, tuple(terms), at)

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        words = _LEVELS[level]
        left = self.binary(level + 1)
        chain = 0
        while (word := self.operator()) in words:
            chain = self.longer(chain)
            at = self.advance().at
            left = Call(word, None, (left, self.binary(level + 1)), at)
        return left

    def operator(self) -> str:
        token = self.token
        return "in" if token.kind == "name" and token.text == "in" else token.kind

    def longer(self, chain: int) -> int:
        if chain >= CHAIN_LIMIT:
            message = f"more than {CHAIN_LIMIT} in a row"
            raise CelError(message, self.token.at)
        return chain + 1

    def unary(self) -> Node:
        first = self.token
        if first.kind not in ("!", "-"):
            return self.member()
        signs = 0
        while self.take(first.kind):
            signs = self.longer(signs)
        if first.kind == "-" and self.token.kind == "number":
            operand = self.selections(Literal(number(self.advance(), negative=True), first.at))
            signs -= 1
        else:
            operand = self.member()
        for _ in range(signs):
            operand = Call("!_" if first.kind == "!" else "-_", None, (operand,), first.at)
        return operand

    def member(self) -> Node:
        return self.selections(self.primary())

    def selections(self, operand: Node) -> Node:
        chain = 0
        while self.token.kind in (".", "["):
            chain = self.longer(chain)
            at = self.token.at
            if self.take("["):
                optional = self.take("?")
                operand = Index(operand, self.expression(), at, optional=optional)
                self.expect("]")
                continue
            self.advance()
            optional = self.take("?")
            token = self.token
            name = self.selector()
            if self.token.kind == "(" and not optional and token.kind == "name":
                operand = Call(name, operand, self.arguments(), token.at)
            else:
                operand = Select(operand, name, token.at, optional=optional)
        if self.token.kind == "{" and _qualified(operand):
            message = "objects of named types cannot be made here; write a map: {'key': value}"
            raise CelError(message, self.token.at)
        return operand

    def selector(self) -> str:
        if self.token.kind == "quoted":
            return self.advance().text[1:-1]
        if self.token.text in _WORDS or self.token.text == "in":
            self.unexpected("name")
        return self.expect("name").text

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        found: list[Node] = []
        while self.token.kind != ")":
            found.append(self.expression())
            if not self.take(","):
                break
            if self.token.kind == ")":
                self.unexpected()
        self.expect(")")
        return tuple(found)

    def primary(self) -> Node:
        token = self.token
        parts = {"number": self.number, "text": self.text, "name": self.name, ".": self.name, "(": self.group}
        parts |= {"[": self.items, "{": self.entries}
        if token.kind not in parts:
            self.unexpected()
        return parts[token.kind]()

    def number(self) -> Node:
        token = self.advance()
        return Literal(number(token), token.at)

    def text(self) -> Node:
        token = self.advance()
        return Literal(text(token), token.at)

    def name(self) -> Node:
        dot = "." if self.take(".") else ""
        token = self.expect("name")
        if token.text in _WORDS and not dot:
            return Literal(_WORDS[token.text], token.at)
        if token.text in RESERVED or token.text in _WORDS or token.text == "in":
            message = f"{token.text!r} is a reserved word"
            raise CelError(message, token.at)
        if self.token.kind == "(":
            return Call(dot + token.text, None, self.arguments(), token.at)
        return Name(dot + token.text, token.at)

    def group(self) -> Node:
        self.advance()
        inner = self.expression()
        self.expect(")")
        return inner

    def items(self) -> Node:
        at = self.advance().at
        found: list[Node] = []
        optional = set()
        while self.token.kind != "]":
            if self.take("?"):
                optional.add(len(found))
            found.append(self.expression())
            if not self.take(","):
                break
        self.expect("]")
        return Items(tuple(found), frozenset(optional), at)

    def entries(self) -> Node:
        at = self.advance().at
        found = []
        while self.token.kind != "}":
            optional = self.take("?")
            key = self.expression()
            self.expect(":")
            found.append((key, self.expression(), optional))
            if not self.take(","):
                break
        self.expect("}")
        return Entries(tuple(found), at)


def _qualified(node: Node) -> bool:
    while isinstance(node, Select):
        node = node.operand
    return isinstance(node, Name)
