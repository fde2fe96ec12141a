"""The transfer bus: copytrail's own events, sent with PutEvents, the only such calls."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from shared.errors import CopytrailError, Reason, TransientError
from shared.events import COPYTRAIL_SOURCE, Event
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

# PutEvents takes up to 10 entries a call.
MOST_EVENTS = 10
# What the entries of a call may have together, in bytes ("Calculating PutEvents event entry size", EventBridge user
# guide); it may be more by now.
_LARGEST_CALL = 256 * 1024
# The moment of an entry counts as so many bytes.
_MOMENT_BYTES = 14
# What EventBridge says of a call in which one entry cannot be accepted.
_REFUSALS = frozenset({"ValidationException", "ParamValidationError", "413"})
# Between attempts for entries that EventBridge did not accept, in seconds.
_RETRY_DELAYS_S = (0.1, 0.4)


class TransferBus:
    """The transfer bus: PutEvents answers 200 even when entries failed, so each entry's answer is read."""

    def __init__(self, events: "EventBridgeClient", *, name: str, sleep: Callable[[float], None]) -> None:
        self._events = events
        self._name = name
        self._sleep = sleep

    def publish(self, events: Sequence[Event]) -> list[CopytrailError | None]:
        """Publish up to 10 events: one call for all that fit into it, and up to two more for what was not accepted.

        An event that EventBridge refuses does not take along those of the same call.

        Returns:
            For each event in its place, None when it was accepted, else why not.
        """
        verdicts = self._put(events)
        for delay_s in _RETRY_DELAYS_S:
            refused = [place for place, verdict in enumerate(verdicts) if verdict]
            if not refused:
                break
            self._sleep(delay_s)
            again = self._put([events[place] for place in refused])
            for place, verdict in zip(refused, again, strict=True):
                verdicts[place] = verdict
        return verdicts

    def _put(self, events: Sequence[Event]) -> list[CopytrailError | None]:
        return [verdict for call in _calls(events) for verdict in self._put_together(call)]

    def _put_together(self, events: Sequence[Event]) -> list[CopytrailError | None]:
        try:
            with translated("events:PutEvents", self._name):
                answer = self._events.put_events(
                    Entries=[
                        {
                            "EventBusName": self._name,
                            "Source": COPYTRAIL_SOURCE,
                            "DetailType": event.detail_type,
                            "Detail": event.detail,
                            "Time": event.at,
                        }
                        for event in events
                    ]
                )
        except CopytrailError as error:
            if error.reason in _REFUSALS and len(events) > 1:
                return [verdict for event in events for verdict in self._put_together([event])]
            return [error] * len(events)
        return [
            TransientError(Reason.EVENT_NOT_ACCEPTED, f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}")
            if "ErrorCode" in entry
            else None
            for entry in answer["Entries"]
        ]


def _calls(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in their order, as many together as one call takes."""
    call: list[Event] = []
    size = 0
    for event in events:
        bytes_ = _MOMENT_BYTES + len(f"{COPYTRAIL_SOURCE}{event.detail_type}{event.detail}".encode())
        if call and size + bytes_ > _LARGEST_CALL:
            yield call
            call, size = [], 0
        call.append(event)
        size += bytes_
    if call:
        yield call
