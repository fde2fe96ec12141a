"""Owns which format a file of records has, and how it is written."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from ops.audit.formats.csv_table import csv_table
from ops.audit.formats.json_lines import json_lines
from ops.audit.formats.parquet import parquet
from ops.audit.formats.writing import Sink, Writable, WriteRecords
from ops.failures import UsageError

STDOUT = "-"
_GZIP = ".gz"


class Format(StrEnum):
    """The formats, by the endings of their files."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Encoding:
    """A format, and whether it is compressed once more, as a whole."""

    format: Format
    gzip: bool = False

    @contextmanager
    def writing(self, sink: Sink, *, to_terminal: bool = False) -> Iterator[WriteRecords]:
        """Write records so."""
        with ExitStack() as stack:
            if self.format is Format.PARQUET:
                yield stack.enter_context(parquet(sink))
                return
            # Neither a name nor a moment is written within: the same records make the same file.
            compressed = gzip.GzipFile("", "wb", fileobj=sink, mtime=0) if self.gzip else None
            target: Writable = stack.enter_context(compressed) if compressed else sink
            lines = json_lines(target) if self.format is Format.JSONL else csv_table(target, to_terminal=to_terminal)
            yield stack.enter_context(lines)


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
