"""One store in etcd as a process has it open: its names, the way to it, what was last seen of it.

A store is known by its head. Whoever reads a head here is told if that is no longer the one that was
opened: the prefix was wiped, or another store was made there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.engines.etcd import txn
from mastractl.engines.etcd.gateway import Gateway
from mastractl.engines.etcd.records import Head, Names, end, load_entries, load_head
from mastractl.engines.etcd.seen import Seen, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mastractl.engines.etcd.address import Address


class Store:
    """Opened, and made if there is none and it is not `read_only`.

    Raises StorageConnectionError where there is no store or no etcd, StorageValidationError for keys of
    another program under the prefix and for a newer format.
    """

    def __init__(self, address: Address, *, read_only: bool) -> None:
        self.address = address
        self.shown = address.shown
        self.names = Names(address.prefix, address.shown)
        self.seen = Seen()
        self.gateway = Gateway(address)
        self.identity = ""
        self.born = 0
        """The revision of etcd at which the head was made: it tells this store from a later one there."""
        try:
            self._open(read_only=read_only)
        except BaseException:
            self.gateway.close()
            raise

    def another_process(self) -> None:
        """Go on in a forked child: with connections of its own, and no lock of the parent's."""
        _left_to_the_parent.append(self.gateway)
        self.gateway = Gateway(self.address)
        self.seen = Seen()

    def txn(
        self,
        success: Sequence[str],
        failure: Sequence[str] = (),
        compare: Sequence[str] = (),
        *,
        wrote: bool = False,
    ) -> dict[str, Any]:
        """A transaction's answer."""
        return self.gateway.ask("/v3/kv/txn", txn.txn(success, failure, compare), wrote=wrote)

    def look(self, *spans: str) -> tuple[list[dict[str, Any]], str]:
        """What some spans hold at one moment, and which revision of etcd that is.

        An etcd that is full refuses transactions, even those that only read: there it takes a call to each.
        """
        try:
            answer = self.txn([f'{{"requestRange":{one}}}' for one in spans])
        except errors.StorageFull:
            first = self.gateway.ask("/v3/kv/range", spans[0])
            moment = first["header"]["revision"]
            rest = [f'{one[:-1]},"revision":"{moment}"}}' for one in spans[1:]]
            return [first, *(self.gateway.ask("/v3/kv/range", one) for one in rest)], moment
        return list(txn.ranges(answer)), answer["header"]["revision"]

    def head(self) -> tuple[Head, int]:
        """The head as it stands, and the revision of etcd that wrote it."""
        found = self.gateway.ask("/v3/kv/range", txn.span(self.names.head))
        return self.head_in(found)

    def head_in(self, found: dict[str, Any]) -> tuple[Head, int]:
        """The head in what a range of it gave. Raises StorageConnectionError if it is not this store's."""
        pairs = found.get("kvs", ())
        head = load_head(self.names, txn.unb64(pairs[0].get("value", ""))) if pairs else None
        if head is None or head.identity != self.identity:
            self.seen.forget()
            message = f"the store at {self.shown} was removed or replaced while it was in use"
            raise errors.StorageConnectionError(
                message, hint="open the store again: it is another one now, and watches begin anew"
            )
        modified = int(pairs[0]["mod_revision"])
        self.seen.note_head(head, modified)
        return head, modified

    def standing(self, keys: Sequence[str]) -> Standing:
        """How keys stand, read at one moment."""
        return self.standing_in(self.txn(self.reads(keys)))

    def reads(self, keys: Sequence[str]) -> list[str]:
        """The operations that `standing_in` wants the answer of."""
        return [txn.read(self.names.head), *(txn.read(self.names.entry(key)) for key in keys)]

    def standing_in(self, answer: dict[str, Any]) -> Standing:
        """How keys stand, from the answer to `reads`."""
        found = txn.ranges(answer)
        head, modified = self.head_in(next(found))
        pairs = [pair for one in found for pair in one.get("kvs", ())]
        return Standing(head, modified, {entry.key: entry for entry in load_entries(self.names, pairs)})

    def _open(self, *, read_only: bool) -> None:
        names = self.names
        under = txn.span(names.root, end(names.root), limit=1, more=txn.KEYS_ONLY)
        (head, other), _ = self.look(txn.span(names.head), under)
        if not head.get("kvs"):
            if other.get("kvs"):
                raise self._stranger(txn.unb64(other["kvs"][0]["key"]))
            if read_only:
                message = f"there is no store at {self.shown}"
                raise errors.StorageConnectionError(message, hint="a first write makes it")
            head = self._make()
        pair = head["kvs"][0]
        self.identity = load_head(names, txn.unb64(pair.get("value", ""))).identity
        self.born = int(pair["create_revision"])
        self.head_in(head)

    def _make(self) -> dict[str, Any]:
        """Write the first head, unless somebody else was faster; what is there then."""
        first = Head(os.urandom(16).hex())
        made = [txn.put(self.names.head, first.dump())]
        # Not told as a commit: whether it was written or not, opening again does the right thing.
        self.txn(made, (), [txn.absent(self.names.head)])
        return self.gateway.ask("/v3/kv/range", txn.span(self.names.head))

    def _stranger(self, key: bytes) -> errors.StorageValidationError:
        message = f"under {self.shown} there is {key.decode(errors='replace')!r} and no store"
        return errors.StorageValidationError(
            message, hint="the prefix is another program's, or a store lost its head: name another prefix"
        )


_left_to_the_parent: list[Gateway] = []
"""What a forked child must neither use nor close: it is kept so that it is not thrown away."""
