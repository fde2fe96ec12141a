"""CloudFormation's and STS's answers: one stack named `copytrail`, and the caller's identity."""

import json
from collections.abc import Mapping
from html import escape

import msgspec

from benchmarks.dataset.objects import DESTINATION_BUCKET, SOURCE_BUCKET
from benchmarks.endpoint import AUDIT_DLQ, AUDIT_QUEUE, COPY_DLQ, COPY_QUEUE
from ops.stack import Output
from shared.routes import Route

_ACCOUNT = "123456789012"
_ARN = f"arn:aws:iam::{_ACCOUNT}"


def describe_stacks(endpoint: str) -> str:
    """The answer to DescribeStacks."""
    outputs = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
        for key, value in _outputs(endpoint).items()
    )
    return _written(
        "DescribeStacks",
        f"<Stacks><member><StackName>copytrail</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
        f"<CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>{outputs}</Outputs></member></Stacks>",
    )


def get_caller_identity() -> str:
    """The answer to GetCallerIdentity."""
    return _written(
        "GetCallerIdentity",
        f"<Arn>{_ARN}:user/benchmark</Arn><UserId>AIDAIENQZJOLO23YVJ4VO</UserId><Account>{_ACCOUNT}</Account>",
    )


def _outputs(endpoint: str) -> Mapping[str, str]:
    routes = [Route(source_bucket=SOURCE_BUCKET, destination_bucket=DESTINATION_BUCKET)]
    queue_urls = {
        Output.COPY_QUEUE_URL: COPY_QUEUE,
        Output.COPY_DLQ_URL: COPY_DLQ,
        Output.AUDIT_QUEUE_URL: AUDIT_QUEUE,
        Output.AUDIT_DLQ_URL: AUDIT_DLQ,
    }
    return {
        **{output: f"of-the-benchmark-{output}" for output in Output},
        **{output: f"{endpoint}/{_ACCOUNT}/{name}" for output, name in queue_urls.items()},
        Output.ROUTES: msgspec.json.encode(routes).decode(),
        Output.BUCKET_NAMES: json.dumps({"source": SOURCE_BUCKET, "destination": DESTINATION_BUCKET}),
        Output.PARTS: json.dumps({"threshold": 256 << 20, "part": 64 << 20}),
    }


def _written(action: str, result: str) -> str:
    return (
        f"<{action}Response><{action}Result>{result}</{action}Result>"
        f"<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"
    )
