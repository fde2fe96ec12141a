"""Owns looks into moto's queues that SQS's API does not give, or gives too slowly."""

from dataclasses import dataclass

from moto.sqs.models import Message, Queue, sqs_backends


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
    messages = _messages(queue_arn)
    delayed = sum(message.delayed for message in messages)
    in_flight = sum(not message.visible for message in messages)
    return Depth(visible=len(messages) - delayed - in_flight, in_flight=in_flight, delayed=delayed)


def has_waiting(queue_arn: str) -> bool:
    """Whether ReceiveMessage would find something: what a long poll waits for, without a request."""
    return any(message.visible and not message.delayed for message in _messages(queue_arn))


def let_visibility_timeouts_pass(queue_arn: str) -> None:
    """Make what is in flight or delayed receivable at once, as though the time had passed."""
    for message in _messages(queue_arn):
        message.visible_at = 0.0
        message.delayed_until = 0.0


def _messages(queue_arn: str) -> list[Message]:
    _, _, _, region, account_id, name = queue_arn.split(":")
    queue: Queue | None = sqs_backends[account_id][region].queues.get(name)
    return list(queue._messages) if queue else []  # noqa: SLF001  # moto gives no other way to look without receiving
