"""Hearing of commits: etcd's own watch on the head, on a connection that it has to itself.

It begins with what is there when it begins, so that it never asks for what etcd has compacted. If it is
cancelled or the connection is lost, it ends, and `Waiting` begins it anew after a rest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mastractl import errors
from mastractl.engines.etcd import faults, txn
from mastractl.engines.etcd.records import load_head

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from mastractl.engines.etcd.store import Store
    from mastractl.engines.etcd.wire import Wire

_SLICE = 0.5
"""Seconds after which it looks whether to stop."""


def listen(
    store: Store,
    present: Callable[[], int],
    heard: Callable[[int], None],
    stopped: threading.Event,
) -> None:
    """Say each revision that a head was written with, until `stopped` or the watch ends."""
    body = f'{{"create_request":{{"key":"{txn.b64(store.names.head)}"}}}}'
    wire = store.gateway.stream("/v3/watch", body)
    try:
        for message in _messages(store, wire, stopped):
            if message.get("canceled"):
                raise _cancelled(store, str(message.get("cancel_reason", "")))
            if message.get("created"):
                heard(present())
            for event in message.get("events", ()):
                if event.get("type") == "DELETE":  # the store is gone: the next call says so
                    return
                heard(load_head(store.names, txn.unb64(event["kv"]["value"])).revision)
    except OSError as error:
        raise faults.lost(error, store.shown, wrote=False) from error
    finally:
        store.gateway.hang_up(wire)


def _messages(store: Store, wire: Wire, stopped: threading.Event) -> Iterator[dict[str, Any]]:
    """What the watch says, a line of JSON each."""
    pieces: Iterator[bytes] | None = None
    rest = b""
    while not stopped.is_set():
        if not wire.readable(_SLICE):
            continue
        if pieces is None:
            status, pieces = wire.stream()
            if status != 200:
                raise faults.meaning(status, b"".join(pieces), store.shown, wrote=False)
        *lines, rest = (rest + next(pieces, b"\n")).split(b"\n")
        for line in lines:
            if not line:  # the stream has ended
                return
            document = json.loads(line)
            if "error" in document:
                raise _cancelled(store, faults.message_of(line))
            yield document["result"]


def _cancelled(store: Store, reason: str) -> errors.MastraError:
    store.gateway.forget_token()
    message = f"{store.shown} ended the watch: {reason or 'it did not say why'}"
    return errors.Unavailable(message, hint="it is begun again")
