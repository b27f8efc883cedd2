"""Every code there is: a manifest that has the fault, and what `explain-error` says of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mastractl.manifests.code_examples import EXAMPLES
from mastractl.manifests.codes import CODES

AGENT = "apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: x}\nspec: {instructions: Help.}\n"
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sources.acme.io}
spec:
  group: acme.io
  names: {kind: Source, plural: sources}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {size: {type: integer, not: {minimum: 5}}}
            {rules}
"""
SOURCE = "apiVersion: acme.io/v1\nkind: Source\nmetadata: {name: s}\nspec: {size: 9}\n"
RULE = "x-kubernetes-validations: [{rule: self.size > 4}]"
ROOT = Path(__file__).resolve().parents[2]
OTHERS = {
    "MA001": None,
    "MA004": AGENT.replace("Help.", "[" * 300 + "]" * 300),
    "MA108": DEFINITION.replace("{rules}", "") + "---\n" + SOURCE,
    "MA121": """\
apiVersion: mastra.ai/v1alpha1
kind: CustomResourceDefinition
metadata: {name: sources.acme.io}
spec:
  group: acme.io
  names: {kind: Source, plural: sources}
  scope: Namespaced
  validation: {openAPIV3Schema: {type: object}}
""",
    "MA114": """\
apiVersion: mastra.ai/v1
kind: Tool
metadata: {name: t}
spec: {description: d, type: http, endpoint: "https://a.b", headers: {X: "***"}}
""",
    "MA132": DEFINITION.replace("{rules}", RULE) + "---\n" + SOURCE.replace("9", "4"),
    "MA133": DEFINITION.replace("{rules}", RULE) + "---\n" + SOURCE.replace("size: 9", ""),
}
"""A manifest for each code that has no example to show; None is a file that is not there."""

ELSEWHERE = {
    "MA008": "tests/cli/test_fmt.py",
    "MA134": "mastractl/testing/store_tests/defining.py",
    "MA150": "tests/cli/test_patch.py",
    "MA151": "mastractl/testing/store_tests/modifying.py",
    "MA152": "tests/cli/test_edit.py",
    "MA160": "tests/cli/test_ownership.py",
    "MA161": "mastractl/testing/store_tests/owning.py",
}
"""Where a code is tested that `validate` tells of no manifest: of stores, editors, and forms."""


def found(cli, text):
    if text is not None:
        cli.write("m.yaml", text)
    result = cli("validate", "m.yaml", "-o", "json")
    return [each["code"] for each in result.json["diagnostics"]]


def test_every_code_has_a_manifest():
    assert {*EXAMPLES, *OTHERS, *ELSEWHERE} == set(CODES)


@pytest.mark.parametrize("code", ELSEWHERE)
def test_a_code_that_validate_does_not_tell_is_tested(code):
    text = (ROOT / ELSEWHERE[code]).read_text(encoding="utf-8")
    assert code in text or f"[{CODES[code].name}]" in text


@pytest.mark.parametrize("code", OTHERS)
def test_a_code_is_told_of_a_manifest(code, cli):
    assert set(found(cli, OTHERS[code])) == {code}


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_has_its_fault_and_no_other(code, cli):
    example = EXAMPLES[code]
    assert set(found(cli, example.wrong)) == {code}
    assert found(cli, example.right) == []


class TestExplainError:
    @pytest.mark.parametrize("word", ["MA101", "ma101", "unknown-field", "Unknown-Field"])
    def test_by_code_or_name(self, cli, word):
        text = cli.ok("explain-error", word).out
        assert text.startswith("MA101: unknown-field\n\nThe schema has no such field here.")
        assert "\nWrong:\n    apiVersion: mastra.ai/v1\n" in text
        assert "\nRight:\n    apiVersion: mastra.ai/v1\n" in text
        assert max(map(len, text.splitlines())) <= 100

    def test_for_programs(self, cli):
        said = cli.ok("explain-error", "MA101", "-o", "json").json
        code, example = CODES["MA101"], EXAMPLES["MA101"]
        assert said == {
            "code": "MA101",
            "name": code.name,
            "text": code.text,
            "wrong": example.wrong,
            "right": example.right,
        }

    def test_the_list(self, cli):
        lines = cli.ok("explain-error", "--list").lines
        assert lines[0].split() == ["CODE", "NAME"]
        assert [line.split()[0] for line in lines[1:]] == list(CODES)
        said = cli.ok("explain-error", "--list", "-o", "json").json
        assert [(each["code"], "wrong" in each) for each in said["codes"]] == [
            (c, c in EXAMPLES) for c in CODES
        ]

    @pytest.mark.parametrize(
        ("word", "hint"),
        [
            ("unkown-field", "did you mean 'unknown-field'?"),
            ("MA1011", "did you mean 'MA101'?"),
            ("zzz", "`mastractl explain-error --list` lists the codes there are"),
        ],
    )
    def test_an_unknown_one(self, cli, word, hint):
        result = cli("explain-error", word)
        assert (result.code, result.out) == (2, "")
        assert hint in result.err
        assert json.loads(cli("explain-error", word, "-o", "json").err)["hint"] == hint

    def test_one_of_the_two_is_asked(self, cli):
        assert cli("explain-error").code == 2
        assert cli("explain-error", "MA101", "--list").code == 2

    def test_it_starts_lightly(self, cli):
        probe = "import sys; from mastractl.__main__ import main\ntry: main()\nexcept SystemExit: pass\n"
        probe += "print(*sys.modules, file=sys.stderr)"
        done = subprocess.run(
            ["python", "-c", probe, "explain-error", "MA101"], capture_output=True, text=True, check=True
        )
        heavy = {"typer", "yaml", "sqlite3", "jsonschema", "rich", "asyncio", "difflib", "mastractl.store"}
        assert not heavy & set(done.stderr.split())
