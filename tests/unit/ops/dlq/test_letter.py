"""What a dead letter tells, whoever put it into the queue."""

from typing import Any

import pytest

from ops.dlq.letter import Letter, ReasonFrom
from shared import times
from shared.log_id import log_id
from tests.fakes.bodies import object_created
from tests.fakes.letters import EVE, FAILED, LOG_ID, REPLAYED, UNDELIVERABLE, a_letter
from tests.fakes.operations import an_operation, operation_body
from tests.fakes.outcomes import UPLOADED_AT, an_upload, body, failed

UPLOADS_LOG_ID = log_id(bucket="in", key="report.csv", version_id=None, etag="0a1b", sequencer="00A1")


def test_a_letter_of_our_functions_is_reason_from_its_attributes() -> None:
    letter = a_letter(FAILED)

    assert (letter.cause.reason_from, letter.is_ours) == (ReasonFrom.COPYTRAIL, True)
    assert (letter.cause.reason, letter.cause.message) == (
        "AccessDenied",
        "s3:GetObject on s3://in/report.csv: Access Denied",
    )
    assert (letter.log_id, letter.cause.attempts) == (LOG_ID, 5)
    assert times.to_text(letter.first_seen) == "2026-11-20T10:00:00.000Z"
    assert (letter.bucket, letter.key, letter.size, letter.url) == ("in", "report.csv", 42, "s3://in/report.csv")
    assert letter.request is not None


def test_what_eventbridge_could_not_deliver_is_reason_from_eventbridge() -> None:
    letter = a_letter(UNDELIVERABLE)

    assert (letter.cause.reason_from, letter.is_ours) == (ReasonFrom.EVENTBRIDGE, True)
    assert (letter.cause.reason, letter.cause.message) == ("NO_PERMISSIONS", "EventBridge may not send to the queue")
    assert (letter.cause.attempts, letter.log_id, letter.first_seen) == (3, UPLOADS_LOG_ID, UPLOADED_AT)


def test_what_sqs_put_there_itself_has_no_reason_and_says_where_to_look() -> None:
    letter = a_letter({})

    assert (letter.cause.reason_from, letter.is_ours) == (ReasonFrom.NOBODY, True)
    assert (letter.cause.reason, letter.log_id, letter.cause.attempts) == ("NoReasonRecorded", UPLOADS_LOG_ID, None)
    assert letter.cause.message.startswith(
        f"no reason recorded: look up LogID {UPLOADS_LOG_ID} with `copytrail audit history s3://in/report.csv`"
    )


@pytest.mark.parametrize("before", [FAILED, UNDELIVERABLE])
def test_what_sqs_put_there_after_a_replay_is_not_reason_from_what_it_brought_along(before: dict[str, str]) -> None:
    letter = a_letter(before | REPLAYED)

    assert (letter.cause.reason_from, letter.cause.reason, letter.log_id) == (
        ReasonFrom.NOBODY,
        "NoReasonRecorded",
        UPLOADS_LOG_ID,
    )
    assert letter.cause.message.endswith(f"and {EVE} had replayed it")


def test_a_replayed_letter_is_as_old_as_it_was() -> None:
    assert times.to_text(a_letter(FAILED | REPLAYED).first_seen) == "2026-11-20T10:00:00.000Z"


def test_a_shell_takes_the_command_that_a_letter_names() -> None:
    letter = a_letter({}, body=object_created(an_upload(key="it's $HOME")))

    assert """`copytrail audit history 's3://in/it'"'"'s $HOME'`""" in letter.cause.message


@pytest.mark.parametrize("text", ["hello", "{}", '{"source": "aws.ec2", "detail-type": "x", "time": "?", "detail": 1}'])
@pytest.mark.parametrize("attributes", [{}, UNDELIVERABLE, REPLAYED])
def test_what_is_no_event_of_ours_is_not_ours(text: str, attributes: dict[str, str]) -> None:
    letter = a_letter(attributes, body=text)

    assert (letter.cause.reason_from, letter.is_ours, letter.cause.reason) == (ReasonFrom.NOT_OURS, False, "NotOurs")
    assert letter.cause.message.startswith("not an event of ours")
    assert (letter.bucket, letter.key, letter.size, letter.url, letter.log_id) == ("", "", None, "", None)


def test_what_we_could_not_read_either_is_ours_if_we_said_so() -> None:
    attributes = FAILED | {"Reason": "MalformedEvent", "Message": "not an event of ours: …"}
    letter = a_letter({name: text for name, text in attributes.items() if name != "LogID"}, body="hello")

    assert (letter.cause.reason_from, letter.is_ours, letter.cause.reason) == (
        ReasonFrom.COPYTRAIL,
        True,
        "MalformedEvent",
    )
    assert (letter.key, letter.log_id) == ("", None)


def test_a_letter_of_the_audit_queue_is_about_the_outcome_that_it_tells() -> None:
    completion = failed()
    letter = a_letter({}, body=body(completion))

    assert letter.about == completion
    assert letter.request is None
    assert (letter.key, letter.log_id) == ("report.csv", completion.log_id)
    assert f"`copytrail audit get {completion.log_id}`" in letter.cause.message


def test_a_letter_may_be_about_what_an_operator_did() -> None:
    letter = a_letter(FAILED, body=operation_body(an_operation()))

    assert letter.is_ours
    assert (letter.key, letter.title) == ("", f"Replay Started, by {EVE}")


def test_the_sentence_of_a_malformed_event_is_of_the_queue_that_knows_the_kind_of_event() -> None:
    letter = a_letter({}, body=body(failed()).replace('"logId"', '"log"'))

    assert "logId" in letter.cause.message


def test_attributes_that_anybody_may_write_do_no_harm() -> None:
    letter = a_letter(FAILED | {"Attempts": "many", "FirstSeen": "long ago"})

    assert (letter.cause.attempts, letter.first_seen) == (None, UPLOADED_AT)


def test_a_letter_is_what_sqs_gave() -> None:
    value: Any = {"DataType": "Binary", "BinaryValue": b"\0"}
    letter = Letter.of(
        {
            "MessageId": "m-1",
            "Body": "hello",
            "ReceiptHandle": "r-1",
            "Attributes": {"SentTimestamp": "1795428000000"},
            "MessageAttributes": {"x": value},
        }
    )

    assert (letter.id, letter.body, letter.receipt_handle, letter.attributes) == ("m-1", "hello", "r-1", {"x": value})
    assert times.to_text(letter.sent_at) == "2026-11-23T10:00:00.000Z"
