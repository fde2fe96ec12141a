"""SQS's answers: those of the strict SQS that tests have, in real time."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name

from tests.fakes.clock import FakeClock
from tests.fakes.sqs_client import FakeSqs

_SENT_AT = datetime(2026, 3, 1, tzinfo=UTC)
_ATTRIBUTES = {
    "ApproximateNumberOfMessagesDelayed": "0",
    "VisibilityTimeout": "30",
    "MessageRetentionPeriod": "1209600",
}
_ACTIONS = frozenset(
    {
        "GetQueueAttributes",
        "ReceiveMessage",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteMessageBatch",
        "SendMessage",
        "SendMessageBatch",
    }
)


class RealClock(FakeClock):
    """A clock that shows the time, and moves by itself."""

    def __call__(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


class Sqs:
    """Queues by the last part of their URLs."""

    def __init__(self, names: Iterable[str], clock: FakeClock | None = None) -> None:
        self._names = tuple(names)
        self._sqs = FakeSqs(clock=clock or RealClock(), attributes=_ATTRIBUTES)

    def put(self, name: str, message_id: str, content: Callable[[], tuple[str, Mapping[str, Any]]]) -> None:
        """Put a message into a queue; `content` makes its body and its attributes."""
        self._sqs.add(name, content, message_id, _SENT_AT)

    def counts(self) -> Mapping[str, tuple[int, int]]:
        """How many messages of each queue are visible, and how many are not."""
        visible = {name: len(self._sqs.visible(name)) for name in self._names}
        return {name: (count, len(self._sqs.queues[name]) - count) for name, count in visible.items()}

    def answer(self, action: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a call.

        Raises:
            KeyError: no command makes such a call.
            ClientError: as SQS would refuse it.
        """
        name = asked["QueueUrl"].rpartition("/")[2]
        if action not in _ACTIONS or name not in self._names:
            raise KeyError(name)
        answer: Mapping[str, Any] = getattr(self._sqs, xform_name(action))(**{**asked, "QueueUrl": name})
        return answer
