"""Hearing of commits: LISTEN on a connection of its own. A notification only wakes; what is new is read.

What was notified while there was no connection is lost, so that the present revision is looked at whenever
one was made. Through a pooler in transaction mode there is nothing to hear.
"""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

import psycopg

from mastractl.engines.postgresql import failures

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from mastractl.engines.postgresql.connections import Connection, Connections

_SLICE_MS = 500
"""How often it looks whether it is to stop."""

_TRIED_AFTER = 30.0
"""Seconds of silence after which the connection is tried: the server may have gone without a word."""


def listen(
    connections: Connections,
    uid: str,
    present: Callable[[], int],
    heard: Callable[[int], None],
    stopped: threading.Event,
) -> None:
    """As `waiting.Listen` says; `present` is the present revision, as a look at the store finds it."""
    connection = connections.open()
    try:
        connection.execute(f'LISTEN "mastractl_{uid}"'.encode())
        heard(present())
        _hear(connection, heard, stopped)
    except psycopg.Error as error:
        raise failures.lost(error, connections.address) from error
    finally:
        connection.close()


def _hear(connection: Connection, heard: Callable[[int], None], stopped: threading.Event) -> None:
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    silent_since = time.monotonic()
    while not stopped.is_set():
        if poll.poll(_SLICE_MS):
            silent_since = time.monotonic()
            connection.pgconn.consume_input()
        elif time.monotonic() - silent_since > _TRIED_AFTER:
            silent_since = time.monotonic()
            connection.run("SELECT 1")
        newest = -1
        while (told := connection.pgconn.notifies()) is not None:
            if told.extra.isdigit():  # anybody may notify
                newest = max(newest, int(told.extra))
        if newest >= 0:
            heard(newest)
