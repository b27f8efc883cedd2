from __future__ import annotations

import io
import json
import threading

import pytest

from mastractl import errors
from mastractl.cli import following, selection
from mastractl.cli.invocation import GlobalFlags, Invocation, Surroundings
from mastractl.cli.output import Reporter
from mastractl.cli.printers.interface import PrintOptions, printer_for
from mastractl.cli.process import Process


class Stream(io.TextIOWrapper):
    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self):
        return self.buffer.getvalue().decode()


def rows(result):
    return [line.split()[:2] for line in result.lines if line]


@pytest.fixture
def two(store, make):
    store.apply_all([make.resource("x"), make.resource("t", kind="Tool")])
    return store


def test_what_stands_is_listed_and_then_every_change_told(cli, two, make, script):
    out = script(
        lambda: two.apply(make.resource("y")),
        lambda: two.apply(make.resource("y", instructions="Other.")),
        lambda: two.delete("agents", name="y"),
    )
    result = cli("watch", "agents", stdout=out)
    assert (result.code, result.err) == (130, "")
    assert rows(result) == [
        ["EVENT", "NAME"],
        ["ADDED", "x"],
        ["ADDED", "y"],
        ["MODIFIED", "y"],
        ["DELETED", "y"],
    ]


@pytest.mark.parametrize("arguments", [["agents", "tools"], ["agents,tools"], ["ag,tool"]])
def test_several_types_in_one_stream(cli, two, make, script, arguments):
    out = script(lambda: two.apply(make.resource("u", kind="Tool")))
    assert rows(cli("watch", *arguments, stdout=out)) == [
        ["EVENT", "NAME"],
        ["ADDED", "agent.mastra.ai/x"],
        ["EVENT", "NAME"],
        ["ADDED", "tool.mastra.ai/t"],
        ["ADDED", "tool.mastra.ai/u"],
    ]


@pytest.mark.parametrize(
    ("arguments", "told", "last"),
    [
        (["agents"], "a b last", {}),
        (["agents", "b", "last"], "b last", {}),
        (["agent/b", "tool/t", "agent/last"], "b last", {}),
        (["agents", "-l", "app=web"], "a last", {"labels": {"app": "web"}}),
        (["agents", "-l", "app=web", "-A"], "a c last", {"labels": {"app": "web"}}),
        (["agents", "-n", "cooking"], "c last", {"namespace": "cooking"}),
        (["agents", "--field-selector", "metadata.name!=a"], "b last", {}),
        (["tools"], "last", {"kind": "Tool"}),
    ],
)
def test_names_selectors_and_namespaces_narrow_it(cli, two, make, script, arguments, told, last):
    since = two.list("agents").resource_version
    two.apply_all(
        [
            make.resource("a", labels={"app": "web"}),
            make.resource("b"),
            make.resource("c", namespace="cooking", labels={"app": "web"}),
            make.resource("last", **last),
        ]
    )
    out = script(lines=len(told.split()))
    result = cli("watch", *arguments, "--resource-version", since, "-o", "name", stdout=out)
    assert [line.partition("/")[2] for line in result.lines] == told.split()


def test_what_passes_a_selector_no_more_is_told_as_deleted(cli, two, make, script):
    two.apply(make.resource("a", labels={"app": "web"}))
    out = script(lambda: two.apply(make.resource("a", labels={"app": "other"})))
    assert rows(cli("watch", "agents", "-l", "app=web", "--no-headers", stdout=out)) == [
        ["ADDED", "a"],
        ["DELETED", "a"],
    ]


def test_json_is_one_line_an_event_and_resumes(cli, two, make, script):
    out = script(lambda: two.apply_all([make.resource("y"), make.resource("z")]), lines=3)
    events = [json.loads(line) for line in cli("watch", "agents", "-o", "json", stdout=out).lines]
    assert [(e["type"], e["object"]["metadata"]["name"]) for e in events] == [
        ("ADDED", "x"),
        ("ADDED", "y"),
        ("ADDED", "z"),
    ]
    two.apply(make.resource("later"))
    last = events[-1]["object"]["metadata"]["resourceVersion"]
    resumed = cli("watch", "agents", "-o", "json", "--resource-version", last, stdout=script()).lines
    assert [json.loads(line)["object"]["metadata"]["name"] for line in resumed] == ["later"]


def test_changes_made_by_an_editor_are_told(cli, two, make, script):
    path = cli.store / "agent" / "default" / "x.json"

    def edit():
        document = json.loads(path.read_text())
        document["spec"]["instructions"] = "By hand."
        path.write_text(json.dumps(document))

    events = [json.loads(line) for line in cli("watch", "agents", "-o", "json", stdout=script(edit)).lines]
    assert [e["type"] for e in events] == ["ADDED", "MODIFIED"]
    assert events[1]["object"]["spec"]["instructions"] == "By hand."


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_owners_are_shown_where_get_follows(cli, two, script, form):
    two.modify("agents", name="x", change=lambda live: live | {"spec": {"instructions": "B."}}, manager="me")
    followed = cli("get", "agents", "-w", "-o", form, "--show-managed-fields", stdout=script()).out
    assert "managedFields" in followed
    assert "me" in followed
    assert "managedFields" not in cli("get", "agents", "-w", "-o", form, stdout=script()).out


def test_other_forms(cli, two, script):
    assert cli("watch", "agents", "-o", "name", stdout=script()).out == "agent.mastra.ai/x\n"
    assert "ACTIVITY" in cli("watch", "agents", "-o", "wide", stdout=script()).lines[0]
    assert "kind: Agent" in cli("watch", "agents", "-o", "yaml", stdout=script()).out


def test_a_stream_that_cannot_be_resumed_fails(cli, two):
    result = cli("watch", "agents", "--resource-version", "999999")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error from server (Expired): revision 999999")
    assert cli("watch", "agents", "--resource-version", "soon").code == 1


def test_a_stream_whose_log_was_forgotten_fails(cli, two, make):
    since = two.list("agents").resource_version
    two.apply(make.resource("y"))
    two.engine.compact(two.engine.revision())
    result = cli("watch", "agents", "--resource-version", since, "-o", "json")
    assert result.code == 1
    assert json.loads(result.err)["reason"] == "Expired"


def test_contradictions(cli):
    assert cli("watch").code == 2
    assert cli("watch", "agents", "--watch-only", "--resource-version", "1").code == 2
    assert cli("watch", "nope").code == 3


def test_a_store_that_closes_under_a_stream_is_an_error_and_never_a_silent_end(cli, two):
    class Closing(Stream):
        def flush(self):
            super().flush()
            if self.text():
                opened[0].store.close()

    opened = []
    process = Process(
        stdin=Stream(),
        stdout=Closing(),
        stderr=Stream(),
        environ=cli.environ,
        directory=str(cli.directory),
    )
    with Invocation(
        Surroundings(process, Reporter(process.stderr, data=process.stdout)), GlobalFlags()
    ) as inv:
        opened.append(inv)
        chosen = selection.choose(inv, selection.Asked(resources=["agents"]))
        printer = printer_for("name", PrintOptions(out=process.stdout, kinds=inv.kinds))
        with pytest.raises(errors.Unavailable, match="the stream of changes ended"):
            following.follow(inv, chosen, following.as_events(printer), listed=True)


def test_a_first_list_in_which_nothing_passes_does_not_hold_up_what_comes(cli, two, make, script):
    two.apply(make.resource("y", labels={"app": "db"}))
    out = script()
    threading.Timer(0.2, two.apply, [make.resource("web", labels={"app": "web"})]).start()
    result = cli("watch", "agents", "-l", "app=web", "-o", "name", stdout=out)
    assert result.out == "agent.mastra.ai/web\n"


def test_columns_of_a_watch_that_are_asked_for(cli, store, make, script):
    store.apply(make.resource("x", labels={"app": "web"}))
    out = script()
    assert cli("watch", "agents", "-L", "app", "--show-kind", stdout=out).code == 130
    header, row = out.text().splitlines()
    assert header.split()[-1] == "APP"
    assert row.split()[:2] == ["ADDED", "agent.mastra.ai/x"]
    assert row.split()[-1] == "web"


def test_a_watch_of_what_manifests_name(cli, store, make, script):
    store.apply_all([make.resource("x"), make.resource("y")])
    cli.write("x.yaml", make.manifest("x"))
    out = script()
    assert cli("watch", "-f", "x.yaml", "-o", "name", stdout=out).code == 130
    assert out.text() == "agent.mastra.ai/x\n"
