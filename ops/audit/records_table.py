"""Records in tables: what a line of a wide terminal, of a narrow one and of a pipe shows of one."""

from collections.abc import Iterable

from ops.terminal.formats import WIDEST_DURATION, duration_shown, moment_shown
from ops.terminal.prompts import note
from ops.terminal.tables import Cell, Column, Table, terminal_width
from shared import times
from shared.audit_log.record import Record
from shared.events import Trigger
from shared.humanize import OUTCOME_STYLES, WIDEST_SIZE, size_shown

# From so many characters a line on, there is room for the date, and for LogIDs in a log.
_WIDE = 110
# A LogID is whole or not there at all: `audit get` takes no other.
_LOG_ID_FROM = 72
# What these ask for was uploaded long before.
_OF_OLD_OBJECTS = frozenset({Trigger.BACKFILL, Trigger.RECONCILE, Trigger.RESTORE})


def outcome_cell(record: Record) -> Cell:
    """The outcome with its reason."""
    return Cell(f"{record.outcome} {record.reason or ''}".rstrip(), OUTCOME_STYLES.get(record.outcome, ""))


def took_s(record: Record) -> float:
    """Seconds from the upload to the end; of what was asked for long after its upload, from the start of the copy."""
    began_at = record.started_at if of_old_object(record) else record.uploaded_at
    return max(0.0, (record.finished_at - began_at).total_seconds())


def of_old_object(record: Record) -> bool:
    """Whether the copy was asked for long after the upload, which then says nothing of how long it took."""
    return record.trigger in _OF_OLD_OBJECTS


def _time(record: Record) -> str:
    return f"{record.finished_at:%H:%M:%S}"


def _piped(record: Record) -> tuple[str, ...]:
    return (
        record.log_id,
        times.to_text(record.finished_at),
        record.outcome,
        record.reason or "",
        record.source_url,
    )


_OUTCOME = Column("Outcome", outcome_cell, 21, least=14)
_KEY = Column[Record]("Key", lambda record: record.object_key, keeps_end=True)
RECORDS = Table[Record](
    Column("LogID", lambda record: record.log_id, 36, from_width=_LOG_ID_FROM),
    Column("UTC", _time, 8, from_width=80, below=_WIDE),
    Column("Finished (UTC)", lambda record: moment_shown(record.finished_at), 19, from_width=_WIDE),
    _OUTCOME,
    _KEY,
    piped=_piped,
    json=Record.attributes,
)
# Which may go on later: on a narrow terminal it has room for the keys, not for the LogIDs.
LOG = Table[Record](
    Column("UTC", _time, 8, from_width=50),
    _OUTCOME,
    Column("Took", lambda record: duration_shown(took_s(record)), WIDEST_DURATION, right=True, from_width=60),
    Column("Size", lambda record: size_shown(record.size), WIDEST_SIZE, right=True, from_width=_WIDE),
    Column("LogID", lambda record: record.log_id, 36, from_width=_WIDE),
    _KEY,
    piped=_piped,
    json=Record.attributes,
)


def print_records(records: Iterable[Record], *, as_json: bool) -> int:
    """Print records, with the LogIDs whole or a note where the terminal has no room for them; how many there were."""
    count = RECORDS.print(records, as_json=as_json)
    width = terminal_width()
    if count and width is not None and width < _LOG_ID_FROM and not as_json:
        note(f"LogIDs take {_LOG_ID_FROM} columns: --json has them")
    return count
