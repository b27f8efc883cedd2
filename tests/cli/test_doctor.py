"""`doctor`: it finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import os
import sys

import pytest

from mastractl.engines.inotify import allowance


@pytest.fixture
def look(cli):
    """`look()`: the findings, by check, as (status, message, remedy)."""

    def run(*arguments, code=0, **environ):
        result = cli("doctor", "-o", "json", *arguments, **environ)
        assert result.code == code, result
        found = {}
        for each in result.json["checks"]:
            found.setdefault(each["check"], []).append(
                (each["status"], each["message"], each.get("remedy", ""))
            )
        return found

    return run


def contents(cli):
    """Every file of the store but those that SQLite keeps beside its database while it is read."""
    return {
        p.relative_to(cli.store): p.read_bytes()
        for p in cli.store.rglob("*")
        if p.is_file() and not p.name.endswith(("-shm", "-wal"))
    }


def test_a_store_in_order(cli, look, manifest):
    cli.ok(
        "apply",
        "-f",
        cli.write("a.yaml", manifest("a") + "---\n" + manifest("t", kind="Tool", description="x")),
    )
    before = contents(cli)
    found = look(LANG="C.UTF-8")
    assert {status for several in found.values() for status, _, _ in several} == {"ok"}
    assert found["store"] == [("ok", f"{cli.store} can be read", "")]
    assert found["resources"] == [("ok", "2: agents 1, tools 1", "")]
    assert found["schemas"] == [("ok", "all resources fit the schemas of their kinds", "")]
    assert found["log"][0][1].startswith("at revision 1; the log holds 1 revision in ")
    assert ("ok", f"store {cli.store} (MASTRACTL_STORE)", "") in found["settings"]
    assert found["versions"][0][1].startswith("mastractl ")
    assert contents(cli) == before


def test_for_people_it_is_a_line_each(cli, manifest):
    cli.ok("apply", "-f", cli.write("a.yaml", manifest("a")))
    result = cli.ok("doctor", LANG="C.UTF-8")
    assert all(line.startswith("ok    ") for line in result.lines)
    assert result.err.endswith("checks: nothing failed, 0 warnings\n")
    assert "\x1b[32mok  \x1b[0m" in cli.ok("doctor", tty=True).out
    assert cli.ok("doctor", "-q", LANG="C.UTF-8").out == ""
    assert cli.ok("doctor", "-o", "yaml").out.startswith("summary:\n  ok: ")


def test_a_store_that_is_not_there_is_not_made(cli, look):
    assert look()["store"] == [("warn", f"there is no store at {cli.store} yet", "the first apply makes it")]
    assert not cli.store.exists()


def test_what_can_be_no_store_fails(cli, look):
    cli.write("file", "text")
    found = look("--store", "file", code=1)
    assert found["store"][0][:2] == (
        "fail",
        f"{cli.directory}/file cannot be a store: {cli.directory}/file is no directory",
    )
    found = look("--store", "nosuch:x", code=1)
    assert found["store"][0][0] == "fail"
    assert look("--store", "memory:")["store"] == [("ok", "memory: can be read", "")]
    assert look("--store", f"file:{cli.directory}/no")["store"][0][0] == "warn"


def test_a_file_that_cannot_be_read_is_told_with_its_remedy(cli, look, manifest):
    cli.ok("apply", "-f", cli.write("a.yaml", manifest("a")))
    (cli.store / "agent/default/a.json").write_text("{")
    assert cli("get", "agents").code == 0
    ((status, message, remedy),) = look()["problems"]
    assert status == "warn"
    assert str(cli.store / "agent/default/a.json") in message
    assert remedy


def test_many_problems_are_counted(cli, look, manifest):
    cli.ok("apply", "-f", cli.write("a.yaml", "---\n".join(manifest(f"a{n}") for n in range(9))))
    for n in range(9):
        (cli.store / f"agent/default/a{n}.json").write_text("{")
    cli("get", "agents")
    found = look()["problems"]
    assert len(found) == 6
    assert found[-1][:2] == ("warn", "and 4 more")


def test_resources_of_a_kind_that_is_gone(cli, look, make):
    cli.ok("apply", "-f", cli.write("crd.json", json.dumps(make.definition())))
    source = {"apiVersion": "acme.io/v1", "kind": "DataSource", "metadata": {"name": "s"}, "spec": {}}
    cli.ok("apply", "-f", cli.write("s.json", json.dumps(source)))
    (cli.store / "customresourcedefinition/_cluster/datasources.acme.io.json").unlink()
    cli("get", "agents")
    found = look()["schemas"]
    assert ("warn", "1 of the kind datasource.acme.io, which nothing defines any more") in [
        f[:2] for f in found
    ]


def test_a_definition_that_makes_no_sense(cli, look, make):
    cli.ok("apply", "-f", cli.write("crd.json", json.dumps(make.definition())))
    path = cli.store / "customresourcedefinition/_cluster/datasources.acme.io.json"
    document = json.loads(path.read_text())
    del document["spec"]["names"]
    path.write_text(json.dumps(document))
    cli("get", "agents")
    found = look()["problems"]
    assert found[0][0] == "warn"
    assert "datasources.acme.io" in found[0][1]
    assert "names" in found[0][1]


def test_resources_that_no_longer_fit(cli, look, make):
    crd = make.definition()
    cli.ok("apply", "-f", cli.write("crd.json", json.dumps(crd)))
    source = {
        "apiVersion": "acme.io/v1",
        "kind": "DataSource",
        "metadata": {"name": "s"},
        "spec": {"url": "x"},
    }
    cli.ok("apply", "-f", cli.write("s.json", json.dumps(source)))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["url"]["minLength"] = 5
    cli.ok("apply", "-f", cli.write("crd.json", json.dumps(crd)))
    ((status, message, _),) = look()["schemas"]
    assert status == "warn"
    assert message.startswith("datasource.acme.io/default/s does not fit its schema any more: .spec.url: ")


def test_settings_that_cannot_be_used_fail_with_their_file(cli, look):
    path = cli.write(".mastractl.yaml", "stor: x\n")
    found = look(code=1)
    assert found["settings"] == [("fail", f"{path}:1: unknown key 'stor'", "did you mean 'store'?")]
    assert "store" not in found


def test_a_file_from_the_future_and_an_open_directory(cli, look, manifest):
    cli.ok("apply", "-f", cli.write("a.yaml", manifest("a")))
    path = cli.store / "agent/default/a.json"
    ahead = path.stat().st_mtime + 7200
    os.utime(path, (ahead, ahead))
    (cli.store / ".mastractl").chmod(0o755)
    found = look()
    assert found["clock"][0][0] == "warn"
    assert "minutes newer than now" in found["clock"][0][1]
    assert (
        "warn",
        f"others may look into {cli.store}/.mastractl",
        f"chmod 700 {cli.store}/.mastractl",
    ) in found["permissions"]


def test_a_locale_without_utf8_is_mentioned(look):
    assert look(LC_ALL="C")["terminal"][1][0] == "warn"
    assert look(LC_ALL="de_DE.UTF-8")["terminal"][1][0] == "ok"


def test_plugins_are_counted(cli, look):
    cli.write("bin/mastractl-x", "#!/bin/sh\n").chmod(0o755)
    cli.write("bin/mastractl-y", "#!/bin/sh\n").chmod(0o644)
    found = look(PATH=str(cli.directory / "bin"))["plugins"]
    assert found[0] == ("ok", "2 on PATH", "")
    assert found[1][0] == "warn"


def test_the_limits_on_watching_and_what_is_used_of_them(cli, look, manifest):
    cli.ok("apply", "-f", cli.write("a.yaml", manifest("a")))
    told = look().get("watching", [("", "", "")])[0][1]
    found = allowance()
    if sys.platform == "linux":
        assert told.startswith("4 directories to watch; ")
        assert min(found.watches, found.instances) > 0
    else:
        assert (told, found) == ("", None)
