"""The `MultipartStore` on S3: CreateMultipartUpload with every property, UploadPartCopy, CompleteMultipartUpload."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from services.copier.adapters.s3_client import carry_anything
from services.copier.adapters.s3_parameters import (
    BucketOwners,
    checksum,
    conditions,
    given,
    on_destination,
    quoted,
    version_id_of,
)
from services.copier.model import CopiedPart, CopyResult, Location, ObjectHead, OpenUpload, Target, UploadGoneError
from shared.copy_plan import Part
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

# What the `x-amz-tagging` header takes; longer tag sets are put after the object.
_LONGEST_TAGGING_HEADER = 2048


class S3MultipartStore:
    """The `MultipartStore` of a copy in parts, on S3."""

    def __init__(self, s3: "S3Client", owners: BucketOwners) -> None:
        carry_anything(s3)
        self._s3 = s3
        self._owners = owners

    def begin(self, source: Location, found: ObjectHead, target: Target, *, checksum_algorithm: str) -> str:
        """CreateMultipartUpload: parts carry no properties, so headers, metadata and tags are sent here."""
        properties: dict[str, Any] = {**dict(found.headers), "ChecksumAlgorithm": checksum_algorithm}
        tagging = urlencode([(tag["Key"], tag["Value"]) for tag in self._tags(source, found.version_id)])
        with translated("s3:PutObject", target.location.url):
            answer = self._s3.create_multipart_upload(
                **_key(target.location),
                **self._owners.of(target.location),
                ChecksumType="FULL_OBJECT",
                Metadata=dict(found.metadata),
                **properties,
                **given(
                    StorageClass=target.storage_class,
                    WebsiteRedirectLocation=target.redirect,
                    Tagging=tagging if len(tagging) <= _LONGEST_TAGGING_HEADER else None,
                ),
            )
        return answer["UploadId"]

    def copy_part(self, upload: OpenUpload, part: Part) -> CopiedPart:
        """UploadPartCopy, pinned to the ETag and, on a versioned source, to the version."""
        copy_source: Any = {**_key(upload.source), **given(VersionId=upload.version_id)}
        with translated("UploadPartCopy", f"{upload.source.url} to {upload.target.location.url}"), conditions():
            answer = self._s3.upload_part_copy(
                **_key(upload.target.location),
                UploadId=upload.id,
                PartNumber=part.number,
                CopySource=copy_source,
                CopySourceIfMatch=quoted(upload.etag),
                CopySourceRange=f"bytes={part.first}-{part.last}",
                **self._owners.of(upload.target.location),
                **self._owners.of(upload.source, "ExpectedSourceBucketOwner"),
            )
        return CopiedPart(part.number, answer["CopyPartResult"]["ETag"])

    def copied_parts(self, upload: OpenUpload) -> dict[int, CopiedPart]:
        """ListParts, every page."""
        pages = self._s3.get_paginator("list_parts").paginate(
            **_key(upload.target.location), UploadId=upload.id, **self._owners.of(upload.target.location)
        )
        with translated("s3:ListMultipartUploadParts", upload.target.location.url):
            try:
                return {
                    part["PartNumber"]: CopiedPart(part["PartNumber"], part["ETag"])
                    for page in pages
                    for part in page.get("Parts", [])
                }
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchUpload":
                    raise UploadGoneError from error
                raise

    def complete(self, upload: OpenUpload, copied: list[CopiedPart], *, if_match: str | None) -> CopyResult:
        """CompleteMultipartUpload on the destination's condition; then the tags that no header could carry."""
        location = upload.target.location
        with translated("s3:PutObject", location.url), conditions():
            answer = self._s3.complete_multipart_upload(
                **_key(location),
                UploadId=upload.id,
                MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in copied]},
                MpuObjectSize=upload.size,
                **on_destination(if_match),
                **self._owners.of(location),
            )
        self._put_long_tags(upload, version_id_of(answer))
        return CopyResult(
            etag=answer["ETag"].strip('"'),
            version_id=version_id_of(answer),
            source_version_id=upload.version_id,
            checksum=checksum(answer),
            parts=len(copied),
        )

    def abort(self, upload: OpenUpload) -> None:
        """AbortMultipartUpload."""
        with translated("s3:AbortMultipartUpload", upload.target.location.url):
            try:
                self._s3.abort_multipart_upload(
                    **_key(upload.target.location), UploadId=upload.id, **self._owners.of(upload.target.location)
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchUpload":
                    raise

    def _tags(self, source: Location, version_id: str | None) -> list["TagTypeDef"]:
        # HEAD hides TagCount from a role that may not read tags: only asking tells.
        with translated("s3:GetObjectTagging", source.url), conditions():
            return self._s3.get_object_tagging(
                **_key(source), **given(VersionId=version_id), **self._owners.of(source)
            )["TagSet"]

    def _put_long_tags(self, upload: OpenUpload, version_id: str | None) -> None:
        tags = self._tags(upload.source, upload.version_id)
        if len(urlencode([(tag["Key"], tag["Value"]) for tag in tags])) <= _LONGEST_TAGGING_HEADER:
            return
        location = upload.target.location
        with translated("s3:PutObjectTagging", location.url):
            self._s3.put_object_tagging(
                **_key(location),
                Tagging={"TagSet": tags},
                **given(VersionId=version_id),
                **self._owners.of(location),
            )


def _key(location: Location) -> dict[str, Any]:
    return {"Bucket": location.bucket, "Key": location.key}
