"""No message, whatever it holds, fails, delays or hides its neighbours: in both functions, through their handlers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.auditor import handler as auditor_handler
from services.auditor import wiring as auditor_wiring
from services.auditor.telemetry import CloudWatchTelemetry as AuditorTelemetry
from services.auditor.worker import AuditWorker
from services.copier import handler as copier_handler
from services.copier import wiring as copier_wiring
from services.copier.telemetry import CloudWatchTelemetry as CopierTelemetry
from shared.lambda_runtime.batch import BatchProcessor
from shared.lambda_runtime.powertools import metrics
from shared.lambda_runtime.sqs_queue import SqsQueue
from shared.log_id import log_id
from shared.routes import Route
from shared.transfer_bus import TransferBus
from tests.fakes.bodies import object_created
from tests.fakes.clock import FakeClock
from tests.fakes.copying import InTurn, a_copy_worker
from tests.fakes.hostile import LARGEST_BODY, records
from tests.fakes.ledger import FakeLedger
from tests.fakes.outcomes import an_upload, body, copied
from tests.fakes.s3 import FakeS3
from tests.fakes.sqs_client import DLQ, FakeSqs, refusal

# Some bodies are as large as SQS takes.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/copies"


class Context:
    """What Lambda hands a function beside the event."""

    function_name = "function"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "7"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class StrictEvents:
    """PutEvents, with EventBridge's limit on a whole call."""

    def __init__(self) -> None:
        self.details: list[Mapping[str, Any]] = []

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        assert len(Entries) <= 10
        size = sum(14 + len((entry["Source"] + entry["DetailType"] + entry["Detail"]).encode()) for entry in Entries)
        if size > 256 * 1024:
            raise refusal("ValidationException", "Total size of the entries in the request is over the limit.")
        self.details += [json.loads(entry["Detail"]) for entry in Entries]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}


@dataclass
class Function:
    """One function with fakes behind its wiring. `done()`: how many messages ended well."""

    handler: Callable[[Any, Any], Any]
    good: Callable[[int], tuple[str, str]]
    done: Callable[[], list[str]]
    sqs: FakeSqs = field(default_factory=FakeSqs)
    clock: FakeClock = field(default_factory=FakeClock)

    def letters(self) -> list[Mapping[str, Any]]:
        return [letter.attributes for letter in self.sqs.queues.get(DLQ, {}).values()]


def a_copier(monkeypatch: pytest.MonkeyPatch) -> Function:
    clock, sqs, events = FakeClock(), FakeSqs(), StrictEvents()
    s3 = FakeS3(clock)
    queue = SqsQueue(cast(Any, sqs), queue_url=QUEUE, dead_letter_url=DLQ)
    telemetry = CopierTelemetry()
    worker = a_copy_worker(
        s3,
        clock,
        routes=[Route(source_bucket="in", destination_bucket="out")],
        bus=TransferBus(cast(Any, events), name="bus", sleep=clock.sleep),
        queue=queue,
        telemetry=telemetry,
    )
    processor = BatchProcessor(worker, queue, InTurn(), 5, telemetry)
    monkeypatch.setattr(copier_wiring, "build", lambda: processor)

    def good(number: int) -> tuple[str, str]:
        return f"good-{number}", object_created(s3.upload("in", f"good-{number}", b"A"))

    def done() -> list[str]:
        return [detail["upload"]["key"] for detail in events.details if detail["outcome"] != "Failed"]

    return Function(copier_handler.handler, good, done, sqs, clock)


def an_auditor(monkeypatch: pytest.MonkeyPatch) -> Function:
    clock, sqs, ledger = FakeClock(), FakeSqs(), FakeLedger()
    queue = SqsQueue(cast(Any, sqs), queue_url=QUEUE, dead_letter_url=DLQ)
    log_ids: list[str] = []

    class Telemetry(AuditorTelemetry):
        def recorded(self, recorded: Any) -> None:
            super().recorded(recorded)
            log_ids.append(recorded.record.log_id)
            recorded.record.to_item()

    telemetry = Telemetry()
    worker = AuditWorker(ledger=ledger, queue=queue, telemetry=telemetry, clock=clock, max_receive_count=5)
    processor = BatchProcessor(worker, queue, InTurn(), 5, telemetry)
    monkeypatch.setattr(auditor_wiring, "build", lambda: processor)

    def good(number: int) -> tuple[str, str]:
        id_ = log_id(bucket="in", key=f"good-{number}", version_id=None, etag="0a1b", sequencer=None)
        return id_, body(copied(an_upload(key=f"good-{number}"), log_id=id_))

    return Function(auditor_handler.handler, good, lambda: log_ids, sqs, clock)


BOTH = pytest.mark.parametrize("a_function", [a_copier, an_auditor])


def good_record(number: int, text: str, **changes: Any) -> dict[str, Any]:
    record = {
        "messageId": f"good-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": text,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795428000000"},
        "messageAttributes": {},
    }
    return record | changes


def deliver(function: Function, given_records: list[Any]) -> list[str]:
    """Deliver a batch; the ids of what comes again."""
    try:
        answer = function.handler({"Records": given_records}, Context())
    finally:
        metrics.clear_metrics()
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@BOTH
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile=st.lists(records(), min_size=1, max_size=8), place=st.integers(0, 8))
def test_good_messages_are_done_and_each_bad_one_is_an_explained_letter(
    a_function: Callable[[pytest.MonkeyPatch], Function],
    monkeypatch: pytest.MonkeyPatch,
    hostile: list[Any],
    place: int,
) -> None:
    function = a_function(monkeypatch)
    good = [function.good(number) for number in range(2)]
    batch = list(hostile)
    for number, (_, text) in enumerate(good):
        batch.insert(min(place, len(batch)), good_record(number, text))

    again = deliver(function, batch)

    assert again == []
    assert {name for name, _ in good} <= set(function.done())
    assert all(letter["Reason"]["StringValue"] and letter["Message"]["StringValue"] for letter in function.letters())
    assert len(function.done()) + len(function.letters()) == len(batch)


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"messageAttributes": {"_datadog": {"dataType": "Binary", "binaryValue": "AP8="}}},
        {"messageAttributes": {"Attempts": {"dataType": "Binary", "binaryValue": "AP8="}}},
        {"messageAttributes": {"Attempts": {"dataType": "Number", "stringValue": "9" * 5000}}},
        {"messageAttributes": None},
        {"attributes": {"ApproximateReceiveCount": "9" * 5000, "SentTimestamp": "9" * 5000}},
        {"attributes": {"ApproximateReceiveCount": [], "SentTimestamp": 1e999}},
        {"attributes": "none"},
        {"receiptHandle": None},
    ],
    ids=lambda changes: json.dumps(changes)[:60],
)
def test_what_only_comes_with_a_good_body_never_keeps_it_from_being_done(
    a_function: Callable[[pytest.MonkeyPatch], Function], monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    function = a_function(monkeypatch)
    name, text = function.good(1)

    assert deliver(function, [good_record(1, text, **changes)]) == []
    assert function.done() == [name]
    assert function.letters() == []


@BOTH
@pytest.mark.parametrize("text", [None, "", 7, {"detail": {}}, ["x"]])
def test_a_record_without_a_text_for_a_body_becomes_a_letter_that_holds_the_record(
    a_function: Callable[[pytest.MonkeyPatch], Function], monkeypatch: pytest.MonkeyPatch, text: Any
) -> None:
    function = a_function(monkeypatch)
    record = good_record(1, text)

    assert deliver(function, [record]) == []
    [letter] = function.sqs.queues[DLQ].values()
    assert json.loads(letter.body) == record
    assert letter.attributes["Reason"]["StringValue"] == "MalformedEvent"


@BOTH
def test_a_body_that_sqs_would_not_take_is_the_failure_of_its_own_message(
    a_function: Callable[[pytest.MonkeyPatch], Function], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = a_function(monkeypatch)
    name, text = function.good(1)

    again = deliver(
        function, [good_record(0, "x" * 1024 * 1024), good_record(1, text), good_record(2, "x" * LARGEST_BODY)]
    )

    assert again == ["good-0"]
    assert function.done() == [name]
    assert len(function.letters()) == 1


@BOTH
def test_a_message_without_an_id_is_a_letter_at_once_as_lambda_could_not_bring_it_again_alone(
    a_function: Callable[[pytest.MonkeyPatch], Function], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = a_function(monkeypatch)
    (name, text), (other, other_text) = function.good(1), function.good(2)

    assert deliver(function, [good_record(0, "bad", messageId=None), good_record(1, text, messageId=[])]) == []
    assert deliver(function, [good_record(2, other_text)]) == []
    assert function.done() == [name, other]
    assert len(function.letters()) == 1


@BOTH
def test_two_records_of_one_id_are_two_messages(
    a_function: Callable[[pytest.MonkeyPatch], Function], monkeypatch: pytest.MonkeyPatch
) -> None:
    function = a_function(monkeypatch)
    name, text = function.good(1)

    assert deliver(function, [good_record(1, text), good_record(1, "bad"), good_record(1, text)]) == []
    assert set(function.done()) == {name}
    assert len(function.letters()) == 1
