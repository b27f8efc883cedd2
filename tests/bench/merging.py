"""The ownership merge: an Agent with three managers, changed and unchanged."""

from __future__ import annotations

import copy
import json

from mastractl.manifests import bundled
from mastractl.resources.ownership.managers import Manager
from mastractl.resources.ownership.owning import apply, update
from tests.bench.corpus import agents
from tests.bench.table import Row, seconds

NOW = "2026-01-01T00:00:00Z"
TIMES = 200


def rows(_directory):
    schema = bundled.kinds().find("mastra.ai", "Agent").storage_version.schema
    live, managers, given = scene(schema)
    same = copy.deepcopy(given)
    same["spec"] |= {"instructions": live["spec"]["instructions"], "tools": [live["spec"]["tools"][0]]}
    settled = apply(live, managers, same, schema, manager="mastractl", now=NOW, force=True)
    after = copy.deepcopy(live)
    after["spec"]["instructions"] = "Edited by hand."
    text = json.dumps([m.to_json() for m in managers])

    def changed():
        apply(live, managers, given, schema, manager="mastractl", now=NOW)

    def unchanged():
        apply(*settled, same, schema, manager="mastractl", now=NOW)

    def stored():
        held = [Manager.from_json(entry) for entry in json.loads(text)]
        owned = apply(live, held, given, schema, manager="mastractl", now=NOW)
        json.dumps([m.to_json() for m in owned.managers])

    def edited():
        update(live, managers, after, schema, manager="edit", now=NOW)

    return [
        Row("merge of an Agent with 3 managers", each(changed), "us", 200),
        Row("... their fields read and written as JSON as well", each(stored), "us", 200),
        Row("... that changes nothing", each(unchanged), "us", 200),
        Row("an edit of it, told apart by owners", each(edited), "us", 200),
    ]


def scene(schema):
    """An Agent, its managers (an applier, a controller, another applier), and what the first applies next."""
    (agent,) = agents(1)
    live, managers = apply(None, (), agent, schema, manager="mastractl", now=NOW)
    status = live | {"status": {"phase": "Ready", "activity": "idle", "observedGeneration": 1}}
    live, managers = update(
        live, managers, status, schema, manager="controller", now=NOW, subresource="status"
    )
    ours = {key: agent[key] for key in ("apiVersion", "kind")}
    ours["metadata"] = {"name": agent["metadata"]["name"], "labels": {"ci": "yes"}}
    ours["spec"] = {"tools": [{"name": "mailer", "ref": {"name": "mailer"}}], "role": "assistant"}
    live, managers = apply(live, managers, ours, schema, manager="ci", now=NOW)
    given = copy.deepcopy(agent)
    given["spec"]["instructions"] = "Answer in one sentence."
    given["spec"]["tools"] = [{"name": "calendar"}, given["spec"]["tools"][0]]
    del given["spec"]["scaling"]["minReplicas"]
    assert len(managers) == 3
    return live, managers, given


def each(function):
    """Microseconds for one call."""

    def many():
        for _ in range(TIMES):
            function()

    return seconds(many, times=11) / TIMES * 1e6
