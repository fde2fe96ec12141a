"""What a group of requests is, and how patiently it is made."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.aws.object_reads import ObjectReads
from ops.backfill.requests import GroupResult, Requester
from ops.copy_requests import PartlyRefusedError
from ops.errors import UsageError
from shared.errors import PermanentError, TransientError, from_aws_code
from shared.events import Upload
from tests.unit.ops.backfill.examples import MOMENT, source_object

THROTTLED = TransientError("ThrottlingException", "slow down")


class FakeCopies:
    """Copy requests that are refused so many times first: all of them, or that of one key only."""

    def __init__(self, *refusals: Exception | str) -> None:
        self.refusals = list(refusals)
        self.accepted: list[Upload] = []
        self.has_begun = False

    def begin(self) -> None:
        self.has_begun = True

    def publish(self, uploads: Sequence[Upload]) -> None:
        assert self.has_begun, "nothing is requested before there is a checkpoint"
        refusal = self.refusals.pop(0) if self.refusals else ""
        if isinstance(refusal, Exception):
            raise refusal
        refused = [upload for upload in uploads if upload.key == refusal]
        self.accepted += [upload for upload in uploads if upload not in refused]
        if refused and len(uploads) > 1:
            raise PartlyRefusedError(refused, len(uploads), THROTTLED)
        if refused:
            raise THROTTLED


class FakeHeads:
    """HeadObject of two objects: one is there, one may not be read."""

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


def requester(
    copies: FakeCopies, wait: Callable[[float], bool] = lambda _: False, bucket: str = "uploads"
) -> Requester:
    heads: Any = FakeHeads()
    requests: Any = copies
    return Requester(ObjectReads(heads), requests, bucket, begin=copies.begin, wait=wait)


def not_stopped(waits: list[float]) -> Callable[[float], bool]:
    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return False

    return wait


def test_a_request_names_the_upload() -> None:
    copies = FakeCopies()

    requester(copies).request([source_object("a")])

    [upload] = copies.accepted
    assert (upload.url, upload.etag, upload.size, upload.uploaded_at) == ("s3://uploads/a", "e", 100, MOMENT)
    assert upload.version_id is None


def test_an_etag_that_the_inventory_does_not_have_is_read_by_head() -> None:
    copies = FakeCopies()

    requested = requester(copies).request([source_object("there", etag=None, last_modified=None)])

    assert requested == GroupResult(requested=1)
    assert (copies.accepted[0].etag, copies.accepted[0].size) == ("now", 7)


def test_what_is_gone_meanwhile_is_counted_as_such() -> None:
    copies = FakeCopies()

    assert requester(copies).request([source_object("gone", etag=None), source_object("a")]) == GroupResult(
        requested=1, source_deleted=1
    )
    assert [upload.key for upload in copies.accepted] == ["a"]


def test_a_group_of_nothing_but_gone_objects_is_no_request() -> None:
    assert requester(FakeCopies(THROTTLED)).request([source_object("gone", etag=None)]) == GroupResult(source_deleted=1)


def test_an_object_that_head_fails_for_is_named_with_the_reason_and_the_rest_is_requested() -> None:
    copies = FakeCopies()
    group = [source_object(key, etag=None) for key in ("forbidden", "there", "unreadable", "gone")]

    requested = requester(copies).request(group)

    assert [upload.key for upload in copies.accepted] == ["there"]
    assert (requested.requested, requested.source_deleted) == (1, 1)
    assert [key for key, _ in requested.failed] == ["forbidden", "unreadable"]
    assert [why for _, why in requested.failed] == [
        "s3:GetObject on s3://uploads/forbidden: refused (AccessDenied)",
        "s3:GetObject on s3://uploads/unreadable: the answer cannot be read (Invalid timestamp) (ResponseParserError)",
    ]


def test_a_bucket_that_is_gone_ends_it() -> None:
    with pytest.raises(PermanentError, match=r"s3://other/a: the bucket does not exist"):
        requester(FakeCopies(), bucket="other").request([source_object("a", etag=None)])


def test_credentials_that_have_expired_end_it() -> None:
    with pytest.raises(UsageError, match="the AWS credentials have expired"):
        requester(FakeCopies()).request([source_object("expired", etag=None)])


def test_of_a_group_that_was_partly_refused_only_the_refused_ones_are_asked_for_again() -> None:
    copies = FakeCopies("b", "c")

    requested = requester(copies).request([source_object("a"), source_object("b"), source_object("c")])

    assert [upload.key for upload in copies.accepted] == ["a", "c", "b"]
    assert requested == GroupResult(requested=3)


def test_a_disturbance_of_half_a_minute_is_retried() -> None:
    copies = FakeCopies(*[THROTTLED] * 5)
    waits: list[float] = []

    requester(copies, not_stopped(waits)).request([source_object("a"), source_object("b")])

    assert [upload.key for upload in copies.accepted] == ["a", "b"]
    assert sum(waits) == 31


def test_a_longer_one_ends_it() -> None:
    with pytest.raises(TransientError, match="slow down"):
        requester(FakeCopies(*[THROTTLED] * 6)).request([source_object("a")])


def expired() -> Exception:
    error = from_aws_code("ExpiredTokenException", "expired", action="events:PutEvents", resource="bus")
    error.__cause__ = ClientError({"Error": {"Code": "ExpiredTokenException", "Message": "expired"}}, "PutEvents")
    return error


@pytest.mark.parametrize("refusal", [PermanentError("AccessDenied", "no"), expired()])
def test_what_only_a_person_can_help_ends_it_at_once(refusal: Exception) -> None:
    waits: list[float] = []

    with pytest.raises(type(refusal)):
        requester(FakeCopies(refusal), not_stopped(waits)).request([source_object("a")])

    assert waits == []


def test_whoever_waits_to_ask_again_goes_no_further_when_the_backfill_is_stopped() -> None:
    stopped = Event()
    stopped.set()
    copies = FakeCopies(THROTTLED)

    with pytest.raises(InterruptedError):
        requester(copies, stopped.wait).request([source_object("a")])

    assert copies.accepted == []
