"""Owns how a batch of messages is worked through: concurrently, in groups, and never past the deadline."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared.errors import CopytrailError, Reason, TransientError
from shared.lambda_runtime.delivery_policy import Message, Queue, unexpected

R = TypeVar("R")

# PutEvents takes up to 10 entries a call.
GROUP_SIZE = 10
# One slow message must not keep the others' outcomes back.
_LONGEST_WAIT_FOR_A_GROUP_S = 1.0
# What it takes to conclude the last group, with retries, and to hand the rest back, before Lambda ends the function.
_RESERVE_S = 20.0

Failures = Mapping[Message, CopytrailError]


class UntouchedError(TransientError):
    """Time ran short before a message was begun: it may be delivered again at once."""


class Worker(Protocol[R]):
    """What a function does with its messages."""

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> R:
        """Do one message's work, on any thread. Raises CopytrailError when it must be delivered again."""

    def conclude(self, group: Sequence[R]) -> Failures:
        """Make the results of up to 10 messages known, on the calling thread; what failed, by message.

        An exception counts for the group: each of its results is then concluded again, by itself.
        """


@dataclass(frozen=True)
class Consumer(Generic[R]):
    """A function, ready for the batches of its queue."""

    worker: Worker[R]
    queue: Queue
    executor: Executor
    max_receive_count: int


@dataclass(frozen=True)
class Batch(Generic[R]):
    """A batch's way through a worker. `seconds_left` is Lambda's remaining time."""

    worker: Worker[R]
    executor: Executor
    seconds_left: Callable[[], float]

    def run(self, messages: Iterable[Message]) -> Failures:
        """Work through the messages; what comes back, by message, was not done and must be delivered again."""
        failures: dict[Message, CopytrailError] = {}
        running = {self.executor.submit(self._perform, message): message for message in messages}
        ready: list[tuple[Message, R]] = []
        while running and self._time_is_left():
            done = wait(running, timeout=_LONGEST_WAIT_FOR_A_GROUP_S, return_when=FIRST_COMPLETED).done
            for future in done:
                _collect(future, running.pop(future), ready, failures)
            while len(ready) >= GROUP_SIZE or (ready and not (done and running)):
                failures.update(self._conclude(ready[:GROUP_SIZE]))
                del ready[:GROUP_SIZE]
        for future, message in running.items():
            _give_up(future, message, ready, failures)
        for start in range(0, len(ready), GROUP_SIZE):
            failures.update(self._conclude(ready[start : start + GROUP_SIZE]))
        return failures

    def _perform(self, message: Message) -> R:
        if not self._time_is_left():
            raise _untouched()
        return self.worker.perform(message, self.seconds_left)

    def _conclude(self, group: Sequence[tuple[Message, R]]) -> Failures:
        try:
            return self.worker.conclude([result for _, result in group])
        except Exception as error:  # noqa: BLE001 - a bug that one message brings out is not its neighbours'
            if len(group) == 1:
                return {group[0][0]: unexpected(error)}
        # Whose error it is only shows when each is alone; what is concluded twice leaves the same record.
        return {message: error for pair in group for message, error in self._conclude([pair]).items()}

    def _time_is_left(self) -> bool:
        return self.seconds_left() > _RESERVE_S


def _collect(
    future: Future[R], message: Message, ready: list[tuple[Message, R]], failures: dict[Message, CopytrailError]
) -> None:
    try:
        ready.append((message, future.result()))
    except CopytrailError as error:
        failures[message] = error
    except Exception as error:  # noqa: BLE001 - a bug in one message's work is not its neighbours'
        failures[message] = unexpected(error)


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
