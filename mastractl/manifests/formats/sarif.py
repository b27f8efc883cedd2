"""Diagnostics as SARIF 2.1.0 (OASIS), which code scanning of GitHub and others and many editors read.

A rule is a code of ours, with its explanation. Paths are relative to %SRCROOT%, the root of the repository,
which a reader knows better than we do. Columns count characters, not UTF-16 units.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mastractl.errors import format_path
from mastractl.manifests.codes import CODES, name_of
from mastractl.manifests.formats.fingerprints import NAME, fingerprinted
from mastractl.manifests.formats.pieces import listed
from mastractl.manifests.formats.places import in_repository
from mastractl.manifests.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mastractl.manifests.diagnostics import Diagnostic, Run
    from mastractl.values import JsonObject

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"


def write(found: Sequence[Diagnostic], run: Run) -> Iterator[str]:
    """One SARIF log with one run."""
    codes = sorted({each.code for each in found})
    driver = {
        "name": "mastractl",
        "version": run.version,
        "rules": [_rule(code) for code in codes],
    }
    head = {"$schema": SCHEMA, "version": "2.1.0"}
    yield json.dumps(head, indent=2)[:-2] + ',\n  "runs": [\n    {\n      "tool": '
    yield json.dumps({"driver": driver}, indent=2).replace("\n", "\n      ")
    yield ',\n      "columnKind": "unicodeCodePoints",\n      "results": '
    numbers = {code: number for number, code in enumerate(codes)}
    results = (_result(each, print_, numbers, run) for each, print_ in fingerprinted(found, run))
    yield from listed(results, depth=3)
    yield "\n    }\n  ]\n}\n"


def _rule(code: str) -> JsonObject:
    known = CODES.get(code)
    text = known.text if known else code
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in name_of(code).split("-")),
        "shortDescription": {"text": name_of(code).replace("-", " ")},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} See also: mastractl explain-error {code}"},
    }


def _result(found: Diagnostic, fingerprint: str, numbers: dict[str, int], run: Run) -> JsonObject:
    message = visible(found.message) + (f" (help: {visible(found.hint)})" if found.hint else "")
    result: JsonObject = {
        "ruleId": found.code,
        "ruleIndex": numbers[found.code],
        "level": found.severity,
        "message": {"text": message},
        "locations": _locations(found, run),
        "partialFingerprints": {NAME: fingerprint},
    }
    if found.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _physical(other.source, run)
                | (_point(other.line, other.column) if other.line else {}),
                "message": {"text": visible(other.message)},
            }
            for number, other in enumerate(found.related)
            if other.source
        ]
    return result


def _locations(found: Diagnostic, run: Run) -> list[JsonObject]:
    location: JsonObject = {}
    if found.source:
        location["physicalLocation"] = _physical(found.source, run) | _region(found)
    if found.path:
        name = visible(format_path(found.path))
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
    return [location] if location else []


def _physical(source: str, run: Run) -> dict[str, Any]:
    path = in_repository(source, run)
    if path.startswith("/"):
        return {"artifactLocation": {"uri": "file://" + _encoded(path)}}
    return {"artifactLocation": {"uri": _encoded(path or source), "uriBaseId": ROOT}}


def _encoded(path: str) -> str:
    """A path as a URI reference (RFC 3986): whatever is not plain in one is written as its bytes."""
    try:
        return quote(path.encode(errors="surrogateescape"), safe="/")
    except UnicodeEncodeError:  # no name that this system gave out
        return quote(path.encode(errors="surrogatepass"), safe="/")


def _point(line: int, column: int) -> JsonObject:
    return {"region": {"startLine": line, "startColumn": max(column, 1)}}


def _region(found: Diagnostic) -> JsonObject:
    if not found.line:
        return {}
    column = max(found.column, 1)
    region = {
        "startLine": found.line,
        "startColumn": column,
        "endLine": found.line,
        "endColumn": max(found.end_column, column),
    }
    if found.excerpt is None or found.excerpt.offset or found.excerpt.more:
        return {"region": region}
    line = {"startLine": found.line, "snippet": {"text": visible(found.excerpt.text)}}
    return {"region": region, "contextRegion": line}
