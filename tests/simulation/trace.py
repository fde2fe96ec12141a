"""The story of one schedule: who did what, when."""

from tests.fakes.clock import FakeClock
from tests.simulation.scheduler import Scheduler


class Trace:
    """Lines, kept only when somebody will read them."""

    def __init__(self, clock: FakeClock, scheduler: Scheduler, *, kept: bool) -> None:
        self.lines: list[str] = []
        self.kept = kept
        self._clock = clock
        self._scheduler = scheduler

    def add(self, text: str) -> None:
        """Add what the running task, or the world, does now."""
        if not self.kept:
            return
        task = self._scheduler.current
        who = f"{task.name}#{task.number}" if task else "world"
        what = f"[{task.doing}] " if task else ""
        self.lines.append(f"{self._clock.now:%H:%M:%S.%f}"[:-3] + f"  {who:<12} {what}{text}")
