"""A check that fails does not hide the rest, but credentials that do not work hide everything."""

from typing import Never

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from ops.errors import CommandError, UsageError
from ops.status.snapshot import Unavailable, or_unavailable
from shared.lambda_runtime.aws import translated


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetMetricData")


def raising(error: Exception) -> Never:
    with translated("cloudwatch:GetMetricData", "AWS/SQS"):
        raise error


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (refused("AccessDenied"), "AccessDenied: cloudwatch:GetMetricData on AWS/SQS: no"),
        (refused("Throttling"), "Throttling: cloudwatch:GetMetricData on AWS/SQS: no"),
        (EndpointConnectionError(endpoint_url="https://e", error="x"), "https://e does not answer"),
        (UsageError("the DLQ has a redrive policy"), "the DLQ has a redrive policy"),
        (CommandError("no such queue"), "no such queue"),
    ],
    ids=str,
)
def test_what_is_refused_says_why(error: Exception, why: str) -> None:
    found = or_unavailable(lambda: raising(error))
    assert isinstance(found, Unavailable)
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    "error", [refused("ExpiredToken"), refused("InvalidClientTokenId"), NoCredentialsError()], ids=str
)
def test_credentials_that_do_not_work_end_it(error: Exception) -> None:
    with pytest.raises(UsageError, match="credentials"):
        or_unavailable(lambda: raising(error))


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        or_unavailable(lambda: 1 // 0)
