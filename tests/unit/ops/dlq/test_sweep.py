"""A sweep: each letter once, and the queue afterwards as it was."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from ops.dlq.letter import Letter
from ops.dlq.queue import DeadLetterQueue
from ops.dlq.sweep import THREADS, Unseen, sweep
from ops.errors import IncompleteError, UsageError
from shared.errors import CopytrailError
from tests.fakes.sqs_client import DLQ, FakeSqs, refusal


@pytest.fixture
def sqs() -> Any:
    return FakeSqs()


def swept(sqs: Any, **settings: Any) -> list[Letter]:
    with sweep(DeadLetterQueue(sqs, DLQ), **settings) as begun:
        return [letter for letters in begun for letter in letters]


def let_them_come_twice(sqs: Any) -> None:
    """Let so much time pass between the first receive and the second that SQS gives out the letters again."""
    receives = count(1)
    sqs.before_receive = lambda: sqs.clock.sleep(3600) if next(receives) == 2 else None


def test_every_letter_is_seen_once_and_all_are_visible_again(sqs: Any) -> None:
    put = {sqs.put(f"body {number}", {"Reason": "x"}) for number in range(1234)}

    letters = swept(sqs)

    assert len(letters) == 1234
    assert {letter.id for letter in letters} == put == sqs.visible()
    assert {letter.body for letter in letters} == {f"body {number}" for number in range(1234)}


def test_while_it_lasts_nobody_else_sees_the_letters(sqs: Any) -> None:
    sqs.put("body")
    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        assert [len(letters) for letters in begun] == [1]
        assert sqs.visible() == set()


def test_an_empty_queue_gives_nothing(sqs: Any) -> None:
    assert swept(sqs) == []


def test_a_letter_that_comes_twice_is_seen_once_and_given_back_by_its_newest_handle(sqs: Any) -> None:
    put = {sqs.put(f"body {number}") for number in range(9)}
    let_them_come_twice(sqs)

    letters = swept(sqs)

    assert Counter(letter.id for letter in letters) == Counter(put)
    assert sqs.visible() == put
    assert {message.received for message in sqs.queues[DLQ].values()} == {2}


def test_a_letter_that_came_twice_is_deleted_by_its_newest_handle(sqs: Any) -> None:
    for number in range(9):
        sqs.put(f"body {number}")
    let_them_come_twice(sqs)

    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        letters = [letter for some in begun for letter in some]
        assert begun.delete(letters) == []

    assert sqs.queues[DLQ] == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, GeneratorExit])
def test_whatever_ends_it_all_letters_are_visible_again(sqs: Any, error: type[BaseException]) -> None:
    put = {sqs.put(f"body {number}") for number in range(500)}

    def stop() -> None:
        with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
            # The error's traceback keeps this alive beyond the block.
            seen = (letter for letters in begun for letter in letters)
            next(seen)
            raise error

    with pytest.raises(error) as raised:
        stop()
    assert sqs.visible() == put
    assert [thread.name for thread in threading.enumerate() if thread.name == "receive"] == []
    assert raised.traceback


def test_one_may_stop_at_any_letter(sqs: Any) -> None:
    put = {sqs.put(f"body {number}") for number in range(500)}
    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        for _ in begun:
            break
    assert sqs.visible() == put


def test_only_what_was_not_deleted_is_given_back(sqs: Any) -> None:
    for number in range(25):
        sqs.put(f"body {number}", message_id=f"m-{number}")

    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        letters = [letter for some in begun for letter in some]
        assert begun.delete(letters[:10]) + begun.delete(letters[10:15]) == []

    assert sqs.visible() == {letter.id for letter in letters[15:]}


def test_what_is_not_deleted_is_told_with_why_and_given_back(sqs: Any) -> None:
    put = [sqs.put(f"body {number}") for number in range(9)]
    sqs.entry_fails = lambda operation, entry: (
        "InvalidIdFormat" if operation == "DeleteMessage" and put[3] in entry["ReceiptHandle"] else ""
    )

    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        kept = begun.delete([letter for some in begun for letter in some])

    assert [(letter.id, why) for letter, why in kept] == [(put[3], "InvalidIdFormat: no")]
    assert sqs.visible() == {put[3]}


def test_a_delete_that_fails_as_a_whole_is_an_error_and_nothing_is_deleted(sqs: Any) -> None:
    put = {sqs.put(f"body {number}") for number in range(9)}
    sqs.refuses["DeleteMessage"] = deque([refusal("AccessDenied")])

    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        letters = [letter for some in begun for letter in some]
        with pytest.raises(CopytrailError, match="sqs:DeleteMessage"):
            begun.delete(letters)

    assert sqs.visible() == put


def test_letters_that_come_in_all_the_time_do_not_keep_it_going(sqs: Any) -> None:
    old = {sqs.put(f"old {number}") for number in range(30)}
    sqs.before_receive = lambda: sqs.put("new", sent_at=sqs.clock() + timedelta(minutes=1))

    letters = swept(sqs)

    assert old <= {letter.id for letter in letters}
    assert len(sqs.visible()) == len(sqs.queues[DLQ])


def test_an_empty_answer_is_not_taken_for_an_empty_queue_while_sqs_says_that_there_is_more(sqs: Any) -> None:
    put = {sqs.put(f"body {number}") for number in range(5)}
    receive = sqs.receive_message
    empty: deque[Mapping[str, Any]] = deque([{}, {}])
    sqs.receive_message = lambda **asked: empty.popleft() if empty else receive(**asked)

    assert {letter.id for letter in swept(sqs)} == put


def test_a_count_that_is_too_high_does_not_keep_it_waiting_and_that_fewer_came_is_known(sqs: Any) -> None:
    put = sqs.put("body")
    sqs.attributes["ApproximateNumberOfMessages"] = "9"

    letters, unseen = swept_with_unseen(sqs)

    assert [letter.id for letter in letters] == [put]
    assert unseen == Unseen(waiting=8)
    assert sqs.calls.count("ReceiveMessage") == 4


@pytest.mark.parametrize("count", [0, 3])
def test_a_count_that_is_too_low_hides_nothing(sqs: Any, count: int) -> None:
    put = {sqs.put(f"body {number}") for number in range(250)}
    sqs.attributes["ApproximateNumberOfMessages"] = str(count)

    letters, unseen = swept_with_unseen(sqs)

    assert {letter.id for letter in letters} == put
    assert unseen == Unseen()


def swept_with_unseen(sqs: Any, **settings: Any) -> tuple[list[Letter], Unseen]:
    """The letters of a sweep, and what it could not see."""
    with sweep(DeadLetterQueue(sqs, DLQ), **settings) as begun:
        letters = [letter for some in begun for letter in some]
    return letters, begun.unseen


def receive_and_die(sqs: Any, count: int) -> None:
    """Receive up to 10 letters, as somebody who is then killed."""
    sqs.receive_message(
        QueueUrl=DLQ,
        MaxNumberOfMessages=count,
        WaitTimeSeconds=1,
        VisibilityTimeout=30,
        MessageAttributeNames=[],
        MessageSystemAttributeNames=[],
    )


def test_what_somebody_else_has_received_is_not_seen_and_counted(sqs: Any) -> None:
    for number in range(25):
        sqs.put(f"body {number}")
    receive_and_die(sqs, 7)

    letters, unseen = swept_with_unseen(sqs)

    assert (len(letters), unseen) == (18, Unseen(in_flight=7))
    with pytest.raises(IncompleteError, match="7 letters cannot be seen at present: somebody lists them") as raised:
        unseen.check()
    assert raised.value.exit_code == 4


def test_what_was_given_back_meanwhile_is_seen(sqs: Any) -> None:
    put = {sqs.put(f"body {number}") for number in range(5)}
    receive_and_die(sqs, 5)
    let_them_come_twice(sqs)
    sqs.before_receive = lambda: sqs.clock.sleep(31) if "ReceiveMessage" not in sqs.calls[2:] else None

    letters, unseen = swept_with_unseen(sqs)

    assert ({letter.id for letter in letters}, unseen) == (put, Unseen())


def test_letters_that_a_redrive_brings_do_not_stand_for_those_that_somebody_has_received(sqs: Any) -> None:
    for number in range(20):
        sqs.put(f"body {number}")
    receive_and_die(sqs, 5)
    redriven = deque(range(5))
    # A redrive keeps the moment at which a letter was first sent.
    sqs.before_receive = lambda: sqs.put("redriven") if redriven and redriven.popleft() >= 0 else None

    letters, unseen = swept_with_unseen(sqs)

    assert (len(letters), unseen) == (20, Unseen(in_flight=5))


def test_a_sweep_ends_although_a_redrive_brings_letters_all_the_time(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.dlq.sweep._SHORTEST_INVISIBLE_S", 10_000)
    old = {sqs.put(f"old {number}") for number in range(300)}

    def redrive() -> None:
        sqs.clock.sleep(1)
        for _ in range(20):
            sqs.put("redriven", sent_at=sqs.clock() - timedelta(days=1))

    sqs.before_receive = redrive

    letters, unseen = swept_with_unseen(sqs, clock=lambda: sqs.clock().timestamp())

    assert old <= {letter.id for letter in letters}
    assert len(letters) < 3_000
    assert unseen.waiting > 0


def test_what_is_on_its_way_while_sqs_is_asked_for_its_count_does_not_end_a_long_sweep_early(sqs: Any) -> None:
    put = {sqs.put(f"body {number}") for number in range(300)}
    on_its_way, counted = threading.Event(), threading.Event()
    receive, count_all = sqs.receive_message, sqs.get_queue_attributes

    def receive_slowly(**asked: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = receive(**asked)
        if not on_its_way.is_set():
            on_its_way.set()
            counted.wait(10)
        return answer

    def count_then(**asked: Any) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = count_all(**asked)
        if on_its_way.is_set():
            counted.set()
        return answer

    sqs.receive_message, sqs.get_queue_attributes = receive_slowly, count_then

    letters, unseen = swept_with_unseen(sqs, clock=lambda: 100.0 if on_its_way.is_set() else 0.0)

    assert ({letter.id for letter in letters}, unseen) == (put, Unseen())


def test_where_others_have_received_the_rest_a_long_poll_is_empty_and_that_is_known(sqs: Any) -> None:
    for number in range(50):
        sqs.put(f"body {number}")
    receive = sqs.receive_message
    most = deque(range(2))
    sqs.receive_message = lambda **asked: receive(**asked) if most and most.popleft() >= 0 else {}

    letters, unseen = swept_with_unseen(sqs)

    assert (len(letters), unseen) == (20, Unseen(waiting=30))


@pytest.mark.parametrize("code", ["OverLimit", "AWS.SimpleQueueService.OverLimit"])
def test_where_sqs_gives_out_no_more_the_rest_is_not_seen_and_a_person_told(
    sqs: Any, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    put = {sqs.put(f"body {number}") for number in range(9)}
    sqs.refuses["ReceiveMessage"] = deque([None, refusal(code)])

    for _ in range(3):
        sqs.put("not given out", sent_at=sqs.clock() + timedelta(minutes=1))
    letters, unseen = swept_with_unseen(sqs)
    assert put <= {letter.id for letter in letters}
    assert f"these are the first {len(letters)}" in capsys.readouterr().err
    assert unseen == Unseen(waiting=12 - len(letters))


def test_no_more_are_received_than_sqs_allows(sqs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    put = {sqs.put(f"body {number}") for number in range(1000)}

    letters = swept(sqs, most_in_flight=100)

    # What others have asked for when one sees that the limit is reached still comes.
    assert 100 <= len(letters) <= 100 + THREADS * 10
    assert f"these are the first {len(letters)}" in capsys.readouterr().err
    assert sqs.visible() == put
    assert swept_with_unseen(sqs, most_in_flight=100)[1].waiting > 0


def test_where_letters_are_deleted_the_limit_is_not_met(sqs: Any) -> None:
    for number in range(300):
        sqs.put(f"body {number}")

    with sweep(DeadLetterQueue(sqs, DLQ), most_in_flight=290) as begun:
        for letters in begun:
            assert begun.delete(letters) == []

    assert sqs.queues[DLQ] == {}


def test_a_queue_in_which_a_receive_counts_is_not_swept(sqs: Any) -> None:
    sqs.put("body")
    sqs.attributes["RedrivePolicy"] = '{"maxReceiveCount": 3}'

    with pytest.raises(UsageError, match="redrive policy of its own"):
        swept(sqs)
    assert sqs.calls == ["GetQueueAttributes"]


def test_an_error_of_a_receive_ends_it_and_all_is_given_back(sqs: Any) -> None:
    put = {sqs.put(f"body {number}") for number in range(100)}
    sqs.refuses["ReceiveMessage"] = deque([None, None, refusal("ServiceUnavailable")])

    with pytest.raises(CopytrailError, match="sqs:ReceiveMessage"):
        swept(sqs)
    assert sqs.visible() == put


def test_letters_that_cannot_be_given_back_are_told_of_and_come_back_by_themselves(
    sqs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    put = {sqs.put(f"body {number}") for number in range(35)}
    sqs.refuses["ChangeMessageVisibility"] = deque([None, *[refusal("ExpiredToken", "expired")] * 99])

    assert len(swept(sqs)) == 35
    told = capsys.readouterr().err
    assert "25 letters could not be made visible again" in told
    assert "they come back by themselves within 30 s" in told
    sqs.clock.sleep(31)
    assert sqs.visible() == put


def test_a_letter_that_somebody_else_deleted_is_nothing_to_tell_of(
    sqs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    put = [sqs.put(f"body {number}") for number in range(5)]
    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        assert sum(map(len, begun)) == 5
        del sqs.queues[DLQ][put[0]]

    assert capsys.readouterr().err == ""
    assert sqs.visible() == set(put[1:])


def test_letters_stay_invisible_for_longer_the_more_there_are(sqs: Any) -> None:
    sqs.put("body")
    sqs.attributes["ApproximateNumberOfMessages"] = "100000"

    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        next(iter(begun))
        [message] = sqs.queues[DLQ].values()
        assert message.visible_from - sqs.clock() == timedelta(seconds=280)


def test_what_was_received_is_kept_invisible_for_as_long_as_it_takes(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.dlq.sweep._SHORTEST_INVISIBLE_S", 0.03)
    sqs.put("body")
    kept = threading.Event()
    change: Callable[..., Mapping[str, Any]] = sqs.change_message_visibility_batch

    def change_and_tell(**asked: Any) -> Mapping[str, Any]:
        kept.set()
        return change(**asked)

    sqs.change_message_visibility_batch = change_and_tell
    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        assert sum(map(len, begun)) == 1
        assert kept.wait(10)
        assert sqs.visible() == set()


def test_many_letters_are_kept_by_several_threads_at_once_and_for_longer(
    sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.dlq.sweep._SHORTEST_INVISIBLE_S", 0.03)
    for number in range(1_000):
        sqs.put(f"body {number}")
    # SQS's count comes late.
    sqs.attributes["ApproximateNumberOfMessages"] = "0"
    change: Callable[..., Mapping[str, Any]] = sqs.change_message_visibility_batch
    all_seen, met = threading.Event(), threading.Event()
    together = threading.Barrier(4, action=met.set)
    asked_for: list[float] = []

    def change_with_others(**asked: Any) -> Mapping[str, Any]:
        if all_seen.is_set() and not met.is_set():
            together.wait(10)
            asked_for.append(asked["Entries"][0]["VisibilityTimeout"])
        return change(**asked)

    sqs.change_message_visibility_batch = change_with_others
    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        assert sum(map(len, begun)) == 1_000
        all_seen.set()
        assert met.wait(10)
    assert set(asked_for) == {1_000 // 400 + 0.03}


def test_a_call_that_fails_does_not_keep_the_others_from_being_kept(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.dlq.sweep._SHORTEST_INVISIBLE_S", 0.03)
    for number in range(100):
        sqs.put(f"body {number}")
    sqs.refuses["ChangeMessageVisibility"] = deque([refusal("ServiceUnavailable")])
    kept: list[int] = []
    change: Callable[..., Mapping[str, Any]] = sqs.change_message_visibility_batch

    def change_and_count(**asked: Any) -> Mapping[str, Any]:
        answer = change(**asked)
        kept.append(len(asked["Entries"]))
        return answer

    sqs.change_message_visibility_batch = change_and_count
    with sweep(DeadLetterQueue(sqs, DLQ)) as begun:
        assert sum(map(len, begun)) == 100
        while sum(kept) < 90:
            threading.Event().wait(0.01)
