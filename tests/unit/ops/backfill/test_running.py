"""A backfill under way: its pace, its checkpoint, and how it goes on."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.aws.concurrency import Pace
from ops.backfill.checkpoint import Checkpoint, CheckpointFile
from ops.backfill.existing import Existing, Position
from ops.backfill.requesting import Requested
from ops.backfill.running import Checkpointed, Keeper, Stop, request_all
from shared.events import CopyRequest
from tests.fakes.clock import FakeClock
from tests.unit.ops.backfill.objects import FakeExistence

BEGINNING = Checkpoint(
    operation_id="an operation",
    arguments={},
    begun_at=datetime(2026, 11, 23, tzinfo=UTC),
    since=None,
    until=None,
    objects=100,
    size=10_000,
)


class Refusing:
    """A bus that accepts so many groups, then none, and remembers the keys."""

    def __init__(self, groups: int) -> None:
        self.left = groups
        self.accepted: list[str] = []

    def request(self, group: Sequence[Existing]) -> Requested:
        if self.left == 0:
            raise ConnectionError("the network is gone")
        self.left -= 1
        self.accepted += [existing.key for existing in group]
        return Requested(requested=len(group))


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    return CheckpointFile(tmp_path / "checkpoint.json")


def run(
    file: CheckpointFile,
    existence: FakeExistence,
    request: Callable[[Sequence[Existing]], Requested],
    *,
    pace: Pace | None = None,
    clock: FakeClock | None = None,
) -> None:
    checkpoint = file.read({}) or BEGINNING
    now = clock or FakeClock()
    request_all(
        existence.objects(checkpoint.position),
        request,
        keeper=Keeper(file, checkpoint, clock=lambda: now().timestamp()),
        pace=pace or Pace(None),
        told=lambda _: None,
        stop=Stop(),
    )


def kept(file: CheckpointFile) -> Checkpoint:
    checkpoint = file.read({})
    assert checkpoint is not None
    return checkpoint


def test_every_object_is_requested_once(file: CheckpointFile) -> None:
    bus = Refusing(groups=100)

    run(file, FakeExistence(95), bus.request)

    assert sorted(bus.accepted) == FakeExistence(95).keys
    assert kept(file).requested == 95


def test_what_s3_does_not_tell_of_is_counted_and_not_gone_over_again(file: CheckpointFile) -> None:
    def request(group: Sequence[Existing]) -> Requested:
        return Requested(requested=len(group) - 1, failed=((group[0].key, "forbidden"),))

    run(file, FakeExistence(95), request)

    assert (kept(file).requested, kept(file).failed) == (85, 10)
    assert kept(file).position == Position(key="00094")


@pytest.mark.parametrize("groups", range(10))
def test_stopped_after_any_group_it_goes_on_behind_what_was_accepted(file: CheckpointFile, groups: int) -> None:
    existence = FakeExistence(95)
    first, second = Refusing(groups), Refusing(groups=100)

    with pytest.raises(ConnectionError):
        run(file, existence, first.request)
    run(file, existence, second.request)

    assert sorted({*first.accepted, *second.accepted}) == existence.keys
    # Whatever the order in which the threads had their turns, what the checkpoint counts was accepted.
    assert kept(file).requested == 95


def test_what_was_not_accepted_is_not_passed_over_although_later_groups_were(file: CheckpointFile) -> None:
    existence = FakeExistence(60)

    def request(group: Sequence[Existing]) -> Requested:
        if group[0].key == "00020":
            raise ConnectionError("the network is gone")
        return Requested(requested=len(group))

    with pytest.raises(ConnectionError):
        run(file, existence, request)

    assert kept(file).position == Position(key="00019")
    assert kept(file).requested == 20


def test_the_checkpoint_is_written_once_a_second(file: CheckpointFile) -> None:
    clock = FakeClock()
    keeper = Keeper(file, BEGINNING, clock=lambda: clock().timestamp())
    written = []

    for existing in FakeExistence(100).objects(Position()):
        clock.sleep(0.25)
        keeper.accepted([existing], Requested(requested=1))
        if file.path.exists():
            written.append(kept(file).requested)
            file.remove()

    assert written == list(range(4, 101, 4))


def test_never_more_a_second_than_the_rate_allows(file: CheckpointFile) -> None:
    clock = FakeClock()
    began = clock()
    pace = Pace(50, clock=lambda: clock().timestamp(), sleep=clock.sleep)

    run(file, FakeExistence(500), Refusing(groups=100).request, pace=pace, clock=clock)

    assert (clock() - began).total_seconds() == pytest.approx(9.8)


def test_who_pauses_is_woken_by_the_stop() -> None:
    stop = Stop()
    stop.now()

    with pytest.raises(InterruptedError):
        stop.pause(3600)


def test_nothing_is_requested_before_there_is_a_checkpoint(file: CheckpointFile) -> None:
    kept_when_asked: list[int] = []

    class Bus:
        def publish(self, requests: Sequence[CopyRequest]) -> None:
            kept_when_asked.append(kept(file).requested)

    keeper = Keeper(file, BEGINNING)
    assert not file.path.exists()
    Checkpointed(Bus(), keeper).publish([])

    assert kept_when_asked == [0]
    assert keeper.under_way


def test_a_failure_before_the_first_request_leaves_no_checkpoint(file: CheckpointFile) -> None:
    with pytest.raises(ConnectionError):
        run(file, FakeExistence(5), Refusing(groups=0).request)

    assert not file.path.exists()
