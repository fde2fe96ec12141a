"""Moments and lengths of time as a person writes them: `15m`, `1h`, `7d`, a date, an ISO-8601 moment."""

import re
from datetime import datetime, timedelta

from ops.errors import UsageError
from shared import times

_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
# The system's clock waits no longer than 292 years.
_LONGEST = timedelta(days=36_525)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str) -> datetime:
    """A moment on the command line: so long ago (`90s`, `15m`, `1h`, `7d`, `2w`), or ISO-8601, taken as UTC.

    Raises:
        UsageError: the text is no moment.
    """
    text = text.strip()
    try:
        ago = _read_span(text)
        return times.from_text(text) if ago is None else times.now() - ago
    except (ValueError, OverflowError):
        raise UsageError(
            f"'{text}' is not a moment: write 15m, 1h or 7d (ago), 2026-11-23, or 2026-11-23T09:30:00Z"
        ) from None


def span(text: str) -> timedelta:
    """A length of time on the command line, longer than none: `5s`, `15m`, `1h`, `7d`, `2w`.

    Raises:
        UsageError: the text is none, or there is nothing to it.
    """
    text = text.strip()
    try:
        found = _read_span(text)
    except OverflowError:
        found = None
    if not found or found > _LONGEST:
        raise UsageError(f"'{text}' is not a length of time up to 100 years: write 5s, 15m, 1h or 7d")
    return found


def check_order(since: datetime | None, until: datetime | None) -> None:
    """Refuse a span of time, either end of which may be open, that holds no moment.

    Raises:
        UsageError: it ends before it begins, or with it.
    """
    if since and until and since >= until:
        raise UsageError(f"--since {times.to_text(since)} is not before --until {times.to_text(until)}")


def _read_span(text: str) -> timedelta | None:
    # Raises OverflowError: it is longer than a timedelta can be.
    found = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
