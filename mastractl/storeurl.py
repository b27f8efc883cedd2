"""The name of a store as text: whether it is a URL, which options it carries, where its paths lead.

A store is named by a path or by a URL. A URL may carry `OPTIONS` among its parameters: they are not
the engine's but say what is put around it (`mastractl.engines.wrappers`). A bare path has none: every
character of it may be part of a name.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from mastractl import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

# ruff: noqa: PTH118 - pathlib costs its import on every start
# ruff: noqa: PLC0415 - a bare path needs none of it

OPTIONS = ("audit", "cache", "encrypt", "metrics", "retry")
"""The parameters of every store's URL: what is put around its engine."""

_PATHS = ("audit", "metrics")
"""The options that are paths."""

_LOCAL = ("file", "libsql", "sqlite")
"""The schemes with a path right after them, percent-encoded."""


def scheme(store: str) -> str:
    """The scheme in lower case, "" for a path. It has two letters at least: one is a Windows drive."""
    head, colon, _ = store.partition(":")
    if not colon or len(head) < 2 or not head.isascii() or not head[0].isalpha():
        return ""
    return head.lower() if head.replace("+", "").replace("-", "").replace(".", "").isalnum() else ""


def options(store: str) -> tuple[str, dict[str, str]]:
    """The URL that the engine is to see, and the options that were in it, decoded.

    All else stays byte for byte. Raises ConfigError for an option said twice.
    """
    head, _, query = store.partition("?")
    if not query or not scheme(store):
        return store, {}
    from urllib.parse import unquote

    kept: list[str] = []
    found: dict[str, str] = {}
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if name not in OPTIONS:
            kept.append(parameter)
        elif name in found:
            message = f"the store's {name}= is said twice"
            raise errors.ConfigError(message, hint="say it once, in the URL or among the context's options")
        else:
            found[name] = unquote(value)
    if not found:
        return store, {}
    return (f"{head}?{'&'.join(kept)}" if kept else head), found


def with_options(store: str, given: Mapping[str, str]) -> str:
    """The store as a URL that carries these options. A path becomes a `file:` URL."""
    if not given:
        return store
    from urllib.parse import quote

    url = store if scheme(store) else f"file:{quote(store)}"
    said = "&".join(f"{name}={quote(value, safe='/:,~')}" for name, value in given.items())
    return f"{url}{'&' if '?' in url else '?'}{said}"


def absolute(store: str, directory: str) -> str:
    """A store's URL with every relative path in it made one from `directory`.

    These are the paths of `file:`, `sqlite:`, `libsql:` and `sql:sqlite:///`, and those of options. What
    begins with `~` stays: it means the same everywhere. For URLs only; a path is the caller's to join.
    """
    head, mark, query = store.partition("?")
    parameters = "&".join(_absolute_parameter(part, directory) for part in query.split("&"))
    return _absolute_head(head, directory) + mark + parameters


def _absolute_head(head: str, directory: str) -> str:
    kind, _, rest = head.partition(":")
    if kind.lower() in _LOCAL:
        return f"{kind}:{_joined(rest, directory)}" if rest and not rest.startswith(":") else head
    dialect, slashes, path = rest.partition(":///")
    if kind.lower() != "sql" or dialect.partition("+")[0].lower() != "sqlite" or not slashes:
        return head
    if not path or path[0] in "/:" or path.startswith("file:"):
        return head
    return f"{kind}:{dialect}:///{os.path.join(directory, path)}"  # SQLAlchemy does not decode it


def absolute_option(name: str, value: str, directory: str) -> str:
    """The value of an option, decoded, with its path made one from `directory`."""
    before, path = _path_in(name, value)
    return f"{before}{os.path.join(directory, path)}" if path and path[0] not in "/~" else value


def _absolute_parameter(parameter: str, directory: str) -> str:
    name, equals, value = parameter.partition("=")
    before, path = _path_in(name, value)
    return f"{name}{equals}{before}{_joined(path, directory)}" if path else parameter


def _path_in(name: str, value: str) -> tuple[str, str]:
    """What stands before the path in the value of an option, and the path; "" if it has none."""
    if name in _PATHS:
        return "", value
    before, said, path = value.partition("file:")
    if name != "encrypt" or not said or (before and not before.endswith(":")):
        return value, ""
    return before + said, path


def _joined(path: str, directory: str) -> str:
    """A percent-encoded path from the directory on; one that is absolute or at home stays."""
    if path[0] in "/~" or path[:3].lower() == "%7e":
        return path
    from urllib.parse import quote

    return f"{quote(directory)}/{path}"
