"""Owns how a person names the records that are meant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

import click
from click.core import ParameterSource

from ops.failures import UsageError
from ops.params import filters
from ops.params.keys import KeyFilter, key_options
from ops.params.moment import Moment, check_order
from ops.params.numbers import Size
from shared import times
from shared.audit_log.query import FIRST_DAY
from shared.audit_log.record import Record
from shared.events import Outcome, Trigger

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])

DEFAULT_SINCE = "1d"
# Nothing was recorded before.
BEGINNING = datetime.combine(FIRST_DAY, time(), UTC)


@dataclass(frozen=True)
class RecordFilter:
    """Records that finished from `since` up to, not including, `until`, and are as the rest says; empty takes all.

    Sizes are in bytes, both included. Reasons are taken in any case. `operation_id`: only what that one asked for.
    """

    since: datetime
    until: datetime | None = None
    outcomes: tuple[Outcome, ...] = ()
    reasons: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    bucket: str = ""
    keys: KeyFilter = field(default_factory=KeyFilter)
    min_size: int | None = None
    max_size: int | None = None
    operation_id: str = ""

    def __post_init__(self) -> None:
        check_order(self.since, self.until)
        if self.min_size is not None and self.max_size is not None and self.min_size > self.max_size:
            raise UsageError(f"--min-size {self.min_size} is more than --max-size {self.max_size}")

    def matches(self, record: Record) -> bool:
        """Whether a record is meant."""
        return (
            self.since <= record.finished_at
            and (self.until is None or record.finished_at < self.until)
            and (not self.outcomes or record.outcome in self.outcomes)
            and (not self.triggers or record.trigger in self.triggers)
            and self._of_reason(record.reason)
            and (not self.bucket or record.source_bucket == self.bucket)
            and self.keys.matches(record.object_key)
            and self._of_size(record.size)
            and (not self.operation_id or record.operation_id == self.operation_id)
        )

    def described(self) -> dict[str, str]:
        """The filters in force, by the names of their options; several values of one with commas between."""
        return filters.described(self._options())

    def as_options(self) -> str:
        """The filters in force, as a person would write them on the command line."""
        return filters.as_written(self._options())

    def _options(self) -> Iterator[filters.Given]:
        if self.operation_id:
            yield "operation", self.operation_id
        if self.since > BEGINNING:
            yield "since", times.to_text(self.since)
        yield from (("until", times.to_text(until)) for until in (self.until,) if until)
        yield from (("outcome", outcome) for outcome in self.outcomes)
        yield from (("reason", reason) for reason in self.reasons)
        yield from (("trigger", trigger) for trigger in self.triggers)
        texts = {"bucket": self.bucket, "key-prefix": self.keys.prefix, "key-glob": self.keys.glob}
        yield from ((name, text) for name, text in texts.items() if text)
        sizes = {"min-size": self.min_size, "max-size": self.max_size}
        yield from ((name, str(size)) for name, size in sizes.items() if size is not None)

    def _of_reason(self, reason: str | None) -> bool:
        return not self.reasons or (reason or "").casefold() in {wanted.casefold() for wanted in self.reasons}

    def _of_size(self, size: int) -> bool:
        return (self.min_size is None or size >= self.min_size) and (self.max_size is None or size <= self.max_size)


class OperationId(click.ParamType[str]):
    """The id of an operation on the command line, whole."""

    name = "id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read an id. Raises CommandError: the text is none."""
        if found := whole_id(str(value)):
            return found
        raise UsageError(
            f"'{value}' is no operation's id: type all 36 characters, as `copytrail audit operations` shows them"
        )


def whole_id(text: str) -> str | None:
    """The LogID or the id of an operation that a person wrote, as records write it; None: it is none, or not whole."""
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None


def no_match(wanted: RecordFilter) -> str:
    """What a person is told when there is no such record."""
    return f"no record matches {wanted.as_options()}"


def record_options(command: Callable[..., T]) -> Callable[..., T]:
    """Add the filters of records to a command, which gets them as one argument: `wanted`, a RecordFilter."""
    until = click.option("--until", type=Moment(), help="Up to, not including, then.  [default: now]")
    return _since(until(_operation(_others(_gathered(command)))))


def newest_record_options(command: Callable[..., T]) -> Callable[..., T]:
    """Add the filters of records to a command that goes on to the newest: `record_options` without an end."""
    return _since(_others(_gathered(command)))


def since_by_default(ctx: click.Context) -> bool:
    """Whether the person left it to us since when."""
    return ctx.get_parameter_source("since") is ParameterSource.DEFAULT


def _gathered(command: Callable[..., T]) -> Callable[..., T]:
    @wraps(command)
    def with_filter(*arguments: Any, **named: Any) -> T:
        since, operation_id = named.pop("since"), named.pop("operation", None)
        if operation_id and since_by_default(click.get_current_context()):
            since = BEGINNING
        wanted = RecordFilter(
            since=since,
            until=named.pop("until", None),
            outcomes=named.pop("outcome"),
            reasons=named.pop("reason"),
            triggers=named.pop("trigger"),
            bucket=named.pop("bucket"),
            keys=KeyFilter(named.pop("key_prefix"), named.pop("key_glob")),
            min_size=named.pop("min_size"),
            max_size=named.pop("max_size"),
            operation_id=operation_id or "",
        )
        return command(*arguments, wanted=wanted, **named)

    return with_filter


def _since(command: F) -> F:
    return click.option(
        "--since",
        type=Moment(),
        default=DEFAULT_SINCE,
        show_default=True,
        help="From then on: 15m, 1h, 7d or ISO-8601.",
    )(command)


def _operation(command: F) -> F:
    return click.option(
        "--operation",
        type=OperationId(),
        metavar="ID",
        help="Only what this operation asked for, whenever that was; `audit operations` lists them.",
    )(command)


def _others(command: F) -> F:
    filters = (
        click.option("--outcome", type=_choice(Outcome), multiple=True, help="Only this outcome; may be repeated."),
        click.option(
            "--reason", multiple=True, metavar="REASON", help="Only this reason, as records name it; may be repeated."
        ),
        click.option(
            "--trigger", type=_choice(Trigger), multiple=True, help="Only what this set going; may be repeated."
        ),
        click.option("--bucket", default="", metavar="BUCKET", help="Only uploads to this source bucket."),
        key_options,
        click.option("--min-size", type=Size(), metavar="SIZE", help="Only objects of so many bytes or more: 10MiB."),
        click.option("--max-size", type=Size(), metavar="SIZE", help="Only objects of so many bytes or fewer."),
    )
    for option in reversed(filters):
        command = option(command)
    return command


def _choice(values: type[Outcome] | type[Trigger]) -> click.Choice[Any]:
    return click.Choice(list(values), case_sensitive=False)
