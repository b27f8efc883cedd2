"""What the store says no with: errors that name the resource, what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mastractl import errors

if TYPE_CHECKING:
    from mastractl.engines.contract import Entry
    from mastractl.errors import Cause
    from mastractl.resources.kinds import Kind
    from mastractl.resources.resource import Resource


def refuse_other_revision(kind: Kind, name: str, given: str, entry: Entry | None) -> None:
    """Raise Conflict unless the entry stands at the given resourceVersion."""
    actual = entry.revision if entry else 0
    if given == str(actual) and entry:
        return
    title = f'{kind.qualified_plural} "{name}"'
    expected = revision_of(given, title)
    key = entry.key if entry else ""
    if entry is None:
        message = f"{title} was deleted since it was read at resourceVersion {given}"
        hint = "leave out metadata.resourceVersion to create it anew"
    else:
        message = (
            f"{title} was changed since it was read: it was at resourceVersion {given}, it is at {actual}"
        )
        hint = "read it again and make the change anew; leave out metadata.resourceVersion to overwrite"
    raise errors.Conflict(message, key=key, expected=expected, actual=actual, hint=hint)


def revision_of(resource_version: str, title: str) -> int:
    """The revision a resourceVersion stands for; raises BadRequest for what no store has given out."""
    if resource_version.isascii() and resource_version.isdigit():
        return int(resource_version)
    message = f"{title}: {resource_version!r} is no resourceVersion of this store"
    raise errors.BadRequest(message, hint="give back what a read gave, unchanged, or leave it out")


def not_found(kind: Kind, name: str) -> errors.NotFound:
    """`agents.mastra.ai "x" not found`, as kubectl says it."""
    return errors.NotFound(f'{kind.qualified_plural} "{name}" not found')


def refused(kind: Kind | None, resource: Resource, causes: tuple[Cause, ...]) -> errors.MastraError:
    """The error for a document that admission refused: UnknownKind if that was why, else Invalid."""
    if kind is None and causes[0].code in ("MA010", "MA011"):
        return errors.UnknownKind(causes[0].message, hint=causes[0].hint, causes=causes)
    return invalid(kind, resource.name, causes)


def invalid(kind: Kind | None, name: str, causes: tuple[Cause, ...]) -> errors.Invalid:
    """The error for a resource with these causes; the message tells the first."""
    title = f'{kind.qualified_singular} "{name}"' if kind else "the document"
    where = errors.format_path(causes[0].path).lstrip(".")
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    message = f"{title} is invalid: {where}: {causes[0].message}{more}"
    return errors.Invalid(message, causes=causes, hint=causes[0].hint)
