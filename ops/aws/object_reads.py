"""HEADs and small reads of single objects, and which of their failures are those of one object only."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore import exceptions
from botocore.exceptions import ClientError

from ops.errors import as_command_error, concerns_everything
from shared.errors import CopytrailError, PermanentError, TransientError
from shared.lambda_runtime.aws import is_gone, translated
from shared.routes import can_be_a_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# After so many calls in a row that had no answer, S3 is away, and not one object hard to get.
_MOST_UNANSWERED = 10


class Head(NamedTuple):
    """What HeadObject says of one object. `size` in bytes; `etag` without quotes; `answer`: all of it."""

    etag: str
    size: int
    last_modified: datetime
    answer: Mapping[str, Any]

    @property
    def version_id(self) -> str | None:
        """The version's id; None where the bucket keeps no versions, of which S3 says "null" or nothing."""
        version_id = self.answer.get("VersionId")
        return None if version_id == "null" else version_id


class ObjectReads:
    """Reads of single objects. May be shared by threads.

    What one object is the cause of (S3 refuses it, its headers cannot be read, no answer came) is a CopytrailError: who
    goes over many says so and goes on. What every object would fail with (no credentials, or expired ones; S3 away, as
    after ten calls in a row without an answer) is a CommandError, and ends the command.
    """

    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3
        self._lock = Lock()
        self._unanswered = 0
        self._buckets: set[str] = set()

    def head(self, bucket: str, key: str, **more: Any) -> Head | None:
        """The HeadObject answer, asked with `more`; None: there is no such object, nor can there be one.

        Raises:
            CopytrailError: it failed for this object; `NoSuchBucket`: its bucket is not there.
            CommandError: it would fail for every object.
        """
        if not can_be_a_key(key):
            return None
        where = f"s3://{bucket}/{key}"
        with self._one_of_many(), translated("s3:GetObject", where):
            try:
                answer = self._s3.head_object(Bucket=bucket, Key=key, **more)
            except ClientError as error:
                if not is_gone(error, of_version="VersionId" in more):
                    raise
                self._check_bucket(bucket, where)
                return None
        missing = [name for name in ("ETag", "ContentLength", "LastModified") if name not in answer]
        if missing:
            raise TransientError(
                "ResponseParserError", f"s3:GetObject on {where}: the answer has no {', '.join(missing)}"
            )
        return Head(answer["ETag"].strip('"'), answer["ContentLength"], answer["LastModified"], answer)

    def tags(self, bucket: str, key: str) -> Mapping[str, str]:
        """The tags of an object.

        Raises:
            CopytrailError: it failed for this object.
            CommandError: it would fail for every object.
        """
        with self._one_of_many(), translated("s3:GetObjectTagging", f"s3://{bucket}/{key}"):
            tags = self._s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def _check_bucket(self, bucket: str, where: str) -> None:
        if bucket in self._buckets:
            return
        try:
            self._s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "404":
                message = f"s3:GetObject on {where}: the bucket does not exist"
                raise PermanentError("NoSuchBucket", message) from error
        self._buckets.add(bucket)

    @contextmanager
    def _one_of_many(self) -> Iterator[None]:
        try:
            yield
        except CopytrailError as error:
            if self._is_away(error) or concerns_everything(error):
                raise as_command_error(error) from error
            raise
        with self._lock:
            self._unanswered = 0

    def _is_away(self, error: CopytrailError) -> bool:
        no_answer = isinstance(error.__cause__, exceptions.ConnectionError | exceptions.HTTPClientError)
        with self._lock:
            self._unanswered = self._unanswered + 1 if no_answer else 0
            return self._unanswered >= _MOST_UNANSWERED


def why_not(error: CopytrailError) -> str:
    """Why one object could not be read, for a person."""
    return f"{error.message.rstrip('.')} ({error.reason})"
