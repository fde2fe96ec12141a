"""Owns the metrics that SQS keeps of its queues in CloudWatch; moto keeps none.

They are made when they are asked for, of what is in the queues at that moment, and stand for the last whole minute.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatum
from moto.core.utils import unix_time_millis, utcnow
from moto.sqs.models import Message, Queue, sqs_backends

from localaws.gaps import patching

_NAMESPACE = "AWS/SQS"
_MINUTE = timedelta(minutes=1)
# A message that was received so often is at the back of its queue, and no longer counts as the oldest ("Available
# CloudWatch metrics for Amazon SQS", SQS developer guide).
_RECEIVES_OF_A_POISON_PILL = 3


def close() -> None:
    """Add them to the metrics that moto knows."""
    patching.replace(CloudWatchBackend, "get_all_metrics", _with_those_of_queues)


def _with_those_of_queues(original: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    def get_all_metrics(self: CloudWatchBackend) -> list[Any]:
        queues = list(sqs_backends[self.account_id][self.region_name].queues.values())
        return [*original(self), *(datum for queue in queues for datum in _of(queue))]

    return get_all_metrics


def _of(queue: Queue) -> Iterator[MetricDatum]:
    with queue._messages_lock:  # noqa: SLF001 - moto's own lock of the queue
        messages = list(queue._messages)  # noqa: SLF001 - all of them, hidden ones too
        delayed = sum(message.delayed for message in messages)
        in_flight = sum(not message.visible for message in messages)
    last_minute = utcnow().replace(second=0, microsecond=0) - _MINUTE

    def datum(name: str, value: float, unit: str) -> MetricDatum:
        return _datum(queue.name, name, value, unit, last_minute)

    yield datum("ApproximateNumberOfMessagesVisible", len(messages) - delayed - in_flight, "Count")
    yield datum("ApproximateNumberOfMessagesNotVisible", in_flight, "Count")
    yield datum("ApproximateNumberOfMessagesDelayed", delayed, "Count")
    if (age_s := _oldest_s(messages)) is not None:
        yield datum("ApproximateAgeOfOldestMessage", age_s, "Seconds")


def _oldest_s(messages: Iterable[Message]) -> int | None:
    counted = [each for each in messages if each.approximate_receive_count < _RECEIVES_OF_A_POISON_PILL]
    sent: list[Any] = [message.sent_timestamp for message in counted]
    return int((unix_time_millis() - min(sent)) / 1000) if sent else None


def _datum(queue_name: str, name: str, value: float, unit: str, minute: datetime) -> MetricDatum:
    dimensions = [{"Name": "QueueName", "Value": queue_name}]
    return MetricDatum(_NAMESPACE, name, value, dimensions, minute, unit)
