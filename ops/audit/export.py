"""`copytrail audit export`: records as a file, whole or not at all, with a manifest beside it that says what it is."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import click
from click.core import ParameterSource

from ops.atomic_files import check_new, new_file
from ops.audit.export_formats import COLUMNS, STDOUT, Encoding, Format, Sink, encoding_of
from ops.audit.record_filter import LAST_DAY, RecordFilter, is_last_day, no_match
from ops.audit.records import audit_query, matching
from ops.audit.s3_export import export_to_s3, s3_folder
from ops.errors import UsageError
from ops.params.keys import S3Url
from ops.stack import Output, Stack
from ops.terminal.formats import counted
from ops.terminal.progress import progress
from ops.terminal.prompts import note
from shared import times
from shared.audit_log.record import Record
from shared.humanize import size_shown

_EXAMPLES = """\b
Examples:
  $ copytrail audit export november.parquet --since 2026-11-01 --until 2026-12-01
  $ copytrail audit export failed.csv --since 7d --outcome failed
  $ copytrail audit export - --format jsonl --since 1h | jq .ObjectKey
  $ copytrail audit export --to-s3 s3://my-exports/audit > athena.sql
Is a file still what was exported?
  $ jq -r '"\\(.Sha256)  \\(.File)"' failed.csv.manifest.json | sha256sum --check
"""
_MORE = "; --since 7d exports more"
# About 2 MB of records.
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Written:
    """What has been written: how many records, in how many bytes, and the SHA-256 of those."""

    count: int
    size: int
    sha256: str


@click.command(epilog=_EXAMPLES)
@click.argument("file", required=False, metavar="[FILE]")
@click.option(
    "--format",
    "asked_for",
    type=click.Choice(list(Format), case_sensitive=False),
    help="Instead of what FILE ends with.",
)
@click.option(
    "--to-s3",
    type=s3_folder,
    metavar="s3://BUCKET/PREFIX",
    help="Have DynamoDB export all of the table there, and print how Athena reads it.",
)
@RecordFilter.options("record_filter")
@click.pass_obj
@click.pass_context
def export(
    ctx: click.Context,
    stack: Stack,
    *,
    record_filter: RecordFilter,
    file: str | None,
    asked_for: Format | None,
    to_s3: S3Url | None,
) -> None:
    """Write records to a file, or all of the table to S3.

    FILE ends with .csv, .csv.gz, .jsonl, .jsonl.gz or .parquet; - is stdout. The records of transfers go there, the
    oldest first. FILE has its name only when it is whole; beside it is then FILE.manifest.json, which says what it is:
    its count, columns, filters and SHA-256.

    CSV is safe for spreadsheets: an apostrophe is put in front of what one could take for a formula (= + - @ and the
    like, control characters) where it could see a cell begin: at the start of a value, and after a semicolon, a tab or
    a line break within. What is an apostrophe there already gets another one: take one away at each such place, and
    you have the exact value. JSON lines and Parquet are exact.

    --to-s3 is for tables too big to stream. It needs point-in-time recovery, which the stack turns on, takes no
    filters, and takes the records of operations along.
    """
    if to_s3 is not None:
        _refuse_others(ctx)
        export_to_s3(stack, to_s3)
    elif file is None:
        raise UsageError("name a FILE to export to, - for stdout, or --to-s3 s3://BUCKET/PREFIX")
    else:
        written = _export(stack, record_filter, file, encoding_of(file, asked_for))
        _tell(file, written, by_default=is_last_day(record_filter), record_filter=record_filter)


def _export(stack: Stack, record_filter: RecordFilter, file: str, encoding: Encoding) -> Written | None:
    """Export to a file or stdout; None, and nothing touched, if there is nothing to export."""
    if file != STDOUT:
        check_new_file(Path(file))
    records: Iterator[Record] = matching(audit_query(stack), record_filter, newest_first=False)
    first = next(records, None)
    if first is None:
        return None
    records = chain([first], records)
    if file == STDOUT:
        return write_stdout(encoding, records)
    return _export_file(stack, record_filter, Path(file), encoding, records)


def _export_file(
    stack: Stack, record_filter: RecordFilter, path: Path, encoding: Encoding, records: Iterator[Record]
) -> Written:
    exported_at, exported_by = times.to_text(times.now()), stack.caller_arn

    def manifest(written: Written) -> Mapping[str, object]:
        return {
            "File": path.name,
            "Format": encoding.format,
            "Compression": "gzip" if encoding.gzip else None,
            "Count": written.count,
            "Size": written.size,
            "Sha256": written.sha256,
            "Columns": [column.name for column in COLUMNS],
            "Filter": record_filter.described(),
            "Table": stack.output(Output.AUDIT_TABLE_NAME),
            "Stack": stack.name,
            "Region": stack.region,
            "ExportedAt": exported_at,
            "ExportedBy": exported_by,
        }

    return write_file(path, encoding, records, manifest=manifest)


def _tell(file: str, written: Written | None, *, by_default: bool, record_filter: RecordFilter) -> None:
    if written is None:
        note(f"{no_match(record_filter)}: nothing is exported" + (_MORE if by_default else ""))
        return
    note(
        f"{counted(written.count, 'record')}{f' of {LAST_DAY}' if by_default else ''}, {size_shown(written.size)}"
        + ("" if file == STDOUT else f", in {file}")
        + (_MORE if by_default else "")
    )


def _refuse_others(ctx: click.Context) -> None:
    given = [
        option.get_error_hint(ctx).strip("'")
        for option in ctx.command.params
        if option.name != "to_s3" and ctx.get_parameter_source(option.name or "") is not ParameterSource.DEFAULT
    ]
    if given:
        raise UsageError(f"--to-s3 exports all of the table, to S3 only: leave out {', '.join(given)}")


def check_new_file(path: Path) -> None:
    """Refuse a path at which there is a file already, or a manifest of one.

    Raises:
        CommandError: there is a file already.
    """
    check_new(path)
    check_new(manifest_path(path))


def write_file(
    path: Path, encoding: Encoding, records: Iterator[Record], *, manifest: Callable[[Written], Mapping[str, object]]
) -> Written:
    """Write a file, and then its manifest: indented JSON, in which a name's control characters are escaped.

    Raises:
        CommandError: there is a file already, or its folder cannot be written to; nothing is left behind.
        CopytrailError: the records could not be read to their end; nothing is left behind.
    """
    with new_file(manifest_path(path)) as beside:
        with new_file(path) as file:
            written = _write(Sink(file), encoding, records)
        beside.write(f"{json.dumps(manifest(written), indent=2)}\n".encode())
    return written


def write_stdout(encoding: Encoding, records: Iterator[Record]) -> Written:
    """Write to stdout, and to a terminal only what is safe there."""
    # Taken before a progress bar, which puts itself in the place of sys.stdout.
    stdout = sys.stdout.buffer
    return _write(Sink(stdout), encoding, records, to_terminal=sys.stdout.isatty())


def _write(sink: Sink, encoding: Encoding, records: Iterator[Record], *, to_terminal: bool = False) -> Written:
    count = 0
    with _progress(shown=not to_terminal) as advance, encoding.writing(sink, to_terminal=to_terminal) as write:
        while some := list(islice(records, _AT_ONCE)):
            write(some)
            count += len(some)
            advance(len(some))
    return Written(count, sink.size, sink.sha256)


def _progress(*, shown: bool) -> AbstractContextManager[Callable[[int], None]]:
    return progress("exporting", total=None, unit="record") if shown else nullcontext(lambda _: None)


def manifest_path(file: Path) -> Path:
    """Where the manifest of a file is."""
    return file.with_name(f"{file.name}.manifest.json")
