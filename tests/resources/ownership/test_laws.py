"""Laws of ownership, for every schema, document and sequence of managers."""

from __future__ import annotations

import contextlib
import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mastractl import errors
from mastractl.resources.ownership.fieldset import FieldSet
from mastractl.resources.ownership.managers import Manager
from mastractl.resources.ownership.schemas import shape_of
from tests.resources.ownership.plays import plays
from tests.resources.ownership.stage import Stage

quickly = settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def play(stage, act, *, force=None):
    """The act, played; False if it met a conflict."""
    if act.operation == "Update":
        stage.update(act.manager, act.document)
        return True
    try:
        stage.apply(act.manager, act.document, force=act.force if force is None else force)
    except errors.FieldConflict:
        return False
    return True


def played(schema, acts):
    stage = Stage(schema)
    for act in acts:
        play(stage, act)
    return stage


def values_at(document, path):
    """All that stands at a path of elements; independent of the engine under test."""
    found = [document]
    for element in path:
        sort, rest = element[:2], element[2:]
        if sort == "f:":
            found = [v[rest] for v in found if isinstance(v, dict) and rest in v]
            continue
        items = [i for v in found if isinstance(v, list) for i in v]
        if sort == "v:":
            found = [i for i in items if json.dumps(i) == rest]
        else:
            found = [i for i in items if isinstance(i, dict) and json.loads(rest) in identities(i)]
    return found


def identities(item):
    """The keys of an item of a random play, as they stand and with their default."""
    keys = {k: item[k] for k in ("k", "l", "m") if k in item}
    return keys, {"m": 0} | keys


def leaves(value, path=()):
    """The scalars and empty objects and lists of a document, by path; items stand for all of their list."""
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from leaves(child, (*path, name))
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, (*path, "*"))
    else:
        yield path, json.dumps(value)


def places(value, path=()):
    """The paths at which something stands."""
    yield path
    if isinstance(value, dict):
        for name, child in value.items():
            yield from places(child, (*path, name))
    elif isinstance(value, list):
        for item in value:
            yield from places(item, (*path, "*"))


def held(path, sets):
    """Whether some set has the field itself, or one that is below it."""
    return any(p[: len(path)] == path for fields in sets for p in fields)


@quickly
@given(plays())
def test_apply_twice_is_apply_once(case):
    schema, acts = case
    stage = played(schema, acts[:-1])
    last = acts[-1]
    stage.apply(last.manager, last.document, force=True)
    live, managers = stage.live, stage.managers
    stage.apply(last.manager, copy.deepcopy(last.document))
    assert stage.live is live
    assert stage.managers == managers


@quickly
@given(plays())
def test_no_argument_is_changed_and_managers_survive_json(case):
    schema, acts = case
    stage = Stage(schema)
    for act in acts:
        before = json.dumps([stage.live, act.document])
        live, entries = stage.live, [m.to_json() for m in stage.managers]
        managers = stage.managers
        play(stage, act)
        assert json.dumps([live, act.document]) == before
        assert [m.to_json() for m in managers] == entries
        again = tuple(Manager.from_json(json.loads(json.dumps(m.to_json()))) for m in stage.managers)
        assert again == stage.managers


@quickly
@given(plays())
def test_a_merge_invents_nothing(case):
    schema, acts = case
    stage = Stage(schema)
    for act in acts:
        known = {*leaves(stage.live or {}), *leaves(act.document)}
        emptied = set(places(stage.live or {}))
        play(stage, act)
        for path, text in leaves(stage.live or {}):
            assert (path, text) in known or (text in {"{}", "[]"} and path in emptied)


@quickly
@given(plays())
def test_every_field_of_a_new_resource_is_owned(case):
    schema, acts = case
    stage = played(schema, acts[:1])
    owned = set().union(*(m.fields for m in stage.managers))
    wanted = shape_of(schema).owned({"spec": stage.live["spec"]}, parents=False)
    assert set(FieldSet(wanted)) <= owned


@quickly
@given(plays())
def test_managers_own_what_is_there(case):
    schema, acts = case
    stage = Stage(schema)
    for act in acts:
        play(stage, act)
        for manager in stage.managers:
            assert manager.fields
            for path in manager.fields:
                assert values_at(stage.live, path), (manager.name, path)


@quickly
@given(plays())
def test_with_force_an_apply_gets_its_way(case):
    schema, acts = case
    stage = played(schema, acts[:-1])
    last = acts[-1]
    assert play(stage, last._replace(operation="Apply"), force=True)
    mine = stage.entry(last.manager)
    for path in mine.fields if mine else ():
        found, given_ = values_at(stage.live, path), values_at(last.document, path)
        assert len(given_) == 1
        assert found if isinstance(given_[0], (dict, list)) else found == given_


@quickly
@given(plays())
def test_without_force_an_apply_succeeds_or_names_the_owner(case):
    schema, acts = case
    stage = played(schema, acts[:-1])
    live, managers = stage.live, stage.managers
    last = acts[-1]
    with contextlib.suppress(errors.FieldConflict):
        stage.apply(last.manager, last.document)
        for manager in managers:
            if manager.name != last.manager:
                now = stage.entry(manager.name, manager.operation)
                lost = set(manager.fields) - set(now.fields if now else ())
                assert all(not values_at(stage.live, p) for p in lost)
        return
    with pytest.raises(errors.FieldConflict) as caught:
        stage.apply(last.manager, last.document)
    assert (stage.live, stage.managers) == (live, managers)
    assert caught.value.causes
    for cause in caught.value.causes:
        assert [m for m in managers if m.name != last.manager and f'"{m.name}"' in cause.message]
        value = last.document
        for step in cause.path:
            value = value[step]


@quickly
@given(plays())
def test_an_apply_without_force_keeps_what_others_own(case):
    """All but what stands in an item that the applier gives up and nobody else holds."""
    schema, acts = case
    stage = played(schema, acts[:-1])
    live, managers = stage.live, stage.managers
    last = acts[-1]
    if not play(stage, last._replace(operation="Apply"), force=False):
        return
    mine = stage.entry(last.manager)
    sets = [m.fields for m in managers if m.name != last.manager]
    everybody = [*sets, mine.fields] if mine else sets
    for fields in sets:
        for path in fields:
            items = [
                path[:n] for n in range(1, len(path)) if path[n - 1][0] == "k" or path[n - 1][2:] in "xyz"
            ]
            if all(any(item in s for s in everybody) for item in items):
                before, after = values_at(live, path), values_at(stage.live, path)
                assert len(after) == len(before) > 0
                scalars = [v for v in before if not isinstance(v, (dict, list))]
                assert not scalars or json.dumps(after) == json.dumps(before)


@quickly
@given(plays())
def test_whoever_still_owns_a_field_finds_the_value_it_had(case):
    schema, acts = case
    stage = played(schema, acts[:-1])
    live = stage.live
    last = acts[-1]
    stage.apply(last.manager, last.document, force=True)
    for manager in stage.managers:
        if (manager.name, manager.operation) == (last.manager, "Apply"):
            continue
        for path in manager.fields:
            before, after = values_at(live, path), values_at(stage.live, path)
            scalars = [v for v in [*before, *after] if not isinstance(v, (dict, list))]
            assert not scalars or json.dumps(before) == json.dumps(after)


@quickly
@given(plays(operations=("Apply",)))
def test_a_field_left_out_goes_if_and_only_if_nobody_else_owns_it(case):
    schema, acts = case
    stage = played(schema, acts)
    last = acts[-1]
    stage.apply(last.manager, last.document, force=True)
    mine = stage.entry(last.manager)
    others = [m.fields for m in stage.managers if m is not mine]
    left = {**last.document, "spec": {}, "metadata": {"name": "x"}}
    stage.apply(last.manager, left)
    for path in mine.fields if mine else ():
        kept = held(path, others) or path == ("f:spec",)
        assert bool(values_at(stage.live, path)) is kept


@quickly
@given(plays(acts=3))
def test_what_nobody_owns_is_left_alone(case):
    """All but what stands in something that was applied and is given up."""
    schema, acts = case
    stage = Stage(schema)
    for act in acts[1:]:
        stage.live, stage.managers = acts[0].document, ()
        if not any(shape_of(schema).faults(act.document, ())):
            stage.apply(act.manager, act.document)
            stage.apply(act.manager, {**act.document, "spec": {}, "metadata": {"name": "x"}})
        for name, value in acts[0].document["spec"].items():
            assert name in act.document["spec"] or stage.spec[name] == value


@quickly
@given(plays(repeats=False), st.booleans())
def test_a_manager_never_conflicts_with_itself(case, update_first):
    schema, acts = case
    stage = Stage(schema)
    for number, act in enumerate(acts):
        if (number % 2 == 0) is update_first:
            stage.update("one", act.document)
        else:
            stage.apply("one", act.document)
    assert {m.name for m in stage.managers} <= {"one"}
