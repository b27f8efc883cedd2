"""The one exception tree.

Every failure that a caller may want to tell apart has a class here, and nothing else in the package
defines exceptions. A node carries what each edge needs: the Kubernetes `reason` and HTTP `code` (for
`-o json` and a server), the process `exit_code`, the `causes` (one per faulty field) and a `hint`
that says what to do next.

    MastraError
    ├── BadRequest              400  the call itself makes no sense
    │   ├── UsageError               ... and it was typed on a command line
    │   └── ConfigError              ... and it stands in a configuration file or variable
    ├── ManifestError           400  text that is no manifest (syntax, limits, unreadable source)
    ├── Invalid                 422  a well-formed resource that breaks its schema
    │   └── Refused                  an edit made behind the store's back that it cannot take in
    ├── NotFound                404  no such resource
    │   └── UnknownKind              no such kind of resource
    ├── AlreadyExists           409
    ├── Conflict                409  it changed since it was read
    │   └── FieldConflict            ... or another manager owns what is applied
    ├── Expired                 410  the log no longer reaches back to that revision
    │   └── FutureRevision           ... or does not yet reach that far
    ├── TooLarge                413  more than the store takes in one value or one commit
    ├── Forbidden               403  not permitted (read-only store, file permissions)
    ├── TimedOut                504
    ├── Unavailable             503  try again later
    ├── PluginError             500
    └── StorageError            500  the store itself failed
        ├── StorageConnectionError   it cannot be opened or reached
        │   └── StorageClosed            ... because this process closed it
        ├── StorageTransactionError  a commit failed; nothing was written
        │   ├── StorageFull          ... for want of space
        │   └── UnknownOutcome       ... or it may have been written: nobody knows
        ├── StorageValidationError   what is stored cannot be understood
        └── StorageNotFoundError     the record face's spelling of NotFound (seed 004)

The five Storage... names are those of seed 004. Reasons and codes are those of the Kubernetes API
(`metav1.StatusReason`). Exit codes: 1 failure, 2 usage, 3 not found, 4 invalid manifest, 5 conflict,
6 timed out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

FieldPath = tuple[str | int, ...]


class Cause(NamedTuple):
    """One fault of one field.

    `code` is the stable diagnostic code (`MA101`), `reason` the Kubernetes cause type
    (`FieldValueInvalid`, ...), `path` the field as keys and indexes from the document's root.
    `at_key` says that the fault is the key itself (an unknown field) and not its value.
    `warning` marks a remark that does not make the resource invalid. `place` is where it was written,
    as `file:line:column`, and "" if it comes from no text. `related` are other fields of the same document
    that the fault has to do with, each with what there is to say of it. `secret` says that the value must not
    be shown.
    """

    code: str
    path: FieldPath
    message: str
    reason: str = "FieldValueInvalid"
    hint: str = ""
    at_key: bool = False
    warning: bool = False
    place: str = ""
    related: tuple[tuple[FieldPath, str], ...] = ()
    secret: bool = False


class MastraError(Exception):
    """The root: everything mastractl raises on purpose."""

    reason: ClassVar[str] = "InternalError"
    code: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", causes: Sequence[Cause] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.causes = tuple(causes)

    def to_status(self) -> dict[str, Any]:
        """The error as one JSON object in the shape of a Kubernetes Status.

        Keys: kind, status, reason, code, message and, where there are any, causes and hint.
        """
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": self.reason,
            "code": self.code,
            "message": self.message,
        }
        if self.causes:
            status["causes"] = [
                {"code": c.code, "reason": c.reason, "field": format_path(c.path), "message": c.message}
                | ({"hint": c.hint} if c.hint else {})
                | ({"place": c.place} if c.place else {})
                for c in self.causes
            ]
        if self.hint:
            status["hint"] = self.hint
        return status


def format_path(path: FieldPath) -> str:
    """`("spec", "tools", 0, "a.b")` as people write it: `.spec.tools[0]["a.b"]`."""
    out: list[str] = []
    for part in path:
        if isinstance(part, int):
            out.append(f"[{part}]")
        elif part.replace("_", "").replace("-", "").isalnum():
            out.append(f".{part}")
        else:
            out.append(f'["{part}"]')
    return "".join(out)


class BadRequest(MastraError):
    """The call makes no sense as it stands."""

    reason = "BadRequest"
    code = 400


class UsageError(BadRequest):
    """Flags or arguments that do not fit together."""

    exit_code = 2


class ConfigError(BadRequest):
    """A configuration file, context or environment variable that cannot be used."""

    exit_code = 2


class ManifestError(MastraError):
    """Text that is not a manifest. `line` and `column` count from 1; 0 where they do not apply."""

    reason = "BadRequest"
    code = 400
    exit_code = 4

    def __init__(
        self, message: str, *, line: int = 0, column: int = 0, hint: str = "", causes: Sequence[Cause] = ()
    ) -> None:
        super().__init__(message, hint=hint, causes=causes)
        self.line = line
        self.column = column


class Invalid(MastraError):
    """A resource that breaks the schema of its kind; `causes` names each fault.

    `key` is the engine key of a resource that is right by itself and wrong where it would stand, else "".
    """

    reason = "Invalid"
    code = 422
    exit_code = 4
    key = ""


class Refused(Invalid):
    """A document that was put into the store from outside and cannot be taken in; the last good one stays."""


class NotFound(MastraError):
    """No such resource."""

    reason = "NotFound"
    code = 404
    exit_code = 3


class UnknownKind(NotFound):
    """No such kind: neither bundled nor defined by a CustomResourceDefinition."""


class AlreadyExists(MastraError):
    """A create met a resource of that name."""

    reason = "AlreadyExists"
    code = 409
    exit_code = 5


class Conflict(MastraError):
    """The resource changed since the caller read it; nothing was written.

    `key` is the engine key, `expected` the revision the caller held, `actual` the present one
    (0 = it does not exist).
    """

    reason = "Conflict"
    code = 409
    exit_code = 5

    def __init__(
        self, message: str, *, key: str = "", expected: int = 0, actual: int = 0, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.key = key
        self.expected = expected
        self.actual = actual


class FieldConflict(Conflict):
    """An applied field belongs to another manager, with another value; nothing was written.

    `causes` names each such field once per owner (reason FieldManagerConflict).
    """

    def __init__(self, message: str, *, hint: str = "", causes: Sequence[Cause] = ()) -> None:
        super().__init__(message, hint=hint)
        self.causes = tuple(causes)


class Expired(MastraError):
    """The change log no longer reaches back to the asked revision: list again and go on from there.

    `floor` is the oldest revision from which changes can still be read.
    """

    reason = "Expired"
    code = 410

    def __init__(self, message: str, *, floor: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.floor = floor


class FutureRevision(Expired):
    """A revision the store has not reached: it belongs to another store, or to one since restored."""


class TooLarge(MastraError):
    """More than the store takes in one value or one commit; nothing was written."""

    reason = "RequestEntityTooLarge"
    code = 413


class Forbidden(MastraError):
    """Not permitted: a read-only store, or a file that may not be written."""

    reason = "Forbidden"
    code = 403


class TimedOut(MastraError):
    """What was waited for did not come in time."""

    reason = "Timeout"
    code = 504
    exit_code = 6


class Unavailable(MastraError):
    """It cannot be done now, but may be later."""

    reason = "ServiceUnavailable"
    code = 503


class PluginError(MastraError):
    """A plugin cannot be loaded or broke its contract."""


class StorageError(MastraError):
    """The store itself failed."""


class StorageConnectionError(StorageError):
    """The store cannot be opened or reached."""

    reason = "ServiceUnavailable"
    code = 503


class StorageClosed(StorageConnectionError):
    """The store was used after this process had closed it; nothing is wrong with the store."""


class StorageTransactionError(StorageError):
    """A commit failed and nothing of it was written."""


class StorageFull(StorageTransactionError):
    """A commit failed for want of space; nothing of it was written."""

    reason = "InsufficientStorage"
    code = 507


class UnknownOutcome(StorageTransactionError):
    """The connection was lost while a commit was under way: it may or may not have been written."""


class StorageValidationError(StorageError):
    """What is stored cannot be understood."""


class StorageNotFoundError(StorageError):
    """No such record (the spelling of seed 004)."""

    reason = "NotFound"
    code = 404
    exit_code = 3
