from __future__ import annotations

import threading

import pytest

from mastractl.resources.resource import Resource


@pytest.fixture
def three(store, make):
    store.apply_all(
        [
            make.resource("x", labels={"app": "web"}),
            make.resource("y"),
            make.resource("z", namespace="cooking"),
            make.resource("t", kind="Tool"),
        ]
    )
    return store


def left(store):
    return " ".join(r.name for r in store.list_all(["agents", "tools"]))


@pytest.mark.parametrize(
    ("arguments", "gone", "left_over"),
    [
        (["agent", "x"], "x", "z y t"),
        (["agents", "x", "y"], "x y", "z t"),
        (["agent/x", "tool/t"], "x t", "z y"),
        (["agents", "-l", "app=web"], "x", "z y t"),
        (["agents", "--field-selector", "metadata.name=y"], "y", "z x t"),
        (["agents", "--all"], "x y", "z t"),
        (["agents", "--all", "-n", "cooking"], "z", "x y t"),
        (["agents", "--all", "-A"], "z x y", "t"),
        (["agents", "-l", "app", "-A"], "x", "z y t"),
        (["all", "--all"], "x y t", "z"),
    ],
)
def test_what_is_deleted(cli, three, arguments, gone, left_over):
    kinds = {"t": "tool"}
    result = cli.ok("delete", *arguments)
    assert result.lines == [f'{kinds.get(n, "agent")}.mastra.ai "{n}" deleted' for n in gone.split()]
    assert result.err == ""
    assert left(three) == left_over


@pytest.mark.parametrize("mode", ["client", "server"])
def test_a_dry_run_deletes_nothing(cli, three, mode):
    suffix = {"client": " (dry run)", "server": " (server dry run)"}[mode]
    result = cli.ok("delete", "agents", "--all", f"--dry-run={mode}")
    assert result.lines == [f'agent.mastra.ai "{n}" deleted{suffix}' for n in ("x", "y")]
    assert left(three) == "z x y t"
    assert cli("delete", "agents", "nope", f"--dry-run={mode}").code == 3


def test_a_missing_name_fails_and_the_rest_goes(cli, three):
    result = cli("delete", "agents", "x", "nope")
    assert result.code == 3
    assert result.lines == ['agent.mastra.ai "x" deleted']
    assert result.err.startswith('Error from server (NotFound): agents.mastra.ai "nope" not found\n')
    assert cli.ok("delete", "agents", "x", "--ignore-not-found").out == ""


def test_nothing_to_delete_is_said_and_is_no_failure(cli):
    result = cli.ok("delete", "agents", "--all")
    assert (result.out, result.err) == ("", "No resources found\n")
    assert cli.ok("delete", "agents", "-l", "a=b").err == "No resources found\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "you must provide one or more resources by argument or filename"),
        (["agents"], "no name was specified"),
        (["agents", "-A"], "no name was specified"),
        (["agents", "x", "--all"], "--all contradicts names"),
        (["agents", "--all", "-l", "a=b"], "--all contradicts a selector"),
        (["agents", "x", "-l", "a=b"], "name cannot be provided when a selector is specified"),
        (["agents", "x", "-A"], "cannot be retrieved by name across all namespaces"),
        (["agents", "x", "-o", "wide"], "unknown output format 'wide'"),
        (["agents", "x", "--timeout", "soon"], 'invalid duration "soon" for --timeout'),
        (["agents", "x", "--cascade=maybe"], "is not one of"),
    ],
)
def test_what_makes_no_sense_deletes_nothing(cli, three, arguments, said):
    result = cli("delete", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert left(three) == "z x y t"


def test_other_forms(cli, three):
    assert cli.ok("delete", "agents", "x", "-o", "name").out == "agent.mastra.ai/x\n"
    assert cli.ok("delete", "agents", "y", "-o", "json").json["metadata"]["name"] == "y"


def test_flags_of_kubectl_that_mean_nothing_here_are_taken(cli, three):
    cli.ok("delete", "agents", "x", "--now", "--wait=false", "--cascade")
    cli.ok("delete", "agents", "y", "--grace-period=5", "--cascade=foreground")
    assert cli.ok("delete", "tools", "--all", "--force", "--grace-period=0").out == (
        'tool.mastra.ai "t" force deleted\n'
    )


def test_force_does_not_wait_for_finalizers(cli, store, make):
    store.apply(make.resource("held", finalizers=["acme.io/hold"]))
    assert cli.ok("delete", "agent", "held", "--force").out == 'agent.mastra.ai "held" force deleted\n'
    assert store.require("agents", name="held").deletion_timestamp


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--now", "--grace-period=3"], "--now and --grace-period cannot be specified together"),
        (["--force", "--grace-period=3"], "--force and --grace-period greater than 0 cannot be"),
    ],
)
def test_periods_that_contradict_each_other(cli, three, flags, message):
    result = cli("delete", "agents", "x", *flags)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert left(three) == "z x y t"


class TestAsking:
    def test_yes_goes_on(self, cli, three):
        result = cli("delete", "agents", "--all", "-i", stdin="y\n", tty=True)
        assert result.code == 0
        assert result.err == (
            "You are about to delete the following 2 resource(s):\n"
            "agent.mastra.ai/x\nagent.mastra.ai/y\nDo you want to continue? (y/n): "
        )
        assert left(three) == "z t"

    @pytest.mark.parametrize("answer", ["n\n", "\n", "", "yep\n"])
    def test_anything_else_does_not(self, cli, three, answer):
        result = cli("delete", "agents", "--all", "-i", stdin=answer, tty=True)
        assert (result.code, result.out) == (1, "")
        assert result.err.endswith("deletion is cancelled\n")
        assert left(three) == "z x y t"

    def test_without_a_terminal_it_is_an_error_and_never_hangs(self, cli, three):
        result = cli("delete", "agents", "--all", "-i", stdin="y\n")
        assert result.code == 2
        assert "standard input is not a terminal" in result.err
        assert left(three) == "z x y t"


class TestOwnership:
    def test_what_it_owns_goes_too(self, cli, three, make):
        owner = three.require("agents", name="x")
        three.apply(make.resource("child", kind="Tool", owner=owner))
        cli.ok("delete", "agent", "x")
        assert left(three) == "z y t"

    def test_orphans_stay(self, cli, three, make):
        owner = three.require("agents", name="x")
        three.apply(make.resource("child", kind="Tool", owner=owner))
        cli.ok("delete", "agent", "x", "--cascade=orphan")
        assert left(three) == "z y child t"
        assert three.require("tools", name="child").owner_references == []

    @pytest.fixture
    def sources(self, store, make):
        store.apply(make.definition())
        for name in ("a", "b"):
            store.apply(make.resource(name, kind="DataSource", url="x") | {"apiVersion": "acme.io/v1"})
        return store

    SAID = (
        "Warning: deleting customresourcedefinition.mastra.ai/datasources.acme.io "
        "deletes the 2 datasources there are with it\n"
    )
    DELETED = 'customresourcedefinition.mastra.ai "datasources.acme.io" deleted'

    def test_the_definition_of_a_kind_takes_its_resources_only_if_that_is_meant(self, cli, sources):
        result = cli("delete", "crd", "datasources.acme.io")
        assert (result.code, result.out) == (1, "")
        assert result.err == (
            f"{self.SAID}Error from server (Forbidden): 2 resources would be deleted with the definition of "
            "their kind; nothing was deleted\nhint: if that is meant, say so with --yes\n"
        )
        assert len(sources.list("datasources")) == 2
        meant = cli.ok("delete", "crd", "datasources.acme.io", "--yes")
        assert (meant.out, meant.err) == (f"{self.DELETED}\n", self.SAID)
        assert cli("get", "datasources").code == 3

    def test_a_dry_run_says_how_many_resources_would_go(self, cli, sources):
        dry = cli.ok("delete", "crd", "datasources.acme.io", "--dry-run=server")
        assert (dry.out, dry.err) == (f"{self.DELETED} (server dry run)\n", self.SAID)

    def test_a_person_is_asked(self, cli, sources):
        declined = cli("delete", "crd", "datasources.acme.io", tty=True, stdin="n\n")
        assert declined.code == 1
        assert "deletes the 2 datasources there are with it" in declined.err
        assert len(sources.list("datasources")) == 2
        cli.ok("delete", "crd", "datasources.acme.io", tty=True, stdin="y\n")
        assert cli("get", "datasources").code == 3

    def test_resources_that_are_named_beside_their_definition_need_no_word_more(self, cli, sources):
        result = cli.ok("delete", "crd/datasources.acme.io", "datasource/a", "datasource/b")
        assert result.err == ""
        assert cli("get", "datasources").code == 3


class TestFinalizers:
    @pytest.fixture
    def held(self, store, make):
        store.apply(make.resource("x", finalizers=["acme.io/cleanup"]))
        return store

    def test_what_is_held_is_waited_for_up_to_the_timeout(self, cli, held):
        result = cli("delete", "agent", "x", "--timeout=1ms")
        assert result.code == 6
        assert result.out == 'agent.mastra.ai "x" deleted\n'
        assert result.err.splitlines() == [
            "waiting for agent.mastra.ai/x: it is held by acme.io/cleanup",
            "error: timed out waiting for the deletion of agent.mastra.ai/x",
            "hint: it is held by acme.io/cleanup",
        ]
        assert held.require("agents", name="x").deletion_timestamp

    def test_without_waiting_it_is_only_marked(self, cli, held):
        assert cli.ok("delete", "agent", "x", "--wait=false").err == ""
        assert held.require("agents", name="x").deletion_timestamp

    def test_it_ends_when_the_last_finalizer_is_dropped(self, cli, held):
        def release():
            with held.watch("agents") as events:
                for event in events:
                    if event.resource.deletion_timestamp:
                        event.resource.metadata.pop("finalizers")
                        held.update(Resource(event.resource.document))
                        return

        thread = threading.Thread(target=release)
        thread.start()
        result = cli.ok("delete", "agent", "x", "--timeout=1m")
        thread.join()
        assert result.out == 'agent.mastra.ai "x" deleted\n'
        assert held.get("agents", name="x") is None


def test_orphaning_is_one_commit(cli, store, make):
    owner = store.create(make.resource("owner"))
    for name in ("one", "two"):
        store.create(make.resource(name, kind="Tool", owner=owner))
    before = store.engine.revision()
    cli.ok("delete", "agent", "owner", "--cascade=orphan")
    assert store.engine.revision() == before + 1
    assert [store.require("tools", name=n).owner_references for n in ("one", "two")] == [[], []]
