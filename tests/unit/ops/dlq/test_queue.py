"""Letters are sent as they are, and each is told of."""

from collections import deque
from typing import Any

import pytest

from ops.aws import sqs as sqs_calls
from ops.dlq.letter import Letter
from ops.dlq.queue import Refused
from ops.dlq.queue import send as send_with_ids
from shared.errors import CopytrailError
from tests.fakes.clock import FakeClock
from tests.fakes.letters import EVE, FAILED, a_letter
from tests.fakes.sqs_client import FakeSqs, refusal

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/copy"
KIB = 1024


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sqs(clock: FakeClock) -> Any:
    return FakeSqs(clock)


def letters(count: int, size: int = 10) -> list[Letter]:
    return [a_letter({}, id=f"m-{number}", body=f"{number:03}" + "x" * (size - 3)) for number in range(count)]


def send(*arguments: Any, **settings: Any) -> tuple[list[Letter], list[Refused]]:
    """The letters that were accepted, and those that were refused."""
    accepted, refused = send_with_ids(*arguments, **settings)
    assert all(message_id for _, message_id in accepted)
    return [letter for letter, _ in accepted], refused


def bodies(sqs: Any) -> list[str]:
    return [message.body for message in sqs.queues.get(QUEUE, {}).values()]


def test_letters_go_with_their_attributes_and_the_marks(sqs: Any) -> None:
    attributes: Any = {
        "Bytes": {"DataType": "Binary", "BinaryValue": b"\0"},
        "Count": {"DataType": "Number", "StringValue": "1"},
    }
    letter = a_letter(attributes=attributes)

    assert send(sqs, QUEUE, [letter], marks={"ReplayedBy": EVE}) == ([letter], [])
    [sent] = sqs.queues[QUEUE].values()
    assert sent.body == letter.body
    assert sent.attributes == attributes | {"ReplayedBy": {"DataType": "String", "StringValue": EVE}}
    assert letter.attributes == attributes


def test_a_mark_takes_the_place_of_an_older_one(sqs: Any) -> None:
    send(sqs, QUEUE, [a_letter({"ReplayedBy": "somebody"})], marks={"ReplayedBy": EVE})

    [sent] = sqs.queues[QUEUE].values()
    assert sent.attributes == {"ReplayedBy": {"DataType": "String", "StringValue": EVE}}


@pytest.mark.parametrize(("count", "marked"), [(8, True), (9, False)])
def test_marks_are_left_out_where_there_is_no_room_for_them(sqs: Any, count: int, marked: bool) -> None:
    letter = a_letter({f"a{number}": "x" for number in range(count)})

    assert send(sqs, QUEUE, [letter], marks={"ReplayedBy": EVE, "ReplayOperation": "o"}) == ([letter], [])
    [sent] = sqs.queues[QUEUE].values()
    assert ("ReplayedBy" in sent.attributes) is marked
    assert letter.attributes.items() <= sent.attributes.items()


@pytest.mark.parametrize(
    ("count", "size", "calls"),
    [(10, 10, 1), (25, 10, 3), (10, 100 * KIB, 1), (10, 105 * KIB, 2), (3, 1024 * KIB, 3), (4, 512 * KIB, 2)],
)
def test_a_call_has_no_more_than_ten_letters_and_one_mib(sqs: Any, count: int, size: int, calls: int) -> None:
    some = letters(count, size)

    assert send(sqs, QUEUE, some) == (some, [])
    assert sqs.calls == ["SendMessage"] * calls
    assert bodies(sqs) == [letter.body for letter in some]


def test_attributes_and_the_bytes_of_characters_count_too(sqs: Any) -> None:
    half = a_letter({"Reason": "x"}, body="\N{EURO SIGN}" * (512 * KIB // 3 - 10))
    assert len(send(sqs, QUEUE, [half, half])[0]) == 2
    assert len(send(sqs, QUEUE, [half, half], marks={"Mark": "m" * 40})[0]) == 2
    assert len(sqs.calls) == 1 + 2


def test_what_is_refused_is_told_with_why_and_the_rest_is_sent(sqs: Any) -> None:
    some = letters(25)
    sqs.entry_fails = lambda _, entry: "InvalidMessageContents" if entry["MessageBody"].startswith("012") else ""

    accepted, refused = send(sqs, QUEUE, some)

    assert accepted == some[:12] + some[13:]
    assert refused == [(some[12], "InvalidMessageContents: no")]
    assert len(bodies(sqs)) == 24


def test_what_sqs_itself_failed_with_is_sent_again(sqs: Any, clock: FakeClock) -> None:
    some = letters(10)
    fails = deque(["InternalError"] * 3)
    sqs.entry_fails = lambda _, entry: fails.popleft() if fails and "00" in entry["MessageBody"][:2] else ""

    assert send(sqs, QUEUE, some, sleep=clock.sleep) == (some, [])
    assert sorted(bodies(sqs)) == [letter.body for letter in some]


def test_what_sqs_fails_with_again_and_again_is_refused(sqs: Any, clock: FakeClock) -> None:
    some = letters(3)
    sqs.entry_fails = lambda _, entry: "InternalError" if entry["MessageBody"].startswith("001") else ""

    assert send(sqs, QUEUE, some, sleep=clock.sleep) == ([some[0], some[2]], [(some[1], "InternalError: no")])
    assert len(sqs.calls) == 3


def test_when_nothing_was_accepted_a_call_that_fails_is_an_error(sqs: Any) -> None:
    sqs.refuses["SendMessage"] = deque([refusal("AccessDenied", "not you")])

    with pytest.raises(CopytrailError, match=f"sqs:SendMessage on {QUEUE}: not you"):
        send(sqs, QUEUE, letters(25))
    assert bodies(sqs) == []


def test_when_something_was_accepted_a_call_that_fails_is_told_of_letter_by_letter(sqs: Any) -> None:
    some = letters(25)
    sqs.refuses["SendMessage"] = deque([None, refusal("ServiceUnavailable", "busy")])

    accepted, refused = send(sqs, QUEUE, some)

    assert accepted == some[:10] + some[20:]
    assert [letter for letter, _ in refused] == some[10:20]
    assert {why for _, why in refused} == {f"sqs:SendMessage on {QUEUE}: busy"}


def test_a_second_try_that_fails_as_a_whole_leaves_the_first_ones_verdicts(sqs: Any, clock: FakeClock) -> None:
    some = letters(2)
    sqs.entry_fails = lambda _, entry: "InternalError" if entry["MessageBody"].startswith("001") else ""
    sqs.refuses["SendMessage"] = deque([None, refusal("ServiceUnavailable")])

    assert send(sqs, QUEUE, some, sleep=clock.sleep) == ([some[0]], [(some[1], "InternalError: no")])


def test_a_letter_that_sqs_tells_nothing_of_is_not_taken_for_accepted(
    sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = letters(2)
    send_all = sqs.send_message_batch

    def forgetful(**call: Any) -> Any:
        return {"Successful": send_all(**call)["Successful"][:1]}

    monkeypatch.setattr(sqs, "send_message_batch", forgetful)
    assert send(sqs, QUEUE, some) == ([some[0]], [(some[1], "SQS told nothing of it")])


def test_letters_with_one_id_are_told_apart(sqs: Any) -> None:
    """A file may have a letter twice."""
    some = [a_letter(FAILED, body="good"), a_letter(FAILED, body="bad")]
    sqs.entry_fails = lambda _, entry: "InvalidMessageContents" if entry["MessageBody"] == "bad" else ""

    accepted, refused = send(sqs, QUEUE, some)
    assert ([letter.body for letter in accepted], [letter.body for letter, _ in refused]) == (["good"], ["bad"])


def test_an_entry_that_fails_without_a_message_is_told_by_its_code() -> None:
    assert sqs_calls.verdicts(1, lambda _: [{"Id": "0", "Code": "Odd", "SenderFault": True}]) == ["Odd"]
