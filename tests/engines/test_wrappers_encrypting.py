"""Values nobody reads without the keys, moves, alters, or mistakes for resources."""

from __future__ import annotations

import base64
import json

import pytest

from mastractl import errors, values
from mastractl.engines import tree
from mastractl.engines.contract import Delete, Put, adopt_as_is
from mastractl.engines.filesystem import FileEngine
from mastractl.engines.memory import MemoryEngine
from mastractl.engines.opening import open_engine
from mastractl.engines.wrappers import keyring
from mastractl.engines.wrappers.caching import CachingEngine
from mastractl.engines.wrappers.encrypting import EncryptingEngine, adopting, rotate
from mastractl.engines.wrappers.wrapper import Wrapper
from mastractl.store import StateStore, create_state_store
from mastractl.testing.engine_tests.foundation import document, number_of

KEY = "res/agent/default/a"
OTHER = "res/agent/default/b"
ONE, TWO = (f"{name}:{base64.b64encode(name[:1].encode() * 32).decode()}" for name in ("one", "two"))


def ring(*words):
    return keyring.parse(",".join(words), where="the test")


@pytest.fixture
def memory():
    return MemoryEngine()


@pytest.fixture
def engine(memory):
    return EncryptingEngine(memory, ring(ONE))


def put(number, key=KEY, **more):
    return Put(key, document(number), **more)


def test_what_is_stored_is_a_json_object_that_tells_nothing(engine, memory):
    engine.commit([Put(KEY, b'{"password":"hunter2"}')])
    stored = memory.get(KEY).value
    assert b"hunter2" not in stored
    assert b"password" not in stored
    assert values.load(stored) == {
        "apiVersion": "encrypted.mastra.ai/v1",
        "kind": "Encrypted",
        "key": "one",
        "nonce": values.load(stored)["nonce"],
        "data": values.load(stored)["data"],
    }
    assert engine.get(KEY).value == b'{"password":"hunter2"}'


def test_equal_values_look_different_and_are_no_change(engine, memory):
    engine.commit([put(1), put(1, OTHER)])
    assert values.load(memory.get(KEY).value)["data"] != values.load(memory.get(OTHER).value)["data"]
    before = memory.get(KEY)
    assert engine.commit([put(1), put(1, OTHER, if_revision=1)]).changes == ()
    assert memory.get(KEY) == before
    engine.commit([put(2)])
    engine.commit([put(1)])
    assert values.load(memory.get(KEY).value)["nonce"] != values.load(before.value)["nonce"]


def test_an_equal_value_put_by_two_at_once_is_one_change(memory):
    """The other was quicker, between the look and the commit."""

    class Quicker(Wrapper):
        done = False

        def commit(self, ops, *, origin=""):
            if not self.done:
                self.done = True
                EncryptingEngine(memory, ring(ONE)).commit([put(1)])
            return self.inner.commit(ops, origin=origin)

    made = EncryptingEngine(Quicker(memory), ring(ONE)).commit([put(1)])
    assert (made.revision, made.changes) == (1, ())


def test_an_altered_value_is_named(engine, memory):
    engine.commit([put(1)])
    stored = values.load(memory.get(KEY).value)
    flipped = ("B" if stored["data"][0] == "A" else "A") + stored["data"][1:]
    for fault in ({"data": flipped}, {"nonce": "AAAAAAAAAAAAAAAA"}, {"data": "?"}, {"data": ""}, {"key": 1}):
        memory.commit([Put(KEY, values.dump(stored | fault))])
        with pytest.raises(errors.StorageValidationError) as caught:
            engine.get(KEY)
        assert KEY in caught.value.message
        assert caught.value.hint
        with pytest.raises(errors.StorageValidationError):
            engine.commit([Delete(KEY)])
        with pytest.raises(errors.StorageValidationError):
            engine.changes(1)
    assert [flaw.key for flaw in engine.check()] == [KEY]
    memory.commit([Delete(KEY)])
    assert engine.get(KEY) is None


def test_a_value_cannot_be_moved_to_another_key(engine, memory):
    engine.commit([put(1), put(2, OTHER)])
    memory.commit([Put(OTHER, memory.get(KEY).value)])
    with pytest.raises(errors.StorageValidationError, match=OTHER):
        engine.range("")
    assert number_of(engine.get(KEY)) == 1


def test_a_missing_key_is_named_and_so_are_those_there_are(engine, memory):
    engine.commit([put(1)])
    with pytest.raises(errors.StorageValidationError) as caught:
        EncryptingEngine(memory, ring(TWO)).get(KEY)
    assert "'one'" in caught.value.message
    assert "two" in caught.value.message
    with pytest.raises(errors.StorageValidationError, match="'one'") as caught:
        EncryptingEngine(memory, ring(keyring.new_key("one"))).get(KEY)
    assert "another" in caught.value.message


def test_keys_are_changed_one_after_another(engine, memory):
    engine.commit([put(1), put(2, OTHER)])
    both = EncryptingEngine(memory, ring(TWO, ONE))
    assert number_of(both.get(KEY)) == 1
    assert both.commit([put(1)]).changes == (), "an equal value is no change, whatever its key"
    both.commit([put(3)])
    assert values.load(memory.get(KEY).value)["key"] == "two"
    assert rotate(both) == 1
    assert rotate(both) == 0
    memory.compact(memory.revision())
    only = EncryptingEngine(memory, ring(TWO))
    assert [number_of(entry) for entry in only.range("").entries] == [3, 2]


def test_rotation_goes_through_many_and_keeps_expiries():
    memory = MemoryEngine(max_commit=7)
    expires = 9e9
    engine = EncryptingEngine(memory, ring(ONE))
    for number in range(30):
        engine.commit([put(number, f"res/agent/default/n{number:02}", expires_at=expires)])
    assert rotate(CachingEngine(EncryptingEngine(memory, ring(TWO, ONE)))) == 30
    entries = EncryptingEngine(memory, ring(TWO)).range("").entries
    assert [number_of(entry) for entry in entries] == list(range(30))
    assert {entry.expires_at for entry in entries} == {expires}


def test_rotation_leaves_what_changed_meanwhile(memory):
    EncryptingEngine(memory, ring(ONE)).commit([put(1), put(2, OTHER)])

    class Quicker(Wrapper):
        def commit(self, ops, *, origin=""):
            if origin == "rotate" and len(ops) > 1:
                EncryptingEngine(memory, ring(TWO, ONE)).commit([put(9)])
            return self.inner.commit(ops, origin=origin)

    assert rotate(EncryptingEngine(Quicker(memory), ring(TWO, ONE))) == 1
    assert [number_of(e) for e in EncryptingEngine(memory, ring(TWO)).range("").entries] == [9, 2]


def test_only_an_encrypted_store_can_be_rotated(memory):
    with pytest.raises(errors.BadRequest, match="not encrypted"):
        rotate(CachingEngine(memory))


def test_a_plain_value_is_refused_unless_it_is_allowed(engine, memory):
    memory.commit([put(1)])
    with pytest.raises(errors.StorageValidationError, match="not encrypted") as caught:
        engine.get(KEY)
    assert "plain" in caught.value.hint
    lenient = EncryptingEngine(memory, ring(ONE, "plain"))
    assert number_of(lenient.get(KEY)) == 1
    assert lenient.commit([put(1)]).changes == ()
    assert rotate(lenient) == 1
    assert number_of(engine.get(KEY)) == 1


def test_only_the_named_spaces_are_encrypted(memory):
    engine = EncryptingEngine(memory, ring(ONE), spaces=["rec"])
    engine.commit([put(1), put(2, "rec/run/x"), put(3, "record/x")])
    assert memory.get(KEY).value == document(1)
    assert memory.get("record/x").value == document(3)
    assert b"number" not in memory.get("rec/run/x").value
    assert [number_of(entry) for entry in engine.range("").entries] == [2, 3, 1]
    assert rotate(engine) == 0
    assert "only in rec" in dict(engine.health().details)["encrypted"]


def test_the_largest_value_fits_with_its_envelope():
    memory = MemoryEngine(max_value=1000)
    engine = EncryptingEngine(memory, ring(ONE))
    largest = engine.capabilities.max_value
    assert 550 < largest < 1000
    for size in range(largest - 5, largest + 1):
        engine.commit([Put(KEY, b'{"x":"' + b"x" * (size - 8) + b'"}')])
    assert len(memory.get(KEY).value) > 990
    with pytest.raises(errors.TooLarge, match=str(largest)):
        engine.commit([Put(KEY, b'{"x":"' + b"x" * (largest - 7) + b'"}')])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not set"),
        ("nonsense", "key 1 in the variable THE_KEY has no name"),
        ("a:b", "is not 32 bytes"),
        ("a:" + "A" * 43, "is not 32 bytes"),
        (f"{ONE},{ONE}", "two keys"),
        ("plain", "there is no key"),
        (f"{ONE} bad/name:{ONE[4:]}", "key 2"),
    ],
)
def test_keys_that_make_no_sense_are_refused_and_never_shown(monkeypatch, text, says):
    monkeypatch.setenv("THE_KEY", text)
    with pytest.raises(errors.ConfigError, match=says) as caught:
        keyring.load("env:THE_KEY")
    assert caught.value.hint
    for secret in (ONE[4:], "nonsense"):
        assert secret not in str(caught.value.to_status())


@pytest.mark.parametrize("source", ["", "env:", "file:", "KEY", ONE, "rec:", "rec:KEY"])
def test_a_source_that_is_none_is_refused_and_never_shown(source):
    with pytest.raises(errors.ConfigError) as caught:
        open_engine(f"memory:?encrypt={source}")
    assert "env:NAME" in caught.value.hint
    assert ONE[4:] not in str(caught.value.to_status())


def test_keys_come_from_a_file_that_is_its_owners_alone(tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"# since 2026\n{TWO}\n{ONE}  # until 2026\n")
    path.chmod(0o640)
    with pytest.raises(errors.ConfigError, match="0640") as caught:
        keyring.load(f"file:{path}")
    assert f"chmod 600 {path}" in caught.value.hint
    path.chmod(0o600)
    assert list(keyring.load(f"file:{path}").keys) == ["two", "one"]
    assert ONE[4:] not in repr(keyring.load(f"file:{path}"))
    with pytest.raises(errors.ConfigError, match="No such file"):
        keyring.load(f"file:{path}x")


def test_a_new_key_is_another_one_each_time():
    assert keyring.new_key("a").startswith("a:")
    assert len({keyring.new_key() for _ in range(20)}) == 20
    assert len(ring(keyring.new_key()).keys) == 1
    for name in ("a b", "a,b", "plain", "-", "x" * 64):
        with pytest.raises(ValueError, match="no name"):
            keyring.new_key(name)


AGENT = {
    "apiVersion": "mastra.ai/v1",
    "kind": "Agent",
    "metadata": {"name": "a", "namespace": "default"},
    "spec": {"instructions": "the secret recipe"},
}


@pytest.fixture
def keyed(monkeypatch):
    monkeypatch.setenv("THE_KEY", ONE)


def test_a_store_opened_without_its_keys_says_so(tmp_path, keyed):
    store = create_state_store(f"file:{tmp_path}/s?encrypt=env:THE_KEY")
    store.create(AGENT)
    store.close()
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"secret recipe" not in path.read_bytes()
    with create_state_store(f"{tmp_path}/s") as bare:
        for look in (lambda: bare.get("agent", name="a"), lambda: bare.list("agent")):
            with pytest.raises(errors.StorageValidationError) as caught:
                look()
            assert "encrypt=" in caught.value.hint
    with create_state_store(f"file:{tmp_path}/s?encrypt=env:THE_KEY") as again:
        assert again.require("agent", name="a").document["spec"] == AGENT["spec"]


def test_an_index_made_anew_without_the_keys_takes_no_envelope_for_a_resource(tmp_path, keyed):
    store = create_state_store(f"file:{tmp_path}/s?encrypt=env:THE_KEY")
    store.create(AGENT)
    store.close()
    for path in (tmp_path / "s" / ".mastractl").glob("state.db*"):
        path.unlink()
    with create_state_store(f"{tmp_path}/s") as bare:
        assert bare.list("agent").items == []
        (problem,) = bare.problems()
        assert "Encrypted" in problem.message
    (tmp_path / "s" / "agent" / "default" / "a.json").touch()  # a refused file waits for an edit
    with create_state_store(f"file:{tmp_path}/s?encrypt=env:THE_KEY") as again:
        assert again.require("agent", name="a").document["spec"] == AGENT["spec"]


def test_an_editors_plain_file_is_taken_in_by_the_rules_and_encrypted(tmp_path, keyed):
    url = f"file:{tmp_path}/s?encrypt=env:THE_KEY"
    path = tmp_path / "s" / "agent" / "default" / "a.json"
    with create_state_store(url) as store:
        made = store.create(AGENT)
        path.write_text(json.dumps(AGENT | {"spec": {"instructions": "edited"}}))
        edited = store.require("agent", name="a")
        assert edited.document["spec"] == {"instructions": "edited"}
        assert edited.document["metadata"]["uid"] == made.document["metadata"]["uid"]
        assert edited.document["metadata"]["generation"] == 2
        path.write_text('{"kind": "Agent", "metadata": {"name": "other"}}')
        assert store.require("agent", name="a").document["spec"] == {"instructions": "edited"}
        (problem,) = store.problems()
        assert "other" in problem.message


def test_envelopes_that_git_brings_are_taken_where_they_belong(tmp_path):
    adopt = adopting(adopt_as_is, ring(TWO, ONE))
    sealed = MemoryEngine()
    EncryptingEngine(sealed, ring(ONE)).commit([put(7), put(8, OTHER)])
    inner = FileEngine(tmp_path, adopt=adopt)
    engine = EncryptingEngine(inner, ring(TWO, ONE))
    path = tmp_path / tree.place(KEY).path
    path.parent.mkdir(parents=True)
    path.write_text(values.pretty(values.load(sealed.get(KEY).value)))
    assert number_of(engine.get(KEY)) == 7
    assert inner.get(KEY).value == sealed.get(KEY).value, "it is kept as it came"
    path.write_text(values.pretty(values.load(sealed.get(OTHER).value)))
    assert number_of(engine.get(KEY)) == 7
    (problem,) = engine.health().problems
    assert "moved" in problem.message
    engine.close()


def test_adopting_what_is_nothing_new_gives_the_same_bytes():
    adopt = adopting(adopt_as_is, ring(ONE))
    first = adopt(KEY, {"number": 1}, None, 0.0)
    assert adopt(KEY, {"number": 1}, None, 5.0) == first
    assert adopt(KEY, {"number": 1}, first, 5.0) == first
    assert adopt(KEY, values.load(first), first, 5.0) == first
    shuffled = dict(reversed(values.load(first).items()))
    assert adopt(KEY, shuffled, None, 5.0) == first
    assert adopt(KEY, {"number": 2}, first, 5.0) != first
    memory = MemoryEngine()
    engine = EncryptingEngine(memory, ring(ONE))
    engine.commit([put(1)])
    standing = memory.get(KEY).value
    assert standing != first
    assert adopt(KEY, {"number": 1}, standing, 0.0) == standing
    assert adopt(KEY, values.load(first), standing, 0.0) == standing
    with pytest.raises(errors.Refused, match="altered"):
        adopt(OTHER, values.load(first), None, 0.0)


def test_a_resource_store_works_over_it(engine):
    with StateStore(engine) as store:
        store.create(AGENT)
        assert store.require("agent", name="a").document["spec"] == AGENT["spec"]
        assert len(store.history("agent", name="a")) == 1
