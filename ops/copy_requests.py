"""Requests of copies: "Object Copy Requested" events on the transfer bus, in the name of an operation."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ops.errors import CommandError
from ops.operation_events import RunningOperation
from shared import times
from shared.errors import CopytrailError
from shared.events import COPY_REQUESTED, CopyRequest, Event, Trigger, Upload, encode_detail
from shared.transfer_bus import TransferBus

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class PartlyRefusedError(CommandError):
    """EventBridge accepted the requests of some uploads, and not of these, not even when asked again."""

    def __init__(self, uploads: Sequence[Upload], of: int, why: CopytrailError) -> None:
        super().__init__(f"EventBridge did not accept {len(uploads)} of {of} requests: {why.message}")
        self.uploads = uploads


class CopyRequests:
    """Where an operation requests copies. May be shared by threads."""

    def __init__(
        self,
        events: "EventBridgeClient",
        bus_name: str,
        running: RunningOperation,
        trigger: Trigger,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bus = TransferBus(events, name=bus_name, sleep=sleep)
        self._running = running
        self._trigger = trigger

    def publish(self, uploads: Sequence[Upload]) -> None:
        """Request copies of up to 10 uploads.

        Raises:
            CopytrailError: EventBridge could not be asked, or refused all of them.
            PartlyRefusedError: it accepted some, but not all of them, not even when asked again.
        """
        now = times.now()
        verdicts = self._bus.publish([Event(COPY_REQUESTED, self._detail(upload), now) for upload in uploads])
        refused = [(upload, why) for upload, why in zip(uploads, verdicts, strict=True) if why is not None]
        if not refused:
            return
        _, why = refused[0]
        if len(refused) == len(uploads):
            raise why
        raise PartlyRefusedError([upload for upload, _ in refused], len(uploads), why)

    def _detail(self, upload: Upload) -> str:
        request = CopyRequest(
            upload=upload,
            trigger=self._trigger,
            request_id=self._running.id,
            requested_by=self._running.performed_by,
            operation_id=self._running.id,
        )
        return encode_detail(request)
