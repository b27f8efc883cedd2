"""Every example in every `--help` runs, in a directory where what it names is there."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mastractl.cli import options
from mastractl.cli.main import COMMANDS, load

ROOT = Path(__file__).resolve().parents[2]

AGENT = """\
apiVersion: mastra.ai/v1
kind: Agent
metadata:
  name: recipe-assistant
  namespace: cooking
  labels: {app: kitchen-helper}
spec:
  instructions: Suggest recipes.
  model: {provider: openai, name: gpt-4-turbo}
  tools: [recipe-finder]
"""
REST = """\
apiVersion: mastra.ai/v1
kind: Tool
metadata: {name: recipe-finder, namespace: cooking, labels: {app: kitchen-helper}}
spec: {description: Finds recipes.}
---
apiVersion: mastra.ai/v1
kind: Workflow
metadata: {name: suggest, labels: {app: kitchen-helper}}
spec:
  steps: [{id: first, agent: cooking.recipe-assistant}]
"""
SOURCE = "apiVersion: acme.io/v1\nkind: DataSource\nmetadata: {name: s}\nspec: {}\n"
DEFINITION = """\
apiVersion: mastra.ai/v1
kind: CustomResourceDefinition
metadata: {name: datasources.acme.io}
spec:
  group: acme.io
  scope: Namespaced
  names: {kind: DataSource, plural: datasources}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}
"""
WORKERS = (
    DEFINITION.replace("datasources", "workers").replace("DataSource", "Worker").rstrip()
    + """
      subresources: {scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
---
apiVersion: acme.io/v1
kind: Worker
metadata: {name: night-shift}
spec: {replicas: 1}
"""
).replace("spec: {type: object}", "spec: {type: object, properties: {replicas: {type: integer}}}")
ADD_TOOL = '[{"op": "add", "path": "/spec/tools/-", "value": {"name": "clock"}}]'
FILES = {
    "tools.json": ADD_TOOL,
    "manifests/below/workers.yaml": WORKERS,
    "agent.yaml": AGENT,
    "manifests/agent.yaml": AGENT,
    "manifests/below/rest.yaml": REST,
    "sources.yaml": SOURCE,
    "crds/datasources.yaml": DEFINITION,
}


def examples():
    for name in COMMANDS:
        command = load(name)
        verbs = [*([command] if isinstance(command, options.Verb) else ()), *command.verbs.values()]
        for verb in verbs:
            yield from (line for line in verb.examples.splitlines() if line and not line.startswith("#"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A directory with manifests, a store they were applied to, and a configuration that names it."""
    directory = tmp_path_factory.mktemp("prepared")
    for name, text in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    (directory / "examples").symlink_to(ROOT / "examples")
    contexts = {"current-context": "kitchen", "contexts": {"kitchen": {"store": "store"}}}
    (directory / "config.json").write_text(json.dumps(contexts), encoding="utf-8")
    run("mastractl fmt -q -R manifests", directory)
    for path in ("examples/kitchen", "manifests"):
        run(f"mastractl apply -R -f {path}", directory)
    ready = json.dumps({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    run(f"mastractl patch agent sous-chef -n cooking --subresource=status -p '{ready}'", directory)
    return directory


@pytest.fixture
def directory(prepared, tmp_path):
    return Path(shutil.copytree(prepared, tmp_path / "run", symlinks=True))


def environment(directory):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    config = str(directory / "config.json")
    return {**os.environ, "PATH": path, "MASTRACTL_CONFIG": config, "EDITOR": "true"}


def run(line, directory):
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=directory,
        env=environment(directory),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{line}\n{done.stderr.decode()}"
    assert b"error" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("line", [e for e in examples() if " watch " not in e])
def test_an_example_runs(line, directory):
    run(line, directory)


@pytest.mark.parametrize("line", [e for e in examples() if " watch " in e])
def test_an_example_of_watch_tells_of_a_change(line, directory):
    with subprocess.Popen(
        ["sh", "-c", f"exec {line}"], cwd=directory, env=environment(directory), stdout=subprocess.PIPE
    ) as watch:
        for turn in range(100):
            if select.select([watch.stdout], [], [], 0.2)[0]:
                break
            text = AGENT.replace("Suggest recipes.", f"Suggest recipes, {turn}.")
            (directory / "agent.yaml").write_text(text, encoding="utf-8")
            run("mastractl apply -f agent.yaml", directory)
        assert watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=30)
    assert watch.returncode == 130


def test_every_verb_has_examples():
    spoken = {line.split("mastractl ")[1].split()[0] for line in examples()}
    assert spoken == set(COMMANDS)
