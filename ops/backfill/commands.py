"""The `copytrail backfill` command: requests copies of objects that were there before the system was."""

from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import click

from ops.aws.concurrency import Pace
from ops.aws.object_reads import ObjectReads
from ops.backfill.checkpoint import Checkpoint, CheckpointWriter
from ops.backfill.job import BackfillOptions, Job, job_of
from ops.backfill.objects import Position
from ops.backfill.preview import Preview
from ops.backfill.requests import THREADS, GroupResult, Requester, request_all
from ops.copy_requests import CopyRequests
from ops.errors import CommandError
from ops.operation_events import RunningOperation, operation
from ops.params.keys import KeyFilter
from ops.params.moment import moment
from ops.params.numbers import Rate
from ops.stack import Output, Stack
from ops.terminal.formats import counted
from ops.terminal.json import JsonObject, json_option, print_json
from ops.terminal.progress import progress
from ops.terminal.prompts import confirm, note, yes_option
from ops.terminal.tables import print_attributes
from shared import times
from shared.events import Trigger
from shared.operations import OperationKind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# PutEvents takes 600 events a second where its quota is lowest, and uploads want their share of it.
_RATE = 300

_EXAMPLES = """\b
Examples:
  $ copytrail backfill --dry-run
  $ copytrail backfill --key-prefix reports/ --until 2026-11-01
  $ copytrail backfill --manifest s3://inventories/uploads/daily/2026-11-22T01-00Z/manifest.json --rate 500 --yes
"""


class _MomentAsWritten(click.ParamType[str]):
    """A moment that keeps its text: `7d` is another moment when the command is started again."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read a moment. Raises CommandError: the text is no moment."""
        text = str(value).strip()
        if text:
            moment(text)
        return text


class NotRequested(JsonObject, frozen=True, kw_only=True):
    """An object that could not be read, so that no copy was requested."""

    result: Literal["Failed"]
    source_bucket: str
    object_key: str
    message: str


class BackfillSummary(JsonObject, frozen=True, kw_only=True):
    """Totals of a backfill: the last line."""

    operation_id: str
    source_bucket: str
    requested: int
    source_deleted: int
    failed: int


@click.command(short_help="Request copies of objects that were there before.", epilog=_EXAMPLES)
@click.option(
    "--bucket",
    default="",
    metavar="BUCKET",
    help="The source bucket, by name, or as the settings call it, if there are several.",
)
@KeyFilter.options("keys")
@click.option("--since", type=_MomentAsWritten(), default="", help="Only last modified from then on: 30d or ISO-8601.")
@click.option("--until", type=_MomentAsWritten(), default="", help="Only last modified before then.")
@click.option("--manifest", default="", metavar="URL", help="Go by an S3 Inventory (CSV or Parquet), not by a listing.")
@click.option("--include-archived", is_flag=True, help="Also GLACIER and DEEP_ARCHIVE; what is not restored will fail.")
@click.option(
    "--rate",
    type=Rate(),
    default=_RATE,
    show_default=True,
    metavar="N",
    help="At most so many requests a second.",
)
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keeps how far it has come.  [default: backfill-STACK-BUCKET.checkpoint.json]",
)
@click.option("--dry-run", is_flag=True, help="Only say how many there are, how large, and what it would cost.")
@yes_option
@json_option
@click.pass_obj
def backfill(
    stack: Stack,
    *,
    bucket: str,
    keys: KeyFilter,
    since: str,
    until: str,
    manifest: str,
    include_archived: bool,
    rate: float,
    checkpoint: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Request copies of objects that were there before the system was.

    One copy is requested of every object that the filters and a route take, all under one operation; each has a record
    of its own, with the trigger "backfill". Stopped anywhere, the same command goes on from its checkpoint file; while
    one is at work with that file, another ends with exit code 2.

    An object that is at its destination already is copied once more, and paid for: `copytrail reconcile --repair`
    requests only what is missing or different. An object of which neither the inventory nor HEAD says the ETag is named
    with the reason, the rest goes on, and the exit code is 1.
    """
    options = BackfillOptions(bucket, keys, since, until, manifest, include_archived)
    with ExitStack() as opened:
        s3 = opened.enter_context(closing(stack.client("s3", connections=THREADS + 1)))
        job = job_of(options, stack, s3, checkpoint, lock=None if dry_run else opened)
        if dry_run:
            _print_preview(job, rate=rate, as_json=as_json)
            return
        agreed = _agreed(job, rate=rate, yes=yes)
        if agreed:
            _run(stack, s3, job, agreed, rate=rate, as_json=as_json)


def _print_preview(job: Job, *, rate: float, as_json: bool) -> None:
    preview = _preview(job)
    if as_json:
        print_json(preview.attributes())
    else:
        print_attributes(preview.shown(rate=rate, as_of=job.inventory_of))
    if job.earlier:
        note(f"a backfill with these options is under way: {job.earlier.in_words} ({job.file.path})")


def _agreed(job: Job, *, rate: float, yes: bool) -> Checkpoint | None:
    """Where to begin, if there is something to do and the person wants it."""
    if job.earlier:
        note(
            f"this goes on with operation {job.earlier.operation_id} of {times.to_text(job.earlier.begun_at)}:"
            f" {job.earlier.in_words}"
        )
        return job.earlier if confirm("Request the rest?", yes=yes) else None
    preview = _preview(job)
    if not preview.objects:
        left_out = f"; left out: {preview.left_out_shown}" if preview.left_out else ""
        note(f"there is nothing to request: no object of s3://{job.selection.bucket} matches{left_out}")
        return None
    print_attributes(preview.shown(rate=rate, as_of=job.inventory_of), err=True)
    if not confirm(f"Request copies of {preview.in_words}?", yes=yes):
        return None
    return Checkpoint(
        operation_id=str(uuid4()),
        arguments=job.arguments,
        begun_at=times.now(),
        since=job.selection.since,
        until=job.selection.until,
        objects=preview.objects,
        size=preview.size,
    )


def _run(stack: Stack, s3: "S3Client", job: Job, checkpoint: Checkpoint, *, rate: float, as_json: bool) -> None:
    writer = CheckpointWriter(job.file, checkpoint, under_way=job.earlier is not None)
    note(f"how far it has come is kept in {job.file.path}")
    bus_name = stack.output(Output.TRANSFER_BUS_NAME)
    try:
        with (
            closing(stack.client("events", connections=THREADS)) as events,
            operation(
                stack,
                OperationKind.BACKFILL,
                subject=f"s3://{job.selection.bucket}",
                filters=job.filters,
                operation_id=checkpoint.operation_id,
            ) as running,
        ):
            copies = CopyRequests(events, bus_name, running, Trigger.BACKFILL)
            _request(s3, copies, job, writer, running, rate=rate, as_json=as_json)
    except BaseException:
        if writer.under_way:
            note(f"stopped: {writer.checkpoint.in_words}; the same command goes on from {job.file.path}")
        else:
            note("stopped before the first request: nothing was requested")
        raise
    job.file.remove()
    _print_end(job, writer.checkpoint, running, as_json=as_json)
    if failed := writer.checkpoint.failed:
        raise CommandError(f"{counted(failed, 'object')} could not be read, and no copy was requested")


def _request(
    s3: "S3Client",
    copies: CopyRequests,
    job: Job,
    writer: CheckpointWriter,
    running: RunningOperation,
    *,
    rate: float,
    as_json: bool,
) -> None:
    stopped = Event()
    requester = Requester(ObjectReads(s3), copies, job.selection.bucket, begin=writer.begin, wait=stopped.wait)
    begun = writer.checkpoint
    with (
        closing(job.selection.taken(job.objects_after(begun.position))) as taken,
        progress("requesting", total=max(0, begun.objects - begun.requested), unit="object") as advance,
    ):

        def report(requested: GroupResult) -> None:
            running.count("requested", requested.requested)
            if requested.source_deleted:
                running.count("source_deleted", requested.source_deleted)
            if requested.failed:
                running.count("failed", len(requested.failed))
                _print_failed(job.selection.bucket, requested.failed, as_json=as_json)
            advance(requested.requested + requested.source_deleted + len(requested.failed))

        request_all(taken, requester.request, writer=writer, pace=Pace(rate), report=report, stop=stopped.set)


def _print_failed(bucket: str, failed: Iterable[tuple[str, str]], *, as_json: bool) -> None:
    for key, why in failed:
        if as_json:
            print_json(NotRequested(result="Failed", source_bucket=bucket, object_key=key, message=why).attributes())
        else:
            note(f"not requested: s3://{bucket}/{key}: {why}")


def _preview(job: Job) -> Preview:
    preview = Preview(job.selection, job.parts)
    with progress("counting", total=None, unit="object") as advance:
        preview.count(job.objects_after(Position()), advance)
    return preview


def _print_end(job: Job, checkpoint: Checkpoint, running: RunningOperation, *, as_json: bool) -> None:
    if as_json:
        print_json(
            BackfillSummary(
                operation_id=running.id,
                source_bucket=job.selection.bucket,
                requested=checkpoint.requested,
                source_deleted=checkpoint.source_deleted,
                failed=checkpoint.failed,
            ).attributes()
        )
        return
    click.echo(f"requested {checkpoint.requested:,} of {checkpoint.objects:,} copies, as operation {running.id}")
    note(f"what becomes of them: copytrail status, copytrail audit list --operation {running.id}")
