"""`copytrail audit history`: everything that ever happened to one object, which may be named by its copy."""

from collections.abc import Sequence
from itertools import chain, islice

import click

from ops.audit.records import audit_query
from ops.audit.records_table import of_old_object, outcome_cell, took_s
from ops.errors import CommandError, UsageError
from ops.params.keys import S3Url, read_s3_url
from ops.stack import Stack
from ops.terminal.formats import cause_first, duration_shown, moment_shown
from ops.terminal.json import json_option
from ops.terminal.prompts import note
from ops.terminal.tables import Block, Blocks, Cell
from shared import times
from shared.audit_log.record import Record
from shared.events import Trigger
from shared.humanize import size_shown, visible
from shared.routes import Route

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
        records = query.by_object(source.bucket, source.key)
        for first in islice(records, 1):
            found = True
            if source != place:
                note(f"{source.url}, which is copied to {place.url}:")
            HISTORY.print(chain([first], records), as_json=as_json)
    if not found:
        raise CommandError(_nothing(place, sources) + why_nothing(stack.routes, sources[-1]))


def _nothing(place: S3Url, sources: Sequence[S3Url]) -> str:
    # A key's line break would be a blank in a failure's one line.
    copied = "".join(f" or of {visible(source.url)}, which is copied there" for source in sources if source != place)
    return f"nothing was ever recorded of {visible(place.url)}{copied}: "


def _block(record: Record) -> Block:
    version = f" · version {record.source_version_id}" if record.source_version_id else ""
    lines = (cause_first(record.message or "", record.object_key), _why(record), f"LogID {record.log_id}{version}")
    return Block(record.uploaded_at, _what(record), [line for line in lines if line])


def _what(record: Record) -> tuple[Cell, ...]:
    took = duration_shown(took_s(record))
    when = f"in {took}, {moment_shown(record.finished_at)}" if of_old_object(record) else f"after {took}"
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


def place_of(url: str) -> S3Url:
    """The place that an S3 URL names; its key is taken as it is written, nothing in it is decoded.

    Raises:
        CommandError: it is no S3 URL of an object.
    """
    place = read_s3_url(url)
    if place is None:
        raise UsageError(f"'{url}' is not an object's URL: write s3://bucket/key")
    try:
        url.encode()
    except UnicodeEncodeError:
        raise UsageError(f"'{url}' is not UTF-8, as keys are: check the shell's encoding") from None
    return place


def sources_of(routes: Sequence[Route], place: S3Url) -> list[S3Url]:
    """The source objects whose records tell of this place: itself, unless it can only be a copy, and what it copies."""
    sources = [S3Url(route.source_bucket, key) for route in routes if (key := _source_key(route, place))]
    may_be_source = any(place.bucket == route.source_bucket for route in routes)
    return list(dict.fromkeys([place, *sources] if may_be_source or not sources else sources))


def why_nothing(routes: Sequence[Route], place: S3Url) -> str:
    """What to check when nothing was ever recorded of a place that could be a source."""
    taken_from = sorted({route.source_bucket for route in routes})
    if place.bucket not in taken_from:
        if any(place.bucket == route.destination_bucket for route in routes):
            return "no route copies anything to a key like this"
        return f"no route takes uploads to bucket '{place.bucket}', only to {', '.join(taken_from)}"
    if not any(_takes(route, place) for route in routes):
        return "no route takes a key like this"
    return (
        "check the key letter by letter; `copytrail status` shows whether uploads are waiting; "
        "an object that is older than the stack needs `copytrail backfill`"
    )


def _source_key(route: Route, place: S3Url) -> str:
    """The key of the source object that this route copies to a place, or ""."""
    if place.bucket != route.destination_bucket or not place.key.startswith(route.destination_prefix):
        return ""
    key = place.key.removeprefix(route.destination_prefix)
    return key if _takes(route, S3Url(route.source_bucket, key)) else ""


def _takes(route: Route, place: S3Url) -> bool:
    # Of the sizes, which nobody knows here, one that the route takes.
    return route.matches(place.bucket, place.key, route.min_size or 0)
