"""Decoding is strict, and says which field is wrong."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from shared.errors import PermanentError, Reason
from shared.event_decoding import decode_audited, decode_request
from shared.events import (
    Checksum,
    Completion,
    Continuation,
    CopyRequest,
    Destination,
    Outcome,
    Trigger,
    Upload,
    encode_detail,
    encode_request,
)
from tests.fakes.bodies import copy_requested, envelope, object_created

# "EventBridge event message structure", S3 user guide: the published sample of "Object Created".
AWS_SAMPLE = """
{
  "version": "0",
  "id": "17793124-05d4-b198-2fde-7ededc63b103",
  "detail-type": "Object Created",
  "source": "aws.s3",
  "account": "111122223333",
  "time": "2021-11-12T00:00:00Z",
  "region": "ca-central-1",
  "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
  "detail": {
    "version": "0",
    "bucket": {"name": "amzn-s3-demo-bucket1"},
    "object": {
      "key": "example-key",
      "size": 5,
      "etag": "b1946ac92492d2347c6235b4d2611184",
      "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
      "sequencer": "617f08299329d189"
    },
    "request-id": "N4N7GDK58NMKJ12R",
    "requester": "123456789012",
    "source-ip-address": "1.2.3.4",
    "reason": "PutObject"
  }
}
"""
UPLOAD = Upload(
    bucket="in",
    key="k",
    etag="b1946ac92492d2347c6235b4d2611184",
    size=5,
    uploaded_at=datetime(2026, 11, 23, 10, tzinfo=UTC),
    sequencer="617F08299329D189",
)


def completion(**changes: Any) -> Completion:
    fields: dict[str, Any] = {
        "log_id": "0d7e6d6c-2a5c-5b6e-8f0a-1d2c3b4a5e6f",
        "outcome": Outcome.COPIED,
        "upload": UPLOAD,
        "destination": Destination(bucket="out", key="k", etag="e"),
        "checksum": Checksum(algorithm="CRC64NVME", value="abc=", type="FULL_OBJECT"),
        "attempt": 1,
        "started_at": UPLOAD.uploaded_at,
        "finished_at": UPLOAD.uploaded_at,
    }
    return Completion(**(fields | changes))


def test_the_sample_that_aws_publishes_is_read_to_the_last_field() -> None:
    assert decode_request(AWS_SAMPLE) == CopyRequest(
        upload=Upload(
            bucket="amzn-s3-demo-bucket1",
            key="example-key",
            etag="b1946ac92492d2347c6235b4d2611184",
            size=5,
            uploaded_at=datetime(2021, 11, 12, tzinfo=UTC),
            version_id="IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            sequencer="617f08299329d189",
        )
    )


@pytest.mark.parametrize("reason", ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload", "New One"])
def test_every_reason_is_an_upload(reason: str) -> None:
    assert decode_request(AWS_SAMPLE.replace("PutObject", reason)).upload.key == "example-key"


@pytest.mark.parametrize("key", ["a b", "a+b", "a%20b", "ü/日本/🚀", "quo\"te's", "folder/", "k" * 1024, "\u0001"])
def test_keys_are_taken_raw(key: str) -> None:
    body = json.dumps(json.loads(object_created(UPLOAD)) | {})
    event = json.loads(body)
    event["detail"]["object"]["key"] = key

    assert decode_request(json.dumps(event)).upload.key == key


def test_an_unversioned_bucket_gives_no_version_id() -> None:
    assert decode_request(object_created(UPLOAD)).upload.version_id is None


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (("detail", "bucket"), {}, "Object missing required field `name` - at `$.detail.bucket`"),
        (("detail", "object", "size"), -1, "Expected `int` >= 0 - at `$.detail.object.size`"),
        (("detail", "object", "size"), "5", "Expected `int`, got `str` - at `$.detail.object.size`"),
        (("detail", "object", "key"), "", "Expected `str` of length >= 1 - at `$.detail.object.key`"),
        (("detail", "object", "etag"), None, "Expected `str`, got `null` - at `$.detail.object.etag`"),
        (("detail",), {}, "Object missing required field `bucket` - at `$.detail`"),
        (("time",), "yesterday", "Invalid RFC3339 encoded datetime - at `$.time`"),
        (("time",), "0001-01-01T00:00:00+14:00", "`time` cannot be read: 0001-01-01T00:00:00+14:00 is no moment of"),
        (("time",), "9999-12-31T23:59:59-23:59", "`time` cannot be read: 9999-12-31T23:59:59-23:59 is no moment of"),
        (("detail", "object", "size"), 2**63, "at `$.detail.object.size`"),
        (("detail", "object", "etag"), "a\nb", "at `$.detail.object.etag`"),
        (("detail", "object", "etag"), "ä", "at `$.detail.object.etag`"),
        (("detail", "object", "version-id"), "v" * 1025, "at `$.detail.object.version-id`"),
        (
            ("detail", "object", "key"),
            "ä" * 513,
            "`key` is longer than 1,024 bytes, which S3 does not allow - at `$.det",
        ),
        (
            ("detail", "bucket", "name"),
            "b" * 256,
            "`name` is longer than 255 bytes, which S3 does not allow - at `$.de",
        ),
    ],
)
def test_a_wrong_field_is_named(path: tuple[str, ...], value: Any, problem: str) -> None:
    event = json.loads(AWS_SAMPLE)
    place = event
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(PermanentError) as raised:
        decode_request(json.dumps(event))

    assert raised.value.reason == Reason.MALFORMED_EVENT
    assert problem in raised.value.message


@pytest.mark.parametrize("body", ["", "null", "[]", "{", '{"Records": []}', '"\\ud800"', "{}", '{"a":' + "[" * 50_000])
def test_a_body_that_is_no_event_is_malformed(body: str) -> None:
    with pytest.raises(PermanentError, match="not an event of ours") as raised:
        decode_request(body)
    assert raised.value.reason == Reason.MALFORMED_EVENT


@pytest.mark.parametrize(
    ("source", "detail_type"),
    [("aws.s3", "Object Tags Added"), ("aws.ec2", "Object Created"), ("copytrail", "Object Copied")],
)
def test_an_event_of_another_kind_is_unsupported_and_named(source: str, detail_type: str) -> None:
    with pytest.raises(PermanentError, match=f"'{detail_type}' from {source} is not one of") as raised:
        decode_request(envelope(source, detail_type, {}))
    assert raised.value.reason == Reason.UNSUPPORTED_EVENT


def test_a_requested_copy_survives_the_way_over_the_bus() -> None:
    request = CopyRequest(upload=UPLOAD, trigger=Trigger.RECONCILE, request_id="r-1", requested_by="ops")

    assert decode_request(copy_requested(request)) == request


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"request_id": None}, "a request needs an id of its own - at `$.detail.requestId`"),
        ({"request_id": ""}, "a request needs an id of its own - at `$.detail.requestId`"),
        ({"trigger": Trigger.UPLOAD}, "a request is a backfill, a reconcile or a replay"),
    ],
)
def test_a_request_that_would_leave_no_record_of_its_own_is_malformed(changes: dict[str, Any], problem: str) -> None:
    request = structs.replace(CopyRequest(upload=UPLOAD, trigger=Trigger.BACKFILL, request_id="r-1"), **changes)

    with pytest.raises(PermanentError, match=re.escape(problem)):
        decode_request(copy_requested(request))


def test_an_etag_in_quotes_as_every_s3_answer_writes_it_is_understood() -> None:
    quoted = structs.replace(UPLOAD, etag=f'"{UPLOAD.etag}"')
    request = CopyRequest(upload=quoted, trigger=Trigger.BACKFILL, request_id="r-1")

    assert decode_request(copy_requested(request)).upload == UPLOAD


def test_a_continuation_survives_the_way_through_the_queue() -> None:
    continuation = Continuation(upload_id="u", bytes_each=5, etag="e", fingerprint="f", parts_done=3)
    request = CopyRequest(upload=UPLOAD, continuation=continuation)

    assert decode_request(encode_request(request, UPLOAD.uploaded_at)) == request


def test_the_version_id_of_a_bucket_with_versioning_suspended_tells_nothing() -> None:
    body = AWS_SAMPLE.replace("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "null")

    assert decode_request(body).upload.version_id is None


@pytest.mark.parametrize(
    "told",
    [
        completion(),
        completion(outcome=Outcome.SKIPPED, reason="Superseded", message="newer", checksum=None),
        completion(outcome=Outcome.FAILED, reason="NoRoute", message="none", destination=None, checksum=None),
    ],
    ids=lambda told: told.outcome,
)
def test_a_completion_survives_the_way_over_the_bus(told: Completion) -> None:
    body = envelope("copytrail", told.detail_type, json.loads(encode_detail(told)))

    assert decode_audited(body) == told


@pytest.mark.parametrize(
    ("detail_type", "changes", "problem"),
    [
        ("Object Copied", {"outcome": "Skipped", "reason": "x"}, "outcome Skipped came as 'Object Copied'"),
        ("Object Copied", {"destination": None}, "a Copied outcome needs destination.etag"),
        ("Object Copy Failed", {"outcome": "Failed"}, "a Failed outcome needs a reason"),
        ("Object Copied", {"version": "2"}, "Invalid enum value '2' - at `$.detail.version`"),
        ("Object Copied", {"attempt": 0}, "Expected `int` >= 1 - at `$.detail.attempt`"),
        ("Object Copied", {"startedAt": "0001-01-01T00:00:00+14:00"}, "`startedAt` cannot be read"),
        ("Object Copied", {"finishedAt": "9999-12-31T23:59:59-23:59"}, "`finishedAt` cannot be read"),
    ],
)
def test_a_completion_that_contradicts_itself_is_malformed(
    detail_type: str, changes: dict[str, Any], problem: str
) -> None:
    detail = json.loads(encode_detail(completion())) | changes

    with pytest.raises(PermanentError) as raised:
        decode_audited(envelope("copytrail", detail_type, detail))

    assert raised.value.reason == Reason.MALFORMED_EVENT
    assert problem in raised.value.message


def test_fields_that_aws_adds_later_do_no_harm() -> None:
    event = json.loads(AWS_SAMPLE)
    event["detail"]["event-version"] = "1.0"
    event["replay-name"] = "r"

    assert decode_request(json.dumps(event)) == decode_request(AWS_SAMPLE)


RESTORED = """
{
  "version": "0", "id": "6924de0d-13e2-6bbf-c0c1-b903b753565e", "detail-type": "Object Restore Completed",
  "source": "aws.s3", "account": "111122223333", "time": "2021-11-12T00:00:00Z", "region": "ca-central-1",
  "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
  "detail": {
    "version": "0", "bucket": {"name": "amzn-s3-demo-bucket1"},
    "object": {"key": "example-key", "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184",
               "version-id": "KKsjUC1.6gIjqtvhfg5AdMI0eCePIiT3"},
    "request-id": "189F19CB7FB1B6A4", "requester": "s3.amazonaws.com",
    "restore-expiry-time": "2021-11-13T00:00:00Z", "source-storage-class": "GLACIER"
  }
}
"""
DELETED = """
{
  "version": "0", "id": "2ee9cc15-d022-99ea-1fb8-1b1bac4850f9", "detail-type": "Object Deleted",
  "source": "aws.s3", "account": "111122223333", "time": "2021-11-12T00:00:00Z", "region": "ca-central-1",
  "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
  "detail": {
    "version": "0", "bucket": {"name": "amzn-s3-demo-bucket1"},
    "object": {"key": "example-key", "etag": "d41d8cd98f00b204e9800998ecf8427e",
               "version-id": "1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF", "sequencer": "617f0837b476e463"},
    "request-id": "0BH729840619AG5K", "requester": "123456789012", "source-ip-address": "1.2.3.4",
    "reason": "DeleteObject", "deletion-type": "Delete Marker Created"
  }
}
"""


def test_a_completed_restore_asks_for_its_copy_under_an_id_of_its_own() -> None:
    request = decode_request(RESTORED)

    assert (request.trigger, request.request_id) == (Trigger.RESTORE, "189F19CB7FB1B6A4")
    assert (request.upload.key, request.upload.etag) == ("example-key", "b1946ac92492d2347c6235b4d2611184")


def test_a_deletion_is_a_write_without_bytes() -> None:
    request = decode_request(DELETED)

    assert request.trigger is Trigger.DELETE
    assert request.upload == Upload(
        bucket="amzn-s3-demo-bucket1",
        key="example-key",
        etag="",
        size=0,
        version_id="1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF",
        sequencer="617f0837b476e463",
        uploaded_at=datetime(2021, 11, 12, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"key": "ä" * 513}, "`key` is longer than 1,024 bytes, which S3 does not allow - at `$.detail.upload`"),
        ({"bucket": "b" * 256}, "`bucket` is longer than 255 bytes, which S3 does not allow - at `$.detail.upload`"),
        ({"uploadedAt": "0001-01-01T00:00:00+14:00"}, "`uploadedAt` cannot be read"),
    ],
)
def test_an_upload_that_no_bucket_can_hold_is_malformed_in_both_functions(
    changes: dict[str, Any], problem: str
) -> None:
    told = json.loads(encode_detail(completion()))
    upload = told["upload"] | changes
    request = {"upload": upload, "trigger": "backfill", "requestId": "r"}

    for decode, body in (
        (decode_audited, envelope("copytrail", "Object Copied", told | {"upload": upload})),
        (decode_request, envelope("copytrail", "Object Copy Requested", request)),
    ):
        with pytest.raises(PermanentError) as raised:
            decode(body)
        assert raised.value.reason == Reason.MALFORMED_EVENT
        assert problem in raised.value.message


def test_a_body_that_utf_8_cannot_write_is_malformed() -> None:
    with pytest.raises(PermanentError, match="not an event of ours"):
        decode_request('{"source": "\ud800"}')
