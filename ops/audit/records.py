"""The stack's audit table as the commands read it: the records that filters let pass, page by page."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, time, timedelta

import click

from ops.audit.record_filter import RecordFilter
from ops.errors import CommandError
from ops.stack import Output, Stack
from ops.terminal.progress import progress
from ops.terminal.prompts import note
from shared import times
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.query import CLOCKS_DIFFER_BY, FIRST_DAY, THREADS, AuditQuery
from shared.audit_log.record import Record
from shared.audit_log.unreadable import Unreadable
from shared.operations import Stage

# Nothing was recorded before.
BEGINNING = datetime.combine(FIRST_DAY, time(), UTC)
# A message waits in a queue for 14 days at most ("SQS message quotas", SQS developer guide).
_RECORDED_WITHIN = timedelta(days=14)
# A span of more days is worth a progress bar.
_LONG_DAYS = 14


def audit_query(stack: Stack) -> AuditQuery:
    """The read side of the stack's audit table. What it had to pass over is told when the command ends.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack.
    """
    table_name = stack.output(Output.AUDIT_TABLE_NAME)
    query = AuditQuery(stack.client("dynamodb", connections=THREADS), table_name)
    click.get_current_context().call_on_close(lambda: tell_unreadable(query.unreadable))
    return query


def tell_unreadable(unreadable: Unreadable) -> None:
    """Tell of the items that were passed over, if any were since this was told last."""
    if line := unreadable.unreported():
        note(line)


def matching(
    query: AuditQuery,
    record_filter: RecordFilter,
    *,
    newest_first: bool = True,
    day_done: Callable[[int], object] = lambda _: None,
) -> Generator[Record]:
    """The records that pass the filters, by when they finished, a page in memory at a time.

    `day_done` is told of each day that has been read: 1.

    Raises:
        CommandError: no such operation is on record.
        CopytrailError: while iterating, DynamoDB did not answer.
    """
    latest = times.now() + CLOCKS_DIFFER_BY
    since, until = record_filter.since or BEGINNING, min(record_filter.until or latest, latest)
    if record_filter.operation_id:
        began_at, recorded_by = _span_of(query, record_filter.operation_id)
        since, until = max(since, began_at), min(until, recorded_by)
    found = query.by_time(
        since, until, newest_first=newest_first, operation_id=record_filter.operation_id or None, day_done=day_done
    )
    yield from (record for record in found if record.finished_at < until and record_filter.matches(record))


def progress_of(record_filter: RecordFilter) -> AbstractContextManager[Callable[[int], None]]:
    """A bar for the days that `matching` reads, where there are many of them."""
    if record_filter.operation_id:
        return progress("reading", total=None, unit="day")
    first, last = max(record_filter.since or BEGINNING, BEGINNING).date(), (record_filter.until or times.now()).date()
    days = max(0, (last - first).days + 1)
    return progress("reading", total=days, unit="day") if days > _LONG_DAYS else nullcontext(lambda _: None)


def stages_of(query: AuditQuery, operation_id: str) -> list[OperationRecord]:
    """All that is on record of one operation, newest first; it may have been long ago.

    Raises:
        CopytrailError: DynamoDB did not answer.
    """
    found = query.operations(BEGINNING, times.now() + CLOCKS_DIFFER_BY)
    return [record for record in found if record.operation_id == operation_id]


def _span_of(query: AuditQuery, operation_id: str) -> tuple[datetime, datetime]:
    """From when until when what an operation asked for may have ended."""
    stages = stages_of(query, operation_id)
    if not stages:
        raise CommandError(f"no operation {operation_id} is on record: `copytrail audit operations` lists them")
    newest = stages[0]
    ended_at = times.now() if newest.stage == Stage.STARTED else newest.at
    return times.earlier(stages[-1].at, CLOCKS_DIFFER_BY), times.later(ended_at, _RECORDED_WITHIN)
