"""From options to the wrappers around an engine, in the order that the package's docstring argues for.

Every option is understood before the engine is opened, so that a slip does not leave a store half open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mastractl import config, errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mastractl.clock import Clock
    from mastractl.engines.contract import Adopt, Engine
    from mastractl.engines.wrappers.keyring import Keyring

# ruff: noqa: PLC0415 - a wrapper is imported only when it is asked for

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


class Encryption(NamedTuple):
    """The keys, and the spaces whose values they are for; all of them if there are none."""

    ring: Keyring
    spaces: tuple[str, ...]


def open_wrapped(
    open_bare: Callable[[Adopt], Engine],
    options: Mapping[str, str],
    *,
    adopt: Adopt,
    clock: Clock,
    name: str,
) -> Engine:
    """The engine that `open_bare` opens, in the wrappers that the options ask for.

    `name` stands for the engine in metrics. Raises ConfigError for an option that makes no sense.
    """
    wraps: list[Callable[[Engine], Engine]] = []
    if "metrics" in options:
        wraps.append(_metered(options["metrics"], name, clock))
    if "retry" in options:
        wraps.append(_retrying(options["retry"], clock))
    if "encrypt" in options:
        wrap, adopt = _encrypting(_encryption(options["encrypt"]), adopt)
        wraps.append(wrap)
    if "audit" in options:
        wraps.append(_audited(options["audit"], clock))
    if "cache" in options:
        wraps.append(_caching(options["cache"], clock))
    engine = open_bare(adopt)
    try:
        for wrap in wraps:
            engine = wrap(engine)
    except BaseException:
        engine.close()
        raise
    return engine


def _metered(path: str, name: str, clock: Clock) -> Callable[[Engine], Engine]:
    from mastractl.engines.wrappers.metered import MeteredEngine

    where = _path("metrics", path)
    return lambda engine: MeteredEngine(engine, name=name, path=where, clock=clock)


def _retrying(text: str, clock: Clock) -> Callable[[Engine], Engine]:
    from mastractl.engines.wrappers.retrying import RetryingEngine

    if not re.fullmatch(r"[0-9]{1,3}", text):
        fault = _bad("retry", text, hint="retry=5 asks up to five times again")
        raise fault
    return lambda engine: RetryingEngine(engine, tries=int(text), clock=clock)


def _encryption(text: str) -> Encryption:
    """`env:NAME`, `file:PATH`, or either behind spaces: `rec,res:env:NAME`."""
    from mastractl.engines.wrappers import keyring

    head, _, rest = text.partition(":")
    if head in {"env", "file"}:
        return Encryption(keyring.load(text), ())
    spaces = tuple(head.split(","))
    if not rest or not all(re.fullmatch(r"[a-z0-9-]+", space) for space in spaces):
        return Encryption(keyring.load(""), ())  # which says what to write
    return Encryption(keyring.load(rest), spaces)


def _encrypting(encryption: Encryption, adopt: Adopt) -> tuple[Callable[[Engine], Engine], Adopt]:
    """What encrypts, and what takes external edits in for the engine within."""
    try:
        from mastractl.engines.wrappers import encrypting
    except ImportError as error:
        if (error.name or "").startswith("mastractl"):
            raise
        message = f"encrypt= needs the package cryptography, which cannot be imported: {error}"
        raise errors.ConfigError(message, hint="pip install 'mastractl[crypto]'") from error
    ring, spaces = encryption
    adopting = encrypting.adopting(adopt, ring, spaces=spaces)
    return lambda engine: encrypting.EncryptingEngine(engine, ring, spaces=spaces), adopting


def _audited(path: str, clock: Clock) -> Callable[[Engine], Engine]:
    from mastractl.engines.wrappers.audited import AuditedEngine

    where = _path("audit", path)
    return lambda engine: AuditedEngine(engine, where, clock=clock)


def _caching(text: str, clock: Clock) -> Callable[[Engine], Engine]:
    """The number of entries, and after a comma how many bytes, `64m`."""
    from mastractl.engines.wrappers.caching import SIZE, CachingEngine

    match = re.fullmatch(r"([1-9][0-9]{0,11})(?:,([1-9][0-9]{0,11})([kmgKMG]?)(?:i?[bB])?)?", text)
    if match is None:
        hint = "cache=10000 keeps so many entries, cache=10000,64m in so many bytes"
        fault = _bad("cache", text, hint=hint)
        raise fault
    size = int(match[2]) * _UNITS[match[3].lower()] if match[2] else SIZE
    return lambda engine: CachingEngine(engine, entries=int(match[1]), size=size, clock=clock)


def _path(name: str, text: str) -> str:
    if not text or "\0" in text:
        raise _bad(name, text, hint=f"{name}=PATH names a file")
    return config.at_home(text)


def _bad(option: str, text: str, *, hint: str) -> errors.ConfigError:
    message = f"{option}={text} makes no sense"
    return errors.ConfigError(message, hint=hint)
