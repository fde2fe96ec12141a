"""Owns records as Parquet: numbers and moments as what they are, a row group in memory at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ops.audit.formats.columns import COLUMNS, Kind
from ops.audit.formats.writing import Sink, WriteRecords
from shared.audit_log.record import Record

if TYPE_CHECKING:
    import pyarrow as pa

# About 10 MB of Arrow: enough for queries to be quick, and little to hold.
_ROW_GROUP = 20_000
# Each record has its own: a dictionary of them would be as large as they are.
_UNIQUE = frozenset({"LogID", "ObjectKey", "DestinationKey", "Checksum", "SourceETag", "DestinationETag", "Sequencer"})


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

    types: dict[Kind, Callable[[], pa.DataType]] = {
        Kind.TEXT: pa.string,
        Kind.WHOLE_NUMBER: pa.int64,
        Kind.MOMENT: lambda: pa.timestamp("ms", tz="UTC"),
    }
    return pa.schema([pa.field(column.name, types[column.kind](), nullable=column.optional) for column in COLUMNS])


def _batch(records: Sequence[Record], schema: "pa.Schema") -> "pa.RecordBatch":
    import pyarrow as pa  # noqa: PLC0415

    arrays = [
        pa.array(map(column.value, records), type=field.type) for column, field in zip(COLUMNS, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
