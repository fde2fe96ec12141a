"""HEADs of both ends of a pair: what they say that a listing does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ops.aws.list_pages import Listed
from ops.aws.object_reads import ObjectReads
from ops.params.keys import S3Url
from shared import times

THREADS = 16

_PROPERTIES = {
    "CacheControl": "cache-control",
    "ContentDisposition": "content-disposition",
    "ContentEncoding": "content-encoding",
    "ContentLanguage": "content-language",
    "ContentType": "content-type",
    "ExpiresString": "expires",
    "WebsiteRedirectLocation": "website-redirect-location",
    "Metadata": "metadata",
}
# Their ETag is no MD5 of the content ("Checking object integrity", S3 user guide).
_NO_MD5 = frozenset({"aws:kms", "aws:kms:dsse"})


@dataclass(frozen=True)
class ObjectHead:
    """One object as HeadObject tells. `has_md5`: its ETag is the MD5 of its content.

    `checksums` are by algorithm; unless `are_full`, they depend on the parts that the object was uploaded in.
    """

    listed: Listed
    has_md5: bool = True
    checksums: Mapping[str, str] = field(default_factory=dict)
    are_full: bool = True
    properties: Mapping[str, object] = field(default_factory=dict)
    is_restored: bool = False


@dataclass(frozen=True)
class Heads:
    """Both ends of a pair, as they are now; None where there is nothing."""

    source: ObjectHead | None
    copy: ObjectHead | None

    def differences(self) -> tuple[str, ...] | None:
        """In what the contents of two objects of one size differ; None: nothing tells."""
        if self.source is None or self.copy is None or self.source.listed.etag == self.copy.listed.etag:
            return ()
        algorithms = self.source.checksums.keys() & self.copy.checksums.keys()
        if any(self.source.checksums[name] == self.copy.checksums[name] for name in algorithms):
            return ()
        if algorithms and self.source.are_full and self.copy.are_full:
            return ("checksum",)
        return ("etag",) if self.source.has_md5 and self.copy.has_md5 else None

    def property_differences(self) -> tuple[str, ...]:
        """In which of the properties, that a copy takes over, both differ."""
        if self.source is None or self.copy is None:
            return ()
        ours, theirs = self.source.properties, self.copy.properties
        return tuple(sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)))


def read_heads(objects: ObjectReads, source: S3Url, copy: S3Url, *, deep: bool) -> Heads:
    """HeadObject of both ends, and if `deep`, their tags.

    Raises:
        CopytrailError: HeadObject failed for one of them.
        CommandError: it would fail for every object.
    """
    return Heads(_object_head(objects, source, deep=deep), _object_head(objects, copy, deep=deep))


def _object_head(objects: ObjectReads, place: S3Url, *, deep: bool) -> ObjectHead | None:
    head = objects.head(place.bucket, place.key, ChecksumMode="ENABLED")
    if head is None:
        return None
    tags = objects.tags(place.bucket, place.key) if deep and head.answer.get("TagCount") else {}
    answer = head.answer
    modified = times.to_text(head.last_modified)
    listed = Listed(place.key, head.size, head.etag, modified, answer.get("StorageClass", "STANDARD"))
    properties = {ours: answer[theirs] for theirs, ours in _PROPERTIES.items() if answer.get(theirs)}
    return ObjectHead(
        listed=listed,
        has_md5=has_md5(listed.etag)
        and answer.get("ServerSideEncryption") not in _NO_MD5
        and "SSECustomerAlgorithm" not in answer,
        checksums={
            name: value for name, value in answer.items() if name.startswith("Checksum") and name != "ChecksumType"
        },
        are_full=answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT",
        properties=properties | ({"tags": tags} if tags else {}),
        is_restored='ongoing-request="false"' in answer.get("Restore", ""),
    )


def has_md5(etag: str) -> bool:
    """Whether an ETag may be the MD5 of a content: an upload in parts has one with a hyphen."""
    return "-" not in etag
