"""What a server says of itself, and what its settings promise of the commits it acknowledges."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from redis import exceptions as driver

from mastractl.engines.contract import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mastractl.engines.redis.address import Address
    from mastractl.engines.redis.wire import Link

SETTINGS = ("appendonly", "appendfsync", "save", "maxmemory", "maxmemory-policy", "min-replicas-to-write")

UNKNOWN = "unknown, the server does not tell"


class Life(NamedTuple):
    """One life of a server, from its start to its end: `run` is its name, "" where it does not tell.

    `durable`: what it acknowledged is on the disk. `lossy`: when it begins anew, here or as the replica
    that was promoted, it may have forgotten what was acknowledged. `settings` are those of `SETTINGS` that
    it tells, `facts` what INFO says.
    """

    run: str
    durable: bool
    lossy: bool
    settings: dict[str, str]
    facts: dict[str, str]


def life(link: Link) -> Life:
    """Ask the server, which may refuse to tell."""
    facts = _told(partial(_facts, link, "SERVER")) | _told(partial(_facts, link, "REPLICATION"))
    settings = _told(partial(_settings, link, "append*"))
    durable = settings.get("appendonly") == "yes" and settings.get("appendfsync") == "always"
    promoted = facts.get("master_replid2", "0").strip("0") != ""
    return Life(
        run=facts.get("run_id", ""),
        durable=durable,
        lossy=not durable or promoted,
        settings=settings,
        facts=facts,
    )


def full(link: Link) -> Life:
    """As `life`, with all that `health` tells of."""
    found = life(link)
    for section in ("MEMORY", "PERSISTENCE", "CLUSTER"):
        found.facts.update(_told(partial(_facts, link, section)))
    for name in SETTINGS:
        found.settings.update(_told(partial(_settings, link, name)))
    return found


def writable(found: Life) -> bool:
    """Whether the server takes writes now."""
    return found.facts.get("role") != "slave" and not any(_stops(found))


def details(found: Life, address: Address) -> Iterator[tuple[str, str]]:
    """Facts for people, name and value."""
    facts, settings = found.facts, found.settings
    yield "server", _server(facts)
    yield "role", {"slave": "replica", "master": "primary"}.get(facts.get("role", ""), UNKNOWN)
    yield "mode", facts.get("redis_mode") or facts.get("server_mode", UNKNOWN)
    yield "database", str(address.database)
    yield "prefix", address.prefix
    if most := int(facts.get("maxmemory", 0)):
        yield "memory used", f"{int(facts.get('used_memory', 0)) / most:.0%} of maxmemory"
    for name in SETTINGS:
        yield name, settings.get(name, UNKNOWN)
    yield "durability", _durability(found)
    replicas = facts.get("connected_slaves", "0")
    loses = "asynchronous: a failover may lose the newest acknowledged commits"
    yield "replication", f"{loses}; {replicas} replicas are connected"


def problems(found: Life, shown: str) -> Iterator[Problem]:
    """What in the server's settings endangers the store, and what to change.

    That a server is less than durable is no problem but a choice, and said in the details.
    """
    policy = found.settings.get("maxmemory-policy", "noeviction")
    if policy.startswith("allkeys"):  # volatile-* takes only what has a TTL, and nothing of ours has
        yield Problem(
            "",
            shown,
            f"maxmemory-policy is {policy}: a server that is short of memory would throw the store away",
            "CONFIG SET maxmemory-policy noeviction, and in the server's configuration; or use a server "
            "that is no cache",
        )
    for message, hint in _stops(found):
        yield Problem("", shown, message, hint)


def _stops(found: Life) -> Iterator[tuple[str, str]]:
    """Why the server takes no writes at present, and what to do."""
    facts, settings = found.facts, found.settings
    if facts.get("aof_last_write_status", "ok") != "ok":
        yield (
            "the last write to the append-only file failed",
            "make space where the server keeps its data; its log says what failed",
        )
    if facts.get("rdb_last_bgsave_status", "ok") != "ok" and settings.get("save"):
        yield "the last snapshot failed", "the server's log says why"
    most, used = int(facts.get("maxmemory", 0)), int(facts.get("used_memory", 0))
    if 0 < most < used:
        yield f"the memory is full: {used} bytes are used, maxmemory is {most}", "raise maxmemory, or compact"
    wanted, there = int(settings.get("min-replicas-to-write", 0)), facts.get("min_slaves_good_slaves", "")
    if there and int(there) < wanted:
        yield (
            f"{there} replicas are connected, min-replicas-to-write is {wanted}",
            "bring the replicas back, or lower the setting",
        )


def _durability(found: Life) -> str:
    if found.durable:
        return "every acknowledged commit is on the disk (appendonly yes, appendfsync always)"
    if "appendonly" not in found.settings:
        return UNKNOWN + ": taken as not durable"
    if found.settings["appendonly"] != "yes":
        kept = f"snapshots ({found.settings['save']})" if found.settings.get("save") else "nothing"
        return f"a restart keeps {kept}; for more: appendonly yes, appendfsync always"
    window = "a second" if found.settings.get("appendfsync") == "everysec" else "half a minute"
    return f"a crash may lose the commits of {window}; for more: appendfsync always"


def _server(facts: dict[str, str]) -> str:
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}" if "redis_version" in facts else UNKNOWN


def _told(ask: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What the server tells, or nothing if it may not be asked: managed ones refuse CONFIG, ACLs INFO."""
    try:
        return ask()
    except (driver.ResponseError, driver.NoPermissionError):
        return {}


def _facts(link: Link, section: str) -> dict[str, str]:
    told: bytes = link.ask("INFO", section)
    pairs = (line.partition(":") for line in told.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in pairs if colon}


def _settings(link: Link, pattern: str) -> dict[str, str]:
    words = [word.decode(errors="replace") for word in link.ask("CONFIG", "GET", pattern)]
    return dict(zip(words[::2], words[1::2], strict=True))
