"""The scheduler: tasks that hand over at every AWS call, on a virtual clock, and crashes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import greenlet

from tests.fakes.clock import FakeClock


class CrashError(BaseException):
    """The end of a task in the middle of what it does. Not an Exception: no `except Exception` may live through it."""


@dataclass(eq=False)
class Task:
    """One invocation of a function. `deadline`: when Lambda ends it. `touched`: the uploads in parts it had to do with.
    `frozen`: it waits until nobody else has anything to do. `stepped_back`: it has put an older upload on a newer one.

    `accepted`, `lettered`, `continued`: what AWS has taken from it, by LogID, message id, and upload.
    """

    name: str
    number: int
    deadline: datetime
    wake_at: datetime
    doing: str = "start"
    delivery: str = ""
    crashed: bool = False
    frozen: bool = False
    stepped_back: bool = False
    touched: set[str] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)
    lettered: set[str] = field(default_factory=set)
    continued: set[str] = field(default_factory=set)


class Scheduler:
    """Runs tasks one at a time, each until its next pause."""

    def __init__(self, clock: FakeClock) -> None:
        self.running: dict[Task, greenlet.greenlet] = {}
        self.current: Task | None = None
        self._clock = clock
        self._hub = greenlet.getcurrent()
        self._started = 0

    def start(self, name: str, deadline_s: float, body: Callable[[Task], None]) -> Task:
        """A new task, which waits to be resumed."""
        self._started += 1
        now = self._clock.now
        task = Task(name, self._started, deadline=now + timedelta(seconds=deadline_s), wake_at=now)

        def run() -> None:
            try:
                body(task)
            except CrashError:
                return

        self.running[task] = greenlet.greenlet(run, parent=self._hub)
        return task

    def runnable(self) -> list[Task]:
        """The tasks that do not sleep."""
        now = self._clock.now
        return [task for task in self.running if task.wake_at <= now]

    def resume(self, task: Task) -> None:
        """Let a task run to its next pause, or its end."""
        self._switch(task, crash=False)

    def crash(self, task: Task) -> None:
        """End a task where it is."""
        task.crashed = True
        self._switch(task, crash=True)
        self.running.pop(task, None)

    def pause(self, doing: str) -> None:
        """Let others run before what comes next. Called by a task."""
        task = self.current
        if task is None:
            return
        task.doing = doing
        self._hand_over(task)

    def sleep(self, seconds: float) -> None:
        """Let so much virtual time go by. Called by a task."""
        task = self.current
        if task is None:
            return
        task.wake_at = self._clock.now + timedelta(seconds=seconds)
        self.pause(f"sleep {seconds:.1f} s")

    def _hand_over(self, task: Task) -> None:
        # A `finally` clause of a task that has crashed may still call: nothing of it may take effect.
        if task.crashed:
            raise CrashError
        self._hub.switch()

    def _switch(self, task: Task, *, crash: bool) -> None:
        self.current = task
        thread = self.running[task]
        if not crash:
            thread.switch()
        elif thread:  # true once it has begun
            thread.throw(CrashError)
        self.current = None
        if thread.dead:
            self.running.pop(task, None)
