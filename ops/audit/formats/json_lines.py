"""Owns records as JSON lines: one object a line, the attributes that `audit get --json` shows; UTF-8."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ops.audit.formats.writing import Writable, WriteRecords
from ops.terminal.json import json_line
from shared.audit_log.record import Record


@contextmanager
def json_lines(sink: Writable) -> Iterator[WriteRecords]:
    """Write records as JSON lines. What is absent is left out."""

    def write(records: Sequence[Record]) -> None:
        sink.write("".join(f"{json_line(record.attributes())}\n" for record in records).encode())

    yield write
