"""Dead letters and delays, on SQS."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared import times
from shared.errors import CopytrailError, PermanentError
from shared.lambda_runtime.message import DeadLetter, Message, Past
from shared.lambda_runtime.sqs_queue import SqsQueue


class Queues:
    """A queue and its dead-letter queue."""

    def __init__(self, sqs: Any) -> None:
        self.sqs = sqs
        self.queue_url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "1000"})["QueueUrl"]
        self.dead_letter_url = sqs.create_queue(QueueName="dead")["QueueUrl"]
        self.queue = SqsQueue(sqs, queue_url=self.queue_url, dead_letter_url=self.dead_letter_url)

    def deliver(self, body: str) -> Message:
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)
        [received] = self.receive()
        return Message(
            id=received["MessageId"],
            body=received["Body"],
            receipt_handle=received["ReceiptHandle"],
            receive_count=3,
            sent_at=times.from_epoch_milliseconds(received["Attributes"]["SentTimestamp"]),
        )

    def receive(self) -> list[Any]:
        answer = self.sqs.receive_message(QueueUrl=self.queue_url, MessageSystemAttributeNames=["All"])
        return list(answer.get("Messages", []))


@pytest.fixture
def queues(client_of: Callable[[str], Any]) -> Iterator[Queues]:
    sqs = client_of("sqs")
    yield Queues(sqs)
    for queue_url in sqs.list_queues().get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=queue_url)


def letter(queues: Queues, text: str, log_id: str | None = "id") -> dict[str, str]:
    """What a dead letter looks like to the person who reads the queue."""
    message = queues.deliver('{"the": "body"}')
    queues.queue.dead_letter(DeadLetter(message, PermanentError("AccessDenied", text), log_id))
    [received] = queues.sqs.receive_message(QueueUrl=queues.dead_letter_url, MessageAttributeNames=["All"])["Messages"]
    assert received["Body"] == message.body
    assert message.sent_at
    assert received["MessageAttributes"]["FirstSeen"]["StringValue"] == times.to_text(message.sent_at)
    return {name: value["StringValue"] for name, value in received["MessageAttributes"].items() if name != "FirstSeen"}


def test_a_letter_that_was_replayed_keeps_when_it_was_first_seen_and_adds_up_its_attempts(queues: Queues) -> None:
    first_seen = times.from_text("2026-11-20T01:02:03.004Z")
    message = replace(queues.deliver("body"), past=Past(attempts=5, first_seen=first_seen, replayed_by="somebody"))

    queues.queue.dead_letter(DeadLetter(message, PermanentError("AccessDenied", "no"), "id"))

    [received] = queues.sqs.receive_message(QueueUrl=queues.dead_letter_url, MessageAttributeNames=["All"])["Messages"]
    told = {name: value["StringValue"] for name, value in received["MessageAttributes"].items()}
    assert (told["Attempts"], told["FirstSeen"]) == ("8", "2026-11-20T01:02:03.004Z")
    assert "ReplayedBy" not in told


def test_a_dead_letter_keeps_its_body_and_has_the_reason_beside_it(queues: Queues) -> None:
    assert letter(queues, "s3:PutObject on s3://out/k: no") == {
        "LogID": "id",
        "Reason": "AccessDenied",
        "Message": "s3:PutObject on s3://out/k: no",
        "Attempts": "3",
    }


def test_a_letter_that_names_no_upload_has_no_log_id(queues: Queues) -> None:
    assert "LogID" not in letter(queues, "no", log_id=None)


def test_a_reason_with_characters_that_sqs_refuses_is_still_accepted(queues: Queues) -> None:
    assert letter(queues, "key \x00\x1b[31m\ufffe🚀")["Message"] == "key \ufffd\ufffd[31m\ufffd🚀"


def test_a_body_with_characters_that_sqs_refuses_is_sent_as_the_same_json(queues: Queues) -> None:
    queues.queue.send('{"key": "a\ufffe\uffffü"}')

    [received] = queues.sqs.receive_message(QueueUrl=queues.queue_url)["Messages"]
    assert received["Body"] == '{"key": "a\\ufffe\\uffffü"}'


def test_a_delay_of_nothing_makes_the_message_visible_at_once(queues: Queues) -> None:
    message = queues.deliver("body")
    assert queues.receive() == []

    queues.queue.deliver_again(message, 0)

    assert [received["Body"] for received in queues.receive()] == ["body"]


def test_a_queue_that_is_gone_is_told_as_ours_with_its_cause(queues: Queues) -> None:
    message = queues.deliver("body")
    queues.sqs.delete_queue(QueueUrl=queues.dead_letter_url)

    with pytest.raises(CopytrailError, match="sqs:SendMessage on") as raised:
        queues.queue.dead_letter(DeadLetter(message, PermanentError("NoRoute", "none"), None))
    assert isinstance(raised.value.__cause__, ClientError)
