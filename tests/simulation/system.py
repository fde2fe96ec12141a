"""Copytrail put together on the simulated AWS: the real use cases, and Lambda's part around them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from services.auditor.ledger import DynamoDbLedger
from services.auditor.worker import AuditWorker, Recorded
from services.copier.conditional_copy import ConditionalCopy
from services.copier.deletions import Deletions
from services.copier.multipart import MultipartCopy
from services.copier.newest_only import NewestOnly
from services.copier.worker import CopyWorker, Performed
from shared.copy_plan import PartSizes
from shared.errors import CopytrailError
from shared.event_decoding import decode_audited
from shared.events import COPYTRAIL_SOURCE, Completion
from shared.lambda_runtime.batch import BatchProcessor, Failures, Worker
from shared.lambda_runtime.message import DeadLetter, Message
from shared.routes import Route
from shared.transfer_bus import TransferBus
from tests.fakes.clock import FakeClock
from tests.fakes.copying import InTurn
from tests.simulation.faults import Network
from tests.simulation.guards import Careless, Guards
from tests.simulation.history import DESTINATION, SOURCE, Scenario
from tests.simulation.queues import QueuePort, SimulatedQueue
from tests.simulation.s3 import S3
from tests.simulation.scheduler import Scheduler, Task
from tests.simulation.services import DynamoDbClient, EventsClient
from tests.simulation.trace import Trace
from tests.simulation.witness import Watched, Witness

SIZES = PartSizes(threshold=4, part=2)
_ROUTES = (Route(source_bucket=SOURCE, destination_bucket=DESTINATION),)
_WHOLE_INVOCATION_S = 900.0
# In one batch that is cut short, some messages are not begun, and a copy in parts stops between two of them.
_SHORT_INVOCATION_S = (16.0, 30.0)


class _Telemetry:
    """The telemetry of both services: what fails is in the trace, and nothing else."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def published(self, performed: Performed) -> None:
        """Not kept."""

    def recorded(self, recorded: Recorded) -> None:
        """Not kept."""

    def dead_lettered(self, letter: DeadLetter) -> None:
        """Not kept: the witness is told by the queue."""

    def will_retry(self, message: Message, error: CopytrailError, delay_s: float) -> None:
        """Keep why."""
        self._trace.add(f"{message.id} failed: {error.reason}: {error.message} (again in {delay_s:.0f} s)")

    def retry_delay_refused(self, message: Message, error: CopytrailError) -> None:
        """Keep why."""
        self._trace.add(f"{message.id}'s delay is not set: {error.reason}: {error.message}")


@dataclass(frozen=True)
class Function:
    """A Lambda function: its queue, its worker, and how many of it run at a time.

    `on_done` is told of each message that an invocation has done with, and whether it is gone from the queue.
    """

    name: str
    queue: SimulatedQueue
    port: QueuePort
    worker: Worker[Any]
    concurrency: int
    on_done: Callable[[Message, Task, bool], None]


class System:
    """The whole of copytrail in one scenario."""

    def __init__(self, scenario: Scenario, rng: random.Random, guards: Guards, *, traced: bool) -> None:
        self.clock = FakeClock()
        self.scheduler = Scheduler(self.clock)
        self.trace = Trace(self.clock, self.scheduler, kept=traced)
        self.network = Network(rng, scenario.plan, self.scheduler, self.trace)
        self.s3 = S3(scenario, guards, self.clock, self.scheduler, self.network)
        self.witness = Witness(self.scheduler, self.trace, self.s3.objects)
        self.s3.on_commit = self.witness.committed
        self.table = DynamoDbClient(self.network, guards, self._record_changed)
        self.short_invocations = scenario.short_invocations
        self._scenario = scenario
        self._rng = rng
        self._guards = guards
        self._skew = timedelta(seconds=scenario.skew_s)
        self._executor = InTurn()
        self._telemetry = _Telemetry(self.trace)
        self.copier = self._a_copier()
        self.auditor = self._an_auditor()

    def invoke(self, function: Function) -> None:
        """Let Lambda poll, and run the function on what it got."""
        messages = function.queue.receive(self._rng.randint(1, self._scenario.batch))
        if not messages:
            return
        deadline_s = _WHOLE_INVOCATION_S
        if self.short_invocations and self._rng.random() < 0.5:
            self.short_invocations -= 1
            deadline_s = self._rng.uniform(*_SHORT_INVOCATION_S)
        task = self.scheduler.start(function.name, deadline_s, lambda task: self._run(function, messages, task))
        self.trace.add(
            f"{task.name}#{task.number} gets " + ", ".join(f"{m.id} (receive {m.receive_count})" for m in messages)
        )

    def deliver_event(self, body: str) -> None:
        """EventBridge delivers to the copy queue: late, out of order, and now and then twice."""
        self._deliver(self.copier.queue, body)

    def _run(self, function: Function, messages: list[Message], task: Task) -> None:
        def seconds_left() -> float:
            return (task.deadline - self.clock.now).total_seconds()

        deleted: set[str] = set()

        def delete(wanted: Sequence[Message]) -> None:
            for message in wanted:
                if message.id in deleted:
                    continue
                deleted.add(message.id)
                gone = function.queue.delete(message)
                self.trace.add(f"{message.id} {'deleted' if gone else 'let go, with a receipt that is too old'}")
                function.on_done(message, task, gone)

        worker = function.worker if self._guards.publish_before_delete else _DeletingFirst(function.worker, delete)
        processor = BatchProcessor(
            worker,
            function.port,
            self._executor,
            self._scenario.max_receive_count,
            self._telemetry,
            self._rng.uniform,
        )
        again = processor.process(messages, seconds_left)
        done = [message for message in messages if message not in again]
        _try(lambda: self.network.call("Lambda deletes the batch", lambda: delete(done)))

    def _a_copier(self) -> Function:
        queue = self._a_queue("copy")
        port = QueuePort(queue, self.network, on_letter=self.witness.lettered, on_send=self.witness.continued)
        parts = MultipartCopy(self.s3, self._executor, width=2, warn=self._warn)
        events = EventsClient(self.network, self._guards, self._accept)
        rule = NewestOnly if self._guards.care_when_retried else Careless
        copies = ConditionalCopy(self.s3, parts, SIZES, self._back_off)
        newest_only = rule(copies, sleep=self.scheduler.sleep, warn=self._warn)
        worker = CopyWorker(
            newest_only=newest_only,
            deletions=Deletions(newest_only),
            every_version=None,
            abandon=parts.abandon,
            routes=_ROUTES,
            bus=TransferBus(cast(Any, events), name="bus", sleep=self.scheduler.sleep),
            queue=port,
            telemetry=self._telemetry,
            clock=lambda: self.clock.now + self._skew,
            max_receive_count=self._scenario.max_receive_count,
        )
        watched = Watched(worker, self.scheduler)
        return Function("copier", queue, port, watched, self._scenario.copiers, self.witness.acknowledged)

    def _an_auditor(self) -> Function:
        queue = self._a_queue("audit")
        port = QueuePort(queue, self.network, on_letter=self.witness.lettered, on_send=lambda _: None)
        worker = AuditWorker(
            ledger=DynamoDbLedger(cast(Any, self.table), "table"),
            queue=port,
            telemetry=self._telemetry,
            clock=self.clock,
            max_receive_count=self._scenario.max_receive_count,
        )
        return Function("auditor", queue, port, worker, self._scenario.auditors, self._audited)

    def _a_queue(self, name: str) -> SimulatedQueue:
        scenario = self._scenario
        return SimulatedQueue(
            name,
            self.clock,
            self._rng,
            visibility_s=scenario.visibility_s,
            most_receives=scenario.max_receive_count,
        )

    def _accept(self, detail_type: str, detail: str) -> None:
        body = (
            f'{{"version":"0","source":"{COPYTRAIL_SOURCE}","detail-type":"{detail_type}",'
            f'"time":"2026-11-23T10:00:00Z","detail":{detail}}}'
        )
        completion = decode_audited(body)
        assert isinstance(completion, Completion)
        self.witness.accepted(completion)
        self._deliver(self.auditor.queue, body)

    def _deliver(self, queue: SimulatedQueue, body: str) -> None:
        queue.add(body, delay_s=self._delay())
        if self.network.comes_twice():
            queue.add(body, delay_s=self._delay())

    def _delay(self) -> float:
        return self._rng.choice(self._scenario.delays_s)

    def _audited(self, message: Message, task: Task, _gone: bool) -> None:
        audited = decode_audited(message.body)
        if audited.log_id not in self.table.items and message.id not in task.lettered:
            self.witness.violated(f"{message.id} was deleted before its record was kept")

    def _record_changed(self, log_id: str) -> None:
        self.witness.violated(f"the record {log_id} was written over")

    def _back_off(self, lost_attempt: int) -> None:
        self.scheduler.sleep(self._rng.uniform(0, 0.05 * 2**lost_attempt))

    def _warn(self, message: str, details: dict[str, str]) -> None:
        self.trace.add(f"warning: {message} {details}")


class _DeletingFirst:
    """A worker whose messages are deleted before their outcomes are published: what a mutation makes of it."""

    def __init__(self, worker: Worker[Any], delete: Callable[[Sequence[Message]], None]) -> None:
        self.perform = worker.perform
        self._worker = worker
        self._delete = delete

    def publish(self, group: Sequence[Any]) -> Failures:
        """Delete, then publish."""
        self._delete([result.message for result in group])
        return self._worker.publish(group)


def _try(call: Callable[[], object]) -> None:
    """What Lambda's poller cannot do now is left to the visibility timeout."""
    try:
        call()
    except CopytrailError:
        return
