"""The audit table's items: one record for each object of the source, spread over days and shards."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from hashlib import md5
from itertools import count
from math import gcd

from benchmarks.dataset.objects import DESTINATION_BUCKET, SOURCE_BUCKET, Objects
from shared import times
from shared.audit_log import schema
from shared.audit_log.record import Record
from shared.audit_log.schema import Item, source_object
from shared.events import Outcome, Trigger

DAYS = 10
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=DAYS)
_TOOK = timedelta(milliseconds=840)

_VARYING = (
    (schema.PARTITION_KEY, "S", "%(log_id)s"),
    ("ObjectKey", "S", "%(key)s"),
    ("DestinationKey", "S", "%(key)s"),
    ("Size", "N", "%(size)s"),
    ("SourceETag", "S", "%(etag)s"),
    ("DestinationETag", "S", "%(etag)s"),
    ("Sequencer", "S", "%(sequencer)s"),
    (schema.UPLOADED_AT, "S", "%(uploaded_at)s"),
    ("StartedAt", "S", "%(uploaded_at)s"),
    ("FinishedAt", "S", "%(finished_at)s"),
    ("LoggedAt", "S", "%(finished_at)s"),
    (schema.SOURCE_OBJECT, "S", source_object(SOURCE_BUCKET, "%(key)s")),
    (schema.DAY_SHARD, "S", "%(day)s#%(shard)s"),
    (schema.FINISHED_ORDER, "S", "%(finished_at)s#%(log_id)s"),
)


@dataclass(frozen=True)
class Records:
    """Records numbered in the order in which they finished, which is not that of their keys."""

    objects: Objects

    def of_shard(self, day: date, shard: int) -> range:
        """The numbers of the records of one shard of a day."""
        first, last = (self._first_after(day + timedelta(days=days)) for days in (0, 1))
        return range(first + (shard - first) % schema.DAY_SHARDS, last, schema.DAY_SHARDS)

    def finished_order(self, number: int) -> str:
        """The sort key of index `ByDay`."""
        return f"{times.to_text(self._finished_at(number))}#{self.log_id(number)}"

    def log_id(self, number: int) -> str:
        """The LogID of a record; it is in the shard that the auditor would have put it in."""
        digest = md5(number.to_bytes(8), usedforsecurity=False).hexdigest()
        # A UUID's lowest bits decide the shard.
        tail = f"{digest[20:31]}{8 + number % schema.DAY_SHARDS:x}"
        return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{tail}"

    def written(self, number: int) -> str:
        """The DynamoDB item of a record, as JSON."""
        uploaded = self.objects.uploaded(self._object_number(number))
        finished_at = self._finished_at(number)
        return self._template % {
            "log_id": self.log_id(number),
            "key": uploaded.key,
            "size": uploaded.size,
            "etag": uploaded.etag,
            "sequencer": f"{number:016X}",
            "uploaded_at": times.to_text(finished_at - _TOOK),
            "finished_at": times.to_text(finished_at),
            "day": finished_at.date(),
            "shard": number % schema.DAY_SHARDS,
        }

    @cached_property
    def _template(self) -> str:
        # `Record` itself says what an item looks like; to have it write each would be most of the benchmark.
        return json.dumps(self._specimen | {name: {kind: text} for name, kind, text in _VARYING})

    @cached_property
    def _specimen(self) -> Item:
        return Record(
            log_id=self.log_id(0),
            outcome=Outcome.COPIED,
            source_bucket=SOURCE_BUCKET,
            destination_bucket=DESTINATION_BUCKET,
            object_key="",
            destination_key="",
            size=0,
            source_etag="",
            destination_etag="",
            checksum_algorithm="CRC64NVME",
            checksum="NzVlMmZiYTk=",
            checksum_type="FULL_OBJECT",
            sequencer="",
            uploaded_at=SINCE,
            started_at=SINCE,
            finished_at=SINCE,
            logged_at=SINCE,
            method="CopyObject",
            attempt=1,
            trigger=Trigger.UPLOAD,
        ).to_item()

    @cached_property
    def _apart(self) -> timedelta:
        return (UNTIL - SINCE) / self.objects.count

    @cached_property
    def _stride(self) -> int:
        # Coprime with the count, it takes each object once.
        return next(stride for stride in count(7_919) if gcd(stride, self.objects.count) == 1)

    def _object_number(self, number: int) -> int:
        return number * self._stride % self.objects.count

    def _finished_at(self, number: int) -> datetime:
        return SINCE + number * self._apart

    def _first_after(self, day: date) -> int:
        since = datetime(day.year, day.month, day.day, tzinfo=UTC) - SINCE
        return min(max(-(-since // self._apart), 0), self.objects.count)
