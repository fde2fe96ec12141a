"""Owns what programs are told of a letter."""

from collections.abc import Mapping
from datetime import datetime

from ops.dlq.letter import Letter
from ops.dlq.letter_files import attributes_in_json
from shared import times


def to_json(letter: Letter, now: datetime) -> Mapping[str, object]:
    """All there is to a letter, in PascalCase as records have it; what is not known is left out."""
    upload = letter.upload
    told = {
        "MessageId": letter.id,
        "LogID": letter.log_id,
        "ExplainedBy": letter.explained_by,
        "Reason": letter.reason,
        "Message": letter.message,
        "Attempts": letter.attempts,
        "FirstSeen": times.to_text(letter.first_seen),
        "AgeSeconds": age_s(letter, now),
        "SentAt": times.to_text(letter.sent_at),
        "About": None if upload else letter.title or None,
        "SourceBucket": upload and upload.bucket,
        "ObjectKey": upload and upload.key,
        "Size": upload and upload.size,
        "SourceETag": upload and upload.etag,
        "SourceVersionId": upload and upload.version_id,
        "UploadedAt": upload and times.to_text(upload.uploaded_at),
        "Attributes": attributes_in_json(letter),
        "Body": letter.body,
    }
    return {name: value for name, value in told.items() if value is not None}


def age_s(letter: Letter, now: datetime) -> int:
    """For how many seconds it is known of."""
    return max(0, int((now - letter.first_seen).total_seconds()))
