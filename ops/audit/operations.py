"""`copytrail audit operations`: what operators did, each run of it from its beginning to its end."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby

import click

from ops.audit.records import audit_query
from ops.params.moment import moment
from ops.stack import Stack
from ops.terminal.formats import cause_first, duration_shown
from ops.terminal.json import JsonObject, json_option
from ops.terminal.prompts import note
from ops.terminal.tables import Block, Blocks, Cell
from shared import times
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.query import CLOCKS_DIFFER_BY
from shared.operations import Stage

_EXAMPLES = """\b
Examples:
  $ copytrail audit operations
  $ copytrail audit operations --since 90d --json
"""
_STYLES: dict[str, str] = {
    Stage.STARTED: "yellow",
    Stage.COMPLETED: "green",
    Stage.INTERRUPTED: "yellow",
    Stage.FAILED: "red",
}


@click.command(epilog=_EXAMPLES)
@click.option("--since", type=moment, default="30d", show_default=True, help="From then on: 15m, 1h, 7d or ISO-8601.")
@json_option
@click.pass_obj
def operations(stack: Stack, *, since: datetime, as_json: bool) -> None:
    """List what operators did, newest first.

    That is replays, drops, imports, backfills, repairs and changes of existing buckets. "never finished" is what has no
    end on record: it goes on right now, or was killed. What was stopped and goes on later is listed once for each time,
    under the same id.

    Into a pipe: beginning, end, operation, ending, subject, who, counts, filters and id, with tabs between.
    """
    runs = runs_of(audit_query(stack).operations(since, times.now() + CLOCKS_DIFFER_BY))
    if not OPERATIONS.print(runs, as_json=as_json):
        note(f"no operation is on record since {times.to_text(since)}")


class OperationRun(JsonObject, frozen=True, kw_only=True):
    """One run of an operation. Its stage is `Started` where no end is on record."""

    operation_id: str
    operation: str
    subject: str
    performed_by: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stage: str
    filters: Mapping[str, str]
    counts: Mapping[str, int]
    message: str | None = None


def runs_of(newest_first: Iterable[OperationRecord]) -> Iterator[OperationRun]:
    """The runs that records of operations tell of, the one that began last first.

    An operation that was stopped and goes on later has several. A run whose beginning is not among the records comes
    last.
    """
    endings: dict[str, OperationRecord] = {}
    for record in _ends_before_beginnings(newest_first):
        later = endings.pop(record.operation_id, None)
        if record.stage == Stage.STARTED:
            yield _run(later or record, record.at)
        else:
            if later:
                yield _run(later, None)
            endings[record.operation_id] = record
    yield from (_run(ended, None) for ended in endings.values())


def _ends_before_beginnings(newest_first: Iterable[OperationRecord]) -> Iterator[OperationRecord]:
    # Within a millisecond, the index is in no order.
    for _, at_once in groupby(newest_first, key=lambda record: record.at):
        yield from sorted(at_once, key=lambda record: record.stage == Stage.STARTED)


def _run(record: OperationRecord, started_at: datetime | None) -> OperationRun:
    """A run, as its last record has it; and when it began, if that is on record."""
    return OperationRun(
        operation_id=record.operation_id,
        operation=record.operation,
        subject=record.subject,
        performed_by=record.performed_by,
        started_at=started_at,
        ended_at=None if record.stage == Stage.STARTED else record.at,
        stage=record.stage,
        filters=record.filters,
        counts=record.counts,
        message=record.message,
    )


def _block(run: OperationRun) -> Block:
    first_line = (
        Cell(run.operation, "bold"),
        Cell(_ending(run), _STYLES.get(run.stage, "")),
        Cell(_how_long(run)),
        Cell(_counts(run)),
    )
    lines = (
        cause_first(run.message or ""),
        f"{run.subject} {_filters(run)}".strip(),
        run.performed_by,
        f"id {run.operation_id}",
    )
    # One of the two is on record.
    began_or_ended = next(at for at in (run.started_at, run.ended_at) if at)
    return Block(began_or_ended, first_line, [line for line in lines if line])


def _ending(run: OperationRun) -> str:
    return "never finished" if run.stage == Stage.STARTED else run.stage


def _how_long(run: OperationRun) -> str:
    if run.started_at is None:
        return "began earlier"
    if run.ended_at is None:
        return ""
    return f"after {duration_shown((run.ended_at - run.started_at).total_seconds())}"


def _counts(run: OperationRun) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in run.counts.items())


def _filters(run: OperationRun) -> str:
    return " ".join(f"{name}={value}" for name, value in run.filters.items())


OPERATIONS = Blocks[OperationRun](
    _block,
    piped=lambda run: (
        times.to_text(run.started_at) if run.started_at else "",
        times.to_text(run.ended_at) if run.ended_at else "",
        run.operation,
        _ending(run),
        run.subject,
        run.performed_by,
        _counts(run),
        _filters(run),
        run.operation_id,
    ),
    json=OperationRun.attributes,
)
