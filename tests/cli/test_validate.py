from __future__ import annotations

import json

import pytest

AGENT = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: x
spec:
  instructions: Help.
"""


def test_what_is_in_order_is_counted_on_standard_error(cli):
    cli.write("m/a.yaml", f"{AGENT}---\n{AGENT.replace('name: x', 'name: z')}")
    result = cli.ok("validate", "m")
    assert (result.out, result.err) == ("", "2 resources valid\n")
    assert cli.ok("validate", "m", "-q").err == ""
    assert cli.ok("validate", "-", stdin=AGENT).err == "1 resource valid\n"
    assert cli.ok("validate", "-f", "m/a.yaml", "m").err == "2 resources valid\n"


def test_no_store_is_touched(cli):
    cli.ok("validate", cli.write("a.yaml", AGENT))
    assert not cli.store.exists()
    cli.ok("validate", "a.yaml", "--store", "nonsense://x")


def test_every_problem_of_every_document_is_told_in_one_run(cli):
    text = (
        f"{AGENT.replace('instructions', 'instuctions')}---\n{AGENT.replace('Agent', 'Agnet')}---\n"
        f"{AGENT.replace('Help.', '5')}---\na: 1\na: 2\n---\n{AGENT}status: {{phase: Running}}\n"
    )
    result = cli("validate", cli.write("m.yaml", text), "-o", "concise")
    assert result.code == 4
    path = cli.directory / "m.yaml"
    assert [line.removeprefix(f"{path}:").partition(" ")[0] for line in result.lines] == [
        "6:3:",
        "9:7:",
        "20:17:",
        "23:1:",
        "31:1:",
    ]
    assert result.err == "1 resource valid, 4 errors, 1 warning in 1 file\n"


def test_text_shows_the_line(cli):
    cli.write("a.yaml", AGENT.replace("instructions", "instuctions"))
    result = cli("validate", "a.yaml")
    assert result.out == (
        'error[unknown-field]: unknown field "instuctions"\n'
        "  --> a.yaml:6:3  (.spec.instuctions)\n"
        " 6 |   instuctions: Help.\n"
        "   |   ^^^^^^^^^^^\n"
        '   = help: did you mean "instructions"? it is required\n'
        "\n"
    )
    assert "\x1b[" in cli("validate", "a.yaml", tty=True).out


def test_json_is_one_object(cli):
    cli.write("a.yaml", AGENT.replace("instructions", "instuctions"))
    document = cli("validate", "a.yaml", "-o", "json").json
    assert document["summary"] == {"errors": 1, "warnings": 0, "sources": 1}
    (finding,) = document["diagnostics"]
    assert (finding["code"], finding["line"], finding["column"]) == ("MA101", 6, 3)
    assert cli.ok("validate", cli.write("b.yaml", AGENT), "-o", "json").json["diagnostics"] == []


def test_warnings_are_no_failure_and_can_be_left_out(cli):
    cli.write("a.yaml", AGENT + "status: {phase: Running}\n")
    result = cli.ok("validate", "a.yaml")
    assert "warning[status-ignored]" in result.out
    assert result.err == "1 resource valid, 1 warning in 1 file\n"
    quiet = cli.ok("validate", "a.yaml", "--no-warnings")
    assert (quiet.out, quiet.err) == ("", "1 resource valid\n")


class TestReferences:
    REFERRING = AGENT + "  tools: [finder]\n"
    TOOL = "apiVersion: mastra.ai/v1\nkind: Tool\nmetadata: {name: finder}\nspec: {description: Finds.}\n"

    def test_dangling_among_the_manifests(self, cli):
        cli.write("a.yaml", self.REFERRING)
        assert "tool.mastra.ai/default/finder does not exist" in cli.ok("validate", "a.yaml").out
        assert cli("validate", "a.yaml", "--strict-refs").code == 4

    def test_to_what_has_faults_of_its_own_are_not_dangling(self, cli):
        cli.write("a.yaml", f"{self.REFERRING}---\n{self.TOOL.replace('description', 'descripton')}")
        result = cli("validate", "a.yaml", "-o", "json", "--strict-refs")
        assert [each["code"] for each in result.json["diagnostics"]] == ["MA101"]
        assert "MA122" not in cli("apply", "-f", "a.yaml", "-o", "json").err
        assert "MA103" in cli("validate", "-", "-o", "concise", stdin="apiVersion: v1\nkind: [Tool]\n").out

    @pytest.mark.parametrize("first", [True, False])
    def test_satisfied_in_any_order(self, cli, first):
        texts = [self.REFERRING, self.TOOL]
        cli.write("a.yaml", "---\n".join(texts if first else texts[::-1]))
        assert cli.ok("validate", "a.yaml", "--strict-refs").out == ""


class TestDefinitions:
    SOURCE = "apiVersion: acme.io/v1\nkind: DataSource\nmetadata: {name: s}\nspec: {url: x}\n"

    def test_of_the_same_input(self, cli, make):
        cli.write("m.yaml", f"{self.SOURCE}---\n{json.dumps(make.definition())}\n")
        assert cli.ok("validate", "m.yaml").err == "2 resources valid\n"

    def test_of_another_directory(self, cli, make):
        cli.write("s.yaml", self.SOURCE)
        cli.write("crds/deep/ds.json", json.dumps(make.definition()))
        cli.write("crds/agent.yaml", AGENT.replace("instructions", "not looked at"))
        assert cli("validate", "s.yaml").code == 4
        assert cli.ok("validate", "s.yaml", "--schema-dir", "crds").err == "1 resource valid\n"
        cli.write("s.yaml", self.SOURCE.replace("url: x", "url: 5"))
        assert "s.yaml:4:13" in cli("validate", "s.yaml", "--schema-dir", "crds", "-o", "concise").out

    def test_what_is_wrong_there_is_told(self, cli, make):
        cli.write("s.yaml", AGENT)
        broken = make.definition()
        del broken["spec"]["names"]
        cli.write("crds/ds.json", json.dumps(broken))
        result = cli("validate", "s.yaml", "--schema-dir", "crds")
        assert result.code == 4
        assert "crds/ds.json" in result.out


def test_the_namespace_flag_is_held_against_the_manifests(cli):
    cli.write("a.yaml", AGENT.replace("name: x", "name: x\n  namespace: baking"))
    assert cli("validate", "a.yaml", "-n", "cooking").code == 4
    cli.ok("validate", "a.yaml", MASTRACTL_NAMESPACE="cooking")


def test_nothing_to_validate_is_a_usage_error(cli):
    result = cli("validate")
    assert result.code == 2
    assert "you must say which manifests" in result.err
    assert cli("validate", "nope.yaml").code == 4


class TestReports:
    TYPO = AGENT.replace("instructions", "instuctions")

    def test_junit_counts_what_is_in_order(self, cli):
        cli.write("m/a.yaml", f"{AGENT}---\n{self.TYPO.replace('name: x', 'name: z')}---\na: 1\na: 2\n")
        cli.write("m/b.json", json.dumps({"kind": "List", "apiVersion": "v1", "items": [{"kind": 5}, {}]}))
        result = cli("validate", "m", "-o", "junit")
        assert result.code == 4
        assert result.lines[1] == (
            '<testsuites name="mastractl validate" tests="5" failures="4" errors="0" time="0">'
        )
        names = [line.split(' name="')[1].split('"')[0] for line in result.lines if "<testcase" in line]
        assert names == ["Agent x", "Agent z", "document 3", "5", "document 1"]

    def test_forges_are_told_paths_from_the_root_of_the_repository(self, cli):
        cli.write("a.yaml", self.TYPO)
        root = str(cli.directory.parent)
        for form, variable in (("gitlab", "CI_PROJECT_DIR"), ("github", "GITHUB_WORKSPACE")):
            result = cli("validate", "a.yaml", "-o", form, **{variable: root})
            assert f"{cli.directory.name}/a.yaml" in result.out
        (issue,) = cli("validate", "a.yaml", "-o", "gitlab").json
        assert issue["location"]["path"] == "a.yaml"

    def test_a_job_of_github_is_told_by_annotations_too(self, cli):
        cli.write("a.yaml", self.TYPO)
        plain = cli("validate", "a.yaml")
        told = cli("validate", "a.yaml", GITHUB_ACTIONS="true")
        assert told.out == plain.out
        annotation, rest = told.err.split("\n", 1)
        assert annotation.startswith("::error title=MA101 unknown-field,file=a.yaml,line=6,")
        assert rest == plain.err
        assert "::" not in cli("validate", "a.yaml", "-o", "sarif", GITHUB_ACTIONS="true").err
        assert cli.ok("validate", "-", stdin=AGENT, GITHUB_ACTIONS="true").err == "1 resource valid\n"

    def test_a_report_need_not_fail_the_job(self, cli):
        cli.write("a.yaml", self.TYPO)
        assert len(cli.ok("validate", "a.yaml", "-o", "sarif", "--exit-zero").json["runs"][0]["results"]) == 1
        assert cli("validate", "--exit-zero").code == 2

    def test_warnings_may_be_errors(self, cli):
        cli.write("a.yaml", AGENT + "status: {phase: Running}\n")
        result = cli("validate", "a.yaml", "--warnings-as-errors")
        assert result.code == 4
        assert result.out.startswith("error[status-ignored]")
        cli.ok("validate", "a.yaml", "--warnings-as-errors", "--no-warnings")
