"""Editing and going back with real processes: editors that save badly, fail, are killed or interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pexpect
import pytest

AGENT = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata: {name: x}
spec:
  instructions: One.
  model: {provider: openai, name: gpt-4}
"""


class Shell:
    """Runs lines of bash in a directory and on a store of their own, with editors that are scripts."""

    def __init__(self, directory):
        self.directory = directory
        self.places = directory / "temporary"
        self.places.mkdir()
        self.environ = {
            **os.environ,
            "MASTRACTL_STORE": str(directory / "store"),
            "TMPDIR": str(self.places),
            "TERM": "xterm",
        }

    def __call__(self, line):
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.directory,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def editor(self, *turns):
        """An editor that does a line of shell with the file, $f, at each of its turns, and then nothing."""
        cases = "".join(f"{number}) {turn};;\n" for number, turn in enumerate(turns, 1))
        path = self.directory / "editor"
        count = self.directory / "n"
        path.write_text(
            f"#!/bin/bash\nf=$1\nn=$(($(cat {count} 2>/dev/null || echo 0)+1))\necho $n > {count}\n"
            f"cp $f {self.directory}/seen.$n\necho noise\ncase $n in\n{cases}esac\n"
        )
        path.chmod(0o755)
        (self.directory / "n").unlink(missing_ok=True)
        return str(path)

    def seen(self, turn):
        return (self.directory / f"seen.{turn}").read_text()

    def left(self):
        return sorted(self.places.glob("mastractl-edit-*"))

    def spec(self):
        done = self("mastractl get agent x -o jsonpath={.spec.instructions}")
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path):
    opened = Shell(tmp_path)
    (tmp_path / "agent.yaml").write_text(AGENT)
    assert opened("mastractl apply -f agent.yaml").returncode == 0
    return opened


def test_a_bad_save_is_mended_at_the_second_turn(shell):
    editor = shell.editor(
        "sed -i 's/instructions: One/instuctions: Two/' $f", "sed -i 's/instuct/instruct/' $f"
    )
    done = shell(f"EDITOR={editor} mastractl edit agent x")
    assert (done.returncode, done.stdout) == (0, "agent.mastra.ai/x edited\n"), done.stderr
    lines = shell.seen(2).splitlines()
    number = int(re.search(r"line (\d+)", lines[2]).group(1))
    assert lines[number - 1] == "  instuctions: Two."
    assert (shell.spec(), shell.left()) == ("Two.", [])


def test_a_bad_save_that_is_not_mended_is_kept(shell):
    editor = shell.editor("sed -i 's/spec:/spec: [/' $f")
    done = shell(f"EDITOR={editor} mastractl edit agent x")
    assert (done.returncode, done.stdout) == (4, "")
    (left,) = shell.left()
    assert "error: Edit cancelled, no valid changes were saved.\n" in done.stderr
    assert f'A copy of your changes has been stored to "{left}"\n' in done.stderr
    assert "spec: [" in left.read_text()
    assert re.search(rf"{re.escape(str(left))}:\d+:\d+", done.stderr)
    assert shell.spec() == "One."


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ("sed -i 's/One/Two/' $f; exit 3", "failed: exit code 3"),
        ("sed -i 's/One/Two/' $f; kill -9 $$", "was ended by signal 9"),
        ("sed -i 's/One/Two/' $f; kill -TERM $$", "was ended by signal 15"),
    ],
)
def test_an_editor_that_comes_to_a_bad_end_changes_nothing_and_loses_nothing(shell, turn, said):
    done = shell(f"EDITOR={shell.editor(turn)} mastractl edit agent x")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    (left,) = shell.left()
    assert f'A copy of your changes has been stored to "{left}"' in done.stderr
    assert "Two." in left.read_text()
    assert shell.spec() == "One."


def test_an_editor_that_fails_before_anything_was_typed_leaves_nothing(shell):
    done = shell("EDITOR=false mastractl edit agent x")
    assert (done.returncode, "A copy" in done.stderr, shell.left()) == (1, False, [])
    done = shell("EDITOR=not-there mastractl edit agent x")
    assert (done.returncode, "cannot be run: not found" in done.stderr, shell.left()) == (1, True, [])


def test_what_the_editor_prints_is_not_among_the_data(shell):
    done = shell(f"EDITOR={shell.editor('sed -i s/One/Two/ $f')} mastractl edit agent x")
    assert done.stdout == "agent.mastra.ai/x edited\n"
    assert "noise" in done.stderr


def test_a_kill_in_the_middle_leaves_what_was_typed(shell):
    editor = shell.editor("sed -i s/One/Two/ $f; kill -9 $PPID; sleep 0.1")
    process = subprocess.run(
        ["mastractl", "edit", "agent", "x"],
        cwd=shell.directory,
        env=shell.environ | {"EDITOR": editor},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert process.returncode == -signal.SIGKILL
    assert "Two." in shell.left()[0].read_text()
    assert shell.spec() == "One."


def test_somebody_else_meanwhile(shell):
    other = "mastractl patch agent x -p 'spec: {role: chef, instructions: Theirs.}' >/dev/null"
    done = shell(f"EDITOR={shell.editor(f'{other}; sed -i s/One/Mine/ $f')} mastractl edit agent x")
    assert done.returncode == 5
    assert 'there it is "Theirs." now' in shell.seen(2)
    assert shell.spec() == "Theirs."
    assert "Mine." in Path(re.search(r'stored to "(.+)"', done.stderr).group(1)).read_text()


def on_a_terminal(shell, editor):
    child = pexpect.spawn(
        "mastractl",
        ["edit", "agent", "x"],
        cwd=str(shell.directory),
        env=shell.environ | {"EDITOR": editor},
        encoding="utf-8",
        timeout=30,
    )
    child.setwinsize(30, 200)
    return child


def test_the_editor_has_the_terminal(shell):
    editor = shell.editor('read -p "change to: " word; sed -i "s/One/$word/" $f')
    child = on_a_terminal(shell, editor)
    child.expect_exact("change to: ")
    child.sendline("Typed")
    child.expect_exact("agent.mastra.ai/x edited")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, shell.spec()) == (0, "Typed.")


def test_a_ctrl_c_is_the_editors(shell):
    editor = shell.editor(
        """trap 'sed -i "s/One/Caught/" $f; exit 0' INT; echo ready; while :; do sleep 0.05; done"""
    )
    child = on_a_terminal(shell, editor)
    child.expect_exact("ready")
    child.sendintr()
    child.expect_exact("agent.mastra.ai/x edited")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, shell.spec()) == (0, "Caught.")


def test_going_back(shell):
    for number in ("Two", "Three"):
        assert shell(f"mastractl patch agent x -p 'spec: {{instructions: {number}.}}'").returncode == 0
    history = shell("mastractl rollout history agent x").stdout.splitlines()
    assert [line.split()[0] for line in history[2:]] == ["1", "2", "3"]
    differs = shell("mastractl rollout diff agent x")
    assert (differs.returncode, "-  instructions: Two." in differs.stdout) == (1, True)
    undone = shell("mastractl rollout undo agent x")
    assert (undone.returncode, undone.stdout) == (0, "agent.mastra.ai/x rolled back\n")
    assert shell.spec() == "Two."
    assert shell("mastractl rollout undo agent x --to-revision=1").returncode == 0
    assert shell.spec() == "One."
    assert shell("mastractl delete agent x && mastractl rollout undo agent x").returncode == 0
    assert shell.spec() == "One."
    events = shell("mastractl events --for agent/x --no-headers").stdout.splitlines()
    assert [line.split()[2] for line in events] == [
        *("Created", "Changed", "Changed", "Changed", "Changed", "Deleted", "Created")
    ]
