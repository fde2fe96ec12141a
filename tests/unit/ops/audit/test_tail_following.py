"""Who follows the index sees every record once, also those that come late, and remembers no more than it needs."""

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from ops.audit.tail import LATEST, Follower
from shared.audit_log.record import Record
from shared.errors import TransientError
from tests.fakes.clock import FakeClock
from tests.fakes.outcomes import a_record, an_upload, copied

LONG_AGO = timedelta(days=30)


class FakeIndex:
    """An index that records come to; it breaks off for as long as it is told to."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._arrivals: list[tuple[datetime, Record]] = []
        self.gives_before_it_breaks: int | None = None
        self.asked: list[tuple[datetime, datetime]] = []

    def add(self, key: str, *, finished_ago_s: float = 0, comes_in_s: float = 0) -> Record:
        """A record of what finished so long ago, that comes to the index later."""
        now = self._clock()
        record = a_record(copied(an_upload(key=key), finished_at=now - timedelta(seconds=finished_ago_s)))
        self._arrivals.append((now + timedelta(seconds=comes_in_s), record))
        return record

    def by_time(self, since: datetime, until: datetime, *, newest_first: bool = True) -> Iterator[Record]:
        self.asked.append((since, until))
        there = [record for comes_at, record in self._arrivals if comes_at <= self._clock()]
        there.sort(key=lambda record: (record.finished_at, record.log_id), reverse=newest_first)
        found = [record for record in there if since <= record.finished_at < until]
        yield from found[: self.gives_before_it_breaks]
        if self.gives_before_it_breaks is not None:
            raise TransientError("ThrottlingException", "too fast")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def index(clock: FakeClock) -> FakeIndex:
    return FakeIndex(clock)


@pytest.fixture
def follower(index: FakeIndex, clock: FakeClock) -> Follower:
    return Follower(index, lambda record: not record.object_key.startswith("unwanted"), clock)


def follow(follower: Follower, clock: FakeClock, seconds: float) -> list[str]:
    """The keys that looks every two seconds give."""
    seen: list[str] = []
    for _ in range(round(seconds / 2)):
        clock.sleep(2)
        with suppress(TransientError):
            seen.extend(record.object_key for record in follower.new())
    return seen


def test_it_begins_with_the_last_ones_oldest_first(index: FakeIndex, follower: Follower, clock: FakeClock) -> None:
    for minutes in (90, 60, 40, 5, 3):
        index.add(f"{minutes}", finished_ago_s=60 * minutes)
    index.add("unwanted", finished_ago_s=1)
    assert [record.object_key for record in follower.begin(4, clock() - LONG_AGO)] == ["60", "40", "5", "3"]
    assert follow(follower, clock, 120) == []


def test_it_begins_with_none_before_since(index: FakeIndex, follower: Follower, clock: FakeClock) -> None:
    index.add("before", finished_ago_s=7200)
    index.add("after", finished_ago_s=1800)
    assert [record.object_key for record in follower.begin(4, clock() - timedelta(hours=1))] == ["after"]


def test_asked_for_none_it_gives_none_of_what_was_there_before(
    index: FakeIndex, follower: Follower, clock: FakeClock
) -> None:
    index.add("there", finished_ago_s=30)
    assert follower.begin(0, clock() - LONG_AGO) == []
    index.add("new", comes_in_s=3)
    assert follow(follower, clock, 60) == ["new"]


def test_a_record_that_came_while_it_began_is_not_lost(index: FakeIndex, follower: Follower, clock: FakeClock) -> None:
    follower.begin(10, clock() - LONG_AGO)
    index.add("finished before the beginning", finished_ago_s=500, comes_in_s=1)
    assert follow(follower, clock, 2) == ["finished before the beginning"]


def test_every_record_that_comes_within_ten_minutes_is_given_once(
    index: FakeIndex, follower: Follower, clock: FakeClock
) -> None:
    # The clock of this machine is the one that the delays are told by.
    chance = random.Random(4)
    follower.begin(10, clock() - LONG_AGO)
    expected: list[str] = []
    seen: list[str] = []
    for number in range(1500):
        key = f"{number}{chance.choice(('', '', 'x'))}"
        lateness = chance.choice((0, 1, 5, 15, 30, 90, LATEST.total_seconds()))
        index.add(key, finished_ago_s=chance.uniform(0, lateness), comes_in_s=0)
        expected.append(key)
        index.gives_before_it_breaks = chance.choice((None, None, None, 0, 3))
        seen += follow(follower, clock, 2)
    index.gives_before_it_breaks = None
    seen += follow(follower, clock, 60)
    assert sorted(seen) == sorted(expected)


def test_what_comes_at_once_is_given_by_the_next_look(index: FakeIndex, follower: Follower, clock: FakeClock) -> None:
    follower.begin(10, clock() - LONG_AGO)
    follow(follower, clock, 20)
    for number in range(20):
        index.add(str(number), finished_ago_s=15)
        assert follow(follower, clock, 2) == [str(number)]


def test_a_look_that_fails_gives_what_it_had_and_the_next_gives_the_rest(
    index: FakeIndex, follower: Follower, clock: FakeClock
) -> None:
    follower.begin(10, clock() - LONG_AGO)
    follow(follower, clock, 60)
    for number in range(3):
        index.add(str(number), finished_ago_s=3 - number)
    index.gives_before_it_breaks = 2
    seen: list[Record] = []
    with pytest.raises(TransientError, match="too fast"):
        seen.extend(follower.new())
    assert [record.object_key for record in seen] == ["0", "1"]
    index.gives_before_it_breaks = None
    assert follow(follower, clock, 2) == ["2"]


def test_after_an_outage_it_gives_all_that_finished_meanwhile(
    index: FakeIndex, follower: Follower, clock: FakeClock
) -> None:
    follower.begin(10, clock() - LONG_AGO)
    index.gives_before_it_breaks = 0
    for number in range(12):
        index.add(str(number))
        assert follow(follower, clock, 300) == []
    index.gives_before_it_breaks = None
    assert follow(follower, clock, 2) == [str(number) for number in range(12)]


def test_it_remembers_and_reads_only_what_it_may_meet_again(
    index: FakeIndex, follower: Follower, clock: FakeClock
) -> None:
    follower.begin(10, clock() - LONG_AGO)
    remembered = []
    for number in range(900):
        index.add(str(number))
        follow(follower, clock, 4)
        remembered.append(len(follower._seen))  # noqa: SLF001 - how much it remembers is the point
    assert max(remembered) < (LATEST.total_seconds() + 60) / 4
    longest = max(clock() - since for since, _ in index.asked[-100:])
    assert longest < LATEST + timedelta(minutes=4)
