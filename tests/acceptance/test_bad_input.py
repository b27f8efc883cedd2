"""Bad input gets a clear answer and loses nothing: each case of it, in a real process.

"Clear" is an exit code of its own, a message that names the place and what to do, no traceback, and quickly.
"Loses nothing" is that what stood in the store before still stands.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
from dataclasses import dataclass

import pytest

GOOD = "apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: good}\nspec: {instructions: Help.}\n"


@dataclass
class World:
    directory: object
    store: object

    def __call__(self, *arguments, data=None, code=None, **options):
        done = subprocess.run(
            ["mastractl", "--store", str(self.store), *map(str, arguments)],
            cwd=self.directory,
            input=data,
            capture_output=True,
            check=False,
            timeout=120,
            **options,
        )
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in done.err
        assert "internal error" not in done.err
        if code is not None:
            assert done.returncode == code, done.err
        return done

    def write(self, name, content):
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @property
    def file(self):
        return self.store / "agent" / "default" / "good.json"

    def names(self):
        return self("get", "agents", "-A", "-o", "name", code=0).out.split()


@pytest.fixture
def world(tmp_path):
    """A store with one good resource in it, which every case must leave standing."""
    found = World(tmp_path, tmp_path / "store")
    found.write("good.yaml", GOOD)
    found("apply", "-f", "good.yaml", code=0)
    yield found
    assert "agent.mastra.ai/good" in found.names()


def edited(**changes):
    document = {
        "apiVersion": "mastra.ai/v1",
        "kind": "Agent",
        "metadata": {"name": "bad"},
        "spec": {"instructions": "x"},
    }
    return json.dumps(document | changes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (edited(kind="Agnet"), ["bad.yaml:1:", 'did you mean "Agent"?']),
        (edited(apiVersion="mastra/v1"), ["bad.yaml:1:", "use apiVersion: mastra.ai/v1"]),
        (edited(metadata={}), ["metadata.name", "name"]),
        (edited(metadata={"name": "My Agent"}), ["bad.yaml:1:", "did you mean 'my-agent'?"]),
        (edited(metadata={"name": "a", "labels": {"x y": "z"}}), ["not a valid key"]),
        (edited(metadata={"name": "a", "labels": {"x": "a b"}}), ["not a valid label value"]),
        (edited(metadata={"name": "../../good"}), ["not a valid name"]),
        (edited(metadata={"name": "a/b"}), ["not a valid name"]),
        (edited(metadata={"name": "con"}), ["con"]),
        (edited(metadata={"name": "a", "namespace": "../agent"}), ["not a valid namespace"]),
        (edited(metadata={"name": "a", "namespace": ".mastractl"}), ["not a valid namespace"]),
        (edited(spec={"instuctions": "x"}), ['did you mean "instructions"?']),
        ("kind: Agent\nkind: Tool\n", ["bad.yaml:2:1", "line 1"]),
        ("a: [1,\n", ["bad.yaml:"]),
        ("\tkind: Agent\n", ["bad.yaml:1:1"]),
        ("just text\n", ["bad.yaml:1:1"]),
        (b"\x00\x01\xff\xfe binary \x80", ["bad.yaml:1:"]),
        ("a: &a [*a]\n", ["bad.yaml:1:"]),
        ("a: !!python/object:os.system {}\n", ["bad.yaml:1:"]),
        ("a: .nan\n", ["bad.yaml:1:"]),
        ("[" * 100_000, ["bad.yaml:1:", "200"]),
        ('{"a":' * 100_000, ["bad.yaml:1:", "200"]),
        (
            "a0: &a0 [x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)),
            ["bad.yaml:", "alias"],
        ),
    ],
)
def test_a_bad_manifest_is_told_with_its_place_and_nothing_is_applied(world, content, said):
    world.write("bad.yaml", content)
    refused = world("apply", "-f", "good.yaml", "-f", "bad.yaml", code=4)
    assert refused.out == ""
    for words in said:
        assert words in refused.err
    assert "nothing was applied" in refused.err
    assert world.names() == ["agent.mastra.ai/good"]
    assert world("validate", "bad.yaml", code=4).out


def test_a_50_mb_document_is_refused_at_once_and_in_little_memory(world):
    text = "\n".join(f"k{n}: {'v' * 90}" for n in range(500_000))
    path = world.write("large.yaml", text)
    assert path.stat().st_size > 45_000_000
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    refused = world("apply", "-f", "large.yaml", code=4)
    assert "3 MiB" in refused.err
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before < 300_000


def test_a_missing_file_a_missing_directory_and_one_without_manifests(world):
    (world.directory / "empty").mkdir()
    for name in ("missing.yaml", "missing/", "empty", "*.nothing"):
        refused = world("apply", "-f", name, code=4)
        assert name.rstrip("/") in refused.err


def obeys_modes():
    """In a child about to become mastractl: file modes apply to it even if the tests run as root."""
    if os.getuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def test_a_file_one_may_not_read(world):
    world.write("secret.yaml", GOOD).chmod(0)
    refused = world("apply", "-f", "secret.yaml", code=4, preexec_fn=obeys_modes)
    assert "secret.yaml" in refused.err
    assert "permission" in refused.err.lower()


def test_a_read_only_store_is_read_and_says_no_to_writes(world):
    world.write("new.yaml", GOOD.replace("good", "new"))
    for path in (world.store, *world.store.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        shown = world("get", "agents", "-o", "name", code=0, preexec_fn=obeys_modes)
        assert shown.out == "agent.mastra.ai/good\n"
        assert "unchanged" in world("apply", "-f", "good.yaml", code=0, preexec_fn=obeys_modes).out
        refused = world("apply", "-f", "new.yaml", code=1, preexec_fn=obeys_modes)
        assert refused.out == ""
        assert "Forbidden" in refused.err
    finally:
        for path in (world.store, *world.store.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_full_disk_refuses_the_write_and_keeps_what_was_there(world):
    many = "---\n".join(GOOD.replace("good", f"a{n}").replace("Help.", "x" * 5000) for n in range(100))
    world.write("many.yaml", many)

    def little_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    refused = world("apply", "-f", "many.yaml", preexec_fn=little_room)
    assert refused.returncode == 1
    assert refused.out == ""
    assert "check the disk" in refused.err
    assert world.names() == ["agent.mastra.ai/good"]
    assert not [p for p in world.store.rglob("*") if p.is_file() and "a1" in p.name]
    world("apply", "-f", "many.yaml", code=0)
    assert len(world.names()) == 101


def test_a_symlinked_directory_in_the_store_is_not_followed(world):
    outside = world.directory / "outside"
    outside.mkdir()
    (world.store / "agent" / "elsewhere").symlink_to(outside)
    world.write("new.yaml", GOOD.replace("good", "new"))
    refused = world("apply", "-f", "new.yaml", "-n", "elsewhere", code=1)
    assert "elsewhere" in refused.err
    assert "link" in refused.err
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "content", ['{"spec": ', "", "not json", "[]", '{"kind": "Tool"}', "\x00", "1" * 5000]
)
def test_a_corrupt_file_keeps_the_last_good_resource_and_is_reported(world, content):
    good = world.file.read_bytes()
    world.file.write_text(content)
    shown = world("get", "agents", code=0)
    assert "good" in shown.out
    assert "good.json" in shown.err
    world.write("other.yaml", GOOD.replace("good", "other"))
    world("apply", "-f", "other.yaml", code=0)
    assert world.names() == ["agent.mastra.ai/good", "agent.mastra.ai/other"]
    world.file.write_bytes(good)
    assert world("get", "agents", code=0).err == ""


def test_an_apply_over_a_corrupt_file_mends_it(world):
    world.file.write_text("{half")
    world.write("good.yaml", GOOD.replace("Help.", "Mended."))
    world("apply", "-f", "good.yaml", code=0)
    assert json.loads(world.file.read_text())["spec"]["instructions"] == "Mended."
    assert world("get", "agents", code=0).err == ""


def test_two_writers_at_once_lose_nothing(world):
    writers = []
    for writer in range(4):
        text = "---\n".join(GOOD.replace("good", f"w{writer}-{n}") for n in range(25))
        path = world.write(f"w{writer}.yaml", text)
        command = ["mastractl", "--store", str(world.store), "apply", "-f", str(path)]
        writers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
    for process in writers:
        errors = process.communicate(timeout=60)[1]
        assert process.returncode == 0, errors
    assert len(world.names()) == 101


def test_a_stale_resource_version_is_a_conflict(world):
    held = json.loads(world("get", "agent", "good", "-o", "json", code=0).out)
    world.write("good.yaml", GOOD.replace("Help.", "Changed."))
    world("apply", "-f", "good.yaml", code=0)
    held["spec"]["instructions"] = "Stale."
    world.write("held.json", json.dumps(held))
    refused = world("apply", "-f", "held.json", code=5)
    assert "Conflict" in refused.err
    assert "hint:" in refused.err
    assert "Changed." in world("get", "agent", "good", "-o", "yaml", code=0).out


def test_a_directory_removed_under_a_running_watch(world):
    command = ["mastractl", "--store", str(world.store), "watch", "agents", "-A", "-o", "json"]
    world.write("new.yaml", GOOD.replace("good", "new"))
    world("apply", "-f", "new.yaml", "-n", "elsewhere", code=0)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        seen = [json.loads(watch.stdout.readline()) for _ in range(2)]
        assert {event["type"] for event in seen} == {"ADDED"}
        (world.store / "agent" / "elsewhere").rename(world.directory / "away")
        gone = json.loads(watch.stdout.readline())
        assert (gone["type"], gone["object"]["metadata"]["name"]) == ("DELETED", "new")
        (world.directory / "away").rename(world.store / "agent" / "elsewhere")
        back = json.loads(watch.stdout.readline())
        assert (back["type"], back["object"]["metadata"]["name"]) == ("ADDED", "new")
        watch.send_signal(signal.SIGINT)
        assert watch.wait(30) == 130


def test_what_is_no_store(world):
    world.write("file", "text")
    for store, said in (
        ("file", "a file store is a directory"),
        ("nosuch:thing", "nosuch"),
        ("postgresql://me:secret@db/x", "postgresql"),
    ):
        done = subprocess.run(
            ["mastractl", "--store", store, "get", "agents"],
            cwd=world.directory,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode in {1, 2}
        assert said in done.stderr
        assert "secret" not in done.stderr
        assert "Traceback" not in done.stderr


def test_closed_and_broken_standard_output(world):
    closed = subprocess.run(
        ["sh", "-c", f"mastractl --store {world.store} get agents >&-"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert closed.returncode == 1
    assert closed.stderr.startswith("error: standard output")
    piped = subprocess.run(
        ["bash", "-c", f"mastractl --store {world.store} get agents -o json | true; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert piped.returncode in {0, 141}
    assert piped.stderr == ""
