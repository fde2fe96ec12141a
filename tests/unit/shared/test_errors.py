"""Which AWS error is worth a retry, and what a person is told."""

import pytest

from shared.errors import AccessDeniedError, CopytrailError, PermanentError, TransientError, explained, from_aws_code


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("SlowDown", TransientError, "SlowDown"),
        ("InternalError", TransientError, "InternalError"),
        ("ProvisionedThroughputExceededException", TransientError, "ProvisionedThroughputExceededException"),
        ("SomethingNew", TransientError, "SomethingNew"),
        ("ExpiredToken", TransientError, "ExpiredToken"),
        ("AccessDenied", AccessDeniedError, "AccessDenied"),
        ("AccessDeniedException", AccessDeniedError, "AccessDenied"),
        ("KMS.AccessDeniedException", AccessDeniedError, "KMS.AccessDeniedException"),
        ("KMS.DisabledException", AccessDeniedError, "KMS.DisabledException"),
        ("InvalidAccessKeyId", AccessDeniedError, "InvalidAccessKeyId"),
        ("NoSuchBucket", PermanentError, "NoSuchBucket"),
        ("KeyTooLongError", PermanentError, "KeyTooLongError"),
        ("InvalidObjectState", PermanentError, "Archived"),
        ("ObjectNotInActiveTierError", PermanentError, "Archived"),
    ],
)
def test_codes_are_permanent_only_when_known_to_be(code: str, kind: type[CopytrailError], reason: str) -> None:
    error = from_aws_code(code, "No.", action="s3:GetObject", resource="s3://in/k")

    assert type(error) is kind
    assert error.reason == reason
    assert error.message.startswith("s3:GetObject on s3://in/k: No.")


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        ("301", PermanentError, "PermanentRedirect"),
        ("400", PermanentError, "BadRequest"),
        ("403", AccessDeniedError, "AccessDenied"),
        ("404", PermanentError, "NotFound"),
        ("405", PermanentError, "MethodNotAllowed"),
        ("412", TransientError, "PreconditionFailed"),
        ("500", TransientError, "InternalError"),
        ("501", PermanentError, "NotImplemented"),
        ("503", TransientError, "ServiceUnavailable"),
        ("599", TransientError, "599"),
    ],
)
def test_an_answer_without_a_body_is_read_by_its_status(status: str, kind: type[CopytrailError], reason: str) -> None:
    error = from_aws_code(status, "No", action="s3:GetObject", resource="s3://in/k")

    assert (type(error), error.reason) == (kind, reason)


def test_a_bad_request_without_a_body_names_what_may_be_wrong() -> None:
    message = from_aws_code("400", "Bad Request", action="s3:GetObject", resource="s3://in/k").message

    assert message.startswith("s3:GetObject on s3://in/k: Bad Request (S3 does not say why: ")
    for cause in ("1,024 bytes", "SSE-C", "version id", "credentials"):
        assert cause in message


def test_what_is_not_implemented_is_named() -> None:
    unknown = "A header you provided implies functionality that is not implemented"
    error = {"Code": "NotImplemented", "Message": unknown, "Header": "x-amz-tagging", "RequestId": "4D", "HostId": "h"}

    assert explained(error) == f"{unknown} (Header: x-amz-tagging)"


def test_a_wrong_argument_is_named_with_its_value_on_one_line() -> None:
    error = {
        "Message": "Invalid",
        "ArgumentName": "x-amz-acl",
        "ArgumentValue": "a\n  b",
        "Detail": {"Parsed": "oddly"},
    }

    assert explained(error) == "Invalid (ArgumentName: x-amz-acl, ArgumentValue: a b)"


def test_what_names_the_mistake_is_kept_short() -> None:
    assert len(explained({"Message": "Invalid", "ArgumentValue": "v" * 10_000})) < 500


def test_nothing_secret_is_told() -> None:
    error = {
        "Message": "No.",
        "AWSAccessKeyId": "AKIA",
        "StringToSign": "AWS4",
        "SignatureProvided": "ab",
        "CanonicalRequest": "GET",
        "Token-0": "t",
    }

    assert explained(error) == "No."
