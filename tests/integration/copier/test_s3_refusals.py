"""Refusals that S3 has no code for get a reason of their own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.server import MotoServer
from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_client import carry_anything
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.model import Location, Target
from shared.errors import CopytrailError, PermanentError, Reason, TransientError
from tests.interception import InterceptedRequest, Reply, intercept, s3_error

SOURCE = Location("refusals-in", "k")
TO = Target(Location("refusals-out", "k"))
KEY: dict[str, Any] = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"0" * 32}
PAYMENT = (
    b'<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Payer>%s</Payer>'
    b"</RequestPaymentConfiguration>"
)


@pytest.fixture(scope="module")
def s3(client_of: Callable[[str], Any]) -> Any:
    client = client_of("s3")
    for bucket in (SOURCE.bucket, TO.location.bucket):
        client.create_bucket(Bucket=bucket)
    return client


@pytest.fixture
def store(s3: Any) -> Iterator[S3ObjectStore]:
    yield S3ObjectStore(s3, BucketOwners({}))
    s3.delete_object(Bucket=SOURCE.bucket, Key=SOURCE.key)


def calls(store: S3ObjectStore, etag: str) -> list[Callable[[], object]]:
    """Every way in which copying reads an object."""
    return [
        lambda: store.copy(SOURCE, etag, TO, if_match=None),
        lambda: store.head_object(SOURCE),
        lambda: store.head_destination(SOURCE),
    ]


@pytest.mark.parametrize("call", range(3))
def test_an_object_under_its_uploaders_own_key_is_permanent_and_says_so(
    s3: Any, store: S3ObjectStore, call: int
) -> None:
    etag = s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"secret", **KEY)["ETag"].strip('"')

    with pytest.raises(PermanentError, match="SSE-C") as refused:
        calls(store, etag)[call]()

    assert refused.value.reason == Reason.CUSTOMER_KEY
    assert SOURCE.url in refused.value.message


@pytest.mark.parametrize(("payer", "reason"), [(b"Requester", "RequesterPays"), (b"BucketOwner", "AccessDenied")])
def test_a_bucket_whose_requesters_pay_is_told_from_one_that_denies_access(
    s3: Any, server: MotoServer, store: S3ObjectStore, payer: bytes, reason: str
) -> None:
    etag = s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"dear")["ETag"].strip('"')

    def deny(request: InterceptedRequest) -> Reply | None:
        if request.operation == "GetBucketRequestPayment":
            return Reply(200, {"Content-Type": "application/xml"}, PAYMENT % payer)
        return s3_error("AccessDenied", "Access Denied", 403)

    for call in calls(store, etag):
        with intercept(server, deny), pytest.raises(CopytrailError) as refused:
            call()
        assert refused.value.reason == reason
        assert isinstance(refused.value, PermanentError) or reason == "AccessDenied"


def test_whoever_may_not_ask_who_pays_is_told_of_the_denied_access(
    s3: Any, server: MotoServer, store: S3ObjectStore
) -> None:
    s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"dear")

    with (
        intercept(server, lambda _: s3_error("AccessDenied", "Access Denied", 403)),
        pytest.raises(CopytrailError) as refused,
    ):
        store.head_object(SOURCE)

    assert refused.value.reason == "AccessDenied"


def test_a_head_that_is_refused_without_a_word_is_told_as_a_bad_request(
    s3: Any, server: MotoServer, store: S3ObjectStore
) -> None:
    s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"readable")

    def refuse(request: InterceptedRequest) -> Reply | None:
        return Reply(400) if request.operation == "HeadObject" else None

    with intercept(server, refuse), pytest.raises(CopytrailError) as refused:
        store.head_object(SOURCE)

    assert refused.value.reason == "BadRequest"


@pytest.mark.parametrize("key", ["Server Side Encryption.pdf", "stored using a form of Server Side Encryption"])
def test_a_key_that_speaks_of_encryption_explains_nothing(
    s3: Any, server: MotoServer, store: S3ObjectStore, key: str
) -> None:
    s3.put_object(Bucket=SOURCE.bucket, Key=key, Body=b"plain")

    with intercept(server, lambda _: Reply(503)), pytest.raises(TransientError):
        store.head_object(Location(SOURCE.bucket, key))

    s3.delete_object(Bucket=SOURCE.bucket, Key=key)


def test_a_destination_that_denies_is_not_taken_for_a_source_whose_requesters_pay(
    s3: Any, server: MotoServer, store: S3ObjectStore
) -> None:
    etag = s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"dear")["ETag"].strip('"')

    def deny(request: InterceptedRequest) -> Reply | None:
        if request.operation == "GetBucketRequestPayment":
            return Reply(200, {"Content-Type": "application/xml"}, PAYMENT % b"Requester")
        return s3_error("AccessDenied", "Access Denied", 403) if request.operation == "CopyObject" else None

    with intercept(server, deny), pytest.raises(CopytrailError) as refused:
        store.copy(SOURCE, etag, TO, if_match=None)

    assert refused.value.reason == "AccessDenied"


def test_of_a_version_it_is_that_version_which_is_asked_about(s3: Any, store: S3ObjectStore) -> None:
    s3.create_bucket(Bucket="refusals-versioned")
    s3.put_bucket_versioning(Bucket="refusals-versioned", VersioningConfiguration={"Status": "Enabled"})
    place = {"Bucket": "refusals-versioned", "Key": "k"}
    secret = s3.put_object(**place, Body=b"secret", **KEY)["VersionId"]
    s3.put_object(**place, Body=b"plain")

    with pytest.raises(PermanentError) as refused:
        store.head_object(Location("refusals-versioned", "k"), secret)

    assert refused.value.reason == Reason.CUSTOMER_KEY


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>upstream error</body></html>",
        b'<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>InternalError</Code></Error>',
        b"<Error><Code>InternalError</Code></Error>",
        b"",
    ],
)
def test_a_real_500_is_never_taken_for_done(s3: Any, server: MotoServer, body: bytes) -> None:
    carry_anything(s3)
    place = {"Bucket": SOURCE.bucket, "Key": SOURCE.key}
    calls: list[Callable[[], object]] = [
        lambda: s3.delete_object(**place),
        lambda: s3.abort_multipart_upload(**place, UploadId="u"),
        lambda: s3.copy_object(**place, CopySource=place),
        lambda: s3.list_object_versions(Bucket=SOURCE.bucket),
        lambda: s3.create_multipart_upload(**place),
    ]
    with intercept(server, lambda _: Reply(500, {"Content-Type": "application/xml"}, body)):
        for call in calls:
            with pytest.raises(ClientError) as failed:
                call()
            assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
