"""A batch is worked through concurrently, published in groups, left in time, and answered for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any

import pytest

from shared.errors import CopytrailError, TransientError
from shared.lambda_runtime.batch import BatchProcessor, Failures
from shared.lambda_runtime.delivery_policy import OccupiedError, UntouchedError
from shared.lambda_runtime.message import DeadLetter, Message
from tests.fakes.sqs import FakeQueue, message


class Telemetry:
    """The `Telemetry` Protocol: remembers."""

    def __init__(self) -> None:
        self.retried: dict[Message, CopytrailError] = {}

    def dead_lettered(self, letter: DeadLetter) -> None:
        pass

    def will_retry(self, message: Message, error: CopytrailError, delay_s: float) -> None:
        self.retried[message] = error

    def retry_delay_refused(self, message: Message, error: CopytrailError) -> None:
        pass


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def run(
    worker: Any, executor: ThreadPoolExecutor, messages: Sequence[Message], seconds_left: Callable[[], float]
) -> Mapping[Message, CopytrailError]:
    """Process messages, none on its last receive; why each that comes again does."""
    telemetry = Telemetry()
    again = BatchProcessor(worker, FakeQueue(), executor, 5, telemetry).process(messages, seconds_left)
    assert again == list(telemetry.retried)
    return telemetry.retried


class EchoWorker:
    """Its result is the message; what `fails` names is refused while publishing."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.fails: set[str] = set()

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
        if message.body == "transient":
            raise TransientError("SlowDown", "later")
        return message

    def publish(self, group: Sequence[Message]) -> Failures:
        self.groups.append([each.id for each in group])
        return {each: TransientError("EventNotAccepted", "no") for each in group if each.id in self.fails}


def messages(count: int, body: str = "fine") -> list[Message]:
    return [message(body, message_id=f"m-{number}") for number in range(count)]


def test_all_done_means_no_failures_and_groups_of_ten_at_the_most(executor: ThreadPoolExecutor) -> None:
    worker = EchoWorker()

    assert run(worker, executor, messages(25), lambda: 900) == {}
    assert sorted(name for group in worker.groups for name in group) == sorted(m.id for m in messages(25))
    assert max(map(len, worker.groups)) <= 10


def test_what_failed_to_perform_or_to_publish_comes_back_by_message(executor: ThreadPoolExecutor) -> None:
    worker = EchoWorker()
    worker.fails = {"m-1"}
    batch = [*messages(2), message("transient", message_id="m-9")]

    failures = run(worker, executor, batch, lambda: 900)

    assert {failed.id: error.reason for failed, error in failures.items()} == {
        "m-1": "EventNotAccepted",
        "m-9": "SlowDown",
    }


def test_messages_are_performed_at_the_same_time(executor: ThreadPoolExecutor) -> None:
    together = Barrier(4, timeout=20)

    class Meeting(EchoWorker):
        def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
            together.wait()
            return message

    assert run(Meeting(), executor, messages(4), lambda: 900) == {}


def test_short_of_time_untouched_messages_are_handed_back(executor: ThreadPoolExecutor) -> None:
    worker = EchoWorker()

    failures = run(worker, executor, messages(3), lambda: 5)

    assert {failed.id for failed in failures} == {"m-0", "m-1", "m-2"}
    assert all(isinstance(error, UntouchedError) for error in failures.values())
    assert worker.groups == []


def test_when_time_runs_out_finished_work_is_publishd_and_the_rest_comes_again(executor: ThreadPoolExecutor) -> None:
    release = Event()

    class OneStuck(EchoWorker):
        def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
            if message.id == "m-0":
                release.wait(20)
            return message

    worker = OneStuck()
    failures = run(worker, executor, messages(2), lambda: 5 if worker.groups else 900)
    release.set()

    assert worker.groups == [["m-1"]]
    assert {failed.id: error.reason for failed, error in failures.items()} == {"m-0": "OutOfTime"}
    assert not any(isinstance(error, UntouchedError) for error in failures.values())


def test_a_slow_message_does_not_keep_the_others_outcomes_back(executor: ThreadPoolExecutor) -> None:
    told = Event()

    class WaitsForTheOthers(EchoWorker):
        def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
            if message.id == "m-0":
                assert told.wait(20)
            return message

        def publish(self, group: Sequence[Message]) -> Failures:
            told.set()
            return super().publish(group)

    worker = WaitsForTheOthers()

    assert run(worker, executor, messages(3), lambda: 900) == {}
    assert worker.groups[-1] == ["m-0"]


def test_a_publication_that_breaks_is_that_of_its_own_message_only(executor: ThreadPoolExecutor) -> None:
    class Breaks(EchoWorker):
        def publish(self, group: Sequence[Message]) -> Failures:
            if any(each.body == "breaks" for each in group):
                raise UnicodeError("not to be written")
            return super().publish(group)

    worker = Breaks()
    worker.fails = {"m-1"}
    failures = run(worker, executor, [*messages(5), message("breaks", message_id="b")], lambda: 900)

    assert {failed.id: error.reason for failed, error in failures.items()} == {
        "b": "UnexpectedError",
        "m-1": "EventNotAccepted",
    }
    assert sorted(name for group in worker.groups for name in group) == [f"m-{number}" for number in range(5)]


def test_two_deliveries_of_one_message_are_two_messages(executor: ThreadPoolExecutor) -> None:
    twice = [message("transient"), message("fine")]

    failures = run(EchoWorker(), executor, twice, lambda: 900)

    assert list(failures) == twice[:1]


class PickyWorker:
    """Takes what says `good`."""

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
        if message.body == "bug":
            raise KeyError("a bug")
        if message.body != "good":
            raise TransientError("SlowDown", "later")
        return message

    def publish(self, group: Sequence[Message]) -> Failures:
        assert all(message.sent_at and message.sent_at.year == 2026 for message in group)
        return {}


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
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: round(seconds_left * 1000))
    with ThreadPoolExecutor(2) as executor:
        return BatchProcessor(worker or PickyWorker(), queue, executor, 5, Telemetry()).respond(event, context)


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


def test_a_message_whose_delay_could_not_be_set_still_comes_again() -> None:
    queue = FakeQueue()
    queue.down = True

    assert answer(batch("bad"), queue) == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


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
