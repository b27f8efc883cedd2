"""What an encrypted value looks like, for those who have no keys and are to say so.

It is a JSON object with a kind that none is stored under and no metadata, so that nothing takes it for a
resource. `envelope` has the whole of it.
"""

from __future__ import annotations

KIND = "Encrypted"

HEAD = b'{"apiVersion":"encrypted.mastra.ai/v1","kind":"Encrypted"'
"""How the bytes of every encrypted value begin."""

HINT = "its values are encrypted: open the store with its keys, encrypt=env:NAME or encrypt=file:PATH"
"""What to do where one is met."""


def is_sealed(value: bytes) -> bool:
    """Whether a value is encrypted."""
    return value.startswith(HEAD)
