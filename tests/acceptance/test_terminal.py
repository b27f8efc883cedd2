"""On a terminal: colours, prompts, interrupts."""

from __future__ import annotations

import os

import pexpect
import pytest

AGENT = "apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: x}\nspec: {instructions: Help.}\n"


@pytest.fixture
def terminal(tmp_path):
    environ = {**os.environ, "MASTRACTL_STORE": str(tmp_path / "store"), "TERM": "xterm"}
    (tmp_path / "agent.yaml").write_text(AGENT)

    def spawn(line, **more):
        child = pexpect.spawn(
            "bash", ["-c", line], cwd=str(tmp_path), env=environ | more, encoding="utf-8", timeout=30
        )
        child.setwinsize(30, 200)
        return child

    child = spawn("mastractl apply -f agent.yaml")
    child.expect("agent.mastra.ai/x created")
    child.expect(pexpect.EOF)
    return spawn


def finish(child):
    text = child.read()
    child.close()
    return text, child.exitstatus


def test_errors_are_coloured_on_a_terminal_and_not_in_a_pipe(terminal):
    text, code = finish(terminal("mastractl get agent nope"))
    assert code == 3
    assert "\x1b[1;31mError from server (NotFound):\x1b[0m" in text
    assert "\x1b[" not in finish(terminal("mastractl get agent nope 2>&1 | cat"))[0]
    assert "\x1b[" not in finish(terminal("mastractl get agent nope", NO_COLOR="1"))[0]
    assert "\x1b[" in finish(terminal("mastractl get agent nope --color=always 2>&1 | cat"))[0]


def test_events_are_coloured_on_a_terminal(terminal):
    child = terminal("mastractl watch agents")
    child.expect("\x1b\\[32mADDED\x1b\\[0m")
    child.sendintr()
    text, code = finish(child)
    assert code == 130
    assert "Traceback" not in text


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, ""), ("n", 1, "agent.mastra.ai/x")])
def test_a_deletion_is_asked_about(terminal, answer, code, left):
    child = terminal("mastractl delete agents --all -i")
    child.expect("You are about to delete the following 1 resource")
    child.expect_exact("(y/n): ")
    child.sendline(answer)
    assert finish(child)[1] == code
    assert finish(terminal("mastractl get agents -o name"))[0].strip() == left


def test_ctrl_c_at_a_prompt_deletes_nothing(terminal):
    child = terminal("mastractl delete agents --all -i")
    child.expect_exact("(y/n): ")
    child.sendintr()
    text, code = finish(child)
    assert code == 130
    assert "Traceback" not in text
    assert "agent.mastra.ai/x" in finish(terminal("mastractl get agents -o name"))[0]


def test_a_prompt_without_a_terminal_is_an_error(terminal):
    text, code = finish(terminal("echo y | mastractl delete agents --all -i"))
    assert code == 2
    assert "standard input is not a terminal" in text


def test_words_come_after_the_data_they_follow(terminal):
    text, code = finish(terminal("mastractl get agents x nope"))
    assert code == 3
    assert text.index("NAME") < text.index("Error from server")
    text, _ = finish(terminal("mastractl get agents x nope 2>&1 | cat"))
    assert text.index("NAME") < text.index("Error from server")


def test_a_long_check_shows_how_far_it_is_on_a_terminal_only(terminal, tmp_path):
    (tmp_path / "many.yaml").write_text(
        "".join(f"---\n{AGENT}".replace("x}", f"x{n}}}") for n in range(5000))
    )
    slow = "(head -n 10000 many.yaml; sleep 1; tail -n +10001 many.yaml) | mastractl validate -"
    child = terminal(slow)
    child.expect(r"checking manifests: [0-9]+")
    text, code = finish(child)
    assert code == 0
    assert "5000 resources valid" in text
    text, _ = finish(terminal(f"{slow} 2>&1 | cat"))
    assert text == "5000 resources valid\r\n"


def test_a_long_write_is_told_of_on_a_terminal_only_and_leaves_nothing_behind(terminal, tmp_path):
    (tmp_path / "many.yaml").write_text("".join(f"---\n{AGENT}".replace("x}", f"x{n}}}") for n in range(600)))
    text, code = finish(terminal("mastractl apply -f many.yaml"))
    assert code == 0
    told, _, after = text.rpartition("writing resources: 600")
    assert told
    assert "\x1b[2K" in after  # the line is wiped
    assert after.index("\x1b[2K") < after.index("agent.mastra.ai/x0 created")
    text, _ = finish(terminal("mastractl apply -f many.yaml 2>&1 | cat"))
    assert "writing" not in text
    assert "\x1b" not in text
    text, _ = finish(terminal("mastractl apply -q -f many.yaml"))
    assert "writing" not in text
