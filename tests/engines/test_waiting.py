"""Waits end by this process's commits, by what a listener hears, and by looking once in a while."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mastractl import errors
from mastractl.engines.waiting import Waiting

LONG = 30.0


@pytest.fixture
def waiting_with():
    made = []

    def make(*arguments, **more):
        made.append(Waiting(*arguments, **more))
        return made[-1]

    yield make
    for waiting in made:
        waiting.close()


def test_a_wait_ends_when_this_process_commits(waiting_with):
    waiting = waiting_with(lambda: 0, poll=LONG)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(waiting.wait, 0, LONG)
        waiting.heard(1)
        assert ended.result(LONG / 2)
    assert waiting.wait(0, 0)
    assert not waiting.wait(1, 0)


def test_an_older_revision_is_no_news(waiting_with):
    waiting = waiting_with(lambda: 5)
    assert waiting.wait(4, 0)
    waiting.heard(3)
    assert waiting.wait(4, 0)


def test_without_a_listener_the_store_is_asked_again_and_again(waiting_with):
    asked = iter(range(100))
    waiting = waiting_with(lambda: next(asked), poll=0.001)
    assert waiting.wait(7, LONG)
    assert next(asked) == 9


def test_the_store_is_not_asked_more_often_than_said(waiting_with):
    asked = []
    waiting = waiting_with(lambda: asked.append(1) or 0, poll=LONG)
    for _ in range(5):
        assert not waiting.wait(0, 0.001)
    assert len(asked) == 1


def test_a_listener_is_started_by_the_first_wait_and_ended_by_close(waiting_with):
    started = []

    def listen(heard, stopped):
        started.append(threading.current_thread())
        heard(3)
        stopped.wait()

    waiting = waiting_with(lambda: 0, listen, poll=LONG)
    assert started == []
    assert waiting.wait(2, LONG)
    assert waiting.wait(2, LONG)
    waiting.close()
    (thread,) = started
    assert not thread.is_alive()


def test_a_listener_that_fails_is_started_again(waiting_with):
    tries = []

    def listen(heard, stopped):
        tries.append(time.monotonic())
        if len(tries) < 3:
            raise errors.StorageConnectionError("gone")
        heard(1)
        stopped.wait()

    waiting = waiting_with(lambda: 0, listen, poll=LONG)
    assert waiting.wait(0, LONG)
    assert len(tries) == 3
    assert tries[2] - tries[1] > tries[1] - tries[0] > 0


def test_an_error_of_the_look_is_the_callers(waiting_with):
    def present():
        raise errors.StorageConnectionError("the server is gone")

    with pytest.raises(errors.StorageConnectionError, match="gone"):
        waiting_with(present).wait(0, LONG)


@pytest.mark.parametrize("how", ["close", "the store is closed"])
def test_a_closed_store_ends_all_waits(waiting_with, how):
    def present():
        if how == "close":
            return 0
        raise errors.StorageClosed("closed")

    waiting = waiting_with(present, poll=LONG)
    with ThreadPoolExecutor(2) as pool:
        ended = [pool.submit(waiting.wait, 0, LONG) for _ in range(2)]
        if how == "close":
            waiting.close()
        assert [end.result(LONG / 2) for end in ended] == [False, False]


def test_a_listener_that_sleeps_is_roused_by_close():
    roused = threading.Event()

    def listen(heard, stopped):
        heard(1)
        roused.wait(LONG)
        assert stopped.is_set()

    waiting = Waiting(lambda: 0, listen, poll=LONG, rouse=roused.set)
    assert waiting.wait(0, LONG)
    waiting.close()
    assert roused.is_set()
    assert not waiting._thread.is_alive()
