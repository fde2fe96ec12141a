"""Simulated queues: at least once, in any order, again after a timeout, to the DLQ when tried too often."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import TransientError
from shared.lambda_runtime.message import DeadLetter, Message, Past
from tests.fakes.clock import FakeClock
from tests.simulation.faults import Network


@dataclass
class Held:
    """A message in a queue."""

    id: str
    body: str
    sent_at: datetime | None
    visible_at: datetime
    dead_lettered: bool
    receives: int = 0

    @property
    def receipt(self) -> str:
        """The handle of its latest delivery."""
        return f"{self.id}/{self.receives}"


@dataclass(frozen=True)
class Letter:
    """A message in a DLQ: explained by us, or moved there by SQS itself (`reason` None)."""

    message_id: str
    body: str
    reason: str | None
    sent_at: datetime | None


class SimulatedQueue:
    """A queue and its DLQ, as AWS holds them."""

    def __init__(
        self, name: str, clock: FakeClock, rng: random.Random, *, visibility_s: float, most_receives: int
    ) -> None:
        self.name = name
        self.held: dict[str, Held] = {}
        self.letters: list[Letter] = []
        self._clock = clock
        self._rng = rng
        self._visibility = timedelta(seconds=visibility_s)
        self._most_receives = most_receives
        self._sent = 0

    def add(self, body: str, *, delay_s: float = 0.0, replayed: Letter | None = None) -> str:
        """Put a message in, to be seen after a delay; its id. A replayed letter may keep its moment of sending."""
        self._sent += 1
        now = self._clock.now
        sent_at = replayed.sent_at if replayed and self._rng.random() < 0.5 else now
        dead_lettered = replayed is not None and replayed.reason is not None
        held = Held(
            f"{self.name}-{self._sent}", body, sent_at, now + timedelta(seconds=delay_s), dead_lettered=dead_lettered
        )
        self.held[held.id] = held
        return held.id

    def visible(self) -> list[Held]:
        """What may be received now."""
        now = self._clock.now
        return [held for held in self.held.values() if held.visible_at <= now]

    def has_visible(self) -> bool:
        """Whether anything may be received now."""
        now = self._clock.now
        return any(held.visible_at <= now for held in self.held.values())

    def receive(self, most: int) -> list[Message]:
        """Some of what is visible, in no order; what has been received too often goes to the DLQ instead."""
        visible = self.visible()
        received: list[Message] = []
        for held in self._rng.sample(visible, min(most, len(visible))):
            if held.receives >= self._most_receives:
                del self.held[held.id]
                self.letters.append(Letter(held.id, held.body, None, held.sent_at))
                continue
            held.receives += 1
            held.visible_at = self._clock.now + self._visibility
            received.append(_delivery(held))
        return received

    def delete(self, message: Message) -> bool:
        """Delete a message, if this is its latest delivery; an older receipt may or may not do. Whether it is gone."""
        held = self.held.get(message.id)
        if held is None or (held.receipt != message.receipt_handle and self._rng.random() < 0.5):
            return False
        del self.held[message.id]
        return True

    def show_again(self, message: Message, after_s: float) -> None:
        """Change a message's visibility. Raises TransientError when its receipt is too old."""
        held = self.held.get(message.id)
        if held is None or held.receipt != message.receipt_handle:
            raise TransientError("ReceiptHandleIsInvalid", "the receipt handle has expired")
        held.visible_at = self._clock.now + timedelta(seconds=after_s)


def _delivery(held: Held) -> Message:
    return Message(
        held.id, held.body, held.receipt, held.receives, held.sent_at, past=Past() if held.dead_lettered else None
    )


class QueuePort:
    """The `Queue` Protocol on a simulated queue. `on_letter` and `on_send` are told what SQS has accepted."""

    def __init__(
        self,
        queue: SimulatedQueue,
        network: Network,
        *,
        on_letter: Callable[[DeadLetter], None],
        on_send: Callable[[str], None],
    ) -> None:
        self._queue = queue
        self._network = network
        self._on_letter = on_letter
        self._on_send = on_send

    def dead_letter(self, letter: DeadLetter) -> None:
        """SendMessage to the DLQ."""
        message = letter.message

        def effect() -> None:
            self._queue.letters.append(Letter(message.id, message.body, letter.error.reason, message.sent_at))
            self._on_letter(letter)

        self._network.call(f"SendMessage to {self._queue.name} DLQ", effect)

    def send(self, body: str) -> None:
        """SendMessage to the queue itself."""

        def effect() -> None:
            self._queue.add(body)
            self._on_send(body)

        self._network.call(f"SendMessage to {self._queue.name}", effect)

    def deliver_again(self, message: Message, after_s: float) -> None:
        """ChangeMessageVisibility."""
        self._network.call("ChangeMessageVisibility", lambda: self._queue.show_again(message, after_s))
