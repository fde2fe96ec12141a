"""Owns how a moment is written: UTC, ISO-8601, milliseconds, `Z`, so that moments sort as text."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, UTC, cut to the millisecond that records keep."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """The same moment in UTC without its microseconds."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def from_epoch_milliseconds(milliseconds: int | str) -> datetime:
    """The moment that SQS writes as milliseconds since 1970, as in `SentTimestamp`."""
    return to_milliseconds(datetime.fromtimestamp(int(milliseconds) / 1000, UTC))


def to_text(moment: datetime) -> str:
    """`2026-11-23T02:24:57.123Z`: always 24 characters, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Read what `to_text` wrote, or any ISO-8601 moment; one without an offset is taken as UTC.

    Raises:
        ValueError: `text` is not an ISO-8601 moment.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
