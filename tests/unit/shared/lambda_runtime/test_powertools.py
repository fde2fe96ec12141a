"""What Lambda hears after a batch."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.errors import TransientError
from shared.lambda_runtime.batch import Consumer, Failures
from shared.lambda_runtime.delivery_policy import REPLAY_OPERATION, REPLAYED_BY, Message, OccupiedError, Past
from shared.lambda_runtime.powertools import LambdaContext, metrics, respond
from tests.fakes.sqs import FakeQueue

FIRST_SEEN = datetime(2026, 11, 23, 1, 2, 3, 4000, tzinfo=UTC)


class PickyWorker:
    """Takes what says `good`."""

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
        if message.body == "bug":
            raise KeyError("a bug")
        if message.body != "good":
            raise TransientError("SlowDown", "later")
        return message

    def conclude(self, group: Sequence[Message]) -> Failures:
        assert all(message.sent_at and message.sent_at.year == 2026 for message in group)
        return {}


@pytest.fixture(autouse=True)
def _no_metrics_left() -> Iterator[None]:
    yield
    metrics.clear_metrics()


def batch(*bodies: str, receive_count: int = 2) -> dict[str, Any]:
    """An SQS event as Lambda gives it: "Using Lambda with Amazon SQS", Lambda developer guide."""
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": f"receipt of m-{number}",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": str(receive_count),
                    "SentTimestamp": "1795428000000",
                    "SenderId": "AIDA",
                    "ApproximateFirstReceiveTimestamp": "1795428000001",
                },
                "messageAttributes": {},
                "md5OfBody": "x",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:copies",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def answer(
    event: dict[str, Any], queue: FakeQueue, *, seconds_left: float = 900, worker: PickyWorker | None = None
) -> Any:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds_left * 1000)
    with ThreadPoolExecutor(2) as executor:
        consumer = Consumer(worker or PickyWorker(), queue, executor, max_receive_count=5)
        return respond(event, cast(LambdaContext, context), consumer)


def test_an_empty_failure_list_means_all_done() -> None:
    assert answer(batch("good", "good"), FakeQueue()) == {"batchItemFailures": []}


def test_only_the_failed_message_is_named_and_its_delay_is_set() -> None:
    queue = FakeQueue()

    assert answer(batch("good", "bad"), queue) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert list(queue.delays) == ["m-1"]
    assert 2 <= queue.delays["m-1"] <= 8


def test_a_batch_that_failed_whole_is_answered_not_raised() -> None:
    assert answer(batch("bad", "bad"), FakeQueue()) == {
        "batchItemFailures": [{"itemIdentifier": "m-0"}, {"itemIdentifier": "m-1"}]
    }


def test_a_message_whose_place_is_occupied_outlives_the_one_who_occupies_it() -> None:
    class Waiting(PickyWorker):
        def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
            raise OccupiedError("Contended", "another copier is at it")

    queue = FakeQueue()
    waited = 0.0
    for receive_count in range(1, 5):
        answer(batch("good", receive_count=receive_count), queue, worker=Waiting())
        waited += queue.delays["m-0"]

    assert waited >= 900 + 60


def test_untouched_messages_are_handed_back_at_once() -> None:
    queue = FakeQueue()

    assert len(answer(batch("good"), queue, seconds_left=1)["batchItemFailures"]) == 1
    assert queue.delays == {"m-0": 0.0}


def test_a_delay_that_could_not_be_set_is_logged_and_the_message_still_comes_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue = FakeQueue()
    queue.down = True

    assert answer(batch("bad"), queue) == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    assert [record.message for record in caplog.records] == ["delivery failed", "retry delay not set"]


def test_a_bug_in_one_messages_work_is_not_its_neighbours() -> None:
    assert answer(batch("good", "bug", "good"), FakeQueue()) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


def test_what_still_fails_on_the_last_receive_is_a_letter_with_its_reason() -> None:
    queue = FakeQueue()

    assert answer(batch("good", "bad", receive_count=5), queue) == {"batchItemFailures": []}
    assert [(letter.message.id, letter.error.reason) for letter in queue.letters] == [("m-1", "SlowDown")]


def test_a_last_letter_that_is_not_accepted_leaves_the_message_to_sqs() -> None:
    queue = FakeQueue()
    queue.down = True

    assert answer(batch("bad", receive_count=5), queue) == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


@pytest.mark.parametrize(
    ("attributes", "past"),
    [
        ({"Attempts": "5"}, Past(attempts=5)),
        ({"Attempts": "5", "FirstSeen": "2026-11-23T01:02:03.004Z"}, Past(attempts=5, first_seen=FIRST_SEEN)),
        ({"Attempts": "5", "FirstSeen": "long ago"}, Past(attempts=5)),
        ({REPLAYED_BY: "arn:aws:iam::1:user/eve"}, Past(replayed_by="arn:aws:iam::1:user/eve")),
        (
            {REPLAYED_BY: "arn:me", REPLAY_OPERATION: "o-1"},
            Past(replayed_by="arn:me", replay_operation="o-1"),
        ),
        ({"Attempts": "many", REPLAYED_BY: "somebody"}, Past(replayed_by="somebody")),
        ({"Attempts": "9" * 5000}, Past()),
        ({"Attempts": "5", "FirstSeen": "0001-01-01T00:00:00+14:00"}, Past(attempts=5)),
        ({"FirstSeen": "2026-11-23T01:02:03.004Z"}, None),
    ],
)
def test_a_message_that_was_a_dead_letter_before_is_known_by_its_attributes(
    attributes: dict[str, str], past: Past | None
) -> None:
    event = batch("good")
    event["Records"][0]["messageAttributes"] = {
        name: {"stringValue": text, "dataType": "String"} for name, text in attributes.items()
    }
    seen: list[Message] = []

    class Watching(PickyWorker):
        def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
            seen.append(message)
            return message

    answer(event, FakeQueue(), worker=Watching())

    assert [message.past for message in seen] == [past]
