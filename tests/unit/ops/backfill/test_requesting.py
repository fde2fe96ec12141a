"""What a group of requests is, and how patiently it is made."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.aws.copy_requests import PartlyRefusedError
from ops.aws.object_reads import ObjectReads
from ops.backfill.requesting import Requested, Requester
from ops.errors import UsageError
from shared.errors import PermanentError, TransientError, from_aws_code
from shared.events import CopyRequest, Trigger
from tests.unit.ops.backfill.objects import MOMENT, existing

THROTTLED = TransientError("ThrottlingException", "slow down")


class FakeBus:
    """A bus that says no so many times first: to all, or to the request of one key only."""

    def __init__(self, *refusals: Exception | str) -> None:
        self.refusals = list(refusals)
        self.accepted: list[CopyRequest] = []

    def publish(self, requests: Sequence[CopyRequest]) -> None:
        refusal = self.refusals.pop(0) if self.refusals else ""
        if isinstance(refusal, Exception):
            raise refusal
        refused = [request for request in requests if request.upload.key == refusal]
        self.accepted += [request for request in requests if request not in refused]
        if refused and len(requests) > 1:
            raise PartlyRefusedError(refused, len(requests), THROTTLED)
        if refused:
            raise THROTTLED


class FakeHeads:
    """HeadObject of two objects: one is there, one must not be looked at."""

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if Key == "there":
            return {"ETag": '"now"', "ContentLength": 7, "LastModified": datetime(2026, 11, 2, tzinfo=UTC)}
        if Key == "unreadable":
            raise ValueError("Invalid timestamp")
        code = {"forbidden": "403", "expired": "ExpiredToken"}.get(Key, "404")
        raise ClientError({"Error": {"Code": code, "Message": "refused"}}, "HeadObject")

    def head_bucket(self, *, Bucket: str) -> None:  # noqa: N803 - boto3's names
        if Bucket != "uploads":
            raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadBucket")


def requester(bus: FakeBus, pause: Callable[[float], None] = lambda _: None, bucket: str = "uploads") -> Requester:
    heads: Any = FakeHeads()
    return Requester(
        ObjectReads(heads), bus, bucket=bucket, operation_id="an operation", requested_by="an arn", pause=pause
    )


def test_a_request_names_the_upload_the_operation_and_the_person() -> None:
    bus = FakeBus()

    requester(bus).request([existing("a")])

    [request] = bus.accepted
    assert request.trigger is Trigger.BACKFILL
    assert (request.request_id, request.requested_by) == ("an operation", "an arn")
    upload = request.upload
    assert (upload.url, upload.etag, upload.size, upload.uploaded_at) == ("s3://uploads/a", "e", 100, MOMENT)
    assert upload.version_id is None


def test_an_etag_that_the_inventory_does_not_tell_is_looked_up() -> None:
    bus = FakeBus()

    requested = requester(bus).request([existing("there", etag=None, last_modified=None)])

    assert requested == Requested(requested=1)
    assert (bus.accepted[0].upload.etag, bus.accepted[0].upload.size) == ("now", 7)


def test_what_is_gone_meanwhile_is_counted_as_such() -> None:
    bus = FakeBus()

    assert requester(bus).request([existing("gone", etag=None), existing("a")]) == Requested(requested=1, gone=1)
    assert [request.upload.key for request in bus.accepted] == ["a"]


def test_a_group_of_nothing_but_gone_objects_is_no_request() -> None:
    assert requester(FakeBus(THROTTLED)).request([existing("gone", etag=None)]) == Requested(gone=1)


def test_an_object_that_s3_does_not_tell_of_is_told_with_the_reason_and_the_rest_is_requested() -> None:
    bus = FakeBus()
    group = [existing(key, etag=None) for key in ("forbidden", "there", "unreadable", "gone")]

    requested = requester(bus).request(group)

    assert [request.upload.key for request in bus.accepted] == ["there"]
    assert (requested.requested, requested.gone) == (1, 1)
    assert [key for key, _ in requested.failed] == ["forbidden", "unreadable"]
    assert [why for _, why in requested.failed] == [
        "s3:GetObject on s3://uploads/forbidden: refused (AccessDenied)",
        "s3:GetObject on s3://uploads/unreadable: the answer cannot be read (Invalid timestamp) (ResponseParserError)",
    ]


def test_a_bucket_that_is_gone_ends_it() -> None:
    with pytest.raises(PermanentError, match=r"s3://other/a: the bucket does not exist"):
        requester(FakeBus(), bucket="other").request([existing("a", etag=None)])


def test_credentials_that_have_expired_end_it() -> None:
    with pytest.raises(UsageError, match="the AWS credentials have expired"):
        requester(FakeBus()).request([existing("expired", etag=None)])


def test_of_a_group_that_was_partly_refused_only_the_refused_ones_are_asked_for_again() -> None:
    bus = FakeBus("b", "c")

    requested = requester(bus).request([existing("a"), existing("b"), existing("c")])

    assert [request.upload.key for request in bus.accepted] == ["a", "c", "b"]
    assert requested == Requested(requested=3)


def test_a_disturbance_of_half_a_minute_is_waited_out() -> None:
    bus = FakeBus(*[THROTTLED] * 5)
    pauses: list[float] = []

    requester(bus, pauses.append).request([existing("a"), existing("b")])

    assert [request.upload.key for request in bus.accepted] == ["a", "b"]
    assert sum(pauses) == 31


def test_a_longer_one_ends_it() -> None:
    with pytest.raises(TransientError, match="slow down"):
        requester(FakeBus(*[THROTTLED] * 6)).request([existing("a")])


def expired() -> Exception:
    error = from_aws_code("ExpiredTokenException", "expired", action="events:PutEvents", resource="bus")
    error.__cause__ = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "PutEvents")
    return error


@pytest.mark.parametrize("refusal", [PermanentError("AccessDenied", "no"), expired()])
def test_what_only_a_person_can_help_ends_it_at_once(refusal: Exception) -> None:
    pauses: list[float] = []

    with pytest.raises(type(refusal)):
        requester(FakeBus(refusal), pauses.append).request([existing("a")])

    assert pauses == []
