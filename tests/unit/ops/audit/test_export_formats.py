"""Records as CSV, JSON lines and Parquet: all of each record, exactly, or safely."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec
import pyarrow.parquet
import pytest

from ops.audit.export_formats import COLUMNS, Encoding, Format, Sink, encoding_of, parquet
from ops.errors import CommandError
from shared.audit_log.record import Record
from tests.fakes.outcomes import a_record, an_upload, copied, failed, skipped

NASTY = 'a\r\nb,"c"\td\u2028e\x1b[31mf\x9bg\u202eh ключ 🙂'


@pytest.fixture
def records() -> list[Record]:
    """One of each outcome, with all that a record can have, and with as little."""
    full = msgspec.structs.replace(
        a_record(
            copied(
                an_upload(key=NASTY, version_id="v-1", size=53_687_091_200_000),
                parts=4,
                requested_by="arn:me",
                operation_id="o-1",
            )
        ),
        destination_version_id="v-2",
        reason="why",
        message="line\nbreak",
    )
    return [full, a_record(skipped(an_upload(key="b"))), a_record(failed(an_upload(key="=c", sequencer=None)))]


def written(records: Sequence[Record], encoding: Encoding, *, at_once: int = 2, to_terminal: bool = False) -> bytes:
    """The bytes of an export."""
    file = io.BytesIO()
    sink = Sink(file)
    with encoding.writing(sink, to_terminal=to_terminal) as write:
        for start in range(0, len(records), at_once):
            write(records[start : start + at_once])
    assert (sink.size, sink.sha256) == (len(file.getvalue()), hashlib.sha256(file.getvalue()).hexdigest())
    return file.getvalue()


def rows(data: bytes) -> Iterator[dict[str, str]]:
    """What a CSV file says, read as RFC 4180 has it."""
    return csv.DictReader(io.StringIO(data.decode(), newline=""))


def test_the_columns_are_all_the_attributes_of_a_record_in_its_order(records: list[Record]) -> None:
    assert [column.name for column in COLUMNS] == list(records[0].attributes())


def test_csv_has_every_attribute_and_leaves_empty_what_is_absent(records: list[Record]) -> None:
    absent = dict.fromkeys((column.name for column in COLUMNS), "")
    data = written(records[:2], Encoding(Format.CSV))
    expected = [absent | {name: str(value) for name, value in record.attributes().items()} for record in records[:2]]
    # A carriage return may begin a cell where lines are taken for rows.
    nasty = NASTY.replace("\r\n", "\r'\n")
    expected[0] |= {"ObjectKey": nasty, "DestinationKey": nasty}
    assert list(rows(data)) == expected


def test_csv_makes_formulas_in_any_column_harmless(records: list[Record]) -> None:
    formula = "=1+1"
    of_text = {"Reason", "Message", "RequestedBy", "ObjectKey", "SourceETag", "SourceVersionId", "LogID"}
    evil = msgspec.convert(msgspec.to_builtins(records[0]) | dict.fromkeys(of_text, formula), Record, strict=False)
    [row] = rows(written([evil], Encoding(Format.CSV)))
    assert {row[name] for name in of_text} == {f"'{formula}"}


def test_csv_on_a_terminal_shows_what_would_not_be_seen(records: list[Record]) -> None:
    shown = written(records, Encoding(Format.CSV), to_terminal=True).decode()
    assert all(line.isprintable() for line in shown.split("\r\n"))
    assert r"a\r\nb" in shown


def test_json_lines_are_what_get_shows_and_hold_nothing_a_terminal_would_act_on(records: list[Record]) -> None:
    text = written(records, Encoding(Format.JSONL)).decode()
    assert [json.loads(line) for line in text.splitlines()] == [record.attributes() for record in records]
    assert all(line.isprintable() for line in text.splitlines())


def test_parquet_has_numbers_and_moments_as_what_they_are(records: list[Record]) -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(written(records, Encoding(Format.PARQUET))))
    assert table.to_pylist() == [{column.name: column.value(record) for column in COLUMNS} for record in records]
    types = {field.name: str(field.type) for field in table.schema}
    assert types["ObjectKey"] == "string"
    assert types["Size"] == types["Parts"] == types["Attempt"] == "int64"
    assert types["UploadedAt"] == types["LoggedAt"] == "timestamp[ms, tz=UTC]"
    never_absent = {field.encode_name for field in msgspec.structs.fields(Record) if field.required}
    assert {field.name for field in table.schema if not field.nullable} == never_absent


def test_parquet_holds_one_row_group_back_and_no_more(records: list[Record]) -> None:
    file = io.BytesIO()
    sizes = []
    with parquet(Sink(file), row_group=10) as write:
        for _ in range(8):
            write(records)
            sizes.append(len(file.getvalue()))
    grew = [after > before for before, after in pairwise(sizes)]
    assert grew == [False, False, True, False, False, False, True]
    found = pyarrow.parquet.ParquetFile(io.BytesIO(file.getvalue())).metadata
    assert [found.row_group(number).num_rows for number in range(found.num_row_groups)] == [12, 12]


@pytest.mark.parametrize("format_", [Format.CSV, Format.JSONL])
def test_gzip_holds_the_same_and_is_the_same_each_time(records: list[Record], format_: Format) -> None:
    compressed = written(records, Encoding(format_, gzip=True))
    assert gzip.decompress(compressed) == written(records, Encoding(format_))
    assert compressed == written(records, Encoding(format_, gzip=True))


@pytest.mark.parametrize(
    ("file", "asked_for", "encoding"),
    [
        ("a.csv", None, Encoding(Format.CSV)),
        ("A.CSV.GZ", None, Encoding(Format.CSV, gzip=True)),
        ("a.b/c.jsonl", None, Encoding(Format.JSONL)),
        ("a.parquet", None, Encoding(Format.PARQUET)),
        ("a.csv.gz", None, Encoding(Format.CSV, gzip=True)),
        ("a.jsonl.gz", None, Encoding(Format.JSONL, gzip=True)),
        ("a.txt", Format.CSV, Encoding(Format.CSV)),
        ("a.gz", Format.JSONL, Encoding(Format.JSONL, gzip=True)),
        ("-", Format.CSV, Encoding(Format.CSV)),
    ],
)
def test_a_files_end_says_its_format_unless_one_is_asked_for(
    file: str, asked_for: Format | None, encoding: Encoding
) -> None:
    assert encoding_of(file, asked_for) == encoding


@pytest.mark.parametrize(
    ("file", "asked_for", "says"),
    [
        ("a.xlsx", None, "'a.xlsx' does not say which format: end it with .csv, .jsonl or .parquet, or add --format"),
        ("csv", None, "'csv' does not say"),
        ("a.gz", None, "'a.gz' does not say"),
        ("-", None, "stdout needs a format: add --format csv or --format jsonl"),
        ("-", Format.PARQUET, "Parquet goes to a file, not to stdout"),
        ("a.parquet.gz", None, "Parquet compresses itself: leave out .gz"),
    ],
)
def test_a_file_whose_format_is_not_known_or_does_not_go_there_is_refused(
    file: str, asked_for: Format | None, says: str
) -> None:
    with pytest.raises(CommandError) as refused:
        encoding_of(file, asked_for)
    assert says in refused.value.message
    assert refused.value.exit_code == 2
