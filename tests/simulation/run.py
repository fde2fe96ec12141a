"""One schedule, from its seed to its verdict."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from services.copier.model import Location
from shared.events import CopyRequest, Trigger, Upload
from tests.fakes.bodies import copy_requested, object_created
from tests.simulation import checks
from tests.simulation.guards import ALL_GUARDS, Guards, applied
from tests.simulation.history import SOURCE, Action, Delete, Put, Request, Scenario, draw
from tests.simulation.scheduler import Task
from tests.simulation.system import Function, System
from tests.simulation.witness import told

# No schedule that ends takes nearly so many.
_MOST_STEPS = 5000
# With the shortest visibility timeout and the fewest receives that may be configured, SQS's own redrive takes longer.
_REDRIVE_S = 600.0


@dataclass(frozen=True)
class Verdict:
    """What came of a schedule."""

    seed: int
    violations: list[str]
    counts: Counter[str]
    trace: list[str]


def run(seed: int, guards: Guards = ALL_GUARDS, *, scenario: Scenario | None = None, traced: bool = False) -> Verdict:
    """Run the schedule of a seed, in a scenario of its own or the one given."""
    rng = random.Random(seed)
    drawn = scenario or draw(rng)
    with applied(guards):
        schedule = _Schedule(drawn, rng, guards, traced=traced)
        schedule.run()
    system = schedule.system
    return Verdict(seed, system.witness.violations, system.network.counts, system.trace.lines)


class _Schedule:
    """Chooses, until all is quiet, what happens next."""

    def __init__(self, scenario: Scenario, rng: random.Random, guards: Guards, *, traced: bool) -> None:
        self.system = System(scenario, rng, guards, traced=traced)
        self._scenario = scenario
        self._rng = rng
        self._actions = list(scenario.actions)
        self._replays_left = scenario.replays
        self._last: Task | None = None
        self._sequence = 0

    def run(self) -> None:
        """Run to the end, or to the first violation."""
        witness = self.system.witness
        for _ in range(_MOST_STEPS):
            if witness.violations:
                break
            self.system.clock.sleep(self._rng.random() * self._scenario.pace)
            if not self._step():
                checks.at_rest(self.system)
                break
        else:
            witness.violated(f"not quiet after {_MOST_STEPS} steps")
        # What is left would otherwise be ended by the garbage collector, in the middle of another schedule.
        for task in list(self.system.scheduler.running):
            self.system.scheduler.crash(task)

    def _step(self) -> bool:
        system = self.system
        rng = self._rng
        runnable = [task for task in system.scheduler.runnable() if not task.frozen]
        if self._actions and (rng.random() < self._scenario.eagerness or not (runnable or self._startable())):
            self._act(self._actions.pop(0))
        elif self._last in runnable and rng.random() < self._scenario.sticky:
            self._resume(self._last)
        elif choices := [*runnable, *self._startable()]:
            choice = cast(Task | Function, rng.choice(choices))
            if isinstance(choice, Task):
                self._resume(choice)
            else:
                system.invoke(choice)
        elif self._replays_left and system.copier.queue.letters and not self._busy():
            self._replay()
        elif frozen := [task for task in system.scheduler.running if task.frozen]:
            self._thaw(frozen)
        else:
            return self._wait()
        return True

    def _resume(self, task: Task | None) -> None:
        if task is None:
            return
        scheduler = self.system.scheduler
        self._last = task
        too_late = task.deadline < self.system.clock.now
        if too_late or self.system.network.crashes_now(task):
            self.system.trace.add(f"{task.name}#{task.number} {'timed out' if too_late else 'crashed'} at {task.doing}")
            scheduler.crash(task)
            self.system.s3.excused |= task.touched
        else:
            scheduler.resume(task)
            # Between the check of the source and the commit is where most can happen.
            freezing = self._scenario.freezing * (3 if "commits" in task.doing else 1)
            task.frozen = self._rng.random() < freezing

    def _thaw(self, frozen: list[Task]) -> None:
        """Let those who only sleep go first; then one that is frozen may go on."""
        running = self.system.scheduler.running
        if sleepers := [task.wake_at for task in running if not task.frozen]:
            self.system.clock.now = max(self.system.clock.now, min(sleepers))
        else:
            self._rng.choice(frozen).frozen = False

    def _startable(self) -> list[Function]:
        return [function for function in (self.system.copier, self.system.auditor) if self._can_start(function)]

    def _can_start(self, function: Function) -> bool:
        if not function.queue.has_visible():
            return False
        running = sum(task.name == function.name for task in self.system.scheduler.running)
        return running < function.concurrency

    def _busy(self) -> bool:
        return bool(self.system.copier.queue.held or self.system.scheduler.running)

    def _wait(self) -> bool:
        """Let time go by until something can happen; False when nothing ever will."""
        system = self.system
        moments = [task.wake_at for task in system.scheduler.running]
        for function in (system.copier, system.auditor):
            moments += [held.visible_at for held in function.queue.held.values()]
        if not moments:
            return False
        system.clock.now = max(system.clock.now, min(moments)) + timedelta(milliseconds=1)
        return True

    def _act(self, action: Action) -> None:
        match action:
            case Put():
                self._put(action)
            case Delete():
                self.system.trace.add(f"delete of {action.key}")
                self.system.s3.delete(SOURCE, action.key)
                self.system.witness.source_deleted(action.key)
            case Request():
                self._request(action.key)

    def _put(self, action: Put) -> None:
        system = self.system
        place = len(system.witness.uploads.get(action.key, ()))
        upload = system.s3.upload(
            SOURCE,
            action.key,
            action.body,
            metadata={"m": action.metadata},
            tags={"t": action.tags},
            initiated_at=system.clock.now - timedelta(seconds=action.initiated_s) if action.initiated_s else None,
            place=place,
        )
        stored = system.s3.objects[Location(SOURCE, action.key)]
        system.witness.uploaded(action.key, stored)
        system.trace.add(f"upload of {action.key}: {told(stored)} {stored.version_id or ''} {upload.sequencer}")
        system.witness.expect(action.key, place, CopyRequest(upload=upload))
        system.deliver_event(object_created(upload))

    def _request(self, key: str) -> None:
        system = self.system
        stored = system.s3.objects.get(Location(SOURCE, key))
        if stored is None:
            return
        self._sequence += 1
        upload = Upload(
            bucket=SOURCE,
            key=key,
            etag=stored.etag,
            size=len(stored.body),
            uploaded_at=stored.last_modified.replace(microsecond=0),
            version_id=stored.version_id,
        )
        request = CopyRequest(
            upload=upload,
            trigger=self._rng.choice((Trigger.BACKFILL, Trigger.RECONCILE, Trigger.REPLAY)),
            request_id=f"request-{self._sequence}",
        )
        system.trace.add(f"request of #{stored.place} of {key}")
        system.witness.expect(key, stored.place, request)
        system.deliver_event(copy_requested(request))

    def _replay(self) -> None:
        """Send a dead letter back: a new message, with the enqueue time of the old one or its own."""
        self._replays_left -= 1
        queue = self.system.copier.queue
        letter = queue.letters.pop(self._rng.randrange(len(queue.letters)))
        if letter.reason is None:
            self.system.clock.sleep(_REDRIVE_S)
        new_id = queue.add(letter.body, replayed=letter)
        self.system.trace.add(f"replay of {letter.message_id} as {new_id}")
        for step in self.system.witness.step_backs:
            if step.message_id == letter.message_id:
                step.message_id = new_id
