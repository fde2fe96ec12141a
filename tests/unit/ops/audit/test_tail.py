"""`tail -f` goes on through what time cures, and ends at what it does not."""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime

import pytest
from botocore.exceptions import ClientError

from ops.audit.tail import Follower, keep_following
from ops.errors import CommandError
from shared.audit_log.record import Record
from shared.lambda_runtime.aws import translated
from tests.fakes.clock import FakeClock
from tests.fakes.outcomes import a_record, an_upload, copied


class EnoughError(Exception):
    """The test has seen what it wanted."""


class FakeIndex:
    """An index that answers each look as its script says: with an AWS error's code, or with a record of that key."""

    def __init__(self, clock: FakeClock, *script: ClientError | str) -> None:
        self._clock = clock
        self._script = iter(script)

    def by_time(self, since: datetime, until: datetime, *, newest_first: bool = True) -> Iterator[Record]:
        answer = next(self._script, None)
        if answer is None:
            raise EnoughError
        if isinstance(answer, ClientError):
            with translated("dynamodb:Query", "audit/index/ByDay"):
                raise answer
        yield a_record(copied(an_upload(key=answer), finished_at=self._clock()))


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Query")


@pytest.fixture
def shown() -> list[str]:
    return []


def follow(*script: ClientError | str, shown: list[str]) -> list[float]:
    """Follow an index with this script to its end; how long it waited before each look."""
    clock = FakeClock()
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        clock.sleep(seconds)

    def show(records: Iterable[Record]) -> None:
        shown.extend(record.object_key for record in records)

    with pytest.raises(EnoughError):
        keep_following(Follower(FakeIndex(clock, *script), lambda _: True, clock), show, sleep)
    return waited


def test_what_comes_is_shown_every_two_seconds(shown: list[str]) -> None:
    assert follow("a", "b", "c", shown=shown) == [2, 2, 2, 2]
    assert shown == ["a", "b", "c"]


def test_a_throttled_look_is_told_and_tried_again_ever_later(
    shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    throttled = refused("ThrottlingException")
    assert follow(throttled, throttled, "a", "b", throttled, shown=shown) == [2, 4, 8, 2, 2, 4]
    assert shown == ["a", "b"]
    assert capsys.readouterr().err.splitlines() == [
        f"ThrottlingException: dynamodb:Query on audit/index/ByDay: no; trying again in {seconds} s"
        for seconds in (4, 8, 4)
    ]


def test_it_never_waits_longer_than_half_a_minute(shown: list[str]) -> None:
    assert max(follow(*[refused("InternalServerError")] * 9, shown=shown)) == 30


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredTokenException", "the AWS credentials have expired"),
        ("AccessDeniedException", "AccessDenied: dynamodb:Query on audit/index/ByDay"),
        ("ResourceNotFoundException", "is it a copytrail audit table, and still there?"),
    ],
)
def test_what_only_a_person_can_cure_ends_it(code: str, said: str) -> None:
    clock = FakeClock()
    follower = Follower(FakeIndex(clock, "a", refused(code)), lambda _: True, clock)
    with pytest.raises(CommandError, match=said.replace("?", r"\?")):
        keep_following(follower, deque[Record](maxlen=0).extend, clock.sleep)
