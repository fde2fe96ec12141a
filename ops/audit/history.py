"""Owns `copytrail audit history`: everything that ever happened to one object."""

from collections.abc import Iterator, Sequence

import click

from ops.audit.record_table import of_old_object, outcome_cell, took_s
from ops.audit.sources import place_of, sources_of, why_nothing
from ops.audit.table import audit_query
from ops.failures import CommandError
from ops.params.keys import Place
from ops.stack import Stack
from ops.terminal.formats import cause_first, duration_shown, shown_moment, size_shown, visible
from ops.terminal.json import json_option
from ops.terminal.prompts import note
from ops.terminal.tables import Block, Blocks, Cell
from shared import times
from shared.audit_log.query import AuditQuery
from shared.audit_log.record import Record
from shared.events import Trigger

_EXAMPLES = """\b
Examples:
  $ copytrail audit history s3://devops-public-5607/reports/2026.csv
  $ copytrail audit history $'s3://devops-public-5607/two\\nlines' --json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("url", metavar="s3://BUCKET/KEY")
@json_option
@click.pass_obj
def history(stack: Stack, url: str, *, as_json: bool) -> None:
    """Show everything that ever happened to an object.

    In the order of its uploads. The key is taken as it is written: nothing in it is decoded. Of a copy, the history of
    what it is a copy of is shown.

    Into a pipe: upload, end, outcome, reason, seconds it took, trigger, who asked, LogID and URL, with tabs between.
    """
    place = place_of(url)
    query = audit_query(stack)
    found = False
    sources = sources_of(stack.routes, place)
    for source in sources:
        if records := _records(query, source):
            found = True
            if source != place:
                note(f"{source.url}, which is copied to {place.url}:")
            HISTORY.print(records, as_json=as_json)
    if not found:
        raise CommandError(_nothing(place, sources) + why_nothing(stack.routes, sources[-1]))


def _nothing(place: Place, sources: Sequence[Place]) -> str:
    # A key's line break would be a blank in a failure's one line.
    copied = "".join(f" or of {visible(source.url)}, which is copied there" for source in sources if source != place)
    return f"nothing was ever recorded of {visible(place.url)}{copied}: "


def _records(query: AuditQuery, source: Place) -> Iterator[Record] | None:
    """The records of an object, or None where there is none."""
    records = query.by_object(source.bucket, source.key)
    first = next(records, None)
    return None if first is None else _again(first, records)


def _again(first: Record, others: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from others


def _block(record: Record) -> Block:
    version = f" · version {record.source_version_id}" if record.source_version_id else ""
    lines = (cause_first(record.message or "", record.object_key), _why(record), f"LogID {record.log_id}{version}")
    return Block(record.uploaded_at, _what(record), [line for line in lines if line])


def _what(record: Record) -> tuple[Cell, ...]:
    took = duration_shown(took_s(record))
    when = f"in {took}, {shown_moment(record.finished_at)}" if of_old_object(record) else f"after {took}"
    if record.source_etag:
        return Cell(f"upload of {size_shown(record.size)}"), outcome_cell(record), Cell(when)
    return Cell("deletion"), outcome_cell(record), Cell(when)


def _why(record: Record) -> str:
    """What set it going, unless it went of its own accord."""
    if record.trigger in (Trigger.UPLOAD, Trigger.DELETE):
        return ""
    who = f" by {record.requested_by}" if record.requested_by else ""
    return f"{record.trigger}{who}" + (f", operation {record.operation_id}" if record.operation_id else "")


HISTORY = Blocks[Record](
    _block,
    piped=lambda record: (
        times.to_text(record.uploaded_at),
        times.to_text(record.finished_at),
        record.outcome,
        record.reason or "",
        f"{took_s(record):.3f}",
        record.trigger,
        record.requested_by or "",
        record.log_id,
        record.source_url,
    ),
    json=Record.attributes,
)
