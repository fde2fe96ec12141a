"""Sizes, spans of time and keys, as a person writes and reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import UsageError
from ops.params.keys import KeyFilter
from ops.params.numbers import Size
from ops.terminal.formats import WIDEST_DURATION, WIDEST_SIZE, duration_shown, size_shown


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1024", 1024), ("10MiB", 10 * 2**20), ("5GB", 5 * 10**9), ("1.5 kib", 1536), ("2t", 2 * 10**12)],
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1 mile", "1e3", "1.2.3", "9" * 400, f"1.{'9' * 5000}"], ids=len)
def test_what_is_no_size_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size: write bytes"):
        Size().convert(text, None, None)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.84, "0.8 s"),
        (45.2, "45 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (720, "12 min"),
        (7170, "2 h"),
        (119 * 60, "119 min"),
        (3 * 86400, "3 d"),
        (730 * 86400, "730 d"),
        (2000 * 365.2425 * 86400, "2,000 y"),
    ],
)
def test_a_span_of_time_is_told_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert duration_shown(seconds) == shown


@given(st.floats(min_value=-1, max_value=9998 * 365.2425 * 86400))
def test_any_span_of_the_calendar_fits_its_column(seconds: float) -> None:
    assert len(duration_shown(seconds)) <= WIDEST_DURATION


@given(st.integers(min_value=0, max_value=2**63))
def test_any_size_fits_its_column(size: int) -> None:
    assert len(size_shown(size)) <= WIDEST_SIZE


@pytest.mark.parametrize(
    ("keys", "key", "matches"),
    [
        (KeyFilter(), "any", True),
        (KeyFilter(prefix="in/"), "in/a", True),
        (KeyFilter(prefix="in/"), "In/a", False),
        (KeyFilter(glob="*.csv"), "in/2026/a.csv", True),
        (KeyFilter(glob="*.csv"), "a.CSV", False),
        (KeyFilter(prefix="in/", glob="*.csv"), "out/a.csv", False),
        (KeyFilter(glob="in/[ab]?"), "in/b7", True),
        (KeyFilter(glob="*.csv"), "a\n.csv", True),
    ],
)
def test_keys_are_meant_by_prefix_and_glob(keys: KeyFilter, key: str, matches: bool) -> None:
    assert keys.matches(key) is matches
