"""Owns how records are shown in tables: what a line of a wide terminal holds of one, of a narrow one, and of a pipe."""

from collections.abc import Iterable

from ops.durations import duration_shown
from ops.moments import shown_moment
from ops.output import Cell, Column, end_of, print_table, room_beside, terminal_width
from ops.sizes import size_shown
from services.auditor.record import Record
from shared import times
from shared.events import Outcome, Trigger

# Below this many characters a line, a table has no room for everything: `get` and pipes have it.
_WIDE = 110
_WIDE_COLUMNS = (
    Column("LogID", 36),
    Column("Finished (UTC)", 19),
    Column("Outcome", 7),
    Column("Reason", 14),
    Column("Key"),
)
_NARROW_COLUMNS = (Column("LogID", 36), Column("UTC", 8), Column("Outcome", 21), Column("Key"))
_WIDE_LOG = (
    Column("UTC", 8),
    Column("Outcome", 21),
    Column("Took", 7),
    Column("Size", 8),
    Column("LogID", 36),
    Column("Key"),
)
_NARROW_LOG = (Column("UTC", 8), Column("Outcome", 21), Column("Took", 7), Column("Key"))
_STYLES = {
    Outcome.COPIED: "green",
    Outcome.DELETED: "magenta",
    Outcome.SKIPPED: "yellow",
    Outcome.FAILED: "red",
}
# What these ask for was uploaded long before.
_OF_OLD_OBJECTS = frozenset({Trigger.BACKFILL, Trigger.RECONCILE, Trigger.RESTORE})


def print_records(records: Iterable[Record]) -> None:
    """Print records as a table that has the LogIDs whole."""
    width = terminal_width()
    if width is None:
        print_table((), map(_whole_row, records))
    elif width >= _WIDE:
        print_table(_WIDE_COLUMNS, map(_wide_row, records))
    else:
        room = room_beside(_NARROW_COLUMNS[:-1])
        print_table(_NARROW_COLUMNS, (_narrow_row(record, room) for record in records))


def print_log(records: Iterable[Record], *, with_header: bool) -> None:
    """Print records as a log, which may go on later: on a narrow terminal with room for the keys, not the LogIDs."""
    width = terminal_width()
    if width is None:
        print_table((), map(_whole_row, records))
    elif width >= _WIDE:
        print_table(_WIDE_LOG, map(_wide_log_row, records), with_header=with_header)
    else:
        print_table(_NARROW_LOG, map(_narrow_log_row, records), with_header=with_header)


def outcome_cell(record: Record) -> Cell:
    """The outcome with its reason."""
    return Cell(f"{record.outcome} {record.reason or ''}".rstrip(), _STYLES[record.outcome])


def took_s(record: Record) -> float:
    """Seconds from the upload to the end; of what was asked for long after its upload, from the start of the copy."""
    began_at = record.started_at if of_old_object(record) else record.uploaded_at
    return max(0.0, (record.finished_at - began_at).total_seconds())


def of_old_object(record: Record) -> bool:
    """Whether the copy was asked for long after the upload, which then says nothing of how long it took."""
    return record.trigger in _OF_OLD_OBJECTS


def _whole_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(times.to_text(record.finished_at)),
        Cell(record.outcome),
        Cell(record.reason or ""),
        Cell(record.source_url),
    )


def _wide_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(shown_moment(record.finished_at)),
        Cell(record.outcome, _STYLES[record.outcome]),
        Cell(record.reason or ""),
        Cell(record.object_key),
    )


def _narrow_row(record: Record, room: int) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(record.finished_at.strftime("%H:%M:%S")),
        outcome_cell(record),
        Cell(end_of(record.object_key, room)),
    )


def _wide_log_row(record: Record) -> tuple[Cell, ...]:
    return (
        *_narrow_log_row(record)[:-1],
        Cell(size_shown(record.size).rjust(8)),
        Cell(record.log_id),
        Cell(record.object_key),
    )


def _narrow_log_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.finished_at.strftime("%H:%M:%S")),
        outcome_cell(record),
        Cell(duration_shown(took_s(record)).rjust(7)),
        Cell(record.object_key),
    )
