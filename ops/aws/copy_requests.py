""" "Object Copy Requested" events on the transfer bus."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ops.errors import CommandError
from shared import times
from shared.errors import CopytrailError
from shared.events import COPY_REQUESTED, CopyRequest, Event, encode_detail
from shared.transfer_bus import TransferBus

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class PartlyRefusedError(CommandError):
    """EventBridge accepted some of a group's requests, and not these, not even when asked again."""

    def __init__(self, requests: Sequence[CopyRequest], of: int, why: CopytrailError) -> None:
        super().__init__(f"EventBridge did not accept {len(requests)} of {of} requests: {why.message}")
        self.requests = requests


class CopyRequests:
    """Where copies are asked for. It may be shared by threads."""

    def __init__(
        self, events: "EventBridgeClient", bus_name: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._bus = TransferBus(events, name=bus_name, sleep=sleep)

    def publish(self, requests: Sequence[CopyRequest]) -> None:
        """Ask for up to 10 copies.

        Raises:
            CopytrailError: EventBridge could not be asked, or refused all of them.
            PartlyRefusedError: it accepted some, but not all of them, not even when asked again.
        """
        now = times.now()
        verdicts = self._bus.publish([Event(COPY_REQUESTED, encode_detail(request), now) for request in requests])
        refused = [(request, why) for request, why in zip(requests, verdicts, strict=True) if why is not None]
        if not refused:
            return
        _, why = refused[0]
        if len(refused) == len(requests):
            raise why
        raise PartlyRefusedError([request for request, _ in refused], len(requests), why)
