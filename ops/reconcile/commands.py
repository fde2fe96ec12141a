"""The `copytrail reconcile` command: what is not where it should be, and the request that it be copied."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from operator import attrgetter

import click

from ops.audit.records import tell_unreadable
from ops.aws.listing import WORKERS, list_objects
from ops.aws.object_reads import ObjectReads
from ops.errors import DIFFERENCES, CommandError, UsageError
from ops.params.keys import KeyFilter
from ops.params.moment import moment
from ops.params.numbers import rate_option
from ops.reconcile.comparison import Comparison
from ops.reconcile.differences import Difference
from ops.reconcile.heads import THREADS, read_heads
from ops.reconcile.pairs import CopyRecord, pairs
from ops.reconcile.records import RecordStore, found_record, matters, read_records
from ops.reconcile.repair import Spool
from ops.reconcile.repair import repair as request_copies
from ops.reconcile.report import Compared, RepairSummary, Report
from ops.reconcile.scope import ALL, Scope, scopes
from ops.stack import Output, Stack
from ops.terminal.formats import counted
from ops.terminal.json import json_option
from ops.terminal.progress import progress
from ops.terminal.prompts import confirm, note, yes_option
from shared import times
from shared.audit_log.query import CLOCKS_DIFFER_BY, AuditQuery
from shared.humanize import size_shown

_EXAMPLES = """\b
Examples:
  $ copytrail reconcile
  $ copytrail reconcile --since 7d --key-prefix reports/ --json
  $ copytrail reconcile --repair --rate 50
"""

# What is on record of a source key of a scope now, in the order of time.
_ReadRecords = Callable[[Scope, str], Iterable[CopyRecord]]


@click.command(short_help="Compare source, destination and audit table.", epilog=_EXAMPLES)
@click.option("--route", default=ALL, metavar="N", show_default=True, help="Only this route, by its number from 1.")
@KeyFilter.options("keys")
@click.option("--since", type=moment, help="Only what was modified from then on: 7d or ISO-8601.")
@click.option(
    "--in-flight-since",
    type=moment,
    default="15m",
    show_default=True,
    help="Uploads since then may be under way, and are no differences.",
)
@click.option("--deep", is_flag=True, help="Also compare checksums, metadata, content headers and tags.")
@click.option("--without-records", is_flag=True, help="Do not read the audit table.")
@click.option("--repair", is_flag=True, help="Request copies of what is missing, deleted or different, after asking.")
@rate_option
@yes_option
@json_option
@click.pass_obj
@click.pass_context
def reconcile(
    ctx: click.Context,
    stack: Stack,
    *,
    route: str,
    keys: KeyFilter,
    since: datetime | None,
    in_flight_since: datetime,
    deep: bool,
    without_records: bool,
    repair: bool,
    rate: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Compare what is in the source, at the destination, and on record.

    Missing is what the destination lacks; CopyDeleted, what it lacks though a copy is on record; Different, what has
    another size or content there; NoRecord, what is at both ends without a record; NoSource, what only the destination
    has, which is a difference only on a route that lets deletions follow. Unclear is what HEAD failed for.

    It lists both buckets, and reads the records of the whole audit table or, with --since, from then on. Up to 5,000
    differences are checked again by HEAD, so that none is shown that is over. By itself it compares ETags where they
    can be compared; --deep takes two requests more for each object.

    With --repair, exactly what is Missing, CopyDeleted or Different is copied, if the source still has it. Left out are
    archived objects, those whose key at the destination would be too long, and routes that keep every version, as they
    go by S3's own events only.

    It exits with 3 if there are differences, repaired or not: a copy is requested, not made. Run it again later. An
    object that HEAD fails for is shown with the reason, the rest goes on, and the exit code is 1.
    """
    _check(repair=repair, yes=yes, rate=rate)
    chosen = scopes(stack.routes, route, keys, since=since, in_flight_since=in_flight_since)
    report = Report(as_json=as_json, with_repair=repair)
    with closing(Spool()) as repairable:

        def show(difference: Difference, scope: Scope) -> None:
            report.show(difference)
            if repair and difference.may_be_repaired and not _takes_no_requests(scope):
                repairable.add(difference)

        compared = _compare(stack, chosen, since=since, deep=deep, with_records=not without_records, show=show)
        report.print_totals(compared)
        requested: RepairSummary | None = None
        if repair and _agreed(compared, repairable, report, yes=yes):
            running = request_copies(
                stack,
                repairable,
                sources=(scope.route.source_bucket for scope in chosen),
                rate=rate,
                filters=_filters(route, keys, since, deep=deep),
            )
            requested = RepairSummary(operation_id=running.id, requested=running.counts["requested"])
            note(
                f"requested copies of {counted(repairable.count, 'object')}, as operation {running.id}: run reconcile"
                " again when they are made"
            )
        report.print_summary(compared, requested)
    if head_failed := sum(tally.head_failed for _, tally in compared):
        raise CommandError(f"{counted(head_failed, 'object')} could not be read")
    if any(tally.differences for _, tally in compared):
        ctx.exit(DIFFERENCES)


def _check(*, repair: bool, yes: bool, rate: float | None) -> None:
    if not repair and (yes or rate is not None):
        raise UsageError("--yes and --rate belong to --repair: add it, or leave them out")
    if repair and not yes and not sys.stdin.isatty():
        raise UsageError("--repair asks before it requests copies, and there is nobody to ask: add --yes")


def _filters(route: str, keys: KeyFilter, since: datetime | None, *, deep: bool) -> dict[str, str]:
    """The narrowing options as they are put on record with the operation."""
    given = {"route": "" if route == ALL else route, **keys.described()}
    given |= {"since": times.to_text(since) if since else "", "deep": str(deep) if deep else ""}
    return {name: value for name, value in given.items() if value}


def _agreed(compared: Compared, repairable: Spool, report: Report, *, yes: bool) -> bool:
    every = [scope.number for scope, tally in compared if tally.objects and _takes_no_requests(scope)]
    if every:
        note(f"left out: route {', '.join(map(str, every))}, which keeps every version and takes no requests")
    if not repairable.count:
        note("there is nothing to repair")
        return False
    report.show_repairable(iter(repairable))
    return confirm(
        f"Request copies of {counted(repairable.count, 'object')} ({size_shown(repairable.bytes)})?", yes=yes
    )


def _takes_no_requests(scope: Scope) -> bool:
    """Whether the copier refuses a request along this route: only S3's own events tell the order of versions."""
    return scope.route.versions == "every"


def _compare(
    stack: Stack,
    scopes: Sequence[Scope],
    *,
    since: datetime | None,
    deep: bool,
    with_records: bool,
    show: Callable[[Difference, Scope], None],
) -> Compared:
    """Compare one scope after the other; `show` gets each difference.

    Raises:
        CopytrailError: AWS did not answer, or refused.
    """
    compared = []
    with (
        closing(stack.client("s3", connections=2 * WORKERS + THREADS)) as s3,
        _records(stack, scopes, since) if with_records else nullcontext() as records,
        progress("comparing", total=None, unit="object") as advance,
    ):
        store, read_records = records or (None, None)
        read_both = partial(read_heads, ObjectReads(s3), deep=deep)
        for scope in scopes:
            route = scope.route
            comparison = Comparison(
                scope,
                read_both,
                deep=deep,
                records_of=partial(read_records, scope) if read_records else None,
                advance=advance,
            )
            with (
                closing(list_objects(s3, route.source_bucket, prefixes=scope.prefixes)) as source,
                closing(list_objects(s3, route.destination_bucket, prefixes=scope.copy_prefixes)) as copies,
            ):
                recorded = store.of(scope) if store else ()
                found = pairs(source, copies, recorded, destination_prefix=route.destination_prefix)
                for difference in comparison.run(found):
                    show(difference, scope)
            compared.append((scope, comparison.tally))
    return compared


@contextmanager
def _records(
    stack: Stack, scopes: Sequence[Scope], since: datetime | None
) -> Iterator[tuple[RecordStore, _ReadRecords]]:
    """All that is on record, as it was read, and how to read what is on record of one key now."""
    table_name = stack.output(Output.AUDIT_TABLE_NAME)
    begin = times.earlier(since, CLOCKS_DIFFER_BY) if since else None
    with closing(stack.client("dynamodb", connections=2 * THREADS)) as dynamodb, closing(RecordStore(scopes)) as store:
        query = AuditQuery(dynamodb, table_name)

        def read_now(scope: Scope, key: str) -> Iterable[CopyRecord]:
            records = query.by_object(scope.route.source_bucket, key)
            known = filter(None, (found_record(record.to_item()) for record in records))
            return sorted((found.record for found in known if matters(found, scope)), key=attrgetter("finished_at"))

        with progress("reading records", total=None, unit="record") as advance:
            until = times.now() + CLOCKS_DIFFER_BY
            for page in read_records(dynamodb, table_name, since=begin, until=until, unreadable=query.unreadable):
                store.add(page)
                advance(len(page))
        yield store, read_now
        tell_unreadable(query.unreadable)
