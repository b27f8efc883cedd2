"""A server that lost its last commits in a crash counts on from an earlier revision: nobody is deceived then.

InnoDB shows a commit to others before it is on the disk, so even a server with durable settings may lose in a
crash what a watcher has seen (never what was acknowledged). Here it is made to lose more, so that it does so
at every try.
"""

from __future__ import annotations

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.feed import watch
from mastractl.engines.opening import open_engine
from mastractl.testing.engine_tests.foundation import document, drain
from tests.servers.mariadb import MariaDB

KEY = "rec/run/a"


@pytest.fixture
def server(tmp_path):
    server = MariaDB(tmp_path / "server")
    server.settings = ["innodb-flush-log-at-trx-commit=0", "innodb-flush-log-at-timeout=1000"]
    server.start()
    yield server
    server.kill()


def test_a_watcher_that_saw_what_was_lost_is_told_that_it_lost_its_place(server):
    writer, watcher = open_engine(server.url("s")), open_engine(server.url("s"))
    writer.commit([Put(KEY, document(0))])
    server.restart()  # gently: so much is kept
    with watch(watcher, since=0) as feed:
        for number in (1, 2, 3):
            writer.commit([Put(KEY, document(number))])
        seen = drain(feed)
        server.restart(hard=True)
        assert writer.revision() < seen[-1].revision, "nothing was lost: this tests nothing"
        for number in (4, 5, 6, 7):
            writer.commit([Put(KEY, document(number))])
        with pytest.raises(errors.Expired):
            drain(feed)
    writer.close()
    watcher.close()
