"""Owns records as a file: whole or not at all, with its manifest beside it, and a part in memory at a time."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ops.audit.formats.choice import Encoding
from ops.audit.formats.writing import Sink
from ops.audit.manifest import manifest_path
from ops.new_files import check_new, new_file
from ops.terminal.progress import progress
from shared.audit_log.record import Record

# About 2 MB of records.
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Written:
    """What has been written: how many records, in how many bytes, and the SHA-256 of those."""

    count: int
    size: int
    sha256: str


def check_new_file(path: Path) -> None:
    """Let a path pass at which there is nothing yet, nor a manifest of it.

    Raises:
        CommandError: there is a file already.
    """
    check_new(path)
    check_new(manifest_path(path))


def write_file(
    path: Path, encoding: Encoding, records: Iterator[Record], *, manifest: Callable[[Written], bytes]
) -> Written:
    """Write a file, and then its manifest.

    Raises:
        CommandError: there is a file already, or its folder cannot be written to; nothing is left behind.
        CopytrailError: the records could not be read to their end; nothing is left behind.
    """
    with new_file(manifest_path(path)) as beside:
        with new_file(path) as file:
            written = _write(Sink(file), encoding, records)
        beside.write(manifest(written))
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
    return progress("exporting", total=None, unit="records") if shown else nullcontext(lambda _: None)
