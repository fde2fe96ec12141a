"""How fast things may go."""

import click
import pytest

from ops.aws.concurrency import Pace
from ops.params.numbers import Rate


class Seconds:
    """A clock of seconds that only a sleep moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def seconds_for(takes: list[int], *, per_second: float | None) -> float:
    clock = Seconds()
    pace = Pace(per_second, clock=clock, sleep=clock.sleep)
    for count in takes:
        pace.take(count)
    return clock.now


@pytest.mark.parametrize(
    ("takes", "per_second", "seconds"),
    [([1] * 101, 100, 1.0), ([10] * 11, 100, 1.0), ([1] * 3, 0.5, 4.0), ([10] * 1000, None, 0.0)],
)
def test_so_many_a_second_and_not_more(takes: list[int], per_second: float | None, seconds: float) -> None:
    assert seconds_for(takes, per_second=per_second) == pytest.approx(seconds)


def test_time_that_passed_unused_is_not_made_up_for() -> None:
    clock = Seconds()
    pace = Pace(10, clock=clock, sleep=clock.sleep)
    pace.take(1)
    clock.sleep(100)
    for _ in range(11):
        pace.take(1)

    assert clock.now == pytest.approx(101)


@pytest.mark.parametrize(("rate", "size"), [(0.1, 1), (1, 1), (4.5, 4), (10, 10), (300, 10)])
def test_a_slow_pace_has_small_groups(rate: float, size: int) -> None:
    [first, *_] = Pace(rate, sleep=lambda _: None).groups(range(20), 10)
    assert len(first) == size


def test_groups_come_whole_and_each_when_it_may() -> None:
    clock = Seconds()
    pace = Pace(4, clock=clock, sleep=clock.sleep)

    came = [(clock.now, group) for group in pace.groups(range(10), 10)]

    assert came == [(0.0, [0, 1, 2, 3]), (1.0, [4, 5, 6, 7]), (2.0, [8, 9])]


def test_a_rate_is_read() -> None:
    assert Rate().convert("0.5", None, None) == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1e-300", "1e999", "fast"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Rate().convert(text, None, None)
