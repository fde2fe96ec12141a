"""Interceptors in front of the emulated AWS: they see, answer, hold and fail requests, and then they are gone."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.interception import (
    InterceptedRequest,
    Reply,
    aws_json_error,
    intercept,
    put_events_partial,
    throttled_s3,
)

_KEY = {"Bucket": "source", "Key": "a key+%20"}
_ENTRY = {"Source": "copytrail", "DetailType": "Object Copied", "Detail": "{}"}


def test_requests_are_named_as_boto3_names_them(aws: Any) -> None:
    seen: list[tuple[str, str]] = []
    keys: set[tuple[str, str]] = set()

    def watch(request: InterceptedRequest) -> None:
        seen.append((request.service, request.operation))
        if request.service == "s3":
            keys.add((request.bucket, request.key))

    aws.make_source_and_destination()
    queue = aws.make_queue()
    with intercept(aws.server, watch):
        aws.s3.put_object(**_KEY, Body=b"body")
        aws.s3.head_object(**_KEY)
        aws.s3.get_object(**_KEY)
        aws.s3.get_object_tagging(**_KEY)
        aws.s3.copy_object(**_KEY, CopySource=_KEY, MetadataDirective="REPLACE")
        upload = aws.s3.create_multipart_upload(**_KEY)["UploadId"]
        aws.s3.upload_part(**_KEY, UploadId=upload, PartNumber=1, Body=b"body")
        etag = aws.s3.upload_part_copy(**_KEY, UploadId=upload, PartNumber=1, CopySource=_KEY)["CopyPartResult"]["ETag"]
        aws.s3.list_parts(**_KEY, UploadId=upload)
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        aws.s3.complete_multipart_upload(**_KEY, UploadId=upload, MultipartUpload=parts)
        aws.s3.delete_object(**_KEY)
        aws.events.put_events(Entries=[_ENTRY])
        aws.sqs.send_message(QueueUrl=queue, MessageBody="body")
        aws.dynamodb.list_tables()
    with intercept(aws.server, watch):
        aws.s3.list_objects_v2(Bucket="source")
    aws.s3.list_buckets()

    assert seen == [
        ("s3", "PutObject"),
        ("s3", "HeadObject"),
        ("s3", "GetObject"),
        ("s3", "GetObjectTagging"),
        ("s3", "CopyObject"),
        ("s3", "CreateMultipartUpload"),
        ("s3", "UploadPart"),
        ("s3", "UploadPartCopy"),
        ("s3", "ListParts"),
        ("s3", "CompleteMultipartUpload"),
        ("s3", "DeleteObject"),
        ("events", "PutEvents"),
        ("sqs", "SendMessage"),
        ("dynamodb", "ListTables"),
        ("s3", "ListObjectsV2"),
    ]
    assert keys == {("source", "a key+%20"), ("source", "")}


def test_a_reply_is_given_in_the_place_of_the_deed(aws: Any) -> None:
    aws.make_source_and_destination()

    with (
        intercept(aws.server, lambda request: throttled_s3() if request.operation == "PutObject" else None),
        pytest.raises(ClientError) as refused,
    ):
        aws.s3.put_object(**_KEY, Body=b"body")

    assert refused.value.response["Error"]["Code"] == "SlowDown"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert "Contents" not in aws.s3.list_objects_v2(Bucket="source")


def test_a_json_error_is_one_that_boto3_reads(aws: Any) -> None:
    refusal = aws_json_error("AccessDeniedException", "not you", 403)

    with intercept(aws.server, lambda _: refusal), pytest.raises(ClientError) as refused:
        aws.events.put_events(Entries=[_ENTRY])

    assert refused.value.response["Error"] == {"Code": "AccessDeniedException", "Message": "not you"}


def test_a_deed_may_be_done_and_its_answer_lost(aws: Any) -> None:
    aws.make_source_and_destination()

    def lose(request: InterceptedRequest) -> Reply | None:
        if request.operation != "PutObject":
            return None
        assert request.forward().status == 200
        return throttled_s3()

    with intercept(aws.server, lose), pytest.raises(ClientError):
        aws.s3.put_object(**_KEY, Body=b"body")

    assert aws.s3.get_object(**_KEY)["Body"].read() == b"body"


def test_a_deed_that_was_forwarded_is_done_once(aws: Any) -> None:
    queue = aws.make_queue()

    def look(request: InterceptedRequest) -> None:
        request.forward()

    with intercept(aws.server, look):
        sent = aws.sqs.send_message(QueueUrl=queue, MessageBody="body")

    assert [message["MessageId"] for message in aws.receive(queue)] == [sent["MessageId"]]


def test_some_entries_fail_and_the_others_are_published(aws: Any) -> None:
    queue = aws.make_queue()
    aws.make_rule({"source": ["copytrail"]})

    with intercept(
        aws.server,
        lambda request: put_events_partial(request, failed=[0, 2]) if request.operation == "PutEvents" else None,
    ):
        answer = aws.events.put_events(Entries=[_ENTRY] * 3)

    assert answer["FailedEntryCount"] == 2
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        "ThrottlingException",
        None,
        "ThrottlingException",
    ]
    assert [event["id"] for event in aws.events_in(queue)] == [answer["Entries"][1]["EventId"]]


def test_a_request_that_is_held_holds_up_no_other(aws: Any) -> None:
    aws.make_source_and_destination()
    reached, release = threading.Event(), threading.Event()

    def hold(request: InterceptedRequest) -> None:
        if request.operation == "PutObject":
            reached.set()
            release.wait()

    with intercept(aws.server, hold):
        upload = threading.Thread(target=lambda: aws.s3.put_object(**_KEY, Body=b"body"))
        upload.start()
        reached.wait()
        meanwhile = aws.s3.list_objects_v2(Bucket="source").get("Contents", [])
        release.set()
        upload.join()

    assert meanwhile == []
    assert aws.s3.get_object(**_KEY)["Body"].read() == b"body"


def test_what_an_interceptor_raises_comes_out_at_the_end_of_its_block(aws: Any) -> None:
    def check(_request: InterceptedRequest) -> None:
        raise AssertionError("not this")

    with pytest.raises(AssertionError, match="not this"), intercept(aws.server, check), pytest.raises(ClientError):
        aws.s3.list_buckets()


def test_a_removed_interceptor_sees_nothing_more(aws: Any) -> None:
    seen: list[str] = []

    intercepting = intercept(aws.server, lambda request: seen.append(request.operation))
    aws.s3.list_buckets()
    intercepting.remove()
    aws.s3.list_buckets()

    assert seen == ["ListBuckets"]
