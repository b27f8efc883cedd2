"""Sensitive values: no verb and no format shows one unless it is asked to."""

from __future__ import annotations

import json
import sys

import pytest

SECRET = "Bearer s3cr3t"
REFERENCE = "Bearer ${env.TOKEN}"


def tool(secret=SECRET, **metadata):
    return {
        "apiVersion": "mastra.ai/v1",
        "kind": "Tool",
        "metadata": {"name": "t", "namespace": "default", **metadata},
        "spec": {
            "description": "Calls.",
            "type": "http",
            "endpoint": "https://example.com",
            "headers": {"Authorization": secret, "X-Other": REFERENCE},
        },
    }


@pytest.fixture
def stored(store):
    store.apply(tool())
    return store


READS = [
    ["get", "tool", "t", "-o", "json"],
    ["get", "tool", "t", "-o", "yaml"],
    ["get", "tools", "-o", "json"],
    ["get", "all", "-A", "-o", "yaml"],
    ["get", "tools", "-o", "jsonpath={.items[*].spec.headers}"],
    ["get", "tool", "t", "-o", "jsonpath={..Authorization}"],
    ["get", "tool", "t", "-o", "jsonpath-as-json={.spec}"],
    ["get", "tool", "t", "-o", "custom-columns=H:.spec.headers.Authorization"],
    ["describe", "tool", "t"],
    ["describe", "tools"],
    ["delete", "tool", "t", "--dry-run=client", "-o", "yaml"],
    ["apply", "-f", "tool.yaml", "-o", "json"],
    ["apply", "-f", "tool.yaml", "--dry-run=server", "-o", "jsonpath={.spec.headers.Authorization}"],
    ["wait", "tool/t", "--for=jsonpath={.spec.type}=http", "-o", "json"],
]


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("arguments", READS, ids=" ".join)
def test_a_sensitive_value_is_masked_unless_it_is_asked_for(cli, arguments):
    cli.write("tool.yaml", json.dumps(tool()))
    result = cli.ok(*arguments)
    assert "s3cr3t" not in result.out + result.err
    assert "***" in result.out
    shown = cli.ok(*arguments, "--show-secrets")
    assert SECRET in shown.out
    assert "***" not in shown.out


@pytest.mark.usefixtures("stored")
def test_where_a_value_comes_from_is_no_secret(cli):
    assert cli.ok("get", "tool", "t", "-o", "jsonpath={.spec.headers.X-Other}").out == REFERENCE


@pytest.mark.parametrize("form", ["json", "yaml", "jsonpath={.spec.headers.Authorization}"])
def test_events_are_masked(cli, stored, script, form):
    for verb in (["watch"], ["get", "-w"], ["get", "--output-watch-events", "-w"]):
        out = script(lambda: stored.apply(tool("Bearer an0ther")))
        assert cli(*verb, "tools", "-o", form, stdout=out).code == 130
        assert "***" in out.text()
        assert "s3cr3t" not in out.text()
        assert "an0ther" not in out.text()
        stored.apply(tool())


def test_a_diff_says_that_a_sensitive_value_differs_and_not_what_it_is(cli, stored):
    cli.write("tool.yaml", json.dumps(tool("Bearer new")))
    result = cli("diff", "-f", "tool.yaml")
    assert result.code == 1
    assert '-    Authorization: "*** (before)"\n+    Authorization: "*** (after)"\n' in result.out
    assert "s3cr3t" not in result.out
    assert "new" not in result.out
    shown = cli("diff", "-f", "tool.yaml", "--show-secrets")
    assert f"-    Authorization: {SECRET}\n+    Authorization: Bearer new\n" in shown.out
    cli.write("tool.yaml", json.dumps(tool(labels={"a": "b"})))
    assert "***" not in "".join(line for line in cli("diff", "-f", "tool.yaml").lines if line[0] in "+-")


def test_an_external_diff_program_gets_masked_files(cli, stored):
    cli.write("tool.yaml", json.dumps(tool("Bearer new")))
    cli.write(
        "show.py",
        "import pathlib, sys\n"
        "for side in sys.argv[1:]:\n"
        "    for file in pathlib.Path(side).iterdir():\n"
        "        print(side, file.name, file.read_text())\n"
        "sys.exit(1)\n",
    )
    program = f"'{sys.executable}' '{cli.directory}/show.py'"
    for name in ("MASTRACTL_EXTERNAL_DIFF", "KUBECTL_EXTERNAL_DIFF"):
        result = cli("diff", "-f", "tool.yaml", **{name: program})
        assert result.code == 1
        assert "LIVE mastra.ai.v1.Tool.default.t" in result.out
        assert "MERGED mastra.ai.v1.Tool.default.t" in result.out
        assert "*** (before)" in result.out
        assert "s3cr3t" not in result.out
    stored.apply(tool("Bearer new"))
    assert cli("diff", "-f", "tool.yaml", KUBECTL_EXTERNAL_DIFF=program).out == ""


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("program", "message"),
    [("no-such-program", "cannot run the diff program"), ("'", "cannot be understood")],
)
def test_an_external_diff_program_that_cannot_be_run(cli, program, message):
    cli.write("tool.yaml", json.dumps(tool("Bearer new")))
    result = cli("diff", "-f", "tool.yaml", MASTRACTL_EXTERNAL_DIFF=program)
    assert result.code == 2
    assert message in result.err


@pytest.mark.usefixtures("stored")
def test_a_wait_that_fails_shows_no_secret(cli):
    goal = "--for=jsonpath={.spec.headers.Authorization}=x"
    result = cli("wait", "tool/t", goal, "--timeout=0")
    assert result.code == 6
    assert "***" in result.err
    assert "s3cr3t" not in result.err
    assert cli("wait", "tool/t", f"--for=jsonpath={{.spec.headers.Authorization}}={SECRET}").code == 0


@pytest.mark.usefixtures("stored")
def test_a_masked_export_cannot_overwrite_the_value(cli, stored):
    exported = cli.ok("get", "tool", "t", "-o", "yaml").out
    for verb in (["apply"], ["diff"], ["validate"]):
        result = cli(*verb, "-f", "-", stdin=exported)
        assert result.code == 4
        assert "masked-value" in result.err + result.out
        assert "--show-secrets" in result.err + result.out
    assert stored.require("tools", name="t").spec["headers"]["Authorization"] == SECRET
    whole = cli.ok("get", "tool", "t", "-o", "yaml", "--show-secrets").out
    assert cli.ok("apply", "-f", "-", stdin=whole).out == "tool.mastra.ai/t unchanged\n"


def test_a_value_that_is_refused_is_not_shown_in_ci_logs(cli):
    model = {"provider": "openai", "name": "gpt-4", "apiKey": "sk-s3cr3t"}
    agent = {
        "apiVersion": "mastra.ai/v1",
        "kind": "Agent",
        "metadata": {"name": "a"},
        "spec": {"instructions": "Help.", "model": model},
    }
    for form in ("text", "concise", "json"):
        result = cli("validate", "-", "-o", form, stdin=json.dumps(agent))
        assert result.code == 4
        assert "apiKey" in result.out or "MA105" in result.out
        assert "s3cr3t" not in result.out + result.err


def test_fields_that_users_mark_in_their_own_kinds(cli, make):
    for mark in ("keyword", "annotation"):
        definition = make.definition(plural=f"{mark}s", kind=mark.capitalize())
        definition["spec"]["names"].pop("shortNames")
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        if mark == "keyword":
            schema["properties"]["url"]["x-mastra-sensitive"] = True
        else:
            definition["metadata"]["annotations"] = {"mastra.ai/sensitive-fields": ".spec.url"}
        resource = {
            "apiVersion": "acme.io/v1",
            "kind": mark.capitalize(),
            "metadata": {"name": "x"},
            "spec": {"url": "postgres://s3cr3t"},
        }
        cli.ok("apply", "-f", "-", stdin=f"{json.dumps(definition)}\n---\n{json.dumps(resource)}\n")
        assert cli.ok("get", mark, "x", "-o", "jsonpath={.spec.url}").out == "***"
        assert cli.ok("get", mark, "x", "-o", "jsonpath={.spec.url}", "--show-secrets").out.endswith("s3cr3t")


@pytest.mark.parametrize(
    "arguments",
    [
        ["history", "tool/t", "-o", "yaml"],
        ["history", "tool/t", "-o", "json"],
        ["history", "tool/t", "--revision=1"],
        ["history", "tool/t", "--revision=1", "-o", "json"],
        ["diff", "tool/t"],
    ],
    ids=" ".join,
)
def test_revisions_are_masked(cli, stored, arguments):
    stored.apply(tool("Bearer s3cr3t-2"))
    result = cli("rollout", *arguments)
    assert "s3cr3t" not in result.out + result.err
    assert "***" in result.out
    assert "s3cr3t" in cli("rollout", *arguments, "--show-secrets").out
