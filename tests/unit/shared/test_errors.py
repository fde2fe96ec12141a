"""Which AWS error is worth a retry, and what a person is told."""

import pytest

from shared.errors import CopytrailError, Permanent, Transient, from_aws_code


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("SlowDown", Transient, "SlowDown"),
        ("InternalError", Transient, "InternalError"),
        ("503", Transient, "503"),
        ("ProvisionedThroughputExceededException", Transient, "ProvisionedThroughputExceededException"),
        ("SomethingNew", Transient, "SomethingNew"),
        ("ExpiredToken", Transient, "ExpiredToken"),
        ("AccessDenied", Permanent, "AccessDenied"),
        ("403", Permanent, "AccessDenied"),
        ("AccessDeniedException", Permanent, "AccessDenied"),
        ("NoSuchBucket", Permanent, "NoSuchBucket"),
        ("KeyTooLongError", Permanent, "KeyTooLongError"),
        ("InvalidObjectState", Permanent, "Archived"),
        ("ObjectNotInActiveTierError", Permanent, "Archived"),
    ],
)
def test_codes_are_permanent_only_when_known_to_be(code: str, kind: type[CopytrailError], reason: str) -> None:
    error = from_aws_code(code, "No.", action="s3:GetObject", resource="s3://in/k")

    assert type(error) is kind
    assert error.reason == reason
    assert error.message.startswith("s3:GetObject on s3://in/k: No.")
