"""The secrets of a store's URL are shown nowhere, whatever is asked and whatever goes wrong."""

from __future__ import annotations

import json

import pytest

from mastractl import errors
from mastractl.cli.main import COMMANDS
from mastractl.engines.opening import register, unregister

LINES = [
    "apply -f a.yaml",
    "create -f a.yaml",
    "create agent x --instructions Help.",
    "get agents",
    "get agents --raw /x",
    "get agents -o json",
    "delete agent x",
    "watch agents --once",
    "validate a.yaml",
    "init demo",
    "fmt a.yaml",
    "edit agent x",
    "patch agent x -p {}",
    "replace -f a.yaml",
    "label agent x a=b",
    "annotate agent x a=b",
    "scale agent x --replicas=1",
    "rollout history agent x",
    "describe agent x",
    "tree",
    "graph",
    "events",
    "diff -f a.yaml",
    "plan -f a.yaml",
    "wait agent x --for create",
    "explain agent",
    "explain-error MA101",
    "api-resources",
    "api-versions",
    "schema export",
    "doctor",
    "doctor -o json",
    "config view",
    "config view --show-origin -o json",
    "config get-contexts",
    "config use-context k",
    "config use-context none",
    "config set-context k --option cash=1",
    "config set-context k -n other",
    "store info",
    "store check",
    "store compact --keep 5",
    "store backup x.backup",
    "store restore x.backup",
    "store copy k a-directory",
    "store copy a-directory k --dry-run",
    "plugin list",
    "completion bash",
    "options",
    "help get",
    "version",
    "__complete get agents x",
    "no-such-verb",
    "get --no-such-flag",
    "get",
]
URLS = [
    "mongodb://alice:hunter2@h/db?authToken=hunter2",
    "mysql://alice:hunter2@h/db",
    "prisma:postgresql://alice:hunter2@h/db",
    "memory://alice:hunter2@h",
    "file://alice:hunter2@h/s",
    "file:/s?password=hunter2",
    "file:/dev/null/x?encrypt=hunter2",
    " redis://alice:hunter2@h",
    "leaky:x?password=hunter2",
]
SERVERS = [
    "postgresql://alice:hunter2@127.0.0.1:1/db?sslpassword=hunter2&connect_timeout=2",
    "redis://alice:hunter2@127.0.0.1:1/0",
    "etcd://alice:hunter2@127.0.0.1:1/p",
    "libsql://127.0.0.1:1?authToken=hunter2&tls=0",
    "sql:mysql+pymysql://alice:hunter2@127.0.0.1:1/db",
]


@pytest.fixture
def run(cli, make, tmp_path):
    """Runs a line with a store said in one of four ways, as talkative as can be; what was shown."""
    cli.write("a.yaml", make.manifest("a"))
    del cli.environ["MASTRACTL_STORE"]
    cli.environ |= {
        "MASTRACTL_CONFIG": str(tmp_path / "config.json"),
        "MASTRACTL_DEBUG": "1",
        "EDITOR": "true",
    }
    contexts = tmp_path / "config.json"

    def run(line, url, way):
        contexts.write_text(json.dumps({"contexts": {"k": {"store": url}}}))
        (tmp_path / ".mastractl.yaml").unlink(missing_ok=True)
        flags, environ = ["-v", "-v"], {}
        if way == "flag":
            flags += ["--store", url]
        elif way == "variable":
            environ = {"MASTRACTL_STORE": url}
        elif way == "context":
            flags += ["--context", "k"]
        else:
            cli.write(".mastractl.yaml", json.dumps({"store": url}))
        words = line.split()
        result = cli(*words, *([] if words[0] == "__complete" else flags), **environ)
        return result.out + result.err

    return run


@pytest.fixture
def leaky():
    """An engine whose driver tells everything it knows."""

    def connect(url):
        raise ConnectionError(f"cannot connect to {url} as alice with hunter2")

    def factory(url, *, adopt, clock, read_only):
        try:
            connect(url)
        except ConnectionError as error:
            raise errors.StorageConnectionError("the store does not answer") from error

    register("leaky", factory)
    yield
    unregister("leaky")


def test_every_verb_is_asked():
    assert {line.split()[0] for line in LINES} >= set(COMMANDS)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("line", LINES)
def test_no_verb_shows_a_secret(run, leaky, line, url):
    others = ("variable", "context", "project")
    for way in ("flag", others[(len(line) + len(url)) % 3]):
        assert "hunter2" not in run(line, url, way)


@pytest.mark.parametrize("url", SERVERS)
def test_no_engine_shows_a_secret_of_a_server_that_does_not_answer(run, url):
    shown = run("get agents", url, "flag")
    assert "hunter2" not in shown
    assert "error:" in shown
    assert "hunter2" not in run("doctor", url, "variable")


def test_an_error_of_a_drivers_that_nobody_foresaw_is_shown_without_them(run):
    def factory(url, *, adopt, clock, read_only):
        raise RuntimeError(f"no idea what to do with {url}: hunter2?")

    register("leaky", factory)
    try:
        shown = run("get agents", "leaky://alice:hunter2@h", "flag")
    finally:
        unregister("leaky")
    assert "internal error: RuntimeError: no idea what to do with leaky://alice:***@h: ***?" in shown
    assert "Traceback" in shown
    assert "hunter2" not in shown
