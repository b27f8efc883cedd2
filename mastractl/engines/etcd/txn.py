"""Requests of etcd in the JSON of its gateway, put together as text: bytes are base64, numbers plain.

A transaction has `--max-txn-ops` operations at most, 128 unless it is set, and as many comparisons. But
an operation may be a transaction with a budget of its own: what its parent left over. So operations are
grouped, and thousands fit in one that is still atomic: 60 groups of 40 need a budget of 100, and 48 groups
of 40 groups of 40 one of 128.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_GROUP = 40
FLAT = 60
"""So many operations, or comparisons, need no groups."""

OVERHEAD = 40
"""The most bytes that an operation takes in a request, besides key and value: tags, lengths, a lease."""


def b64(data: bytes) -> str:
    """Bytes as the gateway takes them."""
    return b2a_base64(data, newline=False).decode()


def unb64(text: str) -> bytes:
    """Bytes as the gateway gave them."""
    return a2b_base64(text)


def put(key: bytes, value: bytes, lease: str = "") -> str:
    """Write a key."""
    held = f',"lease":"{lease}"' if lease else ""
    return f'{{"requestPut":{{"key":"{b64(key)}","value":"{b64(value)}"{held}}}}}'


def span(low: bytes, high: bytes | None = None, *, limit: int = 0, more: str = "") -> str:
    """What to read: one key, or all from `low` up to but not including `high`, in order of their bytes."""
    end = f',"range_end":"{b64(high)}"' if high else ""
    most = f',"limit":"{limit}"' if limit else ""
    return f'{{"key":"{b64(low)}"{end}{most}{more}}}'


KEYS_ONLY = ',"keys_only":true'


def read(low: bytes, high: bytes | None = None, *, limit: int = 0, more: str = "") -> str:
    """Read a `span`."""
    return f'{{"requestRange":{span(low, high, limit=limit, more=more)}}}'


def delete(low: bytes, high: bytes | None = None) -> str:
    """Remove a span of keys."""
    return f'{{"requestDeleteRange":{span(low, high)}}}'


def modified(key: bytes, revision: int) -> str:
    """If a key was last written at this revision of etcd; 0 if it does not exist."""
    return f'{{"key":"{b64(key)}","target":"MOD","result":"EQUAL","mod_revision":"{revision}"}}'


def created(key: bytes, revision: int) -> str:
    """If a key was made at this revision of etcd."""
    return f'{{"key":"{b64(key)}","target":"CREATE","result":"EQUAL","create_revision":"{revision}"}}'


def absent(key: bytes) -> str:
    """If a key does not exist."""
    return modified(key, 0)


def txn(success: Sequence[str], failure: Sequence[str] = (), compare: Sequence[str] = ()) -> str:
    """If all comparisons hold, the one, else the other, as one revision of etcd."""
    return (
        f'{{"compare":[{",".join(compare)}],"success":[{",".join(_grouped(success))}],'
        f'"failure":[{",".join(_grouped(failure))}]}}'
    )


def _grouped(operations: Sequence[str]) -> Sequence[str]:
    while len(operations) > FLAT:
        operations = [
            f'{{"requestTxn":{{"success":[{",".join(operations[first : first + _GROUP])}]}}}}'
            for first in range(0, len(operations), _GROUP)
        ]
    return operations


def ranges(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the reads of a transaction found, in their order."""
    for response in answer.get("responses", ()):
        if "response_range" in response:
            yield response["response_range"]
        elif "response_txn" in response:
            yield from ranges(response["response_txn"])
