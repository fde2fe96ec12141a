"""Owns how the commands come to the records of the stack's audit table."""

from collections.abc import Iterator
from itertools import islice

from ops.audit.record_filter import RecordFilter
from ops.stack_outputs import Output, Stack
from services.auditor.query import CLOCKS_DIFFER_BY, THREADS, AuditQuery
from services.auditor.record import Record
from shared import times


def audit_query(stack: Stack) -> AuditQuery:
    """The read side of the stack's audit table.

    Raises:
        Failure: there is no such stack, or it is not a copytrail stack.
    """
    table_name = stack.output(Output.AUDIT_TABLE_NAME)
    return AuditQuery(stack.client("dynamodb", connections=THREADS), table_name)


def matching(query: AuditQuery, wanted: RecordFilter, *, newest_first: bool = True) -> Iterator[Record]:
    """The records that are meant, by when they finished, a page in memory at a time.

    Raises:
        CopytrailError: while iterating, DynamoDB did not answer, or an item is not a record.
    """
    latest = times.now() + CLOCKS_DIFFER_BY
    found = query.by_time(wanted.since, min(wanted.until or latest, latest), newest_first=newest_first)
    return filter(wanted.matches, found)


def last_matching(query: AuditQuery, wanted: RecordFilter, count: int) -> list[Record]:
    """The last so many of the records that are meant, oldest first.

    Raises:
        CopytrailError: DynamoDB did not answer, or an item is not a record.
    """
    return list(islice(matching(query, wanted), count))[::-1]
