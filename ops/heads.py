"""Owns a look at one object of S3: what is told of it, or that it is not there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A HEAD's answer has no body, so that S3 tells the status alone.
_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})


def head_object(s3: "S3Client", bucket: str, key: str, **more: Any) -> Mapping[str, Any] | None:
    """What HeadObject tells; None: there is no such object.

    Raises:
        CopytrailError: S3 did not answer, or refused.
    """
    with translated("s3:GetObject", f"s3://{bucket}/{key}"):
        try:
            return s3.head_object(Bucket=bucket, Key=key, **more)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return None
            raise
