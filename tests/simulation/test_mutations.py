"""The simulator misses each guard that is taken away: what it does not miss, it does not check."""

import pytest

from tests.simulation.campaign import find
from tests.simulation.guards import NAMES

# It takes two faults in one schedule to need this guard; these are shortly before one that has them.
STARTS = {"care_when_retried": 1900}
MOST_SCHEDULES = 10_000


@pytest.mark.parametrize("guard", NAMES)
def test_a_guard_that_is_taken_away_is_missed(guard: str) -> None:
    start = STARTS.get(guard, 0)

    found = find(guard, range(start, start + MOST_SCHEDULES))

    assert found.violation, f"{MOST_SCHEDULES} schedules hold without {guard}"
