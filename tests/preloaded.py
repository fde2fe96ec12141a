"""What the fork server has read before the first command: `copytrail`, and AWS's descriptions of its services."""

import functools
from typing import Any, cast

import boto3
import botocore.session

from ops import cli

__all__ = ["cli"]

_SERVICES = ("cloudformation", "cloudwatch", "dynamodb", "events", "s3", "sqs", "sts")

# Every session of botocore's reads the descriptions anew; here they share one reader.
_botocore_session = cast(Any, botocore.session)
_botocore_session.create_loader = functools.cache(_botocore_session.create_loader)
_session = boto3.Session("none", "none", region_name="us-east-1")
for _service in _SERVICES:
    _session.client(_service).close()  # type: ignore[call-overload]  # boto3-stubs types literal service names only
