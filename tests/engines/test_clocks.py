from __future__ import annotations

import pytest

from mastractl.testing.clocks import START, FakeClock


def test_time_stands_still_until_it_is_moved():
    clock = FakeClock()
    assert (clock.now(), clock.now(), clock.monotonic()) == (START, START, 0)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (START + 1.5, 1.5)


def test_sleeping_lets_time_pass():
    clock = FakeClock(100)
    clock.sleep(2)
    clock.sleep(-1)
    assert (clock.now(), clock.monotonic()) == (102, 2)


def test_the_wall_clock_can_be_set_and_the_other_goes_on():
    clock = FakeClock(100)
    clock.advance(5)
    clock.set_now(50)
    assert (clock.now(), clock.monotonic()) == (50, 5)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
