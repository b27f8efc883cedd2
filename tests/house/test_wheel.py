"""What is installed is whole: the wheel holds the schemas and works outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_schemas_and_types(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    schemas = {f"mastractl/schemas/{p.name}" for p in (ROOT / "schemas").glob("*.yaml")}
    assert len(schemas) >= 6
    assert schemas <= names
    assert {"mastractl/py.typed", "mastractl/manifests/compiled/index.json"} <= names
    templates = [p for p in (ROOT / "mastractl/cli/templates").rglob("*") if p.is_file()]
    assert {str(path.relative_to(ROOT)) for path in templates} <= names
    assert not [n for n in names if n.startswith(("tests/", "examples/")) or n.endswith(".pyc")]


def test_the_wheel_works_in_a_fresh_venv(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel],
        check=True,
        capture_output=True,
        timeout=120,
    )
    # The dependencies come from the running environment; mastractl itself only from the wheel.
    site = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    dependencies = tmp_path / "dependencies"
    dependencies.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "mastractl" not in entry.name and entry.suffix != ".pth":
            (dependencies / entry.name).symlink_to(entry)
    (site / "dependencies.pth").write_text(str(dependencies) + "\n")
    manifest = tmp_path / "agent.yaml"
    manifest.write_text(
        "apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: a}\nspec: {instructions: Help.}\n"
    )
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    mastractl = [tmp_path / "venv" / "bin" / "mastractl", "--store", tmp_path / "store"]

    def run(*arguments):
        return subprocess.run(
            [*mastractl, *arguments],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env=environ,
            timeout=60,
        ).stdout

    assert run("apply", "-f", manifest) == "agent.mastra.ai/a created\n"
    assert run("get", "agents", "-o", "name") == "agent.mastra.ai/a\n"
    assert "instructions" in run("explain", "agent.spec")
    located = subprocess.run(
        [python, "-c", "import mastractl; print(mastractl.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environ,
        timeout=60,
    ).stdout
    assert str(site) in located
