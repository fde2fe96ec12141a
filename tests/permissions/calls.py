"""What a request to AWS takes to be allowed: actions on resources, with what conditions can ask about.

Source of what has another name than its operation, or takes more than one action: "Actions, resources, and condition
keys" of each service, Service Authorization Reference; for S3 "Required permissions for Amazon S3 API operations", S3
user guide; for KMS "Using server-side encryption with AWS KMS keys", S3 user guide.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from localaws.embedded import ACCOUNT_ID, REGION
from shared.events import COPYTRAIL_SOURCE
from tests.interception import InterceptedRequest

Context = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Needed:
    """An action on a resource. `context`: condition keys with their values, beside those of who asks and how."""

    action: str
    resource: str
    context: tuple[tuple[str, str | tuple[str, ...]], ...] = field(default=())


def needed(request: InterceptedRequest, keys: Mapping[str, str]) -> Iterator[Needed]:
    """What somebody must be allowed who makes this request. `keys`: bucket → the KMS key that it encrypts with.

    Of S3 the request is forwarded: what an answer tells, a 404, may take a permission of its own.
    """
    if f"{request.service}:{request.operation}" in NEEDS_NO_PERMISSION:
        return
    yield from _SERVICES[request.service](request, keys)


# "No permissions are required" ("GetCallerIdentity", STS API reference).
NEEDS_NO_PERMISSION = {"sts:GetCallerIdentity"}

_S3_ACTIONS = {
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPartCopy": "PutObject",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
}
_READS = {"HeadObject", "GetObject"}
_BEGIN_OBJECTS = {"CopyObject", "CreateMultipartUpload", "PutObject"}
_WRITES = {*_BEGIN_OBJECTS, "CompleteMultipartUpload", "UploadPartCopy"}
_IN_PARTS = _WRITES - {"CopyObject", "PutObject"}
_NOT_FOUND = 404


def _of_s3(request: InterceptedRequest, keys: Mapping[str, str]) -> Iterator[Needed]:
    operation = request.operation
    version = "Version" if "versionId" in parse_qs(urlsplit(request.path).query) else ""
    action = _S3_ACTIONS.get(operation, operation)
    if version and operation in {*_READS, "GetObjectTagging", "PutObjectTagging", "DeleteObject"}:
        action = action.replace("Object", "ObjectVersion")
    yield Needed(f"s3:{action}", _in_s3(request.bucket, request.key))
    if operation in _BEGIN_OBJECTS and request.headers.get("x-amz-tagging"):
        yield Needed("s3:PutObjectTagging", _in_s3(request.bucket, request.key))
    if "x-amz-copy-source" in request.headers:
        yield from _of_copy(request, keys)
    if operation in _WRITES and "if-match" in request.headers:
        # "How to prevent object overwrites with conditional writes", S3 user guide.
        yield Needed("s3:GetObject", _in_s3(request.bucket, request.key))
    if request.bucket in keys:
        yield from _of_kms(request, keys[request.bucket])
    if operation in {*_READS, "CopyObject"} and request.forward().status == _NOT_FOUND:
        # Without it S3 says 403 of what is not there.
        yield Needed("s3:ListBucket", _in_s3(_source(request)[0] if operation == "CopyObject" else request.bucket))


def _of_copy(request: InterceptedRequest, keys: Mapping[str, str]) -> Iterator[Needed]:
    bucket, key, version_id = _source(request)
    version = "Version" if version_id else ""
    yield Needed(f"s3:GetObject{version}", _in_s3(bucket, key))
    if request.operation == "CopyObject" and request.headers.get("x-amz-tagging-directive") != "REPLACE":
        yield Needed(f"s3:GetObject{version}Tagging", _in_s3(bucket, key))
        yield Needed("s3:PutObjectTagging", _in_s3(request.bucket, request.key))
    if bucket in keys:
        yield using("kms:Decrypt", keys[bucket])


def _of_kms(request: InterceptedRequest, key: str) -> Iterator[Needed]:
    reads = request.operation == "GetObject" or "x-amz-checksum-mode" in request.headers
    if reads or request.operation in _IN_PARTS:
        # S3 decrypts to tell a checksum ("HeadObject", S3 API reference), and what it puts together.
        yield using("kms:Decrypt", key)
    if request.operation in _WRITES - {"CompleteMultipartUpload"}:
        yield using("kms:GenerateDataKey", key)


def using(action: str, key: str, through: str = "s3") -> Needed:
    """A use of a KMS key by a service, for whoever asks that service."""
    return Needed(action, key, (("kms:ViaService", f"{through}.{REGION}.amazonaws.com"),))


def _source(request: InterceptedRequest) -> tuple[str, str, str]:
    """Bucket, key and version id, or "", of what a request copies."""
    path, _, version = request.headers["x-amz-copy-source"].partition("?versionId=")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return bucket, key, version


def _in_s3(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _of_sqs(request: InterceptedRequest, _: Mapping[str, str]) -> Iterator[Needed]:
    asked = request.json()
    arn = asked.get("SourceArn") or regional("sqs", asked["QueueUrl"].rpartition("/")[2])
    yield Needed(f"sqs:{request.operation.removesuffix('Batch')}", arn)


def _of_dynamodb(request: InterceptedRequest, _: Mapping[str, str]) -> Iterator[Needed]:
    asked = request.json()
    if request.operation == "ExecuteStatement":
        statement = re.match(r'SELECT .* FROM "(.+)"\."(.+)" WHERE', asked["Statement"])
        assert statement, f"nobody has decided what this takes: {asked['Statement']}"
        yield Needed("dynamodb:PartiQLSelect", regional("dynamodb", f"table/{statement[1]}/index/{statement[2]}"))
        return
    arn = asked.get("ExportArn") or asked.get("TableArn") or regional("dynamodb", f"table/{asked['TableName']}")
    yield Needed(f"dynamodb:{request.operation}", f"{arn}/index/{asked['IndexName']}" if "IndexName" in asked else arn)


def _of_events(request: InterceptedRequest, _: Mapping[str, str]) -> Iterator[Needed]:
    asked = request.json()
    if request.operation == "PutEvents":
        entries = asked["Entries"]
        for bus in sorted({entry["EventBusName"] for entry in entries}):
            there = [entry for entry in entries if entry["EventBusName"] == bus]
            yield publishing(bus, *((entry["Source"], entry["DetailType"]) for entry in there))
        return
    if request.operation == "DescribeEventBus":
        yield Needed("events:DescribeEventBus", regional("events", f"event-bus/{asked['Name']}"))
        return
    bus, name = asked.get("EventBusName", "default"), asked.get("Name") or asked.get("Rule")
    if name is None:
        yield Needed(f"events:{request.operation}", regional("events", f"event-bus/{bus}"))
    else:
        rule = name if bus == "default" else f"{bus}/{name}"
        yield Needed(f"events:{request.operation}", regional("events", f"rule/{rule}"))


def publishing(bus: str, *entries: tuple[str, str]) -> Needed:
    """What PutEvents of these entries takes, each a source and a detail-type."""
    sources, types = (tuple(dict.fromkeys(values)) for values in zip(*entries, strict=True))
    context = (("events:source", sources), ("events:detail-type", types))
    return Needed("events:PutEvents", regional("events", f"event-bus/{bus}"), context)


def publishing_beyond(bus: str, own: str, *others: str) -> Iterator[Needed]:
    """What who may publish events of the type `own` may not: others, alone or beside it, and those of nobody's."""
    for other in others:
        yield publishing(bus, (COPYTRAIL_SOURCE, other))
        yield publishing(bus, (COPYTRAIL_SOURCE, own), (COPYTRAIL_SOURCE, other))
    yield publishing(bus, ("somebody.else", own))
    whole = publishing(bus, (COPYTRAIL_SOURCE, own))
    for key, _ in whole.context:
        yield Needed(whole.action, whole.resource, tuple(pair for pair in whole.context if pair[0] != key))


def _of_cloudformation(request: InterceptedRequest, _: Mapping[str, str]) -> Iterator[Needed]:
    [name] = parse_qs(request.body.decode())["StackName"]
    arn = name if name.startswith("arn:") else regional("cloudformation", f"stack/{name}/its-id")
    yield Needed(f"cloudformation:{request.operation}", arn)


def _of_lambda(request: InterceptedRequest, _: Mapping[str, str]) -> Iterator[Needed]:
    kind, name = urlsplit(request.path).path.strip("/").split("/")[1:3]
    yield Needed(f"lambda:{request.operation}", regional("lambda", f"{kind.removesuffix('s')}:{name}"))


def _of_key(request: InterceptedRequest, _: Mapping[str, str]) -> Iterator[Needed]:
    yield Needed(f"kms:{request.operation}", request.json()["KeyId"])


def _without_resource(request: InterceptedRequest, _: Mapping[str, str]) -> Iterator[Needed]:
    yield Needed(f"{request.service}:{request.operation}", "*")


def regional(service: str, resource: str) -> str:
    """The ARN of a resource of the embedded AWS."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"


# A service that is not here is one that nobody has decided about.
_SERVICES: Mapping[str, Callable[[InterceptedRequest, Mapping[str, str]], Iterator[Needed]]] = {
    "s3": _of_s3,
    "sqs": _of_sqs,
    "dynamodb": _of_dynamodb,
    "events": _of_events,
    "cloudformation": _of_cloudformation,
    "cloudwatch": _without_resource,
    "lambda": _of_lambda,
    "kms": _of_key,
}
