"""`store backup`, `restore`, `check`, `compact` and `info`."""

from __future__ import annotations

import io
import json
import re
import sqlite3

import pytest


@pytest.fixture
def kitchen(cli, manifest):
    """A store with a little history, in force."""
    cli.ok("apply", "-f", "-", stdin=manifest("cook") + "---\n" + manifest("waiter"))
    for number in range(3):
        cli.ok("patch", "agent", "cook", "-p", json.dumps({"spec": {"instructions": f"Cook {number}."}}))
    return cli


def names(cli, store):
    return cli.ok("get", "agents", "-o", "name", "--store", store).lines


def test_a_backup_comes_back(kitchen):
    done = kitchen.ok("store", "backup", "b.gz")
    assert done.out == (
        f"backed up {kitchen.store} at revision 4 to b.gz: 4 entries with 4 commits of history (10 changes)\n"
    )
    assert (kitchen.directory / "b.gz").stat().st_mode & 0o777 == 0o600
    done = kitchen.ok("store", "restore", "b.gz", "--store", "other")
    assert re.match(r"restored b\.gz \(revision 4, 20\S+Z\) into \S+/other\n4 commits replayed\n", done.out)
    assert names(kitchen, "other") == ["agent.mastra.ai/cook", "agent.mastra.ai/waiter"]
    history = kitchen.ok("rollout", "history", "agent/cook", "--store", "other").lines
    assert len(history) == 6
    assert "nothing to restore" in kitchen.ok("store", "restore", "b.gz", "--store", "other").out


def test_for_programs(kitchen):
    done = kitchen.ok("store", "backup", "b", "-o", "json").json
    assert (done["revision"], done["standing"], done["history"]) == (4, 4, True)
    done = kitchen.ok("store", "restore", "b", "--store", "other", "-o", "json").json
    assert done["backup"]["identity"]
    assert done["wrote"]["commits"] == 4


def test_restoring_over_what_is_there(kitchen, manifest):
    kitchen.ok("store", "backup", "b", "--no-history")
    kitchen.ok("apply", "-f", "-", stdin=manifest("guest"))
    done = kitchen("store", "restore", "b")
    assert done.code == 5
    assert "--force" in done.err
    done = kitchen.ok("store", "restore", "b", "--force")
    assert "4 entries written, in one commit" in done.out or "2 entries removed" in done.out
    assert names(kitchen, kitchen.store) == ["agent.mastra.ai/cook", "agent.mastra.ai/waiter"]


def test_an_edited_backup_is_refused_and_nothing_written(kitchen):
    kitchen.ok("store", "backup", "b")
    path = kitchen.directory / "b"
    path.write_text(path.read_text().replace("Cook 1.", "Cook 9."))
    done = kitchen("store", "restore", "b", "--store", "other")
    assert done.code == 1
    assert "error: b is not a whole backup: its contents are not what its last line says" in done.err
    assert not (kitchen.directory / "other").exists()


def test_a_backup_that_is_not_there(kitchen):
    done = kitchen("store", "restore", "nowhere.gz")
    assert done.code == 1
    assert done.err == "error: cannot read nowhere.gz: No such file or directory\n"
    done = kitchen("store", "backup", "no/such/place")
    assert done.code == 1
    assert "cannot write no/such/place: No such file or directory" in done.err


def test_by_way_of_a_pipe(kitchen):
    class Pipe(io.TextIOWrapper):
        def __init__(self):
            super().__init__(io.BytesIO(), write_through=True)

    pipe = Pipe()
    kitchen("store", "backup", "-", stdout=pipe)
    data = pipe.buffer.getvalue()
    assert json.loads(data.splitlines()[0])["mastractl"] == "backup"
    kitchen.ok("store", "restore", "-", "--store", "other", stdin=data)
    assert names(kitchen, "other") == ["agent.mastra.ai/cook", "agent.mastra.ai/waiter"]
    done = kitchen("store", "restore", "-", "--store", "third", stdin=data[:-20])
    assert "error: standard input is not a whole backup" in done.err


def test_a_backup_is_not_for_a_terminal(kitchen):
    assert kitchen("store", "backup", "-", tty=True).code == 2


def test_a_store_in_order(kitchen):
    done = kitchen.ok("store", "check")
    assert done.lines == [
        (
            f"looked at {kitchen.store} from revision 0 to 4: 4 entries, 4 commits, 10 changes; "
            "the engine's own accounts"
        ),
        "all of it agrees",
    ]
    document = kitchen.ok("store", "check", "-o", "json").json
    assert document["flaws"] == []
    assert document["looked"]["commits"] == 4


def test_a_store_that_was_tampered_with(kitchen):
    with sqlite3.connect(kitchen.store / ".mastractl" / "state.db") as connection:
        connection.execute(
            "UPDATE log SET created_rev = 3 WHERE id = (SELECT max(id) FROM log WHERE key LIKE 'own/%')"
        )
    connection.close()
    done = kitchen("store", "check")
    assert done.code == 1
    assert "flaw: own/agent/default/cook: revision 4: its key was made in revision 3, not in 1" in done.out
    assert re.search(r"^\d+ flaws?$", done.lines[-1])


def test_compacting(kitchen):
    assert kitchen.ok("store", "compact", "--keep", "2", "--dry-run").out == (
        "2 revisions would be forgotten; the log begins after revision 2\n"
    )
    assert kitchen.ok("store", "info", "-o", "json").json["compacted"] == 0
    assert kitchen.ok("store", "compact", "--keep", "2").out == (
        "2 revisions forgotten; the log begins after revision 2\n"
    )
    assert kitchen.ok("store", "compact", "--before", "4", "-o", "json").json["compacted"] == 3
    assert kitchen.ok("store", "compact", "--older-than", "7d").out.startswith("0 revisions forgotten")
    assert kitchen.ok("store", "compact", "--older-than", "0s").out.startswith("1 revision forgotten")
    assert "the log was compacted" in kitchen.ok("rollout", "history", "agent/cook").err


@pytest.mark.parametrize(
    "flags", [[], ["--keep", "1", "--before", "2"], ["--keep", "-1"], ["--older-than", "soon"]]
)
def test_compacting_needs_to_be_told_how_far(kitchen, flags):
    assert kitchen("store", "compact", *flags).code == 2


def test_compacting_before_what_is_not_yet(kitchen):
    done = kitchen("store", "compact", "--before", "99")
    assert done.code == 1
    assert "ahead of the store" in done.err


def test_info(kitchen):
    document = kitchen.ok("store", "info", "-o", "json").json
    assert document["store"] == str(kitchen.store)
    assert document["engine"] == "file"
    assert document["revision"] == document["logRevisions"] == 4
    assert document["spaces"] == [{"name": "own", "entries": 2}, {"name": "res/agent", "entries": 2}]
    assert document["capabilities"]["durable"]
    assert document["writable"]
    shown = kitchen.ok("store", "info").out
    assert re.search(r"^Log: +4 revisions, after revision 0$", shown, re.MULTILINE)
    assert re.search(r"^  res/agent +2$", shown, re.MULTILINE)
    assert "engine: file\n" in kitchen.ok("store", "info", "-o", "yaml").out


def test_info_tells_of_problems(kitchen):
    (kitchen.store / "agent" / "default" / "cook.json").write_text("{")
    shown = kitchen.ok("store", "info").out
    assert "Problem: " in shown
    assert "cook.json" in shown


@pytest.mark.parametrize(
    "line", [["info"], ["check"], ["backup", "b"], ["compact", "--keep", "1"], ["check", "--repair"]]
)
def test_a_store_that_is_not_there_is_not_made(cli, line):
    done = cli("store", *line)
    assert done.code == 1
    assert f"there is no store at {cli.store}" in done.err
    assert not cli.store.exists()


def test_a_key_encrypts_a_store(kitchen):
    kitchen.ok("store", "keygen", "kitchen.key")
    assert (kitchen.directory / "kitchen.key").stat().st_mode & 0o777 == 0o600
    done = kitchen("store", "keygen", "kitchen.key")
    assert done.code == 1
    assert "cannot write kitchen.key: File exists" in done.err
    url = "file:safe?encrypt=file:kitchen.key"
    kitchen.ok("store", "copy", "store", url)
    assert names(kitchen, url) == ["agent.mastra.ai/cook", "agent.mastra.ai/waiter"]
    assert kitchen.ok("store", "info", "-o", "json", "--store", url).json["wrappers"] == ["encrypt"]


def test_a_key_for_a_variable(kitchen):
    key = kitchen.ok("store", "keygen", "--name", "k1").out
    assert re.fullmatch(r"k1:[A-Za-z0-9_=-]+\n", key)
    assert kitchen("store", "keygen", "--name", "no name").code == 2


def test_the_options_of_a_context_count(kitchen):
    kitchen.ok("store", "keygen", "kitchen.key")
    document = {"contexts": {"safe": {"store": "file:safe", "options": {"encrypt": "file:kitchen.key"}}}}
    kitchen.write("config.json", json.dumps(document))
    kitchen.ok("store", "copy", "store", "safe", MASTRACTL_CONFIG=str(kitchen.directory / "config.json"))
    assert names(kitchen, "file:safe?encrypt=file:kitchen.key") == [
        "agent.mastra.ai/cook",
        "agent.mastra.ai/waiter",
    ]
