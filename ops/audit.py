"""Owns `copytrail audit`: what became of uploads, out of the audit table."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import click
from click.core import ParameterSource

from ops.failures import Failure, Misconfigured
from ops.moments import Moment
from ops.output import Cell, Column, json_option, note, print_attributes, print_json, print_table, terminal_width
from ops.stack_outputs import Output, Stack
from services.auditor.query import THREADS, AuditQuery
from services.auditor.record import Record
from shared import times
from shared.events import Outcome
from shared.log_id import is_log_id

# The clock of the machine that asks may be behind those of the functions that wrote: newest means newest.
_CLOCKS_DIFFER_BY = timedelta(minutes=15)

# Below this many characters a line, a table has no room for everything: `get` and pipes have it.
_WIDE = 110
_WIDE_COLUMNS = (
    Column("LogID", 36),
    Column("Finished (UTC)", 19),
    Column("Outcome", 7),
    Column("Reason", 14),
    Column("Key"),
)
_NARROW_COLUMNS = (Column("LogID", 36), Column("UTC", 8), Column("Outcome", 21), Column("Key"))
_DEFAULT_SINCE = "1d"
_LAST_DAY = "the last 24 h"
_MORE = "; --since 7d shows more"
_STYLES = {
    Outcome.COPIED: "green",
    Outcome.DELETED: "magenta",
    Outcome.SKIPPED: "yellow",
    Outcome.FAILED: "red",
}


_LIST_EXAMPLES = """\b
Examples:
  $ copytrail audit list --since 1h
  $ copytrail audit list --since 7d --outcome failed
  $ copytrail audit list --since 2026-11-01 --until 2026-12-01 --key-prefix reports/ --json
"""


@click.group()
def audit() -> None:
    """Look up what became of uploads."""


@audit.command(epilog="\b\nExample:\n  $ copytrail audit get 6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d --json")
@click.argument("log_id", metavar="LOGID")
@json_option
@click.pass_obj
def get(stack: Stack, log_id: str, *, as_json: bool) -> None:
    """Show the record of LOGID, all of it."""
    wanted = log_id.strip().lower()
    if not is_log_id(wanted):
        raise Misconfigured(
            f"'{log_id}' is not a LogID, which looks like 6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d: "
            "`copytrail audit list` shows them"
        )
    record = _query(stack).get(wanted)
    if record is None:
        raise Failure(f"no record has LogID {wanted}")
    if as_json:
        print_json(record.attributes())
    else:
        print_attributes(record.attributes())


@audit.command("list", epilog=_LIST_EXAMPLES)
@click.option(
    "--since", type=Moment(), default=_DEFAULT_SINCE, show_default=True, help="From then on: 15m, 1h, 7d or ISO-8601."
)
@click.option("--until", type=Moment(), help="Up to, not including, then.  [default: now]")
@click.option("--key-prefix", default="", metavar="PREFIX", help="Only objects whose key begins with this.")
@click.option("--outcome", type=click.Choice(list(Outcome), case_sensitive=False), help="Only this outcome.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many, the newest.")
@json_option
@click.pass_obj
@click.pass_context
def list_(
    ctx: click.Context,
    stack: Stack,
    *,
    since: datetime,
    until: datetime | None,
    key_prefix: str,
    outcome: Outcome | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List records by when they finished, newest first.

    Into a pipe: LogID, moment, outcome, reason, object, with tabs between. A date is its first moment, UTC.
    """
    if until is not None and since >= until:
        raise Misconfigured(f"--since {times.to_text(since)} is not before --until {times.to_text(until)}")
    latest = times.now() + _CLOCKS_DIFFER_BY
    found = _query(stack).by_time(since, min(until or latest, latest))
    wanted = (record for record in found if _matches(record, key_prefix, outcome))
    counted = _Counted(islice(wanted, limit))
    if as_json:
        for record in counted:
            print_json(record.attributes())
    else:
        _print(counted)
    by_default = ctx.get_parameter_source("since") is ParameterSource.DEFAULT
    if not counted.count:
        note(_no_match(since, until, key_prefix, outcome) + (_MORE if by_default else ""))
    elif by_default and terminal_width() is not None and counted.count != limit:
        note(_LAST_DAY + _MORE)


def _no_match(since: datetime, until: datetime | None, key_prefix: str, outcome: Outcome | None) -> str:
    filters = {
        "since": times.to_text(since),
        "until": times.to_text(until) if until else "",
        "with a key that begins with": f"'{key_prefix}'" if key_prefix else "",
        "with outcome": outcome or "",
    }
    return " ".join(["no record matches", *(f"{words} {value}" for words, value in filters.items() if value)])


class _Counted:
    """An iterator that knows how many it has given."""

    def __init__(self, records: Iterator[Record]) -> None:
        self._records = records
        self.count = 0

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        record = next(self._records)
        self.count += 1
        return record


def _query(stack: Stack) -> AuditQuery:
    table_name = stack.output(Output.AUDIT_TABLE_NAME)
    return AuditQuery(stack.client("dynamodb", connections=THREADS), table_name)


def _matches(record: Record, key_prefix: str, outcome: Outcome | None) -> bool:
    return record.object_key.startswith(key_prefix) and (outcome is None or record.outcome is outcome)


def _print(records: Iterator[Record]) -> None:
    width = terminal_width()
    if width is None:
        print_table((), map(_whole_row, records))
    elif width >= _WIDE:
        print_table(_WIDE_COLUMNS, map(_wide_row, records))
    else:
        print_table(_NARROW_COLUMNS, map(_narrow_row, records))


def _whole_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(times.to_text(record.finished_at)),
        Cell(record.outcome),
        Cell(record.reason or ""),
        Cell(record.source_url),
    )


def _wide_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(record.finished_at.strftime("%Y-%m-%d %H:%M:%S")),
        Cell(record.outcome, _STYLES[record.outcome]),
        Cell(record.reason or ""),
        Cell(record.object_key),
    )


def _narrow_row(record: Record) -> tuple[Cell, ...]:
    return (
        Cell(record.log_id),
        Cell(record.finished_at.strftime("%H:%M:%S")),
        Cell(f"{record.outcome} {record.reason or ''}", _STYLES[record.outcome]),
        Cell(record.object_key),
    )
