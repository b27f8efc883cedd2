"""What is derived from the definitions: always up to date, quick to load, and the same as what they say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mastractl.manifests import bundled, compile_schemas
from mastractl.resources.definitions import kind_from_definition


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """Copies of the definitions and the compiled files, to be changed by a test."""
    schemas, compiled = tmp_path / "schemas", tmp_path / "compiled"
    shutil.copytree(bundled.schema_directory(), schemas)
    shutil.copytree(bundled.COMPILED, compiled)
    monkeypatch.setattr(bundled, "schema_directory", lambda: schemas)
    monkeypatch.setattr(bundled, "COMPILED", str(compiled))
    return tmp_path


def test_what_is_derived_is_up_to_date(capsys):
    assert compile_schemas.main(["--check"]) == 0, capsys.readouterr().err


def test_a_changed_definition_is_noticed_and_carried_over(copies, capsys):
    agents = copies / "schemas" / "agents.mastra.ai.yaml"
    agents.write_text(agents.read_text().replace("Who serves the model", "Who offers the model"))
    assert compile_schemas.main(["--check"]) == 1
    stale = {line.split()[0] for line in capsys.readouterr().err.splitlines()}
    assert stale == {
        *("networks.mastra.ai.yaml", "systems.mastra.ai.yaml"),
        *("agents.json", "networks.json", "systems.json"),
    }
    assert compile_schemas.main() == 0
    assert compile_schemas.main(["--check"]) == 0
    assert "Who offers the model" in (copies / "compiled" / "systems.json").read_text()


def test_a_lost_file_is_made_again(copies):
    shutil.rmtree(copies / "compiled")
    assert compile_schemas.main(["--check"]) == 1
    assert compile_schemas.main() == 0
    assert compile_schemas.main(["--check"]) == 0


def test_copies_are_equal_to_what_they_copy_but_for_their_own_words():
    compiled = {kind.kind: kind.storage_version.schema["properties"]["spec"] for kind in bundled.kinds()}
    system = compiled["System"]["properties"]
    for field, kind in {
        "agents": "Agent",
        "tools": "Tool",
        "workflows": "Workflow",
        "networks": "Network",
    }.items():
        child = system[field]["items"]["properties"]["spec"]
        assert child | {"description": ""} == compiled[kind] | {"description": ""}
    step = compiled["Workflow"]["properties"]["steps"]["items"]
    nested = step["properties"]["parallel"]["properties"]["branches"]["items"]["properties"]["steps"]["items"]
    assert set(nested["properties"]) == set(step["properties"])
    for name in set(step["properties"]) - {"parallel"}:
        assert nested["properties"][name] == step["properties"][name]


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "mastractl.manifests.compile_schemas", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_compiled_kinds_are_those_of_the_definitions():
    kinds = list(bundled.kinds())
    assert [k.kind for k in kinds] == [
        "Agent",
        "Tool",
        "Workflow",
        "Network",
        "System",
        "CustomResourceDefinition",
    ]
    for kind in kinds:
        path = bundled.schema_directory() / f"{kind.qualified_plural}.yaml"
        said, _ = kind_from_definition(yaml.safe_load(path.read_text(encoding="utf-8")))
        assert kind.bundled
        assert fields(kind) == fields(said)
        assert [vars_of(v) for v in kind.versions] == [vars_of(v) for v in said.versions]


def fields(kind):
    names = ("group", "kind", "plural", "singular", "list_kind", "scope", "short_names", "categories")
    return {name: getattr(kind, name) for name in names}


def vars_of(version):
    names = (
        "name",
        "served",
        "storage",
        "deprecation",
        "columns",
        "status",
        "scale",
        "selectable_fields",
        "schema",
    )
    return {name: getattr(version, name) for name in names}


def test_definitions_of_kubernetes_are_of_the_bundled_kind():
    kinds = bundled.kinds()
    kind = kinds.find_api("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert kind is kinds.find("mastra.ai", "CustomResourceDefinition")
    assert [v.name for v in kind.versions] == ["v1", "v1alpha1"]
    assert "deprecated" in kind.version("v1alpha1").deprecation


def test_a_registry_is_the_callers_own():
    first, second = bundled.kinds(), bundled.kinds()
    agent = first.find("mastra.ai", "Agent")
    first.discard("mastra.ai", "Agent")
    assert first.find("mastra.ai", "Agent") is None
    assert second.find("mastra.ai", "Agent") is agent


PROBE = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from mastractl.manifests import bundled
kinds = bundled.kinds()
agent = kinds.resolve("ag")
assert agent.storage_version.columns[0].json_path == ".spec.model.provider"
before = sorted(o.replace("\\\\", "/").rpartition("/")[2] for o in opened if o.endswith(".json"))
agent.storage_version.schema, agent.storage_version.schema
after = sorted(o.replace("\\\\", "/").rpartition("/")[2] for o in opened if o.endswith(".json"))
heavy = ["yaml", "jsonschema", "importlib.resources", "pathlib", "asyncio", "typer", "rich"]
print(json.dumps([before, after, [m for m in heavy if m in sys.modules]]))
"""


def test_only_what_is_asked_for_is_read():
    done = subprocess.run([sys.executable, "-I", "-c", PROBE], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [["index.json"], ["agents.json", "index.json"], []]


def test_the_definitions_are_found_in_a_package_and_beside_a_checkout(tmp_path, monkeypatch):
    module = tmp_path / "mastractl" / "manifests" / "bundled.py"
    monkeypatch.setattr(bundled, "__file__", str(module))
    with pytest.raises(FileNotFoundError, match="the installation is not complete"):
        bundled.schema_directory()
    for directory in (tmp_path / "schemas", tmp_path / "mastractl" / "schemas"):
        directory.mkdir(parents=True)
        Path(directory, "agents.mastra.ai.yaml").touch()
        assert bundled.schema_directory() == directory
