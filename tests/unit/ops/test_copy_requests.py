"""Copies are asked for on the transfer bus, and a refusal is never passed over."""

import json
from typing import Any, cast

import pytest

from ops.copy_requests import CopyRequests, PartlyRefusedError
from ops.operation_events import RunningOperation
from shared.errors import CopytrailError
from shared.event_decoding import decode_request
from shared.events import CopyRequest, Trigger
from tests.fakes.bodies import envelope
from tests.fakes.outcomes import an_upload


class Bus:
    """EventBridge that refuses the requests of some keys."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.accepted: list[CopyRequest] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"Entries": [self._answer(entry) for entry in Entries]}

    def _answer(self, entry: dict[str, Any]) -> dict[str, str]:
        request = decode_request(envelope(entry["Source"], entry["DetailType"], json.loads(entry["Detail"])))
        if request.upload.key in self.refused:
            return {"ErrorCode": "InternalFailure", "ErrorMessage": "later"}
        self.accepted.append(request)
        return {"EventId": "1"}


def requests(*keys: str) -> list[CopyRequest]:
    return [
        CopyRequest(
            upload=an_upload(key=key),
            trigger=Trigger.BACKFILL,
            request_id="an operation",
            requested_by="eve",
            operation_id="an operation",
        )
        for key in keys
    ]


def publish(bus: Bus, *keys: str) -> None:
    running = RunningOperation("an operation", "eve")
    copies = CopyRequests(cast(Any, bus), "transfers", running, Trigger.BACKFILL, sleep=lambda _: None)
    copies.publish([an_upload(key=key) for key in keys])


def test_a_request_names_the_upload_the_operation_and_the_person_as_the_copier_reads_them() -> None:
    bus = Bus()
    publish(bus, "a", "b")

    assert bus.accepted == requests("a", "b")


def test_when_all_are_refused_the_refusal_is_raised() -> None:
    with pytest.raises(CopytrailError, match="InternalFailure: later"):
        publish(Bus("a"), "a")


def test_when_some_are_refused_it_is_said_how_many() -> None:
    bus = Bus("b")
    with pytest.raises(PartlyRefusedError, match="did not accept 1 of 2 requests: InternalFailure: later") as raised:
        publish(bus, "a", "b")

    assert raised.value.uploads == [an_upload(key="b")]

    assert bus.accepted == requests("a")
