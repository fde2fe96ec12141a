"""What a preview showed is applied, and nothing else."""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from ops.dlq.apply import Tally, apply_to
from ops.dlq.preview import Action, ApplyOptions
from ops.dlq.queue import DeadLetterQueue, QueueName
from ops.dlq.replay import send_then_delete
from ops.dlq.results import Found, Result
from ops.dlq.selection import Selection
from ops.operation_events import RunningOperation
from shared.errors import CopytrailError
from shared.lambda_runtime.message import REPLAY_OPERATION, REPLAYED_BY
from shared.operations import OperationKind
from tests.fakes.bodies import object_created
from tests.fakes.outcomes import an_upload
from tests.fakes.sqs_client import DLQ, FakeSqs, refusal

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/copy"


@pytest.fixture
def sqs() -> Any:
    return FakeSqs()


@pytest.fixture
def shown() -> list[Found]:
    return []


@pytest.fixture
def tally(shown: list[Found]) -> Tally:
    def show(found: Sequence[Found]) -> None:
        shown.extend(found)

    return Tally(RunningOperation("operation", "arn:caller"), show=show, advance=lambda _: None)


def put(sqs: Any, count: int) -> list[str]:
    return [sqs.put(object_created(an_upload(key=f"{n:03}")), {"Reason": "AccessDenied"}) for n in range(count)]


def replay(
    sqs: Any,
    ids: Sequence[str],
    tally: Tally,
    *,
    rate: float | None = None,
    sleep: Callable[[float], None] = lambda _: None,
) -> set[str]:
    """Replay these letters; those that did not come again."""
    action = Action(
        kind=OperationKind.REPLAY,
        options=ApplyOptions(QueueName.COPY, Selection(), include_superseded=False, dry_run=False, yes=True),
        verb="replaying",
        would="go",
        done=Result.REPLAYED,
        left_out_why="",
        to_check_why="",
        threads=4,
        rate=rate,
    )
    act = partial(send_then_delete, sqs, QUEUE)
    return apply_to(DeadLetterQueue(sqs, DLQ), set(ids), action, act, tally, sleep=sleep)


def test_what_the_preview_showed_is_moved_with_the_marks_of_the_replay_and_the_rest_stays(
    sqs: Any, tally: Tally, shown: list[Found]
) -> None:
    ids = put(sqs, 250)
    not_seen = replay(sqs, ids[::2], tally)
    assert len(not_seen) == 0
    assert sqs.visible() == set(ids[1::2])
    assert tally.number(Result.REPLAYED) == len(sqs.queues[QUEUE]) == 125
    assert {(one.letter.id, one.result) for one in shown} == {(id_, Result.REPLAYED) for id_ in ids[::2]}
    for message in sqs.queues[QUEUE].values():
        told = {name: value["StringValue"] for name, value in message.attributes.items()}
        assert told == {"Reason": "AccessDenied", REPLAYED_BY: "arn:caller", REPLAY_OPERATION: "operation"}


def test_a_letter_that_is_not_ours_gets_no_marks(sqs: Any, tally: Tally) -> None:
    replay(sqs, [sqs.put("hello", {"Colour": "blue"})], tally)
    [sent] = sqs.queues[QUEUE].values()
    assert (sent.body, sent.attributes) == ("hello", {"Colour": {"DataType": "String", "StringValue": "blue"}})


def test_letters_that_do_not_come_again_are_what_is_left(sqs: Any, tally: Tally) -> None:
    gone, there = put(sqs, 2)
    del sqs.queues[DLQ][gone]
    assert replay(sqs, [gone, there], tally) == {gone}
    assert tally.number(Result.REPLAYED) == 1


def test_a_letter_that_the_queue_refuses_stays(sqs: Any, tally: Tally, capsys: pytest.CaptureFixture[str]) -> None:
    ids = put(sqs, 20)
    sqs.entry_fails = lambda operation, entry: (
        "InvalidMessageContents" if operation == "SendMessage" and '"key": "00' in entry["MessageBody"] else ""
    )
    replay(sqs, ids, tally)
    assert sqs.visible() == set(ids[:10])
    assert (tally.number(Result.REFUSED), tally.number(Result.REPLAYED)) == (10, 10)
    tally.note_remarks()
    told = capsys.readouterr().err.splitlines()
    assert all(line.startswith("refused: s3://in/00") for line in told[:-1])
    assert (len(told), told[-1]) == (6, "and 5 more like these")


def test_a_letter_that_was_sent_and_cannot_be_deleted_counts_as_replayed_and_is_named(
    sqs: Any, tally: Tally, capsys: pytest.CaptureFixture[str]
) -> None:
    [id_] = put(sqs, 1)
    sqs.entry_fails = lambda operation, _: "AccessDenied" if operation == "DeleteMessage" else ""
    replay(sqs, [id_], tally)
    assert tally.number(Result.REPLAYED) == 1
    assert sqs.visible() == {id_}
    tally.note_remarks()
    assert capsys.readouterr().err == ("replayed, and still in the dead-letter queue: s3://in/000: AccessDenied: no\n")


def test_when_sqs_refuses_a_call_no_more_is_begun_and_the_rest_is_visible_again(sqs: Any, tally: Tally) -> None:
    ids = put(sqs, 1000)
    sqs.refuses["SendMessage"] = deque([None, None, *[refusal("ExpiredToken")] * 1000])
    with pytest.raises(CopytrailError):
        replay(sqs, ids, tally)
    assert tally.number(Result.REPLAYED) == len(sqs.queues[QUEUE]) == 20
    assert len(sqs.visible()) == 980
    assert sqs.calls.count("SendMessage") < 50


def test_what_was_sent_is_counted_when_the_deletion_is_refused(sqs: Any, tally: Tally) -> None:
    ids = put(sqs, 3)
    sqs.refuses["DeleteMessage"] = deque([refusal("ExpiredToken")])
    with pytest.raises(CopytrailError):
        replay(sqs, ids, tally)
    assert tally.number(Result.REPLAYED) == 3
    assert sqs.visible() == set(ids)


def test_when_the_person_stops_it_what_was_begun_is_ended_and_the_rest_is_visible_again(sqs: Any, tally: Tally) -> None:
    ids = put(sqs, 100)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(sqs, ids, tally, rate=5, sleep=sleep)
    replayed = tally.number(Result.REPLAYED)
    # The first group goes at once; of three that were handed over, some may not have been begun.
    assert replayed in (5, 10, 15)
    assert len(sqs.queues[QUEUE]) == replayed
    assert len(sqs.visible()) == 100 - replayed


@pytest.mark.parametrize(("rate", "at_once"), [(0.5, 1), (3.7, 3), (10, 10), (5000, 10)])
def test_no_more_than_the_rate_goes_at_a_time(sqs: Any, tally: Tally, rate: float, at_once: int) -> None:
    ids = put(sqs, 20)
    sizes: list[int] = []
    send = sqs.send_message_batch

    def counted(**parameters: Any) -> Any:
        sizes.append(len(parameters["Entries"]))
        return send(**parameters)

    sqs.send_message_batch = counted
    replay(sqs, ids, tally, rate=rate)
    assert max(sizes) == at_once
    assert sum(sizes) == 20
