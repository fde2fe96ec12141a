"""Owns how records are shown in tables: what a line of a wide terminal holds of one, of a narrow one, and of a pipe."""

from collections.abc import Iterable
from itertools import chain, islice

from ops.terminal.formats import WIDEST_DURATION, WIDEST_SIZE, duration_shown, shown_moment, size_shown
from ops.terminal.prompts import note
from ops.terminal.tables import Cell, Column, print_table, terminal_width
from shared import times
from shared.audit_log.record import Record
from shared.events import Outcome, Trigger

# From so many characters a line on, there is room for the date, and for LogIDs in a log.
_WIDE = 110
# A LogID is whole or not there at all: `audit get` takes no other.
_LOG_ID = Column("LogID", 36, from_width=72)
_OUTCOME = Column("Outcome", 21, least=14)
_COLUMNS = (
    _LOG_ID,
    Column("UTC", 8, from_width=80, below=_WIDE),
    Column("Finished (UTC)", 19, from_width=_WIDE),
    _OUTCOME,
    Column("Key", keeps_end=True),
)
_LOG = (
    Column("UTC", 8, from_width=50),
    _OUTCOME,
    Column("Took", WIDEST_DURATION, right=True, from_width=60),
    Column("Size", WIDEST_SIZE, right=True, from_width=_WIDE),
    _LOG_ID._replace(from_width=_WIDE),
    Column("Key", keeps_end=True),
)
_STYLES: dict[str, str] = {
    Outcome.COPIED: "green",
    Outcome.DELETED: "magenta",
    Outcome.SKIPPED: "yellow",
    Outcome.FAILED: "red",
}
# What these ask for was uploaded long before.
_OF_OLD_OBJECTS = frozenset({Trigger.BACKFILL, Trigger.RECONCILE, Trigger.RESTORE})


def print_records(records: Iterable[Record]) -> None:
    """Print records as a table that has the LogIDs whole; says so where the terminal has no room for them."""
    width = terminal_width()
    if width is None:
        print_table((), map(_whole_row, records))
        return
    remaining = iter(records)
    for first in islice(remaining, 1):
        print_table(_COLUMNS, map(_row, chain([first], remaining)))
        if width < _LOG_ID.from_width:
            note(f"LogIDs take {_LOG_ID.from_width} columns: --json has them")


def print_log(records: Iterable[Record], *, with_header: bool) -> None:
    """Print records as a log, which may go on later: on a narrow terminal with room for the keys, not the LogIDs."""
    if terminal_width() is None:
        print_table((), map(_whole_row, records))
    else:
        print_table(_LOG, map(_log_row, records), with_header=with_header)


def outcome_cell(record: Record) -> Cell:
    """The outcome with its reason."""
    return Cell(f"{record.outcome} {record.reason or ''}".rstrip(), _style(record))


def took_s(record: Record) -> float:
    """Seconds from the upload to the end; of what was asked for long after its upload, from the start of the copy."""
    began_at = record.started_at if of_old_object(record) else record.uploaded_at
    return max(0.0, (record.finished_at - began_at).total_seconds())


def of_old_object(record: Record) -> bool:
    """Whether the copy was asked for long after the upload, which then says nothing of how long it took."""
    return record.trigger in _OF_OLD_OBJECTS


def _style(record: Record) -> str:
    return _STYLES.get(record.outcome, "")


def _whole_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(times.to_text(record.finished_at)),
        Cell(record.outcome),
        Cell(record.reason or ""),
        Cell(record.source_url),
    )


def _row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(f"{record.finished_at:%H:%M:%S}"),
        Cell(shown_moment(record.finished_at)),
        outcome_cell(record),
        Cell(record.object_key),
    )


def _log_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(f"{record.finished_at:%H:%M:%S}"),
        outcome_cell(record),
        Cell(duration_shown(took_s(record))),
        Cell(size_shown(record.size)),
        Cell(record.log_id),
        Cell(record.object_key),
    )
