"""Two S3s under one contract: the strict fake, and the adapters on an S3 whose gaps are closed.

Each is seen as the copier sees it (`store`, `parts`), and as those who upload, delete and read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from moto.s3 import models

from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_client import CONTENT_HEADERS
from services.copier.adapters.s3_multipart import S3MultipartStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.model import Location
from services.copier.ports import MultipartStore, ObjectStore
from shared.events import Upload
from shared.lambda_runtime.aws import keep_expires_as_text
from tests.fakes.s3 import FakeS3, checksum_of

ACCOUNT = "123456789012"
IN, OUT = "contract-in", "contract-out"
VERSIONED_IN, VERSIONED_OUT = "contract-versioned-in", "contract-versioned-out"


@dataclass(frozen=True)
class Properties:
    """What an object has beside its body. `headers`: content headers by boto3's names, in raw bytes."""

    headers: Mapping[str, bytes] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    redirect: str | None = None
    storage_class: str = "STANDARD"
    algorithm: str = "CRC64NVME"


PLAIN = Properties()


class Side(Protocol):
    """An S3 that holds the four buckets, empty at the start of a test."""

    store: ObjectStore
    parts: MultipartStore

    def put(self, at: Location, body: bytes, properties: Properties = PLAIN) -> Upload:
        """PutObject."""

    def delete(self, at: Location) -> None:
        """DeleteObject of the key."""

    def remove_version(self, upload: Upload) -> None:
        """DeleteObject of one version, for good."""

    def read(self, at: Location) -> dict[str, Any]:
        """What HEAD with checksum, GetObjectTagging and GetObject tell: by boto3's names, with `Body` and `Tags`."""

    def open_uploads(self) -> int:
        """How many multipart uploads are open."""


class FakeSide:
    """The strict fake."""

    def __init__(self) -> None:
        self._s3 = FakeS3(lambda: datetime.now(UTC), versioned=(VERSIONED_IN, VERSIONED_OUT))
        self.store: ObjectStore = self._s3
        self.parts: MultipartStore = self._s3

    def put(self, at: Location, body: bytes, properties: Properties = PLAIN) -> Upload:
        return self._s3.upload(
            at.bucket,
            at.key,
            body,
            metadata=dict(properties.metadata),
            tags=dict(properties.tags),
            storage_class=properties.storage_class,
            checksum=checksum_of(body, properties.algorithm),
            headers={name: value.decode("latin-1") for name, value in properties.headers.items()},
            redirect=properties.redirect,
        )

    def delete(self, at: Location) -> None:
        self._s3.delete(at.bucket, at.key)

    def remove_version(self, upload: Upload) -> None:
        self._s3.remove_version(upload)

    def read(self, at: Location) -> dict[str, Any]:
        stored = self._s3.objects[at]
        assert stored.checksum
        return {
            **dict(stored.headers),
            "Body": stored.body,
            "Metadata": dict(stored.metadata),
            "Tags": dict(stored.tags),
            "StorageClass": stored.storage_class,
            "WebsiteRedirectLocation": stored.redirect,
            "ChecksumType": stored.checksum.type,
            f"Checksum{stored.checksum.algorithm}": stored.checksum.value,
        }

    def open_uploads(self) -> int:
        return len(self._s3.open_uploads)


class ServerSide:
    """The adapters. `uploader` sends header values as they are."""

    def __init__(self, client: Any, uploader: Any) -> None:
        owners = BucketOwners({IN: ACCOUNT})
        self.store: ObjectStore = S3ObjectStore(client, owners)
        self.parts: MultipartStore = S3MultipartStore(client, owners)
        self.s3 = uploader
        keep_expires_as_text(uploader)
        uploader.meta.events.register("before-parameter-build.s3.PutObject", _hold_raw)
        uploader.meta.events.register_last("request-created.s3", _put_raw)
        for name in (IN, OUT, VERSIONED_IN, VERSIONED_OUT):
            uploader.create_bucket(Bucket=name)
        for name in (VERSIONED_IN, VERSIONED_OUT):
            uploader.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def put(self, at: Location, body: bytes, properties: Properties = PLAIN) -> Upload:
        answer = self.s3.put_object(
            Bucket=at.bucket,
            Key=at.key,
            Body=body,
            ChecksumAlgorithm=properties.algorithm,
            Tagging=urlencode(properties.tags),
            StorageClass=properties.storage_class,
            Raw={CONTENT_HEADERS[name]: value for name, value in properties.headers.items()}
            | {f"x-amz-meta-{name}": value.encode() for name, value in properties.metadata.items()},
            **({"WebsiteRedirectLocation": properties.redirect} if properties.redirect else {}),
        )
        return Upload(
            bucket=at.bucket,
            key=at.key,
            etag=answer["ETag"].strip('"'),
            size=len(body),
            uploaded_at=datetime.now(UTC),
            version_id=answer.get("VersionId"),
            sequencer="1",
        )

    def delete(self, at: Location) -> None:
        self.s3.delete_object(Bucket=at.bucket, Key=at.key)

    def remove_version(self, upload: Upload) -> None:
        self.s3.delete_object(Bucket=upload.bucket, Key=upload.key, VersionId=upload.version_id)

    def read(self, at: Location) -> dict[str, Any]:
        place = {"Bucket": at.bucket, "Key": at.key}
        told = dict(self.s3.head_object(**place, ChecksumMode="ENABLED"))
        tags = self.s3.get_object_tagging(**place)["TagSet"]
        for name in ("ResponseMetadata", "ETag", "VersionId", "LastModified", "PartsCount"):
            told.pop(name, None)
        told["Body"] = self.s3.get_object(**place)["Body"].read()
        return {"WebsiteRedirectLocation": None, **told, "Tags": {tag["Key"]: tag["Value"] for tag in tags}}

    def open_uploads(self) -> int:
        return sum(len(bucket.multiparts) for bucket in _buckets())

    def empty(self) -> None:
        """Forget every object and upload."""
        for bucket in _buckets():
            bucket.keys.clear()
            bucket.multiparts.clear()


def _buckets() -> list[Any]:
    # Not by requests: the XML of a listing cannot hold every key.
    return list(models.s3_backends[ACCOUNT]["aws"].buckets.values())


def _hold_raw(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["raw"] = params.pop("Raw", {})


def _put_raw(request: Any, **_: Any) -> None:
    for name, value in request.context.get("raw", {}).items():
        request.headers[name] = value
