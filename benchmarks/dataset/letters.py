"""Dead-lettered messages: uploads that failed, with their reasons, as the copier writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from benchmarks.dataset.objects import SOURCE_BUCKET, Objects
from shared import times
from shared.log_id import log_id

_REASONS = ("AccessDenied", "KmsAccessDenied", "Archived", "SlowDown", "NoSuchBucket")
# Of so many letters one is of an upload that was overwritten, and one of an upload that was deleted.
_SUPERSEDED_EVERY = 1000
_SUPERSEDED, _DELETED = 100, 600


@dataclass(frozen=True)
class Letters:
    """One letter for each object of the source; a few of those have been overwritten or deleted since."""

    objects: Objects

    def __len__(self) -> int:
        return self.objects.count

    @property
    def superseded(self) -> int:
        """How many are of uploads that were overwritten since."""
        return _occurrences(_SUPERSEDED, len(self))

    @property
    def deleted(self) -> int:
        """How many are of uploads that were deleted since."""
        return _occurrences(_DELETED, len(self))

    def message_id(self, number: int) -> str:
        """The SQS message id of a letter."""
        return str(UUID(int=(1 << 127) + number))

    def body(self, number: int) -> str:
        """The body: S3's event."""
        uploaded = self.objects.uploaded(number)
        place = number % _SUPERSEDED_EVERY
        return json.dumps(
            {
                "version": "0",
                "id": self.message_id(number),
                "detail-type": "Object Created",
                "source": "aws.s3",
                "account": "123456789012",
                "time": times.to_text(uploaded.modified),
                "region": "us-east-1",
                "resources": [f"arn:aws:s3:::{SOURCE_BUCKET}"],
                "detail": {
                    "version": "0",
                    "bucket": {"name": SOURCE_BUCKET},
                    "object": {
                        "key": uploaded.key + (".gone" if place == _DELETED else ""),
                        "size": uploaded.size,
                        "etag": uploaded.etag[::-1] if place == _SUPERSEDED else uploaded.etag,
                        "sequencer": f"{number:016X}",
                    },
                    "request-id": "C3D13FE58DE4C810",
                    "requester": "123456789012",
                    "source-ip-address": "203.0.113.7",
                    "reason": "PutObject",
                },
            }
        )

    def attributes(self, number: int) -> Mapping[str, str]:
        """The attributes: what the copier says of the failure."""
        uploaded = self.objects.uploaded(number)
        reason = _REASONS[number % len(_REASONS)]
        return {
            "LogID": log_id(
                bucket=SOURCE_BUCKET,
                key=uploaded.key,
                version_id=None,
                etag=uploaded.etag,
                sequencer=f"{number:016X}",
                failed_message_id=self.message_id(number),
            ),
            "Reason": reason,
            "Message": f"s3:CopyObject on s3://{SOURCE_BUCKET}/{uploaded.key}: {reason}",
            "Attempts": "5",
            "FirstSeen": times.to_text(uploaded.modified),
        }


def _occurrences(place: int, count: int) -> int:
    return len(range(place, count, _SUPERSEDED_EVERY))
