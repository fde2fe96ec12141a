"""Owns what operators do to uploads and messages, as events: each is told of when it begins and when it ends."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from shared import times
from shared.envelope import Envelope, Moment, Readers, Text, check_moments, decode, detail, malformed
from shared.events import COMPLETION_READERS, COPYTRAIL_SOURCE, Completion
from shared.log_id import operation_log_id

OPERATION_STARTED = "Operation Started"
OPERATION_ENDED = "Operation Ended"


class OperationKind(StrEnum):
    """What an operator did."""

    REPLAY = "Replay"
    DROP = "Drop"
    IMPORT = "Import"
    BACKFILL = "Backfill"
    REPAIR = "Repair"


class Stage(StrEnum):
    """Whether it was begun, or ended, and how."""

    STARTED = "Started"
    COMPLETED = "Completed"
    INTERRUPTED = "Interrupted"
    FAILED = "Failed"


class Operation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One stage of what an operator did: the detail of "Operation Started" and "Operation Ended".

    `subject` says to what: a queue, a bucket. `performed_by` is the caller's ARN. `counts` say of how many things what
    became of them.
    """

    operation_id: Text
    kind: OperationKind
    stage: Stage
    subject: Text
    performed_by: Text
    at: Moment
    version: Literal["1"] = "1"
    filters: Mapping[str, str] = msgspec.field(default_factory=dict)
    counts: Mapping[str, int] = msgspec.field(default_factory=dict)
    message: str | None = None

    def __post_init__(self) -> None:
        check_moments(at=self.at)

    @property
    def log_id(self) -> str:
        """The LogID of this stage's record. An operation that goes on later has a stage of its own each time."""
        return operation_log_id(self.operation_id, self.stage, times.to_text(self.at))

    @property
    def detail_type(self) -> str:
        """The EventBridge detail-type that goes with the stage."""
        return OPERATION_STARTED if self.stage is Stage.STARTED else OPERATION_ENDED


Audited = Completion | Operation


def decode_audited(body: str) -> Audited:
    """Read a message of the audit queue: how a transfer ended, or what an operator did.

    Raises:
        PermanentError: `MalformedEvent`, naming the field; `UnsupportedEvent`, naming the kind of event.
    """
    return decode(body, _AUDITED_READERS)


def _operation(envelope: Envelope) -> Operation:
    operation = detail(envelope, Operation)
    if operation.detail_type != envelope.detail_type:
        raise malformed(f"stage {operation.stage} came as '{envelope.detail_type}' - at `$.detail.stage`")
    return operation


_AUDITED_READERS: Readers[Audited] = {
    **COMPLETION_READERS,
    (COPYTRAIL_SOURCE, OPERATION_STARTED): _operation,
    (COPYTRAIL_SOURCE, OPERATION_ENDED): _operation,
}
