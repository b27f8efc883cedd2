"""From a URL to an open engine, with whatever its options put around it.

Which engines there are is for `schemes` to say, which secrets a URL holds for `masking`. A bare path is a
file store. An unknown scheme is an error and never a store that forgets.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mastractl import storeurl
from mastractl.clock import SystemClock
from mastractl.engines.contract import adopt_as_is
from mastractl.engines.localstores import open_path
from mastractl.engines.masking import mask
from mastractl.engines.schemes import (
    BUILT_IN,
    GROUP,
    BuiltIn,
    Factory,
    available,
    factory,
    register,
    unregister,
)

if TYPE_CHECKING:
    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine

__all__ = [
    "BUILT_IN",
    "GROUP",
    "BuiltIn",
    "Factory",
    "available",
    "mask",
    "open_engine",
    "register",
    "unregister",
]


def open_engine(
    url: str | os.PathLike[str],
    *,
    adopt: Adopt = adopt_as_is,
    clock: Clock | None = None,
    read_only: bool = False,
) -> Engine:
    """Open the store at a URL: `memory:`, `file:PATH`, `postgresql://...`, or a path as it stands.

    In a path, `~` is the home directory. A `file:` URL is percent-decoded and may end in `?mode=ro`;
    a bare path is taken as it is, and a `PathLike` always is one. `adopt` takes in what is edited
    behind the engine's back. The parameters `audit`, `cache`, `encrypt`, `metrics` and `retry` put
    wrappers around the engine (`engines.wrappers`), which does not see them. Raises ConfigError for a
    URL that names no engine or no store, PluginError if an installed engine cannot be loaded, and
    whatever the engine raises when it is opened.
    """
    clock = clock or SystemClock()
    scheme = storeurl.scheme(url) if isinstance(url, str) else ""
    if not scheme or not isinstance(url, str):
        return open_path(os.fspath(url), adopt=adopt, clock=clock, read_only=read_only)
    bare, options = storeurl.options(url)
    if not options:
        return factory(scheme, url)(url, adopt=adopt, clock=clock, read_only=read_only)
    from mastractl.engines.wrappers.stack import open_wrapped  # noqa: PLC0415 - for those who ask only

    opens = factory(scheme, url)

    def open_bare(adopt: Adopt) -> Engine:
        return opens(bare, adopt=adopt, clock=clock, read_only=read_only)

    return open_wrapped(open_bare, options, adopt=adopt, clock=clock, name=scheme)
