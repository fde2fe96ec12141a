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


class Scene:
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
def scene(client_of: Callable[[str], Any]) -> Iterator[Scene]:
    sqs = client_of("sqs")
    yield Scene(sqs)
    for queue_url in sqs.list_queues().get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=queue_url)


def letter(scene: Scene, text: str, log_id: str | None = "id") -> dict[str, str]:
    """What a dead letter looks like to the person who reads the queue."""
    message = scene.deliver('{"the": "body"}')
    scene.queue.dead_letter(DeadLetter(message, PermanentError("AccessDenied", text), log_id))
    [received] = scene.sqs.receive_message(QueueUrl=scene.dead_letter_url, MessageAttributeNames=["All"])["Messages"]
    assert received["Body"] == message.body
    assert message.sent_at
    assert received["MessageAttributes"]["FirstSeen"]["StringValue"] == times.to_text(message.sent_at)
    return {name: value["StringValue"] for name, value in received["MessageAttributes"].items() if name != "FirstSeen"}


def test_a_letter_that_was_replayed_keeps_when_it_was_first_seen_and_adds_up_its_attempts(scene: Scene) -> None:
    first_seen = times.from_text("2026-11-20T01:02:03.004Z")
    message = replace(scene.deliver("body"), past=Past(attempts=5, first_seen=first_seen, replayed_by="somebody"))

    scene.queue.dead_letter(DeadLetter(message, PermanentError("AccessDenied", "no"), "id"))

    [received] = scene.sqs.receive_message(QueueUrl=scene.dead_letter_url, MessageAttributeNames=["All"])["Messages"]
    told = {name: value["StringValue"] for name, value in received["MessageAttributes"].items()}
    assert (told["Attempts"], told["FirstSeen"]) == ("8", "2026-11-20T01:02:03.004Z")
    assert "ReplayedBy" not in told


def test_a_dead_letter_keeps_its_body_and_has_the_reason_beside_it(scene: Scene) -> None:
    assert letter(scene, "s3:PutObject on s3://out/k: no") == {
        "LogID": "id",
        "Reason": "AccessDenied",
        "Message": "s3:PutObject on s3://out/k: no",
        "Attempts": "3",
    }


def test_a_letter_that_names_no_upload_has_no_log_id(scene: Scene) -> None:
    assert "LogID" not in letter(scene, "no", log_id=None)


def test_a_reason_with_characters_that_sqs_refuses_is_still_accepted(scene: Scene) -> None:
    assert letter(scene, "key \x00\x1b[31m\ufffe🚀")["Message"] == "key \ufffd\ufffd[31m\ufffd🚀"


def test_a_body_with_characters_that_sqs_refuses_is_sent_as_the_same_json(scene: Scene) -> None:
    scene.queue.send('{"key": "a\ufffe\uffffü"}')

    [received] = scene.sqs.receive_message(QueueUrl=scene.queue_url)["Messages"]
    assert received["Body"] == '{"key": "a\\ufffe\\uffffü"}'


def test_a_delay_of_nothing_makes_the_message_visible_at_once(scene: Scene) -> None:
    message = scene.deliver("body")
    assert scene.receive() == []

    scene.queue.deliver_again(message, 0)

    assert [received["Body"] for received in scene.receive()] == ["body"]


def test_a_queue_that_is_gone_is_told_as_ours_with_its_cause(scene: Scene) -> None:
    message = scene.deliver("body")
    scene.sqs.delete_queue(QueueUrl=scene.dead_letter_url)

    with pytest.raises(CopytrailError, match="sqs:SendMessage on") as raised:
        scene.queue.dead_letter(DeadLetter(message, PermanentError("NoRoute", "none"), None))
    assert isinstance(raised.value.__cause__, ClientError)
