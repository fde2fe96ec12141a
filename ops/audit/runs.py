"""Owns which records of operators' doings belong together: the beginning and the end of one run of an operation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from shared.audit_log.operation_record import OperationRecord
from shared.operations import Stage


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
