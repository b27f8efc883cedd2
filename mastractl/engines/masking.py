"""URLs as they may be shown: no message, listing or log line holds a secret.

Where a malformed URL leaves doubt, too much is hidden rather than too little.
"""

from __future__ import annotations

import re

from mastractl import storeurl

# These are compiled when they are used: most stores are opened by a path, and then none is.
_BEFORE_HOST = r"(?s)(?<=:)(/{0,2}[^:/?#@]*):.*@"
"""User and password, however odd the password: up to the last @."""

_NO_PORT = r"(://[^/?#@:\[\]]*):(?!\d*(?:[,/?#]|\Z))[^/?#]*"
"""What stands where a port would, and is none: a password whose host was forgotten."""

_TELLING = (
    r"(?i)([?&;][^=&;#]*(?:pass|pwd|secret|token|key|auth|credential|encrypt|odbc_connect)[^=&;#]*=)[^&]*"
)
"""Parameters whose values are secret, by their names. A value may hold ; and #."""


def mask(url: str) -> str:
    """The URL as it may be shown: `***` for a password and for every parameter that sounds like a secret.

    Paths are not touched: they have neither.
    """
    if not storeurl.scheme(url) and "://" not in url:
        return url
    inner = re.match(r"(?i)sql:(?=[a-z][a-z0-9+.-]*:/)", url)
    if inner:
        return inner[0] + mask(url[inner.end() :])
    shown, found = re.subn(_BEFORE_HOST, r"\1:***@", url, count=1)
    if not found:
        shown = re.sub(_NO_PORT, r"\1:***", shown, count=1)
    return re.sub(_TELLING, r"\1***", shown)
