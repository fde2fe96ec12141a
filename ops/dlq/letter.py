"""A dead-lettered message, `letter` for short: what it is about, and why it is in the dead-letter queue."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from shared import times
from shared.errors import PermanentError, Reason, comes_before_copy
from shared.event_decoding import decode_audited, decode_request
from shared.events import Completion, CopyRequest, Upload
from shared.lambda_runtime.message import (
    ATTEMPTS,
    FIRST_SEEN,
    LOG_ID,
    MESSAGE,
    REASON,
    REPLAYED_BY,
    delivery_count,
    sent_at,
)
from shared.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

# What stands for the reason where there is none.
NO_REASON_RECORDED = "NoReasonRecorded"
NOT_OURS = "NotOurs"
# What a shell completes. AWS has more: these are usual ones of S3, and EventBridge's for a queue that it cannot reach
# ("Using dead-letter queues to process undelivered events", EventBridge user guide).
KNOWN_REASONS = (
    NO_REASON_RECORDED,
    NOT_OURS,
    *(reason for reason in Reason if reason not in (Reason.SUPERSEDED, Reason.SOURCE_DELETED)),
    *("AccessDenied", "InternalError", "InvalidRequest", "NoSuchBucket", "RequestTimeout", "ServiceUnavailable"),
    *("SlowDown", "Throttled", "CONNECTION_FAILURE", "INTERNAL_ERROR", "INVALID_PARAMETER", "NO_PERMISSIONS"),
    *("NO_RESOURCE", "SDK_CLIENT_ERROR", "THROTTLING", "TIMEOUT", "UNKNOWN"),
)


class ReasonFrom(StrEnum):
    """Who recorded why a message is in the dead-letter queue."""

    COPYTRAIL = "Copytrail"
    EVENTBRIDGE = "EventBridge"
    NOBODY = "Nobody"
    NOT_OURS = "NotOurs"


class Cause(NamedTuple):
    """Why a message is in the dead-letter queue.

    `reason`: its code; `NoReasonRecorded` without one, `NotOurs` when the body is no event of ours. `message`: the same
    in a sentence. `attempts`: how often it was delivered before, where that is known.
    """

    reason_from: ReasonFrom
    reason: str
    message: str
    attempts: int | None = None


@dataclass(frozen=True)
class Letter:
    """A dead-lettered message. `attributes` are as boto3 gives them, so that they can be sent again.

    `sent_at` is 1970 where the queue does not tell: then it counts as one of the oldest. `trace_header`: SQS's own
    attribute AWSTraceHeader, by which X-Ray knows what the message is part of.
    """

    id: str
    body: str
    attributes: "Mapping[str, MessageAttributeValueOutputTypeDef]"
    receipt_handle: str
    sent_at: datetime
    trace_header: str | None = None

    @classmethod
    def of(cls, message: "MessageTypeDef") -> "Letter":
        """The letter that ReceiveMessage gave, with all its attributes and those of SQS's own that are told here."""
        of_sqs = message.get("Attributes", {})
        return cls(
            id=message["MessageId"],
            body=message["Body"],
            attributes=message.get("MessageAttributes", {}),
            receipt_handle=message["ReceiptHandle"],
            sent_at=sent_at(of_sqs.get("SentTimestamp")) or times.from_epoch_milliseconds(0),
            trace_header=of_sqs.get("AWSTraceHeader") or None,
        )

    @cached_property
    def about(self) -> CopyRequest | Completion | Operation | PermanentError:
        """What the body is, or why it is none of our events."""
        try:
            return decode_request(self.body)
        except PermanentError as no_request:
            try:
                return decode_audited(self.body)
            except PermanentError as not_audited:
                # The one that knows the kind of event knows what is wrong with it.
                return no_request if not_audited.reason == Reason.UNSUPPORTED_EVENT else not_audited

    @property
    def request(self) -> CopyRequest | None:
        """What a message of the copy queue asks for."""
        return self.about if isinstance(self.about, CopyRequest) else None

    @cached_property
    def upload(self) -> Upload | None:
        """The upload it is about, if it is about one."""
        return self.about.upload if isinstance(self.about, CopyRequest | Completion) else None

    @cached_property
    def cause(self) -> Cause:
        """Why it is here, as whoever put it here recorded it."""
        # A replayed letter keeps its attributes, and none of them says why it came back.
        was_replayed = REPLAYED_BY in self.attributes
        by_eventbridge = "" if was_replayed else self.text("ERROR_CODE")
        by_copytrail = "" if was_replayed or by_eventbridge else self.text(REASON)
        if by_copytrail:
            attempts = delivery_count(self.text(ATTEMPTS))
            return Cause(ReasonFrom.COPYTRAIL, by_copytrail, self.text(MESSAGE), attempts)
        # Of a body that the copier could not decode, it recorded just that; it cannot be decoded now either.
        if isinstance(self.about, PermanentError):
            return Cause(ReasonFrom.NOT_OURS, NOT_OURS, self.about.message)
        if by_eventbridge:
            retries = delivery_count(self.text("RETRY_ATTEMPTS"))
            attempts = None if retries is None else 1 + retries
            return Cause(ReasonFrom.EVENTBRIDGE, by_eventbridge, self.text("ERROR_MESSAGE"), attempts)
        return Cause(ReasonFrom.NOBODY, NO_REASON_RECORDED, self._no_reason_recorded)

    @property
    def is_ours(self) -> bool:
        """Whether it is one of copytrail's own messages."""
        return self.cause.reason_from is not ReasonFrom.NOT_OURS

    @property
    def log_id(self) -> str | None:
        """The LogID of the failure's record; without one, that of the record that a copy makes or has made."""
        if self.cause.reason_from is ReasonFrom.COPYTRAIL:
            return self.text(LOG_ID) or None
        return self._log_id_of_body

    def copy_log_id(self, *, failed_message_id: str | None = None) -> str | None:
        """The LogID of the record that a copy makes, or a failure of that message; None: it asks for no copy."""
        return self.request.log_id(failed_message_id=failed_message_id) if self.request else None

    @property
    def may_have_copied(self) -> bool:
        """Whether one of its deliveries may have copied, and ended before it checked that this was the newest upload.

        A crash may come after the copy, and so may a transient failure; a permanent one comes before it.
        """
        match self.cause.reason_from:
            case ReasonFrom.NOBODY:
                return True
            case ReasonFrom.COPYTRAIL:
                return not comes_before_copy(self.cause.reason)
            case _:
                return False

    @property
    def first_seen(self) -> datetime:
        """When it was sent for the first time; of EventBridge's own letters, when it gave up."""
        try:
            return times.from_text(self.text(FIRST_SEEN))
        except ValueError:
            return self.sent_at

    @property
    def bucket(self) -> str:
        """The source bucket, or ""."""
        return self.upload.bucket if self.upload else ""

    @property
    def key(self) -> str:
        """The key in the source bucket, or ""."""
        return self.upload.key if self.upload else ""

    @property
    def size(self) -> int | None:
        """The size of the upload in bytes, if it is about one."""
        return self.upload.size if self.upload else None

    @property
    def url(self) -> str:
        """`s3://bucket/key` of the upload, or ""."""
        return self.upload.url if self.upload else ""

    @property
    def title(self) -> str:
        """What a person calls it: the upload, or what else it is about, or ""."""
        if isinstance(self.about, Operation):
            return f"{self.about.kind} {self.about.stage}, by {self.about.performed_by}"
        return self.url

    def text(self, attribute: str) -> str:
        """The text of one attribute, or ""."""
        value = self.attributes.get(attribute)
        return value.get("StringValue", "") if value else ""

    @property
    def _log_id_of_body(self) -> str | None:
        if isinstance(self.about, CopyRequest):
            return self.copy_log_id()
        return None if isinstance(self.about, PermanentError) else self.about.log_id

    @property
    def _no_reason_recorded(self) -> str:
        look_up = f"`copytrail audit {f'history {quote(self.url)}' if self.request else f'get {self._log_id_of_body}'}`"
        replayed = f", and {self.text(REPLAYED_BY)} had replayed it" if REPLAYED_BY in self.attributes else ""
        return (
            f"no reason recorded: look up LogID {self._log_id_of_body} with {look_up}; SQS put it here after too many"
            f" deliveries, as it does after crashes and time-outs{replayed}"
        )
