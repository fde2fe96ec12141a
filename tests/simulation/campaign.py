"""Many schedules, on all cores, summed up."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.simulation.guards import ALL_GUARDS, NAMES, Guards, without
from tests.simulation.run import run

# A chunk takes about half a second: short enough for a progress bar, long enough not to be all overhead.
_CHUNK = 250


@dataclass
class Summary:
    """What came of many schedules: how many, what went wrong on purpose, and what was violated, by seed."""

    schedules: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    violations: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Summary") -> None:
        """Take in another summary."""
        self.schedules += other.schedules
        self.counts += other.counts
        self.violations |= other.violations


@dataclass(frozen=True)
class Found:
    """What a mutation came to: the seed that shows it and why, after how many schedules; None when none did."""

    guard: str
    schedules: int
    seed: int | None
    violation: str | None


def run_all(seeds: range, guards: Guards = ALL_GUARDS) -> Summary:
    """Run the schedules of these seeds, here and now."""
    summary = Summary()
    for seed in seeds:
        verdict = run(seed, guards)
        summary.schedules += 1
        summary.counts += verdict.counts
        if verdict.violations:
            summary.violations[seed] = verdict.violations[0]
    return summary


def run_everywhere(seeds: range, processes: int) -> Iterator[Summary]:
    """Run the schedules on so many processes; the sums of chunks, as they come."""
    with _pool(processes) as pool:
        yield from pool.map(run_all, [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)])


def find(guard: str, seeds: range) -> Found:
    """Run the system without a guard until that shows in a schedule which holds with it."""
    for schedules, seed in enumerate(seeds, start=1):
        verdict = run(seed, without(guard))
        if verdict.violations:
            return Found(guard, schedules, seed, verdict.violations[0])
    return Found(guard, len(seeds), None, None)


def find_all(seeds: range, processes: int) -> Iterator[Found]:
    """Take away each guard in turn."""
    with _pool(processes) as pool:
        yield from pool.map(find, NAMES, [seeds] * len(NAMES))


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    # Not forked: a progress bar has a thread of its own.
    pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
