"""A backfill under way: its pace, its checkpoint, and how it goes on."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.aws.concurrency import Pace
from ops.backfill.checkpoint import Checkpoint, CheckpointFile, CheckpointWriter
from ops.backfill.objects import Position, SourceObject
from ops.backfill.requests import GroupResult, request_all
from tests.fakes.clock import FakeClock
from tests.unit.ops.backfill.examples import FakeObjects

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

    def request(self, group: Sequence[SourceObject]) -> GroupResult:
        if self.left == 0:
            raise ConnectionError("the network is gone")
        self.left -= 1
        self.accepted += [source_object.key for source_object in group]
        return GroupResult(requested=len(group))


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    return CheckpointFile(tmp_path / "checkpoint.json")


def run(
    file: CheckpointFile,
    objects: FakeObjects,
    request: Callable[[Sequence[SourceObject]], GroupResult],
    *,
    pace: Pace | None = None,
    clock: FakeClock | None = None,
) -> None:
    checkpoint = file.read({}) or BEGINNING
    now = clock or FakeClock()
    request_all(
        objects.after(checkpoint.position),
        request,
        writer=CheckpointWriter(file, checkpoint, clock=lambda: now().timestamp()),
        pace=pace or Pace(None),
        report=lambda _: None,
        stop=lambda: None,
    )


def written(file: CheckpointFile) -> Checkpoint:
    checkpoint = file.read({})
    assert checkpoint is not None
    return checkpoint


def test_every_object_is_requested_once(file: CheckpointFile) -> None:
    bus = Refusing(groups=100)

    run(file, FakeObjects(95), bus.request)

    assert sorted(bus.accepted) == FakeObjects(95).keys
    assert written(file).requested == 95


def test_what_s3_does_not_tell_of_is_counted_and_not_gone_over_again(file: CheckpointFile) -> None:
    def request(group: Sequence[SourceObject]) -> GroupResult:
        return GroupResult(requested=len(group) - 1, failed=((group[0].key, "forbidden"),))

    run(file, FakeObjects(95), request)

    assert (written(file).requested, written(file).failed) == (85, 10)
    assert written(file).position == Position(key="00094")


@pytest.mark.parametrize("groups", range(10))
def test_stopped_after_any_group_it_goes_on_behind_what_was_accepted(file: CheckpointFile, groups: int) -> None:
    objects = FakeObjects(95)
    first, second = Refusing(groups), Refusing(groups=100)

    with pytest.raises(ConnectionError):
        run(file, objects, first.request)
    run(file, objects, second.request)

    assert sorted({*first.accepted, *second.accepted}) == objects.keys
    # Whatever the order in which the threads had their turns, what the checkpoint counts was accepted.
    assert written(file).requested == 95


def test_what_was_not_accepted_is_not_passed_over_although_later_groups_were(file: CheckpointFile) -> None:
    objects = FakeObjects(60)

    def request(group: Sequence[SourceObject]) -> GroupResult:
        if group[0].key == "00020":
            raise ConnectionError("the network is gone")
        return GroupResult(requested=len(group))

    with pytest.raises(ConnectionError):
        run(file, objects, request)

    assert written(file).position == Position(key="00019")
    assert written(file).requested == 20


def test_the_checkpoint_is_written_once_a_second(file: CheckpointFile) -> None:
    clock = FakeClock()
    writer = CheckpointWriter(file, BEGINNING, clock=lambda: clock().timestamp())
    counts = []

    for source_object in FakeObjects(100).after(Position()):
        clock.sleep(0.25)
        writer.advance(source_object.position, requested=1, source_deleted=0, failed=0)
        if file.path.exists():
            counts.append(written(file).requested)
            file.remove()

    assert counts == list(range(4, 101, 4))


def test_never_more_a_second_than_the_rate_allows(file: CheckpointFile) -> None:
    clock = FakeClock()
    began = clock()
    pace = Pace(50, clock=lambda: clock().timestamp(), sleep=clock.sleep)

    run(file, FakeObjects(500), Refusing(groups=100).request, pace=pace, clock=clock)

    assert (clock() - began).total_seconds() == pytest.approx(9.8)


def test_a_checkpoint_is_written_before_the_first_request_only(file: CheckpointFile) -> None:
    writer = CheckpointWriter(file, BEGINNING)
    assert not file.path.exists()

    writer.begin()

    assert written(file).requested == 0
    assert writer.under_way
    file.remove()
    writer.begin()
    assert not file.path.exists()


def test_a_failure_before_the_first_request_leaves_no_checkpoint(file: CheckpointFile) -> None:
    with pytest.raises(ConnectionError):
        run(file, FakeObjects(5), Refusing(groups=0).request)

    assert not file.path.exists()
