"""The JSON of the commands as docs/cli.md documents it: the types that are printed, and one meaning for each name."""

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from localaws.demo.report import DemoUpload
from ops.audit.operations import OperationRun
from ops.audit.tally import PeriodCounts
from ops.backfill.commands import BackfillSummary, NotRequested
from ops.backfill.preview import PreviewSummary
from ops.dlq.results import LetterResult, ReplayOutcome, UnseenLetter
from ops.dlq.tables import DeadLetterJson, LetterReason
from ops.doctor.canary import CanaryStep
from ops.doctor.check import Finding
from ops.reconcile.differences import Difference
from ops.reconcile.report import ReconcileSummary
from ops.status.screen import Status
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.record import Record

Type = type[msgspec.Struct]

# What each command prints with --json, by what a person types.
PRINTED: Mapping[str, tuple[Type, ...]] = {
    "copytrail audit get": (Record, OperationRecord, OperationRun),
    "copytrail audit history": (Record,),
    "copytrail audit list": (Record,),
    "copytrail audit operations": (OperationRun,),
    "copytrail audit stats": (PeriodCounts,),
    "copytrail audit tail": (Record,),
    "copytrail backfill": (PreviewSummary, NotRequested, BackfillSummary),
    "copytrail demo": (DemoUpload,),
    "copytrail dlq drop": (LetterResult, UnseenLetter),
    "copytrail dlq ls": (DeadLetterJson, LetterReason),
    "copytrail dlq replay": (LetterResult, UnseenLetter, ReplayOutcome),
    "copytrail dlq show": (DeadLetterJson,),
    "copytrail doctor": (Finding, CanaryStep),
    "copytrail reconcile": (Difference, ReconcileSummary),
    "copytrail status": (Status,),
}

MEANINGS: Mapping[str, str] = {
    "About": "what it is about, where that is no upload",
    "AgeSeconds": "for how long it is known of",
    "Amount": "so many of the unit",
    "Archived": "whether it must be restored before it can be copied",
    "Aspects": "in what both ends differ: `size`, `etag`, `checksum`, `metadata`, `tags`, a header's name",
    "At": "when",
    "AtLeast": "whether there are more transfers than were counted",
    "Attempt": "by which delivery of its message it ended",
    "Attempts": "how often it was delivered before it became a dead letter",
    "Attributes": "the message's attributes, as SQS has them: `DataType`, and `StringValue` or (Base64) `BinaryValue`",
    "BeginsAt": "the first moment of the period, UTC; the total has none",
    "Body": "the message itself",
    "BySizeOnly": "of how many nothing but the size could be compared",
    "Checksum": "of the copy, Base64",
    "ChecksumAlgorithm": "such as `CRC64NVME`",
    "ChecksumType": "`FULL_OBJECT` or `COMPOSITE`",
    "CopyDeleted": "copied once, and deleted at the destination since",
    "CopiedAt": "when the copy on record was made",
    "Command": "what to type to mend it",
    "Cost": "the bill, line by line",
    "Counts": "what became of how many things",
    "DeadLetters": "how many messages the dead-letter queue holds, about",
    "DeadLettersByReason": "how many of those that were read",
    "Delayed": "messages that are not to be delivered yet, about",
    "DestinationBucket": "where the copy is, or belongs",
    "DestinationETag": "of the copy",
    "DestinationKey": "the key of the copy",
    "DestinationModifiedAt": "when the object at the destination was written",
    "DestinationPrefix": "what the route puts in front of each key",
    "DestinationSize": "of the object at the destination, in bytes",
    "DestinationVersionId": "of the copy, in a bucket that keeps versions",
    "Different": "not the same at both ends",
    "Differences": "how many there are",
    "EndedAt": "when it ended, if that is on record",
    "Endings": "how many records by outcome and reason",
    "Example": "the message of one of them",
    "Failed": "how many failed",
    "FailedByReason": "how many failed for which reason",
    "Filters": "what narrowed it down, as it was typed",
    "FinishedAt": "when it ended",
    "FirstSeen": "when the message was sent for the first time",
    "HeadFailed": "how many HeadObject failed for",
    "Health": "how the system is; `Unclear`: not everything could be read",
    "InFlight": "under way: of a queue, messages that somebody has received; of objects, those too new to judge",
    "IsDifference": "whether it counts as a difference",
    "Item": "what it is for",
    "Kind": "what kind it is of; `Summary`: the last line",
    "LastHour": "what ended within the last hour",
    "LastTransfer": "the newest record of the last seven days",
    "LeftOut": "how many objects, for which reason",
    "Letters": "how many dead letters",
    "LogID": "the record's id",
    "LoggedAt": "when the record was written",
    "Max": "the longest, in seconds",
    "Message": "why, in a sentence",
    "MessageId": "SQS's id of the message",
    "Method": "how it was copied",
    "Missing": "in the source, not at the destination",
    "NewestFirstSeen": "the last `FirstSeen`",
    "NoRecord": "at both ends, and not on record",
    "NoSource": "at the destination, not in the source",
    "NotRead": "what could not be read, and why",
    "ObjectKey": "the key in the source bucket",
    "Objects": "how many objects",
    "OldestAgeSeconds": "for how long the oldest has been there",
    "OldestFirstSeen": "the first `FirstSeen`",
    "Operation": "what an operator did",
    "OperationId": "the operation's id",
    "Outcome": "how the transfer ended",
    "Outcomes": "how many records by outcome",
    "P50": "half took no longer, in seconds",
    "P95": "95 % took no longer, in seconds",
    "P99": "99 % took no longer, in seconds",
    "Parts": "in how many parts it was copied",
    "PerformedBy": "who did it, an ARN",
    "Period": "what the counts are of",
    "Prices": "which list of prices it is by",
    "Problems": "what is not as it must be; none: all is",
    "Queues": "by name, `copy` and `audit`",
    "Reason": "why, a code: one of AWS's or of copytrail's own",
    "ReasonFrom": "who recorded the reason; `NotOurs`: it is no message of copytrail's",
    "Records": "how many records",
    "Repair": "what was requested, if copies were",
    "Requested": "how many copies were requested",
    "RequestedBy": "who asked for the copy, an ARN",
    "Result": "what becomes of it; `Selected`: it would be replayed or dropped",
    "Route": "the route's number, from 1",
    "Routes": "what each route came to",
    "Same": "the same at both ends",
    "SentAt": "when it came into the dead-letter queue",
    "Seconds": "since the upload began, until it was seen",
    "Sequencer": "S3's order of the uploads of one key",
    "Size": "bytes",
    "SizeCopied": "bytes that were copied",
    "SourceBucket": "where the upload is",
    "SourceDeleted": "how many were deleted from the source meanwhile",
    "SourceETag": "of the upload",
    "SourceMessage": "why nothing is known of the source, in a sentence",
    "SourceVersionId": "of the upload, in a bucket that keeps versions",
    "Stage": "how far it has come; `Started`, where no end is on record: it goes on, or was killed",
    "StartedAt": "when it began",
    "State": "what a check found; `Unknown`: it could not look",
    "Step": "what happened to the canary",
    "Subject": "what was worked on: a queue, a bucket",
    "TooLong": "of how many the key at the destination would be too long",
    "Transfers": "how many were counted",
    "Trigger": "what set the copy going",
    "USD": "US dollars",
    "Unclear": "not the same beyond doubt, and S3 did not tell more",
    "Unit": "what is counted",
    "Unreadable": "how many records this version cannot read",
    "Upload": "what was uploaded",
    "UploadToCopied": "how long copies took from their upload, where any was made",
    "UploadedAt": "when the upload was made",
    "Waiting": "messages to be delivered, about",
    "Wrong": "why uploads cannot arrive or be recorded",
}

_WORDS = {str: "text", int: "number", float: "number", bool: "true or false", datetime: "moment"}


def types_of(printed: Iterable[Type]) -> list[Type]:
    """The types, each followed by those that it holds, each once."""
    found: dict[Type, None] = {}
    for type_ in printed:
        held = (each for field in msgspec.structs.fields(type_) for each in _structs(field.type))
        found |= dict.fromkeys([type_, *types_of(held)])
    return list(found)


def table(type_: Type) -> str:
    """The fields of a type, as a Markdown table."""
    lines = ["| field | type | | meaning |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(type_):
        always = "always" if field.required else "where known"
        lines.append(f"| `{field.encode_name}` | {_shown(field.type)} | {always} | {MEANINGS[field.encode_name]} |")
    return "\n".join(lines)


def name_of(type_: Type) -> str:
    """What a type is called on the page: `Operation run`."""
    return re.sub("(?<=[a-z])[A-Z]", lambda capital: f" {capital[0].lower()}", type_.__name__.removesuffix("Json"))


def link(type_: Type) -> str:
    """A link to the table of a type."""
    name = name_of(type_)
    return f"[{name.lower()}](#{anchor(name)})"


def anchor(heading: str) -> str:
    """What a heading is linked by, as GitHub makes it."""
    return heading.lower().replace(" ", "-")


def _structs(hint: Any) -> Iterator[Type]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for inner in get_args(hint):
        yield from _structs(inner)


def _shown(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Annotated, Union, types.UnionType):
        return _shown(next(each for each in inner if each is not type(None)))
    if origin is Literal:
        return " · ".join(f"`{each}`" for each in inner)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return " · ".join(f"`{each}`" for each in hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return link(hint)
    if origin in (tuple, list):
        return f"list of {_shown(inner[0])}"
    return f"object: name → {_shown(inner[1])}" if origin else _WORDS[hint]
