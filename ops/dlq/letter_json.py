"""Owns what programs are told of a letter."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from ops.dlq.letter import ExplainedBy, Letter
from ops.dlq.letter_files import attributes_in_json
from ops.terminal.json import Told


class LetterTold(Told, frozen=True, kw_only=True):
    """A dead letter."""

    message_id: str
    log_id: str | None = msgspec.field(default=None, name="LogID")
    explained_by: ExplainedBy
    reason: str
    message: str
    attempts: int | None = None
    first_seen: datetime
    age_seconds: int
    sent_at: datetime
    about: str | None = None
    source_bucket: str | None = None
    object_key: str | None = None
    size: int | None = None
    source_etag: str | None = msgspec.field(default=None, name="SourceETag")
    source_version_id: str | None = None
    uploaded_at: datetime | None = None
    attributes_: Mapping[str, Mapping[str, str]] = msgspec.field(name="Attributes")
    body: str


def to_json(letter: Letter, now: datetime) -> Mapping[str, object]:
    """All there is to a letter, in PascalCase as records have it; what is not known is left out."""
    upload = letter.upload
    return LetterTold(
        message_id=letter.id,
        log_id=letter.log_id,
        explained_by=letter.explained_by,
        reason=letter.reason,
        message=letter.message,
        attempts=letter.attempts,
        first_seen=letter.first_seen,
        age_seconds=age_s(letter, now),
        sent_at=letter.sent_at,
        about=None if upload else letter.title or None,
        source_bucket=upload.bucket if upload else None,
        object_key=upload.key if upload else None,
        size=upload.size if upload else None,
        source_etag=upload.etag if upload else None,
        source_version_id=upload.version_id if upload else None,
        uploaded_at=upload.uploaded_at if upload else None,
        attributes_=attributes_in_json(letter),
        body=letter.body,
    ).attributes()


def age_s(letter: Letter, now: datetime) -> int:
    """For how many seconds it is known of."""
    return max(0, int((now - letter.first_seen).total_seconds()))
