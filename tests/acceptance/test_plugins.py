"""Plugins are real programs: found on PATH, run in our place, never instead of what is built in."""

from __future__ import annotations

import os
import signal
import subprocess

import pexpect
import pytest

ECHO = '#!/bin/sh\necho "$0" | sed "s,.*/,,"; for a in "$@"; do echo "[$a]"; done\n'


class World:
    def __init__(self, directory):
        self.directory = directory
        self.environ = {
            **os.environ,
            "MASTRACTL_STORE": str(directory / "store"),
            "PATH": f"{directory / 'first'}:{directory / 'second'}:{os.environ['PATH']}",
        }

    def plugin(self, name, text=ECHO, *, folder="first", mode=0o755):
        path = self.directory / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def __call__(self, *arguments):
        done = subprocess.run(
            ["mastractl", *arguments],
            cwd=self.directory,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr
        return done


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_program_on_path_is_a_command_and_gets_the_arguments(world):
    world.plugin("mastractl-foo")
    assert world("foo", "a b", "--flag", "-x", "").stdout == "mastractl-foo\n[a b]\n[--flag]\n[-x]\n[]\n"


def test_the_longest_name_wins_and_dashes_are_underscores(world):
    for name in ("mastractl-foo", "mastractl-foo-bar", "mastractl-foo-bar_baz"):
        world.plugin(name)
    assert world("foo", "bar", "x").stdout == "mastractl-foo-bar\n[x]\n"
    assert world("foo", "bar-baz", "x").stdout == "mastractl-foo-bar_baz\n[x]\n"
    assert world("foo", "--bar", "bar").stdout == "mastractl-foo\n[--bar]\n[bar]\n"
    assert world("foo", "qux").stdout == "mastractl-foo\n[qux]\n"


def test_the_exit_code_the_streams_and_signals_are_the_programs_own(world):
    world.plugin("mastractl-fail", "#!/bin/sh\necho out; echo err >&2; exit 42\n")
    done = world("fail")
    assert (done.returncode, done.stdout, done.stderr) == (42, "out\n", "err\n")
    world.plugin("mastractl-die", "#!/bin/sh\nkill -TERM $$\n")
    assert world("die").returncode == -signal.SIGTERM
    world.plugin("mastractl-read", '#!/bin/sh\nread line; echo "got $line"\n')
    done = subprocess.run(
        ["mastractl", "read"], env=world.environ, input="hello\n", capture_output=True, text=True, check=True
    )
    assert done.stdout == "got hello\n"
    world.plugin("mastractl-pipe", "#!/bin/sh\ngrep SigIgn /proc/self/status\n")
    ignored = int(world("pipe").stdout.split()[1], 16)
    assert not ignored & 1 << signal.SIGPIPE - 1


def test_a_program_has_the_terminal(world):
    world.plugin(
        "mastractl-ask", "#!/bin/sh\n[ -t 0 ] && [ -t 1 ] && printf 'name? ' && read n && echo hi $n\n"
    )
    child = pexpect.spawn("mastractl", ["ask"], env=world.environ, encoding="utf-8", timeout=30)
    child.expect_exact("name? ")
    child.sendline("chef")
    child.expect_exact("hi chef")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_what_is_built_in_is_never_replaced(world):
    world.plugin("mastractl-get")
    world.plugin("mastractl-version-x")
    assert world("get", "agents").stdout == ""
    assert world("version", "x").returncode == 2
    done = world("plugin", "list")
    assert done.returncode == 1
    assert "mastractl-get is never run: mastractl get is built in" in done.stderr
    assert done.stderr.endswith("error: 2 plugin warnings were found\n")


def test_global_flags_do_not_stand_before_a_plugin(world):
    world.plugin("mastractl-foo")
    done = world("-n", "x", "foo", "a")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: flags cannot be placed before plugin name: -n",
        "hint: write them behind it: mastractl foo -n ...",
    ]


def test_the_list_tells_which_can_never_be_run(world):
    first = world.plugin("mastractl-foo")
    second = world.plugin("mastractl-foo", folder="second")
    plain = world.plugin("mastractl-plain", mode=0o644)
    done = world("plugin", "list")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [str(first), str(plain), str(second)]
    assert done.stderr.splitlines() == [
        f"Warning: {plain} is called like a plugin, but it is not executable",
        f"Warning: {second} is overshadowed by {first}, which comes first on PATH",
        "error: 2 plugin warnings were found",
    ]
    assert world("plain").returncode == 2
    plain.unlink()
    second.unlink()
    done = world("plugin", "list", "--name-only")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mastractl-foo\n", "")


def test_none_is_no_failure(world):
    done = world("plugin", "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("there are no plugins")


def test_a_script_without_its_first_line_is_told_so(world):
    world.plugin("mastractl-foo", "echo hi\n")
    done = world("foo")
    assert done.returncode == 1
    assert "mastractl-foo cannot be run: Exec format error" in done.stderr
    assert "hint: a script begins with a line such as #!/bin/sh" in done.stderr


def test_plugins_are_completed_and_complete(world):
    world.plugin("mastractl-foo-bar")
    assert "foo\t" in world("__complete", "fo").stdout
    world.plugin("mastractl_complete-foo", '#!/bin/sh\necho "alpha\thelp"; echo "got:$*"; echo :4\n')
    assert world("__complete", "foo", "x", "al").stdout == "alpha\thelp\ngot:x al\n"
    assert world("__complete", "nope", "x").stdout == ""


def test_a_misspelt_plugin_is_suggested(world):
    world.plugin("mastractl-frobnicate")
    assert "did you mean 'frobnicate'?" in world("frobnicat").stderr


def test_help_of_a_plugin_is_the_plugins_own(world):
    world.plugin("mastractl-foo")
    assert world("help", "foo").stdout == "mastractl-foo\n[--help]\n"


PACKAGE = '''
from typing import Annotated
from mastractl.cli import options
Name = Annotated[str, options.argument(metavar="NAME", help="Whom.")]

@options.verb(examples="# Greet\\nmastractl greet chef")
def greet(inv, *, name: Name) -> int:
    """Greet somebody."""
    inv.line(f"hello {name} in {inv.namespace}")
    return 7
'''


def test_a_package_brings_a_command(world):
    site = world.directory / "site"
    (site / "greeting-1.dist-info").mkdir(parents=True)
    (site / "greeting.py").write_text(PACKAGE)
    (site / "greeting-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1\n")
    points = "[mastractl.commands]\ngreet = greeting:greet\nbroken = nothing_there:x\nget = greeting:greet\n"
    (site / "greeting-1.dist-info/entry_points.txt").write_text(points)
    world.environ["PYTHONPATH"] = f"{site}:{world.environ.get('PYTHONPATH', '')}"
    done = world("greet", "chef", "-n", "cooking")
    assert (done.returncode, done.stdout, done.stderr) == (7, "hello chef in cooking\n", "")
    assert world("-n", "x", "greet", "you").stdout == "hello you in x\n"
    assert "Greet somebody." in world("greet", "--help").stdout
    assert world("greet").returncode == 2
    broken = world("broken")
    assert broken.returncode == 1
    assert "comes from greeting, which cannot be loaded" in broken.stderr
    assert "get of greeting is never run" in world("plugin", "list").stderr
