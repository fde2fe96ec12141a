"""SQS on the emulated AWS: nothing lost, nothing given to two, polls that wake, dead letters with their past."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from moto.sqs.models import Message, Queue

_DEAD_LETTER_ARN = "arn:aws:sqs:us-east-1:123456789012:dead-letters"


def test_a_message_goes_to_one_of_two_receivers(
    gap_aws: Any, at_once: Callable[..., list[Any]], meeting_point: Callable[[Any, str], None]
) -> None:
    queue = gap_aws.make_queue()
    gap_aws.sqs.send_message(QueueUrl=queue, MessageBody="once")
    meeting_point(Message, "mark_received")

    received = at_once(*[lambda: gap_aws.receive(queue)] * 2)

    assert sorted(map(len, received)) == [0, 1]


def test_setting_another_attribute_leaves_the_policy(gap_aws: Any) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    queue = gap_aws.make_queue(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    gap_aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "1209600"})
    found = gap_aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert "Policy" in found


def test_nothing_is_lost_between_senders_and_receivers_at_once(aws: Any, at_once: Callable[..., list[Any]]) -> None:
    queue = aws.make_queue()
    sent = [f"{sender}-{n}" for sender in range(3) for n in range(25)]
    seen: list[str] = []

    def send(sender: int) -> None:
        for n in range(25):
            aws.sqs.send_message(QueueUrl=queue, MessageBody=f"{sender}-{n}")

    def receive() -> None:
        while len(seen) < len(sent) and (messages := aws.receive(queue, wait_s=2)):
            for message in messages:
                seen.append(message["Body"])
                aws.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    at_once(*[lambda sender=sender: send(sender) for sender in range(3)], receive, receive, receive)

    assert sorted(seen) == sorted(sent)


def test_a_message_tells_when_it_was_sent_and_how_often_it_came(aws: Any) -> None:
    queue = aws.make_queue()
    aws.sqs.send_message(
        QueueUrl=queue, MessageBody="body", MessageAttributes={"a": {"DataType": "String", "StringValue": "1"}}
    )

    first = aws.receive(queue, hidden_s=0)[0]
    second = aws.receive(queue)[0]

    assert (first["Attributes"]["ApproximateReceiveCount"], second["Attributes"]["ApproximateReceiveCount"]) == (
        "1",
        "2",
    )
    assert first["Attributes"]["SentTimestamp"] == second["Attributes"]["SentTimestamp"]
    assert int(first["Attributes"]["ApproximateFirstReceiveTimestamp"]) >= int(first["Attributes"]["SentTimestamp"])
    assert first["MessageAttributes"] == {"a": {"DataType": "String", "StringValue": "1"}}


def _received_too_often(aws: Any) -> tuple[str, str, Any]:
    dead_letters = aws.make_queue("dead-letters")
    queue = aws.make_queue(RedrivePolicy=f'{{"deadLetterTargetArn": "{_DEAD_LETTER_ARN}", "maxReceiveCount": 2}}')
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
    first = aws.receive(queue, hidden_s=0)[0]
    aws.receive(queue, hidden_s=0)
    return queue, dead_letters, first


def test_a_message_received_too_often_is_in_the_dead_letter_queue_with_the_time_it_was_sent(aws: Any) -> None:
    queue, dead_letters, first = _received_too_often(aws)

    assert aws.receive(queue) == []
    (letter,) = aws.receive(dead_letters)
    assert letter["MessageId"] == first["MessageId"]
    assert letter["Attributes"]["SentTimestamp"] == first["Attributes"]["SentTimestamp"]


def test_a_message_that_sqs_gave_up_names_the_queue_it_came_from(gap_aws: Any) -> None:
    queue, dead_letters, _ = _received_too_often(gap_aws)
    gap_aws.receive(queue)

    (letter,) = gap_aws.receive(dead_letters)

    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == "arn:aws:sqs:us-east-1:123456789012:queue"


def test_a_message_handed_back_can_be_received_at_once(aws: Any) -> None:
    queue = aws.make_queue()
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
    received = aws.receive(queue)[0]

    aws.sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"], VisibilityTimeout=0)

    assert aws.receive(queue, wait_s=1)[0]["Body"] == "body"


def test_a_waiting_receiver_wakes_for_a_message_handed_back(gap_aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = gap_aws.make_queue()
    gap_aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
    held = gap_aws.receive(queue)[0]
    found_nothing = threading.Event()
    messages: Any = Queue.messages

    def look(looked_at: Queue) -> list[Message]:
        found: list[Message] = messages.fget(looked_at)
        found_nothing.set()
        return found

    monkeypatch.setattr(Queue, "messages", property(look))
    # Without a notice moto looks again after a second of its own; a receiver that was told never waits so long.
    monkeypatch.setattr(Queue, "wait_for_messages", lambda *_: time.sleep(2.5))
    received: list[Any] = []
    receiver = threading.Thread(target=lambda: received.extend(gap_aws.receive(queue, wait_s=2)))
    receiver.start()
    found_nothing.wait()

    gap_aws.sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=0)
    receiver.join()

    assert [message["Body"] for message in received] == ["body"]


def test_sending_does_not_look_at_every_message_of_the_queue(gap_aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = gap_aws.make_queue()
    gap_aws.sqs.send_message(QueueUrl=queue, MessageBody="first")
    looked_at: list[Message] = []
    monkeypatch.setattr(Message, "visible", property(looked_at.append))

    gap_aws.sqs.send_message(QueueUrl=queue, MessageBody="second")

    assert looked_at == []


def test_receiving_looks_at_every_message_of_the_queue_once_for_all_that_are_received(
    gap_aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = gap_aws.make_queue()
    for number in range(20):
        gap_aws.sqs.send_message(QueueUrl=queue, MessageBody=str(number))
    looked_at: list[Message] = []

    def visible(message: Message) -> bool:
        looked_at.append(message)
        return True

    monkeypatch.setattr(Message, "visible", property(visible))

    assert len(gap_aws.receive(queue)) == 10

    # All are looked at to begin with, and each that is received once more.
    assert len(looked_at) == 30


def test_sending_and_uploading_never_look_for_docker(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[Any] = []
    monkeypatch.setattr("docker.from_env", lambda *more, **_: asked_for.append(more))
    monkeypatch.setattr("docker.DockerClient", lambda *more, **_: asked_for.append(more))
    aws.make_source_and_destination()
    queue = aws.make_queue()
    aws.make_rule({"source": ["aws.s3"]})

    aws.s3.put_object(Bucket="source", Key="key", Body=b"body")
    aws.sqs.send_message(QueueUrl=queue, MessageBody="body")

    assert len(aws.receive(queue)) == 2
    assert asked_for == []
