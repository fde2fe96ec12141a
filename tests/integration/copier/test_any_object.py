"""One rule for every object: whichever path its copy takes, HEAD with checksum and the tags are the same at both ends.

The exceptions are those of the table "What a copy carries" in docs/architecture.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from moto.s3 import models

from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_client import CONTENT_HEADERS
from services.copier.adapters.s3_multipart import S3MultipartStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.conditional_copy import ConditionalCopy
from services.copier.every_version import EveryVersion
from services.copier.model import Copied, CopyCommand, Location, UnfinishedError
from services.copier.multipart import MultipartCopy
from services.copier.newest_only import NewestOnly
from services.copier.ports import MultipartStore, VersionStore
from services.copier.version_placement import Placer
from shared.copy_plan import PartSizes
from shared.events import Continuation, Upload
from shared.lambda_runtime.aws import keep_expires_as_text
from shared.routes import Route
from tests.fakes.copying import InTurn
from tests.fakes.placements import FakePlacementLedger, FakeVersionedS3
from tests.fakes.s3 import checksum_of

THRESHOLD = 10
PART_SIZES = PartSizes(threshold=THRESHOLD, part=4)
IN_ONE = PartSizes(threshold=1000, part=1000)
FROM_PARTS = {"CRC32", "CRC32C", "CRC64NVME"}
DESTINATION_PREFIX = "copies/"

# HTTP strips blanks at both ends, and no header holds a control character.
_BYTES = st.binary(max_size=30).map(lambda raw: bytes(byte for byte in raw if 32 <= byte != 127).strip(b" \x85\xa0"))
_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=30)
_EXPIRES = st.sampled_from(
    [b"", b"0", b"-1", b"never", b"Thu, 01 Dec 2033 16:00:00 +0100", b"Wed, 21 Oct 2037 07:28:00 GMT", b"9" * 400]
)
# What the emulated S3 takes; S3 itself takes letters of every script.
_TAG_TEXTS = st.text("abcXYZ019 +-=._:/@", max_size=20)


@dataclass(frozen=True)
class Drawn:
    """An object as somebody may upload it. `headers`: by boto3's names, raw bytes."""

    key: str = "k"
    size: int = THRESHOLD
    headers: dict[str, bytes] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    redirect: str | None = None
    algorithm: str = "CRC64NVME"

    @property
    def body(self) -> bytes:
        return bytes(range(65, 65 + self.size))


OBJECTS = st.builds(
    Drawn,
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(lambda key: key not in {".", ".."}),
    size=st.sampled_from([0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 3 * THRESHOLD]),
    headers=st.fixed_dictionaries(
        {},
        optional={name: _EXPIRES | _BYTES if name == "ExpiresString" else _BYTES for name in CONTENT_HEADERS},
    ).map(lambda headers: {name: value for name, value in headers.items() if value or name == "ExpiresString"}),
    metadata=st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True), _TEXTS, max_size=4),
    tags=st.dictionaries(
        _TAG_TEXTS.filter(lambda text: bool(text) and not text.startswith("aws:")), _TAG_TEXTS, max_size=10
    ),
    redirect=st.none() | st.sampled_from(["/elsewhere", "https://example.com/a?b=c", "/ü"]),
    algorithm=st.sampled_from(["CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256", "XXHASH64"]),
)


class Side(Protocol):
    """An S3 with versioned buckets `in` and `out`, and what copying does with it."""

    store: VersionStore
    parts: MultipartStore

    def put(self, drawn: Drawn) -> Upload: ...
    def told(self, bucket: str, key: str) -> dict[str, Any]: ...
    def open_uploads(self) -> int: ...
    def clear(self, key: str) -> None: ...


class FakeSide:
    def __init__(self) -> None:
        self._s3 = FakeVersionedS3(lambda: datetime.now(UTC))
        self.store: VersionStore = self._s3
        self.parts: MultipartStore = self._s3

    def put(self, drawn: Drawn) -> Upload:
        return self._s3.upload(
            "in",
            drawn.key,
            drawn.body,
            metadata=drawn.metadata,
            tags=drawn.tags,
            headers={name: value.decode("latin-1") for name, value in drawn.headers.items()},
            redirect=drawn.redirect,
            checksum=checksum_of(drawn.body, drawn.algorithm),
        )

    def told(self, bucket: str, key: str) -> dict[str, Any]:
        stored = self._s3.objects[Location(bucket, key)]
        assert stored.checksum
        return {
            **dict(stored.headers),
            "Body": stored.body,
            "Metadata": stored.metadata,
            "Tags": dict(stored.tags),
            "StorageClass": stored.storage_class,
            "WebsiteRedirectLocation": stored.redirect,
            "ChecksumType": stored.checksum.type,
            f"Checksum{stored.checksum.algorithm}": stored.checksum.value,
        }

    def open_uploads(self) -> int:
        return len(self._s3.open_uploads)

    def clear(self, key: str) -> None:
        self._s3.delete("in", key)
        self._s3.delete("out", DESTINATION_PREFIX + key)


class ServerSide:
    """The buckets have longer names there. `uploader` sends header values as they are."""

    def __init__(self, client: Any, uploader: Any) -> None:
        self._s3 = client
        self._uploader = uploader
        self._names = {"in": "any-in", "out": "any-out"}
        owners = BucketOwners({})
        self.store: VersionStore = S3ObjectStore(client, owners)
        self.parts: MultipartStore = S3MultipartStore(client, owners)
        keep_expires_as_text(uploader)
        uploader.meta.events.register("before-parameter-build.s3.PutObject", _hold_raw)
        uploader.meta.events.register_last("request-created.s3", _put_raw)
        for name in self._names.values():
            client.create_bucket(Bucket=name)
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def put(self, drawn: Drawn) -> Upload:
        answer = self._uploader.put_object(
            Bucket="any-in",
            Key=drawn.key,
            Body=drawn.body,
            ChecksumAlgorithm=drawn.algorithm,
            Tagging=urlencode(drawn.tags),
            Raw={CONTENT_HEADERS[name]: value for name, value in drawn.headers.items()}
            | {f"x-amz-meta-{name}": value.encode() for name, value in drawn.metadata.items()},
            **({"WebsiteRedirectLocation": drawn.redirect} if drawn.redirect else {}),
        )
        return Upload(
            bucket="any-in",
            key=drawn.key,
            etag=answer["ETag"].strip('"'),
            size=drawn.size,
            uploaded_at=datetime.now(UTC),
            version_id=answer["VersionId"],
            sequencer="1",
        )

    def told(self, bucket: str, key: str) -> dict[str, Any]:
        place = {"Bucket": self._names[bucket], "Key": key}
        told = dict(self._uploader.head_object(**place, ChecksumMode="ENABLED"))
        tags = self._uploader.get_object_tagging(**place)["TagSet"]
        for name in ("ResponseMetadata", "ETag", "VersionId", "LastModified", "PartsCount"):
            told.pop(name, None)
        told["Body"] = self._uploader.get_object(**place)["Body"].read()
        return {"WebsiteRedirectLocation": None, **told, "Tags": {tag["Key"]: tag["Value"] for tag in tags}}

    def open_uploads(self) -> int:
        # Not by a listing: XML cannot hold every key.
        bucket: Any = models.s3_backends["123456789012"]["aws"].buckets["any-out"]
        return len(bucket.multiparts)

    def clear(self, key: str) -> None:
        self._s3.delete_object(Bucket="any-in", Key=key)
        self._s3.delete_object(Bucket="any-out", Key=DESTINATION_PREFIX + key)


def _hold_raw(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context["raw"] = params.pop("Raw", {})


def _put_raw(request: Any, **_: Any) -> None:
    for name, value in request.context.get("raw", {}).items():
        request.headers[name] = value


@pytest.fixture(scope="module", params=["fake", "server"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "fake":
        yield FakeSide()
        return
    client_of: Callable[[str], Any] = request.getfixturevalue("client_of")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "S3_UPLOAD_PART_MIN_SIZE", 1)
        yield ServerSide(client_of("s3"), client_of("s3"))


def warn(*_: Any) -> None:
    """Nobody reads it here."""


def now() -> datetime:
    return datetime.now(UTC)


def newest_only(_: Side, copies: ConditionalCopy) -> NewestOnly:
    return NewestOnly(copies, sleep=warn, warn=warn, backoff=warn)


def every_version(side: Side, copies: ConditionalCopy) -> EveryVersion:
    placer = Placer(side.store, FakePlacementLedger(), copies, warn, warn, now)
    return EveryVersion(placer, new_owner=lambda: "owner")


def in_steps(rule: NewestOnly | EveryVersion, upload: Upload, route: Route, *, parts_each: int | None) -> Any:
    """Copy, with time for so many parts in each invocation; None: for all of them."""
    continuation: Continuation | None = None
    for _ in range(100):
        # Each look at the clock takes a while; a part wants 15 s, and one is looked for twice.
        clock = count(0, -1) if parts_each is None else iter([900.0] * (2 + 2 * parts_each) + [0.0] * 100)
        seconds = (lambda: 900.0) if parts_each is None else (lambda clock=clock: next(clock))
        try:
            return rule.copy(CopyCommand(upload, route, seconds, continuation=continuation))
        except UnfinishedError as unfinished:
            continuation = unfinished.continuation
    pytest.fail("the copy has no end")


PATHS: dict[str, tuple[Any, PartSizes, int | None]] = {
    "in one request": (newest_only, IN_ONE, None),
    "in parts": (newest_only, PART_SIZES, None),
    "continued": (newest_only, PART_SIZES, 1),
    "every version": (every_version, IN_ONE, None),
    "every version, in parts": (every_version, PART_SIZES, None),
}


@pytest.mark.parametrize("path", PATHS)
@settings(
    max_examples=40,
    deadline=None,
    # Shrinking takes minutes where each try is a dozen requests, and what was drawn is short.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=OBJECTS, redirects=st.booleans())
@example(drawn=Drawn(size=11, headers={"ExpiresString": b""}, algorithm="SHA256"), redirects=True)
@example(drawn=Drawn(size=11, headers={"ContentDisposition": 'inline; filename="€.txt"'.encode()}), redirects=False)
@example(drawn=Drawn(size=11, headers={"ContentDisposition": b'inline; filename="\xe9.txt"'}), redirects=False)
@example(drawn=Drawn(size=11, key="a\x01\x1f\x00\ufffe\uffffb\r\n"), redirects=False)
@example(drawn=Drawn(size=11, redirect="/ü", metadata={"a": "ü €"}), redirects=True)
def test_head_with_checksum_and_tags_are_the_same_at_both_ends(
    side: Side, path: str, drawn: Drawn, redirects: bool
) -> None:
    make, sizes, parts_each = PATHS[path]
    upload = side.put(drawn)
    route = Route(
        source_bucket=upload.bucket,
        destination_bucket="out" if upload.bucket == "in" else "any-out",
        destination_prefix=DESTINATION_PREFIX,
        versions="every" if path.startswith("every") else "newest",
        website_redirects=redirects,
    )

    copies = ConditionalCopy(side.store, MultipartCopy(side.parts, InTurn(), width=1, warn=warn), sizes)

    result = in_steps(make(side, copies), upload, route, parts_each=parts_each)

    assert isinstance(result, Copied)
    in_parts = drawn.size > sizes.threshold
    assert (result.parts > 1) == in_parts
    source, copy = side.told("in", drawn.key), side.told("out", DESTINATION_PREFIX + drawn.key)
    assert source["Body"] == drawn.body
    if not redirects:
        source["WebsiteRedirectLocation"] = None
    if in_parts and drawn.algorithm not in FROM_PARTS:
        assert result.checksum is not None
        assert (result.checksum.algorithm, result.checksum.type) == ("CRC64NVME", "FULL_OBJECT")
        assert copy.pop("ChecksumCRC64NVME") == result.checksum.value
        del source[f"Checksum{drawn.algorithm}"]
    assert copy == source
    assert side.open_uploads() == 0
    side.clear(drawn.key)
