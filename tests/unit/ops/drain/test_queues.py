"""A queue counts as empty when it has been so for a while: SQS's counts lag."""

from typing import Any
from unittest.mock import Mock

import pytest

from ops.drain.queues import check_empty, wait_until_empty
from ops.errors import CommandError


class Queue:
    """A queue that holds so many messages (waiting, in flight, delayed) each second; time passes as one waits."""

    def __init__(self, *held: tuple[int, int, int]) -> None:
        self._held = held
        self.now = 0.0
        self.asked = 0

    def get_queue_attributes(self, **_: object) -> dict[str, Any]:
        self.asked += 1
        waiting, in_flight, delayed = self._held[min(int(self.now), len(self._held) - 1)]
        counts = {"": waiting, "NotVisible": in_flight, "Delayed": delayed}
        return {
            "Attributes": {f"ApproximateNumberOfMessages{name}": str(number) for name, number in counts.items()},
            "ResponseMetadata": {"HTTPHeaders": {}},
        }

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def waited(queue: Queue, *, empty_for_s: float = 2, give_up_after_s: float = 100) -> float:
    """How long it took."""
    wait_until_empty(
        Mock(spec_set=["get_queue_attributes"], get_queue_attributes=queue.get_queue_attributes),
        "url",
        "queue",
        empty_for_s=empty_for_s,
        give_up_after_s=give_up_after_s,
        clock=lambda: queue.now,
        sleep=queue.sleep,
    )
    return queue.now


@pytest.mark.parametrize("held", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_what_waits_what_is_worked_on_and_what_is_delayed_keeps_a_queue_from_being_empty(
    held: tuple[int, int, int],
) -> None:
    assert waited(Queue(held, held, held, (0, 0, 0))) == 3 + 2


def test_a_zero_that_does_not_last_proves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert waited(Queue((0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 0, 0))) == 3 + 2
    empty = "queue: 0 messages; watched until it has been so for 2.0 s"
    assert capsys.readouterr().err.splitlines() == [empty, "queue: 1 message", empty]


def test_a_long_wait_asks_every_five_seconds_and_goes_on_for_as_long_as_is_asked() -> None:
    queue = Queue((0, 0, 0))
    assert waited(queue, empty_for_s=60) == 60
    assert queue.asked == 60 / 5 + 1


def test_a_queue_that_never_becomes_empty_is_given_up() -> None:
    with pytest.raises(CommandError, match=r"the queue is not empty after 10 s, it has 3 messages"):
        waited(Queue((1, 1, 1)), give_up_after_s=10)


def test_what_came_into_a_queue_that_nobody_takes_from_any_more_is_not_left_behind() -> None:
    for held in ((2, 0, 0), (0, 2, 0)):
        sqs = Mock(get_queue_attributes=Queue(held).get_queue_attributes)
        with pytest.raises(CommandError, match="2 messages came into the copy queue meanwhile: run the same command"):
            check_empty(sqs, "url", "copy queue")
    check_empty(Mock(get_queue_attributes=Queue((0, 0, 0)).get_queue_attributes), "url", "copy queue")
