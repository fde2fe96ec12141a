"""An answer that costs is asked for no more often than it needs to be."""

import itertools

from ops.status.checks import Cache


class Question:
    def __init__(self) -> None:
        self._answers = itertools.count(1)

    def __call__(self) -> int:
        return next(self._answers)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_cached_for_its_time_and_then_asked_for_again() -> None:
    clock, ask = Clock(), Question()
    cache: Cache[int] = Cache(ttl_s=60, clock=clock)
    assert cache.get(ask) == 1
    clock.now += 59.9
    assert cache.get(ask) == 1
    clock.now += 0.1
    assert cache.get(ask) == 2


def test_an_answer_is_asked_for_again_when_things_have_changed() -> None:
    ask = Question()
    cache: Cache[int] = Cache(ttl_s=60, clock=Clock())
    assert [cache.get(ask, state=state) for state in (3, 3, 4, 3)] == [1, 1, 2, 3]


def test_the_last_answer_is_there_however_old_and_asks_nothing() -> None:
    clock, ask = Clock(), Question()
    cache: Cache[int] = Cache(ttl_s=60, clock=clock)
    assert cache.last is None
    cache.get(ask)
    clock.now += 10_000
    assert cache.last == 1


def test_an_answer_that_was_refused_is_asked_for_again_at_once() -> None:
    cache: Cache[int] = Cache(ttl_s=60, clock=Clock())

    def refused() -> int:
        raise ValueError

    for _ in range(2):
        try:
            cache.get(refused)
        except ValueError:
            continue
    assert cache.get(lambda: 7) == 7
