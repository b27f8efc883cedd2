"""A server that lost its last commits in a crash counts on from an earlier revision: nobody is deceived then.

InnoDB shows a commit to others before it is on the disk, so even a server with durable settings may lose in a
crash what a watcher has seen (never what was acknowledged). Here it loses more: its disk is put back.
"""

from __future__ import annotations

import shutil

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
    server = MariaDB(tmp_path / "server", in_memory=False).start()
    yield server
    server.kill()


@pytest.fixture
def writer(server):
    engine = open_engine(server.url("s"))
    yield engine
    engine.close()


@pytest.fixture
def watcher(server, writer):
    engine = open_engine(server.url("s"))
    yield engine
    engine.close()


@pytest.fixture
def losing(server, tmp_path):
    """Ends with a crash that takes back whatever was done meanwhile."""

    def lose(act):
        server.stop()
        disk, kept = server.directory / "data", tmp_path / "kept"
        shutil.copytree(disk, kept)
        server.start()
        result = act()
        server.kill()
        shutil.rmtree(disk)
        shutil.move(kept, disk)
        server.start()
        return result

    return lose


def write(engine, *numbers):
    return [engine.commit([Put(KEY, document(number))]).revision for number in numbers]


def test_a_watcher_that_saw_what_was_lost_is_told_that_it_lost_its_place(writer, watcher, losing):
    write(writer, 0)
    identity = watcher.identity
    with watch(watcher, since=0) as feed:
        seen = losing(lambda: [write(writer, 1, 2, 3), drain(feed)][1])
        assert [change.revision for change in seen] == [1, 2, 3, 4]
        assert write(writer, 4, 5, 6, 7) == [2, 3, 4, 5], "revisions are used again"
        with pytest.raises(errors.Expired, match="crash"):
            drain(feed)
    assert watcher.identity != identity
    with watch(watcher, since=1) as feed:
        assert [change.revision for change in drain(feed)] == [2, 3, 4, 5]


def test_what_was_read_and_lost_is_no_condition(writer, watcher, losing):
    write(writer, 0)
    losing(lambda: [write(writer, 1), watcher.range("rec/")])
    write(writer, 2)
    with pytest.raises(errors.Conflict):
        watcher.commit([Put(KEY, document(3), if_revision=2)])
    assert watcher.commit([Put(KEY, document(3), if_revision=2)]).revision == 3


def test_who_saw_nothing_of_it_goes_on(writer, watcher, losing):
    write(writer, 0)
    identity = watcher.identity
    with watch(watcher, since=0) as feed:
        assert len(drain(feed)) == 1
        losing(lambda: write(writer, 1, 2))
        write(writer, 3)
        assert [change.revision for change in drain(feed)] == [2]
    assert watcher.identity == identity
