"""Message bodies as EventBridge writes them into SQS."""

import json
from typing import Any

from shared import times
from shared.events import (
    COPY_REQUESTED,
    COPYTRAIL_SOURCE,
    OBJECT_CREATED,
    OBJECT_DELETED,
    S3_SOURCE,
    CopyRequest,
    Upload,
    encode_detail,
)


def object_created(upload: Upload) -> str:
    """S3's event of an upload."""
    created: dict[str, Any] = {
        "key": upload.key,
        "size": upload.size,
        "etag": upload.etag,
        "sequencer": upload.sequencer,
    }
    if upload.version_id is not None:
        created["version-id"] = upload.version_id
    detail = {"version": "0", "bucket": {"name": upload.bucket}, "object": created, "reason": "PutObject"}
    return envelope(S3_SOURCE, OBJECT_CREATED, detail, time=times.to_text(upload.uploaded_at))


def object_deleted(deletion: Upload) -> str:
    """S3's event of a deletion."""
    deleted = {"key": deletion.key, "sequencer": deletion.sequencer}
    detail = {"version": "0", "bucket": {"name": deletion.bucket}, "object": deleted, "reason": "DeleteObject"}
    return envelope(S3_SOURCE, OBJECT_DELETED, detail, time=times.to_text(deletion.uploaded_at))


def copy_requested(request: CopyRequest) -> str:
    """An operator's request."""
    return envelope(COPYTRAIL_SOURCE, COPY_REQUESTED, json.loads(encode_detail(request)))


def envelope(source: str, detail_type: str, detail: Any, *, time: str = "2026-11-23T10:00:00Z") -> str:
    """Any event in EventBridge's envelope."""
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": detail_type,
            "source": source,
            "account": "123456789012",
            "time": time,
            "region": "us-east-1",
            "resources": [],
            "detail": detail,
        }
    )
