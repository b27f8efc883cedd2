from __future__ import annotations

import json

import pytest


def names(store, kind="agents"):
    return [r.name for r in store.list(kind)]


class TestFromManifests:
    def test_what_is_not_there_is_created(self, cli, store, make):
        cli.write("m/x.yaml", make.manifest("x"))
        cli.write("m/y.yaml", make.manifest("y", namespace="cooking"))
        result = cli.ok("create", "-f", "m")
        assert (result.lines, result.err) == (["agent.mastra.ai/x created", "agent.mastra.ai/y created"], "")
        assert names(store) == ["y", "x"]
        assert store.engine.revision() == 1

    def test_a_kind_and_its_resources_in_one_run(self, cli, store, make):
        source = {"apiVersion": "acme.io/v1", "kind": "DataSource", "metadata": {"name": "s"}, "spec": {}}
        cli.write("m.yaml", json.dumps(source) + "\n---\n" + json.dumps(make.definition()))
        dry = cli.ok("create", "-f", "m.yaml", "--dry-run=server")
        assert dry.lines == [
            "customresourcedefinition.mastra.ai/datasources.acme.io created (server dry run)",
            "datasource.acme.io/s created (server dry run)",
        ]
        assert store.engine.revision() == 0
        assert len(cli.ok("create", "-f", "m.yaml").lines) == 2

    def test_what_is_there_is_told_and_nothing_is_created(self, cli, store, make):
        store.apply_all([make.resource("x"), make.resource("z")])
        cli.write("m.yaml", "---\n".join(make.manifest(n, role="new", instructions="I.") for n in "xyz"))
        result = cli("create", "-f", "m.yaml")
        assert (result.code, result.out) == (5, "")
        lines = result.err.splitlines()
        assert lines[0] == 'Error from server (AlreadyExists): m.yaml:1: agents.mastra.ai "x" already exists'
        assert 'm.yaml:5: agents.mastra.ai "z" already exists' in result.err
        assert lines[-1] == "nothing was created"
        assert names(store) == ["x", "z"]
        part = cli("create", "-f", "m.yaml", "--keep-going")
        assert (part.code, part.lines) == (5, ["agent.mastra.ai/y created"])

    def test_faults_are_told_and_nothing_is_created(self, cli, store, make):
        cli.write("m.yaml", make.manifest("x") + "---\n" + make.manifest("y", instuctions="No."))
        result = cli("create", "-f", "m.yaml")
        assert (result.code, result.out, names(store)) == (4, "", [])
        assert "error: nothing was created: 1 error" in result.err or "nothing was created: " in result.err
        part = cli("create", "-f", "m.yaml", "--keep-going")
        assert (part.code, part.lines) == (4, ["agent.mastra.ai/x created"])

    def test_a_resource_version_makes_no_sense(self, cli, store):
        metadata = {"name": "x", "resourceVersion": "7"}
        document = {"apiVersion": "mastra.ai/v1", "kind": "Agent", "metadata": metadata}
        cli.write("m.yaml", json.dumps(document | {"spec": {"instructions": "Help."}}))
        result = cli("create", "-f", "m.yaml")
        assert (result.code, result.out) == (1, "")
        assert "leave out metadata.resourceVersion" in result.err

    def test_forms_flags_and_manager(self, cli, store, make):
        cli.write("m.yaml", make.manifest("x"))
        cli.ok("create", "-f", "m.yaml", "--save-config", "--dry-run=client", "-o", "name")
        found = cli.ok("create", "-f", "m.yaml", "-o", "json", "--field-manager", "me").json
        assert found["metadata"]["uid"]
        assert [r.manager for r in store.history("agents", name="x")] == ["me"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "you must say which manifests"),
            (["m.yaml"], "did you mean -f m.yaml?"),
            (["agnet", "x"], "unexpected argument 'agnet'"),
            (["-f", "m.yaml", "-o", "wide"], "unknown output format 'wide'"),
        ],
    )
    def test_what_makes_no_sense_creates_nothing(self, cli, store, make, arguments, said):
        cli.write("m.yaml", make.manifest("x"))
        result = cli("create", *arguments)
        assert (result.code, result.out, names(store)) == (2, "", [])
        assert said in result.err


GENERATED = [
    (
        ["agent", "x", "--model", "openai/gpt-4o", "--instructions", "Help.", "--tool", "a", "--tool=n.b"],
        {
            "instructions": "Help.",
            "model": {"provider": "openai", "name": "gpt-4o"},
            "tools": [
                {"name": "a", "ref": {"name": "a"}},
                {"name": "b", "ref": {"namespace": "n", "name": "b"}},
            ],
        },
    ),
    (
        ["agent", "x", "--model=ollama:llama3:8b", "--instructions-file=i.txt", "--description=D."],
        {"description": "D.", "instructions": "From a file.\n"},
    ),
    (
        ["tool", "x", "--description", "Tells.", "--type=function", "--execute=app:now"],
        {"description": "Tells.", "type": "function", "execute": "app:now"},
    ),
    (
        ["tool", "x", "--description", "Tells.", "--endpoint", "https://example.com"],
        {"description": "Tells.", "endpoint": "https://example.com"},
    ),
    (
        ["workflow", "x", "--step", "a=agent:n.w", "--step", "b=tool:t", "--step", "c=workflow:v"],
        {
            "steps": [
                {"id": "a", "agent": {"namespace": "n", "name": "w"}, "next": ["b"]},
                {"id": "b", "tool": {"name": "t"}, "next": ["c"]},
                {"id": "c", "workflow": {"name": "v"}},
            ]
        },
    ),
    (
        [
            "network",
            "x",
            "--agent",
            "a",
            "--agent",
            "lead=n.b",
            "--router-model=openai/gpt-4o",
            "--max-steps=3",
        ],
        {
            "agents": [
                {"name": "a", "ref": {"name": "a"}},
                {"name": "lead", "ref": {"namespace": "n", "name": "b"}},
            ],
            "router": {"model": {"provider": "openai", "name": "gpt-4o"}, "maxSteps": 3},
        },
    ),
]


class TestGenerators:
    @pytest.mark.parametrize(
        ("arguments", "spec"), GENERATED, ids=lambda v: " ".join(v) if isinstance(v, list) else ""
    )
    def test_a_manifest_is_printed_that_validates_and_applies(self, cli, tmp_path, arguments, spec):
        cli.write("i.txt", "From a file.\n")
        printed = cli.ok("create", *arguments, "--dry-run=client", "-o", "yaml")
        assert not (tmp_path / "store").exists()
        cli.write("m.yaml", printed.out)
        cli.ok("validate", "m.yaml")
        created = cli.ok("create", *arguments, "-o", "json").json
        assert {field: created["spec"].get(field) for field in spec} == spec
        assert cli.ok("apply", "-f", "m.yaml").out.endswith(" unchanged\n")
        assert cli("create", *arguments).code == 5
        cli.ok("create", *arguments, "--dry-run=client")

    def test_the_namespace_is_in_the_manifest_only_if_it_was_given(self, cli, store):
        line = ["create", "tool", "x", "--description", "Tells."]
        assert "metadata" in cli.ok(*line, "--dry-run=client", "-o", "json").json
        metadata = cli.ok(*line, "--dry-run=client", "-o", "json").json["metadata"]
        assert metadata == {"name": "x"}
        metadata = cli.ok(*line, "-n", "cooking", "--dry-run=client", "-o", "json").json["metadata"]
        assert metadata == {"name": "x", "namespace": "cooking"}
        assert cli.ok(*line, "-n", "cooking").lines == ["tool.mastra.ai/x created"]
        assert names(store, "tools") == ["x"]

    def test_global_flags_may_stand_before_the_second_word(self, cli, store):
        cli.ok("create", "-n", "cooking", "tool", "x", "--description", "Tells.")
        cli.ok("-n", "kitchen", "create", "tool", "y", "--description", "Tells.")
        assert [r.namespace for r in store.list("tools")] == ["cooking", "kitchen"]

    def test_a_server_dry_run_is_what_the_store_would_have(self, cli, store):
        result = cli.ok("create", "tool", "x", "--description", "D.", "--dry-run=server", "-o", "json").json
        assert result["metadata"]["uid"]
        assert names(store, "tools") == []

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (["agent", "x", "--model", "openai/gpt-4o"], 2, "--instructions TEXT"),
            (["agent", "x", "--instructions=a", "--instructions-file=b"], 2, "--instructions TEXT"),
            (["agent", "x", "--model", "gpt-4o", "--instructions=a"], 2, "PROVIDER/MODEL"),
            (["agent", "X", "--instructions=a"], 4, "metadata.name"),
            (["agent", "X", "--instructions=a", "--dry-run=client"], 4, "metadata.name"),
            (["agent", "x", "--instructions=a", "--tool=a/b/c"], 4, "spec.tools[0]"),
            (["agent", "x", "--instructions-file=nope"], 1, "nope: No such file"),
            (["agent"], 2, "NAME"),
            (["tool", "x"], 2, "--description TEXT"),
            (["workflow", "x"], 2, "--step ID=KIND:NAME"),
            (["workflow", "x", "--step", "a"], 2, "'a' is no step"),
            (["workflow", "x", "--step", "a=person:b"], 2, "agent, tool, workflow, network"),
            (["workflow", "x", "--step", "a=tool:b", "--step", "a=tool:c"], 4, "spec.steps[1]"),
            (["network", "x"], 2, "--agent NAME"),
        ],
    )
    def test_what_is_missing_or_wrong_is_told(self, cli, store, arguments, code, said):
        result = cli("create", *arguments)
        assert (result.code, result.out) == (code, "")
        assert said in result.err
        assert store.engine.revision() == 0

    def test_help_shows_both_ways(self, cli):
        out = cli.ok("create", "--help").out
        assert out.startswith("Usage: mastractl create (-f FILE... | agent NAME")
        assert "Commands:\n  agent " in out
        agent = cli.ok("create", "agent", "--help").out
        assert agent == cli.ok("help", "create", "agent").out
        assert agent.startswith("Usage: mastractl create agent NAME")
        assert "see 'mastractl create agent --help'" in cli("create", "agent").err

    def test_completion_offers_both(self, cli):
        assert (
            "agent\tCreate an agent: a model with instructions and tools."
            in cli.ok("__complete", "create", "").lines
        )
        flags = [
            line.partition("\t")[0] for line in cli.ok("__complete", "create", "agent", "x", "--m").lines
        ]
        assert flags == ["--model="]
        assert "--filename=\t" in cli.ok("__complete", "create", "--f").out
