"""Moments and lengths of time as a person writes them: `15m`, `1h`, `7d`, a date, an ISO-8601 moment."""

import re
from datetime import datetime, timedelta

import click

from ops.errors import UsageError
from shared import times


class Moment(click.ParamType[datetime]):
    """A moment on the command line: so long ago (`90s`, `15m`, `1h`, `7d`, `2w`), or ISO-8601, taken as UTC."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a moment.

        Raises:
            CommandError: the text is no moment.
        """
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            return _ago(text) or times.from_text(text)
        except (ValueError, OverflowError):
            raise UsageError(
                f"'{text}' is not a moment: write 15m, 1h or 7d (ago), 2026-11-23, or 2026-11-23T09:30:00Z"
            ) from None


def _ago(text: str) -> datetime | None:
    span = read_span(text)
    return None if span is None else times.now() - span


def check_order(since: datetime | None, until: datetime | None) -> None:
    """Let a span of time pass, either end of which may be open.

    Raises:
        CommandError: it ends before it begins, or with it.
    """
    if since and until and since >= until:
        raise UsageError(f"--since {times.to_text(since)} is not before --until {times.to_text(until)}")


_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
# The system's clock waits no longer than 292 years.
_LONGEST = timedelta(days=36_525)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Span(click.ParamType[timedelta]):
    """A length of time on the command line, longer than none: `5s`, `15m`, `1h`, `7d`, `2w`."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read a length of time.

        Raises:
            CommandError: the text is none, or there is nothing to it.
        """
        if isinstance(value, timedelta):
            return value
        text = str(value).strip()
        try:
            span = read_span(text)
        except OverflowError:
            span = None
        if not span or span > _LONGEST:
            raise UsageError(f"'{text}' is not a length of time up to 100 years: write 5s, 15m, 1h or 7d")
        return span


def read_span(text: str) -> timedelta | None:
    """The length of time that a text names, or None.

    Raises:
        OverflowError: it is longer than a timedelta can be.
    """
    found = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
