"""The formats of an export: CSV, JSON lines, Parquet, with one column for every attribute of a record.

CSV is as RFC 4180 says, and a spreadsheet takes none of its cells for a formula: an apostrophe is put in front of what
it could calculate, wherever it could see a cell begin: at the start, and after a semicolon, a tab or a line break,
which end a cell or a row where the separator was guessed wrong. Text that has an apostrophe there already gets another
one: taking one away at each such place gives the exact text back.

Source: "CSV Injection", OWASP; "V1.2 Injection Prevention", OWASP ASVS.
"""

import csv
import gzip
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, NamedTuple, get_args

import msgspec

from ops.errors import UsageError
from ops.terminal.json import json_line
from shared import times
from shared.audit_log.record import Record
from shared.humanize import visible

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Buffer

STDOUT = "-"
_GZIP = ".gz"
# = + - @, and what programs or input methods take for them: full width, small, superscript, subscript, minus.
_CALCULATES = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"  # noqa: RUF001 - they look alike: that is the danger
# What a spreadsheet, or a person who pastes, may drop from the front: blanks, quotes, and what is not seen.
_DROPPED = '\\s\\x00-\\x1f\\x7f"`“”„«»‘’‚\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff'  # noqa: RUF001
_DANGEROUS = re.compile(rf"(?:\A|(?<=[;\t\r\n]))(?=['\x00-\x1f\x7f]|[{_DROPPED}]*[{_CALCULATES}])")
# About 10 MB of Arrow: enough for queries to be quick, and little to hold.
_ROW_GROUP = 20_000
# Each record has its own: a dictionary of them would be as large as they are.
_UNIQUE = frozenset({"LogID", "ObjectKey", "DestinationKey", "Checksum", "SourceETag", "DestinationETag", "Sequencer"})

# Writes some more records.
WriteRecords = Callable[[Sequence[Record]], object]


class Format(StrEnum):
    """The formats, by the endings of their files."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class Sink(io.RawIOBase):
    """Where an export's bytes go: into `file`, counted and hashed on the way. Closing it leaves `file` open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: "Buffer", /) -> int:
        """Write all of it; how many bytes it was."""
        self._file.write(data)
        self._sha256.update(data)
        written = memoryview(data).nbytes
        self.size += written
        return written

    @property
    def sha256(self) -> str:
        """The SHA-256 of what has been written, in hex, as `sha256sum` prints it."""
        return self._sha256.hexdigest()


@dataclass(frozen=True)
class Encoding:
    """A format, and whether it is compressed once more, as a whole."""

    format: Format
    gzip: bool = False

    @contextmanager
    def writing(self, sink: Sink, *, to_terminal: bool = False) -> Iterator[WriteRecords]:
        """Write records in this format into `sink`; gives a function that writes some more of them."""
        with ExitStack() as stack:
            if self.format is Format.PARQUET:
                yield stack.enter_context(parquet(sink))
                return
            # Neither a name nor a moment is written within: the same records make the same file.
            compressed = gzip.GzipFile("", "wb", fileobj=sink, mtime=0) if self.gzip else None
            target: Sink | gzip.GzipFile = stack.enter_context(compressed) if compressed else sink
            yield json_lines(target) if self.format is Format.JSONL else csv_table(target, to_terminal=to_terminal)


def encoding_of(file: str, asked_for: Format | None) -> Encoding:
    """How a file is written: as asked for, or else as its name ends; compressed, if that ends with `.gz`.

    Raises:
        CommandError: the name does not say, or the format does not go there.
    """
    name = file.lower()
    compressed = name.endswith(_GZIP)
    ending = PurePath(name.removesuffix(_GZIP)).suffix.removeprefix(".")
    if asked_for is None and ending not in set(Format):
        raise UsageError(_unknown(file))
    encoding = Encoding(asked_for or Format(ending), compressed)
    if encoding == Encoding(Format.PARQUET, gzip=True):
        raise UsageError(f"'{file}': Parquet compresses itself: leave out {_GZIP}")
    if file == STDOUT and encoding.format is Format.PARQUET:
        raise UsageError("Parquet goes to a file, not to stdout: name one, or use --format csv or jsonl")
    return encoding


def _unknown(file: str) -> str:
    if file == STDOUT:
        return "stdout needs a format: add --format csv or --format jsonl"
    return f"'{file}' does not say which format: end it with .csv, .jsonl or .parquet, or add --format"


class Column(NamedTuple):
    """One column: its name, in PascalCase, the type of its values, and how a record's value of it is had."""

    name: str
    type: type
    optional: bool
    value: Callable[[Any], Any]


def columns_of(record: type[msgspec.Struct]) -> Iterator[Column]:
    """A column for every attribute of a kind of record; what is of no simple type is text."""
    for field in msgspec.structs.fields(record):
        types = get_args(field.type) or (field.type,)
        yield Column(field.encode_name, types[0], type(None) in types, attrgetter(field.name))


COLUMNS = tuple(columns_of(Record))


def csv_table(sink: Sink | gzip.GzipFile, *, to_terminal: bool = False) -> WriteRecords:
    """Write records as CSV. What is absent is empty; to a terminal, what would not be seen is written as `visible`."""
    cells = [_cell(column, _seen if to_terminal else spreadsheet_safe) for column in COLUMNS]
    _write(sink, [[column.name for column in COLUMNS]])
    return lambda records: _write(sink, ([cell(record) for cell in cells] for record in records))


def _write(sink: Sink | gzip.GzipFile, rows: Iterator[Sequence[str | int]] | Sequence[Sequence[str]]) -> None:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    sink.write(lines.getvalue().encode())


def _cell(column: Column, written: Callable[[str], str]) -> Callable[[Record], str | int]:
    value = column.value
    if column.type is datetime:
        return lambda record: times.to_text(value(record))
    if column.type is int:
        return lambda record: "" if (number := value(record)) is None else number
    return lambda record: written(value(record) or "")


def _seen(text: str) -> str:
    return spreadsheet_safe(visible(text))


def spreadsheet_safe(text: str) -> str:
    """The text, with apostrophes where a spreadsheet could see a formula begin."""
    # Nearly every text: found out fast.
    if text[:1].isalnum() and ";" not in text and text.isprintable():
        return text
    return _DANGEROUS.sub("'", text)


def json_lines(sink: Sink | gzip.GzipFile) -> WriteRecords:
    """Write records as JSON lines. What is absent is left out."""
    return lambda records: sink.write("".join(f"{json_line(record.attributes())}\n" for record in records).encode())


@contextmanager
def parquet(sink: Sink, *, row_group: int = _ROW_GROUP) -> Iterator[WriteRecords]:
    """Write records as Parquet, in row groups of so many at least. What is absent is null."""
    import pyarrow as pa  # noqa: PLC0415 - half a second, and 60 MB: only who wants Parquet waits for it
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

    schema = _schema()
    waiting: list[pa.RecordBatch] = []

    def flush() -> None:
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema))
            waiting.clear()

    def write(records: Sequence[Record]) -> None:
        waiting.append(_batch(records, schema))
        if sum(batch.num_rows for batch in waiting) >= row_group:
            flush()

    with ParquetWriter(
        pa.PythonFile(sink, mode="w"),
        schema,
        compression="zstd",
        use_dictionary=[column.name for column in COLUMNS if column.name not in _UNIQUE],
    ) as writer:
        yield write
        flush()


def _schema() -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415

    types = {str: pa.string(), int: pa.int64(), datetime: pa.timestamp("ms", tz="UTC")}
    return pa.schema([pa.field(column.name, types[column.type], nullable=column.optional) for column in COLUMNS])


def _batch(records: Sequence[Record], schema: "pa.Schema") -> "pa.RecordBatch":
    import pyarrow as pa  # noqa: PLC0415

    arrays = [
        pa.array(map(column.value, records), type=field.type) for column, field in zip(COLUMNS, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
