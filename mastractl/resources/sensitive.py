"""Sensitive fields: which they are, and what is shown in their place.

A schema marks a field with `x-mastra-sensitive: true`. A Kubernetes API server refuses keywords that it does
not know, so a definition that is to be installed there names the fields in an annotation instead, as the
bundled ones do: `mastra.ai/sensitive-fields: .spec.headers.*, .spec.accounts[*].password`.

Every value at or below such a field is shown as `***`, but not null, and not a text that only says where
the value comes from (`${env.API_TOKEN}`, `Bearer ${env.API_TOKEN}`): that is no secret, and worth seeing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mastractl.errors import Cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mastractl.errors import FieldPath
    from mastractl.resources.kinds import Kind, Version
    from mastractl.values import JsonObject

    Places = tuple[tuple[str | None, ...], ...]
    Tree = dict[str | None, Any]

MARK = "x-mastra-sensitive"
"""The keyword of a schema."""

ANNOTATION = "mastra.ai/sensitive-fields"
"""The annotation of a definition that names sensitive fields of its kind, with commas or spaces between."""

MASK = "***"
MASK_BEFORE, MASK_AFTER = "*** (before)", "*** (after)"
"""What stands for the two values of a field that a change changes (kubectl's words for Secrets)."""

_MASKS = frozenset({MASK, MASK_BEFORE, MASK_AFTER})
_STEP = r"\.(\*|[^.\[\]*\s,]+)|(\[\*\])"
_REFERENCE = r"(?:(?:Basic|Bearer|Token) )?\$\{ *env\.[A-Za-z_][A-Za-z0-9_]* *\}"


def marked(schema: Any, path: tuple[str | None, ...] = ()) -> Iterator[tuple[str | None, ...]]:
    """The places a schema marks; None stands for any item of a list and any key of a map."""
    if not isinstance(schema, dict):
        return
    if schema.get(MARK) is True:
        yield path
        return
    for name, child in (schema.get("properties") or {}).items():
        yield from marked(child, (*path, name))
    for keyword in ("items", "additionalProperties"):
        yield from marked(schema.get(keyword), (*path, None))


def named(text: str) -> Places:
    """The places that the annotation names. Raises ValueError with the part that is no path."""
    places = []
    for word in re.split(r"[\s,]+", text.strip()):
        if word and not re.fullmatch(f"(?:{_STEP})+", word):
            raise ValueError(word)
        steps = (name or star for name, star in re.findall(_STEP, word))
        places.append(tuple(None if step in {"*", "[*]"} else step for step in steps))
    return tuple(place for place in places if place)


def spelled(places: Iterable[Sequence[str | None]], schema: JsonObject) -> str:
    """The annotation that names places; the way back from `named`. The schema says what is a list."""
    return ", ".join("".join(_spelled(place, schema)) for place in places)


def _spelled(place: Iterable[str | None], schema: JsonObject) -> Iterator[str]:
    at: Any = schema
    for step in place:
        listed = step is None and "items" in at
        yield "[*]" if listed else f".{step or '*'}"
        at = (
            at["items"]
            if listed
            else (at.get("properties") or {}).get(step) or at.get("additionalProperties")
        )
        at = at if isinstance(at, dict) else {}


def leads_somewhere(place: Iterable[str | None], schema: JsonObject) -> bool:
    """Whether a schema describes the place, or leaves open what stands there."""
    at: Any = schema
    for step in place:
        if at.get("x-kubernetes-preserve-unknown-fields") is True:
            return True
        inner = (at.get("properties") or {}).get(step) if step is not None else at.get("items")
        at = inner or at.get("additionalProperties")
        if not isinstance(at, dict):
            return at is True
    return True


def masked(kind: Kind, document: JsonObject) -> JsonObject:
    """The document with its sensitive values masked; the same one if it has none. It is not changed."""
    tree = _tree(_version(kind, document))
    found: JsonObject = _masked(document, tree) if tree else document
    return found


def masked_pair(kind: Kind, before: JsonObject, after: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Two states of a resource, masked so that a sensitive value that differs shows that it does.

    Items of lists belong together by their `name` or `id` if all have one, otherwise by their index.
    """
    tree = _tree(_version(kind, after))
    return _pair(before, after, tree) if tree else (before, after)


def checked(version: Version, document: JsonObject, causes: list[Cause]) -> list[Cause]:
    """The causes of a document, which must not show a sensitive value, and a cause MA114 for each mask.

    A mask where a value should stand is what an export without --show-secrets has.
    """
    tree = _tree(version)
    if not tree:
        return causes
    masks = list(_left(document, tree, ()))
    if not masks and not causes:
        return causes
    rest = [_guarded(cause, document, tree) for cause in causes if cause.path not in masks]
    return rest + [_mask_cause(path) for path in masks]


def guarded(version: Version, document: JsonObject, cause: Cause) -> Cause:
    """A cause of a document without the value it is about, if that is a sensitive one."""
    tree = _tree(version)
    return _guarded(cause, document, tree) if tree else cause


def _guarded(cause: Cause, document: JsonObject, tree: Tree) -> Cause:
    value: Any = document
    place: Any = tree
    try:
        for step in cause.path:
            value = value[step]
            place = True if place is True else _below(place, None if isinstance(step, int) else step)
            if not place:
                return cause
    except (KeyError, IndexError, TypeError):
        return cause
    if cause.at_key or isinstance(value, (dict, list)):
        return cause
    from mastractl.resources.jsontypes import shown  # noqa: PLC0415 - for mistakes only

    message = cause.message.replace(shown(value), shown(MASK))
    if str(value) in message:
        message = "the value is not what the schema asks for"
    return cause._replace(message=message, hint="" if str(value) in cause.hint else cause.hint, secret=True)


def _mask_cause(path: FieldPath) -> Cause:
    return Cause(
        code="MA114",
        path=path,
        message=f"{MASK} is what is shown in place of a sensitive value, not the value",
        hint="write the value itself; `mastractl get --show-secrets` exports what is stored",
    )


def _version(kind: Kind, document: JsonObject) -> Version:
    name = str(document.get("apiVersion", "")).rpartition("/")[2]
    return next((v for v in kind.versions if v.name == name), kind.storage_version)


def _tree(version: Version) -> Tree | None:
    """The sensitive places of a version as a tree whose leaves are True; None if there are none."""
    places = version.sensitive
    if not places:
        return None
    if version.mask is None:
        version.mask = _grown(places)
    tree: Tree = version.mask
    return tree


def _grown(places: Places) -> Tree:
    tree: Tree = {}
    for *steps, last in places:
        branch: Any = tree
        for step in steps:
            branch = branch.setdefault(step, {})
            if branch is True:
                break
        else:
            branch[last] = True
    return tree


def _below(tree: Any, key: str | None) -> Any:
    """What is sensitive below a key; None if nothing. A place may be named by its key and by `*`."""
    named_, any_ = tree.get(key), tree.get(None)
    if named_ is True or any_ is True:
        return True
    return {**any_, **named_} if named_ and any_ else named_ or any_


def _masked(value: Any, tree: Any) -> Any:
    if _is_secret(value, tree):
        return _hidden(value, MASK)
    if isinstance(value, dict):
        inner = {k: _masked(v, below) for k, v in value.items() if (below := _below(tree, k))}
        same = all(value[k] is v for k, v in inner.items())
        return value if same else {**value, **inner}
    if isinstance(value, list) and (below := tree.get(None)):
        items = [_masked(item, below) for item in value]
        return value if all(a is b for a, b in zip(value, items, strict=True)) else items
    return value


def _is_secret(value: Any, tree: Any) -> bool:
    """Whether a value is all secret; so is what stands, against the schema, for a map of secrets."""
    return tree is True or (None in tree and not isinstance(value, (dict, list)))


def _hidden(value: Any, mask: str) -> Any:
    """A sensitive value: its keys and the number of its items show, what they hold does not."""
    if isinstance(value, dict):
        return {key: _hidden(item, mask) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, mask) for item in value]
    plain = value is None or (isinstance(value, str) and re.fullmatch(_REFERENCE, value))
    return value if plain else mask


def _pair(before: Any, after: Any, tree: Any) -> tuple[Any, Any]:
    if tree is not True and not tree:
        return before, after
    if isinstance(before, dict) and isinstance(after, dict):
        return _objects(before, after, tree)
    if isinstance(before, list) and isinstance(after, list):
        return _lists(before, after, True if tree is True else tree.get(None))
    if not (_is_secret(before, tree) and _is_secret(after, tree)):
        return _masked(before, tree), _masked(after, tree)
    same = before == after and isinstance(before, bool) is isinstance(after, bool)
    masks = (MASK, MASK) if same else (MASK_BEFORE, MASK_AFTER)
    return _hidden(before, masks[0]), _hidden(after, masks[1])


def _objects(before: JsonObject, after: JsonObject, tree: Any) -> tuple[JsonObject, JsonObject]:
    """Two objects, key by key. What stands in one of them only is masked as it is."""
    first, second = dict(before), dict(after)
    for key in {**before, **after}:
        below = True if tree is True else _below(tree, key)
        if not below:
            continue
        if key in before and key in after:
            first[key], second[key] = _pair(before[key], after[key], below)
        elif key in before:
            first[key] = _masked(before[key], below)
        else:
            second[key] = _masked(after[key], below)
    return first, second


def _lists(before: list[Any], after: list[Any], below: Any) -> tuple[list[Any], list[Any]]:
    if not below:
        return before, after
    names = _names(before, after)
    first = dict(zip(names[0], before, strict=True))
    second = dict(zip(names[1], after, strict=True))
    # To objects the items are the values, so they go through the same comparison.
    pair = _objects(first, second, True if below is True else {None: below})
    return list(pair[0].values()), list(pair[1].values())


def _names(before: list[Any], after: list[Any]) -> tuple[Sequence[str], Sequence[str]]:
    """What tells the items of each list: their names or ids, or else their indexes."""
    for field in ("name", "id"):
        first, second = ([_name(item, field) for item in items] for items in (before, after))
        if all("" not in names and len(set(names)) == len(names) for names in (first, second)):
            return first, second
    return [*map(str, range(len(before)))], [*map(str, range(len(after)))]


def _name(item: Any, field: str) -> str:
    name = item.get(field) if isinstance(item, dict) else ""
    return name if isinstance(name, str) else ""


def _left(value: Any, tree: Any, path: FieldPath) -> Iterator[FieldPath]:
    """Where masks stand in sensitive fields."""
    if isinstance(value, dict):
        named_only = tree is not True and None not in tree  # then most of the document is not looked at
        for key in tree if named_only else value:
            if key in value and (below := True if tree is True else _below(tree, key)):
                yield from _left(value[key], below, (*path, key))
    elif isinstance(value, list):
        if below := True if tree is True else tree.get(None):
            for index, item in enumerate(value):
                yield from _left(item, below, (*path, index))
    elif tree is True and isinstance(value, str) and value in _MASKS:
        yield path
