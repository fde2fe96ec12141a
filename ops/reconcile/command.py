"""Owns `copytrail reconcile`: what is not where it should be, and the request that it be copied."""

import sys
from datetime import datetime

import click

from ops.errors import DIFFERENCES, CommandError, UsageError
from ops.params.keys import KeyFilter
from ops.params.moment import Moment
from ops.params.numbers import rate_option
from ops.reconcile.difference import Kept
from ops.reconcile.repair import repair as request_copies
from ops.reconcile.report import Compared, RepairTold, Report
from ops.reconcile.run import Wish, compare, takes_no_requests
from ops.reconcile.scope import ALL, scopes
from ops.stack import Stack
from ops.terminal.formats import counted, size_shown
from ops.terminal.json import json_option
from ops.terminal.prompts import confirm, note, yes_option
from shared import times

_SETTLE = "15m"

_EXAMPLES = """\b
Examples:
  $ copytrail reconcile
  $ copytrail reconcile --since 7d --key-prefix reports/ --json
  $ copytrail reconcile --repair --rate 50
"""


@click.command(short_help="Compare source, destination and audit table.", epilog=_EXAMPLES)
@click.option("--route", default=ALL, metavar="N", show_default=True, help="Only this route, by its number from 1.")
@KeyFilter.options("keys")
@click.option("--since", type=Moment(), help="Only what was modified from then on: 7d or ISO-8601.")
@click.option(
    "--settle",
    type=Moment(),
    default=_SETTLE,
    show_default=True,
    help="Uploads since then may be under way, and are no differences.",
)
@click.option("--deep", is_flag=True, help="Also compare checksums, metadata, content headers and tags.")
@click.option("--without-records", is_flag=True, help="Do not read the audit table.")
@click.option("--repair", is_flag=True, help="Request copies of what is missing, gone or different, after asking.")
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
    settle: datetime,
    deep: bool,
    without_records: bool,
    repair: bool,
    rate: float | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Compare what is in the source, at the destination, and on record.

    Missing is what the destination lacks; Gone, what it lacks though a copy is on record; Different, what has another
    size or content there; Unrecorded, what is at both ends without a record; Extra, what only the destination has. An
    extra object is a difference only on a route that lets deletions follow. Unclear is what S3 did not tell enough of.

    It lists both buckets, and reads the records of the whole audit table or, with --since, from then on. Some thousand
    differences are looked at once more, so that none is told of that is over. By itself it compares ETags where they
    can be compared; --deep takes two requests more for each object.

    With --repair, exactly what is missing, gone or different is copied, if the source still has it. Left out are
    archived objects, those whose key at the destination would be too long, and routes that keep every version, as they
    go by S3's own events only.

    It exits with 3 if there are differences, repaired or not: a copy is requested, not made. Run it again later. An
    object that S3 tells nothing of is shown with the reason, the rest goes on, and the exit code is 1.
    """
    _check(repair=repair, yes=yes, rate=rate)
    chosen = scopes(stack.routes, route, keys, since=since, settled_before=settle)
    wish = Wish(deep=deep, with_records=not without_records, since=since)
    filters = _filters(ctx)
    report = Report(as_json=as_json, with_repair=repair)
    with Kept() as wanted:
        compared = compare(stack, chosen, wish, show=report.show, wanted=wanted if repair else None)
        report.conclude(compared)
        requested: RepairTold | None = None
        if repair and _agreed(compared, wanted, report, yes=yes):
            running = request_copies(
                stack, wanted, sources=(scope.route.source_bucket for scope in chosen), rate=rate, filters=filters
            )
            requested = RepairTold(operation_id=running.id, requested=running.counts["requested"])
            note(
                f"requested {wanted.count:,} copies, as operation {running.id}: run reconcile again when they are made"
            )
        report.summarize(compared, requested)
    if unseen := sum(tally.unseen for _, tally in compared):
        raise CommandError(f"{counted(unseen, 'object')} could not be looked at")
    if any(tally.differences for _, tally in compared):
        ctx.exit(DIFFERENCES)


def _check(*, repair: bool, yes: bool, rate: float | None) -> None:
    if not repair and (yes or rate is not None):
        raise UsageError("--yes and --rate belong to --repair: add it, or leave them out")
    if repair and not yes and not sys.stdin.isatty():
        raise UsageError("--repair asks before it requests copies, and there is nobody to ask: add --yes")


def _filters(ctx: click.Context) -> dict[str, str]:
    """The narrowing options as the operation's records tell them."""
    given = {name.replace("_", "-"): ctx.params[name] for name in ("route", "key_prefix", "key_glob", "since", "deep")}
    return {
        name: times.to_text(value) if isinstance(value, datetime) else str(value)
        for name, value in given.items()
        if value and value != ALL
    }


def _agreed(compared: Compared, wanted: Kept, report: Report, *, yes: bool) -> bool:
    every = [scope.number for scope, tally in compared if tally.objects and takes_no_requests(scope)]
    if every:
        note(f"left out: route {', '.join(map(str, every))}, which keeps every version and takes no requests")
    if not wanted.count:
        note("there is nothing to repair")
        return False
    report.show_wanted(iter(wanted))
    return confirm(f"Request copies of {wanted.count:,} objects ({size_shown(wanted.bytes)})?", yes=yes)
