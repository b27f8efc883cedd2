"""One encrypted value: a JSON object that says which key it needs and is nothing that a store shows.

    {"apiVersion":"encrypted.mastra.ai/v1","kind":"Encrypted","key":"2026","nonce":"...","data":"..."}

AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D bounds one key to 2**32 values; change it
before). Authenticated with it are the names of the key and of the engine's key, so that a value moved to
another name is refused like one that was altered. Key, sizes and times of entries are not hidden, and an
older value put back in its own place is not found out: a log is not a ledger.

It has no metadata, and a kind that none is stored under: a store that is opened without the keys refuses
it as a resource (`store.documents`), and so does an adoption of it as a file.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mastractl import errors, values
from mastractl.engines.wrappers import sealed as shape

if TYPE_CHECKING:
    from mastractl.engines.wrappers.keyring import Keyring

_NONCE_BYTES, _TAG_BYTES = 12, 16


class Sealer:
    """Seals and opens values with the keys of a ring. Thread-safe."""

    def __init__(self, ring: Keyring) -> None:
        self.ring = ring
        self._ciphers = {name: AESGCM(key) for name, key in ring.keys.items()}

    def seal(self, key: str, value: bytes, *, settled: bool = False) -> bytes:
        """The envelope of a value that is to stand at `key`.

        Each is another one, unless it is to be `settled`: then the nonce is made of key and value, so that
        two who take in the same edit log the same.
        """
        name = self.ring.newest
        bound = _bound(name, key)
        nonce = self._nonce(bound, value) if settled else os.urandom(_NONCE_BYTES)
        data = self._ciphers[name].encrypt(nonce, value, bound)
        return _written(name, _text(nonce), _text(data))

    def open(self, key: str, sealed: bytes) -> bytes:
        """The value in an envelope that stands at `key`; what is plain as it is, if the ring allows it.

        Raises StorageValidationError, naming `key` and the encryption key: if it is not encrypted, needs a
        key that is not here, was altered, or was moved here from another place.
        """
        if not shape.is_sealed(sealed):
            if self.ring.plain:
                return sealed
            message = f"{key} is not encrypted, in a store that is to be"
            hint = "whoever wrote it had no keys; `plain` after the keys lets it be read, and rotated"
            raise errors.StorageValidationError(message, hint=hint)
        name, nonce, data = _parts(key, sealed)
        cipher = self._ciphers.get(name)
        if cipher is None:
            message = f"{key} is encrypted with the key {name!r}; given: {', '.join(self._ciphers)}"
            hint = f"add the key {name!r} after the newest one"
            raise errors.StorageValidationError(message, hint=hint)
        try:
            return cipher.decrypt(nonce, data, _bound(name, key))
        except (InvalidTag, ValueError) as fault:
            message = f"{key} does not open with the key {name!r}: altered, moved, or sealed with another"
            hint = "compare the key with the one it was written with; else restore the value from a backup"
            raise errors.StorageValidationError(message, hint=hint) from fault

    def current(self, sealed: bytes) -> bool:
        """Whether it is encrypted with the newest key."""
        return sealed.startswith(shape.HEAD + b',"key":' + values.dump(self.ring.newest) + b",")

    def room(self, largest: int) -> int:
        """The largest value whose envelope has no more bytes than `largest`."""
        empty = len(_written(self.ring.newest, _text(bytes(_NONCE_BYTES)), ""))
        return max((largest - empty) // 4 * 3 - _TAG_BYTES, 0)

    def _nonce(self, bound: bytes, value: bytes) -> bytes:
        secret = hmac.digest(self.ring.keys[self.ring.newest], b"mastractl nonce", "sha256")
        return hmac.digest(secret, values.dump(bound.decode()) + value, "sha256")[:_NONCE_BYTES]


def arranged(document: Any) -> bytes | None:
    """The envelope that a document is, in the order of its fields that counts; None if it is none."""
    if not isinstance(document, dict) or document.get("kind") != shape.KIND:
        return None
    parts = [document.get(field) for field in ("key", "nonce", "data")]
    if len(document) != 5 or not all(isinstance(part, str) for part in parts):
        return None
    written = _written(*(str(part) for part in parts))
    return written if values.load(written) == document else None


def _written(name: str, nonce: str, data: str) -> bytes:
    return shape.HEAD + b"," + values.dump({"key": name, "nonce": nonce, "data": data})[1:]


def _parts(key: str, sealed: bytes) -> tuple[str, bytes, bytes]:
    """The name of the encryption key, the nonce and what is encrypted."""
    try:
        found = values.load(sealed)
        nonce, data = (base64.b64decode(found[part], validate=True) for part in ("nonce", "data"))
        return str(found["key"]), nonce, data
    except (ValueError, KeyError, TypeError, binascii.Error) as fault:
        message = f"the encrypted value of {key} was altered: it is no envelope"
        raise errors.StorageValidationError(message, hint="restore it from a backup") from fault


def _bound(name: str, key: str) -> bytes:
    """What the value is bound to."""
    return f"mastractl/1\0{name}\0{key}".encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
