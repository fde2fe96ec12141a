"""Owns how outcomes are made known: as completion events on the transfer bus."""

from collections.abc import Sequence
from typing import Protocol

from shared.errors import CopytrailError
from shared.events import Completion, encode_detail
from shared.transfer_bus import Event, TransferBus


class Completions(Protocol):
    """Where outcomes are made known."""

    def publish(self, completions: Sequence[Completion]) -> list[CopytrailError | None]:
        """Publish up to 10 events; for each in its place, None when accepted, else why not."""


class EventBridgeCompletions:
    """The `Completions` on EventBridge."""

    def __init__(self, bus: TransferBus) -> None:
        self._bus = bus

    def publish(self, completions: Sequence[Completion]) -> list[CopytrailError | None]:
        """Publish up to 10 events; for each in its place, None when accepted, else why not."""
        return self._bus.publish([_event(completion) for completion in completions])


def _event(completion: Completion) -> Event:
    return Event(completion.detail_type, encode_detail(completion), completion.finished_at)
