"""What S3 tells EventBridge, and what EventBridge does with events."""

import json
from typing import Any

from tests.second_aws.rules import DONE, Site, arn_of, attempt, rule

_SHAPE = "AmazonS3/latest/userguide/ev-events.html"
_PUT = "eventbridge/latest/APIReference/API_PutEvents.html"
_DLQ = "eventbridge/latest/userguide/eb-rule-dlq.html"
_PATTERNS = "eventbridge/latest/userguide/eb-create-pattern-operators.html"
_DECODED = "how events are read: `shared/event_decoding.py`"
_ACCEPTED = "an outcome is on the bus before its message goes: `shared/transfer_bus.py`"
_ENTRY = {"DetailType": "Object Copied", "Detail": json.dumps({"version": "1"})}


def _told(aws: Site, key: str = "key", *, versioned: bool = False, writes: int = 1) -> list[Any]:
    """The events of so many uploads of a key."""
    bucket = aws.bucket(versioned=versioned, told=True)
    queue = aws.told_of(bucket)
    for number in range(writes):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=str(number).encode())
    return aws.told(queue, writes)


def _published(aws: Site, *entries: dict[str, str], pattern: dict[str, Any] | None = None) -> tuple[Any, list[Any]]:
    """What PutEvents answers, and what a rule for them lets through."""
    source = aws.name()
    queue = aws.queue()
    aws.rule({"source": [source], **(pattern or {})}, queue)
    answer = aws.events.put_events(Entries=[{"Source": source, **_ENTRY, **entry} for entry in entries])
    return answer, aws.told(queue, len(entries) - answer["FailedEntryCount"])


@rule("S3 events", "The key is raw, not URL-encoded", page=_SHAPE, rests=_DECODED, aws="a b+c%20ü/")
def key_in_an_event(aws: Site) -> str:
    [event] = _told(aws, "a b+c%20ü/")
    return str(event["detail"]["object"]["key"])


@rule(
    "S3 events",
    "An object has `key`, `size`, `etag` (without quotes) and `sequencer`, and no `version-id` without versions",
    page=_SHAPE,
    rests=_DECODED,
    aws="etag, key, sequencer, size",
)
def object_in_an_event(aws: Site) -> str:
    [event] = _told(aws)
    about = event["detail"]["object"]
    return ", ".join(sorted(name for name in about if '"' not in str(about[name])))


@rule(
    "S3 events",
    "`version-id` is that of the upload",
    page=_SHAPE,
    rests=_DECODED,
    aws="that of the upload",
    second="none",
)
def version_in_an_event(aws: Site) -> str:
    [event] = _told(aws, versioned=True)
    versions = aws.s3.list_object_versions(Bucket=event["detail"]["bucket"]["name"])["Versions"]
    told = event["detail"]["object"].get("version-id")
    return "that of the upload" if [version["VersionId"] for version in versions] == [told] else str(told or "none")


@rule(
    "S3 events",
    "`sequencer` is hexadecimal and rises with each upload of a key, once padded with zeros on the right",
    page="AmazonS3/latest/userguide/notification-content-structure.html",
    rests="the identity of an upload: `shared/log_id.py`, and the order of versions",
    aws="it rises",
)
def sequencers(aws: Site) -> str:
    events = _told(aws, writes=6)
    in_order = sorted(events, key=lambda event: event["detail"]["object"]["sequencer"].upper().ljust(64, "0"))
    told = [event["detail"]["object"]["sequencer"] for event in in_order]
    etags = [event["detail"]["object"]["etag"] for event in in_order]
    last = aws.s3.head_object(Bucket=events[0]["detail"]["bucket"]["name"], Key="key")["ETag"].strip('"')
    if any(int(sequencer, 16) < 0 for sequencer in told):
        return "not hexadecimal"
    return "it rises" if len(set(told)) == len(events) and etags[-1] == last else "it does not rise"


@rule(
    "S3 events",
    "`reason` names the request: PutObject, CopyObject, CompleteMultipartUpload; each is told of once",
    page=_SHAPE,
    rests="all are uploads: `shared/event_patterns.py` asks for none",
    aws="CompleteMultipartUpload, CopyObject, PutObject",
)
def reasons(aws: Site) -> str:
    bucket = aws.bucket(told=True)
    queue = aws.told_of(bucket)
    aws.s3.put_object(Bucket=bucket, Key="1", Body=b"body")
    aws.s3.copy_object(Bucket=bucket, Key="2", CopySource={"Bucket": bucket, "Key": "1"})
    upload = {"Bucket": bucket, "Key": "3"}
    upload["UploadId"] = aws.s3.create_multipart_upload(**upload)["UploadId"]
    part = aws.s3.upload_part(**upload, PartNumber=1, Body=b"body")["ETag"]
    aws.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    return ", ".join(sorted(event["detail"]["reason"] for event in aws.told(queue, 3)))


@rule(
    "S3 events", "The detail-type of all of them is `Object Created`", page=_SHAPE, rests=_DECODED, aws="Object Created"
)
def detail_type(aws: Site) -> str:
    [event] = _told(aws)
    return str(event["detail-type"])


@rule(
    "S3 events",
    "A deletion is `Object Deleted`, with `deletion-type`: `Delete Marker Created`, `Permanently Deleted`",
    page=_SHAPE,
    rests="the route option `deletes`: `shared/event_decoding.py`",
    aws="Object Deleted: Delete Marker Created, Object Deleted: Permanently Deleted",
)
def deletions(aws: Site) -> str:
    bucket = aws.bucket(versioned=True, told=True)
    version = aws.s3.put_object(Bucket=bucket, Key="key", Body=b"body")["VersionId"]
    queue = aws.queue()
    aws.rule({"detail-type": ["Object Deleted"], "detail": {"bucket": {"name": [bucket]}}}, queue)
    aws.s3.delete_object(Bucket=bucket, Key="key")
    aws.s3.delete_object(Bucket=bucket, Key="key", VersionId=version)
    told = [f"{event['detail-type']}: {event['detail'].get('deletion-type')}" for event in aws.told(queue, 2)]
    return ", ".join(sorted(told))


@rule(
    "S3 events",
    "Nothing is told of a bucket whose notifications do not name EventBridge",
    page="AmazonS3/latest/userguide/EventBridge.html",
    rests="`copytrail status` and `doctor` look at the bucket's notifications",
    aws="0 events",
)
def buckets_that_tell_nothing(aws: Site) -> str:
    bucket = aws.bucket()
    queue = aws.told_of(bucket)
    aws.s3.put_object(Bucket=bucket, Key="key", Body=b"body")
    return f"{len(aws.told(queue, 0))} events"


@rule(
    "EventBridge",
    "PutEvents succeeds with entries that failed, each told of in its place",
    page=_PUT,
    rests=_ACCEPTED,
    aws="None, MalformedDetail, None; 2 arrive",
    second="None, None, None; 3 arrive",
)
def entries_that_fail(aws: Site) -> str:
    answer, arrived = _published(aws, {}, {"Detail": "[]"}, {})
    return f"{', '.join(str(entry.get('ErrorCode')) for entry in answer['Entries'])}; {len(arrived)} arrive"


@rule(
    "EventBridge",
    "An entry with a source of AWS's fails",
    page="eventbridge/latest/userguide/eb-putevents.html",
    rests="nobody can tell of an upload but S3: `infra/permissions.py`",
    aws="NotAuthorizedForSourceException",
)
def entries_in_the_name_of_aws(aws: Site) -> str:
    answer, _ = _published(aws, {"Source": "aws.s3"})
    return str(answer["Entries"][0].get("ErrorCode"))


@rule(
    "EventBridge", "PutEvents takes no more than 10 entries", page=_PUT, rests=_ACCEPTED, aws="400 ValidationException"
)
def entries_that_are_too_many(aws: Site) -> str:
    return attempt(aws.events.put_events, Entries=[{"Source": "copytrail", **_ENTRY}] * 11)


@rule(
    "EventBridge",
    "PutEvents succeeds where no rule matches, and for a bus that is not there",
    page="eventbridge/latest/userguide/eb-putevents.html",
    rests="what listens is up first, and goes last: `infra/stack.py`",
    aws="0 failed",
)
def events_for_nobody(aws: Site) -> str:
    entry = {"Source": aws.name(), **_ENTRY}
    answer = aws.events.put_events(Entries=[entry, {**entry, "EventBusName": aws.name()}])
    return f"{answer['FailedEntryCount']} failed"


@rule(
    "EventBridge",
    "A detail arrives as it was published",
    page=_PUT,
    rests="keys with any character: `shared/envelope.py`",
    aws="as it was",
)
def details(aws: Site) -> str:
    detail = {"key": '<id> "quoted" ünï\\ +%20', "nothing": None, "list": [1, {"a": 2.5}]}
    _, [event] = _published(aws, {"Detail": json.dumps(detail)})
    return "as it was" if event["detail"] == detail else str(event["detail"])


@rule(
    "EventBridge",
    "A rule that is disabled lets nothing through",
    page="eventbridge/latest/APIReference/API_DisableRule.html",
    rests="`copytrail status` and `doctor` look at the rules",
    aws="0 events",
)
def disabled_rules(aws: Site) -> str:
    queue, source = aws.queue(), aws.name()
    aws.events.disable_rule(Name=aws.rule({"source": [source]}, queue))
    aws.events.put_events(Entries=[{"Source": source, **_ENTRY}])
    return f"{len(aws.told(queue, 0))} events"


@rule(
    "EventBridge",
    "An event whose queue is gone goes to the dead-letter queue of its target, with the reason in its attributes",
    page=_DLQ,
    rests="why a message is in the DLQ: `ops/dlq/`",
    aws="ERROR_CODE, ERROR_MESSAGE, RETRY_ATTEMPTS, RULE_ARN, TARGET_ARN",
    second="nothing",
)
def targets_that_are_gone(aws: Site) -> str:
    gone, letters, source = aws.queue(), aws.queue(), aws.name()
    aws.rule({"source": [source]}, gone, DeadLetterConfig={"Arn": arn_of(letters)})
    aws.sqs.delete_queue(QueueUrl=gone)
    aws.events.put_events(Entries=[{"Source": source, **_ENTRY}])
    messages = aws.messages(letters, 1)
    # RETRY_ATTEMPTS and EXHAUSTED_RETRY_CONDITION depend on how often it was tried.
    return ", ".join(sorted(name for message in messages for name in message.get("MessageAttributes", {}))) or "nothing"


@rule(
    "EventBridge",
    "Patterns of prefix, suffix, wildcard and number let through what they say",
    page=_PATTERNS,
    rests="the filters of a route: `shared/event_patterns.py`",
    aws="in/a.csv, other/b",
)
def patterns(aws: Site) -> str:
    about = {
        "key": [{"prefix": "other/"}, {"wildcard": "in/*.csv"}, {"suffix": ".never"}],
        "size": [{"numeric": [">=", 1, "<=", 100]}],
    }
    keys = [("in/a.csv", 5), ("in/a.zip", 5), ("other/b", 100), ("in/c.csv", 0), ("other/d", 101), ("a.csv", 5)]
    entries = [{"Detail": json.dumps({"object": {"key": key, "size": size}})} for key, size in keys]
    source, queue = aws.name(), aws.queue()
    aws.rule({"source": [source], "detail": {"object": about}}, queue)
    aws.events.put_events(Entries=[{"Source": source, **_ENTRY, **entry} for entry in entries])
    return ", ".join(sorted(event["detail"]["object"]["key"] for event in aws.told(queue, 2)))


@rule(
    "EventBridge",
    "A rule's pattern has at most 2,048 characters",
    page="eventbridge/latest/userguide/eb-quota.html",
    rests="a route with many prefixes has several rules: `shared/event_patterns.py`",
    aws="refused",
    embedded="taken",
    second="taken",
)
def patterns_that_are_too_long(aws: Site) -> str:
    pattern = json.dumps({"detail": {"key": [{"prefix": f"{number:0>100}"} for number in range(60)]}})
    return "taken" if attempt(aws.events.put_rule, Name=aws.name(), EventPattern=pattern) == DONE else "refused"
