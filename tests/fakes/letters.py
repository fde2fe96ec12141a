"""Dead-lettered messages of uploads that never were."""

from collections.abc import Mapping
from typing import Any

from ops.dlq.letter import Letter
from shared.lambda_runtime.message import REPLAYED_BY
from tests.fakes.bodies import object_created
from tests.fakes.outcomes import UPLOADED_AT, an_upload

LOG_ID = "6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d"
MESSAGE_ID = "9f1c22ab-0d7e-4f0e-8a34-5b1b8f6f2a10"
EVE = "arn:aws:iam::123456789012:user/eve"

# Attributes as our functions record a reason in them, as EventBridge does, and as a replay marks what it sends.
FAILED = {
    "LogID": LOG_ID,
    "Reason": "AccessDenied",
    "Message": "s3:GetObject on s3://in/report.csv: Access Denied",
    "Attempts": "5",
    "FirstSeen": "2026-11-20T10:00:00.000Z",
}
UNDELIVERABLE = {
    "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/r",
    "TARGET_ARN": "arn:aws:sqs:us-east-1:123456789012:copy",
    "ERROR_CODE": "NO_PERMISSIONS",
    "ERROR_MESSAGE": "EventBridge may not send to the queue",
    "RETRY_ATTEMPTS": "2",
}
REPLAYED = {REPLAYED_BY: EVE}


def a_letter(told: Mapping[str, str] = FAILED, /, **changes: Any) -> Letter:
    """A letter of `s3://in/report.csv`, whose attributes tell this: by default, what our functions write."""
    letter: dict[str, Any] = {
        "id": MESSAGE_ID,
        "body": object_created(an_upload()),
        "attributes": {name: {"DataType": "String", "StringValue": text} for name, text in told.items()},
        "receipt_handle": f"receipt of {MESSAGE_ID}",
        "sent_at": UPLOADED_AT,
    }
    return Letter(**letter | changes)
