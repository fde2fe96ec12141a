"""A person names moments as people do."""

from datetime import UTC, datetime, timedelta

import pytest

from ops.errors import UsageError
from ops.params.moment import moment
from shared import times

NOW = datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: NOW)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("0s", timedelta()),
    ],
)
def test_so_long_ago(text: str, ago: timedelta) -> None:
    assert moment(text) == NOW - ago


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T09:30", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23 09:30:15", datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC)),
        ("2026-11-23T09:30:15.123Z", datetime(2026, 11, 23, 9, 30, 15, 123_000, tzinfo=UTC)),
        ("2026-11-23T09:30:00+02:00", datetime(2026, 11, 23, 7, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_in_iso_8601_is_taken_as_utc_unless_it_says_otherwise(text: str, meant: datetime) -> None:
    assert moment(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "h",
        "1y",
        "-1h",
        "1.5h",
        "1h30m",
        "٣h",
        "tomorrow",
        "2026-13-01",
        "999999999w",
        "0001-01-01T00:00+14:00",
    ],
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="write 15m, 1h or 7d"):
        moment(text)
