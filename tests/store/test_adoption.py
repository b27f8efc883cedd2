from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mastractl import errors, values
from mastractl.manifests import bundled
from mastractl.resources import lifecycle
from mastractl.resources.adoption import adopt
from mastractl.store import FileSystemStateStore
from mastractl.testing.store_tests.foundation import agent, definition, owner, tool, widget

KEY = "res/agent/default/cook"
NOW = 1_795_250_400.0
KINDS = bundled.kinds()


def adopted(document, previous=None, *, key=KEY, now=NOW, kinds=KINDS):
    return values.load(
        adopt(key, document, None if previous is None else values.dump(previous), now, kinds=kinds)
    )


def test_a_new_file_gets_an_identity():
    made = adopted({"spec": {"instructions": "Cook."}, "metadata": {"labels": {"a": "b"}}})
    assert list(made) == ["apiVersion", "kind", "metadata", "spec"]
    assert (made["apiVersion"], made["kind"]) == ("mastra.ai/v1", "Agent")
    metadata = made["metadata"]
    assert list(metadata) == ["name", "namespace", "labels", "uid", "generation", "creationTimestamp"]
    assert (metadata["name"], metadata["namespace"], metadata["generation"]) == ("cook", "default", 1)
    assert metadata["creationTimestamp"] == "2026-11-21T08:40:00Z"
    assert metadata["uid"][14] == "8"
    assert metadata["uid"][19] in "89ab"


def test_what_was_no_resource_is_no_past():
    """A program may put anything under a key of a resource; a file edited there becomes one."""
    for previous in ({"n": 1}, {"metadata": 7}):
        assert adopted({"spec": {"instructions": "Cook."}}, previous)["metadata"]["generation"] == 1


def test_it_is_pure():
    document = agent()
    before = values.copy(document)
    assert adopt(KEY, document, None, NOW) == adopt(KEY, document, None, NOW)
    assert document == before


def test_uids_differ_by_place_time_and_content():
    uids = {
        adopted(agent())["metadata"]["uid"],
        adopted(agent(), now=NOW + 1)["metadata"]["uid"],
        adopted(agent(says="Bake."))["metadata"]["uid"],
        adopted(agent(namespace="other"), key="res/agent/other/cook")["metadata"]["uid"],
    }
    assert len(uids) == 4


def test_a_file_a_store_wrote_keeps_its_identity_when_the_index_is_lost():
    written = adopted(agent(finalizers=["example.com/f"]))
    written["metadata"] |= {"generation": 7, "deletionTimestamp": "2026-01-01T00:00:00Z"}
    written["status"] = {"phase": "Running"}
    again = adopted(written, now=NOW + 1000)
    assert again == written


def test_an_edit_keeps_what_is_not_the_editors():
    first = adopted(agent()) | {"status": {"phase": "Running"}}
    edited = values.copy(first)
    edited["metadata"] |= {"uid": "forged", "generation": 99, "creationTimestamp": "2001-01-01T00:00:00Z"}
    edited["metadata"]["resourceVersion"] = "12"
    edited["spec"]["instructions"] = "Bake."
    edited["status"] = {"phase": "Failed"}
    after = adopted(edited, first, now=NOW + 5)
    assert after["metadata"] == first["metadata"] | {"generation": 2}
    assert after["status"] == {"phase": "Running"}
    assert after["spec"]["instructions"] == "Bake."


def test_generation_counts_only_changes_of_what_is_wanted():
    first = adopted(agent())
    labelled = values.copy(first)
    labelled["metadata"]["labels"] = {"a": "b"}
    after = adopted(labelled, first)
    assert after["metadata"]["labels"] == {"a": "b"}
    assert after["metadata"]["generation"] == 1


def test_a_manifest_copied_over_the_file_loses_neither_uid_nor_status():
    first = adopted(agent()) | {"status": {"phase": "Running"}}
    after = adopted(agent(says="Bake."), first)
    assert after["metadata"]["uid"] == first["metadata"]["uid"]
    assert after["status"] == {"phase": "Running"}


def test_the_status_of_a_kind_not_known_here_may_be_an_ordinary_field():
    key = "res/widget.example.com/default/w"
    first = adopted({**widget(), "status": {"mood": "good"}}, key=key)
    assert adopted({**widget(), "status": {"mood": "bad"}}, first, key=key)["status"] == {"mood": "bad"}
    assert adopted(widget(), first, key=key)["status"] == {"mood": "good"}


def test_a_key_that_is_no_resources_is_none():
    with pytest.raises(ValueError, match="not the key of a resource"):
        adopt("rec/run/default/a", agent(), None, NOW)


def test_what_says_nothing_new_gives_the_previous_bytes_back():
    previous = values.dump(adopted(agent(labels={"a": "b", "c": "d"})))
    document = values.load(previous)
    turned = dict(reversed(document.items()))
    turned["metadata"] = dict(reversed(document["metadata"].items())) | {
        "annotations": {},
        "resourceVersion": "3",
    }
    for same in (document, turned, agent(labels={"c": "d", "a": "b"})):
        assert adopt(KEY, same, previous, NOW + 9) is previous


def test_short_spellings_take_their_canonical_form():
    document = agent()
    document["spec"]["model"] = "openai/gpt-4o"
    assert adopted(document)["spec"]["model"] == {"provider": "openai", "name": "gpt-4o"}


def test_a_definition_may_be_that_of_kubernetes():
    document = definition() | {"apiVersion": "apiextensions.k8s.io/v1"}
    key = "res/customresourcedefinition/_cluster/widgets.example.com"
    made = adopted(document, key=key)
    assert made["apiVersion"] == "mastra.ai/v1"
    assert "namespace" not in made["metadata"]
    with pytest.raises(errors.Refused, match="is invalid"):
        adopted({**document, "spec": {"versions": 1}}, key=key)


def test_without_knowing_the_kinds_the_previous_state_tells_them():
    first = adopted(agent(), kinds=None) | {"status": {"phase": "Running"}}
    assert adopted({**agent(), "status": {"phase": "Failed"}}, first, kinds=None) == first
    assert adopted({"metadata": {}, "spec": {"instructions": "Bake."}}, first, kinds=None)["kind"] == "Agent"


@pytest.mark.parametrize(
    ("document", "key", "fault", "advice"),
    [
        ([], KEY, "expected a JSON object, found a list", "apiVersion"),
        (tool(), KEY, "its kind is 'Tool'", "move it to tool/"),
        (agent() | {"kind": "agent"}, KEY, "its kind is 'agent'", 'set "kind" to "Agent"'),
        (agent() | {"kind": 3}, KEY, "it says no kind", "add"),
        (agent() | {"apiVersion": "example.com/v1"}, KEY, "group mastra.ai", "agent.example.com/"),
        (agent("other"), KEY, "metadata.name is 'other'", "move it to agent/default/other.json"),
        (agent(namespace="x"), KEY, "metadata.namespace is 'x'", "set metadata.namespace to 'default'"),
        (agent(), "res/agent/_cluster/cook", "Agent lives in namespaces", "agent/default/cook.json"),
        (
            definition(),
            "res/customresourcedefinition/default/widgets.example.com",
            "is cluster-scoped",
            "customresourcedefinition/_cluster/widgets.example.com.json",
        ),
        (
            widget(namespace="x"),
            "res/widget.example.com/_cluster/w",
            "among what has no namespace",
            "leave out metadata.namespace",
        ),
        (agent() | {"metadata": []}, KEY, "metadata is a list", "metadata"),
        (agent(labels={"a": 1}), KEY, r"metadata.labels\['a'\] is a number", "quotes"),
        (agent(labels=["a"]), KEY, "metadata.labels is a list", "key"),
        (agent(labels={"a": "not valid!"}), KEY, "label value", "correct it"),
        (agent(annotations={"-": "x"}), KEY, "not a valid key", "correct it"),
        (agent(finalizers="x"), KEY, "metadata.finalizers is not a list of texts", "leave out"),
        (agent(finalizers=[1]), KEY, "metadata.finalizers is not a list of texts", "leave out"),
        (agent(ownerReferences=[{"kind": "Agent"}]), KEY, "has no apiVersion", "an owner has"),
        (agent(uid=5), KEY, "metadata.uid is a number", "quotes"),
        (agent(creationTimestamp="yesterday"), KEY, "'yesterday' is no time", "leave it out"),
        (agent() | {"kind": None}, "res/widget.example.com/default/cook", "it says no kind", "add"),
        (
            {"kind": "Widget"},
            "res/widget.example.com/default/w",
            "it says no apiVersion",
            "example.com/<version>",
        ),
    ],
)
def test_what_cannot_be_taken_in_is_refused_with_advice(document, key, fault, advice):
    with pytest.raises(errors.Refused, match=fault) as caught:
        adopted(document, key=key)
    assert advice in caught.value.hint


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)
labels = st.dictionaries(st.sampled_from(["a", "b", "x.io/c"]), st.sampled_from(["", "1", "two"]), max_size=3)


@st.composite
def documents(draw):
    document = agent(labels=draw(labels), annotations=draw(labels))
    document["spec"] |= draw(st.dictionaries(st.text(), json_values, max_size=3))
    if draw(st.booleans()):
        document["status"] = draw(st.dictionaries(st.text(), json_values, max_size=2))
    return document | draw(st.dictionaries(st.sampled_from(["data", "extra"]), json_values, max_size=2))


@given(first=documents(), second=documents())
def test_adopting_twice_is_adopting_once(first, second):
    one = adopt(KEY, first, None, NOW, kinds=KINDS)
    two = adopt(KEY, second, one, NOW + 1, kinds=KINDS)
    for state in (one, two):
        for spelled in (
            values.load(state),
            json.loads(json.dumps(values.load(state), indent=4, sort_keys=True)),
        ):
            assert adopt(KEY, spelled, state, NOW + 2, kinds=KINDS) is state
    before, after = values.load(one), values.load(two)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["generation"] - before["metadata"]["generation"] == int(
        not lifecycle.same(
            *({k: v for k, v in d.items() if k not in ("metadata", "status")} for d in (before, after))
        )
    )


def answer(document, key):
    """The bytes, or the advice that comes with the refusal."""
    try:
        return adopt(key, document, None, NOW, kinds=KINDS)
    except errors.Refused as refusal:
        return refusal.hint


@given(documents())
def test_anything_may_stand_in_a_file(document):
    """Whatever a file holds, adoption answers or refuses with advice; it never breaks."""
    for key in (KEY, "res/tool/default/cook", "res/widget.example.com/_cluster/w"):
        assert answer(document, key)


@given(json_values, json_values)
def test_whatever_the_parts_of_a_document_are(metadata, part):
    assert answer(part, KEY)
    for found in (metadata, {"labels": part}, {"ownerReferences": part}, {"name": part}, {"uid": part}):
        assert answer({"kind": "Agent", "metadata": found}, KEY)
    for kind in ("Agent", "CustomResourceDefinition"):
        assert answer({"kind": kind, "spec": part}, f"res/{kind.lower()}/_cluster/x.y")
        assert answer({"kind": kind, "spec": part}, f"res/{kind.lower()}/default/x.y")


def test_a_store_takes_in_what_an_editor_does(tmp_path):
    with FileSystemStateStore(tmp_path) as store:
        made = store.create(agent())
        path = tmp_path / "agent" / "default" / "cook.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        document["spec"]["instructions"] = "Bake."
        path.write_text(json.dumps(document), encoding="utf-8")
        read = store.require("agents", name="cook")
        assert (read.generation, read.uid, read.spec["instructions"]) == (2, made.uid, "Bake.")
        with pytest.raises(errors.Conflict):
            store.update(made)
        child = tool("child", ownerReferences=[owner(made)])
        (tmp_path / "tool" / "default").mkdir(parents=True)
        (tmp_path / "tool" / "default" / "child.json").write_text(json.dumps(child), encoding="utf-8")
        assert store.require("tools", name="child").generation == 1
        store.delete("agents", name="cook")
        assert not (tmp_path / "tool" / "default" / "child.json").exists()


def test_a_store_reports_what_it_cannot_take_in_and_keeps_the_last_good_state(tmp_path):
    with FileSystemStateStore(tmp_path) as store:
        made = store.create(agent())
        path = tmp_path / "agent" / "default" / "cook.json"
        path.write_text(json.dumps(agent("other")), encoding="utf-8")
        assert store.require("agents", name="cook").spec == made.spec
        (problem,) = store.problems()
        assert "metadata.name is 'other'" in problem.message
        assert "agent/default/other.json" in problem.hint


def test_a_definition_put_there_by_hand_defines_its_kind(tmp_path):
    with FileSystemStateStore(tmp_path) as store:
        home = tmp_path / "customresourcedefinition" / "_cluster"
        home.mkdir(parents=True)
        (home / "widgets.example.com.json").write_text(json.dumps(definition()), encoding="utf-8")
        assert store.apply(widget()).operation == "created"
        (home / "widgets.example.com.json").unlink()
        assert [r.name for r in store.list("widget.example.com")] == ["w"]
