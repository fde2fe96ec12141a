"""Requests to AWS, counted while both functions process an upload, on the embedded AWS.

A byte stands for a MiB: an object of 5,120 bytes takes as many requests here as one of 5 GiB does with a threshold and
parts of as many MiB.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import boto3
from moto.s3 import models

from benchmarks.cold_start import ENVIRONMENT
from benchmarks.dataset.events import envelope
from benchmarks.function_program import Context
from localaws.embedded import ACCOUNT_ID
from localaws.server import MotoServer
from services.auditor import wiring as auditor
from services.copier import wiring as copier
from shared import times
from shared.audit_log.schema import PARTITION_KEY
from shared.lambda_runtime.powertools import logger

# "PUT, COPY, POST, LIST requests" of S3's price list; all else of S3 is "GET, SELECT, and all other requests".
_WRITES = frozenset(
    {"CopyObject", "CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload", "PutObjectTagging"}
    | {"ListParts", "ListObjectVersions", "ListObjectsV2"}
)
_KEY = "reports/2026/11/25/report.csv"
_WRITE_UNIT = 1024


@dataclass(frozen=True)
class Counts:
    """What one upload takes: requests of S3 by kind, events published, calls of PutEvents, and DynamoDB's units."""

    calls: Mapping[str, int]
    events: int
    write_units: int

    @property
    def s3_writes(self) -> int:
        """Requests at the price of a PUT."""
        return sum(count for name, count in self.calls.items() if name in _WRITES)

    @property
    def s3_reads(self) -> int:
        """Requests at the price of a GET."""
        others = (*_WRITES, "PutEvents", "PutItem")
        return sum(count for name, count in self.calls.items() if name not in others)


class Pipeline:
    """Both functions, from S3's event to the record; `threshold` and `part` in MiB."""

    def __init__(self) -> None:
        self._s3 = boto3.client("s3")
        self._calls: Counter[str] = Counter()
        self._published: list[dict[str, Any]] = []
        self._units = 0
        self._uploads = 0
        self._is_counting = False
        assert boto3.DEFAULT_SESSION is not None  # noqa: S101 - the client above has made it
        boto3.DEFAULT_SESSION.events.register("before-parameter-build", self._count)

    def upload(self, mebibytes: int, *, key: str = _KEY, content: bytes = b"x") -> str:
        """Put an object, and give the message of its event."""
        etag = self._s3.put_object(Bucket="uploads", Key=key, Body=content * mebibytes)["ETag"].strip('"')
        _backdate()
        self._uploads += 1
        created = {"key": key, "size": mebibytes, "etag": etag, "sequencer": f"{self._uploads:016X}"}
        detail = {"version": "0", "bucket": {"name": "uploads"}, "object": created, "reason": "PutObject"}
        return envelope("aws.s3", "Object Created", detail, time=times.to_text(times.now()))

    def process(self, message: str) -> Counts:
        """Have the copier process a message, and the auditor what it publishes; what that took."""
        self._calls.clear()
        self._published.clear()
        self._units = 0
        self._is_counting = True
        _invoke(copier, message)
        for entry in list(self._published):
            _invoke(auditor, envelope(entry["Source"], entry["DetailType"], json.loads(entry["Detail"])))
        self._is_counting = False
        _backdate()
        return Counts(dict(self._calls), len(self._published), self._units)

    def _count(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if not self._is_counting:
            return
        self._calls[model.name] += 1
        if model.name == "PutEvents":
            self._published += params["Entries"]
        if model.name == "PutItem":
            self._units += -(-_bytes_of(params["Item"]) // _WRITE_UNIT)


@contextmanager
def pipeline(*, threshold: int, part: int) -> Iterator[Pipeline]:
    """The functions with a table, a bus and two buckets, all empty. Threshold and part size in MiB."""
    sizes = {"MULTIPART_THRESHOLD_BYTES": str(threshold), "PART_SIZE_BYTES": str(part)}
    with (
        MotoServer() as server,
        patch.dict(os.environ, {**ENVIRONMENT, **sizes, "AWS_ENDPOINT_URL": server.endpoint_url}),
        patch.object(copier, "SMALLEST_PART", 1),
        patch.object(models, "S3_UPLOAD_PART_MIN_SIZE", 1),
        redirect_stdout(StringIO()),
    ):
        level = logger.log_level
        logger.setLevel("CRITICAL")
        boto3.setup_default_session()
        _create_resources()
        for wiring in (copier, auditor):
            wiring.build.cache_clear()
        try:
            yield Pipeline()
        finally:
            for wiring in (copier, auditor):
                wiring.build.cache_clear()
            boto3.DEFAULT_SESSION = None
            logger.setLevel(level)


def _create_resources() -> None:
    for bucket in ("uploads", "copies"):
        boto3.client("s3").create_bucket(Bucket=bucket)
    boto3.client("events").create_event_bus(Name=ENVIRONMENT["TRANSFER_BUS_NAME"])
    boto3.client("dynamodb").create_table(
        TableName=ENVIRONMENT["AUDIT_TABLE_NAME"],
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": PARTITION_KEY, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": PARTITION_KEY, "AttributeType": "S"}],
    )


def _backdate() -> None:
    """Make every object a day old: the copier waits out the second in which an upload was made."""
    for bucket in models.s3_backends[ACCOUNT_ID]["aws"].buckets.values():
        for stored in bucket.keys.values():
            stored.last_modified -= timedelta(days=1)


def _invoke(wiring: Any, body: str) -> None:
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1764028800000"}
    record = {"messageId": "1", "receiptHandle": "1", "body": body, "eventSourceARN": "arn", "attributes": attributes}
    answer = wiring.build().respond({"Records": [record]}, Context())
    if answer != {"batchItemFailures": []}:
        raise RuntimeError(f"a message did not end: {body}")


def _bytes_of(item: Mapping[str, Mapping[str, str]]) -> int:
    """An item's size: its attributes' names and values ("DynamoDB item sizes and formats"; numbers take no more)."""
    return sum(
        len(name.encode()) + len(text.encode()) for name, value in item.items() for text in map(str, value.values())
    )
