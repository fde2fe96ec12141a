"""Owns percentiles of many numbers, in memory that does not grow with them."""

from collections import Counter
from math import ceil, log

_GROWTH = 1.02
_LOG_GROWTH = log(_GROWTH)
# What is smaller counts as this: a millisecond is all that records keep.
_SMALLEST = 1e-4


class Histogram:
    """Numbers from 0 on, each counted in a bucket whose ends are 2 % apart: from a millisecond to a year, 1,220."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._count = 0
        self.largest = 0.0

    def add(self, number: float) -> None:
        """Count one number."""
        self._buckets[ceil(log(max(number, _SMALLEST)) / _LOG_GROWTH)] += 1
        self._count += 1
        self.largest = max(self.largest, number)

    def percentile(self, percent: int) -> float | None:
        """The smallest number that so many percent do not exceed, within 1 %; None where there are no numbers."""
        rank = ceil(percent * self._count / 100)
        passed = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if passed >= rank:
                # In the middle of the bucket, no end of it is further than 1 %; nothing exceeds the largest.
                return min(_GROWTH**bucket * 2 / (1 + _GROWTH), self.largest)
        return None
