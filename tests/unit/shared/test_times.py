"""How moments are written, read, and reckoned with at the edges of the calendar."""

from datetime import UTC, datetime, timedelta

import pytest

from shared import times

FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "10000-01-01", "2026-01-01T00:00:00+24:00", "", "soon"],
)
def test_what_is_no_moment_in_utc_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        times.from_text(text)


def test_the_first_and_the_last_moment_are_read_and_written() -> None:
    assert times.to_text(times.from_text("0001-01-01")) == "0001-01-01T00:00:00.000Z"
    assert times.to_text(times.from_text("9999-12-31T23:59:59.999Z")) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 16, "253402300800000", "-1", "", "1e3", "1.5", "²", -1])
def test_what_is_no_number_of_milliseconds_in_the_calendar_is_a_value_error(number: int | str) -> None:
    with pytest.raises(ValueError, match="1970"):
        times.from_epoch_milliseconds(number)


@pytest.mark.parametrize("number", ["1795428000123", 1795428000123])
def test_milliseconds_since_1970_are_read_exactly(number: int | str) -> None:
    assert times.to_text(times.from_epoch_milliseconds(number)) == "2026-11-23T10:00:00.123Z"


def test_reckoning_stops_at_the_edges_of_the_calendar() -> None:
    day = timedelta(days=1)

    assert times.earlier(FIRST + day / 2, day) == FIRST
    assert times.earlier(FIRST + 2 * day, day) == FIRST + day
    assert times.later(LAST - day / 2, day) == LAST
    assert times.later(LAST - 2 * day, day) == LAST - day


def test_reckoning_with_more_than_the_calendar_has_stops_there_too() -> None:
    assert times.earlier(LAST, timedelta.max) == FIRST
    assert times.later(FIRST, timedelta.max) == LAST
