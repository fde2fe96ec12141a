"""What is promised holds in thousands of schedules, always the same ones."""

import pytest

from tests.simulation.campaign import run_all
from tests.simulation.run import run

CHUNK = 500
AT_ONCE = range(0, 1000, CHUNK)
AT_LENGTH = range(1000, 20_000, CHUNK)


@pytest.mark.parametrize("first", [*AT_ONCE, *(pytest.param(first, marks=pytest.mark.long) for first in AT_LENGTH)])
def test_nothing_is_lost_and_nothing_goes_backwards_in_any_schedule(first: int) -> None:
    summary = run_all(range(first, first + CHUNK))

    assert summary.violations == {}, "replay with `make simulate SEED=…`"


def test_schedules_have_faults_of_every_kind() -> None:
    counts = run_all(range(CHUNK)).counts

    assert counts.keys() == {
        "crashes",
        "denied",
        "duplicates",
        "entries refused",
        "sent twice",
        "throttled",
        "timed out",
    }
    assert min(counts.values()) > CHUNK / 50


def test_a_seed_always_tells_the_same_story() -> None:
    for seed in range(50):
        assert run(seed, traced=True).trace == run(seed, traced=True).trace
