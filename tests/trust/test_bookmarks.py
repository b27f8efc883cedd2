"""Bookmarks that are not of this store, or not of its present: whoever has one is told, and never waits.

etcd: a watch from a future revision (#20221).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mastractl import errors
from mastractl.engines.contract import Put
from mastractl.engines.feed import watch
from mastractl.testing.engine_tests.foundation import document, drain
from tests.trust.stores import STORES

KEY = "rec/run/a"
FILES = [kind for kind in STORES if not kind.server]


def write(engine, count):
    for _ in range(count):
        engine.commit([Put(KEY, document(engine.revision()))])


@pytest.mark.parametrize("further", [1, 9], ids=["behind the bookmark", "beyond the bookmark"])
def test_a_bookmark_of_another_store_on_the_same_server(place, tmp_path, further):
    one, other = place.open(), place.kind.new(tmp_path).open()
    write(one, 5)
    write(other, further)
    with watch(other, since=5, identity=one.identity) as feed, pytest.raises(errors.Expired):
        feed.take(30)
    one.close()
    other.close()


@pytest.mark.parametrize("kind", FILES, ids=[kind.name for kind in FILES])
def test_a_store_that_was_put_back_from_a_copy_has_not_come_so_far(kind, tmp_path):
    """The same store by its identity, at an earlier revision: the bookmark is of a future that is gone."""
    place = kind.new(tmp_path)
    path, copy = Path(place.url.partition(":")[2]), tmp_path / "copy"
    engine = place.open()
    write(engine, 3)
    engine.close()
    (shutil.copytree if path.is_dir() else shutil.copy)(path, copy)
    engine = place.open()
    write(engine, 3)
    with watch(engine, since=0) as feed:
        assert len(drain(feed)) == 6
        bookmark, identity = feed.revision, engine.identity
    engine.close()
    if path.is_dir():
        shutil.rmtree(path)
    else:
        for left in path.parent.glob(path.name + "*"):
            left.unlink()
    copy.rename(path)
    engine = place.open()
    assert (engine.identity, engine.revision()) == (identity, 3)
    with watch(engine, since=bookmark, identity=identity) as feed, pytest.raises(errors.FutureRevision):
        feed.take(30)
    engine.close()
