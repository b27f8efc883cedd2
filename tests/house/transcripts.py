"""Runs what the documentation shows, so that it cannot lie.

A ```sh block is run line by line in one shell that stops at the first failure; a `mastractl watch`
line runs until it has shown something and is then interrupted, as a reader would.
A ```console block is a transcript: `$ ` starts a command, what follows is its output, in which `...`
stands for anything.
"""

from __future__ import annotations

import re
import signal
import subprocess

_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path, language):
    return [body for tongue, body in _BLOCK.findall(path.read_text(encoding="utf-8")) if tongue == language]


def run_script(body, *, cwd, env):
    """Run a sh block; the text it printed on stdout."""
    shown = []
    for line in _joined(body):
        if line.startswith("mastractl watch"):
            shown.append(_watch(line, cwd=cwd, env=env))
        elif line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            env = env | {name: value}
        else:
            done = subprocess.run(
                ["sh", "-c", line], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            shown.append(done.stdout)
    return "".join(shown)


def check_transcript(body, *, cwd, env):
    """Run a console block and hold every command's output against what is shown."""
    for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        pattern = ".*".join(re.escape(part) for part in expected.rstrip().split("..."))
        assert re.fullmatch(pattern, done.stdout.rstrip(), re.DOTALL), (
            f"$ {command}\nshown:\n{expected}\nprinted:\n{done.stdout}"
        )


def _joined(body):
    lines = body.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _watch(line, *, cwd, env):
    with subprocess.Popen(
        ["sh", "-c", f"exec {line}"], cwd=cwd, env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
    assert first
    assert process.returncode == 130
    return first + rest
