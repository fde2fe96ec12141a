"""Owns the only S3 calls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.copier.copying import ConditionRefusedError, CopyResult, DestinationState, Location, SourceObject
from shared.aws import translated
from shared.events import Checksum

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# 412: a condition did not hold. 409: another write of the key was under way. 404: the source is gone, or the
# destination that If-Match names is ("Add preconditions to S3 operations with conditional requests", S3 user guide).
_CONDITION_CODES = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NoSuchVersion", "404"})
_PROPERTIES = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "ExpiresString",
    "WebsiteRedirectLocation",
)


class S3ObjectStore:
    """The `ObjectStore` of copying, on S3. `owners`: bucket name → account id, where the owner is known."""

    def __init__(self, s3: "S3Client", owners: Mapping[str, str]) -> None:
        self._s3 = s3
        self._owners = owners

    def copy(self, source: Location, etag: str, destination: Location, *, if_match: str | None) -> CopyResult:
        """CopyObject with `CopySourceIfMatch` and a condition on the destination; S3's defaults copy every property."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": _quoted(if_match)}
        with translated("s3:PutObject", f"{destination.url} from {source.url}"), _conditions():
            answer = self._s3.copy_object(
                Bucket=destination.bucket,
                Key=destination.key,
                CopySource={"Bucket": source.bucket, "Key": source.key},
                CopySourceIfMatch=_quoted(etag),
                # Annotations are billed as a PUT each and need permissions of their own.
                AnnotationDirective="EXCLUDE",
                **condition,
                **self._owner("ExpectedBucketOwner", destination),
                **self._owner("ExpectedSourceBucketOwner", source),
            )
        copied = answer["CopyObjectResult"]
        return CopyResult(
            etag=copied["ETag"].strip('"'),
            version_id=answer.get("VersionId"),
            source_version_id=answer.get("CopySourceVersionId"),
            checksum=_checksum(copied),
        )

    def head_source(self, source: Location) -> SourceObject | None:
        """HeadObject of the newest upload; None for a missing key or a delete marker."""
        head = self._head(source)
        if "ETag" not in head:
            return None
        return SourceObject(
            etag=head["ETag"].strip('"'),
            version_id=head.get("VersionId"),
            size=head["ContentLength"],
            last_modified=head["LastModified"],
            properties=(
                *((name, str(head[name])) for name in _PROPERTIES if name in head),
                *sorted(head["Metadata"].items()),
            ),
        )

    def head_destination(self, destination: Location) -> DestinationState:
        """HeadObject; the moment is the answer's `Date` header, because only S3's clocks may be compared."""
        head = self._head(destination)
        etag = head["ETag"].strip('"') if "ETag" in head else None
        return DestinationState(etag, parsedate_to_datetime(head["ResponseMetadata"]["HTTPHeaders"]["date"]))

    def _head(self, location: Location) -> Mapping[str, Any]:
        """The answer to a HEAD; that of a missing key has no ETag."""
        with translated("s3:GetObject", location.url):
            try:
                return self._s3.head_object(
                    Bucket=location.bucket, Key=location.key, **self._owner("ExpectedBucketOwner", location)
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "404":
                    raise
                return error.response

    def _owner(self, parameter: str, location: Location) -> dict[str, Any]:
        owner = self._owners.get(location.bucket)
        return {parameter: owner} if owner else {}


@contextmanager
def _conditions() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _CONDITION_CODES:
            raise ConditionRefusedError from error
        raise


def _quoted(etag: str) -> str:
    return f'"{etag}"'


def _checksum(copied: Mapping[str, Any]) -> Checksum | None:
    for name, value in copied.items():
        if name.startswith("Checksum") and name != "ChecksumType":
            return Checksum(algorithm=name.removeprefix("Checksum"), value=value, type=copied.get("ChecksumType"))
    return None
