"""Percentiles are those of all the numbers, within 1 %, however many there are."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.audit.tally import Histogram

MILLISECONDS = st.integers(min_value=0, max_value=10**11)


def histogram_of(numbers: list[float]) -> Histogram:
    histogram = Histogram()
    for number in numbers:
        histogram.add(number)
    return histogram


@given(st.lists(MILLISECONDS, min_size=1), st.integers(min_value=1, max_value=100))
def test_a_percentile_is_within_1_percent_of_the_nearest_rank(milliseconds: list[int], percent: int) -> None:
    numbers = sorted(number / 1000 for number in milliseconds)
    nearest = numbers[ceil(percent * len(numbers) / 100) - 1]
    assert histogram_of(numbers).percentile(percent) == pytest.approx(nearest, rel=0.01, abs=0.0005)


@given(st.lists(MILLISECONDS, min_size=1))
def test_the_largest_is_exact_and_no_percentile_exceeds_it(milliseconds: list[int]) -> None:
    histogram = histogram_of([number / 1000 for number in milliseconds])
    assert histogram.largest == max(milliseconds) / 1000
    assert all(histogram.percentile(percent) <= histogram.largest for percent in (50, 95, 99, 100))


def test_one_slow_copy_of_ten_is_the_p95() -> None:
    assert histogram_of([1.0] * 9 + [100.0]).percentile(95) == pytest.approx(100, rel=0.01)
    assert histogram_of([1.0] * 9 + [100.0]).percentile(90) == pytest.approx(1, rel=0.01)
