"""What an answer of etcd means for a commit and for a read: certainly not written, or unknown."""

from __future__ import annotations

import json

import pytest

from mastractl import errors
from mastractl.engines.etcd import faults


def said(code, message):
    """As the gateway puts it."""
    return json.dumps({"error": message, "code": code, "message": message}).encode()


CERTAIN = [
    (3, "etcdserver: request is too large", errors.TooLarge),
    (8, "grpc: received message larger than max (2200011 vs. 2097152)", errors.TooLarge),
    (3, "etcdserver: too many operations in txn request", errors.TooLarge),
    (8, "etcdserver: mvcc: database space exceeded", errors.StorageFull),
    (7, "etcdserver: permission denied", errors.Forbidden),
    (3, "etcdserver: authentication failed, invalid user ID or password", errors.StorageConnectionError),
    (3, "etcdserver: user name is empty", errors.StorageConnectionError),
    (16, "etcdserver: invalid auth token", errors.StorageConnectionError),
    (14, "etcdserver: no leader", errors.Unavailable),
    (8, "etcdserver: too many requests", errors.Unavailable),
    (14, "etcdserver: not capable", errors.Unavailable),
    (14, "etcdserver: unhealthy cluster", errors.Unavailable),
    (14, "etcdserver: rpc not supported for learner", errors.Unavailable),
    (15, "etcdserver: corrupt cluster", errors.StorageValidationError),
]
UNKNOWN = [
    (14, "etcdserver: request timed out"),
    (14, "etcdserver: request timed out, possibly due to previous leader failure"),
    (14, "etcdserver: request timed out, possibly due to connection lost"),
    (14, "etcdserver: leader changed"),
    (14, "etcdserver: server stopped"),
    (1, "context canceled"),
    (4, "context deadline exceeded"),
    (14, "transport is closing"),
    (13, "something that no version has said yet"),
]


@pytest.mark.parametrize(("code", "message", "error"), CERTAIN)
@pytest.mark.parametrize("wrote", [False, True])
def test_a_refusal_is_certain(code, message, error, wrote):
    meaning = faults.meaning(503, said(code, message), "etcd://h/x", wrote=wrote)
    assert type(meaning) is error
    assert "etcd://h/x" in meaning.message
    assert meaning.hint


@pytest.mark.parametrize(("code", "message"), UNKNOWN)
def test_a_proposal_that_timed_out_may_still_be_applied(code, message):
    commit = faults.meaning(503, said(code, message), "etcd://h/x", wrote=True)
    assert type(commit) is errors.UnknownOutcome
    assert "read" in commit.hint
    assert type(faults.meaning(503, said(code, message), "etcd://h/x", wrote=False)) is errors.Unavailable


def test_an_error_in_a_stream_is_understood_too():
    stream = json.dumps({"error": {"grpc_code": 7, "message": "etcdserver: permission denied"}}).encode()
    assert type(faults.meaning(403, stream, "etcd://h/x", wrote=False)) is errors.Forbidden
