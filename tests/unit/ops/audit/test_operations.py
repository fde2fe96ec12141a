"""What began and what ended are brought together, run by run."""

from datetime import UTC, datetime, timedelta

from ops.audit.operations import OperationRun, runs_of
from shared.audit_log.operation_record import OperationRecord
from shared.operations import Operation, OperationKind, Stage

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def told(operation_id: str, stage: Stage, minute: float) -> OperationRecord:
    """A record of a stage, so many minutes after noon."""
    operation = Operation(
        operation_id=operation_id,
        kind=OperationKind.BACKFILL,
        stage=stage,
        subject="uploads",
        performed_by="arn:aws:iam::123456789012:user/jane",
        at=NOON + timedelta(minutes=minute),
        counts={} if stage is Stage.STARTED else {"requested": 7},
    )
    return OperationRecord.of(operation, NOON + timedelta(days=1))


def runs(*records: OperationRecord) -> list[OperationRun]:
    """The runs that records tell of, which the index gives newest first."""
    return list(runs_of(sorted(records, key=lambda record: record.at, reverse=True)))


def test_the_beginning_and_the_end_of_an_operation_are_one_run() -> None:
    [run] = runs(told("a", Stage.STARTED, 0), told("a", Stage.COMPLETED, 5))
    assert (run.started_at, run.ended_at, run.stage) == (NOON, NOON + timedelta(minutes=5), Stage.COMPLETED)
    assert run.counts == {"requested": 7}


def test_an_operation_without_an_end_never_finished() -> None:
    [run] = runs(told("a", Stage.STARTED, 0))
    assert (run.started_at, run.ended_at, run.stage) == (NOON, None, Stage.STARTED)


def test_operations_at_the_same_time_are_told_apart_and_come_newest_first() -> None:
    found = runs(
        told("a", Stage.STARTED, 0),
        told("b", Stage.STARTED, 1),
        told("a", Stage.FAILED, 2),
        told("c", Stage.STARTED, 3),
        told("b", Stage.INTERRUPTED, 4),
    )
    assert [(run.operation_id, run.stage) for run in found] == [
        ("c", Stage.STARTED),
        ("b", Stage.INTERRUPTED),
        ("a", Stage.FAILED),
    ]


def test_an_operation_that_goes_on_later_has_a_run_each_time() -> None:
    found = runs(
        told("a", Stage.STARTED, 0),
        told("a", Stage.INTERRUPTED, 1),
        told("a", Stage.STARTED, 2),
        told("a", Stage.STARTED, 4),
        told("a", Stage.COMPLETED, 5),
    )
    assert [(run.started_at, run.stage) for run in found] == [
        (NOON + timedelta(minutes=4), Stage.COMPLETED),
        (NOON + timedelta(minutes=2), Stage.STARTED),
        (NOON, Stage.INTERRUPTED),
    ]


def test_an_end_whose_beginning_is_not_among_the_records_comes_last() -> None:
    found = runs(told("old", Stage.COMPLETED, 3), told("a", Stage.STARTED, 0), told("a", Stage.COMPLETED, 1))
    assert [(run.operation_id, run.started_at) for run in found] == [("a", NOON), ("old", None)]


def test_two_ends_without_a_beginning_are_two_runs() -> None:
    assert [run.stage for run in runs(told("a", Stage.INTERRUPTED, 0), told("a", Stage.COMPLETED, 1))] == [
        Stage.COMPLETED,
        Stage.INTERRUPTED,
    ]


def test_what_began_and_ended_within_a_millisecond_is_one_run() -> None:
    ends = [told("a", Stage.STARTED, 0), told("a", Stage.COMPLETED, 0)]
    assert [run.stage for run in runs_of(ends)] == [Stage.COMPLETED]
    assert [run.stage for run in runs_of(ends[::-1])] == [Stage.COMPLETED]
