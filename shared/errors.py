"""Owns the two kinds of failure, and which AWS error code is of which kind."""

from enum import StrEnum


class Reason(StrEnum):
    """Why an upload was skipped or failed, where the reason is ours; AWS's own codes are used as they come."""

    SUPERSEDED = "Superseded"
    SOURCE_DELETED = "SourceDeleted"
    MALFORMED_EVENT = "MalformedEvent"
    UNSUPPORTED_EVENT = "UnsupportedEvent"
    NO_ROUTE = "NoRoute"
    TOO_LARGE = "TooLarge"
    ARCHIVED = "Archived"
    DESTINATION_NOT_VERSIONED = "DestinationNotVersioned"
    CHECKSUM_MISMATCH = "ChecksumMismatch"
    CONTENDED = "Contended"
    LOG_ID_CONFLICT = "LogIdConflict"
    NO_ORDER = "NoOrder"
    OUT_OF_TIME = "OutOfTime"
    EVENT_NOT_ACCEPTED = "EventNotAccepted"
    LETTER_NOT_ACCEPTED = "LetterNotAccepted"
    UNEXPECTED_ERROR = "UnexpectedError"


class CopytrailError(Exception):
    """A failure with a reason code for machines and one sentence for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = str(reason)
        self.message = message


class Transient(CopytrailError):
    """A failure that a retry may cure."""


class Permanent(CopytrailError):
    """A failure that only a person can cure."""


class ConfigurationError(Exception):
    """The configuration cannot work; carries every problem found, not only the first."""

    def __init__(self, where: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"{where}: " + "; ".join(problems))


ARCHIVED_CODES = frozenset({"InvalidObjectState", "ObjectNotInActiveTierError"})

# Unknown codes are left out on purpose: they count as transient, and the receive count bounds them.
_PERMANENT_CODES = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "EntityTooLarge",
        "InvalidAccessKeyId",
        "InvalidArgument",
        "InvalidBucketName",
        "InvalidBucketState",
        "InvalidRequest",
        "InvalidStorageClass",
        "InvalidTag",
        "InvalidURI",
        "KMS.AccessDeniedException",
        "KMS.DisabledException",
        "KMS.InvalidStateException",
        "KMS.NotFoundException",
        "KeyTooLongError",
        "MetadataTooLarge",
        "MethodNotAllowed",
        "NoSuchBucket",
        "NotImplemented",
        "PermanentRedirect",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "ValidationException",
    }
    | ARCHIVED_CODES
)


def from_aws_code(code: str, message: str, *, action: str, resource: str) -> CopytrailError:
    """Turn an AWS error code into the kind of failure it is.

    Args:
        code: the error code of the response, or the name of a connection error's class.
        message: what AWS said.
        action: the permission that the call needs, such as `s3:GetObject`, or the call where it needs several.
        resource: what the call was made on, as a person would look it up.

    Source: "Error responses" of the S3 API reference; "Common errors" of SQS, EventBridge and DynamoDB.
    """
    kind = Permanent if code in _PERMANENT_CODES else Transient
    reason = code
    if code in {"403", "AccessDeniedException"}:
        reason = "AccessDenied"
    elif code in ARCHIVED_CODES:
        reason = Reason.ARCHIVED
        message = f"{message.rstrip('.')}. Restore the object: the copy then runs by itself."
    return kind(reason, f"{action} on {resource}: {message}")
