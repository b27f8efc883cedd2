from __future__ import annotations

import pytest


@pytest.fixture
def three(store, make):
    """An agent with three revisions, the second of which was labelled and has a status."""
    store.apply(make.resource("x", instructions="One."))
    cli_like = {"instructions": "Two.", "role": "chef"}
    store.modify("agents", name="x", change=lambda d: d | {"spec": cli_like}, manager="me")
    made = store.require("agents", name="x")
    store.update_status({**made.document, "status": {"phase": "Running"}})
    store.modify("agents", name="x", change=labelled)
    store.modify("agents", name="x", change=lambda d: d | {"spec": {"instructions": "Three."}}, manager="you")
    return store


def labelled(document):
    return document | {"metadata": document["metadata"] | {"labels": {"tier": "gold"}}}


def instructions(store):
    return store.require("agents", name="x").spec["instructions"]


def columns(line):
    return line.split(maxsplit=3)


class TestHistory:
    def test_there_is_a_revision_for_each_state_that_was_wanted(self, cli, three):
        result = cli.ok("rollout", "history", "agent", "x")
        title, *rows = result.lines
        assert (title, result.err) == ("agent.mastra.ai/x", "")
        assert columns(rows[0]) == ["REVISION", "AGE", "CHANGED-BY", "CHANGE"]
        assert [[c[0], *c[2:]] for c in map(columns, rows[1:])] == [
            ["1", "mastractl", "created"],
            ["2", "me", "spec.instructions, spec.role"],
            ["3", "you", "spec.instructions, spec.role"],
        ]

    def test_one_revision_in_full(self, cli, three):
        result = cli.ok("rollout", "history", "agent/x", "--revision=2")
        assert result.lines[0] == "agent.mastra.ai/x with revision #2"
        assert result.lines[1].split() == ["Changed", "by:", "me"]
        assert result.out.endswith("spec:\n  instructions: Two.\n  role: chef\n")
        as_json = cli.ok("rollout", "history", "agent/x", "--revision=2", "-o", "json").json
        assert (as_json["spec"]["role"], as_json["metadata"]["labels"]) == ("chef", {"tier": "gold"})

    def test_for_programs(self, cli, three):
        items = cli.ok("rollout", "history", "agent/x", "-o", "json").json["items"]
        assert [(i["revision"], i["manager"]) for i in items] == [(1, "mastractl"), (2, "me"), (3, "you")]
        assert items[1]["changed"] == ["spec.instructions", "spec.role"]
        assert items[1]["object"]["spec"]["role"] == "chef"
        assert items[0]["time"].endswith("Z")
        assert "manager: you" in cli.ok("rollout", "history", "agent/x", "-o", "yaml").out

    def test_several_and_whole_types(self, cli, three, make):
        three.apply(make.resource("t", kind="Tool"))
        out = cli.ok("rollout", "history", "agent/x", "tool/t").out
        assert "\n\ntool.mastra.ai/t\nREVISION" in out
        assert cli.ok("rollout", "history", "agents").lines[0] == "agent.mastra.ai/x"
        assert cli.ok("rollout", "history", "workflows").err == "No resources found in default namespace.\n"

    def test_any_kind_has_one_and_any_scope(self, cli, store, make):
        store.apply(make.definition())
        source = {"apiVersion": "acme.io/v1", "kind": "DataSource", "metadata": {"name": "s"}, "spec": {}}
        store.apply(source)
        assert (
            cli.ok("rollout", "history", "ds/s", "crd/datasources.acme.io").lines[0] == "datasource.acme.io/s"
        )

    def test_edits_behind_the_stores_back_are_revisions(self, cli, store, make, tmp_path):
        store.apply(make.resource("x"))
        path = tmp_path / "store" / "agent" / "default" / "x.json"
        path.write_text(path.read_text().replace("Help.", "Edited."))
        rows = cli.ok("rollout", "history", "agent", "x").lines
        assert columns(rows[-1])[2:] == ["external-edit", "spec.instructions"]

    def test_a_deleted_resource_has_its_history(self, cli, three):
        cli.ok("delete", "agent", "x")
        result = cli.ok("rollout", "history", "agent", "x")
        assert len(result.lines) == 5
        assert "agent.mastra.ai/x was deleted" in result.err
        assert "`mastractl rollout undo agent x -n default` brings it back" in result.err

    def test_a_compacted_log_says_so(self, cli, three):
        three.engine.compact(three.engine.revision())
        result = cli.ok("rollout", "history", "agent", "x")
        assert columns(result.lines[-1]) == ["3", "<unknown>", "<unknown>", "<forgotten>"]
        assert result.err == "the log was compacted: what was before is forgotten\n"
        undo = cli("rollout", "undo", "agent", "x")
        assert (undo.code, undo.out) == (3, "")
        assert "the log was compacted, what was before is forgotten" in undo.err

    def test_what_never_was_is_not_found(self, cli, three):
        result = cli("rollout", "history", "agents", "nope", "x")
        assert (result.code, result.lines[0]) == (3, "agent.mastra.ai/x")
        assert 'agents.mastra.ai "nope" not found' in result.err
        missing = cli("rollout", "history", "agent", "x", "--revision=7")
        assert (missing.code, missing.out) == (3, "")
        assert "unable to find specified revision 7 in history of agent.mastra.ai/x" in missing.err
        assert "there are 1, 2, 3" in missing.err


class TestUndo:
    def test_it_goes_back_to_the_revision_before(self, cli, three):
        result = cli.ok("rollout", "undo", "agent", "x")
        assert (result.lines, result.err) == (["agent.mastra.ai/x rolled back"], "")
        found = three.require("agents", name="x")
        assert found.spec == {"instructions": "Two.", "role": "chef"}
        assert (found.labels, found.status, found.generation) == ({"tier": "gold"}, {"phase": "Running"}, 4)
        assert three.history("agents", name="x")[-1].manager == "mastractl-rollout"
        cli.ok("rollout", "undo", "agent", "x")
        assert instructions(three) == "Three."

    def test_it_goes_back_to_any(self, cli, three):
        assert cli.ok("rollout", "undo", "agent/x", "--to-revision=1").lines == [
            "agent.mastra.ai/x rolled back"
        ]
        assert three.require("agents", name="x").spec == {
            "instructions": "One.",
        } | {k: v for k, v in three.require("agents", name="x").spec.items() if k == "model"}
        again = cli.ok("rollout", "undo", "agent/x", "--to-revision=1")
        skipped = "agent.mastra.ai/x skipped rollback (current template already matches revision 1)"
        assert again.lines == [skipped]
        assert len(cli.ok("rollout", "history", "agent/x").lines) == 6

    @pytest.mark.parametrize(("mode", "suffix"), [("client", " (dry run)"), ("server", " (server dry run)")])
    def test_dry_run_forms_and_manager(self, cli, three, mode, suffix):
        result = cli.ok("rollout", "undo", "agent/x", f"--dry-run={mode}")
        assert result.lines == [f"agent.mastra.ai/x rolled back{suffix}"]
        assert instructions(three) == "Three."
        assert (
            cli.ok("rollout", "undo", "agent/x", "-o", "json", "--field-manager=z").json["spec"]["role"]
            == "chef"
        )
        assert three.history("agents", name="x")[-1].manager == "z"

    def test_what_was_deleted_comes_back(self, cli, three):
        cli.ok("delete", "agent", "x")
        result = cli.ok("rollout", "undo", "agent", "x", "--dry-run=server")
        assert result.lines == ["agent.mastra.ai/x rolled back (server dry run)"]
        assert three.get("agents", name="x") is None
        result = cli.ok("rollout", "undo", "agent", "x")
        assert result.lines == ["agent.mastra.ai/x rolled back"]
        assert "it comes back as a new resource" in result.err
        found = three.require("agents", name="x")
        assert (found.spec, found.labels, found.generation) == (
            {"instructions": "Three."},
            {"tier": "gold"},
            1,
        )
        rows = cli.ok("rollout", "history", "agent", "x").lines
        assert [columns(row)[0] for row in rows[2:]] == ["1", "2", "3", "4"]
        cli.ok("rollout", "undo", "agent", "x", "--to-revision=1")
        assert instructions(three) == "One."

    def test_what_is_not_valid_any_more_is_refused(self, cli, store, make):
        definition = make.definition()
        source = {"apiVersion": "acme.io/v1", "kind": "DataSource", "metadata": {"name": "s"}}
        store.apply_all([definition, source | {"spec": {"url": "old"}}])
        store.apply(source | {"spec": {"url": "new"}})
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["spec"]["properties"]["url"]["enum"] = ["new"]
        store.apply(definition)
        result = cli("rollout", "undo", "ds/s")
        assert (result.code, result.out) == (4, "")
        assert "spec.url" in result.err

    def test_where_there_is_nothing_to_go_back_to(self, cli, store, make):
        store.apply(make.resource("x"))
        result = cli("rollout", "undo", "agent", "x")
        assert (result.code, result.out) == (3, "")
        assert "no rollout history found for agent.mastra.ai/x: revision 1 is the only one" in result.err
        assert cli("rollout", "undo", "agent", "x", "--to-revision=-1").code == 2
        assert cli("rollout", "undo").code == 2


class TestDiff:
    def test_the_last_change(self, cli, three):
        result = cli("rollout", "diff", "agent", "x")
        assert (result.code, result.err) == (1, "")
        assert result.lines == [
            "--- revision-2/agent.mastra.ai/x",
            "+++ revision-3/agent.mastra.ai/x",
            "@@ -1,3 +1,2 @@",
            " spec:",
            "-  instructions: Two.",
            "-  role: chef",
            "+  instructions: Three.",
        ]

    def test_between_any_two(self, cli, three):
        assert "+++ revision-3/" in cli("rollout", "diff", "agent/x", "--revision=1").out
        assert "+++ revision-2/" in cli("rollout", "diff", "agent/x", "--revision=1", "--to=2").out
        same = cli("rollout", "diff", "agent/x", "--revision=2", "--to=2")
        assert (same.code, same.out) == (0, "")
        assert "\x1b[31m-  role: chef" in cli("rollout", "diff", "agent/x", "--color=always").out

    def test_an_error_is_neither_same_nor_different(self, cli, three):
        assert cli("rollout", "diff", "agent/x", "--revision=9").code == 3
        assert cli("rollout", "diff").code == 2


class TestStatus:
    def ready(self, store, status, **more):
        found = store.require("agents", name="x")
        condition = {"type": "Ready", "status": status, **more}
        store.update_status({**found.document, "status": {"conditions": [condition]}})

    def test_it_is_told_when_it_is_rolled_out(self, cli, three):
        self.ready(three, "True")
        result = cli.ok("rollout", "status", "agent", "x")
        assert (result.lines, result.err) == (["agent.mastra.ai/x successfully rolled out"], "")

    def test_without_a_controller_that_is_told(self, cli, three):
        result = cli("rollout", "status", "agent", "x")
        assert (result.code, result.out) == (1, "")
        assert "agent.mastra.ai/x has no controller status" in result.err

    @pytest.mark.parametrize("waiting", [["--timeout=0.05s"], ["--watch=false"], ["-w=false"]])
    def test_what_does_not_come_is_told(self, cli, three, waiting):
        self.ready(three, "False", reason="Pulling")
        result = cli("rollout", "status", "agent", "x", *waiting)
        assert (result.code, result.out) == (6, "")
        assert "agent.mastra.ai/x is not rolled out: Ready is False (Pulling)" in result.err

    def test_what_was_said_of_an_earlier_generation_does_not_count(self, cli, three):
        self.ready(three, "True", observedGeneration=1)
        result = cli("rollout", "status", "agent", "x", "--watch=false")
        assert (result.code, "Ready was said of an earlier generation" in result.err) == (6, True)

    def test_a_missing_resource_is_not_found(self, cli, three):
        assert cli("rollout", "status", "agent", "nope").code == 3
        assert cli("rollout", "status").code == 2
