"""Faults and crashes: how many a schedule gets, at which calls, and which there were."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shared.errors import AccessDeniedError, TransientError
from tests.simulation.scheduler import Scheduler, Task
from tests.simulation.trace import Trace

T = TypeVar("T")
# A crash before `verify_source`: the care on a redelivery is there for it.
AFTER_A_STEP_BACK = "after a step back"
CRASH_POINTS = (
    "CopyObject",
    "CopyObject commits",
    "HeadObject source",
    "HeadObject destination",
    "CreateMultipartUpload",
    "CompleteMultipartUpload",
    "SendMessage to copy",
    "PutEvents",
    "PutItem",
    "Lambda deletes the batch",
)
_AIMED = 0.5


@dataclass(frozen=True)
class FaultPlan:
    """How many faults and crashes a schedule has at most, and how likely each is at a call.

    `crash_at`: the call before which crashes are most likely; None: all are alike.
    """

    faults: int
    crashes: int
    fault_rate: float
    crash_rate: float
    crash_at: str | None


class Network:
    """The way to AWS: every call pauses first, and may be refused, or take effect without an answer."""

    def __init__(self, rng: random.Random, plan: FaultPlan, scheduler: Scheduler, trace: Trace) -> None:
        self.counts: Counter[str] = Counter()
        self._rng = rng
        self._plan = plan
        self._faults_left = plan.faults
        self._crashes_left = plan.crashes
        self._scheduler = scheduler
        self._trace = trace

    def call(self, name: str, effect: Callable[[], T], *, unanswered: Callable[[T], object] | None = None) -> T:
        """Make one call. `unanswered` is told of a result that the caller will never learn.

        Raises:
            TransientError: throttled, nothing happened; or timed out, and it did happen.
            AccessDeniedError: the permission is not there, or not yet.
        """
        self._scheduler.pause(name)
        fault = self._draw()
        if fault == "throttled":
            raise TransientError("SlowDown", f"{name}: please reduce your request rate")
        if fault == "denied":
            raise AccessDeniedError("AccessDenied", f"{name}: access denied")
        result = effect()
        if fault == "timed out":
            if unanswered:
                unanswered(result)
            raise TransientError("ReadTimeoutError", f"{name}: no answer in time")
        if fault == "sent twice":
            if unanswered:
                unanswered(result)
            self._scheduler.pause(f"{name} again")
            return effect()
        return result

    def crashes_now(self, task: Task) -> bool:
        """Whether the task that is to run dies instead, before what it was about to do."""
        rate = self._plan.crash_rate
        if self._plan.crash_at:
            aimed = task.stepped_back if self._plan.crash_at == AFTER_A_STEP_BACK else task.doing == self._plan.crash_at
            rate = _AIMED if aimed else rate / 8
        if self._crashes_left and self._rng.random() < rate:
            self._crashes_left -= 1
            self.counts["crashes"] += 1
            return True
        return False

    def refuses_entry(self) -> bool:
        """Whether one entry of a PutEvents call fails."""
        refused = self._spend()
        if refused:
            self.counts["entries refused"] += 1
        return refused

    def comes_twice(self) -> bool:
        """Whether what is delivered is delivered again."""
        twice = self._rng.random() < self._plan.fault_rate
        if twice:
            self.counts["duplicates"] += 1
        return twice

    def _draw(self) -> str | None:
        if not self._spend():
            return None
        # boto3 itself sends again after a time-out: the caller then gets the second answer, to a call that was done.
        fault = self._rng.choice(("throttled", "throttled", "timed out", "timed out", "sent twice", "denied"))
        self.counts[fault] += 1
        self._trace.add(f"fault: {fault}")
        return fault

    def _spend(self) -> bool:
        if self._faults_left and self._rng.random() < self._plan.fault_rate:
            self._faults_left -= 1
            return True
        return False
