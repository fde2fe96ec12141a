"""The `VersionStore` on S3: calls on one version of an object, and the listing of versions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_parameters import NO_VERSION, BucketOwners
from services.copier.model import CopyResult, Location, SourceObject, Target
from services.copier.placements import DestinationVersion, ListedVersion, Version
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3VersionStore:
    """The `VersionStore` of placing, on S3."""

    def __init__(self, s3: "S3Client", owners: BucketOwners) -> None:
        self._s3 = s3
        self._owners = owners
        self._objects = S3ObjectStore(s3, owners)

    def copy_version(self, source: Location, version: Version, target: Target, *, if_match: str | None) -> CopyResult:
        """CopyObject from a version id."""
        return self._objects.copy(source, version.etag, target, if_match=if_match, source_version_id=version.id)

    def head_version(self, source: Location, version_id: str) -> SourceObject | None:
        """HeadObject with a version id."""
        return self._objects.head_source(source, version_id)

    def current_version(self, destination: Location) -> DestinationVersion | None:
        """HeadObject with the checksum."""
        head = self._objects.head_source(destination)
        return DestinationVersion(head.etag, head.version_id, head.size, head.checksum) if head else None

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
