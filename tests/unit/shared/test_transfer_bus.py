"""PutEvents answers 200 even when entries failed; each one counts."""

import json
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import ANY, Stubber
from msgspec import structs

from shared.errors import Reason
from shared.events import Completion, Destination, Event, Outcome, Upload
from shared.transfer_bus import TransferBus
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

CLOCK = FakeClock()


def completion(key: str) -> Completion:
    return Completion(
        log_id=f"id of {key}",
        outcome=Outcome.COPIED,
        upload=Upload(bucket="in", key=key, etag="e", size=1, uploaded_at=CLOCK.now),
        destination=Destination(bucket="out", key=key, etag="e"),
        attempt=1,
        started_at=CLOCK.now,
        finished_at=CLOCK.now,
    )


def event(key: str) -> Event:
    return completion(key).event


@pytest.fixture
def bus() -> Any:
    client = boto3.client("events", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def publisher(bus: Stubber) -> TransferBus:
    client = cast("EventBridgeClient", bus.client)
    return TransferBus(client, name="transfers", sleep=CLOCK.sleep)


def answer(*codes: str | None) -> dict[str, Any]:
    return {
        "FailedEntryCount": sum(code is not None for code in codes),
        "Entries": [{"EventId": "1"} if code is None else {"ErrorCode": code, "ErrorMessage": "no"} for code in codes],
    }


def entries(*keys: str) -> dict[str, Any]:
    return {
        "Entries": [
            {
                "EventBusName": "transfers",
                "Source": "copytrail",
                "DetailType": "Object Copied",
                "Detail": ANY,
                "Time": CLOCK.now,
            }
            for _ in keys
        ]
    }


def test_all_accepted_is_one_call(bus: Stubber) -> None:
    bus.add_response("put_events", answer(None, None), entries("a", "b"))

    assert publisher(bus).publish([event("a"), event("b")]) == [None, None]


def test_only_the_entries_that_failed_are_sent_again(bus: Stubber) -> None:
    bus.add_response("put_events", answer(None, "InternalFailure", "ThrottlingException"), entries("a", "b", "c"))
    bus.add_response("put_events", answer(None, "ThrottlingException"), entries("b", "c"))
    bus.add_response("put_events", answer(None), entries("c"))

    assert publisher(bus).publish([event("a"), event("b"), event("c")]) == [
        None,
        None,
        None,
    ]


def test_an_entry_that_keeps_failing_is_told_in_its_place(bus: Stubber) -> None:
    bus.add_response("put_events", answer("InternalFailure", None))
    bus.add_response("put_events", answer("InternalFailure"))
    bus.add_response("put_events", answer("InternalFailure"))

    refused, accepted = publisher(bus).publish([event("a"), event("b")])

    assert accepted is None
    assert refused is not None
    assert (refused.reason, refused.message) == (Reason.EVENT_NOT_ACCEPTED, "InternalFailure: no")


def test_a_call_that_fails_fails_every_entry(bus: Stubber) -> None:
    for _ in range(3):
        bus.add_client_error("put_events", "AccessDeniedException", "not authorized", 400)

    verdicts = publisher(bus).publish([event("a"), event("b")])

    assert [verdict.reason for verdict in verdicts if verdict] == ["AccessDenied", "AccessDenied"]


def test_a_call_that_one_event_makes_wrong_is_made_again_event_by_event(bus: Stubber) -> None:
    bus.add_client_error("put_events", "ValidationException", "one of these is wrong", 400)
    bus.add_response("put_events", answer(None), entries("a"))
    bus.add_client_error("put_events", "ValidationException", "this one is wrong", 400)
    bus.add_response("put_events", answer(None), entries("c"))
    for _ in range(2):
        bus.add_client_error("put_events", "ValidationException", "this one is wrong", 400)

    fine, wrong, also_fine = publisher(bus).publish([event("a"), event("b"), event("c")])

    assert (fine, also_fine) == (None, None)
    assert wrong is not None
    assert wrong.reason == "ValidationException"


def test_events_that_are_too_large_for_one_call_together_go_in_several(bus: Stubber) -> None:
    large = structs.replace(completion("a"), message="m" * 100_000)
    bus.add_response("put_events", answer(None, None), entries("a", "a"))
    bus.add_response("put_events", answer(None), entries("a"))

    assert publisher(bus).publish([large.event] * 3) == [None, None, None]


def test_the_detail_is_the_event_as_the_auditor_reads_it(bus: Stubber) -> None:
    sent: list[Any] = []
    bus.client.meta.events.register("provide-client-params.*.PutEvents", lambda params, **_: sent.append(params))
    bus.add_response("put_events", answer(None))

    publisher(bus).publish([completion("a b").event])

    assert json.loads(sent[0]["Entries"][0]["Detail"])["upload"]["key"] == "a b"
