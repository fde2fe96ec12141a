"""Completions and records of copies that were never made."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from shared.audit_log.record import Record
from shared.events import COPYTRAIL_SOURCE, Checksum, Completion, Destination, Outcome, Upload, encode_detail
from shared.log_id import log_id
from tests.fakes.bodies import envelope

UPLOADED_AT = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


def an_upload(**changes: Any) -> Upload:
    """An upload of `s3://in/report.csv`."""
    upload = Upload(bucket="in", key="report.csv", etag="0a1b", size=42, uploaded_at=UPLOADED_AT, sequencer="00A1")
    return msgspec.structs.replace(upload, **changes)


def copied(upload: Upload | None = None, **changes: Any) -> Completion:
    """A copy that took a second and a half, and finished two seconds after its upload."""
    upload = upload or an_upload()
    finished_at = upload.uploaded_at + timedelta(seconds=2)
    completion = Completion(
        log_id=_log_id(upload),
        outcome=Outcome.COPIED,
        upload=upload,
        attempt=1,
        started_at=finished_at - timedelta(seconds=1.5),
        finished_at=finished_at,
        destination=Destination(bucket="out", key=upload.key, etag="0a1b"),
        checksum=Checksum(algorithm="CRC64NVME", value="yNxsHbMLBxs=", type="FULL_OBJECT"),
        method="CopyObject",
    )
    return msgspec.structs.replace(completion, **changes)


def skipped(upload: Upload | None = None, **changes: Any) -> Completion:
    """An upload that a newer one has taken the place of."""
    ending = {"outcome": Outcome.SKIPPED, "reason": "Superseded", "message": "a newer upload is there"}
    return copied(upload, **({"checksum": None, "method": None} | ending | changes))


def failed(upload: Upload | None = None, *, message_id: str = "m-1", **changes: Any) -> Completion:
    """A copy that AWS refused."""
    upload = upload or an_upload()
    ending = {"outcome": Outcome.FAILED, "reason": "AccessDenied", "message": "s3:GetObject on s3://in: Access Denied"}
    own_id = {"log_id": _log_id(upload, failed_message_id=message_id)}
    return copied(upload, **({"checksum": None, "method": None} | ending | own_id | changes))


def a_record(completion: Completion | None = None) -> Record:
    """The record of a completion, logged a second after it finished."""
    completion = completion or copied()
    return Record.of(completion, completion.finished_at + timedelta(seconds=1))


def body(completion: Completion) -> str:
    """The message that tells the auditor of a completion."""
    return envelope(COPYTRAIL_SOURCE, completion.detail_type, json.loads(encode_detail(completion)))


def _log_id(upload: Upload, failed_message_id: str | None = None) -> str:
    return log_id(
        bucket=upload.bucket,
        key=upload.key,
        version_id=upload.version_id,
        etag=upload.etag,
        sequencer=upload.sequencer,
        failed_message_id=failed_message_id,
    )
