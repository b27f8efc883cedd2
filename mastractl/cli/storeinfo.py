"""What there is to say of a store as a whole, for `store info`."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from mastractl import storeurl
from mastractl.cli.checkup import contents, place
from mastractl.cli.printers.layout import Layout
from mastractl.cli.whereabouts import directory_of
from mastractl.resources.columns import harmless

if TYPE_CHECKING:
    from mastractl.cli.places import Place
    from mastractl.engines.contract import Engine
    from mastractl.values import JsonObject

_PAGE = 500
_RESOURCES = "res"


def gathered(engine: Engine, where: Place) -> JsonObject:
    """All of it as one document, without a secret. Reads every key."""
    from mastractl.migrate.marker import unfinished  # noqa: PLC0415 - only with a store

    health = engine.health()
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", where.store)
    details = [{"name": name, "value": value} for name, value in health.details]
    if path := directory_of(where.store):
        details.append({"name": "database size", "value": place.size(contents.database_bytes(path))})
    spaces = _spaces(engine)
    return {
        "store": where.shown,
        "engine": scheme[1].lower() if scheme else "file",
        "wrappers": list(storeurl.options(where.store)[1]),
        "identity": engine.identity,
        "revision": health.revision,
        "compacted": health.compacted,
        "logRevisions": health.revision - health.compacted,
        "writable": health.writable,
        "entries": sum(spaces.values()),
        "spaces": [{"name": name, "entries": count} for name, count in sorted(spaces.items())],
        "capabilities": engine.capabilities._asdict(),
        "details": details,
        "unfinishedCopies": [
            {"source": m.source, "stage": m.stage, "history": m.history} for m in unfinished(engine)
        ],
        "problems": [problem._asdict() for problem in health.problems],
    }


def text(document: JsonObject) -> str:
    """The document as people read it."""
    rows = [
        ["Store:", document["store"]],
        ["Engine:", _engine_line(document)],
        ["Identity:", document["identity"]],
        ["Revision:", str(document["revision"])],
        ["Log:", f"{document['logRevisions']} revisions, after revision {document['compacted']}"],
        ["Writable:", "yes" if document["writable"] else "no"],
        ["Promises:", _promises(document["capabilities"])],
    ]
    rows += [[f"{_title(d['name'])}:", harmless(str(d["value"]))] for d in document["details"]]
    rows.append(["Entries:", str(document["entries"])])
    rows += [[f"  {harmless(space['name'])}", str(space["entries"])] for space in document["spaces"]]
    shown = Layout().lines(rows)
    for copy in document["unfinishedCopies"]:
        shown += f"Unfinished copy of the store {copy['source']}\n"
        shown += "  => run that copy again; nobody may write here until it is finished\n"
    for problem in document["problems"]:
        where = f"{problem['location']}: " if problem["location"] else ""
        shown += f"Problem: {where}{problem['message']}\n"
        shown += f"  => {problem['hint']}\n" if problem["hint"] else ""
    return shown


def _spaces(engine: Engine) -> Counter[str]:
    """How many keys there are in each space, and of resources by kind."""
    counts: Counter[str] = Counter()
    after = ""
    while True:
        page = engine.range("", limit=_PAGE, after=after)
        for entry in page.entries:
            first, _, rest = entry.key.partition("/")
            counts[f"{first}/{rest.partition('/')[0]}" if first == _RESOURCES else first] += 1
        after = page.next
        if not after:
            return counts


def _engine_line(document: JsonObject) -> str:
    wrapped = f" ({', '.join(document['wrappers'])})" if document["wrappers"] else ""
    return f"{document['engine']}{wrapped}"


def _promises(capabilities: dict[str, Any]) -> str:
    words = [
        "durable" if capabilities["durable"] else "not durable",
        "several processes" if capabilities["multi_process"] else "one process",
    ]
    words += ["external edits"] if capabilities["external_edits"] else []
    words += ["watches wake at once" if capabilities["push_watch"] else "watches look now and then"]
    words += ["expiry"] if capabilities["ttl"] else []
    words.append(f"values to {place.size(capabilities['max_value'])}")
    if capabilities["max_commit"]:
        words.append(f"commits to {capabilities['max_commit']} operations")
    return ", ".join(words)


def _title(name: str) -> str:
    return harmless(name[:1].upper() + name[1:])
