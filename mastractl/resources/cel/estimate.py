"""What a rule may cost at worst, by the limits of its schema: how Kubernetes refuses costly rules beforehand.

The same sums as cel-go's checker and Kubernetes' estimator (`checker/cost.go`, `pkg/cel/library/cost.go`), of
which only the upper end decides. Where a size is not limited by maxItems, maxLength or maxProperties, it is
what fits into a request of 3 MiB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl.resources.cel import types
from mastractl.resources.cel.compiler import Compiler
from mastractl.resources.cel.extents import max_elements
from mastractl.resources.cel.parser import parse
from mastractl.resources.cel.schema_types import ObjectType
from mastractl.resources.cel.syntax import Call, Choice, Entries, Index, Items, Literal, Logic, Name, Select

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mastractl.resources.cel.compiler import Environment
    from mastractl.resources.cel.syntax import Node
    from mastractl.resources.cel.types import Type
    from mastractl.values import JsonObject

UNKNOWN = 2**64 - 1
"""The size of what nothing limits."""


class Seen(NamedTuple):
    """A node: its cost, its greatest size, the schema it is a value of, the size of its items if known."""

    cost: int
    size: int
    schema: JsonObject | None = None
    item: int | None = None


def estimate(expression: str, environment: Environment, schema: JsonObject) -> int:
    """The most that an expression about a value of the schema may cost. It must compile.

    Every variable of the environment stands for a value of the schema.
    """
    tree = parse(expression)
    compiler = Compiler(environment)
    kinds: dict[int, Type] = {}
    compiler.seen = kinds
    compiler.code(tree)
    coster = _Coster(kinds, dict.fromkeys(environment.variables, schema))
    return min(coster.seen(tree).cost, UNKNOWN)


def tenth(size: int) -> int:
    """Going through a text of that size."""
    return -(-size // 10)


def _quarter(size: int) -> int:
    return -(-size // 4)


class _Coster:
    """One estimation: the types of the nodes, and what the variables in scope stand for."""

    def __init__(self, kinds: dict[int, Type], roots: Mapping[str, JsonObject]) -> None:
        self.kinds = kinds
        self.roots = roots
        self.local: dict[str, Seen] = {}

    def seen(self, node: Node) -> Seen:
        return _PARTS[type(node)](self, node)

    def kind(self, node: Node) -> str:
        return self.kinds.get(id(node), types.DYN).name

    def sized(self, node: Node, cost: int, schema: JsonObject | None, size: int | None = None) -> Seen:
        """A node of which the schema or the type tells the size."""
        if size is None:
            size = (
                max_elements(schema) if schema is not None else 1 if self.kind(node) in _SCALARS else UNKNOWN
            )
        return Seen(cost, size, schema)

    def literal(self, node: Literal) -> Seen:
        return Seen(0, len(node.value) if isinstance(node.value, (str, bytes)) else 1)

    def name(self, node: Name) -> Seen:
        if node.name in self.local:
            return self.local[node.name]._replace(cost=1)
        return self.sized(node, 1, self.roots.get(node.name))

    def select(self, node: Select) -> Seen:
        operand = self.seen(node.operand)
        plus = 1 if node.optional or self.kind(node.operand) in ("map", "object") else 0
        return self.sized(
            node, operand.cost + plus, _field(self.kinds.get(id(node.operand)), operand, node.field)
        )

    def index(self, node: Index) -> Seen:
        operand, key = self.seen(node.operand), self.seen(node.key)
        return self.sized(node, operand.cost + key.cost + 1, _below(operand.schema), operand.item)

    def logic(self, node: Logic) -> Seen:
        return Seen(sum(self.seen(term).cost for term in node.terms), 1)

    def choice(self, node: Choice) -> Seen:
        yes, no = self.seen(node.yes), self.seen(node.no)
        items = [each.item for each in (yes, no) if each.item is not None]
        cost = self.seen(node.test).cost + max(yes.cost, no.cost)
        return Seen(cost, max(yes.size, no.size), None, max(items) if len(items) == 2 else None)

    def items(self, node: Items) -> Seen:
        found = [self.seen(item) for item in node.items]
        item = max((each.size for each in found), default=0)
        return Seen(sum(each.cost for each in found) + 10, len(found), None, item)

    def entries(self, node: Entries) -> Seen:
        keys = sum(self.seen(key).cost for key, _, _ in node.entries)
        values = [self.seen(value) for _, value, _ in node.entries]
        item = max((each.size for each in values), default=0)
        return Seen(keys + sum(each.cost for each in values) + 30, len(values), None, item)

    def call(self, node: Call) -> Seen:
        loop = _LOOPS.get(node.name)
        if loop is not None and node.target is not None and len(node.args) >= 2:
            return self.loop(node, loop)
        if node.name == "has" and node.target is None:
            (asked,) = node.args
            return Seen(self.seen(asked.operand).cost, 1) if isinstance(asked, Select) else Seen(0, 1)
        if node.name == "bind":
            return self.bind(node)
        if node.name in ("optMap", "optFlatMap") and isinstance(node.args[0], Name):
            return self.opt_map(node)
        target = _namespace(self, node)
        given = [self.seen(arg) for arg in node.args]
        if target is not None:
            given = [self.seen(target), *given]
        cost, size, item = _call(self, node, given)
        cost += sum(each.cost for each in given)
        return self.sized(node, cost, None, size)._replace(item=item)

    def within(self, names: Mapping[str, Seen], node: Node) -> Seen:
        outer = self.local
        self.local = {**outer, **names}
        found = self.seen(node)
        self.local = outer
        return found

    def bind(self, node: Call) -> Seen:
        name, value, body = node.args
        known = self.seen(value)
        found = self.within({name.name if isinstance(name, Name) else "": known}, body)
        return found._replace(cost=found.cost + known.cost + 10)

    def opt_map(self, node: Call) -> Seen:
        value = self.seen(node.target) if node.target is not None else Seen(0, UNKNOWN)
        name = node.args[0]
        found = self.within(
            {name.name if isinstance(name, Name) else "": value._replace(schema=None)}, node.args[1]
        )
        return Seen(value.cost * 2 + found.cost + 12, found.size)

    def loop(self, node: Call, round_cost: int) -> Seen:
        """A macro: its body and the steps of each round, as often as the range is long."""
        assert node.target is not None  # noqa: S101 - a macro of a target
        source = self.seen(node.target)
        names, bodies = _variables(node)
        is_map = self.kind(node.target) == "map"
        item = self.sized(node, 0, _below(source.schema), source.item)
        key = Seen(0, 0 if is_map and source.schema is not None else UNKNOWN if is_map else 1)
        held = {names[0]: key if is_map or len(names) == 2 else item} | (
            {names[1]: item} if len(names) == 2 else {}
        )
        found = [self.within(held, body) for body in bodies]
        step = sum(each.cost for each in found) + round_cost
        builds = node.name in _BUILDING
        cost = source.cost + (11 if builds else 1) + source.size * step
        inner = (item.size if node.name == "filter" else found[-1].size) if builds else None
        return Seen(cost, source.size if builds else 1, None, inner)


_SCALARS = frozenset(("bool", "double", "int", "uint", types.DURATION.name, types.TIMESTAMP.name))
_LOOPS = {
    "all": 3,
    "exists": 4,
    "exists_one": 2,
    "existsOne": 2,
    "map": 12,
    "filter": 13,
    "transformList": 12,
    "transformMap": 32,
    "transformMapEntry": 32,
    "sortBy": 12,
}
"""What a round of a macro costs besides its body: the steps that it stands for in cel-go."""

_BUILDING = frozenset(("map", "filter", "transformList", "transformMap", "transformMapEntry", "sortBy"))
_TWO_NAMES = {"transformList": (3, 4), "transformMap": (3, 4), "transformMapEntry": (3, 4)}


def _variables(node: Call) -> tuple[list[str], tuple[Node, ...]]:
    quantifier = node.name in ("all", "exists", "exists_one", "existsOne")
    count = 2 if node.name in _TWO_NAMES or (quantifier and len(node.args) == 3) else 1
    return [arg.name if isinstance(arg, Name) else "" for arg in node.args[:count]], node.args[count:]


def _field(kind: Type | None, operand: Seen, name: str) -> JsonObject | None:
    if operand.schema is None:
        return None
    if isinstance(kind, ObjectType):
        field = kind.fields.get(name)
        found = (operand.schema.get("properties") or {}).get(field.key) if field is not None else None
        return found if isinstance(found, dict) else {"type": "string"}
    return _below(operand.schema)


def _below(schema: JsonObject | None) -> JsonObject | None:
    found = (schema or {}).get("items", (schema or {}).get("additionalProperties"))
    return found if isinstance(found, dict) else None


def _namespace(coster: _Coster, node: Call) -> Node | None:
    """The receiver of a method; None for a function, whose name may be a qualified one."""
    return node.target if node.target is not None and id(node.target) in coster.kinds else None


_Sizes = tuple[int, int | None, int | None]
"""Of a call: its own cost, the size of its result and that of the result's items."""


def _call(coster: _Coster, node: Call, given: list[Seen]) -> _Sizes:
    sizes = [each.size for each in given]
    if node.name in ("==", "!=", "<", "<=", ">", ">="):
        texts = node.name in ("==", "!=") or coster.kind(node.args[0]) in ("string", "bytes")
        return (tenth(min(sizes)) if texts else 1), 1, None
    if node.name == "+" and coster.kind(node) in ("string", "bytes", "list"):
        items = [each.item for each in given if each.item is not None]
        cost = 1 if coster.kind(node) == "list" else tenth(sum(sizes))
        return cost, min(sum(sizes), UNKNOWN), max(items) if len(items) == 2 else None
    if node.name == "in":
        return (sizes[1] if coster.kind(node.args[1]) == "list" else 1), 1, None
    if node.name == "dyn" and given:
        return 1, sizes[0], given[0].item
    if node.name == "string" and given:
        # Kubernetes takes the text of a number for endless; to refuse less than it does is no harm.
        return 1, 32 if coster.kind(node.args[0]) in _SCALARS else sizes[0], None
    rule = _COSTS.get(node.name)
    return rule(given) if rule is not None and given else (1, None, None)


def _scan(given: list[Seen]) -> _Sizes:
    return tenth(given[0].size), None, None


def _copy(given: list[Seen]) -> _Sizes:
    return tenth(given[0].size), given[0].size, None


def _search(given: list[Seen]) -> _Sizes:
    return tenth(given[0].size) * tenth(given[1].size), None, None


def _start(given: list[Seen]) -> _Sizes:
    return tenth(given[1].size), None, None


def _pattern(given: list[Seen]) -> _Sizes:
    return tenth(given[0].size + 1) * _quarter(given[1].size), None, None


def _find(given: list[Seen]) -> _Sizes:
    return _pattern(given)[0], given[0].size, given[0].size


def _through(given: list[Seen]) -> _Sizes:
    """Going through a list, or through a text."""
    whole = given[0]
    inner = _below(whole.schema)
    if whole.item is None and inner is None:
        return tenth(whole.size), None, None
    item = whole.item if whole.item is not None else max_elements(inner)
    texts = inner is None or inner.get("type") == "string"
    return whole.size * (1 + (tenth(item) if texts else 0)), None, None


def _replace(given: list[Seen]) -> _Sizes:
    whole, old, new = (each.size for each in given[:3])
    if given[1].schema is not None or old == 0:
        size = (whole + 1) * new + whole
    else:
        size = whole if new <= old else -(-whole // old) * new
    return tenth(2 * whole), min(size, UNKNOWN), None


def _split(given: list[Seen]) -> _Sizes:
    return tenth(2 * given[0].size), given[0].size, given[0].size


def _join(given: list[Seen]) -> _Sizes:
    whole = given[0]
    item = whole.item if whole.item is not None else max_elements(_below(whole.schema) or {})
    size = whole.size * item + (given[1].size * max(whole.size - 1, 0) if len(given) > 1 else 0)
    return tenth(size), min(size, UNKNOWN), None


def _sets(given: list[Seen]) -> _Sizes:
    return given[0].size * given[1].size + 1, 1, None


_COSTS: dict[str, Callable[[list[Seen]], _Sizes]] = {
    **dict.fromkeys(("cidr", "ip", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"), _scan),
    **dict.fromkeys(("lowerAscii", "upperAscii", "substring", "trim", "url", "bytes", "format"), _copy),
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf", "includes"), _through),
    "contains": _search,
    "startsWith": _start,
    "endsWith": _start,
    "matches": _pattern,
    "find": _find,
    "findAll": _find,
    "replace": _replace,
    "split": _split,
    "join": _join,
    "equivalent": _sets,
    "intersects": _sets,
}

_PARTS: dict[type, Callable[[_Coster, Any], Seen]] = {
    Literal: _Coster.literal,
    Name: _Coster.name,
    Select: _Coster.select,
    Index: _Coster.index,
    Call: _Coster.call,
    Logic: _Coster.logic,
    Choice: _Coster.choice,
    Items: _Coster.items,
    Entries: _Coster.entries,
}
