"""Moments as text: UTC, ISO-8601, milliseconds, `Z`, so that they sort as text; and arithmetic that stays in range."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
# Of a number of milliseconds: the last moment of the calendar has 15.
_MOST_DIGITS = 15


def now() -> datetime:
    """The current moment, UTC, cut to the millisecond that records keep."""
    return to_milliseconds(datetime.now(UTC))


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        ValueError: its offset puts it before the year 1 or after the year 9999.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is no moment of the UTC calendar") from error


def to_milliseconds(moment: datetime) -> datetime:
    """The same moment in UTC without its microseconds.

    Raises:
        ValueError: as `to_utc`.
    """
    moment = to_utc(moment)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def from_epoch_milliseconds(milliseconds: int | str) -> datetime:
    """The moment that SQS writes as milliseconds since 1970, as in `SentTimestamp`.

    Raises:
        ValueError: it is no such number, or none of a moment in the calendar.
    """
    text = str(milliseconds)
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError(f"'{text[:40]}' is not a moment in milliseconds since 1970")
    try:
        return _EPOCH + timedelta(milliseconds=int(text))
    except OverflowError as error:
        raise ValueError(f"{text} ms since 1970 is after the year 9999") from error


def to_text(moment: datetime) -> str:
    """`2026-11-23T02:24:57.123Z`: always 24 characters, so that text order is time order.

    Raises:
        ValueError: as `to_utc`.
    """
    return to_utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Read what `to_text` wrote, or any ISO-8601 moment; one without an offset is taken as UTC.

    Raises:
        ValueError: `text` is not an ISO-8601 moment, or none of the UTC calendar.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else to_utc(moment)


def earlier(moment: datetime, by: timedelta) -> datetime:
    """The moment that was `by` before another; at the least, the first of the calendar."""
    return moment - min(by, moment - _FIRST)


def later(moment: datetime, by: timedelta) -> datetime:
    """The moment that comes `by` after another; at the most, the last of the calendar."""
    return moment + min(by, _LAST - moment)
