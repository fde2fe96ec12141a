"""A record of Lambda's event is read as a message, whatever it holds."""

from datetime import UTC, datetime

import pytest

from shared.lambda_runtime.message import REPLAY_OPERATION, REPLAYED_BY, Message, Past, read_record

FIRST_SEEN = datetime(2026, 11, 23, 1, 2, 3, 4000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attributes", "past"),
    [
        ({"Attempts": "5"}, Past(attempts=5)),
        ({"Attempts": "5", "FirstSeen": "2026-11-23T01:02:03.004Z"}, Past(attempts=5, first_seen=FIRST_SEEN)),
        ({"Attempts": "5", "FirstSeen": "long ago"}, Past(attempts=5)),
        ({REPLAYED_BY: "arn:aws:iam::1:user/eve"}, Past(replayed_by="arn:aws:iam::1:user/eve")),
        (
            {REPLAYED_BY: "arn:me", REPLAY_OPERATION: "o-1"},
            Past(replayed_by="arn:me", replay_operation="o-1"),
        ),
        ({"Attempts": "many", REPLAYED_BY: "somebody"}, Past(replayed_by="somebody")),
        ({"Attempts": "9" * 5000}, Past()),
        ({"Attempts": "5", "FirstSeen": "0001-01-01T00:00:00+14:00"}, Past(attempts=5)),
        ({"FirstSeen": "2026-11-23T01:02:03.004Z"}, None),
    ],
)
def test_a_message_that_was_a_dead_letter_before_is_known_by_its_attributes(
    attributes: dict[str, str], past: Past | None
) -> None:
    record = {
        "messageId": "m-0",
        "body": "{}",
        "messageAttributes": {name: {"stringValue": text, "dataType": "String"} for name, text in attributes.items()},
    }

    read = read_record(record)

    assert isinstance(read, Message)
    assert read.past == past
