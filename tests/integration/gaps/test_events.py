"""Events on the emulated AWS: what S3 tells, what PutEvents accepts, and which queue an event ends in."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from shared.event_decoding import decode_request

_KEY = {"Bucket": "source", "Key": "key"}
_FROM_S3 = {"source": ["aws.s3"]}
_ENTRY = {"Source": "copytrail", "DetailType": "Object Copied", "Detail": json.dumps({"version": "1"})}


def test_an_upload_is_told_of_in_the_shape_that_aws_publishes(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    queue = gap_aws.make_queue()
    gap_aws.make_rule(_FROM_S3)

    etag = gap_aws.s3.put_object(**_KEY, Body=b"hello")["ETag"].strip('"')

    (event,) = gap_aws.events_in(queue)
    about = event["detail"]["object"]
    assert event == {
        "version": "0",
        "id": str(uuid.UUID(event["id"])),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": event["time"],
        "region": "us-east-1",
        "resources": ["arn:aws:s3:::source"],
        "detail": {
            "version": "0",
            "bucket": {"name": "source"},
            "object": {"key": "key", "size": 5, "etag": etag, "sequencer": about["sequencer"]},
            "request-id": event["detail"]["request-id"],
            "requester": "123456789012",
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    }
    assert int(about["sequencer"], 16) > 0


def test_an_upload_that_is_told_of_is_one_that_copytrail_can_read(aws: Any) -> None:
    aws.make_source_and_destination(versioned=True)
    queue = aws.make_queue()
    aws.make_rule(_FROM_S3)

    put = aws.s3.put_object(**_KEY, Body=b"hello")

    upload = decode_request(json.dumps(aws.events_in(queue)[0])).upload
    head = aws.s3.head_object(**_KEY)
    assert (upload.key, upload.size, upload.version_id) == ("key", 5, put["VersionId"])
    assert abs((upload.uploaded_at - head["LastModified"]).total_seconds()) <= 1


def test_each_event_has_an_id_of_its_own_and_a_rising_sequencer(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    queue = gap_aws.make_queue()
    gap_aws.make_rule(_FROM_S3)

    etags = [gap_aws.s3.put_object(**_KEY, Body=str(n).encode())["ETag"].strip('"') for n in range(12)]

    events = gap_aws.events_in(queue)
    sequencers = {event["detail"]["object"]["etag"]: event["detail"]["object"]["sequencer"] for event in events}
    padded = [sequencers[etag].upper().ljust(32, "0") for etag in etags]
    assert len({event["id"] for event in events}) == 12
    assert padded == sorted(set(padded))
    assert len({len(sequencer) for sequencer in sequencers.values()}) > 1


def test_uploads_at_once_are_each_told_of_once_in_the_order_they_took_effect(
    aws: Any, at_once: Callable[..., list[Any]]
) -> None:
    aws.make_source_and_destination()
    queue = aws.make_queue()
    aws.make_rule(_FROM_S3)

    def put(thread: int) -> None:
        for n in range(5):
            aws.s3.put_object(**_KEY, Body=f"{thread}-{n}".encode())

    at_once(*[lambda thread=thread: put(thread) for thread in range(6)])

    events = aws.events_in(queue)
    latest = max(events, key=lambda event: event["detail"]["object"]["sequencer"].upper().ljust(32, "0"))
    assert len(events) == len({event["detail"]["object"]["sequencer"].upper() for event in events}) == 30
    assert f'"{latest["detail"]["object"]["etag"]}"' == aws.s3.head_object(**_KEY)["ETag"]


def test_an_upload_is_told_of_when_its_metadata_and_tags_are_there(
    gap_aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gap_aws.make_source_and_destination()
    gap_aws.make_queue()
    gap_aws.make_rule(_FROM_S3)
    seen: list[Any] = []

    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto's own state, looked at from inside
    from moto.sqs.models import Queue  # noqa: PLC0415 - moto's own state, looked at from inside

    add_message = Queue.add_message

    def look(queue: Queue, message: Any) -> None:
        backend = s3_backends["123456789012"]["aws"]
        key: Any = backend.get_object("source", "key")
        seen.append((key.metadata.get("x-amz-meta-a"), backend.tagger.get_tag_dict_for_resource(key.arn)))
        add_message(queue, message)

    monkeypatch.setattr(Queue, "add_message", look)
    gap_aws.s3.put_object(**_KEY, Body=b"hello", Metadata={"a": "1"}, Tagging="b=2")

    assert seen == [("1", {"b": "2"})]


def test_a_copy_and_an_upload_in_parts_are_told_of_once_with_their_reasons(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    queue = gap_aws.make_queue()
    gap_aws.make_rule(_FROM_S3)
    gap_aws.s3.put_object(Bucket="destination", Key="other", Body=b"hello")

    gap_aws.s3.copy_object(**_KEY, CopySource={"Bucket": "destination", "Key": "other"})
    upload = gap_aws.s3.create_multipart_upload(**_KEY)["UploadId"]
    part = gap_aws.s3.upload_part(**_KEY, UploadId=upload, PartNumber=1, Body=b"hello")["ETag"]
    gap_aws.s3.complete_multipart_upload(
        **_KEY, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
    )

    reasons = [event["detail"]["reason"] for event in gap_aws.events_in(queue)]
    assert reasons == ["CopyObject", "CompleteMultipartUpload"]


def test_deletions_are_told_of_with_their_kind(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination(versioned=True)
    queue = gap_aws.make_queue()
    gap_aws.make_rule({"source": ["aws.s3"], "detail-type": ["Object Deleted"]})
    version = gap_aws.s3.put_object(**_KEY, Body=b"hello")["VersionId"]

    marker = gap_aws.s3.delete_object(**_KEY)["VersionId"]
    gap_aws.s3.delete_object(**_KEY, VersionId=version)

    found = [
        (event["detail"]["deletion-type"], event["detail"]["object"]["version-id"])
        for event in gap_aws.events_in(queue)
    ]
    assert found == [("Delete Marker Created", marker), ("Permanently Deleted", version)]


def test_deleting_without_versions_is_told_of_once_and_only_when_there_was_something(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    queue = gap_aws.make_queue()
    gap_aws.make_rule({"source": ["aws.s3"], "detail-type": ["Object Deleted"]})
    gap_aws.s3.put_object(**_KEY, Body=b"hello")

    gap_aws.s3.delete_objects(Bucket="source", Delete={"Objects": [{"Key": "key"}]})
    gap_aws.s3.delete_object(**_KEY)

    (event,) = gap_aws.events_in(queue)
    assert event["detail"]["deletion-type"] == "Permanently Deleted"
    assert set(event["detail"]["object"]) == {"key", "sequencer"}


def test_nothing_is_told_of_a_bucket_that_was_not_asked_to(aws: Any) -> None:
    aws.make_source_and_destination()
    queue = aws.make_queue()
    aws.make_rule(_FROM_S3)

    aws.s3.put_object(Bucket="destination", Key="key", Body=b"hello")
    aws.s3.delete_object(Bucket="destination", Key="key")

    assert aws.events_in(queue) == []


def test_uploads_are_told_to_the_default_bus_alone(gap_aws: Any) -> None:
    gap_aws.make_source_and_destination()
    queue = gap_aws.make_queue()
    gap_aws.events.create_event_bus(Name="transfers")
    gap_aws.make_rule(_FROM_S3, bus="transfers")

    gap_aws.s3.put_object(**_KEY, Body=b"hello")

    assert gap_aws.events_in(queue) == []


def test_an_event_arrives_whole_and_unchanged(gap_aws: Any) -> None:
    queue = gap_aws.make_queue()
    gap_aws.events.create_event_bus(Name="transfers")
    gap_aws.make_rule({"source": ["copytrail"]}, bus="transfers")
    detail = {"key": '<id> <time> "quoted" ünï\\', "size": 5, "nothing": None, "list": [1, {"a": "b"}]}

    answer = gap_aws.events.put_events(
        Entries=[{**_ENTRY, "EventBusName": "transfers", "Resources": ["arn:a"], "Detail": json.dumps(detail)}]
    )

    (event,) = gap_aws.events_in(queue)
    assert event == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "Object Copied",
        "source": "copytrail",
        "account": "123456789012",
        "time": event["time"],
        "region": "us-east-1",
        "resources": ["arn:a"],
        "detail": detail,
    }


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Detail": "not json"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Detail": ""}, "InvalidArgument"),
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": ""}, "InvalidArgument"),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException"),
    ],
)
def test_a_wrong_entry_fails_in_its_place_and_the_others_arrive(aws: Any, wrong: dict[str, str], code: str) -> None:
    queue = aws.make_queue()
    aws.make_rule({"detail-type": ["Object Copied"]})

    answer = aws.events.put_events(Entries=[_ENTRY, {**_ENTRY, **wrong}, _ENTRY])

    assert answer["FailedEntryCount"] == 1
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [None, code, None]
    assert [event["id"] for event in aws.events_in(queue)] == [answer["Entries"][place]["EventId"] for place in (0, 2)]


@pytest.mark.parametrize("wrong", [{"Detail": "[]"}, {"Source": "aws.s3"}], ids=str)
def test_an_entry_that_aws_refuses_is_refused(gap_aws: Any, wrong: dict[str, str]) -> None:
    assert gap_aws.events.put_events(Entries=[{**_ENTRY, **wrong}])["FailedEntryCount"] == 1


def test_an_event_for_a_bus_that_does_not_exist_is_accepted_and_dropped(gap_aws: Any) -> None:
    answer = gap_aws.events.put_events(Entries=[{**_ENTRY, "EventBusName": "nowhere"}])

    assert answer["FailedEntryCount"] == 0


def test_more_than_ten_entries_are_refused(aws: Any) -> None:
    with pytest.raises(ClientError) as refused:
        aws.events.put_events(Entries=[_ENTRY] * 11)

    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_disabled_rule_lets_nothing_through(gap_aws: Any) -> None:
    queue = gap_aws.make_queue()
    gap_aws.make_rule({"source": ["copytrail"]})
    gap_aws.events.disable_rule(Name="rule")

    gap_aws.events.put_events(Entries=[_ENTRY])

    assert gap_aws.events_in(queue) == []


def test_an_event_whose_queue_is_gone_waits_in_the_dead_letter_queue_of_its_target(gap_aws: Any) -> None:
    dead_letters = gap_aws.make_queue("dead-letters")
    dead_letter_arn = "arn:aws:sqs:us-east-1:123456789012:dead-letters"
    gap_aws.make_rule({"source": ["copytrail"]}, queue="gone", DeadLetterConfig={"Arn": dead_letter_arn})

    answer = gap_aws.events.put_events(Entries=[_ENTRY])

    (message,) = gap_aws.receive(dead_letters)
    reasons = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert answer["FailedEntryCount"] == 0
    assert json.loads(message["Body"])["id"] == answer["Entries"][0]["EventId"]
    assert reasons.pop("ERROR_MESSAGE")
    assert reasons == {
        "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/rule",
        "TARGET_ARN": "arn:aws:sqs:us-east-1:123456789012:gone",
        "ERROR_CODE": "NO_RESOURCE",
        "RETRY_ATTEMPTS": "0",
    }


@pytest.mark.parametrize(
    ("key", "size", "passes"),
    [
        ("in/a.csv", 5, True),
        ("in/a.CSV", 5, False),
        ("other/a.csv", 5, True),
        ("else/a.csv", 5, False),
        ("in/a.zip", 5, True),
        ("in/a.csv", 101, False),
        ("in/a.csv", 0, False),
        ("in/.csv", 5, True),
        ("in/sub/\u00fc b*.csv", 5, True),
    ],
)
def test_a_pattern_of_prefixes_suffixes_and_sizes_lets_through_what_it_says(
    aws: Any, key: str, size: int, passes: bool
) -> None:
    queue = aws.make_queue()
    about = {
        "key": [{"wildcard": "in/*.csv"}, {"wildcard": "other/*.csv"}, {"wildcard": "in/*.zip"}],
        "size": [{"numeric": [">=", 1, "<=", 100]}],
    }
    aws.make_rule({"source": ["copytrail"], "detail": {"object": about}})

    aws.events.put_events(Entries=[{**_ENTRY, "Detail": json.dumps({"object": {"key": key, "size": size}})}])

    assert bool(aws.events_in(queue)) is passes


@pytest.mark.parametrize(("key", "passes"), [("a/x", True), ("x.b", True), ("x/a/", False), ("b.x", False)])
def test_a_list_of_prefixes_and_suffixes_lets_through_what_fits_any(aws: Any, key: str, passes: bool) -> None:
    queue = aws.make_queue()
    aws.make_rule({"detail": {"key": [{"prefix": "a/"}, {"suffix": ".b"}]}})

    aws.events.put_events(Entries=[{**_ENTRY, "Detail": json.dumps({"key": key})}])

    assert bool(aws.events_in(queue)) is passes


def test_an_event_that_a_rule_forwards_to_another_bus_stays_the_event_of_where_it_began(gap_aws: Any) -> None:
    queue = gap_aws.make_queue()
    gap_aws.make_rule(_FROM_S3)
    there = boto3.Session("test", "test", region_name="eu-west-1")
    events: Any = there.client("events", endpoint_url=gap_aws.server.endpoint_url)
    s3: Any = there.client("s3", endpoint_url=gap_aws.server.endpoint_url)
    events.put_rule(Name="forward", EventPattern=json.dumps(_FROM_S3))
    here = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    events.put_targets(Rule="forward", Targets=[{"Id": "here", "Arn": here}])
    s3.create_bucket(Bucket="source", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_notification_configuration(
        Bucket="source", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )

    s3.put_object(**_KEY, Body=b"hello")
    events.close()
    s3.close()

    (event,) = gap_aws.events_in(queue)
    assert (event["source"], event["region"]) == ("aws.s3", "eu-west-1")
    assert event["detail"]["object"]["key"] == "key"
