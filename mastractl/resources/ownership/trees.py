"""Sets of fields as trees of plain dicts in the shape of fieldsV1, and the algebra of such sets.

    {"f:spec": {"f:model": {".": {}, "f:name": {}}, "f:role": {}}}

is the set of `.spec.model`, `.spec.model.name` and `.spec.role`. A node without fields below it is always
in the set; one that has some is if it holds `.`. The root stands for the whole document and is never in a
set, so `{}` at the root is the empty set. No tree is ever changed once it is made: results share what they
can with their arguments, and where nothing is taken away the argument itself comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mastractl.resources.ownership import elements
from mastractl.resources.ownership.elements import SELF

if TYPE_CHECKING:
    from collections.abc import Iterator

Tree = dict[str, Any]

LEAF: Tree = {}
"""A field that is in the set and has none below it."""


def is_member(tree: Tree) -> bool:
    """Whether the node itself is in the set."""
    return not tree or SELF in tree


def with_self(tree: Tree) -> Tree:
    """The node, itself in the set."""
    return tree if is_member(tree) else {SELF: LEAF, **tree}


def union(one: Tree, other: Tree) -> Tree:
    """What is in either."""
    if one is other or not other:
        return one
    if not one:
        return other
    out = dict(one)
    for element, sub in other.items():
        mine = out.get(element)
        if mine is None:
            out[element] = sub
        elif mine is not sub:
            out[element] = _joined(mine, sub)
    return out


def _joined(one: Tree, other: Tree) -> Tree:
    if not one:
        return with_self(other)
    return union(one, other) if other else with_self(one)


def difference(one: Tree, other: Tree) -> Tree:
    """What is in the first and not in the second; fields above and below count for themselves."""
    out = one
    for element in one if len(one) < len(other) else other:
        mine, taken = one.get(element), other.get(element)
        if mine is None or taken is None or element == SELF:
            continue
        rest = _rest(mine, taken)
        if rest is mine:
            continue
        if out is one:
            out = dict(one)
        if rest is None:
            del out[element]
        else:
            out[element] = rest
    return out


def _rest(one: Tree, other: Tree) -> Tree | None:
    """A node of the first less that of the second; None if nothing is left of it."""
    if not one:
        return None if is_member(other) else one
    rest = difference(one, other)
    if SELF not in rest:
        return rest or None
    if not is_member(other):
        return rest if len(rest) > 1 else LEAF
    return {element: sub for element, sub in rest.items() if element != SELF} or None


def recursive_difference(one: Tree, other: Tree) -> Tree:
    """What is in the first and neither in the second nor below a field that is."""
    out: Tree = {}
    for element, sub in one.items():
        taken = other.get(element)
        if taken is None or element == SELF:
            out[element] = sub
        elif not is_member(taken):
            rest = recursive_difference(sub, taken)
            if rest or not sub:
                out[element] = rest if rest.keys() != {SELF} else LEAF
    return out


def intersection(one: Tree, other: Tree) -> Tree:
    """What is in both."""
    out: Tree = {}
    for element, mine in one.items():
        theirs = other.get(element)
        if theirs is None or element == SELF:
            continue
        both = intersection(mine, theirs) if mine and theirs else {}
        if is_member(mine) and is_member(theirs):
            out[element] = {SELF: LEAF, **both} if both else LEAF
        elif both:
            out[element] = both
    return out


def leaves(tree: Tree) -> Tree:
    """What is in the set and has nothing below it."""
    return {element: leaves(sub) for element, sub in tree.items() if element != SELF}


def walk(tree: Tree, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the set, each field before those below it."""
    for element, sub in tree.items():
        if element == SELF:
            continue
        path = (*above, element)
        if is_member(sub):
            yield path
        yield from walk(sub, path)


def has(tree: Tree, path: tuple[str, ...]) -> bool:
    """Whether the field at a path is in the set; the whole document never is."""
    for element in path:
        found = tree.get(element)
        if found is None:
            return False
        tree = found
    return bool(path) and is_member(tree)


def planted(paths: Iterator[tuple[str, ...]]) -> Tree:
    """The set of these paths."""
    root: Tree = {}
    for path in paths:
        branch: Tree = LEAF
        for element in reversed(path):
            branch = {element: branch}
        root = union(root, branch)
    return root


def read(raw: Any) -> Tree:
    """The tree of somebody's fieldsV1 object, whose elements of unknown sorts are left out.

    ValueError if it is none.
    """
    if not isinstance(raw, dict):
        message = "fieldsV1 is an object of objects"
        raise ValueError(message)  # noqa: TRY004 - one error for everything that is not fieldsV1
    out: Tree = {}
    for spelled, sub in raw.items():
        if spelled == SELF:
            continue
        element = elements.canonical(spelled)
        if element is None:
            continue
        below = read(sub)
        if SELF in sub and below:
            below[SELF] = LEAF
        elif not below and sub and SELF not in sub:
            continue  # nothing but elements of unknown sorts stands below
        out[element] = _joined(out[element], below) if element in out else below
    return out


def written(tree: Tree) -> Tree:
    """The tree as fieldsV1, a copy with its keys in one fixed order."""
    return {element: written(tree[element]) for element in sorted(tree)}
