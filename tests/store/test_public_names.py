from __future__ import annotations

import subprocess
import sys

import pytest

import mastractl
import mastractl.store


def imported(code):
    """The modules that the code imports in a new interpreter."""
    code = f"import sys; before = {{*sys.modules}}; {code}; print(*{{*sys.modules}} - before)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", [mastractl, mastractl.store], ids=lambda m: m.__name__)
def test_every_public_name_is_there(module):
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert module.__all__ == sorted(module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'StateShop'"):
        module.StateShop  # noqa: B018


def test_what_the_package_gives():
    assert (
        set(mastractl.__all__)
        == set(dir(mastractl))
        == {
            "FileSystemStateStore",
            "InMemoryStateStore",
            "Resource",
            "StateStore",
            "__version__",
            "create_state_store",
            "errors",
            "open_engine",
        }
    )
    assert mastractl.errors.Conflict.code == 409
    assert mastractl.StateStore is mastractl.store.StateStore


def test_the_version_costs_nothing():
    assert imported("import mastractl; mastractl.__version__") <= {"mastractl", "__future__"}


HEAVY = {
    "asyncio",
    "jsonschema",
    "logging",
    "rich",
    "typer",
    "uuid",
    "watchdog",
    "yaml",
    "importlib.metadata",
}
AGENT = {
    "apiVersion": "mastra.ai/v1",
    "kind": "Agent",
    "metadata": {"name": "x"},
    "spec": {"instructions": "x"},
}


@pytest.mark.parametrize("use", ["get('agents', name='x')", "list('agents')", f"apply({AGENT})"])
@pytest.mark.parametrize("url", ["memory:", "file:store"])
def test_heavy_modules_stay_away(use, url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not HEAVY & imported(f"import mastractl; mastractl.create_state_store({url!r}).{use}")


WRITING = {f"mastractl.store.{name}" for name in ("admission", "api", "apply", "garbage", "watch", "writer")}
CHECKING = {"mastractl.resources.admission", "mastractl.resources.structural"}


def test_readers_import_nothing_of_writing():
    loaded = imported("import mastractl; mastractl.create_state_store('memory:').list('agents')")
    assert not (WRITING | CHECKING) & loaded
