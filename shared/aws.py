"""Owns how boto3 is set up and how its exceptions become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import Transient, from_aws_code


def client(service: str, *, connections: int, read_timeout_s: int, attempts: int = 3) -> Any:
    """A boto3 client that may be shared by `connections` threads.

    Retries are adaptive, because S3 takes 3,500 writes/s per prefix and says SlowDown past that. Endpoints are boto3's
    own business: AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> are honoured.
    """
    return boto3.client(
        service,  # type: ignore[call-overload]  # boto3-stubs types literal service names only
        config=Config(
            connect_timeout=5,
            read_timeout=read_timeout_s,
            max_pool_connections=connections,
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            tcp_keepalive=True,
            user_agent_extra="copytrail",
        ),
    )


@contextmanager
def translated(action: str, resource: str) -> Iterator[None]:
    """Raise what boto3 raises as Transient or Permanent, naming the action (`s3:PutObject`) and the resource.

    Raises:
        CopytrailError: the call failed; the AWS error is its cause.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        raise from_aws_code(
            str(details.get("Code", "Unknown")), str(details.get("Message", error)), action=action, resource=resource
        ) from error
    except BotoCoreError as error:
        raise Transient(type(error).__name__, f"{action} on {resource}: {error}") from error
