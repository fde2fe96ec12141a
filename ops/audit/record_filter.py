"""The filters of records: `--since`, `--outcome`, `--reason` and the like."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import click
from click.core import ParameterSource

from ops.errors import UsageError
from ops.params.filters import Filters, filtered
from ops.params.keys import key_glob, key_prefix
from ops.params.moment import check_order, moment
from ops.params.numbers import size
from shared.audit_log.record import Record
from shared.events import Outcome, Trigger


def operation_id_of(text: str) -> str:
    """The id of an operation on the command line, whole. Raises CommandError: the text is none."""
    if found := whole_id(text):
        return found
    raise UsageError(
        f"'{text}' is no operation's id: type all 36 characters, as `copytrail audit operations` shows them"
    )


def whole_id(text: str) -> str | None:
    """The LogID or the id of an operation that a person wrote, as records write it; None: it is none, or not whole."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None


def _has_reason(record: Record, reasons: tuple[str, ...]) -> bool:
    return (record.reason or "").casefold() in {reason.casefold() for reason in reasons}


def _one_of(values: type[Outcome] | type[Trigger]) -> click.Choice[Any]:
    return click.Choice(list(values), case_sensitive=False)


@dataclass(frozen=True)
class RecordFilter(Filters[Record]):
    """Records that finished from `since` up to, not including, `until`, and are as the rest says; empty takes all.

    Sizes are in bytes, both included. Reasons are taken in any case. `operation_id`: only what that one asked for;
    `since` is not in force, then, unless it is given.
    """

    since: datetime | None = filtered(
        "--since",
        lambda record, since: since <= record.finished_at,
        left_out="1d",
        show_default=True,
        type=moment,
        help="From then on: 15m, 1h, 7d or ISO-8601.",
    )
    until: datetime | None = filtered(
        "--until",
        lambda record, until: record.finished_at < until,
        type=moment,
        help="Up to, not including, then.  [default: now]",
    )
    operation_id: str = filtered(
        "--operation",
        lambda record, operation_id: record.operation_id == operation_id,
        default="",
        type=operation_id_of,
        metavar="ID",
        help="Only what this operation asked for, whenever that was; `audit operations` lists them.",
    )
    outcomes: tuple[Outcome, ...] = filtered(
        "--outcome",
        lambda record, outcomes: record.outcome in outcomes,
        type=_one_of(Outcome),
        multiple=True,
        help="Only this outcome; may be repeated.",
    )
    reasons: tuple[str, ...] = filtered(
        "--reason",
        _has_reason,
        multiple=True,
        metavar="REASON",
        help="Only this reason, as records name it; may be repeated.",
    )
    triggers: tuple[Trigger, ...] = filtered(
        "--trigger",
        lambda record, triggers: record.trigger in triggers,
        type=_one_of(Trigger),
        multiple=True,
        help="Only what this set going; may be repeated.",
    )
    bucket: str = filtered(
        "--bucket",
        lambda record, bucket: record.source_bucket == bucket,
        default="",
        metavar="BUCKET",
        help="Only uploads to this source bucket.",
    )
    key_prefix: str = key_prefix(lambda record: record.object_key)
    key_glob: str = key_glob(lambda record: record.object_key)
    min_size: int | None = filtered(
        "--min-size",
        lambda record, least: record.size >= least,
        type=size,
        metavar="SIZE",
        help="Only objects of so many bytes or more: 10MiB.",
    )
    max_size: int | None = filtered(
        "--max-size",
        lambda record, most: record.size <= most,
        type=size,
        metavar="SIZE",
        help="Only objects of so many bytes or fewer.",
    )

    def __post_init__(self) -> None:
        check_order(self.since, self.until)
        if self.min_size is not None and self.max_size is not None and self.min_size > self.max_size:
            raise UsageError(f"--min-size {self.min_size} is more than --max-size {self.max_size}")

    @classmethod
    def taken_from(cls, named: dict[str, Any]) -> Self:
        """The filters that a command's arguments hold; with an operation, `since` counts only if a person wrote it."""
        if named.get("operation") and _since_left_out():
            named["since"] = None
        return super().taken_from(named)


def no_match(record_filter: RecordFilter) -> str:
    """What a person is told when there is no such record."""
    return f"no record matches {record_filter.as_options()}"


# What is said of records of the last day.
LAST_DAY = "the last 24 h"
SHOWS_MORE = "; --since 7d shows more"


def is_last_day(record_filter: RecordFilter) -> bool:
    """Whether the records of the last day are meant only because the person did not say since when."""
    return _since_left_out() and not record_filter.operation_id


def _since_left_out() -> bool:
    return click.get_current_context().get_parameter_source("since") is ParameterSource.DEFAULT
