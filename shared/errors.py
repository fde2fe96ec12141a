"""The two kinds of failure, transient and permanent, their reason codes, and which AWS error code is of which kind."""

import re
from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """Why an upload was skipped or failed, where the reason is ours; AWS's own codes are used as they come."""

    SUPERSEDED = "Superseded"
    SOURCE_DELETED = "SourceDeleted"
    MALFORMED_EVENT = "MalformedEvent"
    UNSUPPORTED_EVENT = "UnsupportedEvent"
    NO_ROUTE = "NoRoute"
    TOO_LARGE = "TooLarge"
    KEY_TOO_LONG = "KeyTooLong"
    REQUESTER_PAYS = "RequesterPays"
    CUSTOMER_KEY = "EncryptedWithCustomerKey"
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


# A reason and its message go into an event, a record and a message attribute, each of which has a size limit.
_LONGEST_REASON = 128
_LONGEST_MESSAGE = 2048
_LEAST_RESOURCE = 256


class CopytrailError(Exception):
    """A failure with a reason code for machines and one sentence for people, both of a length that fits everywhere."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = _cut(str(reason), _LONGEST_REASON) or "Unknown"
        self.message = _cut(message, _LONGEST_MESSAGE)
        super().__init__(self.message)


class TransientError(CopytrailError):
    """A failure that a retry may cure."""


class PermanentError(CopytrailError):
    """A failure that only a person can cure."""


class AccessDeniedError(PermanentError):
    """A refusal for want of a permission. Those take effect late: the first receives of a message may be too early."""


class ConfigurationError(Exception):
    """The configuration cannot work; carries every problem found, not only the first."""

    def __init__(self, where: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"{where}: " + "; ".join(problems))


ARCHIVED_CODES = frozenset({"InvalidObjectState", "ObjectNotInActiveTierError"})

# Unknown codes are left out on purpose: they count as transient, and the receive count bounds them.
_PERMANENT_CODES = frozenset(
    {
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "BadRequest",
        "EntityTooLarge",
        "InvalidArgument",
        "InvalidBucketName",
        "InvalidBucketState",
        "InvalidRequest",
        "InvalidStorageClass",
        "InvalidTag",
        "InvalidURI",
        "KeyTooLongError",
        "MetadataTooLarge",
        "MethodNotAllowed",
        "NoSuchBucket",
        "NotFound",
        "NotImplemented",
        "PermanentRedirect",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "ValidationException",
    }
    | ARCHIVED_CODES
)


# IAM, bucket policies, and the policies and states of KMS keys take seconds to minutes to take effect ("Changes that I
# make are not always immediately visible", IAM user guide; "AWS KMS eventual consistency", KMS developer guide).
_DENIED_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "KMS.AccessDeniedException",
        "KMS.DisabledException",
        "KMS.InvalidStateException",
        "KMS.NotFoundException",
        "NotAuthorized",
        "UnauthorizedAccess",
        "UnrecognizedClientException",
    }
)

# The answer to a HEAD has no body, so botocore gives its status for a code ("HeadObject", S3 API reference).
_CODES_BY_STATUS = {
    "301": "PermanentRedirect",
    "400": "BadRequest",
    "403": "AccessDenied",
    "404": "NotFound",
    "405": "MethodNotAllowed",
    "412": "PreconditionFailed",
    "500": "InternalError",
    "501": "NotImplemented",
    "503": "ServiceUnavailable",
}
_BAD_REQUEST_CAUSES = (
    "S3 does not say why: the key may be longer than 1,024 bytes, the object may be encrypted with a key that only its "
    "owner has (SSE-C), the version id may not be one of S3's, or the credentials may have expired"
)

# Elements of an error's body that repeat what is known, or that nobody else may see ("Error responses", S3 API
# reference: what a wrong signature was computed from, session tokens, key ids).
_PLAIN_ELEMENTS = frozenset({"Code", "Message", "Type", "RequestId", "HostId"})
_SECRET_ELEMENT = re.compile("sign|token|accesskey|canonical|credential", re.IGNORECASE)
_LONGEST_NAMING = 400


def from_aws_code(code: str, message: str, *, action: str, resource: str) -> CopytrailError:
    """Turn an AWS error code into the kind of failure it is.

    Args:
        code: the error code of the response (its status, where there was no body), or the name of a connection error's
            class.
        message: what AWS said.
        action: the permission that the call needs, such as `s3:GetObject`, or the call where it needs several.
        resource: what the call was made on, as a person would look it up.

    Source: "Error responses" of the S3 API reference; "Common errors" of SQS, EventBridge and DynamoDB.
    """
    if code == "400":
        message = f"{message} ({_BAD_REQUEST_CAUSES})"
    reason = _CODES_BY_STATUS.get(code, code)
    kind = _kind_of(reason)
    if reason == "AccessDeniedException":
        reason = "AccessDenied"
    elif reason in ARCHIVED_CODES:
        reason = Reason.ARCHIVED
        message = f"{message.rstrip('.')}. Restore the object: the copy then runs by itself."
    return kind(reason, sentence(action, resource, message))


def sentence(action: str, resource: str, cause: str) -> str:
    """What was asked for, and why that failed. Of names too long for both, the end is cut: never the cause."""
    room = max(_LEAST_RESOURCE, _LONGEST_MESSAGE - len(f"{action} on : {cause}"))
    return f"{action} on {_cut(resource, room)}: {cause}"


def _kind_of(code: str) -> type[CopytrailError]:
    if code in _DENIED_CODES:
        return AccessDeniedError
    return PermanentError if code in _PERMANENT_CODES else TransientError


_BEFORE_A_COPY = (
    _PERMANENT_CODES
    | _DENIED_CODES
    | {
        Reason.ARCHIVED,
        Reason.CUSTOMER_KEY,
        Reason.DESTINATION_NOT_VERSIONED,
        Reason.KEY_TOO_LONG,
        Reason.MALFORMED_EVENT,
        Reason.NO_ORDER,
        Reason.NO_ROUTE,
        Reason.REQUESTER_PAYS,
        Reason.TOO_LARGE,
        Reason.UNSUPPORTED_EVENT,
    }
)


def comes_before_copy(reason: str) -> bool:
    """Whether a copier fails for this reason before it has copied anything: no delivery could get beyond it."""
    return reason in _BEFORE_A_COPY


def without_surrogates(text: str) -> str:
    """The same text as UTF-8 can write it: JSON may hold halves of a surrogate pair, which it cannot."""
    return text.encode(errors="replace").decode()


def explained(error: Mapping[str, object]) -> str:
    """What the `Error` element of an answer says: its message, and the header, argument or resource that it names.

    An S3-compatible store that lacks something says which header it stumbled on only in such an element.
    """
    message = str(error.get("Message") or "")
    named = ", ".join(
        f"{name}: {' '.join(value.split())}"
        for name, value in error.items()
        if isinstance(value, str) and value and name not in _PLAIN_ELEMENTS and not _SECRET_ELEMENT.search(name)
    )
    return f"{message} ({_cut(named, _LONGEST_NAMING)})".lstrip() if named else message


def _cut(text: str, longest: int) -> str:
    text = without_surrogates(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
