"""Refusals that S3 has no code for get a reason of their own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localaws.interception import InterceptedRequest, Reply, s3_error
from localaws.server import MotoServer
from services.copier.object_store import S3ObjectStore
from services.copier.objects import Location, Target
from services.copier.s3_parameters import Owners
from shared.errors import CopytrailError, Permanent, Reason

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
    yield S3ObjectStore(s3, Owners({}))
    s3.delete_object(Bucket=SOURCE.bucket, Key=SOURCE.key)


def calls(store: S3ObjectStore, etag: str) -> list[Callable[[], object]]:
    """Every way in which copying reads an object."""
    return [
        lambda: store.copy(SOURCE, etag, TO, if_match=None),
        lambda: store.head_source(SOURCE),
        lambda: store.head_destination(SOURCE),
    ]


@pytest.mark.parametrize("call", range(3))
def test_an_object_under_its_uploaders_own_key_is_permanent_and_says_so(
    s3: Any, store: S3ObjectStore, call: int
) -> None:
    etag = s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"secret", **KEY)["ETag"].strip('"')

    with pytest.raises(Permanent, match="SSE-C") as refused:
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
        with server.intercept(deny), pytest.raises(CopytrailError) as refused:
            call()
        assert refused.value.reason == reason
        assert isinstance(refused.value, Permanent) or reason == "AccessDenied"


def test_whoever_may_not_ask_who_pays_is_told_of_the_denied_access(
    s3: Any, server: MotoServer, store: S3ObjectStore
) -> None:
    s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"dear")

    with (
        server.intercept(lambda _: s3_error("AccessDenied", "Access Denied", 403)),
        pytest.raises(CopytrailError) as refused,
    ):
        store.head_source(SOURCE)

    assert refused.value.reason == "AccessDenied"


def test_a_head_that_is_refused_without_a_word_is_told_as_a_bad_request(
    s3: Any, server: MotoServer, store: S3ObjectStore
) -> None:
    s3.put_object(Bucket=SOURCE.bucket, Key=SOURCE.key, Body=b"readable")

    def refuse(request: InterceptedRequest) -> Reply | None:
        return Reply(400) if request.operation == "HeadObject" else None

    with server.intercept(refuse), pytest.raises(CopytrailError) as refused:
        store.head_source(SOURCE)

    assert refused.value.reason == "BadRequest"
