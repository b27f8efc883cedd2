"""What forges read: each format is held against its own schema, for every sort of finding and any text."""

from __future__ import annotations

import itertools
import json
import re
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import junitparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mastractl.manifests import formats
from mastractl.manifests.codes import CODES
from mastractl.manifests.diagnostics import Diagnostic, Related, Run, Seen, excerpt, in_order, summary
from tests.published import validator

GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "type": {"const": "issue"},
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": "^\\./"}},
                    "lines": {"type": "object", "required": ["begin"]},
                    "positions": {
                        "type": "object",
                        "required": ["begin", "end"],
                        "additionalProperties": {
                            "required": ["line", "column"],
                            "additionalProperties": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    },
}
"""The fields of GitLab's documentation of the code quality report, and what they may hold."""


def finding(**options):
    fields = {
        "code": "MA101",
        "message": 'unknown field "nmae"',
        "path": ("spec", "model", "nmae"),
        "source": "m.yaml",
        "document": 1,
        "line": 9,
        "column": 5,
        "end_column": 9,
        "hint": 'did you mean "name"?',
        "excerpt": excerpt("    nmae: gpt-5", 5),
    }
    return Diagnostic(**(fields | options))


def write(name, *found, seen=(), directory="/repo", root=""):
    return "".join(formats.write(name, found, Run(summary(found), seen, directory, root, "1.2.3")))


def sarif(*found, **options):
    log = json.loads(write("sarif", *found, **options))
    validator("sarif-2.1.0").validate(log)
    (run,) = log["runs"]
    return run


def gitlab(*found, **options):
    report = json.loads(write("gitlab", *found, **options))
    jsonschema.validate(report, GITLAB)
    return report


def junit(*found, **options):
    """The suites as (name, [(case, failed, output)]), as a JUnit library reads them."""
    text = write("junit", *found, **options)
    root = ET.fromstring(text)  # noqa: S314 - our own text
    assert root.tag == "testsuites"
    for suite in root:
        assert (suite.tag, set(suite.attrib)) == (
            "testsuite",
            {"name", "tests", "failures", "errors", "skipped", "time"},
        )
        assert int(suite.get("tests")) == len(suite)
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        for case in suite:
            assert (case.tag, set(case.attrib)) == ("testcase", {"classname", "name", "time"})
            assert [part.tag for part in case] in ([], ["failure"], ["system-out"], ["failure", "system-out"])
        assert len({case.get("name") for case in suite}) == len(suite)
    assert int(root.get("tests")) == sum(len(suite) for suite in root)
    assert int(root.get("failures")) == len(root.findall("testsuite/testcase/failure"))
    return [
        (suite.name, [(case.name, bool(case.result), case.system_out) for case in suite])
        for suite in junitparser.JUnitXml.fromstring(text.encode())
    ]


class TestSarif:
    def test_a_finding(self):
        other = Related(message="first set here", source="n/b c.yaml", line=3, column=1)
        run = sarif(finding(related=(other,)), finding(code="MA122", severity="warning"))
        assert run["tool"]["driver"]["name"] == "mastractl"
        assert run["tool"]["driver"]["version"] == "1.2.3"
        assert run["columnKind"] == "unicodeCodePoints"
        rules = run["tool"]["driver"]["rules"]
        assert [(rule["id"], rule["name"]) for rule in rules] == [
            ("MA101", "UnknownField"),
            ("MA122", "DanglingReference"),
        ]
        assert rules[0]["fullDescription"]["text"] == CODES["MA101"].text
        assert "mastractl explain-error MA101" in rules[0]["help"]["text"]
        first, second = run["results"]
        assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("MA101", 0, "error")
        assert (second["ruleId"], second["ruleIndex"], second["level"]) == ("MA122", 1, "warning")
        assert first["message"]["text"] == 'unknown field "nmae" (help: did you mean "name"?)'
        (location,) = first["locations"]
        assert location["physicalLocation"]["artifactLocation"] == {
            "uri": "m.yaml",
            "uriBaseId": "%SRCROOT%",
        }
        assert location["physicalLocation"]["region"] == {
            "startLine": 9,
            "startColumn": 5,
            "endLine": 9,
            "endColumn": 9,
        }
        assert location["physicalLocation"]["contextRegion"]["snippet"]["text"] == "    nmae: gpt-5"
        assert location["logicalLocations"][0]["fullyQualifiedName"] == ".spec.model.nmae"
        (related,) = first["relatedLocations"]
        assert related["physicalLocation"]["artifactLocation"]["uri"] == "n/b%20c.yaml"
        assert related["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 1}
        assert related["message"]["text"] == "first set here"

    def test_nothing_found_is_a_log_all_the_same(self):
        assert sarif()["results"] == []

    def test_a_finding_without_a_place(self):
        (result,) = sarif(finding(source="", line=0, path=(), excerpt=None))["results"]
        assert result["locations"] == []
        (result,) = sarif(finding(source="x.yaml", line=0, path=(), excerpt=None))["results"]
        assert result["locations"][0]["physicalLocation"] == {
            "artifactLocation": {"uri": "x.yaml", "uriBaseId": "%SRCROOT%"}
        }

    @pytest.mark.parametrize(
        ("source", "uri"),
        [
            ("a b/食谱.yaml", "a%20b/%E9%A3%9F%E8%B0%B1.yaml"),
            ("./x/../m.yaml", "m.yaml"),
            ("a:b%#?.yaml", "a%3Ab%25%23%3F.yaml"),
            ("/repo/deep/m.yaml", "deep/m.yaml"),
            ("\udcff.yaml", "%FF.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
        ],
    )
    def test_paths_are_relative_and_encoded(self, source, uri):
        (result,) = sarif(finding(source=source))["results"]
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert location == {"uri": uri, "uriBaseId": "%SRCROOT%"}

    def test_a_file_outside_of_the_repository_is_absolute(self):
        (result,) = sarif(finding(source="../other/m.yaml"))["results"]
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert location == {"uri": "file:///other/m.yaml"}

    def test_paths_begin_at_the_root_of_the_repository(self):
        (result,) = sarif(finding(source="m.yaml"), directory="/repo/sub", root="/repo/")["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sub/m.yaml"


class TestFingerprints:
    def prints(self, *found):
        return [each["fingerprint"] for each in gitlab(*found)]

    def test_they_are_the_same_in_both_formats(self):
        results = sarif(finding())["results"]
        assert [r["partialFingerprints"]["mastractl/v1"] for r in results] == self.prints(finding())

    def test_a_finding_that_moves_stays_the_same(self):
        moved = finding(line=120, document=7, path=("spec", "model", "nmae"), message="put better")
        assert self.prints(finding()) == self.prints(moved)
        (third,) = self.prints(finding(path=("spec", "tools", 2, "nmae")))
        assert [third] == self.prints(finding(path=("spec", "tools", 3, "nmae"), line=10))

    def test_another_finding_is_another(self):
        others = [
            finding(),
            finding(code="MA102"),
            finding(source="n.yaml"),
            finding(path=("spec", "nmae")),
            finding(excerpt=excerpt("  nmae: other", 3)),
            finding(),
        ]
        assert len(set(self.prints(*others))) == len(others)

    @given(st.lists(st.sampled_from([finding(), finding(line=10), finding(code="MA102")]), max_size=12))
    def test_no_two_are_alike(self, found):
        prints = self.prints(*found)
        assert len(set(prints)) == len(prints)


class TestGitlab:
    def test_a_finding(self):
        (issue,) = gitlab(finding())
        assert issue["check_name"] == "MA101 unknown-field"
        assert issue["severity"] == "major"
        assert issue["location"] == {
            "path": "m.yaml",
            "lines": {"begin": 9, "end": 9},
            "positions": {"begin": {"line": 9, "column": 5}, "end": {"line": 9, "column": 9}},
        }

    def test_a_finding_without_a_place_stands_on_the_first_line(self):
        (issue,) = gitlab(finding(source="", line=0, column=0, end_column=0, severity="warning"))
        assert (issue["severity"], issue["location"]["lines"]["begin"]) == ("minor", 1)

    def test_nothing_found_is_an_empty_list(self):
        assert gitlab() == []


class TestGithub:
    def test_a_finding(self):
        assert write("github", finding()) == (
            "::error title=MA101 unknown-field,file=m.yaml,line=9,endLine=9,col=5,endColumn=9::"
            'unknown field "nmae" (.spec.model.nmae)%0Ahelp: did you mean "name"?\n'
        )

    def test_what_has_a_meaning_is_escaped(self):
        text = write("github", finding(source="a,b:c%.yaml", message="100% :: a,b\nc", hint="", path=()))
        assert text == (
            "::error title=MA101 unknown-field,file=a%2Cb%3Ac%25.yaml,line=9,endLine=9,col=5,endColumn=9::"
            "100%25 :: a,b\\nc\n"
        )

    def test_standard_input_is_no_file(self):
        text = write("github", finding(source="<stdin>", hint="", severity="warning"))
        assert text == (
            '::warning title=MA101 unknown-field::<stdin>:9:5: unknown field "nmae" (.spec.model.nmae)\n'
        )


def seen(name, *, source="m.yaml", document=1, prefix=(), order=0):
    return Seen(source, order, document, prefix, name)


class TestJunit:
    def test_what_is_in_order_counts(self):
        read = [seen("Agent x"), seen("Agent y", document=2), seen("Tool z", source="n.yaml", order=1)]
        assert junit(seen=read) == [
            ("m.yaml", [("Agent x", False, None), ("Agent y", False, None)]),
            ("n.yaml", [("Tool z", False, None)]),
        ]

    def test_errors_are_one_failure_and_warnings_are_output(self):
        found = [finding(), finding(line=10), finding(severity="warning", line=11)]
        ((_, [(name, failed, output)]),) = junit(*found, seen=[seen("Agent x")])
        assert (name, failed) == ("Agent x", True)
        assert output.startswith("warning[unknown-field]")
        text = write("junit", *found, seen=[seen("Agent x")])
        assert 'message="unknown field &quot;nmae&quot; (and 1 more)" type="MA101 unknown-field"' in text

    def test_what_is_no_manifest_is_a_case_of_its_own(self):
        found = [finding(document=2), finding(document=0, source="x.yaml", line=0, order=5)]
        assert [(n, [c[:2] for c in cases]) for n, cases in junit(*found, seen=[seen("Agent x")])] == [
            ("m.yaml", [("Agent x", False), ("document 2", True)]),
            ("x.yaml", [("the file", True)]),
        ]

    def test_the_items_of_a_list_are_cases(self):
        read = [seen(f"Agent {n}", prefix=("items", n)) for n in range(12)]
        found = [finding(path=("items", 10, "spec", "x")), finding(path=("items",))]
        ((_, cases),) = junit(*found, seen=read)
        assert [case[0] for case in cases if case[1]] == ["document 1", "Agent 10"]
        assert [case[0] for case in cases][1:] == [f"Agent {n}" for n in range(12)]

    def test_cases_of_one_name_are_counted(self):
        ((_, cases),) = junit(seen=[seen("Agent x"), seen("Agent x", document=2)])
        assert [case[0] for case in cases] == ["Agent x", "Agent x (2)"]

    def test_nothing_read_is_no_suite(self):
        assert junit() == []


HOSTILE = st.text(st.characters(), max_size=30)
ANYTHING = st.builds(
    lambda source, message, hint, line, key, code: finding(
        source=source,
        message=message,
        hint=hint,
        excerpt=excerpt(line.replace("\n", " "), 1),
        path=(key, 0),
        code=code,
        related=(Related(message=message, source=source, line=1, column=1),),
    ),
    HOSTILE,
    HOSTILE,
    HOSTILE,
    HOSTILE,
    HOSTILE,
    st.sampled_from([*CODES, "MA999"]),
)


@settings(max_examples=60)
@given(st.lists(ANYTHING, max_size=3), HOSTILE)
def test_any_text_gives_a_well_formed_report(found, name):
    found = [each for each in found if each.message]
    for each, result in zip(found, sarif(*found)["results"], strict=True):
        uri = result["locations"][0].get("physicalLocation", {}).get("artifactLocation", {}).get("uri", "")
        assert re.fullmatch(r"(?:file://)?(?:[A-Za-z0-9_.~/-]|%[0-9A-F]{2})*", uri)
        if each.source.isascii() and "/" not in each.source and each.source not in {"", ".", ".."}:
            assert unquote(uri) == each.source
    gitlab(*found)
    junit(*in_order(found), seen=[seen(name or "Agent x", source="q.yaml")])
    lines = write("github", *found).split("\n")
    assert len(lines) == len(found) + 1
    for line in lines[:-1]:
        assert line.isprintable() or set(line) & set("\u3000\u200c\u200d")
        assert re.fullmatch(r"::(?:error|warning) (?:\w+=[^:,]*)(?:,\w+=[^:,]*)*::.+", line)
    for form in formats.NAMES:
        write(form, *found).encode()


@pytest.mark.parametrize("form", formats.NAMES)
def test_ten_thousand_findings_come_in_pieces(form):
    """What stands in memory at one time is one finding's text, whatever their number."""
    found = [finding(line=n, document=n) for n in range(1, 10_001)]
    read = [seen(f"Agent {n}", document=n) for n in range(1, 10_001)]
    pieces = formats.write(form, found, Run(summary(found), read, "/repo"))
    sizes = [len(piece) for piece in pieces]
    assert len(sizes) >= 10_000
    assert max(itertools.chain(sizes)) < 5_000
