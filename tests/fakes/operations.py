"""Operations that nobody performed."""

import json
from typing import Any

import msgspec

from shared.events import COPYTRAIL_SOURCE, encode_detail
from shared.operations import Operation, OperationKind, Stage
from tests.fakes.bodies import envelope
from tests.fakes.outcomes import UPLOADED_AT


def an_operation(**changes: Any) -> Operation:
    """The beginning of a replay."""
    operation = Operation(
        operation_id="0a6b1a53-8d4f-4d3a-8d0d-3f5f8f6f0f10",
        kind=OperationKind.REPLAY,
        stage=Stage.STARTED,
        subject="copy queue",
        performed_by="arn:aws:iam::123456789012:user/eve",
        at=UPLOADED_AT,
        filters={"reason": "AccessDenied"},
        counts={"replayed": 3},
    )
    return msgspec.structs.replace(operation, **changes)


def operation_body(operation: Operation) -> str:
    """The message that tells the auditor of a stage of an operation."""
    return envelope(COPYTRAIL_SOURCE, operation.detail_type, json.loads(encode_detail(operation)))
