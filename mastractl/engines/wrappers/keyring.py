"""The keys of an encrypted store: where they come from, their names, the newest first.

A key is written `NAME:BASE64`, 32 bytes as `new_key` makes them. Several are separated by commas or
line ends: values are encrypted with the first, and read with whichever they name. To change keys, put a
new one in front, let `encrypting.rotate` encrypt everything anew, and take the old one away once the log
before that is compacted. The word `plain` after the keys lets values be read that are not encrypted: for
a store that was begun without, until it was rotated.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from mastractl import config, errors

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_BYTES = 32
"""AES-256."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_PLAIN = "plain"
_MAKE_ONE = "`mastractl store keygen` makes one"


class Keyring(NamedTuple):
    """The keys by name, the one to encrypt with first; whether plain values may be read too."""

    keys: Mapping[str, bytes]
    plain: bool = False

    @property
    def newest(self) -> str:
        """The name of the key that encrypts."""
        return next(iter(self.keys))

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.keys)})"


def new_key(name: str = "") -> str:
    """A new key as it is written in a variable or file. Its name is random unless it is given one.

    ValueError for a name that cannot be one.
    """
    name = name or os.urandom(4).hex()
    if not re.fullmatch(_NAME, name) or name == _PLAIN:
        message = f"{name!r} is no name of a key: letters, digits, '.', '_' and '-', 63 at most"
        raise ValueError(message)
    return f"{name}:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}"


def load(source: str) -> Keyring:
    """The keys at `env:NAME` or `file:PATH`. Raises ConfigError, which never shows what stands there.

    A file must be its owner's alone.
    """
    kind, _, where = source.partition(":")
    if kind == "env" and where:
        text = config.environment().get(where, "")
        if not text.strip():
            message = f"the variable {where}, which is to hold the keys of the store, is not set"
            raise errors.ConfigError(message, hint=f"export {where}=NAME:BASE64; {_MAKE_ONE}")
        return parse(text, where=f"the variable {where}")
    if kind == "file" and where:
        return parse(_read(config.at_home(where)), where=where)
    message = "encrypt= names no keys"
    raise errors.ConfigError(message, hint="encrypt=env:NAME or encrypt=file:PATH, never a key itself")


def parse(text: str, *, where: str) -> Keyring:
    """The keys that a text holds; `#` begins a comment. Raises ConfigError, naming `where` and which one."""
    words = [word for line in text.splitlines() for word in re.split(r"[,\s]+", line.partition("#")[0])]
    words = [word for word in words if word]
    plain = _PLAIN in words
    keys: dict[str, bytes] = {}
    for number, word in enumerate((word for word in words if word != _PLAIN), 1):
        name, key = _one(word, f"key {number} in {where}")
        if name in keys:
            message = f"two keys in {where} are named {name}"
            raise errors.ConfigError(message, hint="values say by name which key they need: rename one")
        keys[name] = key
    if not keys:
        message = f"there is no key in {where}"
        raise errors.ConfigError(message, hint=_MAKE_ONE)
    return Keyring(keys, plain)


def _one(word: str, which: str) -> tuple[str, bytes]:
    name, colon, text = word.partition(":")
    if not colon or not re.fullmatch(_NAME, name):
        message = f"{which} has no name"
        raise errors.ConfigError(message, hint=f"a key is written NAME:BASE64; {_MAKE_ONE}")
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"{which}, {name}, is not {KEY_BYTES} bytes in base64"
        raise errors.ConfigError(message, hint=_MAKE_ONE)
    return name, key


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as in config
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                message = f"the keys in {path} can be read or changed by others (mode {mode & 0o777:04o})"
                raise errors.ConfigError(message, hint=f"chmod 600 {path}")
            return file.read()
    except UnicodeDecodeError as error:
        message = f"{path} holds no keys: it is not text"
        raise errors.ConfigError(message, hint=_MAKE_ONE) from error
    except OSError as error:
        message = f"the keys of the store cannot be read from {path}: {error.strerror}"
        raise errors.ConfigError(message, hint="check the path, its owner and mode") from error
