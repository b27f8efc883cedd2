"""Every example does what its README says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.house import transcripts

ROOT = Path(__file__).resolve().parents[2]
STORIES = sorted(p for p in (ROOT / "examples").iterdir() if p.is_dir())
MANIFESTS = [s for s in STORIES if any(s.glob("*.yaml"))]

DESCRIBED = ["--description", "Tells."]


@pytest.fixture
def env(tmp_path):
    return {**os.environ, "MASTRACTL_STORE": str(tmp_path / "store")}


def mastractl(env, *arguments):
    return subprocess.run(
        ["mastractl", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_stories_the_user_was_promised_are_there():
    assert {s.name for s in STORIES} >= {
        "ci",
        "custom-kind",
        "customer-support",
        "data-processing",
        "kitchen",
        "research-network",
    }


@pytest.mark.parametrize("story", MANIFESTS, ids=lambda p: p.name)
def test_a_story_is_valid_applies_whole_and_then_does_not_differ(story, env):
    validated = mastractl(env, "validate", "--strict-refs", str(story))
    assert validated.returncode == 0, validated.stderr
    assert "warning" not in validated.stderr
    first = mastractl(env, "apply", "-f", str(story))
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    assert first.stdout
    assert all(line.endswith(" created") for line in first.stdout.splitlines())
    assert mastractl(env, "diff", "-f", str(story)).returncode == 0
    again = mastractl(env, "apply", "-f", str(story))
    assert all(line.endswith(" unchanged") for line in again.stdout.splitlines())


@pytest.mark.parametrize("story", STORIES, ids=lambda p: p.name)
def test_the_commands_of_its_readme_work(story, env, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    scripts = transcripts.blocks(story / "README.md", "sh")
    assert scripts
    for script in scripts:
        assert transcripts.run_script(script, cwd=tmp_path, env=env)


def test_the_ci_script_is_idempotent_and_stops_at_a_typo(env, tmp_path):
    script = str(ROOT / "examples/ci/deploy.sh")

    def deploy(directory):
        return subprocess.run(
            ["sh", script, directory], env=env, capture_output=True, text=True, check=False, timeout=60
        )

    kitchen = ROOT / "examples" / "kitchen"
    assert mastractl(env, "apply", "-f", str(kitchen / "tools.yaml")).returncode == 0
    assert deploy(kitchen).returncode == 0
    second = deploy(kitchen)
    assert (second.returncode, second.stderr.splitlines()[-1]) == (0, "nothing to do")
    broken = tmp_path / "broken"
    broken.mkdir()
    text = (kitchen / "agents.yaml").read_text(encoding="utf-8")
    (broken / "agents.yaml").write_text(text.replace("instructions:", "instuctions:", 1), encoding="utf-8")
    third = deploy(broken)
    assert third.returncode == 4
    assert "instuctions" in third.stdout + third.stderr


def test_the_ci_script_prunes_what_left_the_directory_and_nothing_else(env, tmp_path):
    script = str(ROOT / "examples/ci/deploy.sh")
    directory = tmp_path / "tools"
    directory.mkdir()

    def write(count):
        for path in directory.iterdir():
            path.unlink()
        for number in range(count):
            made = mastractl(
                env, "create", "tool", f"t{number}", *DESCRIBED, "--dry-run=client", "-o", "yaml"
            )
            (directory / f"t{number}.yaml").write_text(made.stdout, encoding="utf-8")

    def deploy(**more):
        return subprocess.run(
            ["sh", script, directory], env=env | more, capture_output=True, text=True, check=False, timeout=60
        )

    assert mastractl(env, "create", "tool", "other", *DESCRIBED).returncode == 0
    write(9)
    assert mastractl(env, "apply", "-f", str(directory)).returncode == 0  # to no set
    assert deploy().returncode == 0
    write(8)
    assert "tool.mastra.ai/t8 pruned\n" in deploy().stdout
    write(2)
    refused = deploy()
    assert refused.returncode not in {0, 2}
    assert "more than a quarter" in refused.stderr
    assert deploy(YES="1").returncode == 0
    left = mastractl(env, "get", "tools", "-o", "name").stdout.split()
    assert left == ["tool.mastra.ai/other", "tool.mastra.ai/t0", "tool.mastra.ai/t1"]
