"""URLs as they may be shown: no message, listing or log line holds a secret.

Where a malformed URL leaves doubt, too much is hidden rather than too little.
"""

from __future__ import annotations

import re

from mastractl import storeurl

# These are compiled when they are used: most stores are opened by a path, and then none is.
# Each has three groups: what stays, what is hidden, and what stays after it.
_BEFORE_HOST = r"(?s)(?<=:)(/{0,2}[^:/?#@]*:)(.*)(@)"
"""User and password, however odd the password: up to the last @."""

_NO_PORT = r"(://[^/?#@:\[\]]*:)(?!\d*(?:[,/?#]|\Z))([^/?#]*)()"
"""What stands where a port would, and is none: a password whose host was forgotten."""

_TELLING = (
    r"(?i)([?&;][^=&;#]*(?:pass|pwd|secret|token|key|auth|credential|encrypt|odbc_connect)[^=&;#]*=)([^&]*)()"
)
"""Parameters whose values are secret, by their names. A value may hold ; and #."""


def mask(url: str) -> str:
    """The URL as it may be shown: `***` for a password and for every parameter that sounds like a secret.

    Paths are not touched: they have neither.
    """
    return _masked(url, [])


def concealed(text: str, url: str) -> str:
    """A text of somebody else's, such as a driver's message, without the URL's secrets.

    What has less than three characters cannot be told from the rest of a text.
    """
    from urllib.parse import unquote  # noqa: PLC0415 - for a traceback only

    found: list[str] = []
    _masked(url, found)
    for secret in sorted({*found, *map(unquote, found)}, key=len, reverse=True):
        if len(secret) > 2:
            text = text.replace(secret, "***")
    return text


def _masked(url: str, found: list[str]) -> str:
    """The URL without its secrets, which are added to `found`."""
    if not storeurl.scheme(url) and "://" not in url:
        return url
    inner = re.match(r"(?i)sql:(?=[a-z][a-z0-9+.-]*:/)", url)
    if inner:
        return inner[0] + _masked(url[inner.end() :], found)

    def hidden(match: re.Match[str]) -> str:
        found.append(match[2])
        return f"{match[1]}***{match[3]}"

    shown, count = re.subn(_BEFORE_HOST, hidden, url, count=1)
    if not count:
        shown = re.sub(_NO_PORT, hidden, shown, count=1)
    return re.sub(_TELLING, hidden, shown)
