"""Every sample of seed 000 (the storage layer), in Python's naming."""

from __future__ import annotations

import json
import os
import threading

import pytest

from mastractl import errors
from mastractl.resources.resource import Resource
from mastractl.store import FileSystemStateStore, InMemoryStateStore, ResourceStore, create_state_store

SOON = 10


def resource(name="my-agent", namespace="default", kind="Agent"):
    spec = {"instructions": "..."} if kind == "Agent" else {"description": "...", "execute": "a.b"}
    return {
        "apiVersion": "mastra.ai/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


@pytest.fixture(params=["memory", "filesystem"])
def store(request, tmp_path):
    made = (
        InMemoryStateStore() if request.param == "memory" else FileSystemStateStore(tmp_path / ".mastra-data")
    )
    with made:
        yield made


class Heard:
    """A handler that remembers, and can be waited for."""

    def __init__(self):
        self.events = []
        self._news = threading.Condition()

    def __call__(self, event, heard):
        with self._news:
            self.events.append((event, heard.name))
            self._news.notify_all()

    def until(self, *expected):
        with self._news:
            assert self._news.wait_for(lambda: len(self.events) >= len(expected), SOON), self.events
        assert self.events == list(expected)


def test_the_in_memory_store_saves_gets_lists_and_watches():
    store = InMemoryStateStore()
    store.save_resource(resource())
    agent = store.get_resource("Agent", "default", "my-agent")
    assert agent.name == "my-agent"
    assert [a.name for a in store.list_resources("Agent")] == ["my-agent"]
    heard = Heard()
    subscription = store.watch_resources("Agent", heard)
    store.save_resource(resource("another"))
    heard.until(("ADDED", "another"))
    subscription.unsubscribe()


def test_a_memory_store_forgets():
    with InMemoryStateStore() as store:
        store.save_resource(resource())
    assert InMemoryStateStore().list_resources("Agent") == []


def test_the_file_system_store_keeps_files_by_kind_and_namespace(tmp_path):
    base = tmp_path / ".mastra-data"
    with FileSystemStateStore(base) as store:
        store.save_resource(resource())
        store.save_resource(resource("prod-agent", "production"))
        store.save_resource(resource("my-tool", kind="Tool"))
        for path in ("agent/default/my-agent", "agent/production/prod-agent", "tool/default/my-tool"):
            document = json.loads((base / f"{path}.json").read_text(encoding="utf-8"))
            assert document["metadata"]["name"] == path.rpartition("/")[2]
            assert "resourceVersion" not in document["metadata"]
    with FileSystemStateStore(os.fspath(base)) as again:
        assert again.get_resource("Agent", "default", "my-agent").spec == {"instructions": "..."}


def test_saving_creates_and_overwrites(store):
    store.save_resource(resource())
    read = store.get_resource("Agent", "default", "my-agent")
    if read:
        read.spec["instructions"] = "更新的指令"
        store.save_resource(read)
    assert store.get_resource("Agent", "default", "my-agent").spec["instructions"] == "更新的指令"
    store.save_resource(resource())
    assert store.get_resource("Agent", "default", "my-agent").spec["instructions"] == "..."


def test_saving_defaults_the_namespace_and_takes_resources_and_documents(store):
    given = resource()
    del given["metadata"]["namespace"]
    saved = store.save_resource(Resource(given))
    assert saved == store.get_resource("Agent", "default", "my-agent")


def test_saving_what_was_read_before_it_changed_is_a_conflict(store):
    """Best practice 3: a version in the resource prevents lost updates."""
    store.save_resource(resource())
    mine = store.get_resource("Agent", "default", "my-agent")
    yours = store.get_resource("Agent", "default", "my-agent")
    mine.spec["instructions"], yours.spec["instructions"] = "mine", "yours"
    store.save_resource(mine)
    with pytest.raises(errors.Conflict):
        store.save_resource(yours)
    store.delete_resource("Agent", "default", "my-agent")
    with pytest.raises(errors.Conflict, match="was deleted"):
        store.save_resource(yours)


def test_getting_what_is_not_there_is_none(store):
    assert store.get_resource("Agent", "default", "my-agent") is None


def test_deleting_says_whether_it_was_there(store):
    store.save_resource(resource())
    assert store.delete_resource("Agent", "default", "my-agent") is True
    assert store.delete_resource("Agent", "default", "my-agent") is False


def test_no_other_failure_hides_behind_false(store):
    with pytest.raises(errors.UnknownKind):
        store.delete_resource("Agnet", "default", "my-agent")


def test_listing_is_of_all_namespaces_or_of_one(store):
    store.save_resource(resource("a"))
    store.save_resource(resource("b", "production"))
    assert [r.name for r in store.list_resources("Agent")] == ["a", "b"]
    assert [r.name for r in store.list_resources("Agent", "default")] == ["a"]


def test_watching_tells_of_what_is_new_changed_and_gone(store):
    store.save_resource(resource("before"))
    heard = Heard()
    subscription = store.watch_resources("Agent", heard)
    saved = store.save_resource(resource())
    saved.spec["instructions"] = "new"
    store.save_resource(saved)
    store.delete_resource("Agent", "default", "my-agent")
    store.save_resource(resource(kind="Tool"))
    heard.until(("ADDED", "my-agent"), ("MODIFIED", "my-agent"), ("DELETED", "my-agent"))
    subscription.unsubscribe()
    store.save_resource(resource())
    assert len(heard.events) == 3


def test_watching_can_begin_with_what_is_there(store):
    store.save_resource(resource())
    heard = Heard()
    with store.watch_resources("Agent", heard, initial=True):
        heard.until(("ADDED", "my-agent"))


def test_a_handler_that_fails_is_reported_and_hears_what_comes_after(store, monkeypatch):
    reported = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    heard = Heard()

    def handler(event, changed):
        heard(event, changed)
        raise RuntimeError(changed.name)

    with store.watch_resources("Agent", handler):
        store.save_resource(resource("a"))
        store.save_resource(resource("b"))
        heard.until(("ADDED", "a"), ("ADDED", "b"))
    assert str(reported[0].exc_value) == "a"


def test_a_watch_that_cannot_go_on_is_reported(monkeypatch):
    reported = []
    told = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda it: (reported.append(it), told.set()))
    store = InMemoryStateStore()
    subscription = store.watch("Agent")
    store.save_resource(resource("a"))
    store.save_resource(resource("b"))
    store.engine.compact(2)
    subscription.drive(lambda event, changed: None)
    assert told.wait(SOON)
    assert isinstance(reported[0].exc_value, errors.Expired)


def test_the_file_system_store_notices_what_other_processes_do(tmp_path):
    """自动监听: the files are the interface."""
    with FileSystemStateStore(tmp_path) as store:
        store.save_resource(resource())
        heard = Heard()
        with store.watch_resources("Agent", heard):
            path = tmp_path / "agent" / "default" / "my-agent.json"
            document = json.loads(path.read_text(encoding="utf-8"))
            document["spec"]["instructions"] = "by hand"
            path.write_text(json.dumps(document), encoding="utf-8")
            heard.until(("MODIFIED", "my-agent"))
            (path.parent / "new.json").write_text(json.dumps(resource("new")), encoding="utf-8")
            heard.until(("MODIFIED", "my-agent"), ("ADDED", "new"))
            path.unlink()
            heard.until(("MODIFIED", "my-agent"), ("ADDED", "new"), ("DELETED", "my-agent"))
        new = store.get_resource("Agent", "default", "new")
        assert len(new.uid) == 36
        assert new.generation == 1


def test_a_store_of_ones_own_implements_five_methods():
    class MyCustomStore:
        def get_resource(self, kind, namespace, name): ...
        def save_resource(self, resource): ...
        def delete_resource(self, kind, namespace, name): ...
        def list_resources(self, kind, namespace=None): ...
        def watch_resources(self, kind, handler): ...

    class Lacking:
        def get_resource(self, kind, namespace, name): ...

    assert isinstance(MyCustomStore(), ResourceStore)
    assert isinstance(InMemoryStateStore(), ResourceStore)
    assert not isinstance(Lacking(), ResourceStore)


def test_the_factory_makes_both(tmp_path):
    memory_store = create_state_store({"type": "memory"})
    file_store = create_state_store({"type": "filesystem", "path": str(tmp_path / "data")})
    assert isinstance(memory_store, InMemoryStateStore)
    assert isinstance(file_store, FileSystemStateStore)
    with memory_store, file_store:
        file_store.save_resource(resource())
        assert (tmp_path / "data" / "agent" / "default" / "my-agent.json").exists()


def test_the_factory_takes_urls_and_paths(tmp_path):
    for url in ("memory:", f"file:{tmp_path / 'a'}", str(tmp_path / "b")):
        with create_state_store(url) as store:
            store.save_resource(resource())
            assert store.get_resource("Agent", "default", "my-agent")
    assert (tmp_path / "a" / "agent").is_dir()
    assert (tmp_path / "b" / "agent").is_dir()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "prisma"}, "there is no store of type 'prisma'"),
        ({}, "there is no store of type ''"),
        ({"type": "filesystem"}, "needs a path"),
        ({"type": "filesystem", "path": ""}, "needs a path"),
        ({"type": "memory", "path": "x"}, "has no option 'path'"),
        ({"type": "memory", "ttl": "1"}, "has no option 'ttl'"),
        ("nosql:somewhere", "no engine for nosql:"),
    ],
)
def test_the_factory_never_falls_back_to_a_store_that_forgets(config, message):
    with pytest.raises(errors.ConfigError, match=message) as caught:
        create_state_store(config)
    assert caught.value.hint
