"""Owns the only PutEvents calls: completion events to the transfer bus."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from shared.aws import translated
from shared.errors import CopytrailError, Reason, Transient
from shared.events import COPYTRAIL_SOURCE, Completion, encode_detail

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

# The pauses between tries of entries that EventBridge did not accept, in seconds.
_PAUSES_S = (0.1, 0.4)


class Completions(Protocol):
    """Where outcomes are made known."""

    def publish(self, completions: Sequence[Completion]) -> list[CopytrailError | None]:
        """Publish up to 10 events; for each in its place, None when accepted, else why not."""


class EventBridgeCompletions:
    """The `Completions` that PutEvents gives: it answers 200 even when entries failed, so each one is looked at."""

    def __init__(self, events: "EventBridgeClient", *, bus_name: str, sleep: Callable[[float], None]) -> None:
        self._events = events
        self._bus_name = bus_name
        self._sleep = sleep

    def publish(self, completions: Sequence[Completion]) -> list[CopytrailError | None]:
        """One PutEvents call for all, and up to two more for those that it did not accept."""
        verdicts = self._put(completions)
        for pause_s in _PAUSES_S:
            refused = [place for place, verdict in enumerate(verdicts) if verdict]
            if not refused:
                break
            self._sleep(pause_s)
            again = self._put([completions[place] for place in refused])
            for place, verdict in zip(refused, again, strict=True):
                verdicts[place] = verdict
        return verdicts

    def _put(self, completions: Sequence[Completion]) -> list[CopytrailError | None]:
        try:
            with translated("events:PutEvents", self._bus_name):
                answer = self._events.put_events(Entries=[self._entry(completion) for completion in completions])
        except CopytrailError as error:
            return [error] * len(completions)
        return [
            Transient(Reason.EVENT_NOT_ACCEPTED, f"{entry['ErrorCode']}: {entry.get('ErrorMessage', '')}")
            if "ErrorCode" in entry
            else None
            for entry in answer["Entries"]
        ]

    def _entry(self, completion: Completion) -> "PutEventsRequestEntryTypeDef":
        return {
            "EventBusName": self._bus_name,
            "Source": COPYTRAIL_SOURCE,
            "DetailType": completion.detail_type,
            "Detail": encode_detail(completion),
            "Time": completion.finished_at,
        }
