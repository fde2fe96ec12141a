"""The simulator says of small histories what the walk of all interleavings says: which rule holds, which fails."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from tests.simulation.faults import FaultPlan
from tests.simulation.guards import ALL_GUARDS, Guards, without
from tests.simulation.history import Put, Scenario, draw
from tests.simulation.run import run

NO_CONDITIONS = without("source_match", "destination_match", "verify_source", "care_when_retried")
CONDITIONS_ONLY = without("verify_source", "care_when_retried")


def a_scenario(contents: str) -> Scenario:
    """Uploads of one key to unversioned buckets, a copier for each, prompt delivery, crashes and no other faults."""
    return replace(
        draw(random.Random(0)),
        actions=tuple(Put("k", content.encode(), "m", "t") for content in contents),
        versioned_source=False,
        versioned_destination=False,
        copiers=3,
        batch=1,
        max_receive_count=5,
        visibility_s=5400.0,
        pace=0.2,
        sticky=0.5,
        freezing=0.1,
        eagerness=0.1,
        skew_s=0.0,
        delays_s=(0.0,),
        replays=0,
        short_invocations=0,
        plan=FaultPlan(faults=0, crashes=1, fault_rate=0.0, crash_rate=0.05, crash_at=None),
    )


def violations(contents: str, guards: Guards, schedules: int) -> Iterator[str]:
    """The first violation of each schedule that has one."""
    scenario = a_scenario(contents)
    for seed in range(schedules):
        yield from run(seed, guards, scenario=scenario).violations[:1]


@pytest.mark.parametrize("contents", ["".join(rest) for n in (2, 3) for rest in product("ABC"[:n], repeat=n)])
def test_the_whole_rule_holds_in_every_small_history(contents: str) -> None:
    assert list(violations(contents, ALL_GUARDS, 60)) == []


def test_without_conditions_two_uploads_suffice_to_go_backwards() -> None:
    assert any("backwards" in violation for violation in violations("AB", NO_CONDITIONS, 1000))


def test_conditions_alone_hold_with_two_uploads() -> None:
    assert list(violations("AB", CONDITIONS_ONLY, 500)) == []


def test_conditions_alone_fail_when_contents_return() -> None:
    assert next(violations("ABA", CONDITIONS_ONLY, 5000), None)
