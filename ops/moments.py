"""Owns how a person names a moment: `15m`, `1h`, `7d`, a date, or an ISO-8601 moment."""

from datetime import datetime

import click

from ops.failures import UsageError
from ops.spans import read_span
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


def shown_moment(moment: datetime) -> str:
    """A moment in UTC for a person, to the second."""
    return moment.isoformat(sep=" ", timespec="seconds")[: len("2026-11-23 02:24:57")]


def check_order(since: datetime | None, until: datetime | None) -> None:
    """Let a span of time pass, either end of which may be open.

    Raises:
        CommandError: it ends before it begins, or with it.
    """
    if since and until and since >= until:
        raise UsageError(f"--since {times.to_text(since)} is not before --until {times.to_text(until)}")
