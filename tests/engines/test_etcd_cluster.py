"""A cluster of three: its leader dies while commits are under way, and the store goes on."""

from __future__ import annotations

import time

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.etcd import EtcdEngine
from tests.servers.etcd import Etcd

PATIENCE = 60


class Member(Etcd):
    """One of several; `others` are known before any of them starts."""

    def __init__(self, directory, name):
        super().__init__(directory)
        self.member = name
        self.others = []

    def command(self):
        line = [
            word
            for word in super().command()
            if not word.startswith(("--name=", "--initial-cluster=", "--heartbeat", "--election"))
        ]
        peers = ",".join(f"{one.member}=http://127.0.0.1:{one.peer_port}" for one in self.others)
        return [*line, f"--name={self.member}", f"--initial-cluster={peers}", *TIMES]

    def ready(self):
        return True

    def leads(self):
        _, status = self.call("/v3/maintenance/status", {})
        return status.get("leader") == status["header"]["member_id"]


TIMES = ["--heartbeat-interval=50", "--election-timeout=500"]


@pytest.fixture
def members(tmp_path):
    members = [Member(tmp_path / name, name) for name in "abc"]
    for member in members:
        member.others = members
    for member in members:  # none answers before two run
        member.start()
    deadline = time.monotonic() + PATIENCE
    while not all(Etcd.ready(member) for member in members):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield members
    for member in members:
        member.kill()


def test_a_leader_may_die(members):
    leader = next(member for member in members if member.leads())
    # The leader is asked first: its death is met both as a connection lost and as an election.
    ordered = [leader, *(member for member in members if member is not leader)]
    engine = EtcdEngine(f"etcd://{','.join(f'127.0.0.1:{m.port}' for m in ordered)}/s?timeout=5")
    acknowledged, doubtful = {}, 0

    def write(number):
        nonlocal doubtful
        try:
            made = engine.commit([Put(f"res/n{number}", b"{}")])
        except errors.UnknownOutcome:
            doubtful += 1
        except (errors.Unavailable, errors.StorageConnectionError):
            return  # certainly not written
        else:
            acknowledged[f"res/n{number}"] = made.revision

    try:
        for number in range(30):
            write(number)
        leader.kill()
        deadline = time.monotonic() + PATIENCE
        number, before = 30, len(acknowledged)
        while len(acknowledged) < before + 30:
            assert time.monotonic() < deadline
            write(number)
            number += 1
        page = engine.range("res/")
        stands = {entry.key: entry.revision for entry in page.entries}
        assert acknowledged.items() <= stands.items()
        assert len(acknowledged) <= page.revision <= len(acknowledged) + doubtful
        assert engine.wait(page.revision - 1, 5)
        assert list(engine.check()) == []
        assert engine.health().problems == ()
    finally:
        engine.close()
