"""Real processes: exit codes, streams, signals, closed descriptors, locales."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

AGENT = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: {name}
  labels: {{app: web}}
spec:
  instructions: "你是一个厨师助手"
"""


class Shell:
    """Runs lines of bash in a directory of their own, on a store of their own."""

    def __init__(self, directory):
        self.directory = directory
        self.environ = {**os.environ, "MASTRACTL_STORE": str(directory / "store")}

    def __call__(self, line, **environ):
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.directory,
            env=self.environ | environ,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def start(self, *arguments, **environ):
        return subprocess.Popen(
            ["mastractl", *arguments],
            cwd=self.directory,
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@pytest.fixture
def shell(tmp_path):
    opened = Shell(tmp_path)
    (tmp_path / "agent.yaml").write_text(AGENT.format(name="x"), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(AGENT.format(name="x").replace("instr", "intsr"), encoding="utf-8")
    done = opened("mastractl apply -f agent.yaml")
    assert (done.returncode, done.stdout) == (0, b"agent.mastra.ai/x created\n"), done.stderr
    return opened


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("mastractl", 0),
        ("mastractl --version", 0),
        ("mastractl get agents", 0),
        ("mastractl get nothing-here", 3),
        ("mastractl get agent nope", 3),
        ("mastractl get agents --nope", 2),
        ("mastractl nope", 2),
        ("mastractl apply -f bad.yaml", 4),
        ("mastractl validate bad.yaml", 4),
        ("mastractl get agents --store nonsense://x", 2),
        ("mastractl watch agents --resource-version 99999", 1),
        ("python -m mastractl get agents", 0),
    ],
)
def test_exit_codes_and_no_traceback(shell, line, code):
    done = shell(line)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert bool(done.stderr) == bool(code)
    assert done.stdout or code


def test_a_conflict_is_5_and_a_timeout_6(shell):
    stale = AGENT.format(name="x").replace("name: x", 'name: x\n  resourceVersion: "99"')
    (shell.directory / "stale.yaml").write_text(stale, encoding="utf-8")
    assert shell("mastractl apply -f stale.yaml").returncode == 5
    held = AGENT.format(name="held").replace("name: held", "name: held\n  finalizers: [acme.io/hold]")
    (shell.directory / "held.yaml").write_text(held, encoding="utf-8")
    assert shell("mastractl apply -f held.yaml").returncode == 0
    assert shell("mastractl delete agent held --timeout=10ms").returncode == 6


def test_data_goes_to_standard_output_and_talk_to_standard_error(shell):
    done = shell("mastractl get agents x nope 2>/dev/null")
    assert done.stdout.splitlines()[0].startswith(b"NAME")
    assert done.returncode == 3
    assert shell("mastractl get agents x nope >/dev/null").stderr.startswith(b"Error from server (NotFound)")
    assert shell("mastractl get tools 2>/dev/null").stdout == b""


class TestPipes:
    def many(self, shell):
        text = "---\n".join(AGENT.format(name=f"agent-{n:04}") for n in range(2000))
        (shell.directory / "many.yaml").write_text(text, encoding="utf-8")
        assert shell("mastractl apply -f many.yaml").returncode == 0

    def test_a_reader_that_leaves_early_is_no_news(self, shell):
        self.many(shell)
        done = shell("mastractl get agents -o json | head -1")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"{\n", b"")

    def test_the_exit_code_says_that_the_reader_was_gone(self, shell):
        self.many(shell)
        done = shell("set -o pipefail; mastractl get agents -o json | true")
        assert (done.returncode, done.stderr) == (141, b"")

    @pytest.mark.parametrize(
        "line", ["mastractl --help", "mastractl apply --help", "mastractl get agents -o yaml"]
    )
    def test_nor_is_one_that_reads_nothing(self, shell, line):
        done = shell(f"{line} | true")
        assert done.stderr == b""

    def test_it_reads_from_a_pipe(self, shell):
        done = shell("sed 's/name: x/name: piped/' agent.yaml | mastractl apply -f -")
        assert done.stdout == b"agent.mastra.ai/piped created\n"

    def test_a_watch_writes_each_line_at_once(self, shell):
        with shell.start("watch", "agents", "-o", "name") as watch:
            assert watch.stdout.readline() == b"agent.mastra.ai/x\n"
            assert shell("sed 's/name: x/name: later/' agent.yaml | mastractl apply -f -").returncode == 0
            assert watch.stdout.readline() == b"agent.mastra.ai/later\n"
            watch.send_signal(signal.SIGINT)
            out, err = watch.communicate(timeout=30)
        assert (watch.returncode, out, err) == (130, b"", b"")


class TestClosedStreams:
    def test_standard_output(self, shell):
        done = shell("mastractl get agents >&-")
        assert done.returncode == 1
        assert done.stderr == b"error: standard output: Bad file descriptor\n"

    def test_the_store_does_not_become_standard_output(self, shell):
        done = shell("sed 's/name: x/name: other/' agent.yaml | mastractl apply -f - >&-")
        assert done.returncode == 1
        assert shell("mastractl get agents -o name").stdout.split() == [
            b"agent.mastra.ai/other",
            b"agent.mastra.ai/x",
        ]

    def test_standard_error(self, shell):
        assert shell("mastractl get agent nope 2>&-").returncode == 3
        assert shell("mastractl get agents -o name 2>&-").stdout == b"agent.mastra.ai/x\n"

    def test_standard_input(self, shell):
        done = shell("mastractl apply -f - <&-")
        assert done.returncode == 4
        assert b"no objects passed to apply" in done.stderr

    def test_all_of_them(self, shell):
        assert shell("mastractl get agents <&- >&- 2>&-").returncode == 1

    def test_a_full_disk(self, shell):
        done = shell("mastractl get agents > /dev/full")
        assert done.returncode == 1
        assert done.stderr == b"error: standard output: No space left on device\n"


@pytest.mark.parametrize(
    "locale",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=str,
)
def test_text_is_utf8_whatever_the_locale(shell, locale):
    done = shell("mastractl get agent x -o jsonpath={.spec.instructions}", **locale)
    assert (done.returncode, done.stdout.decode()) == (0, "你是一个厨师助手")
    done = shell("mastractl apply -f 菜谱.yaml", **locale)
    assert done.returncode == 4
    assert done.stderr.decode().startswith("error[io]: there is no such file or directory\n")


def test_a_name_that_is_no_utf8_is_shown_somehow(shell):
    done = shell(r"mastractl apply -f $'\xff.yaml'")
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["watch", "get"])
def test_ctrl_c_is_quiet(shell, verb):
    with shell.start(verb, "agents", *(["-w"] if verb == "get" else [])) as watch:
        assert b"NAME" in watch.stdout.readline()
        assert watch.stdout.readline().startswith(b"x ") == (verb == "get")
        watch.send_signal(signal.SIGINT)
        out, err = watch.communicate(timeout=30)
    assert (watch.returncode, out, err) == (130, b"", b"")


def test_a_directory_that_is_gone_is_no_disaster(shell):
    done = shell("mkdir gone && cd gone && rmdir ../gone && mastractl get agents -o name")
    assert (done.returncode, done.stdout) == (0, b"agent.mastra.ai/x\n")
