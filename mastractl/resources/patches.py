"""Patches: documents that say how another document is to change.

* `merge_patch`: RFC 7386. What the patch names is replaced, null removes, lists are replaced as a whole.
* `json_patch`: RFC 6902, a list of operations, carried out by the `jsonpatch` library. All of them or none.
* `merged`: three states of one document into one, field by field, for two who changed it at once.

All are pure: what they are given is never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mastractl import errors, values
from mastractl.errors import Cause
from mastractl.resources.diff import ABSENT

if TYPE_CHECKING:
    from mastractl.errors import FieldPath

_OPERATIONS = {
    "add": ("path", "value"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "move": ("from", "path"),
    "copy": ("from", "path"),
    "test": ("path", "value"),
}
"""The operations of RFC 6902, and the members that each must have."""


def merge_patch(target: Any, patch: Any) -> Any:
    """The target as an RFC 7386 patch changes it. Parts that stay as they are may be shared."""
    if not isinstance(patch, dict):
        return values.copy(patch)
    out = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge_patch(out.get(key), value)
    return out


def check_json_patch(patch: Any) -> None:
    """Raise BadRequest, naming the operation, for what is no RFC 6902 patch whatever it is applied to."""
    if not isinstance(patch, list):
        message = f"a JSON patch is a list of operations, not {_said(patch)}"
        hint = 'write [{"op": "replace", "path": "/spec/description", "value": "..."}], or use --type=merge'
        raise errors.BadRequest(message, hint=hint)
    for index, operation in enumerate(patch):
        if fault := _fault(operation):
            message = f"the JSON patch, operation {index}: {fault}"
            raise errors.BadRequest(message, hint="RFC 6902 describes what an operation looks like")


def json_patch(document: Any, patch: list[Any]) -> Any:
    """The document after all operations of an RFC 6902 patch.

    Raises BadRequest for a patch that is none, and Invalid, with the number of the operation (from 0) and
    its path, for one that cannot be carried out: a path that leads nowhere, a `test` that fails.
    """
    check_json_patch(patch)
    out = values.copy(document)
    for index, operation in enumerate(patch):
        out = _carried_out(out, values.copy(operation), index)
    return out


class Clash(NamedTuple):
    """A field that both sides changed, and how it was, is here and is there; ABSENT where it is not."""

    path: FieldPath
    base: Any
    mine: Any
    theirs: Any


def merged(base: Any, mine: Any, theirs: Any) -> tuple[Any, list[Clash]]:
    """What two changes of the same document come to, and the fields for which that cannot be said.

    A field that one side changed has that side's value. Objects are merged field by field, lists are
    taken as a whole. Where both sides changed a field, and differently, `mine` stands in the result.
    """
    clashes: list[Clash] = []
    return _merged((), (base, mine, theirs), clashes), clashes


def _merged(path: FieldPath, sides: tuple[Any, Any, Any], clashes: list[Clash]) -> Any:
    base, mine, theirs = sides
    if same(mine, theirs) or same(base, theirs):
        return mine
    if same(base, mine):
        return theirs
    if not (isinstance(mine, dict) and isinstance(theirs, dict)):
        clashes.append(Clash(path, base, mine, theirs))
        return mine
    before = base if isinstance(base, dict) else {}
    out = {}
    for key in mine | theirs:
        inner = tuple(side.get(key, ABSENT) for side in (before, mine, theirs))
        value = _merged((*path, key), (inner[0], inner[1], inner[2]), clashes)
        if value is not ABSENT:
            out[key] = value
    return out


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal as RFC 6902 has it: 1 is 1.0 and not true. ABSENT is itself only."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)


def _fault(operation: Any) -> str:
    """What is wrong with one operation by itself, "" if nothing is."""
    if not isinstance(operation, dict):
        return f"expected an object, found {_said(operation)}"
    name = operation.get("op")
    if name not in _OPERATIONS:
        return f'"op" must be one of {", ".join(_OPERATIONS)}' + (f", not {name!r}" if name else "")
    for member in _OPERATIONS[name]:
        if member not in operation:
            return f'{name} needs "{member}"'
    for member in ("path", "from"):
        if member in operation and not _is_pointer(operation[member]):
            shown = operation[member]
            return f'"{member}" is {shown!r}: a JSON pointer is "" or begins with /, as in /spec/model/name'
    return ""


def _is_pointer(text: Any) -> bool:
    """RFC 6901: reference tokens, each behind a slash; `~` only as `~0` and `~1`."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        return False
    return "~" not in text.replace("~0", "").replace("~1", "")


def _carried_out(document: Any, operation: dict[str, Any], index: int) -> Any:
    import jsonpatch  # noqa: PLC0415 - for this kind of patch only

    try:
        if operation["op"] == "test":
            return _tested(document, operation)
        return jsonpatch.apply_patch(document, [operation], in_place=True)
    except _Differs as fault:
        reason, hint = str(fault), "the patch was made for another state: look at it again"
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, LookupError, TypeError) as fault:
        # the library's own words may hold the whole object that it looked into, secrets and all
        reason = _astray(document, operation) or (str(fault) or type(fault).__name__).partition(" in {")[0]
        hint = "look at what is there: `mastractl get TYPE NAME -o json`"
    which = f"operation {index} ({operation['op']} {operation['path'] or chr(34) * 2}): {reason}"
    message = f"the JSON patch cannot be applied: {which}"
    raise errors.Invalid(message, causes=(Cause("MA150", (), which, hint=hint),), hint=hint)


def _astray(document: Any, operation: dict[str, Any]) -> str:
    """Where the way to the operation's place ends too soon; "" if it does not."""
    for member in ("from", "path"):
        tokens = operation.get(member, "").split("/")[1:]
        inner = document
        for at, token in enumerate(tokens[:-1] if member == "path" else tokens, 1):
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(inner, list) and name.isdecimal() and int(name) < len(inner):
                inner = inner[int(name)]
            elif isinstance(inner, dict) and name in inner:
                inner = inner[name]
            else:
                return f"there is nothing at /{'/'.join(tokens[:at])}"
    return ""


class _Differs(Exception):
    """A test operation that does not hold."""


def _tested(document: Any, operation: dict[str, Any]) -> Any:
    """Carry out a `test`: equality in JSON's sense, which is not Python's (true is not 1)."""
    import jsonpatch  # noqa: PLC0415 - as above

    try:
        found = jsonpatch.JsonPointer(operation["path"]).resolve(document)
    except jsonpatch.JsonPointerException:
        message = "there is nothing at this path"
        raise _Differs(message) from None
    if not same(found, operation["value"]):
        message = f"the value there is not {_brief(operation['value'])}"  # which it is may be a secret
        raise _Differs(message)
    return document


def _brief(value: Any) -> str:
    """A value for a message; objects and lists by their sort only: they may be long."""
    return _said(value) if isinstance(value, (dict, list)) else values.text(value)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "text" if isinstance(value, str) else values.text(value)
