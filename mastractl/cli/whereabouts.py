"""Where on this machine a store is, if it is a directory."""

from __future__ import annotations

import os.path

from mastractl import storeurl


def directory_of(store: str) -> str:
    """The directory of a file store, "" for every other one."""
    if os.path.isabs(store) or ":" not in store:  # noqa: PTH117
        return store
    if storeurl.scheme(store) != "file":
        return ""
    from urllib.parse import unquote  # noqa: PLC0415 - few write URLs

    path = unquote(store.partition(":")[2].partition("?")[0])
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        return slash + path if host in {"", "localhost"} else ""
    return path
