"""Edit, with a real editor that asks the test what to type."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from pathlib import Path

import pytest


@pytest.fixture
def one(store, make):
    store.apply(make.resource("x", labels={"app": "web"}))
    return store


class Desk:
    """Where a real editor, a script, asks the test what to make of the file.

    `edit(turn, ..., arguments=...)` runs `mastractl edit`: each turn is a function of the text of the file,
    and what it gives back is saved (None: the file is removed). `seen` are the texts the editor was given.
    """

    def __init__(self, cli, directory):
        self.cli = cli
        self.places = directory / "temporary"
        self.places.mkdir()
        self.seen = []
        self.faults = []
        self.turns = iter(())
        asked, answer = directory / "asked", directory / "answer"
        os.mkfifo(asked)
        os.mkfifo(answer)
        self.script = directory / "editor"
        self.script.write_text(f'#!/bin/sh\necho "$1" > {asked}\nread code < {answer}\nexit $code\n')
        self.script.chmod(0o755)
        # Open in both directions, so that neither waits for an editor that is not there.
        self.requests = os.fdopen(os.open(asked, os.O_RDWR), "r+b", buffering=0)
        self.answers = os.fdopen(os.open(answer, os.O_RDWR), "r+b", buffering=0)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def __call__(self, *turns, arguments=("agent", "x"), **options):
        self.turns, self.seen = iter(turns), []
        result = self.cli("edit", *arguments, EDITOR=str(self.script), **options)
        if self.faults:
            raise self.faults[0]
        return result

    def serve(self):
        while (path := self.requests.readline().decode().rstrip()) != "quit":
            code = 0
            try:
                self.turn(Path(path))
            except Exception as fault:  # noqa: BLE001 - for the test to raise
                self.faults.append(fault)
                code = 1
            self.answers.write(b"%d\n" % code)

    def turn(self, path):
        text = path.read_text(encoding="utf-8")
        self.seen.append(text)
        after = next(self.turns)(text)
        if after is None:
            path.unlink()
        else:
            path.write_text(after, encoding="utf-8")

    def left(self):
        return sorted(self.places.iterdir())

    def close(self):
        self.requests.write(b"quit\n")
        self.thread.join()
        self.requests.close()
        self.answers.close()


@pytest.fixture
def edit(cli, tmp_path, monkeypatch):
    desk = Desk(cli, tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(desk.places))
    yield desk
    desk.close()


def replaced(before, after):
    def turn(text):
        assert before in text, text
        return text.replace(before, after)

    return turn


def as_it_is(text):
    return text


def spec(store, name="x"):
    return store.require("agents", name=name).spec


def test_what_is_saved_is_written(edit, one):
    result = edit(replaced("Help.", "Cook."))
    assert (result.code, result.lines, result.err) == (0, ["agent.mastra.ai/x edited"], "")
    assert spec(one)["instructions"] == "Cook."
    assert one.history("agents", name="x")[-1].manager == "mastractl-edit"
    assert edit.left() == []


def test_what_is_shown_is_what_a_person_may_change(edit, one):
    made = one.require("agents", name="x")
    one.update_status({**made.document, "status": {"phase": "Running"}})
    edit(as_it_is)
    (text,) = edit.seen
    body = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    assert body == (
        "apiVersion: mastra.ai/v1\nkind: Agent\n"
        "metadata:\n  name: x\n  namespace: default\n  labels:\n    app: web\n"
        "spec:\n  instructions: Help.\n  model:\n    provider: openai\n    name: gpt-4\n"
    )
    assert text.startswith("# Edit what is below.")


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (as_it_is, "Edit cancelled, no changes made.\n"),
        (lambda text: text + "# a comment\n", "Edit cancelled, no changes made.\n"),
        (lambda text: text.replace("name: gpt-4", 'name: "gpt-4"'), "Edit cancelled, no changes made.\n"),
        (lambda text: "", "Edit cancelled, saved file was empty.\n"),
        (lambda text: "# nothing\n\n", "Edit cancelled, saved file was empty.\n"),
        (lambda text: None, "Edit cancelled, saved file was empty.\n"),
    ],
    ids=["as it is", "a comment", "other quotes", "empty", "comments only", "gone"],
)
def test_nothing_is_done_where_nothing_is_asked(edit, one, turn, said):
    before = one.engine.revision()
    result = edit(turn)
    assert (result.code, result.out, result.err) == (0, "", said)
    assert (one.engine.revision(), edit.left()) == (before, [])


class TestFaults:
    def test_the_file_is_opened_again_with_the_faults_and_their_lines(self, edit, one):
        result = edit(
            replaced("instructions:", "instuctions:"), replaced("instuctions:", "instructions: Now")
        )
        assert (result.code, result.lines, result.err) == (0, ["agent.mastra.ai/x edited"], "")
        assert spec(one)["instructions"] == "Now Help."
        lines = edit.seen[1].splitlines()
        assert lines[1] == "# 1 problem:"
        number, column = map(int, re.search(r"line (\d+), column (\d+): unknown field", lines[2]).groups())
        assert lines[number - 1][column - 1 :] == "instuctions: Help."
        assert 'did you mean "instructions"' in lines[2]
        assert "# Edit what is below" not in edit.seen[1]

    @pytest.mark.parametrize(
        ("broken", "fault"),
        [
            (replaced("spec:", "spec: ["), "line "),
            (replaced("  name: gpt-4", "  name: gpt-4\n    name: gpt-5"), "twice|duplicate|already"),
            (replaced("name: x", "name: y"), "the field is immutable: it is 'x' and cannot become 'y'"),
            (replaced("kind: Agent", "kind: Nope"), "Nope"),
            (replaced("app: web", "app: web shop"), "metadata|label|letters"),
            (lambda _: "just text\n", "a manifest is an object"),
        ],
        ids=["syntax", "twice", "name", "kind", "label", "text"],
    )
    def test_every_sort_of_fault_is_shown_and_what_was_typed_stays(self, edit, one, broken, fault):
        typed = []

        def first(text):
            typed.append(broken(text))
            return typed[0]

        result = edit(first, as_it_is)
        assert (result.code, result.out) == (4, "")
        head = [line for line in edit.seen[1].splitlines() if line.startswith("#")]
        assert any(re.search(fault, line) for line in head), head
        assert "error: Edit cancelled, no valid changes were saved.\n" in result.err
        (left,) = edit.left()
        assert f'A copy of your changes has been stored to "{left}"' in result.err
        body = [line for line in typed[0].splitlines() if not line.startswith("#")]
        assert left.read_text().splitlines()[-len(body) :] == body
        assert one.require("agents", name="x").generation == 1

    def test_at_the_end_the_faults_are_told_with_the_lines_of_the_copy(self, edit, one):
        result = edit(replaced("instructions:", "instuctions:"), as_it_is)
        (left,) = edit.left()
        number = int(re.search(rf"{re.escape(str(left))}:(\d+):", result.err).group(1))
        assert left.read_text().splitlines()[number - 1] == "  instuctions: Help."

    def test_faults_upon_faults(self, edit, one):
        result = edit(
            replaced("instructions:", "instuctions:"),
            replaced("instuctions:", "insructions:"),
            replaced("name: x", "name: x\n  labels: {"),
            replaced("name: x\n  labels: {", "name: x"),
            replaced("insructions: Help.", "instructions: Cook."),
        )
        assert (result.code, len(edit.seen)) == (0, 5)
        assert spec(one)["instructions"] == "Cook."
        assert all(text.count("# This could not be saved") == 1 for text in edit.seen[1:])

    def test_a_script_that_never_gets_it_right_comes_to_an_end(self, edit, one):
        turns = [lambda text, n=n: text + f"bad{n}: 1\n" for n in range(100)]
        result = edit(*turns)
        assert result.code == 4
        assert len(edit.seen) == 10
        assert "A copy of your changes" in result.err

    def test_comments_of_the_user_stay(self, edit, one):
        result = edit(
            lambda text: "# mine\n" + text.replace("spec:", "spec: # why\n  nope: 1"),
            replaced("  nope: 1\n", "  role: r\n"),
        )
        assert result.code == 0
        assert "# mine\n" in edit.seen[1]
        assert "spec: # why\n" in edit.seen[1]

    def test_what_only_the_store_can_refuse(self, edit, store, make):
        store.apply(make.resource("x", finalizers=["acme.io/hold"]))
        store.delete("agents", name="x")
        result = edit(replaced("- acme.io/hold", "- acme.io/hold\n  - acme.io/more"), as_it_is)
        assert result.code == 4
        assert "no finalizer can be added" in edit.seen[1]

    def test_what_is_forbidden_by_now_can_stay_as_it_is(self, edit, store, make):
        definition = make.definition()
        url = {"type": "string"}
        fields = {"url": url, "more": {"type": "string"}}
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["spec"]["properties"] = fields
        source = make.resource("s", kind="DataSource", url="long") | {"apiVersion": "acme.io/v1"}
        store.apply_all([definition, source])
        url["maxLength"] = 2
        store.apply(definition)
        result = edit(replaced("url: long", "url: long\n  more: x"), arguments=("datasource", "s"))
        assert (result.code, result.lines) == (0, ["datasource.acme.io/s edited"])
        result = edit(replaced("url: long", "url: longer"), as_it_is, arguments=("datasource", "s"))
        assert result.code == 4
        assert "must have at most 2 characters" in edit.seen[1]

    def test_a_rule_about_what_stood_there_is_told_at_the_line(self, edit, store, make):
        definition = make.definition()
        schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        rule = {"rule": "self == oldSelf", "message": "for ever"}
        schema["properties"]["spec"]["properties"]["url"]["x-kubernetes-validations"] = [rule]
        source = make.resource("s", kind="DataSource", url="long") | {"apiVersion": "acme.io/v1"}
        store.apply_all([definition, source])
        result = edit(replaced("url: long", "url: other"), as_it_is, arguments=("datasource", "s"))
        assert result.code == 4
        line = next(n for n, text in enumerate(edit.seen[1].splitlines(), 1) if "url: other" in text)
        assert f"# - line {line}, column 8: for ever" in edit.seen[1]

    def test_warnings_are_told_once_it_is_saved(self, edit, one):
        result = edit(replaced("instructions: Help.", "instructions: NO"))
        assert result.code == 0
        assert "warning" in result.err.lower()
        assert spec(one)["instructions"] == "NO"


class TestMeanwhile:
    def test_other_fields_are_kept(self, edit, one):
        def turn(text):
            one.modify("agents", name="x", change=lambda d: d | {"spec": d["spec"] | {"role": "new"}})
            return text.replace("Help.", "Cook.")

        result = edit(turn)
        assert (result.code, result.err) == (0, "")
        found = spec(one)
        assert (found["instructions"], found["role"]) == ("Cook.", "new")

    def test_the_same_field_is_told_before_it_is_overwritten(self, edit, one):
        def meanwhile(value):
            one.modify(
                "agents",
                name="x",
                change=lambda d: d | {"spec": d["spec"] | {"instructions": value, "role": "theirs"}},
            )

        def first(text):
            meanwhile("Theirs.")
            return text.replace("Help.", "Mine.")

        result = edit(first, lambda text: text + "  goal: g\n")
        assert (result.code, result.lines) == (0, ["agent.mastra.ai/x edited"])
        told = edit.seen[1].splitlines()[2]
        number = int(re.search(r"line (\d+)", told).group(1))
        assert edit.seen[1].splitlines()[number - 1] == "  instructions: Mine."
        assert 'changed in the store meanwhile: there it is "Theirs." now' in told
        assert spec(one) | {"model": None} == {
            "instructions": "Mine.",
            "role": "theirs",
            "goal": "g",
            "model": None,
        }

    def test_to_overwrite_it_the_remark_is_deleted(self, edit, one):
        def first(text):
            one.modify("agents", name="x", change=lambda d: d | {"spec": {"instructions": "Theirs."}})
            return text.replace("Help.", "Mine.")

        result = edit(first, lambda text: re.sub(r"^# - .*\n", "", text, flags=re.MULTILINE))
        assert (result.code, spec(one)) == (0, {"instructions": "Mine."})

    def test_left_as_it_is_nothing_is_overwritten(self, edit, one):
        def first(text):
            one.modify(
                "agents", name="x", change=lambda d: d | {"spec": d["spec"] | {"instructions": "Theirs."}}
            )
            return text.replace("Help.", "Mine.")

        result = edit(first, as_it_is)
        assert (result.code, result.out) == (5, "")
        assert "error[edited-meanwhile]" in result.err
        assert spec(one)["instructions"] == "Theirs."
        assert "Mine." in edit.left()[0].read_text()

    def test_what_was_deleted_is_told_and_what_was_typed_is_kept(self, edit, one):
        def first(text):
            one.delete("agents", name="x")
            return text.replace("Help.", "Mine.")

        result = edit(first, as_it_is)
        assert (result.code, result.out) == (3, "")
        assert 'agents.mastra.ai "x" not found' in edit.seen[1]
        assert "Mine." in edit.left()[0].read_text()


class TestSeveral:
    @pytest.fixture
    def two(self, one, make):
        one.apply_all([make.resource("y"), make.resource("t", kind="Tool")])
        return one

    def test_they_are_one_list(self, edit, two):
        result = edit(
            lambda text: text.replace("instructions: Help.", "instructions: Cook.").replace(
                "Does it.", "Bakes."
            ),
            arguments=("agent/x", "agent/y", "tool/t"),
        )
        assert result.lines == [
            f"{k}.mastra.ai/{n} edited" for k, n in (("agent", "x"), ("agent", "y"), ("tool", "t"))
        ]
        assert edit.seen[0].splitlines()[3:6] == ["apiVersion: v1", "kind: List", "items:"]
        assert spec(two, "y")["instructions"] == "Cook."

    def test_only_what_changed_is_written(self, edit, two):
        before = two.require("agents", name="y")
        result = edit(
            replaced("labels:\n      app: web", "labels:\n      app: shop"), arguments=("agents", "x", "y")
        )
        assert result.lines == ["agent.mastra.ai/x edited"]
        assert two.require("agents", name="y") == before

    def test_one_that_is_wrong_holds_up_all_of_them(self, edit, two):
        def first(text):
            return text.replace("instructions: Help.", "instructions: Cook.", 1).replace(
                "instructions: Help.", "instructions: 7", 1
            )

        result = edit(first, as_it_is, arguments=("agents", "x", "y"))
        assert (result.code, result.out) == (4, "")
        assert spec(two)["instructions"] == "Help."

    def test_one_that_is_taken_out_stays_as_it_is_and_one_that_is_added_is_refused(self, edit, two):
        def without_x(text):
            head, _, rest = text.partition("- apiVersion")
            _, _, second = rest.partition("- apiVersion")
            return f"{head}- apiVersion{second}".replace("Help.", "Cook.")

        assert edit(without_x, arguments=("agents", "x", "y")).lines == ["agent.mastra.ai/y edited"]
        assert spec(two)["instructions"] == "Help."

        def another(text):
            item = text[text.index("- apiVersion") :].split("- apiVersion")[1]
            return text + "- apiVersion" + item.replace("name: x", "name: z")

        result = edit(another, as_it_is, arguments=("agents", "x", "y"))
        assert result.code == 4
        assert "this is none of the resources that are being edited" in edit.seen[1]

    def test_a_selector_and_a_manifest(self, edit, cli, two, make):
        assert edit(replaced("Help.", "Cook."), arguments=("agents", "-l", "app=web")).lines == [
            "agent.mastra.ai/x edited"
        ]
        cli.write("y.yaml", make.manifest("y"))
        assert edit(replaced("Help.", "Cook."), arguments=("-f", "y.yaml")).lines == [
            "agent.mastra.ai/y edited"
        ]


def test_as_json(edit, one):
    def turn(text):
        document = json.loads(text)
        document["spec"]["instructions"] = "Cook."
        return json.dumps(document)

    assert edit(turn, arguments=("agent", "x", "-o", "json")).lines == ["agent.mastra.ai/x edited"]
    assert spec(one)["instructions"] == "Cook."
    result = edit(replaced("}", ""), as_it_is, arguments=("agent", "x", "-o", "json"))
    assert result.code == 4
    assert edit.left()[0].suffix == ".json"
    assert re.search(r"line \d+, column \d+", edit.seen[1])


def test_the_status(edit, one):
    made = one.require("agents", name="x")
    one.update_status({**made.document, "status": {"phase": "Running"}})
    arguments = ("agent", "x", "--subresource=status")
    assert edit(replaced("phase: Running", "phase: Failed"), arguments=arguments).code == 0
    assert "instructions" not in edit.seen[0]
    found = one.require("agents", name="x")
    assert (found.status, found.generation, found.labels) == ({"phase": "Failed"}, 1, {"app": "web"})


def test_dry_run_and_manager(edit, one):
    result = edit(replaced("Help.", "Cook."), arguments=("agent", "x", "--dry-run=client"))
    assert result.lines == ["agent.mastra.ai/x edited (dry run)"]
    assert spec(one)["instructions"] == "Help."
    edit(replaced("Help.", "Cook."), arguments=("agent", "x", "--field-manager=me"))
    assert one.history("agents", name="x")[-1].manager == "me"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "you must provide one or more resources"),
        (["agents"], 2, "no name was specified"),
        (["agent", "nope"], 3, 'agents.mastra.ai "nope" not found'),
        (["agent", "x", "-o", "wide"], 2, "is not one of"),
    ],
)
def test_what_makes_no_sense_opens_no_editor(cli, one, arguments, code, said):
    result = cli("edit", *arguments, EDITOR="this-editor-is-not-there")
    assert (result.code, result.out) == (code, "")
    assert said in result.err


class TestWhichEditor:
    """Real editors: a program and its arguments."""

    def script(self, tmp_path, name, text="Cook."):
        path = tmp_path / name
        path.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\np = Path(sys.argv[-1])\n"
            f"p.write_text(p.read_text().replace('Help.', '{text}' + ' '.join(sys.argv[1:-1])))\n"
        )
        path.chmod(0o755)
        return path

    @pytest.mark.parametrize(
        ("first", "second"),
        [("MASTRACTL_EDITOR", "KUBE_EDITOR"), ("KUBE_EDITOR", "VISUAL"), ("VISUAL", "EDITOR")],
    )
    def test_the_first_that_says_something_counts(self, cli, one, tmp_path, first, second):
        chosen = {first: str(self.script(tmp_path, "a", "A.")), second: str(self.script(tmp_path, "b", "B."))}
        cli.ok("edit", "agent", "x", **chosen)
        assert spec(one)["instructions"] == "A."

    def test_it_may_have_arguments(self, cli, one, tmp_path):
        path = self.script(tmp_path, "an editor", "A.")
        cli.ok("edit", "agent", "x", EDITOR=f"'{path}' --wait 'b c'")
        assert spec(one)["instructions"] == "A.--wait b c"

    def test_one_that_is_not_there(self, cli, one):
        result = cli("edit", "agent", "x", EDITOR="this-editor-is-not-there --wait")
        assert (result.code, result.out) == (1, "")
        assert '"this-editor-is-not-there --wait" (EDITOR) cannot be run: not found' in result.err
        assert "MASTRACTL_EDITOR" in result.err

    def test_one_that_is_no_command(self, cli, one):
        result = cli("edit", "agent", "x", EDITOR="vi 'oops")
        assert (result.code, 'EDITOR is "vi \'oops", which is no command' in result.err) == (2, True)

    def test_none_at_all(self, cli, one, tmp_path):
        result = cli("edit", "agent", "x", PATH=str(tmp_path / "empty"))
        assert (result.code, result.out) == (2, "")
        assert "there is no editor: neither vi nor nano is installed" in result.err
