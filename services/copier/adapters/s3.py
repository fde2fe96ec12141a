"""The `ObjectStore` on S3: CopyObject, HeadObject, delete markers, the listing of versions."""

from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from services.copier.adapters.s3_client import CONTENT_HEADERS, as_sent, carry_anything
from services.copier.adapters.s3_parameters import (
    NO_VERSION,
    BucketOwners,
    checksum,
    conditions,
    given,
    on_destination,
    quoted,
    version_id_of,
)
from services.copier.adapters.s3_refusals import Refusals
from services.copier.model import (
    CopyResult,
    DestinationState,
    ListedVersion,
    Location,
    ObjectHead,
    Target,
)
from shared.lambda_runtime.aws import is_gone, translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3ObjectStore:
    """The `ObjectStore` on S3."""

    def __init__(self, s3: "S3Client", owners: BucketOwners) -> None:
        carry_anything(s3)
        self._s3 = s3
        self._owners = owners
        self._refusals = Refusals(s3, owners)

    def copy(
        self,
        source: Location,
        etag: str,
        target: Target,
        *,
        if_match: str | None,
        version_id: str | None = None,
    ) -> CopyResult:
        """CopyObject with `CopySourceIfMatch` and a condition on the destination; S3 copies every property but two.

        Without a version id, S3 takes the newest upload. Storage class and website redirect have to be named.
        """
        destination = target.location
        copy_source: Any = {"Bucket": source.bucket, "Key": source.key, **given(VersionId=version_id)}
        action = translated("CopyObject", f"{source.url} to {destination.url}")
        with self._refusals.explained(source, version_id), action, conditions():
            answer = self._s3.copy_object(
                Bucket=destination.bucket,
                Key=destination.key,
                CopySource=copy_source,
                CopySourceIfMatch=quoted(etag),
                # Annotations are billed as a PUT each and need permissions of their own.
                AnnotationDirective="EXCLUDE",
                **given(StorageClass=target.storage_class, WebsiteRedirectLocation=target.redirect),
                **on_destination(if_match),
                **self._owners.of(destination),
                **self._owners.of(source, "ExpectedSourceBucketOwner"),
            )
        copied = answer["CopyObjectResult"]
        return CopyResult(
            etag=copied["ETag"].strip('"'),
            version_id=version_id_of(answer),
            source_version_id=version_id_of(answer, "CopySourceVersionId"),
            checksum=checksum(copied),
        )

    def head_object(self, source: Location, version_id: str | None = None) -> ObjectHead | None:
        """HeadObject of the newest upload, or of one version, with its checksum; None for a missing or deleted one."""
        head = self._head(source, ChecksumMode="ENABLED", **given(VersionId=version_id))
        if "ETag" not in head:
            return None
        return ObjectHead(
            etag=head["ETag"].strip('"'),
            version_id=version_id_of(head),
            size=head["ContentLength"],
            last_modified=head["LastModified"],
            headers=tuple((name, str(head[name])) for name in CONTENT_HEADERS if name in head),
            metadata=tuple(sorted(head["Metadata"].items())),
            redirect=as_sent(head.get("WebsiteRedirectLocation")),
            checksum=checksum(head),
        )

    def head_destination(self, destination: Location) -> DestinationState:
        """HeadObject; the moment is the answer's `Date` header, because only S3's clocks may be compared."""
        head = self._head(destination)
        etag = head["ETag"].strip('"') if "ETag" in head else None
        return DestinationState(etag, parsedate_to_datetime(head["ResponseMetadata"]["HTTPHeaders"]["date"]))

    def keeps_versions(self, bucket: str) -> bool:
        """GetBucketVersioning: with versioning suspended, a deletion removes what has no version id."""
        with translated("s3:GetBucketVersioning", bucket):
            answer = self._s3.get_bucket_versioning(Bucket=bucket, **self._owners.of(Location(bucket, "")))
        return answer.get("Status") == "Enabled"

    def put_delete_marker(self, destination: Location, *, if_match: str) -> str | None:
        """DeleteObject without a version id, on the condition that the key holds this ETag."""
        with translated("s3:DeleteObject", destination.url), conditions():
            answer = self._s3.delete_object(
                Bucket=destination.bucket,
                Key=destination.key,
                IfMatch=quoted(if_match),
                **self._owners.of(destination),
            )
        return version_id_of(answer)

    def older_versions(self, source: Location, version_id: str) -> Iterator[ListedVersion]:
        """ListObjectVersions from the version on, page by page.

        Source: "ListObjectVersions", S3 API reference: the versions of a key come in the order in which they were
        stored, the most recent first; a marker is not listed itself.
        """
        key, marker = source.key, version_id
        while key == source.key:
            with translated("s3:ListBucketVersions", source.url):
                page = self._s3.list_object_versions(
                    Bucket=source.bucket,
                    Prefix=source.key,
                    KeyMarker=key,
                    VersionIdMarker=marker,
                    **self._owners.of(source),
                )
            for version in page.get("Versions", []):
                # The prefix also lets through keys that only begin with ours.
                if version["Key"] == source.key and version["VersionId"] != NO_VERSION:
                    yield ListedVersion(
                        version["VersionId"], version["ETag"].strip('"'), version["Size"], version["LastModified"]
                    )
            key, marker = page.get("NextKeyMarker", ""), page.get("NextVersionIdMarker", "")

    def _head(self, location: Location, **parameters: Any) -> Mapping[str, Any]:
        """The answer to a HEAD; that of a missing key has no ETag."""
        explained = self._refusals.explained(location, parameters.get("VersionId"))
        with explained, translated("s3:GetObject", location.url):
            try:
                return self._s3.head_object(
                    Bucket=location.bucket, Key=location.key, **parameters, **self._owners.of(location)
                )
            except ClientError as error:
                if not is_gone(error, of_version="VersionId" in parameters):
                    raise
                return error.response
