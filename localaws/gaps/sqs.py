"""SQS under concurrent callers: one look at a queue at a time, long polls that wake, and the metrics in CloudWatch.

moto loses a message that is sent while another is deleted, may give one message to two receivers, and sleeps up to a
second past the moment when a message becomes visible; and it counts a queue's messages for each one sent or received,
several times. A batch loses the system attributes of its messages. SetQueueAttributes takes the policy away wherever it
does not set one. It keeps no metrics of queues: ours are made when
they are asked for, of what is in the queues at that moment, and stand for the last whole minute.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatum
from moto.core.utils import unix_time_millis, utcnow
from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse

from localaws.gaps.patching import Patch, around

_MINUTE = timedelta(minutes=1)
# A message that was received so often is at the back of its queue, and no longer counts as the oldest ("Available
# CloudWatch metrics for Amazon SQS", SQS developer guide).
_RECEIVES_OF_A_POISON_PILL = 3
_SOURCE = "DeadLetterQueueSourceArn"

_this_thread = threading.local()
_polls_end = threading.Event()


def patches() -> Iterator[Patch]:
    """Put each queue's own lock around all that reads or changes its messages; add its metrics."""
    yield around(SQSBackend, "receive_message", _polling)
    yield around(SQSBackend, "change_message_visibility", _waking_receivers)
    yield around(SQSBackend, "purge_queue", _one_at_a_time)
    yield around(SQSBackend, "get_queue_attributes", _one_at_a_time)
    yield around(SQSBackend, "send_message", _sending)
    yield around(SQSBackend, "send_message_batch", _keeping_traces)
    yield around(Queue, "_set_attributes", _keeping_policy)
    for name in ("", "_delayed", "_not_visible"):
        yield Patch(Queue, f"approximate_number_of_messages{name}", _not_counted_for_nobody)
    yield around(Queue, "delete_message", _one_at_a_time_in_the_queue)
    yield around(SQSResponse, "receive_message", _naming_the_source)
    yield around(CloudWatchBackend, "get_all_metrics", _with_those_of_queues)


def _keeping_policy(
    original: Callable[..., None], self: Queue, attributes: dict[str, Any], now: float | None = None
) -> None:
    policy = getattr(self, "policy", None)
    original(self, attributes, now)
    if "Policy" not in attributes:
        self.policy = policy


def allow_polls() -> None:
    """Let long polls wait, from now on."""
    _polls_end.clear()


def end_polls() -> None:
    """Make every long poll end, until `allow_polls`. The queues stay for what is still under way."""
    _polls_end.set()
    for _, _, backend in list(sqs_backends.iter_backends()):
        for queue in list(backend.queues.values()):  # type: ignore[attr-defined]  # a backend of SQS
            with queue._messages_lock:
                queue._messages_lock.notify_all()


@dataclass(frozen=True)
class Depth:
    """How many messages a queue holds, by what SQS calls them."""

    visible: int
    in_flight: int
    delayed: int

    def __bool__(self) -> bool:
        return bool(self.visible or self.in_flight or self.delayed)

    def __str__(self) -> str:
        return f"{self.visible} waiting, {self.in_flight} in flight, {self.delayed} delayed"


def depth(queue_arn: str) -> Depth:
    """How many messages a queue holds right now; none when the queue is gone."""
    return _depth(_messages(queue_arn))


def has_waiting(queue_arn: str) -> bool:
    """Whether ReceiveMessage would find something: what a long poll waits for, without a request."""
    return any(message.visible and not message.delayed for message in _messages(queue_arn))


def _messages(queue_arn: str) -> list[Message]:
    _, _, _, region, account_id, name = queue_arn.split(":")
    queue: Queue | None = sqs_backends[account_id][region].queues.get(name)
    return list(queue._messages) if queue else []


def _depth(messages: Sequence[Message]) -> Depth:
    delayed = sum(message.delayed for message in messages)
    in_flight = sum(not message.visible for message in messages)
    return Depth(visible=len(messages) - delayed - in_flight, in_flight=in_flight, delayed=delayed)


def _polling(
    original: Callable[..., Any],
    self: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    *more: Any,
) -> Any:
    queue = self.get_queue(queue_name)
    deadline = time.monotonic() + wait_seconds_timeout
    with queue._messages_lock:
        while True:
            _note_source_of_dead_letters(queue)
            with _nobody_counting():
                messages = original(self, queue_name, count, 0, *more)
            left_s = deadline - time.monotonic()
            if messages or left_s <= 0 or _polls_end.is_set():
                return messages
            queue._messages_lock.wait(min(left_s, _until_next_visible_s(queue)))
            if self.queues.get(queue_name) is not queue:
                return []


def _until_next_visible_s(queue: Queue) -> float:
    now = unix_time_millis()
    hidden = (max(message.visible_at, message.delayed_until) - now for message in queue._messages)
    # moto shows a message in the millisecond after the one it was hidden until.
    return max(0.002, (min(hidden, default=3_600_000.0) + 1) / 1000)


def _note_source_of_dead_letters(queue: Queue) -> None:
    if queue.dead_letter_queue is None or not queue.redrive_policy:
        return
    for message in queue.messages:
        if message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"]:
            message.system_attributes[_SOURCE] = queue.queue_arn


def _naming_the_source(original: Callable[..., Any], self: Any) -> Any:
    answer = original(self)
    asked = {*(self._get_param("MessageSystemAttributeNames", [])), *(self._get_param("AttributeNames", []))}
    received = answer.result.get("Messages", [])
    if received and asked & {_SOURCE, "All"}:
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        sources = {message.id: message.system_attributes.get(_SOURCE) for message in list(queue._messages)}
        for message in received:
            if source := sources.get(message["MessageId"]):
                message.setdefault("Attributes", {})[_SOURCE] = source
    return answer


def _waking_receivers(original: Callable[..., Any], self: SQSBackend, queue_name: str, *more: Any, **named: Any) -> Any:
    queue = self.get_queue(queue_name)
    with queue._messages_lock:
        result = original(self, queue_name, *more, **named)
        queue._messages_lock.notify_all()
        return result


def _one_at_a_time(original: Callable[..., Any], self: SQSBackend, queue_name: str, *more: Any, **named: Any) -> Any:
    with self.get_queue(queue_name)._messages_lock:
        return original(self, queue_name, *more, **named)


def _one_at_a_time_in_the_queue(original: Callable[..., Any], self: Queue, *more: Any, **named: Any) -> Any:
    with self._messages_lock:
        return original(self, *more, **named)


def _sending(original: Callable[..., Any], self: SQSBackend, *more: Any, **named: Any) -> Any:
    with _nobody_counting():
        return original(self, *more, **named)


@contextmanager
def _nobody_counting() -> Iterator[None]:
    """For as long as nobody on this thread sees a queue's counts."""
    _this_thread.counts_nothing = True
    try:
        yield
    finally:
        _this_thread.counts_nothing = False


def _not_counted_for_nobody(original: Any) -> Any:
    # moto makes all of a queue's attributes to look at one of them.
    return property(lambda queue: 0 if getattr(_this_thread, "counts_nothing", False) else original.fget(queue))


def _keeping_traces(
    original: Callable[..., Any], self: SQSBackend, queue_name: str, entries: dict[str, dict[str, Any]]
) -> Any:
    messages, failed = original(self, queue_name, entries)
    given = {entry["Id"]: entry.get("MessageSystemAttributes") or {} for entry in entries.values()}
    for message in messages:
        message.system_attributes = given[message.user_id]
    return messages, failed


def _with_those_of_queues(original: Callable[..., list[Any]], self: CloudWatchBackend) -> list[Any]:
    queues = list(sqs_backends[self.account_id][self.region_name].queues.values())
    return [*original(self), *(datum for queue in queues for datum in _metrics(queue))]


def _metrics(queue: Queue) -> Iterator[MetricDatum]:
    with queue._messages_lock:
        messages = list(queue._messages)
        held = _depth(messages)
    last_minute = utcnow().replace(second=0, microsecond=0) - _MINUTE
    dimensions = [{"Name": "QueueName", "Value": queue.name}]

    def datum(name: str, value: float, unit: str) -> MetricDatum:
        return MetricDatum("AWS/SQS", name, value, dimensions, last_minute, unit)

    yield datum("ApproximateNumberOfMessagesVisible", held.visible, "Count")
    yield datum("ApproximateNumberOfMessagesNotVisible", held.in_flight, "Count")
    yield datum("ApproximateNumberOfMessagesDelayed", held.delayed, "Count")
    if (age_s := _oldest_s(messages)) is not None:
        yield datum("ApproximateAgeOfOldestMessage", age_s, "Seconds")


def _oldest_s(messages: Iterable[Message]) -> int | None:
    counted = [each for each in messages if each.approximate_receive_count < _RECEIVES_OF_A_POISON_PILL]
    sent: list[Any] = [message.sent_timestamp for message in counted]
    return int((unix_time_millis() - min(sent)) / 1000) if sent else None
