"""What operators do to uploads and messages, as events: one when an operation begins, and one when it ends."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from shared import times
from shared.envelope import Moment, Text, check_moments
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
    ENABLE_EVENTS = "EnableEvents"
    REMOVE_ORPHANED_PARTS = "RemoveOrphanedParts"
    DRAIN = "Drain"
    RESUME = "Resume"


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
