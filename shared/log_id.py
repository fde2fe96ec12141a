"""The LogID, a hash of an upload's identity: the same upload delivered twice has the same one."""

import json
from uuid import UUID, uuid5

# Never change: every LogID ever given depends on it.
_NAMESPACE = UUID("6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d")


def log_id(
    *,
    bucket: str,
    key: str,
    version_id: str | None,
    etag: str,
    sequencer: str | None,
    request_id: str | None = None,
    failed_message_id: str | None = None,
) -> str:
    """The UUIDv5 (RFC 9562) of an upload's identity, as text.

    Args:
        request_id: the id of a requested copy, so that a backfill of an old upload has its own record.
        failed_message_id: the SQS message id of a failure, so that a replay's success has its own record.
    """
    identity = [bucket, key, version_id or "", etag, sequencer or "", request_id or ""]
    if failed_message_id is not None:
        identity.append(failed_message_id)
    return _uuid(identity)


def operation_log_id(operation_id: str, stage: str, at: str) -> str:
    """The UUIDv5 of one stage of what an operator did, as text; no upload's identity has so few parts."""
    return _uuid(["operation", operation_id, stage, at])


def is_log_id(text: str) -> bool:
    """Whether `text` is written as LogIDs are: a UUID in lower case with hyphens."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _uuid(identity: list[str]) -> str:
    return str(uuid5(_NAMESPACE, json.dumps(identity, separators=(",", ":"), ensure_ascii=True)))
