"""`fmt`: files in place, only where they change, and never a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MESSY = 'kind: Agent\napiVersion: mastra.ai/v1\nmetadata: {name: x}\nspec:\n    instructions: "你好"  # hi\n'
CLEAN = 'apiVersion: mastra.ai/v1\nkind: Agent\nmetadata: {name: x}\nspec:\n  instructions: "你好"  # hi\n'


def test_a_file_is_written_in_place_with_the_mode_it_had(cli):
    path = cli.write("a.yaml", MESSY)
    path.chmod(0o640)
    assert cli.ok("fmt", path).out == f"{path}\n"
    assert path.read_text(encoding="utf-8") == CLEAN
    assert path.stat().st_mode & 0o777 == 0o640
    before = path.stat()
    again = cli.ok("fmt", path)
    assert (again.out, again.err) == ("", "1 file already formatted\n")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_link_stays_a_link(cli):
    target = cli.write("real/a.yaml", MESSY)
    link = cli.directory / "link.yaml"
    link.symlink_to(target)
    cli.ok("fmt", link)
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == CLEAN


def test_check_names_the_files_and_writes_nothing(cli):
    messy, clean = cli.write("m/messy.yaml", MESSY), cli.write("m/clean.yaml", CLEAN)
    result = cli("fmt", "--check", "m")
    assert (result.code, result.out) == (1, "m/messy.yaml\n")
    assert result.err == "1 file would be formatted, 1 file already formatted\n"
    assert messy.read_text(encoding="utf-8") == MESSY
    assert cli("fmt", "--check", clean).code == 0


def test_diff_shows_what_would_change(cli):
    path = cli.write("a.yaml", MESSY)
    result = cli("fmt", "--diff", "a.yaml")
    assert result.code == 1
    assert result.lines[:2] == ["--- written/a.yaml", "+++ canonical/a.yaml"]
    assert '-    instructions: "你好"  # hi' in result.lines
    assert path.read_text(encoding="utf-8") == MESSY
    assert "\x1b[32m+" in cli("fmt", "--diff", "a.yaml", tty=True).out
    assert cli("fmt", "--check", "--diff", "a.yaml").out == result.out


def test_standard_input_goes_to_standard_output(cli):
    result = cli.ok("fmt", "-", stdin=MESSY)
    assert (result.out, result.err) == (CLEAN, "")
    assert cli.ok("fmt", "-", stdin=CLEAN).out == CLEAN
    checked = cli("fmt", "--check", "-", stdin=MESSY)
    assert (checked.code, checked.out) == (1, "<stdin>\n")


def test_a_broken_file_is_told_with_its_place_and_stays_and_the_others_are_formatted(cli):
    broken = cli.write("m/broken.yaml", "kind: Agent\nmetadata: [\n")
    good = cli.write("m/good.yaml", MESSY)
    result = cli("fmt", "m")
    assert (result.code, result.out) == (4, "m/good.yaml\n")
    assert "--> m/broken.yaml:2:11" in result.err
    assert broken.read_text() == "kind: Agent\nmetadata: [\n"
    assert good.read_text(encoding="utf-8") == CLEAN


def test_a_file_without_a_manifest_is_none_of_our_business(cli):
    path = cli.write("m/compose.yaml", "services:\n    web: {image: x}\n")
    result = cli.ok("fmt", "m", "-v")
    assert "m/compose.yaml: there is no manifest in it" in result.err
    assert path.read_text() == "services:\n    web: {image: x}\n"
    assert cli.ok("fmt", "-", stdin="a:   1\n").out == "a: 1\n"


def test_json_stays_json(cli):
    path = cli.write("a.json", '{"kind":"Agent","apiVersion":"mastra.ai/v1","metadata":{"name":"x"}}')
    cli.ok("fmt", path)
    assert path.read_text().startswith('{\n  "apiVersion": "mastra.ai/v1",\n  "kind": "Agent",\n')


def test_directories_below_are_looked_through_when_asked(cli):
    cli.write("m/below/a.yaml", MESSY)
    assert cli("fmt", "--check", "m").code == 4
    assert cli("fmt", "--check", "m", "-R").out == "m/below/a.yaml\n"


def test_a_file_must_be_named(cli):
    result = cli("fmt")
    assert (result.code, result.err.splitlines()[1]) == (2, "hint: mastractl fmt . -R")
    assert cli("fmt", "nope.yaml").code == 4


def test_what_is_applied_is_the_same(cli):
    path = cli.write("a.yaml", MESSY)
    cli.ok("apply", "-f", path)
    cli.ok("fmt", path)
    assert cli.ok("apply", "-f", path).out == "agent.mastra.ai/x unchanged\n"


@pytest.mark.parametrize("story", sorted(p.name for p in (ROOT / "examples").iterdir() if p.is_dir()))
def test_the_examples_are_in_their_canonical_form(cli, story):
    folder = ROOT / "examples" / story
    if any(folder.glob("*.yaml")):
        assert cli("fmt", "--check", folder, "-R").out == ""


def test_a_text_without_a_canonical_form_is_left_alone_and_told(cli):
    key = "k" * 1100
    long = f'kind: Agent\napiVersion: mastra.ai/v1\nmetadata:\n  annotations:\n    ? "{key}"\n    : x\n'
    path = cli.write("long.yaml", long)
    result = cli("fmt", path)
    assert "warning[no-canonical-form]" in result.err
    assert path.read_text(encoding="utf-8") == long
