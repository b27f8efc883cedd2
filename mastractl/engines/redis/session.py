"""One store on one server, as one process talks to it: who it is, and what is asked of it by scripts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from redis import exceptions as driver

from mastractl import errors
from mastractl.engines.redis import promises, trouble
from mastractl.engines.redis.packing import FORMAT, time
from mastractl.engines.redis.scripts import script
from mastractl.engines.redis.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mastractl.clock import Clock
    from mastractl.engines.redis.address import Address
    from mastractl.engines.redis.promises import Life
    from mastractl.engines.redis.wire import Link


class Session:
    """What every call goes through. Opening makes the store if it is not there, unless `read_only`.

    `turned` is called when the store has got another past (see `enter.lua`). `life` is what the server said
    of itself on the newest connection. Raises StorageConnectionError, StorageValidationError, Forbidden.
    """

    def __init__(
        self, address: Address, clock: Clock, *, read_only: bool, turned: Callable[[], None]
    ) -> None:
        self.address = address
        self._keys = address.keys
        self.life: Life
        self._clock = clock
        self._read_only = read_only
        self._turned = turned
        self._uid = self._epoch = b""
        self.wire = Wire(address, self._greet)
        try:
            self.wire.meet()
        except BaseException:
            self.wire.close()
            raise

    @property
    def identity(self) -> str:
        """The uid of the store, and of the past it has if that is not its first."""
        return self._uid.decode() + (f"-{self._epoch.decode()}" if self._epoch != b"0" else "")

    def now(self) -> float:
        """The time by the engine's clock."""
        return self._clock.now()

    def after_fork(self) -> None:
        """Go on with connections of this process's own; the parent's are not touched."""
        self._parents = self.wire  # kept, so that nothing of it is closed here
        self.wire = Wire(self.address, self._greet)

    def ask(
        self,
        name: str,
        *arguments: Any,
        now: float | None = None,
        writes: bool = False,
        rewound: Callable[[int], None] | None = None,
    ) -> list[Any]:
        """The answer of a script. Its first word is "ok", or "expired" or "future" for the caller to tell.

        `now` is the time it goes by; `writes` says that it must not be asked twice without knowing.

        `rewound` is called, before the script is asked again, with the revision up to which the past is still
        the same, if it is another one now: whoever relies on a later revision raises.
        """
        called = script(name)
        at = time(self._clock.now() if now is None else now)
        sweeps = b"0" if self._read_only else b"1"
        while True:
            words = (4, *self._keys, self._uid, self._epoch, FORMAT, at, sweeps, *arguments)
            answer: list[Any] = self.wire.ask(
                (b"EVALSHA", called.digest, *words), writes=writes, otherwise=(b"EVAL", called.source, *words)
            )
            if answer[0] != b"epoch":
                self._refuse(answer)
                return answer
            floor = self._turn(answer[1], int(answer[2]))
            if rewound:
                rewound(floor)

    def held(self, key: str) -> bytes | None:
        """What stands at a key, as it is packed, due or not."""
        words = (b"HMGET", self._keys[0], b"identity", key.encode("utf-8", "surrogatepass"))
        uid, packed = self.wire.ask(words)
        if uid != self._uid:
            self._refuse([b"stranger", uid or b""])
        found: bytes | None = packed
        return found

    def await_beyond(self, link: Link, revision: int, seconds: float) -> int:
        """The present revision as soon as it is beyond this one, or after so many seconds."""
        store, _, log, _ = self._keys
        newest = f"{revision}-18446744073709551615"
        try:
            told = link.ask("XREAD", "COUNT", 1, "BLOCK", int(seconds * 1000), "STREAMS", log, newest)
            return int(link.ask("HGET", store, "revision") or 0) if told else revision
        except driver.RedisError as error:
            raise self._explained(error) from error

    def described(self) -> Life:
        """What the server tells of itself."""
        link = self.wire.fresh()
        try:
            return promises.full(link)
        except driver.RedisError as error:
            raise self._explained(error) from error
        finally:
            link.close()

    def _explained(self, error: driver.RedisError) -> errors.MastraError:
        if trouble.refusal(error):
            return trouble.explain(error, self.address.shown, self.address.prefix)
        message = f"{self.address.shown}: the connection was lost: {error}"
        return errors.Unavailable(message, hint="try again")

    def _greet(self, link: Link) -> None:
        """The first words on a connection: what the server is now, and whether the store is the same."""
        opening = not self._uid
        self.life = life = promises.life(link)
        writes = not self._read_only
        answer: list[Any] = link.script(
            script("enter"),
            self._keys,
            (
                os.urandom(16).hex().encode(),
                FORMAT,
                life.run.encode(),
                b"1" if life.lossy else b"0",
                b"1" if opening and writes else b"0",
                b"1" if writes else b"0",
            ),
        )
        if opening:
            self._refuse(answer)
            self._uid, self._epoch = answer[1], answer[2]

    def _turn(self, epoch: bytes, floor: int) -> int:
        """Take the store as it is now; the revision up to which its past is the one we knew."""
        passed = int(epoch) - int(self._epoch)
        self._epoch = epoch
        self._turned()
        return floor if passed == 1 else 0

    def _refuse(self, answer: Sequence[Any]) -> None:
        """Raise if the answer says that the store is not ours to use."""
        shown, prefix = self.address.shown, self.address.prefix
        word = bytes(answer[0])
        if word == b"absent":
            message = f"there is no store at {shown}"
            raise errors.StorageConnectionError(message, hint="a first write makes it")
        if word == b"foreign":
            key, kind = answer[1].decode(), answer[2].decode()
            message = f"{shown}: another program keeps a {kind} at {key}, where a store would be"
            raise errors.StorageValidationError(message, hint="give the store a prefix of its own: ?prefix=")
        if word == b"format":
            found = answer[1].decode(errors="replace")
            message = (
                f"{shown} was written by a newer mastractl (format {found}; this one knows {FORMAT.decode()})"
            )
            raise errors.StorageValidationError(message, hint="use that version; nothing was changed")
        if word == b"stranger":
            what = "replaced by another store" if answer[1] else "wiped"
            message = f"the store {prefix!r} at {shown} was {what} while it was in use"
            hint = "open the store again: it is another one now, and watches begin anew"
            raise errors.StorageConnectionError(message, hint=hint)
