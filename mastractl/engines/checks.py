"""What every engine refuses before it looks at its store: one place, so that all refuse alike.

A commit is checked as a whole before anything is written: keys, repeated keys, sizes, expiry. Reads
need no check: a key that cannot be written is simply never there.
"""

from __future__ import annotations

import re
from math import isnan
from typing import TYPE_CHECKING

from mastractl import errors
from mastractl.engines.contract import Check, Put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.engines.contract import Capabilities, Op

MAX_KEY_BYTES = 1024
"""The longest key in bytes: the longest Kubernetes group, kind, namespace and name fit, and so does a
B-tree page of every SQL database."""

_SEGMENT = r"(?!\.{1,2}(?:/|\Z))[^/\x00-\x1f\x7f\ud800-\udfff]+"
_KEY = re.compile(f"{_SEGMENT}(?:/{_SEGMENT})+")
_UNPRINTABLE = r"[\x00-\x1f\x7f\ud800-\udfff]"


def check_key(key: str) -> None:
    """Refuse what is no key: raises BadRequest, naming the fault.

    A key is two or more segments joined by `/`, at most `MAX_KEY_BYTES` of UTF-8 in all. A segment is
    not empty, neither `.` nor `..`, and holds no control characters and no lone surrogates.
    """
    if not _KEY.fullmatch(key) or (len(key) * 4 > MAX_KEY_BYTES and len(key.encode()) > MAX_KEY_BYTES):
        message = f"{_shown(key)} is no key: {_key_fault(key)}"
        raise errors.BadRequest(
            message, hint="a key is <space>/<segment>[/<segment>...]; escape what comes from users"
        )


def check_operations(ops: Sequence[Op], capabilities: Capabilities) -> None:
    """Refuse a commit that cannot stand, whatever the store holds.

    Raises TooLarge (too many operations, a value too large), BadRequest (a key that is none, an expiry
    the engine cannot keep) and ValueError (a key twice, a negative revision: faults of the program).
    """
    if capabilities.max_commit and len(ops) > capabilities.max_commit:
        message = f"{len(ops)} operations in one commit; this store takes {capabilities.max_commit}"
        raise errors.TooLarge(message, hint="split the work into smaller commits")
    seen: set[str] = set()
    for op in ops:
        check_key(op.key)
        if op.key in seen:
            message = f"{_shown(op.key)} appears twice in one commit"
            raise ValueError(message)
        seen.add(op.key)
        if op.if_revision is not None and op.if_revision < 0:
            message = f"if_revision of {_shown(op.key)} is {op.if_revision}; revisions are never negative"
            raise ValueError(message)
        if isinstance(op, Put):
            _check_put(op, capabilities)


def check_precondition(op: Op, actual: int) -> None:
    """Refuse an operation whose `if_revision` is not met: raises Conflict.

    `actual` is the revision at which the key stands, 0 if it does not exist.
    """
    expected = op.if_revision
    if expected is None or expected == actual:
        return
    shown = _shown(op.key)
    if actual == 0:
        message = f"{shown} does not exist; revision {expected} was expected"
    elif expected == 0:
        message = f"{shown} already exists, at revision {actual}"
    else:
        message = f"{shown} is at revision {actual}, not {expected}: it changed since it was read"
    hint = "read it again and decide anew" if isinstance(op, Check) else "read it again and repeat the change"
    raise errors.Conflict(message, key=op.key, expected=expected, actual=actual, hint=hint)


def _check_put(op: Put, capabilities: Capabilities) -> None:
    if len(op.value) > capabilities.max_value:
        most = capabilities.max_value
        message = f"the value of {_shown(op.key)} is {len(op.value)} bytes; this store takes {most}"
        raise errors.TooLarge(message, hint="keep large content elsewhere and refer to it")
    if op.expires_at is None:
        return
    if not capabilities.ttl:
        message = f"{_shown(op.key)} is to expire, and this store keeps everything for ever"
        raise errors.BadRequest(
            message, hint="leave out the expiry, or use an engine with the ttl capability"
        )
    if isnan(op.expires_at):  # it would never be due
        message = f"{_shown(op.key)} is to expire at NaN"
        raise ValueError(message)


def _key_fault(key: str) -> str:
    segments = key.split("/")
    if len(key.encode(errors="replace")) > MAX_KEY_BYTES:
        return f"longer than {MAX_KEY_BYTES} bytes"
    if re.search(_UNPRINTABLE, key):
        return "it holds a control character or a lone surrogate"
    if "" in segments:
        return "a segment is empty"
    if "." in segments or ".." in segments:
        return "a segment is . or .."
    return "it has no space in front"


def _shown(key: str) -> str:
    """The key for a message: quoted, escaped, and not longer than a line."""
    return ascii(key) if len(key) <= 100 else f"{key[:97]!a}..."
