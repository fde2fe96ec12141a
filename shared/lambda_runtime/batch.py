"""An SQS batch, processed concurrently: results published in groups, nothing begun too late, failures delivered again.

The answer is Lambda's partial batch response ("ReportBatchItemFailures", Lambda developer guide).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from shared.errors import CopytrailError, Reason, TransientError
from shared.lambda_runtime.delivery_policy import (
    UntouchedError,
    as_copytrail_error,
    dead_letter,
    is_last_receive,
    retry_delay,
)
from shared.lambda_runtime.message import DeadLetter, Message, Queue, read_record

R = TypeVar("R")

# PutEvents takes up to 10 entries a call.
_GROUP_SIZE = 10
# One slow message must not keep the others' outcomes back.
_LONGEST_WAIT_FOR_A_GROUP_S = 1.0
# A function begins no message in the last seconds of an invocation: it publishes the last outcomes then, with retries,
# and hands the other messages back.
INVOCATION_RESERVE_S = 20

Failures = Mapping[Message, CopytrailError]
PartialBatchResponse = dict[str, list[dict[str, str]]]


class Worker(Protocol[R]):
    """What a function does with its messages."""

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> R:
        """Do one message's work, on any thread. Raises CopytrailError when it must be delivered again."""

    def publish(self, group: Sequence[R]) -> Failures:
        """Make the results of up to 10 messages known, on the calling thread; what failed, by message.

        An exception counts for the group: each of its results is then published again, by itself.
        """


class Telemetry(Protocol):
    """What is logged and counted of the messages that the worker did not end."""

    def dead_lettered(self, letter: DeadLetter) -> None:
        """The message is in the dead-letter queue with its reason."""

    def will_retry(self, message: Message, error: CopytrailError, delay_s: float) -> None:
        """The message comes again after a delay."""

    def retry_delay_refused(self, message: Message, error: CopytrailError) -> None:
        """SQS did not take the delay: the message comes again after the queue's visibility timeout."""


class Context(Protocol):
    """The part of Lambda's context object that matters here."""

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends this invocation."""


@dataclass(frozen=True)
class BatchProcessor(Generic[R]):
    """A function's worker, ready for the batches of its queue."""

    worker: Worker[R]
    queue: Queue
    executor: Executor
    max_receive_count: int
    telemetry: Telemetry
    uniform: Callable[[float, float], float] = random.uniform

    def respond(self, event: Mapping[str, Any], context: Context) -> PartialBatchResponse:
        """Process an SQS event; the ids of the messages that Lambda leaves in the queue.

        No record of the batch makes this raise: what can never be worked on becomes a dead letter with its reason.
        """
        records = [read_record(record) for record in event["Records"]]
        again = self.process(records, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)
        return {
            "batchItemFailures": [{"itemIdentifier": id_} for id_ in dict.fromkeys(message.id for message in again)]
        }

    def process(self, records: Sequence[Message | DeadLetter], seconds_left: Callable[[], float]) -> list[Message]:
        """Work through the messages; those that must be delivered again, each with its delay set.

        What still fails on the last receive that the queue allows becomes a dead letter, too. `seconds_left` is
        Lambda's remaining time.
        """
        failures = self._work_through([record for record in records if isinstance(record, Message)], seconds_left)
        letters = [record for record in records if isinstance(record, DeadLetter)]
        again: dict[Message, CopytrailError] = {}
        for message, error in failures.items():
            if is_last_receive(message, self.max_receive_count):
                letters.append(DeadLetter(message, error, log_id=None))
            else:
                again[message] = error
        for letter in letters:
            if dead_letter(self.queue, letter):
                again[letter.message] = letter.error
            else:
                self.telemetry.dead_lettered(letter)
        for message, error in again.items():
            self._retry(message, error)
        return list(again)

    def _work_through(self, messages: Sequence[Message], seconds_left: Callable[[], float]) -> Failures:
        """Perform each message and publish the results, as long as there is time; what failed, in their order."""

        def perform(message: Message) -> R:
            if seconds_left() <= INVOCATION_RESERVE_S:
                raise _untouched()
            return self.worker.perform(message, seconds_left)

        failures: dict[Message, CopytrailError] = {}
        running = {self.executor.submit(perform, message): message for message in messages}
        ready: list[tuple[Message, R]] = []
        while running and seconds_left() > INVOCATION_RESERVE_S:
            done = wait(running, timeout=_LONGEST_WAIT_FOR_A_GROUP_S, return_when=FIRST_COMPLETED).done
            for future in done:
                _collect(future, running.pop(future), ready, failures)
            while len(ready) >= _GROUP_SIZE or (ready and not (done and running)):
                failures.update(self._publish(ready[:_GROUP_SIZE]))
                del ready[:_GROUP_SIZE]
        for future, message in running.items():
            _give_up(future, message, ready, failures)
        for start in range(0, len(ready), _GROUP_SIZE):
            failures.update(self._publish(ready[start : start + _GROUP_SIZE]))
        return {message: failures[message] for message in messages if message in failures}

    def _publish(self, group: Sequence[tuple[Message, R]]) -> Failures:
        try:
            return self.worker.publish([result for _, result in group])
        except Exception as error:  # noqa: BLE001 - a bug that one message brings out is not its neighbours'
            if len(group) == 1:
                return {group[0][0]: as_copytrail_error(error)}
        # Whose error it is only shows when each is alone; what is published twice leaves the same record.
        return {message: error for pair in group for message, error in self._publish([pair]).items()}

    def _retry(self, message: Message, error: CopytrailError) -> None:
        delay_s = retry_delay(error, message.receive_count, self.uniform)
        self.telemetry.will_retry(message, error, delay_s)
        try:
            self.queue.deliver_again(message, delay_s)
        except Exception as problem:  # noqa: BLE001 - what one message holds must not fail its neighbours
            self.telemetry.retry_delay_refused(message, as_copytrail_error(problem))


def _collect(
    future: Future[R], message: Message, ready: list[tuple[Message, R]], failures: dict[Message, CopytrailError]
) -> None:
    try:
        ready.append((message, future.result()))
    except Exception as error:  # noqa: BLE001 - a bug in one message's work is not its neighbours'
        failures[message] = as_copytrail_error(error)


def _give_up(
    future: Future[R], message: Message, ready: list[tuple[Message, R]], failures: dict[Message, CopytrailError]
) -> None:
    if future.cancel():
        failures[message] = _untouched()
    elif future.done():
        _collect(future, message, ready, failures)
    else:
        problem = "the function's time ran out while this message was being worked on"
        failures[message] = TransientError(Reason.OUT_OF_TIME, problem)


def _untouched() -> UntouchedError:
    return UntouchedError(Reason.OUT_OF_TIME, "the function's time ran short before this message was begun")
