"""A batch is worked through concurrently, concluded in groups, and left in time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from shared.errors import TransientError
from shared.lambda_runtime.batch import Batch, Failures, UntouchedError
from shared.lambda_runtime.delivery_policy import Message
from tests.fakes.sqs import message


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


class EchoWorker:
    """Its result is the message; what `fails` names is refused while concluding."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.fails: set[str] = set()

    def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
        if message.body == "transient":
            raise TransientError("SlowDown", "later")
        return message

    def conclude(self, group: Sequence[Message]) -> Failures:
        self.groups.append([each.id for each in group])
        return {each: TransientError("EventNotAccepted", "no") for each in group if each.id in self.fails}


def messages(count: int, body: str = "fine") -> list[Message]:
    return [message(body, message_id=f"m-{number}") for number in range(count)]


def test_all_done_means_no_failures_and_groups_of_ten_at_the_most(executor: ThreadPoolExecutor) -> None:
    worker = EchoWorker()

    assert Batch(worker, executor, seconds_left=lambda: 900).run(messages(25)) == {}
    assert sorted(name for group in worker.groups for name in group) == sorted(m.id for m in messages(25))
    assert max(map(len, worker.groups)) <= 10


def test_what_failed_to_perform_or_to_conclude_comes_back_by_message(executor: ThreadPoolExecutor) -> None:
    worker = EchoWorker()
    worker.fails = {"m-1"}
    batch = [*messages(2), message("transient", message_id="m-9")]

    failures = Batch(worker, executor, seconds_left=lambda: 900).run(batch)

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

    assert Batch(Meeting(), executor, seconds_left=lambda: 900).run(messages(4)) == {}


def test_short_of_time_untouched_messages_are_handed_back(executor: ThreadPoolExecutor) -> None:
    worker = EchoWorker()

    failures = Batch(worker, executor, seconds_left=lambda: 5).run(messages(3))

    assert {failed.id for failed in failures} == {"m-0", "m-1", "m-2"}
    assert all(isinstance(error, UntouchedError) for error in failures.values())
    assert worker.groups == []


def test_when_time_runs_out_finished_work_is_concluded_and_the_rest_comes_again(executor: ThreadPoolExecutor) -> None:
    release = Event()

    class OneStuck(EchoWorker):
        def perform(self, message: Message, seconds_left: Callable[[], float]) -> Message:
            if message.id == "m-0":
                release.wait(20)
            return message

    worker = OneStuck()
    failures = Batch(worker, executor, seconds_left=lambda: 5 if worker.groups else 900).run(messages(2))
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

        def conclude(self, group: Sequence[Message]) -> Failures:
            told.set()
            return super().conclude(group)

    worker = WaitsForTheOthers()

    assert Batch(worker, executor, seconds_left=lambda: 900).run(messages(3)) == {}
    assert worker.groups[-1] == ["m-0"]


def test_a_conclusion_that_breaks_is_that_of_its_own_message_only(executor: ThreadPoolExecutor) -> None:
    class Breaks(EchoWorker):
        def conclude(self, group: Sequence[Message]) -> Failures:
            if any(each.body == "breaks" for each in group):
                raise UnicodeError("not to be written")
            return super().conclude(group)

    worker = Breaks()
    worker.fails = {"m-1"}
    failures = Batch(worker, executor, seconds_left=lambda: 900).run([*messages(5), message("breaks", message_id="b")])

    assert {failed.id: error.reason for failed, error in failures.items()} == {
        "b": "UnexpectedError",
        "m-1": "EventNotAccepted",
    }
    assert sorted(name for group in worker.groups for name in group) == [f"m-{number}" for number in range(5)]


def test_two_deliveries_of_one_message_are_two_messages(executor: ThreadPoolExecutor) -> None:
    twice = [message("transient"), message("fine")]

    failures = Batch(EchoWorker(), executor, seconds_left=lambda: 900).run(twice)

    assert list(failures) == twice[:1]
