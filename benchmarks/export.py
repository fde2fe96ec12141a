"""The benchmark of `copytrail audit export`: all records, into each kind of file."""

import json
from collections.abc import Iterator

from benchmarks.dataset.records import SINCE, UNTIL
from benchmarks.report import Result
from benchmarks.surroundings import Site, site
from shared import times

_FORMATS = ("csv", "jsonl", "parquet")


def run(records: int) -> Iterator[Result]:
    """Export so many records, once for each format."""
    with site(records=records) as place:
        for extension in _FORMATS:
            yield _export(place, f"records.{extension}", records)


def _export(place: Site, file: str, records: int) -> Result:
    span = ("--since", times.to_text(SINCE), "--until", times.to_text(UNTIL))
    measured = place.copytrail("audit", "export", file, *span)
    manifest = place.folder / f"{file}.manifest.json"
    count = json.loads(manifest.read_text())["Count"] if manifest.exists() else 0
    (place.folder / file).unlink(missing_ok=True)
    problems = () if count == records else (f"{count:,} records were exported: {measured.stderr.read_text()}",)
    return Result(f"copytrail audit export {file}", records, measured, problems=problems)
