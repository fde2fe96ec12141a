"""What S3 keeps of an object, what a copy takes along, and how keys and header values come back."""

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.second_aws.rules import DONE, Site, attempt, rule

_COPY = "AmazonS3/latest/API/API_CopyObject.html"
_ALIKE = "one copy is like another: `tests/integration/copier/test_any_object.py`"
_METADATA = "AmazonS3/latest/userguide/UsingMetadata.html"
_CHECKSUMS = "AmazonS3/latest/userguide/checking-object-integrity-upload.html"
_HEADERS = {
    "CacheControl": "no-cache",
    "ContentDisposition": 'attachment; filename="a.csv"',
    "ContentEncoding": "gzip",
    "ContentLanguage": "de",
    "ContentType": "text/csv",
}
_ODD_KEY = "a b/1+1=2%20%2B;ü🦊?#&\\.txt"


def _copied(aws: Site, **properties: Any) -> tuple[dict[str, str], Any]:
    """Where a copy is, and what HEAD tells of it."""
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"body", **properties)
    aws.s3.copy_object(**destination, CopySource=source)
    return destination, aws.s3.head_object(**destination, ChecksumMode="ENABLED")


def _checksum(told: Mapping[str, Any], algorithm: str) -> str:
    value = told.get(f"Checksum{algorithm}")
    return f"{value} {told.get('ChecksumType')}" if value else "none"


def _tags(aws: Site, place: dict[str, str]) -> str:
    tags = aws.s3.get_object_tagging(**place)["TagSet"]
    return ", ".join(sorted(f"{tag['Key']}={tag['Value']}" for tag in tags)) or "none"


@rule("S3", "A copy keeps content headers and user metadata", page=_COPY, rests=_ALIKE, aws="kept")
def copy_keeps_headers_and_metadata(aws: Site) -> str:
    _, head = _copied(aws, **_HEADERS, Metadata={"two-words": "a b"})
    same = {name: head.get(name) for name in _HEADERS} == _HEADERS and head["Metadata"] == {"two-words": "a b"}
    return "kept" if same else "lost"


@rule("S3", "A copy keeps `Expires` as text, also what is no date", page=_COPY, rests=_ALIKE, aws="never")
def copy_keeps_expires(aws: Site) -> str:
    source, destination = aws.two()
    aws.raw("PUT", source["Bucket"], source["Key"], {"Expires": b"never", "Content-Type": b"text/plain"}, b"body")
    aws.s3.copy_object(**destination, CopySource=source)
    return str(aws.raw("HEAD", destination["Bucket"], destination["Key"], {}).getheader("Expires"))


@rule("S3", "A copy has the tags of its source, and none of what it overwrites", page=_COPY, rests=_ALIKE, aws="a=1 +")
def copy_has_the_tags_of_its_source(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"new", Tagging="a=1%20%2B")
    aws.s3.put_object(**destination, Body=b"old", Tagging="b=2")
    aws.s3.copy_object(**destination, CopySource=source)
    return _tags(aws, destination)


@rule(
    "S3",
    "A copy has no website redirect unless the request names one",
    page=_COPY,
    rests="the route option `websiteRedirects`: `services/copier/adapters/s3.py`",
    aws="none",
    second="/elsewhere",
)
def copy_has_no_redirect(aws: Site) -> str:
    _, head = _copied(aws, WebsiteRedirectLocation="/elsewhere")
    return str(head.get("WebsiteRedirectLocation", "none"))


@rule(
    "S3",
    "A copy is STANDARD unless the request names a storage class",
    page=_COPY,
    rests="the route option `storageClass`: `services/copier/adapters/s3.py`",
    aws="STANDARD",
    second="STANDARD_IA",
)
def copy_is_standard(aws: Site) -> str:
    _, head = _copied(aws, StorageClass="STANDARD_IA")
    return str(head.get("StorageClass", "STANDARD"))


@rule(
    "S3",
    "A copy in one request of an upload in parts has the MD5 of its bytes as ETag",
    page="AmazonS3/latest/API/API_Object.html",
    rests="`reconcile` compares ETags: `ops/reconcile/`",
    aws="that of the bytes",
    second="that of parts",
)
def etag_of_a_copy(aws: Site) -> str:
    source, destination = aws.two()
    upload = {**source, "UploadId": aws.s3.create_multipart_upload(**source)["UploadId"]}
    part = aws.s3.upload_part(**upload, PartNumber=1, Body=b"body")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    aws.s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    etag = str(aws.s3.copy_object(**destination, CopySource=source)["CopyObjectResult"]["ETag"]).strip('"')
    return "that of the bytes" if etag == "841a2d689ad86bd1611447453c22c6fc" else "that of parts"


@rule(
    "S3",
    "An object without a checksum gets CRC64NVME",
    page=_CHECKSUMS,
    rests="the checksum on record: `services/copier/adapters/s3.py`",
    aws="rosUhgp5mIg= FULL_OBJECT",
    second="none",
)
def checksum_of_s3(aws: Site) -> str:
    source, _ = aws.two()
    aws.raw("PUT", source["Bucket"], source["Key"], {"Content-Type": b"text/plain"}, b"123456789")
    head = aws.s3.head_object(**source, ChecksumMode="ENABLED")
    return _checksum(head, "CRC64NVME")


@rule(
    "S3",
    "CopyObject answers with the checksum of its source, over the whole object",
    page=_CHECKSUMS,
    rests="both ends are compared: `services/copier/adapters/s3.py`",
    aws="4waSgw== FULL_OBJECT",
    second="none",
)
def checksum_of_a_copy(aws: Site) -> str:
    source, destination = aws.two()
    aws.s3.put_object(**source, Body=b"123456789", ChecksumAlgorithm="CRC32C")
    told = aws.s3.copy_object(**destination, CopySource=source)["CopyObjectResult"]
    return _checksum(told, "CRC32C")


@rule(
    "S3",
    "An upload in parts of a FULL_OBJECT CRC64NVME has that of the whole",
    page=_CHECKSUMS,
    rests="both ends are compared: `services/copier/multipart.py`",
    aws="the same",
    second="none",
)
def checksum_of_parts(aws: Site) -> str:
    source, destination = aws.two()
    body = Random(6).randbytes(6 * 1024**2)
    aws.s3.put_object(**source, Body=body, ChecksumAlgorithm="CRC64NVME")
    begun = aws.s3.create_multipart_upload(**destination, ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT")
    upload, parts = {**destination, "UploadId": begun["UploadId"]}, []
    for number, span in ((1, f"bytes=0-{5 * 1024**2 - 1}"), (2, f"bytes={5 * 1024**2}-{len(body) - 1}")):
        part = aws.s3.upload_part_copy(**upload, PartNumber=number, CopySource=source, CopySourceRange=span)
        parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    whole, copy = (aws.s3.head_object(**place, ChecksumMode="ENABLED") for place in (source, destination))
    told = _checksum(copy, "CRC64NVME")
    return "the same" if told == _checksum(whole, "CRC64NVME") and told.endswith(" FULL_OBJECT") else told


@rule(
    "S3",
    "Metadata that is not ASCII comes back as RFC 2047 says",
    page=_METADATA,
    rests="metadata of a copy in parts: `services/copier/adapters/s3_client.py`",
    aws="encoded",
    second="as raw bytes",
)
def metadata_that_is_not_ascii(aws: Site) -> str:
    source, _ = aws.two()
    headers = {"x-amz-meta-raw": "ü €".encode(), "Content-Type": b"text/plain"}
    aws.raw("PUT", source["Bucket"], source["Key"], headers, b"body")
    told = str(aws.s3.head_object(**source)["Metadata"].get("raw"))
    return {"=?UTF-8?B?w7wg4oKs?=": "encoded", headers["x-amz-meta-raw"].decode("latin-1"): "as raw bytes"}.get(
        told, told
    )


@rule(
    "S3",
    "Content headers come back byte for byte, also what is not ASCII",
    page=_METADATA,
    rests="content headers of a copy in parts: `services/copier/adapters/s3_client.py`",
    aws="the same bytes",
    second="other bytes",
)
def content_headers_that_are_not_ascii(aws: Site) -> str:
    source, _ = aws.two()
    text = 'attachment; filename="ü.csv"'
    headers = {"Content-Disposition": text.encode(), "Content-Type": b"text/plain"}
    aws.raw("PUT", source["Bucket"], source["Key"], headers, b"body")
    told = aws.raw("HEAD", source["Bucket"], source["Key"], {}).getheader("Content-Disposition")
    return "the same bytes" if str(told).encode("latin-1", "replace") == text.encode() else "other bytes"


@rule(
    "S3",
    "Any key is stored, copied and listed as it is",
    page="AmazonS3/latest/userguide/object-keys.html",
    rests="keys are raw everywhere: `shared/event_decoding.py`",
    aws="as it is",
)
def odd_keys(aws: Site) -> str:
    source, destination = ({"Bucket": aws.bucket(), "Key": _ODD_KEY} for _ in range(2))
    aws.s3.put_object(**source, Body=b"body")
    aws.s3.copy_object(**destination, CopySource=source)
    listed = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=destination["Bucket"])["Contents"]]
    return "as it is" if listed == [_ODD_KEY] else repr(listed)


@rule(
    "S3",
    "`encoding-type=url` makes keys readable that XML cannot hold, in listings of objects and of versions",
    page="AmazonS3/latest/API/API_ListObjectsV2.html",
    rests="`reconcile`, `backfill`: `ops/aws/listing.py`",
    aws="as it is",
    second="500",
)
def keys_that_xml_cannot_hold(aws: Site) -> str:
    bucket, key = aws.bucket(versioned=True), "a\x01+%20 b"
    aws.s3.put_object(Bucket=bucket, Key=key, Body=b"body")
    for listing in (aws.s3.list_objects_v2, aws.s3.list_object_versions):
        if (answer := attempt(listing, Bucket=bucket)) != DONE:
            return answer
    objects = [item["Key"] for item in aws.s3.list_objects_v2(Bucket=bucket)["Contents"]]
    versions = [item["Key"] for item in aws.s3.list_object_versions(Bucket=bucket)["Versions"]]
    return "as it is" if objects == versions == [key] else f"{objects}, {versions}"


@rule(
    "S3",
    "A key that ends in / and has no bytes is an object",
    page="AmazonS3/latest/userguide/using-folders.html",
    rests="it is copied: `services/copier/worker.py`",
    aws="0 bytes",
)
def folders(aws: Site) -> str:
    source, destination = ({"Bucket": aws.bucket(), "Key": "folder/"} for _ in range(2))
    aws.s3.put_object(**source)
    aws.s3.copy_object(**destination, CopySource=source)
    return f"{aws.s3.head_object(**destination)['ContentLength']} bytes"
