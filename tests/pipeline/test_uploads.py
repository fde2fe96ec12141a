"""What a person sees who uploads files."""

import json
import random

import pytest

from shared.errors import Reason
from shared.events import COPY_REQUESTED, COPYTRAIL_SOURCE, CopyRequest, Outcome, Trigger, Upload, encode_detail
from shared.times import now
from tests.pipeline.trail import Trail


def test_an_uploaded_file_is_copied_and_recorded(trail: Trail) -> None:
    etag = trail.upload("hello.txt", b"hello")
    trail.wait_until_quiet()

    assert trail.copy_of("hello.txt") == b"hello"
    [record] = trail.records("hello.txt")
    assert record.outcome == Outcome.COPIED
    assert (record.source_bucket, record.destination_bucket) == (trail.source, trail.destination)
    assert (record.object_key, record.size, record.source_etag, record.destination_etag) == ("hello.txt", 5, etag, etag)
    assert record.uploaded_at <= record.finished_at <= record.logged_at


@pytest.mark.parametrize("key", ["a b", "a+b", "a%20b", "ü/日本/🚀", 'it\'s "q" & <t>', "folder/", "k" * 1024])
def test_keys_that_bite_arrive_as_they_are(trail: Trail, key: str) -> None:
    trail.upload(key, b"")
    trail.wait_until_quiet()

    assert trail.copy_of(key) == b""
    assert [record.outcome for record in trail.records(key)] == [Outcome.COPIED]


def test_headers_metadata_and_tags_come_along(trail: Trail) -> None:
    properties = {
        "CacheControl": "max-age=60",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/html",
        "Metadata": {"author": "me"},
    }
    trail.upload("dressed.html", b"x", Tagging="team=devops", **properties)
    trail.wait_until_quiet()

    head = trail.s3.head_object(Bucket=trail.destination, Key="dressed.html")
    assert {name: head[name] for name in properties} == properties
    tags = trail.s3.get_object_tagging(Bucket=trail.destination, Key="dressed.html")["TagSet"]
    assert tags == [{"Key": "team", "Value": "devops"}]


def test_an_expires_that_is_empty_is_in_nobodys_way(trail: Trail) -> None:
    for body in (b"first", b"second"):
        trail.upload_raw("expires", body, {"Expires": b""})
        trail.skip_delays_until_quiet()

    assert trail.copy_of("expires") == b"second"
    assert [record.outcome for record in trail.records("expires")] == [Outcome.COPIED, Outcome.COPIED]
    assert trail.s3.head_object(Bucket=trail.destination, Key="expires")["ExpiresString"] == ""


def test_no_record_names_an_upload_that_was_not_copied(trail: Trail) -> None:
    """The event of an object that is gone, where its decoded key holds an equally empty one."""
    trail.upload("x y", b"")
    trail.wait_until_quiet()
    trail.copier.pause()
    trail.upload("x+y", b"")
    trail.s3.delete_object(Bucket=trail.source, Key="x+y")
    trail.copier.resume()
    trail.wait_until_quiet()

    assert [(record.outcome, record.reason) for record in trail.records("x+y")] == [
        (Outcome.SKIPPED, Reason.SOURCE_DELETED)
    ]
    assert {record.outcome for record in trail.records("x y")} == {Outcome.COPIED}
    assert trail.copy_of("x+y") is None


def test_an_upload_whose_key_comes_url_encoded_is_copied_under_its_own_name(trail: Trail) -> None:
    trail.copier.pause()
    trail.upload("url encoded+", b"1")
    [message] = trail.take_all("CopyQueueUrl")
    trail.send(message["Body"].replace("url encoded+", "url+encoded%2B"))
    trail.copier.resume()
    trail.wait_until_quiet()

    assert trail.copy_of("url encoded+") == b"1"
    assert [record.outcome for record in trail.records("url encoded+")] == [Outcome.COPIED]


def test_ten_overwrites_delivered_in_a_shuffled_order_end_with_the_last(trail: Trail) -> None:
    trail.copier.pause()
    *_, last_etag = [trail.upload("counter", f"{turn}".encode()) for turn in range(10)]
    bodies = [message["Body"] for message in trail.take_all("CopyQueueUrl")]
    assert len(bodies) == 10
    random.Random(7).shuffle(bodies)
    trail.send(*bodies)
    trail.copier.resume()
    trail.skip_delays_until_quiet()

    assert trail.copy_of("counter") == b"9"
    records = trail.records("counter")
    assert len({record.log_id for record in records}) == len(records) == 10
    assert {record.outcome for record in records} == {Outcome.COPIED, Outcome.SKIPPED}
    [last] = [record for record in records if record.source_etag == last_etag]
    assert last.outcome == Outcome.COPIED
    assert all(record.reason == "Superseded" and record.message for record in records if record is not last)


def test_a_duplicate_delivery_leaves_one_record(trail: Trail) -> None:
    trail.copier.pause()
    trail.upload("twice")
    [message] = trail.take_all("CopyQueueUrl")
    trail.send(message["Body"], message["Body"], message["Body"])
    trail.copier.resume()
    trail.skip_delays_until_quiet()

    [record] = trail.records("twice")
    assert record.outcome == Outcome.COPIED
    assert trail.letters("AuditDlqUrl") == []


def test_an_upload_deleted_before_its_copy_is_skipped_and_says_so(trail: Trail) -> None:
    trail.copier.pause()
    trail.upload("gone")
    trail.s3.delete_object(Bucket=trail.source, Key="gone")
    trail.copier.resume()
    trail.wait_until_quiet()

    [record] = trail.records("gone")
    assert (record.outcome, record.reason) == (Outcome.SKIPPED, "SourceDeleted")
    assert trail.copy_of("gone") is None


def test_an_archived_object_fails_with_an_explained_dead_letter(trail: Trail) -> None:
    trail.upload("frozen", StorageClass="GLACIER")
    trail.wait_until_quiet()

    [record] = trail.records("frozen")
    assert (record.outcome, record.reason) == (Outcome.FAILED, "Archived")
    [letter] = trail.letters()
    assert (letter["LogID"], letter["Reason"], letter["Attempts"]) == (record.log_id, "Archived", "1")
    assert "Restore the object" in letter["Message"]
    assert json.loads(letter["Body"])["detail"]["object"]["key"] == "frozen"


def test_an_operators_request_copies_an_object_that_is_there_already(trail: Trail) -> None:
    etag = trail.upload("requested")
    trail.wait_until_quiet()
    upload = Upload(bucket=trail.source, key="requested", etag=etag, size=4, uploaded_at=now())
    request = CopyRequest(upload=upload, trigger=Trigger.BACKFILL, request_id="r-1", requested_by="somebody")
    trail.aws.client("events").put_events(
        Entries=[
            {
                "EventBusName": trail.outputs["TransferBusName"],
                "Source": COPYTRAIL_SOURCE,
                "DetailType": COPY_REQUESTED,
                "Detail": encode_detail(request),
            }
        ]
    )
    trail.skip_delays_until_quiet()

    records = trail.records("requested")
    assert sorted((record.trigger, record.requested_by, record.outcome) for record in records) == [
        (Trigger.BACKFILL, "somebody", Outcome.COPIED),
        (Trigger.UPLOAD, None, Outcome.COPIED),
    ]


def test_every_transfer_is_one_log_line_with_its_log_id_and_is_counted(trail: Trail) -> None:
    trail.upload("logged")
    trail.wait_until_quiet()

    [record] = trail.records("logged")
    lines = [json.loads(line) for line in trail.copier.log_lines() if line.startswith("{")]
    [transfer] = [line for line in lines if line.get("message") == "transfer" and line["log_id"] == record.log_id]
    assert (transfer["outcome"], transfer["source"]) == ("Copied", f"s3://{trail.source}/logged")
    metrics = [line for line in lines if "_aws" in line and "Objects" in line]
    assert {"Copied", "BytesCopied", "UploadToCopied"} <= metrics[-1].keys()
