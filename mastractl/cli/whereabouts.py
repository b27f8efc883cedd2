"""Where on this machine a store is, if it is a directory."""

from __future__ import annotations

import os.path


def directory_of(store: str) -> str:
    """The directory of a file store, "" for every other one."""
    scheme, colon, rest = store.partition(":")
    if os.path.isabs(store) or not colon:  # noqa: PTH117
        return store
    if scheme != "file":
        return ""
    from urllib.parse import unquote  # noqa: PLC0415 - few write URLs

    path = unquote(rest.partition("?")[0]).removeprefix("//localhost")
    return path.removeprefix("//")
