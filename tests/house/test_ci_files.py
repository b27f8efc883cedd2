"""What others run of this repository in their CI: the action, the hooks, the jobs that the example shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from mastractl.cli.main import COMMANDS
from tests.published import validator

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / ".github/actions/validate/action.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
README = (ROOT / "examples/ci/README.md").read_text()
AGENT = (
    "apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: x}\nspec: {instructions: Help., tools: [t]}\n"
)


def shown(heading):
    """The YAML that stands in a section of the README."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    return yaml.safe_load(section.split("```yaml\n")[1].split("```")[0])


class Step:
    """A step of the action, run by bash as a runner runs it."""

    def __init__(self, name, directory):
        self.step = next(step for step in ACTION["runs"]["steps"] if step["name"] == name)
        self.directory = directory
        self.output = directory / "github-output"
        self.path = directory / "github-path"

    def __call__(self, *, before="", **inputs):
        values = {name: given["default"] for name, given in ACTION["inputs"].items()} | inputs

        def filled(text):
            text = text.replace("${{ github.action_path }}", str(ROOT / ".github/actions/validate"))
            return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: values[found[1]], text)

        script = self.directory / "step.sh"
        script.write_text(self.step["run"], encoding="utf-8")
        environ = {
            **os.environ,
            **{name: filled(text) for name, text in self.step["env"].items()},
            "PATH": f"{before}{os.pathsep}{os.environ['PATH']}" if before else os.environ["PATH"],
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_PATH": str(self.path),
            "GITHUB_WORKSPACE": str(self.directory),
            "RUNNER_TEMP": str(self.directory / "temp"),
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.directory,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


class TestTheAction:
    def test_it_is_one_by_the_published_schema(self):
        validator("github-action").validate(ACTION)

    def test_no_input_is_pasted_into_a_script(self):
        """An input with a quote or a `$(...)` in it stays a text: it comes by the environment."""
        for step in ACTION["runs"]["steps"]:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]
        used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(ACTION)))
        assert used == set(ACTION["inputs"])

    @pytest.mark.parametrize(
        ("version", "installed"),
        [("", f"{ROOT / '.github/actions/validate'}/../../.."), ("1.2.3", "mastractl==1.2.3")],
    )
    def test_it_installs_itself_or_a_version(self, tmp_path, version, installed):
        shim = tmp_path / "shims" / "python3"
        shim.parent.mkdir()
        shim.write_text(
            '#!/bin/sh\nmkdir -p "$3/bin"\n'
            'printf \'#!/bin/sh\\necho "$@"\\n\' > "$3/bin/pip"\nchmod +x "$3/bin/pip"\n'
        )
        shim.chmod(0o755)
        step = Step("Install mastractl", tmp_path)
        done = step(before=str(shim.parent), version=version)
        assert (done.returncode, done.stdout) == (0, f"install --quiet {installed}\n")
        assert step.path.read_text() == f"{tmp_path}/temp/mastractl/bin\n"
        assert (ROOT / ".github/actions/validate" / "../../.." / "pyproject.toml").is_file()

    def test_what_is_wrong_is_annotated_and_reported(self, tmp_path):
        (tmp_path / "m it's $(x)").mkdir()
        (tmp_path / "m it's $(x)" / "a.yaml").write_text(AGENT.replace("instructions", "instuctions"))
        (tmp_path / "b.yaml").write_text(AGENT)
        step = Step("Validate", tmp_path)
        done = step(paths="m it's $(x)\nb.yaml\n", **{"sarif-file": "out.sarif"})
        assert done.returncode == 4
        assert "error[unknown-field]" in done.stdout
        assert "::error title=MA101 unknown-field,file=m it's $(x)/a.yaml,line=4," in done.stderr
        assert "::warning title=MA122 dangling-reference,file=b.yaml," in done.stderr
        assert step.output.read_text() == "exit-code=4\n"
        log = json.loads((tmp_path / "out.sarif").read_text())
        validator("sarif-2.1.0").validate(log)
        assert len(log["runs"][0]["results"]) == 2

    def test_what_is_in_order_passes(self, tmp_path):
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "a.yaml").write_text(AGENT)
        assert Step("Validate", tmp_path)().returncode == 0
        assert not (tmp_path / "out.sarif").exists()
        assert Step("Validate", tmp_path)(**{"strict-refs": "true"}).returncode == 4
        assert Step("Validate", tmp_path)(recursive="false").returncode == 4
        assert Step("Validate", tmp_path)(format="nonsense").returncode == 2


class TestTheHooks:
    def test_they_are_verbs(self):
        assert [hook["id"] for hook in HOOKS] == ["mastractl-validate", "mastractl-fmt"]
        for hook in HOOKS:
            assert {"id", "name", "description", "entry", "language", "types_or"} <= set(hook)
            program, verb = hook["entry"].split()
            assert program == "mastractl"
            assert verb in {*COMMANDS, "fmt"}
            assert hook["id"] == f"mastractl-{verb}"
            assert hook["language"] == "python"

    def test_a_hook_takes_the_names_of_files(self, tmp_path):
        (tmp_path / "a.yaml").write_text(AGENT)
        (tmp_path / "b.yaml").write_text(AGENT.replace("x}", "z}"))
        entry = HOOKS[0]["entry"].split()
        done = subprocess.run(
            [*entry, "a.yaml", "b.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "2 resources valid, 1 warning in 1 file\n")


class TestTheJobsOfTheExample:
    def test_of_github(self):
        job = shown("GitHub")
        validator("github-workflow").validate(job | {"on": job.pop(True)})  # YAML 1.1 reads `on` as true
        (used,) = [s for s in job["jobs"]["validate"]["steps"] if "mastractl" in s.get("uses", "")]
        assert set(used["with"]) <= set(ACTION["inputs"])
        assert used["uses"].split("@")[0].endswith("/mastractl/.github/actions/validate")

    def test_of_gitlab(self, tmp_path):
        job = shown("GitLab")["manifests"]
        (tmp_path / "manifests").mkdir()
        (tmp_path / "manifests" / "a.yaml").write_text(AGENT)
        for line in job["script"][1:]:
            subprocess.run(["sh", "-ec", line], cwd=tmp_path, check=True, capture_output=True, timeout=60)
        for name in job["artifacts"]["reports"].values():
            assert (tmp_path / name).stat().st_size

    def test_of_pre_commit(self):
        config = shown("pre-commit")
        validator("pre-commit-config").validate(config)
        assert {hook["id"] for hook in config["repos"][0]["hooks"]} <= {hook["id"] for hook in HOOKS}

    def test_the_script_leaves_reports(self, tmp_path):
        (tmp_path / "m").mkdir()
        (tmp_path / "m" / "a.yaml").write_text(AGENT)
        environ = {**os.environ, "REPORTS": "out/reports", "MASTRACTL_STORE": str(tmp_path / "store")}
        done = subprocess.run(
            ["sh", str(ROOT / "examples/ci/deploy.sh"), "m"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 4
        assert done.stdout.startswith("m/a.yaml:4:")
        assert not (tmp_path / "store").exists()
        log = json.loads((tmp_path / "out/reports/mastractl.sarif").read_text())
        validator("sarif-2.1.0").validate(log)
        assert (tmp_path / "out/reports/mastractl.xml").read_text().startswith("<?xml")
