"""Runs the real entry in this process, with streams of the test's own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from mastractl.cli.main import main
from mastractl.cli.process import Process
from mastractl.engines.opening import open_engine
from mastractl.resources.adoption import adopt
from mastractl.store import StateStore


class Stream(io.TextIOWrapper):
    """A text stream that says it is a terminal, or not."""

    def __init__(self, data=b"", *, tty=False):
        super().__init__(io.BytesIO(data), encoding="utf-8", write_through=True)
        self.tty = tty

    def isatty(self):
        return self.tty

    def text(self):
        return self.buffer.getvalue().decode()


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def problem(self):
        """The last line of standard error, as JSON."""
        return json.loads(self.err.splitlines()[-1])


class Cli:
    """`cli("get", "agents")` runs `mastractl get agents` on the test's own store and says what came of it."""

    def __init__(self, directory):
        self.directory = directory
        self.store = directory / "store"
        self.environ = {"MASTRACTL_STORE": str(self.store), "HOME": str(Path.home())}

    def __call__(self, *arguments, stdin="", tty=False, stdout=None, **environ):
        process = Process(
            stdin=Stream(stdin.encode() if isinstance(stdin, str) else stdin, tty=tty),
            stdout=stdout or Stream(tty=tty),
            stderr=Stream(tty=tty),
            environ=self.environ | environ,
            directory=str(self.directory),
        )
        code = main([str(a) for a in arguments], process)
        out = process.stdout.text() if isinstance(process.stdout, Stream) else ""
        return Result(code, out, process.stderr.text())

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def ok(self, *arguments, **options):
        result = self(*arguments, **options)
        assert result.code == 0, result
        return result


@pytest.fixture
def cli(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Cli(Path(tmp_path))


def manifest(name, *, kind="Agent", namespace=None, labels=None, **spec):
    """A manifest as YAML text (JSON is YAML)."""
    metadata = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    spec = spec or {"instructions": "Help."}
    document = {"apiVersion": "mastra.ai/v1", "kind": kind, "metadata": metadata, "spec": spec}
    return json.dumps(document) + "\n"


@pytest.fixture(name="manifest")
def manifest_fixture():
    return manifest


def resource(name, *, kind="Agent", namespace="default", labels=None, owner=None, finalizers=None, **spec):
    """A document for the store."""
    metadata = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    if owner:
        metadata["ownerReferences"] = [
            {"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid}
        ]
    if finalizers:
        metadata["finalizers"] = finalizers
    defaults = {
        "Agent": {"instructions": "Help.", "model": {"provider": "openai", "name": "gpt-4"}},
        "Tool": {"description": "Does it.", "type": "function"},
    }
    spec = spec or defaults[kind]
    return {"apiVersion": "mastra.ai/v1", "kind": kind, "metadata": metadata, "spec": spec}


def definition(*, plural="datasources", kind="DataSource", group="acme.io"):
    """The definition of a kind."""
    return {
        "apiVersion": "mastra.ai/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "shortNames": ["ds"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {"type": "object", "properties": {"url": {"type": "string"}}}
                            },
                        }
                    },
                }
            ],
        },
    }


class Make:
    """Builders of documents, for tests."""

    resource = staticmethod(resource)
    definition = staticmethod(definition)
    manifest = staticmethod(manifest)


@pytest.fixture
def make():
    return Make


@pytest.fixture
def store(cli):
    """The store that `cli` works on, opened a second time."""
    with StateStore(open_engine(str(cli.store), adopt=adopt)) as opened:
        yield opened


class Script(Stream):
    """A standard output that, each time something was flushed to it, does the next thing; then Ctrl-C.

    With `lines` the Ctrl-C waits until that many have been written.
    """

    def __init__(self, *steps, lines=0, tty=False):
        super().__init__(tty=tty)
        self.steps = list(steps)
        self.lines = lines
        self.seen = 0

    def flush(self):
        super().flush()
        written = self.buffer.getvalue()
        if len(written) == self.seen:
            return
        self.seen = len(written)
        if self.steps:
            self.steps.pop(0)()
        elif written.count(b"\n") >= self.lines:
            raise KeyboardInterrupt


@pytest.fixture
def script():
    return Script
