"""`copytrail audit operations`: what operators did, each run of it from its beginning to its end."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import click

from ops.audit.records import audit_query
from ops.params.moment import Moment
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
_STYLES: dict[str | None, str] = {
    Stage.COMPLETED: "green",
    Stage.INTERRUPTED: "yellow",
    Stage.FAILED: "red",
    None: "yellow",
}
_NOT_FINISHED = "never finished"


@click.command(epilog=_EXAMPLES)
@click.option("--since", type=Moment(), default="30d", show_default=True, help="From then on: 15m, 1h, 7d or ISO-8601.")
@json_option
@click.pass_obj
def operations(stack: Stack, *, since: datetime, as_json: bool) -> None:
    """List what operators did, newest first.

    That is replays, drops, imports, backfills and repairs. "never finished" is what has no end on record: it goes on
    right now, or was killed. What was stopped and goes on later is listed once for each time, under the same id.

    Into a pipe: beginning, end, operation, ending, subject, who, counts, filters and id, with tabs between.
    """
    runs = runs_of(audit_query(stack).operations(since, times.now() + CLOCKS_DIFFER_BY))
    if not OPERATIONS.print(runs, as_json=as_json):
        note(f"no operation is on record since {times.to_text(since)}")


@dataclass(frozen=True)
class Run:
    """One run of an operation: the record that tells most of it, and when it began, if that is on record."""

    told: OperationRecord
    started_at: datetime | None

    @property
    def ending(self) -> str | None:
        """How it ended, if that is on record."""
        return None if self.told.stage == Stage.STARTED else self.told.stage

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, if that is on record."""
        return self.told.at if self.ending else None


def runs_of(newest_first: Iterable[OperationRecord]) -> Iterator[Run]:
    """The runs that records of operations tell of, the one that began last first.

    An operation that was stopped and goes on later has several. A run whose beginning is not among the records comes
    last.
    """
    endings: dict[str, OperationRecord] = {}
    for record in _ends_before_beginnings(newest_first):
        later = endings.pop(record.operation_id, None)
        if record.stage == Stage.STARTED:
            yield Run(later or record, record.at)
        else:
            if later:
                yield Run(later, None)
            endings[record.operation_id] = record
    yield from (Run(ended, None) for ended in endings.values())


def _ends_before_beginnings(newest_first: Iterable[OperationRecord]) -> Iterator[OperationRecord]:
    # Within a millisecond, the index is in no order.
    for _, at_once in groupby(newest_first, key=lambda record: record.at):
        yield from sorted(at_once, key=lambda record: record.stage == Stage.STARTED)


class RunJson(JsonObject, frozen=True, kw_only=True):
    """One run of an operation."""

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


def run_attributes(run: Run) -> dict[str, object]:
    """All that is on record of a run, for a program."""
    told = run.told
    return RunJson(
        operation_id=told.operation_id,
        operation=told.operation,
        subject=told.subject,
        performed_by=told.performed_by,
        started_at=run.started_at,
        ended_at=run.ended_at,
        stage=told.stage,
        filters=told.filters,
        counts=told.counts,
        message=told.message,
    ).attributes()


def _block(run: Run) -> Block:
    told = run.told
    first_line = (
        Cell(told.operation, "bold"),
        Cell(run.ending or _NOT_FINISHED, _STYLES.get(run.ending, "")),
        Cell(_how_long(run)),
        Cell(_counts(run)),
    )
    lines = (
        cause_first(told.message or ""),
        f"{told.subject} {_filters(run)}".strip(),
        told.performed_by,
        f"id {told.operation_id}",
    )
    return Block(run.started_at or told.at, first_line, [line for line in lines if line])


def _how_long(run: Run) -> str:
    if run.started_at is None:
        return "began earlier"
    if run.ended_at is None:
        return ""
    return f"after {duration_shown((run.ended_at - run.started_at).total_seconds())}"


def _counts(run: Run) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in run.told.counts.items())


def _filters(run: Run) -> str:
    return " ".join(f"{name}={value}" for name, value in run.told.filters.items())


OPERATIONS = Blocks[Run](
    _block,
    piped=lambda run: (
        times.to_text(run.started_at) if run.started_at else "",
        times.to_text(run.ended_at) if run.ended_at else "",
        run.told.operation,
        run.ending or _NOT_FINISHED,
        run.told.subject,
        run.told.performed_by,
        _counts(run),
        _filters(run),
        run.told.operation_id,
    ),
    json=run_attributes,
)
