"""Checks of what must be true when the system is quiet: uploads, copies, records and queues, read with boto3."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from localaws.demo.samples import Sample

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


_IN_PARTS_OVER = 8 * 1024**2
# Longer than the checks take.
_OUT_OF_SIGHT_S = 300


@dataclass(frozen=True)
class Uploaded:
    """A sample that S3 has taken, under this ETag (without quotes)."""

    sample: Sample
    etag: str


@dataclass(frozen=True)
class Checked:
    """What became of one upload; `problems` is empty when all is as it must be."""

    uploaded: Uploaded
    record: Mapping[str, Any]
    problems: tuple[str, ...]


class Checks:
    """The checks on one deployed stack, found by its outputs."""

    def __init__(
        self, s3: "S3Client", sqs: "SQSClient", dynamodb: "DynamoDBClient", outputs: Mapping[str, str]
    ) -> None:
        self._s3 = s3
        self._sqs = sqs
        self._dynamodb = dynamodb
        self._outputs = outputs
        [route] = json.loads(outputs["Routes"])
        self._source, self._destination = str(route["sourceBucket"]), str(route["destinationBucket"])

    @property
    def source_bucket(self) -> str:
        """Where uploads go."""
        return self._source

    def put(self, sample: Sample) -> Uploaded:
        """Upload a sample as any client would: in parts where it is large."""
        place: dict[str, Any] = {"Bucket": self._source, "Key": sample.key}
        if len(sample.body) > _IN_PARTS_OVER:
            stored: Mapping[str, Any] = self._put_in_parts(sample.body, place)
        else:
            stored = self._s3.put_object(**place, Body=sample.body, **sample.properties)
        if sample.delete_at_once:
            self._s3.delete_object(**place)
        return Uploaded(sample, str(stored["ETag"]).strip('"'))

    def _put_in_parts(self, body: bytes, place: dict[str, Any]) -> Mapping[str, Any]:
        # Not by boto3's transfer manager: of a connection that is cut, awscrt prints a traceback from its threads.
        upload = {**place, "UploadId": self._s3.create_multipart_upload(**place)["UploadId"]}
        parts: list[Any] = []
        for number, first in enumerate(range(0, len(body), _IN_PARTS_OVER), start=1):
            part = self._s3.upload_part(**upload, PartNumber=number, Body=body[first : first + _IN_PARTS_OVER])
            parts.append({"PartNumber": number, "ETag": part["ETag"]})
        return self._s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    def check_uploads(self, uploads: list[Uploaded]) -> list[Checked]:
        """Each upload against its record and its copy."""
        records: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for record in self._records():
            records.setdefault((record["ObjectKey"], record["SourceETag"]), []).append(record)
        return [self._check(upload, records.get((upload.sample.key, upload.etag), [])) for upload in uploads]

    def check_the_rest(self, checked: list[Checked]) -> list[str]:
        """What is left over: records and objects of no upload, messages waiting, or dead-lettered without reason."""
        problems = []
        records, uploads = sum(1 for _ in self._records()), len(checked)
        if records != uploads:
            problems.append(f"{records} records for {uploads} uploads")
        expected = {item.uploaded.sample.key for item in checked if item.record.get("Outcome") == "Copied"}
        surplus = set(self._keys()) - expected
        if surplus:
            problems.append(f"{len(surplus)} objects in {self._destination} that were never uploaded")
        problems += [
            f"{waiting} messages left in {queue.removesuffix('Url')}"
            for queue in ("CopyQueueUrl", "AuditQueueUrl", "AuditDlqUrl")
            if (waiting := self._messages_in(self._outputs[queue]))
        ]
        failed = [item.record["LogID"] for item in checked if item.record.get("Outcome") == "Failed"]
        return [*problems, *dead_letter_problems(list(self._dead_lettered()), failed)]

    def _check(self, upload: Uploaded, records: list[dict[str, Any]]) -> Checked:
        if len(records) != 1:
            return Checked(upload, {}, (f"{len(records)} records instead of one",))
        [record] = records
        problems = [*misfits(upload.sample, record)]
        if upload.sample.copied:
            problems += self._differences(upload.sample, record)
        return Checked(upload, record, tuple(problems))

    def _differences(self, sample: Sample, record: Mapping[str, Any]) -> Iterator[str]:
        try:
            copy = self._s3.get_object(Bucket=self._destination, Key=record["DestinationKey"])
        except ClientError as error:
            yield f"not readable in {self._destination}: {error.response['Error']['Code']}"
            return
        if copy["Body"].read() != sample.body:
            yield "other bytes"
        original = self._s3.head_object(Bucket=self._source, Key=sample.key)
        yield from unlike(original, copy)
        if self._tags(self._source, sample.key) != self._tags(self._destination, record["DestinationKey"]):
            yield "other tags"

    def _tags(self, bucket: str, key: str) -> list[tuple[str, str]]:
        tags = self._s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        return sorted((tag["Key"], tag["Value"]) for tag in tags)

    def _records(self) -> Iterator[dict[str, Any]]:
        deserialize = TypeDeserializer().deserialize
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._outputs["AuditTableName"]):
            for item in page["Items"]:
                # What operators did is on record, too.
                if "ObjectKey" in item:
                    yield {name: deserialize(value) for name, value in item.items()}

    def _keys(self) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._destination):
            yield from (item["Key"] for item in page.get("Contents", []))

    def _messages_in(self, queue_url: str) -> int:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=counts)["Attributes"]  # type: ignore[arg-type]
        return sum(int(value) for value in attributes.values())

    def _dead_lettered(self) -> Iterator[Mapping[str, Any]]:
        """Every message in the copy DLQ; they stay there, out of sight."""
        while messages := self._sqs.receive_message(
            QueueUrl=self._outputs["CopyDlqUrl"],
            MessageAttributeNames=["All"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=_OUT_OF_SIGHT_S,
        ).get("Messages"):
            yield from messages


_PROPERTIES = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentLength", "ContentType"),
    *("ExpiresString", "Metadata"),
)
_EXPLANATION = {"LogID", "Reason", "Message"}


def misfits(sample: Sample, record: Mapping[str, Any]) -> Iterator[str]:
    """What a sample's record says that it must not: another outcome, another reason, or none."""
    outcome, reason = record["Outcome"], record.get("Reason")
    if outcome not in _right_outcomes(sample):
        yield f"{outcome} ({reason}) instead of {' or '.join(_right_outcomes(sample))}"
    elif outcome != "Copied" and reason != sample.reason:
        yield f"{outcome} because of {reason} instead of {sample.reason}"
    if outcome != "Copied" and not (reason and record.get("Message")):
        yield f"{outcome} without a reason and a message"


def unlike(original: Mapping[str, Any], copy: Mapping[str, Any]) -> Iterator[str]:
    """In which properties a copy differs from what was uploaded."""
    for name in _PROPERTIES:
        if original.get(name) != copy.get(name):
            yield f"{name} is {copy.get(name)!r} instead of {original.get(name)!r}"


def dead_letter_problems(messages: Sequence[Mapping[str, Any]], failed: Iterable[str]) -> Iterator[str]:
    """What is wrong between all messages of the copy DLQ and the LogIDs of the failed records: one for each."""
    attributes = [message.get("MessageAttributes", {}) for message in messages]
    explained = Counter(each["LogID"]["StringValue"] for each in attributes if each.keys() >= _EXPLANATION)
    expected = Counter(failed)
    if without_reason := len(messages) - explained.total():
        yield f"{without_reason} of {len(messages)} dead-lettered messages do not say why they are there"
    if surplus := explained - expected:
        yield f"dead-lettered messages without a failed record: {sorted(surplus)}"
    if missing := expected - explained:
        yield f"failed records without a dead-lettered message that says why: {sorted(missing)}"


def _right_outcomes(sample: Sample) -> tuple[str, ...]:
    if sample.copied is None:
        return ("Copied", "Skipped")
    return ("Copied",) if sample.copied else ("Failed",)
