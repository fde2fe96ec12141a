"""Owns records as CSV: a line of column names, then a line for each record, as RFC 4180 says; UTF-8."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO

from ops.audit.formats.cells import spreadsheet_safe
from ops.audit.formats.columns import COLUMNS, Column, Kind
from ops.audit.formats.writing import Writable, WriteRecords
from ops.terminal.formats import visible
from shared import times
from shared.audit_log.record import Record

Cell = Callable[[Record], str | int]


@contextmanager
def csv_table(sink: Writable, *, to_terminal: bool = False) -> Iterator[WriteRecords]:
    """Write records as CSV. What is absent is empty; to a terminal, what would not be seen is written as `visible`."""
    cells = [_cell(column, _seen if to_terminal else spreadsheet_safe) for column in COLUMNS]

    def write(records: Sequence[Record]) -> None:
        _write(sink, ([cell(record) for cell in cells] for record in records))

    _write(sink, [[column.name for column in COLUMNS]])
    yield write


def _write(sink: Writable, rows: Iterator[Sequence[str | int]] | Sequence[Sequence[str]]) -> None:
    lines = StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    sink.write(lines.getvalue().encode())


def _cell(column: Column, written: Callable[[str], str]) -> Cell:
    value = column.value
    if column.kind is Kind.MOMENT:
        return lambda record: times.to_text(value(record))
    if column.kind is Kind.WHOLE_NUMBER:
        return lambda record: "" if (number := value(record)) is None else number
    return lambda record: written(value(record) or "")


def _seen(text: str) -> str:
    return spreadsheet_safe(visible(text))
