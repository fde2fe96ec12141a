"""A queue in memory with its dead-letter queue, and messages as SQS delivers them."""

from datetime import UTC, datetime

from shared.errors import TransientError
from shared.lambda_runtime.message import DeadLetter, Message


class FakeQueue:
    """The `Queue` Protocol: keeps letters, bodies and delays; refuses all when `down`."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.letters: list[DeadLetter] = []
        self.delays: dict[str, float] = {}
        self.down = False

    def dead_letter(self, letter: DeadLetter) -> None:
        """Keep the letter."""
        self._check()
        self.letters.append(letter)

    def send(self, body: str) -> None:
        """Keep the body."""
        self._check()
        self.sent.append(body)

    def deliver_again(self, message: Message, after_s: float) -> None:
        """Keep the delay."""
        self._check()
        self.delays[message.id] = after_s

    def _check(self) -> None:
        if self.down:
            raise TransientError("ServiceUnavailable", "sqs is down")


def message(body: str, *, message_id: str = "m-1", receive_count: int = 1) -> Message:
    """One delivery of a message."""
    return Message(
        id=message_id,
        body=body,
        receipt_handle=f"receipt of {message_id}",
        receive_count=receive_count,
        sent_at=datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
    )
