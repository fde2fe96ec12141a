"""An event source mapping at work: messages received in batches, the function invoked, what is done deleted."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Semaphore
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.gaps import sqs as moto_sqs
from localaws.lambda_service import sqs_event
from localaws.lambda_service.function import Function
from localaws.lambda_service.runtime_api import FunctionError
from localaws.models.lambda_ import MappingSpec
from localaws.supervision import Supervisor

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# How long a message may wait before it is noticed.
_POLL_EVERY_S = 0.02
# ReceiveMessage and DeleteMessageBatch take up to 10 messages.
_SQS_BATCH = 10
# Receives that fail one after the other: it will not pass.
_MOST_REFUSALS = 50


class QueuePump:
    """Receives batches, invokes the function, and deletes what it is done with, `concurrency` batches at a time.

    `function` is asked for each time, as an update of the stack puts another in its place.
    """

    def __init__(
        self,
        mapping: MappingSpec,
        *,
        queue_url: str,
        function: Callable[[], Function],
        sqs: "SQSClient",
        concurrency: int,
        supervisor: Supervisor,
    ) -> None:
        self.mapping = mapping
        self._queue_url = queue_url
        self._function = function
        self._sqs = sqs
        self._free = Semaphore(concurrency)
        self._workers = ThreadPoolExecutor(concurrency, thread_name_prefix=f"{mapping.function_name}-batch")
        self._gate = Lock()
        self._paused = False
        self._enabled = mapping.enabled
        self._stopping = Event()
        self._busy = 0
        self._counting = Lock()
        self._refused = 0
        self._supervisor = supervisor
        self._receiver = supervisor.thread(
            self._receive_until_stopped,
            name=f"{mapping.queue_name}-pump",
            what=f"the pump of queue {mapping.queue_name}",
            asked=self._stopping.is_set,
        )

    @property
    def busy(self) -> bool:
        """Whether a batch is on its way through the function."""
        return self._busy > 0

    @property
    def enabled(self) -> bool:
        """Whether the mapping is."""
        return self._enabled

    def enable(self, *, enabled: bool) -> None:
        """Enable the mapping, or disable it: when this returns, whatever comes next stays in the queue."""
        with self._gate:
            self._enabled = enabled

    def pause(self) -> None:
        """Take no message any more; when this returns, whatever comes next stays in the queue."""
        with self._gate:
            self._paused = True

    def resume(self) -> None:
        """Take messages again."""
        self._paused = False

    def stop(self) -> None:
        """Take no message any more, and wait for the batches that are being worked on."""
        self._stopping.set()
        self._receiver.join()
        self._workers.shutdown()

    def _receive_until_stopped(self) -> None:
        self._function().warm()
        while not self._stopping.is_set():
            if not self._free.acquire(timeout=0.1):
                continue
            batch = self._next_batch()
            if batch:
                self._workers.submit(self._work, batch)
            else:
                self._free.release()
                self._stopping.wait(_POLL_EVERY_S)

    def _next_batch(self) -> Sequence[Any]:
        with self._gate:
            if self._paused or not self._enabled or not moto_sqs.has_waiting(self.mapping.queue_arn):
                return ()
            # Counted before it is received, so that a message is at every moment in the queue or in this count.
            self._count(1)
            try:
                batch = self._gather()
                self._refused = 0
            except (ClientError, BotoCoreError):
                # The queue is being deleted, or the server stops: there is nothing to receive.
                batch = []
                self._refused += 1
                if self._refused == _MOST_REFUSALS:
                    raise
            if not batch:
                self._count(-1)
            return batch

    def _count(self, change: int) -> None:
        with self._counting:
            self._busy += change

    def _gather(self) -> list[Any]:
        batch = self._receive(self.mapping.batch_size)
        closes_at = time.monotonic() + self.mapping.window_s
        while batch and len(batch) < self.mapping.batch_size and time.monotonic() < closes_at:
            if self._stopping.wait(_POLL_EVERY_S):
                break
            if moto_sqs.has_waiting(self.mapping.queue_arn):
                batch += self._receive(self.mapping.batch_size - len(batch))
        return batch

    def _receive(self, count: int) -> list[Any]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=min(count, _SQS_BATCH),
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _work(self, batch: Sequence[Any]) -> None:
        try:
            event = sqs_event.encode(batch, queue_arn=self.mapping.queue_arn)
            answer = self._function().invoke(event)
            done = sqs_event.done(batch, answer, reports_item_failures=self.mapping.reports_item_failures)
            self._delete(done)
        except (FunctionError, ClientError, BotoCoreError):
            # The batch stays in the queue until its visibility timeout has passed, as with Lambda.
            pass
        except BaseException as error:  # noqa: BLE001 - the executor would keep it to itself
            self._supervisor.ended(f"a batch of queue {self.mapping.queue_name}", error)
        finally:
            self._count(-1)
            self._free.release()

    def _delete(self, messages: Sequence[Any]) -> None:
        for start in range(0, len(messages), _SQS_BATCH):
            self._sqs.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                    for index, message in enumerate(messages[start : start + _SQS_BATCH])
                ],
            )
