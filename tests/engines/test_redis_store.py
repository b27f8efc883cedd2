"""A store on a Redis among other programs, short of memory, wiped, replaced, half lost, and large."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import redis

from mastractl import errors
from mastractl.engines.contract import Delete, Put
from mastractl.engines.feed import watch
from mastractl.engines.redis import reading
from mastractl.testing.clocks import FakeClock
from mastractl.testing.engine_suite import DurableSuite, EngineSuite, ExpirySuite, PushSuite, SharedSuite
from mastractl.testing.engine_tests.foundation import SOON, drain, fold, number_of, state_of
from tests.engines.redis_stage import HOME, Stage, put
from tests.engines.test_redis import RedisFixtures
from tests.servers.base import shared
from tests.servers.proxy import Proxy
from tests.servers.valkey import Valkey


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def hand(stage):
    """Another program at the server of the stage, as it is when it is first used."""
    hands = []

    def hand(*words):
        if not hands:
            hands.append(redis.Redis(port=stage.server.port))
        return hands[0].execute_command(*words)

    yield hand
    for one in hands:
        one.close()


class OneNode(Valkey):
    """A cluster of one node."""

    name = "valkey-cluster"

    def __init__(self, directory):
        super().__init__(directory, cluster=True)


class TestOnACluster(RedisFixtures, EngineSuite, DurableSuite, SharedSuite, ExpirySuite, PushSuite):
    """All keys of a store are in one slot, and every script names those it uses."""

    @pytest.fixture
    def server(self):
        return shared(OneNode)

    def test_a_cluster_has_one_database(self, server):
        from mastractl.engines.opening import open_engine

        with pytest.raises(errors.StorageConnectionError, match="no database of this number"):
            open_engine(f"redis://127.0.0.1:{server.port}/1")


def test_a_store_on_another_node_is_found_there(stage):
    """MOVED is followed: the URL may name any node."""
    partly = {"cluster-require-full-coverage": "no"}
    first = stage.serve(cluster="0 8191", settings=partly)
    second = stage.serve(cluster="8192 16383", settings=partly)
    first.ask(f"CLUSTER MEET 127.0.0.1 {second.port} {second.bus}")
    for prefix, home in (("a", second), ("b", first)):  # slots 15495 and 3300
        other = first if home is second else second
        while not other.ask(f"GET {prefix}").startswith("-MOVED"):
            threading.Event().wait(0.02)
        engine = stage.open(f"redis://127.0.0.1:{other.port}/0?prefix={prefix}")
        engine.commit([put("a", 1)])
        assert not engine.wait(1, 0)
        found = stage.open(f"redis://127.0.0.1:{home.port}/0?prefix={prefix}")
        assert found.get(HOME + "a") == engine.get(HOME + "a")
        assert dict(engine.health().details)["mode"] == "cluster"


@pytest.mark.parametrize(
    "taken",
    [("SET", 0, "x"), ("HSET", 0, "a", "b"), ("ZADD", 1, 0, "x"), ("SET", 2, "x"), ("RPUSH", 3, "x")],
    ids=["store", "store-hash", "index", "log", "due"],
)
def test_what_another_program_keeps_under_our_keys_is_left_alone(stage, hand, taken):
    command, number, *values = taken
    key = stage.names()[number]
    hand(command, key, *values)
    before = hand("DUMP", key)
    with pytest.raises(errors.StorageValidationError, match="another program") as caught:
        stage.open()
    assert key in str(caught.value)
    assert "?prefix=" in caught.value.hint
    assert [hand("EXISTS", name) for name in stage.names()].count(1) == 1
    assert hand("DUMP", key) == before


def test_what_another_program_puts_there_later_stops_commits_before_they_write(stage, hand):
    engine = stage.open()
    engine.commit([put("a", 1)])
    for key in stage.names()[1:]:
        kept = hand("DUMP", key)
        hand("SET", key, "somebody's")
        with pytest.raises(errors.StorageValidationError):
            engine.commit([put("a", 2), put("b", 2), put("c", 3, expires_at=2e9)])
        hand("DEL", key)
        if kept:
            hand("RESTORE", key, 0, kept)
    assert number_of(engine.get(HOME + "a")) == 1
    assert engine.revision() == 1
    assert list(engine.check()) == []


def test_a_store_of_a_newer_format_is_left_alone(stage, hand):
    stage.open().commit([put("a", 1)])
    hand("HSET", stage.names()[0], "format", "2")
    with pytest.raises(
        errors.StorageValidationError, match=r"newer mastractl \(format 2; this one knows 1\)"
    ):
        stage.open()
    hand("HSET", stage.names()[0], "format", "1")
    assert stage.open().revision() == 1


def test_a_format_that_becomes_newer_stops_a_handle_that_is_open(stage, hand):
    engine = stage.open()
    hand("HSET", stage.names()[0], "format", "2")
    with pytest.raises(errors.StorageValidationError, match="newer"):
        engine.commit([put("a", 1)])


@pytest.mark.parametrize("remade", [False, True], ids=["wiped", "replaced"])
def test_a_store_that_is_gone_takes_no_commit(stage, remade):
    server = stage.serve()
    engine = stage.open()
    engine.commit([put("a", 1)])
    server.ask("FLUSHALL")
    if remade:
        stage.open().commit([put("a", 7), put("b", 7)])
    for call in (
        lambda: engine.commit([put("a", 2)]),
        lambda: engine.get(HOME + "a"),
        lambda: engine.range(""),
        lambda: engine.changes(1),
        lambda: engine.compact(1),
        engine.revision,
        engine.health,
    ):
        with pytest.raises(errors.StorageConnectionError, match="replaced" if remade else "wiped"):
            call()
    assert [entry.revision for entry in stage.open().range("").entries] == ([1, 1] if remade else [])


def test_swapped_databases_are_another_store(stage):
    server = stage.serve()
    engine = stage.open()
    engine.commit([put("a", 1)])
    server.ask("SWAPDB 0 1")
    with pytest.raises(errors.StorageConnectionError, match="wiped"):
        engine.commit([put("a", 2)])
    server.ask("SWAPDB 0 1")
    assert engine.commit([put("a", 2)]).revision == 2


def test_stores_of_several_prefixes_and_databases_do_not_meet(stage):
    urls = [stage.url, stage.url + "-2", stage.url.replace("/0?", "/1?")]
    engines = [stage.open(url) for url in urls]
    for number, engine in enumerate(engines):
        engine.commit([put("a", number)])
    assert [number_of(engine.get(HOME + "a")) for engine in engines] == [0, 1, 2]
    assert len({engine.identity for engine in engines}) == 3


def test_opened_read_only_nothing_is_made_or_written(stage, hand):
    with pytest.raises(errors.StorageConnectionError, match="there is no store"):
        stage.open(read_only=True)
    assert hand("KEYS", f"*{stage.store}*") == []
    clock = FakeClock()
    stage.open(clock=clock).commit([put("a", 1, expires_at=clock.now() + 1)])
    reader = stage.open(clock=clock, read_only=True)
    clock.advance(1)
    assert reader.range("").entries == ()
    assert reader.get(HOME + "a") is None
    assert reader.revision() == 1
    assert not reader.health().writable
    for call in (lambda: reader.commit([put("a", 2)]), lambda: reader.compact(1)):
        with pytest.raises(errors.Forbidden, match="read-only"):
            call()


def test_nothing_has_a_time_to_live_of_the_servers(stage, hand):
    """Redis would remove it without a line in the log."""
    engine = stage.open()
    engine.commit([put("a", 1, expires_at=4e9)])
    assert [hand("TTL", key) for key in stage.names()] == [-1] * 4


class TestLostPast:
    """A server that begins anew with fewer revisions than it had acknowledged."""

    @pytest.fixture
    def server(self, stage):
        return stage.serve(appendfsync=None)

    def lose(self, server, engine):
        """Two commits are kept, three are lost."""
        for number in range(2):
            engine.commit([put("a", number)])
        server.ask("SAVE")
        for number in range(2, 5):
            engine.commit([put("a", number), put("b", number)])
        server.restart(hard=True)

    def test_a_bookmark_from_it_is_known_though_its_number_is_reached_again(self, stage, server):
        engine = stage.open()
        feed = watch(engine, since=0)
        self.lose_after_reading(server, engine, feed)
        other = stage.open()
        identity = engine.identity
        for number in range(10, 20):
            other.commit([put("a", number)])
        with pytest.raises(errors.Expired):
            drain(feed)
        assert engine.identity == other.identity != identity
        with pytest.raises(errors.Expired):
            watch(other, since=5, identity=identity).take(0)

    def lose_after_reading(self, server, engine, feed):
        for number in range(5):
            engine.commit([put("a", number)])
            if number == 1:
                server.ask("SAVE")
        assert len(drain(feed)) == 5
        server.restart(hard=True)

    def test_the_log_is_not_told_from_it(self, stage, server):
        engine = stage.open()
        self.lose(server, engine)
        for number in range(10, 20):
            stage.open().commit([put("a", number)])
        with pytest.raises(errors.Expired, match="began anew at revision 2"):
            engine.changes(5)
        assert [change.revision for change in engine.changes(2).changes] == list(range(3, 13))

    def test_a_condition_from_it_is_not_met(self, stage, server):
        """Revision 5 is somebody else's now."""
        engine = stage.open()
        self.lose(server, engine)
        for number in range(10, 13):
            stage.open().commit([put("a", number)])
        assert stage.open().get(HOME + "a").revision == 5
        with pytest.raises(errors.Conflict, match="may have forgotten"):
            engine.commit([put("a", 99, if_revision=5)])
        assert engine.commit([put("a", 99, if_revision=5)]).revision == 6

    def test_a_condition_from_before_it_holds(self, stage, server):
        engine = stage.open()
        self.lose(server, engine)
        assert engine.commit([put("a", 99, if_revision=2)]).revision == 3

    def test_who_waits_is_woken_by_what_comes_then(self, stage, server):
        engine = stage.open()
        assert not engine.wait(0, 0)
        self.lose(server, engine)
        other = stage.open()
        assert engine.revision() == 2
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(engine.wait, 2, SOON)
            other.commit([put("c", 1)])
            assert waiting.result(SOON)

    def test_a_replica_that_is_promoted_may_have_forgotten(self, stage):
        """Though each of the two had everything on its disk: what was not yet sent to the replica is lost."""
        primary = stage.serve(settings={"repl-diskless-sync-delay": 0})
        engine = stage.open()
        engine.commit([put("a", 1)])
        replica = stage.serve()
        with Proxy(primary.port) as between:
            replica.ask(f"REPLICAOF 127.0.0.1 {between.port}")
            reader = None
            while reader is None:
                with suppress(errors.StorageError, errors.Forbidden, errors.Unavailable):
                    reader = stage.open(read_only=True)
            assert reader.identity == engine.identity
            between.stall()
            for number in range(2, 5):
                engine.commit([put("a", number)])
            bookmark = engine.revision(), engine.identity
            primary.kill()
            replica.ask("REPLICAOF NO ONE")
        promoted = stage.open()
        assert promoted.revision() == 1
        for number in range(10, 20):
            promoted.commit([put("a", number)])
        with pytest.raises(errors.Expired):
            watch(promoted, since=bookmark[0], identity=bookmark[1]).take(0)
        assert promoted.identity != bookmark[1]

    def test_a_server_that_forgets_nothing_keeps_its_identity(self, stage):
        server = stage.serve()
        engine = stage.open()
        identity = engine.identity
        for hard in (True, False):
            engine.commit([put("a", int(hard))])
            server.restart(hard=hard)
            assert stage.open().identity == identity
            assert engine.revision() == 2 - hard


class TestPromises:
    @pytest.mark.parametrize("appendfsync", ["always", "everysec", "no", None])
    def test_only_what_is_on_the_disk_is_durable(self, stage, appendfsync):
        stage.serve(appendfsync=appendfsync)
        engine = stage.open()
        assert engine.capabilities.durable == (appendfsync == "always")
        health = engine.health()
        assert health.problems == ()
        details = dict(health.details)
        assert ("on the disk" in details["durability"]) == (appendfsync == "always")
        assert details["server"].startswith("Valkey ")
        assert (details["database"], details["prefix"]) == ("0", stage.store)

    @pytest.mark.parametrize(
        ("policy", "dangerous"), [("allkeys-lru", True), ("volatile-ttl", False), ("noeviction", False)]
    )
    def test_a_server_that_throws_away_is_a_problem(self, stage, policy, dangerous):
        stage.serve(settings={"maxmemory-policy": policy})
        health = stage.open().health()
        assert [policy in problem.message for problem in health.problems] == [True] * dangerous
        assert all("noeviction" in problem.hint for problem in health.problems)
        assert health.writable

    def test_a_server_that_tells_nothing_of_itself_promises_nothing(self, stage):
        stage.serve(settings={"rename-command": ("CONFIG", "nothing")})
        engine = stage.open()
        assert not engine.capabilities.durable
        assert "does not tell" in dict(engine.health().details)["appendfsync"]
        assert engine.commit([put("a", 1)]).revision == 1

    def test_a_replica_is_read_and_not_written(self, stage):
        server = stage.serve()
        clock = FakeClock()
        engine = stage.open(clock=clock)
        engine.commit([put("a", 1, expires_at=clock.now() + 1), put("b", 1)])
        server.ask("REPLICAOF 127.0.0.1 1")
        clock.advance(1)
        for handle in (engine, stage.open(clock=clock)):
            assert [entry.key for entry in handle.range("").entries] == [HOME + "b"]
            with pytest.raises(errors.Forbidden, match="replica"):
                handle.commit([put("b", 2)])
            health = handle.health()
            assert not health.writable
            assert dict(health.details)["role"] == "replica"
        server.ask("REPLICAOF NO ONE")
        assert engine.commit([put("b", 2)]).revision == 3

    def test_a_server_short_of_memory_is_read_compacted_and_expires(self, stage):
        server = stage.serve(settings={"maxmemory": "5mb"})
        clock = FakeClock()
        engine = stage.open(clock=clock)
        engine.commit([put("fleeting", 1, expires_at=clock.now() + 60)])
        large = b'"' + b"x" * 100_000 + b'"'

        def fill():
            for number in range(100):
                engine.commit([Put(HOME + f"n{number}", large)])
                engine.commit([Delete(HOME + f"n{number}")])

        with pytest.raises(errors.StorageFull, match="maxmemory") as caught:
            fill()
        assert caught.value.hint
        health = engine.health()
        assert not health.writable
        assert "maxmemory" in health.problems[0].message
        clock.advance(60)
        assert engine.get(HOME + "fleeting") is None
        assert HOME + "fleeting" not in state_of(engine)
        engine.compact(engine.revision())
        assert engine.commit([put("a", 1)]).changes
        assert engine.health().writable
        assert server.ask("PING") == "+PONG\r\n+OK\r\n"

    def test_a_server_that_cannot_save_says_so(self, stage):
        server = stage.serve(appendfsync=None, settings={"save": "3600 1000"})
        engine = stage.open()
        engine.commit([put("a", 1)])
        (server.directory / "dump.rdb").mkdir()
        server.ask("BGSAVE")
        while "rdb_last_bgsave_status:err" not in server.ask("INFO persistence"):
            threading.Event().wait(0.01)
        with pytest.raises(errors.StorageFull, match="cannot save"):
            engine.commit([put("a", 2)])
        assert number_of(engine.get(HOME + "a")) == 1
        health = engine.health()
        assert not health.writable
        assert "snapshot" in health.problems[0].message


class TestLarge:
    @pytest.fixture
    def in_small_parts(self, monkeypatch):
        monkeypatch.setattr(reading, "KEYS", 7)
        monkeypatch.setattr(reading, "MESSAGES", 5)

    @pytest.mark.usefixtures("in_small_parts")
    @pytest.mark.parametrize("limit", [0, 40])
    def test_a_list_in_parts_is_one_moment(self, stage, limit):
        """Whatever is written while it is read, it is what the log says there was at its revision."""
        engine, writer = stage.open(), stage.open()
        names = [f"n{number:03}" for number in range(60)]
        engine.commit([put(name, 0) for name in names])

        def write():
            for number in range(1, 60):
                writer.commit([*(put(name, number) for name in names[::10]), put(f"m{number % 9}", number)])
                writer.commit([Delete(HOME + f"m{number % 9}"), Delete(HOME + names[number - 1])])

        pages = []
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            while not writing.done():
                pages.append(engine.range(HOME, limit=limit))
            writing.result()
        assert len({page.revision for page in pages}) > 3
        log = engine.changes(0, limit=0).changes
        for page in pages:
            state = {}
            fold(state, [change for change in log if change.revision <= page.revision])
            expected = [state[key] for key in sorted(state)]
            if page.next:
                assert page.next >= page.entries[-1].key
                expected = [entry for entry in expected if entry.key <= page.next]
            assert list(page.entries) == expected
            assert limit == 0 or len(page.entries) <= limit

    @pytest.mark.usefixtures("in_small_parts")
    def test_a_list_over_a_log_that_is_compacted_is_one_moment(self, stage):
        engine, writer, ended = stage.open(), stage.open(), threading.Event()
        names = [f"n{number:03}" for number in range(20)]
        engine.commit([put(name, 0) for name in names])

        def write():
            for number in range(1, 1_000_000):
                if ended.is_set():
                    return
                writer.compact(writer.commit([put(name, number) for name in names]).revision)

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            for _ in range(20):
                entries = engine.range(HOME).entries
                assert len({(entry.revision, entry.value) for entry in entries}) == 1
            ended.set()
            writing.result(SOON)

    def test_more_operations_than_lua_unpacks_are_one_commit(self, stage):
        clock = FakeClock()
        engine = stage.open(clock=clock)
        ops = [put(f"n{number:05}", number, expires_at=clock.now() + number % 2) for number in range(9000)]
        made = engine.commit(ops)
        assert [change.key for change in made.changes] == [op.key for op in ops]
        assert engine.revision() == 2, "half of them were due at once"
        clock.advance(1)
        assert engine.range("").entries == ()
        told = engine.changes(1, limit=0).changes
        assert [change.revision for change in told] == [2] * 4500 + [3] * 4500
        assert [change.key for change in told[:4500]] == [op.key for op in ops[::2]]
        engine.compact(3)
        assert list(engine.check()) == []

    def test_large_values_are_read_in_parts(self, stage):
        engine = stage.open()
        large = b'"' + b"x" * (3 * 1024 * 1024 - 2) + b'"'
        for name in "abcd":
            engine.commit([Put(HOME + name, large)])
        assert [entry.value == large for entry in engine.range("").entries] == [True] * 4
        assert len(engine.changes(0).changes) == 4
        with pytest.raises(errors.TooLarge):
            engine.commit([Put(HOME + "e", large + b" ")])

    def test_too_many_operations_are_refused(self, stage):
        engine = stage.open()
        most = engine.capabilities.max_commit
        with pytest.raises(errors.TooLarge, match=str(most)):
            engine.commit([Delete(f"res/n{number}") for number in range(most + 1)])

    def test_a_long_log_is_compacted_in_parts_and_exactly(self, stage, monkeypatch, hand):
        from mastractl.engines.redis import engine as module

        monkeypatch.setattr(module, "COMPACTED_AT_ONCE", 7)
        engine = stage.open()
        for number in range(50):
            engine.commit([put("a", number), put("b", number)])
        engine.compact(40)
        assert hand("XLEN", stage.names()[2]) == 20
        assert [change.revision for change in engine.changes(40).changes[::2]] == list(range(41, 51))
        with pytest.raises(errors.Expired):
            engine.changes(39)


class TestCheck:
    """What somebody broke from outside is found, and mended where it can be."""

    @pytest.fixture
    def engine(self, stage):
        engine = stage.open()
        engine.commit([put("a", 1), put("b", 2, expires_at=4e9), put("c", 3)])
        engine.commit([put("a", 2)])
        return engine

    @pytest.mark.parametrize(
        ("broken", "message"),
        [
            (("ZREM", 1, HOME + "a"), "missing from the index"),
            (("ZADD", 1, 0, HOME + "ghost"), "the store has not"),
            (("ZREM", 3, HOME + "b"), "not by what is due"),
            (("ZADD", 3, 5e9, HOME + "b"), "not by what is due"),
            (("ZADD", 3, 5e9, HOME + "a"), "not by itself"),
            (("HDEL", 0, HOME + "a"), "the store has not"),
        ],
    )
    def test_index_and_dues_are_mended(self, engine, stage, hand, broken, message):
        assert list(engine.check()) == []
        command, number, *values = broken
        hand(command, stage.names()[number], *values)
        (flaw,) = engine.check()
        assert message in flaw.message
        assert not flaw.repaired
        (flaw,) = engine.check(repair=True)
        assert flaw.repaired
        assert list(engine.check()) == []

    @pytest.mark.parametrize(
        ("broken", "message"),
        [
            (("XDEL", 2, "2-0"), "ends at revision 1"),
            (("XDEL", 2, "1-0", "1-1", "1-2"), "from revision 0 to 2"),
            (("XTRIM", 2, "MAXLEN", "0"), "ends at revision 0"),
            (("HSET", 0, HOME + "c", "nonsense"), "cannot be read"),
            (("HSET", 0, HOME + "c", '9 9 1.0 -\n{"number":1}'), "has not reached"),
        ],
    )
    def test_what_was_lost_is_told(self, engine, stage, hand, broken, message):
        command, number, *values = broken
        hand(command, stage.names()[number], *values)
        (flaw,) = engine.check(repair=True)
        assert message in flaw.message
        assert not flaw.repaired
        assert flaw.hint

    def test_a_log_that_somebody_wrote_to_stops_commits(self, engine, stage, hand):
        hand("XADD", stage.names()[2], "9-0", "k", "v")
        with pytest.raises(errors.StorageValidationError, match="ahead"):
            engine.commit([put("a", 3)])
        assert number_of(engine.get(HOME + "a")) == 2


PROCESS = """
import sys
from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.opening import open_engine

url, key, times = sys.argv[1:]
engine = open_engine(url)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(times)):
    while True:
        entry = engine.get(key)
        try:
            engine.commit([Put(key, b"%d" % (int(entry.value) + 1), entry.revision)])
            break
        except errors.Conflict:
            pass
engine.close()
"""


def test_processes_lose_no_increment(stage):
    engine = stage.open()
    engine.commit([Put(HOME + "count", b"0")])
    command = [sys.executable, "-c", PROCESS, stage.url, HOME + "count", "50"]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.communicate("go\n")
        assert process.returncode == 0
    assert engine.get(HOME + "count").value == b"150"
    assert [int(change.entry.value) for change in engine.changes(0).changes] == list(range(151))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis:", "names no host"),
        ("redis:///0", "names no host"),
        ("redis:localhost", "names no host"),
        ("redis://h:port/0", "no URL"),
        ("redis://h/zero", "is a number, not 'zero'"),
        ("redis://h/0?prefx=x", "prefx.*not known"),
        ("redis://h/0?prefix=", "1 to 200 characters"),
        ("redis://h/0?prefix={x}", "braces"),
        ("redis://h/0?timeout=never", "number of seconds"),
        ("redis://h/0?timeout=0", "number of seconds"),
        ("redis://h/0?cacert=x", "is for TLS"),
        ("rediss://h/0?verify=maybe", "full, ca or none"),
        ("rediss://h/0?cert=x", "go together"),
        ("redis://u:sec#ret@h/0", "names no host|has a #|no URL"),
    ],
)
def test_a_url_that_makes_no_sense_is_explained(stage, url, told):
    with pytest.raises(errors.ConfigError, match=told) as caught:
        stage.open(url)
    assert caught.value.hint
    assert "ret@" not in str(caught.value)
