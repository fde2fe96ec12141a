"""Paths on the emulated AWS: every key that S3 allows is found, and every region that AWS has."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError


def test_a_key_may_hold_line_ends(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()

    gap_aws.s3.put_object(Bucket="source", Key="a\nb\n", Body=b"body")

    assert gap_aws.s3.get_object(Bucket="source", Key="a\nb\n")["Body"].read() == b"body"


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "list_buckets"),
        ("sqs", "list_queues"),
        ("cloudformation", "describe_stacks"),
        ("lambda", "list_functions"),
    ],
)
def test_a_region_that_aws_does_not_have_gets_one_clear_error(aws: Any, service: Any, operation: str) -> None:
    session = boto3.Session("test", "test", region_name="nowhere-1")
    client = session.client(service, endpoint_url=aws.server.endpoint_url)
    with pytest.raises(ClientError, match="AWS has no region 'nowhere-1'"):
        getattr(client, operation)()
    client.close()


def test_another_region_that_aws_has_is_served(aws: Any) -> None:
    session = boto3.Session("test", "test", region_name="eu-west-1")
    client = session.client("sqs", endpoint_url=aws.server.endpoint_url)
    assert "QueueUrls" not in client.list_queues()
    client.close()
