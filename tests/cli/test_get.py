from __future__ import annotations

import json
import re
import threading

import pytest

AGE = re.compile(r"\d+s$")


@pytest.fixture
def kitchen(store, make):
    """Agents x and y and tool t in default, agent z in cooking."""
    store.apply_all(
        [
            make.resource("x", labels={"app": "web", "tier": "one"}),
            make.resource("y", labels={"app": "db"}),
            make.resource("t", kind="Tool"),
            make.resource("z", namespace="cooking", instructions="Cook."),
        ]
    )
    return store


def names(result):
    return [line.split()[0] for line in result.lines[1:]]


@pytest.mark.usefixtures("kitchen")
@pytest.mark.parametrize(
    "word", ["agents", "agent", "ag", "Agent", "AGENTS", "agents.mastra.ai", "agents.v1.mastra.ai"]
)
def test_a_type_by_any_of_its_names(cli, word):
    result = cli.ok("get", word)
    assert names(result) == ["x", "y"]
    assert result.lines[0].split()[:3] == ["NAME", "PROVIDER", "MODEL"]


@pytest.mark.usefixtures("kitchen")
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["agents"], "x y"),
        (["agents", "-n", "cooking"], "z"),
        (["agents", "x"], "x"),
        (["agents", "y", "x"], "y x"),
        (["agent/y", "tool/t"], "y t"),
        (["agents,tools"], "x y t"),
        (["tools,agents"], "t x y"),
        (["agents,ag"], "x y"),
        (["all"], "x y t"),
        (["all", "-A"], "z x y t"),
        (["agents", "-A"], "z x y"),
        (["agents", "-l", "app=web"], "x"),
        (["agents", "-l", "app in (web,db),tier"], "x"),
        (["agents", "-l=app!=web"], "y"),
        (["agents", "-A", "--field-selector", "metadata.namespace=cooking"], "z"),
        (["agents", "--field-selector", "spec.model.name=gpt-4,metadata.name!=x"], "y"),
        (["agents", "--sort-by", ".metadata.labels.app"], "y x"),
        (["agents", "x", "x"], "x"),
    ],
)
def test_what_is_listed(cli, arguments, found):
    lines = cli.ok("get", *arguments, "-o", "name").lines
    assert [line.partition("/")[2] for line in lines] == found.split()


@pytest.mark.usefixtures("kitchen")
def test_several_types_make_several_tables_with_the_type_before_each_name(cli):
    assert [line[:18].rstrip() for line in cli.ok("get", "agents,tools").lines] == [
        "NAME                PROVIDER"[:18].rstrip(),
        "agent.mastra.ai/x",
        "agent.mastra.ai/y",
        "",
        "NAME",
        "tool.mastra.ai/t",
    ]


@pytest.mark.usefixtures("kitchen")
def test_columns_that_are_asked_for(cli):
    assert cli.ok("get", "agents", "--no-headers").lines[0].startswith("x ")
    assert cli.ok("get", "agents", "x", "--show-labels").lines[1].endswith("app=web,tier=one")
    assert cli.ok("get", "agents", "x", "--show-kind").lines[1].startswith("agent.mastra.ai/x ")
    assert cli.ok("get", "agents", "-L", "app,tier").lines[0].split()[-2:] == ["APP", "TIER"]
    assert cli.ok("get", "agents", "-L", "app", "-L", "tier").lines[1].split()[-2:] == ["web", "one"]
    assert cli.ok("get", "agents", "-A").lines[0].startswith("NAMESPACE ")
    assert len(cli.ok("get", "agents", "-o", "wide").lines[0]) > len(cli.ok("get", "agents").lines[0])


@pytest.mark.usefixtures("kitchen")
def test_one_by_name_is_itself_and_several_are_a_list(cli):
    one = cli.ok("get", "agent", "x", "-o", "json").json
    assert (one["kind"], one["metadata"]["name"]) == ("Agent", "x")
    several = cli.ok("get", "agents", "-o", "json").json
    assert several["kind"] == "List"
    assert [i["metadata"]["name"] for i in several["items"]] == ["x", "y"]
    assert several["metadata"]["resourceVersion"]
    assert cli.ok("get", "agents", "x", "y", "-o", "json").json["kind"] == "List"
    assert cli.ok("get", "agent", "x", "-o", "yaml").out.startswith("apiVersion: mastra.ai/v1\nkind: Agent\n")


@pytest.mark.usefixtures("kitchen")
def test_templates(cli):
    assert cli.ok("get", "agents", "-o", "jsonpath={.items[*].metadata.name}").out == "x y"
    assert cli.ok("get", "agent", "x", "-o=jsonpath={.spec.model.name}").out == "gpt-4"
    columns = "custom-columns=N:.metadata.name,M:.spec.model.provider"
    table = [line.split() for line in cli.ok("get", "agents", "-o", columns).lines]
    assert table == [["N", "M"], ["x", "openai"], ["y", "openai"]]
    assert cli.ok("get", "agent", "x", "-o", "jsonpath={.nope}").out == ""
    strict = cli("get", "agent", "x", "-o", "jsonpath={.nope}", "--allow-missing-template-keys=false")
    assert strict.code == 1
    assert "nope" in strict.err


@pytest.mark.usefixtures("kitchen")
def test_a_missing_name_fails_and_the_rest_is_printed(cli):
    result = cli("get", "agents", "x", "nope", "y", "gone")
    assert result.code == 3
    assert names(result) == ["x", "y"]
    assert result.err.splitlines() == [
        'Error from server (NotFound): agents.mastra.ai "nope" not found',
        "hint: looked in namespace 'default'; -n looks in another",
        'Error from server (NotFound): agents.mastra.ai "gone" not found',
    ]
    ignored = cli.ok("get", "agents", "x", "nope", "--ignore-not-found")
    assert (names(ignored), ignored.err) == (["x"], "")
    assert cli.ok("get", "agent", "nope", "--ignore-not-found").out == ""


@pytest.mark.usefixtures("kitchen")
def test_a_type_given_as_a_name_is_noticed(cli):
    assert "write agents,tools" in cli("get", "agents", "tools").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["agents"], "No resources found in default namespace.\n"),
        (["agents,tools", "-n", "cooking"], "No resources found in cooking namespace.\n"),
        (["agents", "-A"], "No resources found\n"),
        (["crd"], "No resources found\n"),
        (["agents", "-l", "a=b"], "No resources found in default namespace.\n"),
        (["agents", "-o", "name"], ""),
        (["agents", "--ignore-not-found"], ""),
    ],
)
def test_nothing_to_show_is_said_on_standard_error_and_is_no_failure(cli, arguments, said):
    result = cli.ok("get", *arguments)
    assert (result.out, result.err) == ("", said)


def test_a_store_that_was_not_there_is_told_where_it_may_be_a_mistake(cli):
    assert cli.ok("get", "agents", "--store", "data").err == (
        f"No resources found in default namespace.\nthere was no store at {cli.directory / 'data'} before\n"
    )
    assert cli.ok("get", "agents", "--store", "data").err == "No resources found in default namespace.\n"


def test_nothing_as_json_is_an_empty_list(cli):
    result = cli.ok("get", "agents", "-o", "json")
    assert (result.json["kind"], result.json["items"], result.err) == ("List", [], "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nope"], 3, "error: the store doesn't have a resource type 'nope'"),
        (["agnets"], 3, "hint: did you mean 'agents'?"),
        ([], 2, "error: you must say which type of resource"),
        (["agents/x", "y"], 2, "error: 'y' has no TYPE/ before it, other arguments have"),
        (["agents", "agent/y"], 2, "error: 'agents' has no TYPE/ before it"),
        (["a/b/c"], 2, "may not have more than one slash"),
        (["agents/"], 2, "error: 'agents/' is not of the form TYPE/NAME"),
        (["agents,"], 2, "error: a type of resource is missing between commas"),
        (["agents", "x", "-A"], 2, "error: a resource cannot be retrieved by name across all namespaces"),
        (["agents", "x", "-l", "a=b"], 2, "error: name cannot be provided when a selector is specified"),
        (["agents", "-l", "a=(b"], 1, "error: "),
        (["agents", "-o", "jsno"], 2, "hint: did you mean 'json'?"),
        (["agents", "-f", "x.yaml"], 2, "error: resources are named by -f or by type and name, not by both"),
    ],
)
def test_what_makes_no_sense(cli, arguments, code, said):
    result = cli("get", *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err


def test_kinds_of_the_users_own(cli, store, make):
    store.apply(make.definition())
    source = make.resource("s", kind="DataSource", url="x") | {"apiVersion": "acme.io/v1"}
    store.apply(source)
    for word in ("datasources", "ds", "datasource", "DataSource", "datasources.acme.io"):
        assert cli.ok("get", word, "-o", "name").out == "datasource.acme.io/s\n"
    assert "datasources.acme.io" in cli.ok("get", "crd").out


def test_a_corrupt_file_is_named_once_and_hides_nothing(cli, kitchen):
    path = cli.store / "agent" / "default" / "x.json"
    path.write_text("{ not json")
    result = cli.ok("get", "agents")
    assert names(result) == ["x", "y"]
    assert result.err.count("Warning:") == 1
    assert "x.json" in result.err
    assert cli.ok("get", "agents", "-q").err == ""
    warning = json.loads(cli.ok("get", "agents", "-o", "json").err)
    assert warning["kind"] == "Warning"
    assert "x.json" in warning["message"]


class TestWatching:
    def test_get_w_lists_and_goes_on_without_an_event_column(self, cli, kitchen, make, script):
        out = script(
            lambda: kitchen.apply(make.resource("new")),
            lambda: kitchen.delete("agents", name="x"),
        )
        result = cli("get", "agents", "-w", stdout=out)
        assert (result.code, result.err) == (130, "")
        assert names(result) == ["x", "y", "new", "x"]
        assert result.lines[0].startswith("NAME ")

    def test_only_what_comes(self, cli, kitchen, make, script):
        over = threading.Event()

        def change():
            turn = 0
            while not over.wait(0.02):  # until the watch, which begins at a moment of its own, saw one
                turn += 1
                kitchen.apply(make.resource("new", instructions=f"Turn {turn}."))

        changing = threading.Thread(target=change)
        changing.start()
        try:
            result = cli("get", "agents", "--watch-only", "-o", "name", stdout=script())
        finally:
            over.set()
            changing.join()
        assert result.code == 130
        assert set(result.lines) == {"agent.mastra.ai/new"}

    def test_events_when_asked_for(self, cli, kitchen, make, script):
        out = script(lambda: kitchen.delete("agents", name="x"))
        result = cli("get", "agents", "-w", "--output-watch-events", stdout=out)
        assert [line.split()[:2] for line in result.lines] == [
            ["EVENT", "NAME"],
            ["ADDED", "x"],
            ["ADDED", "y"],
            ["DELETED", "x"],
        ]

    def test_json_is_one_object_after_the_other(self, cli, kitchen, make, script):
        result = cli("get", "agent", "x", "-w", "-o", "json", stdout=script())
        assert json.loads(result.out)["metadata"]["name"] == "x"

    def test_a_missing_name_is_not_waited_for(self, cli, kitchen):
        result = cli("get", "agents", "nope", "-w")
        assert (result.code, result.out) == (3, "")
        assert cli.ok("get", "agents", "nope", "-w", "--ignore-not-found").out == ""


@pytest.mark.usefixtures("kitchen")
def test_on_a_terminal_words_are_coloured_and_headers_are_not(cli, store):
    ready = store.require("agents", name="x")
    ready.document["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    store.update_status(ready)
    header, row, *_ = cli.ok("get", "agents", "-o", "wide", tty=True).lines
    assert "READY" in header
    assert "\x1b[" not in header
    assert "\x1b[32mRunning\x1b[0m" in row


def test_a_misspelt_name_is_answered_with_the_nearest_there_is(cli, store, make):
    store.apply(make.resource("recipe-assistant"))
    result = cli("get", "agent", "recipe-assitant")
    assert result.code == 3
    assert "hint: did you mean 'recipe-assistant'?" in result.err


def test_a_file_written_by_hand_may_leave_out_what_its_place_says(cli):
    directory = cli.store / "agent" / "default"
    directory.mkdir(parents=True)
    (directory / "x.json").write_text('{"spec": {"instructions": "Help."}}', encoding="utf-8")
    shown = cli.ok("get", "agents", "-o", "jsonpath={.items[0].apiVersion} {.items[0].kind}")
    assert (shown.out, shown.err) == ("mastra.ai/v1 Agent", "")


@pytest.mark.usefixtures("kitchen")
@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["agents", "-n", "cookin"], "hint: did you mean -n cooking?"),
        (["agents", "-n", "elsewhere"], "hint: there are 3 in other namespaces: -A shows all"),
        (["agents", "-l", "app=db", "-n", "elsewhere"], "hint: there is 1 in other namespaces: -A shows all"),
    ],
)
def test_nothing_here_is_told_with_where_there_is(cli, arguments, hint):
    for verb in ("get", "describe"):
        result = cli.ok(verb, *arguments)
        assert result.err.splitlines() == [f"No resources found in {arguments[-1]} namespace.", hint]
    assert cli.ok("get", *arguments, "-q").err == ""


@pytest.mark.usefixtures("kitchen")
def test_a_name_of_another_namespace_is_told(cli):
    result = cli("get", "agent", "z")
    assert result.code == 3
    assert result.err.endswith("hint: there is one in namespace 'cooking': look there with -n cooking\n")


@pytest.mark.usefixtures("kitchen")
def test_a_column_of_ones_own_that_nothing_can_fill_is_told(cli):
    columns = "custom-columns=N:.metadata.name,M:.spec.modle.name,I:spec.instructions,P:.status.phase"
    result = cli.ok("get", "agents", "-o", columns)
    assert result.lines[1].split() == ["x", "<none>", "Help.", "<none>"]
    assert result.err == "Warning: custom column M: there is no field 'modle'\nhint: did you mean 'model'?\n"
    assert cli.ok("get", "agents,tools", "-o", "custom-columns=E:.spec.endpoint").err == ""


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("form", ["", "wide", "name", "custom-columns=N:.metadata.name"])
@pytest.mark.usefixtures("kitchen")
def test_rows_may_come_in_pages(cli, size, form):
    whole = cli.ok("get", "all", "-A", "-o", form) if form else cli.ok("get", "all", "-A")
    paged = cli.ok("get", "all", "-A", f"--chunk-size={size}", *(["-o", form] if form else []))
    # An age may pass from one second to the next between the two.
    assert [AGE.split(line)[0].split() for line in paged.lines] == [
        AGE.split(line)[0].split() for line in whole.lines
    ]
    chosen = ["-l", "app", "--chunk-size", str(size)]
    assert cli.ok("get", "agents", *chosen, "-o", "name").lines == ["agent.mastra.ai/x", "agent.mastra.ai/y"]


@pytest.mark.usefixtures("kitchen")
def test_pages_change_nothing_about_documents_and_empty_lists(cli):
    assert cli.ok("get", "agents", "-o", "json", "--chunk-size=1").json["kind"] == "List"
    assert cli.ok("get", "workflows", "--chunk-size=1").err == "No resources found in default namespace.\n"
    assert cli.ok("get", "workflows", "--chunk-size=1", "-o", "name").err == ""
    sorted_ = cli.ok("get", "agents", "-o", "name", "--chunk-size=1", "--sort-by=.metadata.labels.app").lines
    assert sorted_ == ["agent.mastra.ai/y", "agent.mastra.ai/x"]


@pytest.mark.usefixtures("kitchen")
def test_what_lacks_the_field_to_sort_by_comes_first_and_that_is_said(cli):
    result = cli.ok("get", "agents", "-o", "name", "--sort-by", ".metadata.labels.tier")
    assert result.lines == ["agent.mastra.ai/y", "agent.mastra.ai/x"]
    assert result.err == "1 of 2 has no .metadata.labels.tier: first in the list\n"
    assert cli.ok("get", "agents", "-q", "--sort-by", ".metadata.labels.tier").err == ""
    assert cli.ok("get", "agents", "--sort-by", ".metadata.name").err == ""


@pytest.mark.usefixtures("kitchen")
def test_a_field_to_sort_by_that_nothing_has_is_likely_to_be_a_mistake(cli):
    result = cli.ok("get", "agents", "--sort-by=.spec.modle")
    assert names(result) == ["x", "y"]
    assert result.err.splitlines() == [
        "Warning: --sort-by=.spec.modle: none of the resources has this field, so they are not sorted",
        "hint: `mastractl explain agent --recursive` lists the fields",
    ]


def test_equal_fields_keep_the_order_of_names(cli, store, make):
    store.apply_all([make.resource(name) for name in ("c", "a", "b")])
    lines = cli.ok("get", "agents", "-o", "name", "--sort-by=.spec.model.name").lines
    assert lines == ["agent.mastra.ai/a", "agent.mastra.ai/b", "agent.mastra.ai/c"]


@pytest.mark.usefixtures("kitchen")
def test_subresources(cli):
    assert cli.ok("get", "agent", "x", "--subresource=status", "-o", "name").out == "agent.mastra.ai/x\n"
    scale = cli("get", "agent", "x", "--subresource=scale")
    assert (scale.code, scale.out) == (2, "")
    assert "cannot be shown by itself" in scale.err


def test_a_subresource_that_a_kind_does_not_have(cli, make):
    definition = make.definition()
    cli.ok("apply", "-f", "-", stdin=json.dumps(definition))
    result = cli("get", "datasources", "--subresource=status")
    assert (result.code, result.out) == (2, "")
    assert "datasources.acme.io have no subresource 'status'" in result.err
    paths = {"specReplicasPath": ".spec.url", "statusReplicasPath": ".status.n"}
    definition["spec"]["versions"][0]["subresources"] = {"scale": paths}
    cli.ok("apply", "-f", "-", stdin=json.dumps(definition))
    assert "jsonpath={.spec.url}" in cli("get", "datasources", "--subresource=scale").err


def test_raw_is_answered_with_what_to_do(cli):
    result = cli("get", "--raw", "/apis/mastra.ai/v1/agents")
    assert (result.code, result.out) == (2, "")
    assert "there is no API server to ask" in result.err
    assert "-o json" in result.err
    assert str(cli.store) in result.err


@pytest.mark.parametrize("form", ["go-template={{.kind}}", "go-template-file=x", "template={{.kind}}"])
def test_go_templates_are_answered_with_what_to_write(cli, form):
    result = cli("get", "agents", "-o", form)
    assert (result.code, result.out) == (2, "")
    assert "Go templates are not supported" in result.err
    assert "jsonpath=" in result.err
    assert "custom-columns=" in result.err
