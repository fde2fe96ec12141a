"""Owns what requested copies will cost, about: counted while the objects go by."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ops.backfill import prices
from ops.backfill.existing import Existing
from shared.copy_plan import PartSizes, part_count
from shared.routes import Route

_KIB = 1024
_MIB = 1024**2

# A copy in parts: HEAD of both ends and the tags before, HEAD of the source after; its begin and its end are writes.
_READS_OF_PARTS = 4
_WRITES_AROUND_PARTS = 2
# The request, and how it ended.
_EVENTS = 2
# Into the queue, out of it, and away, in both queues, each message alone.
_SQS_REQUESTS = 6
# The copier's and the auditor's.
_INVOCATIONS = 2
# The table and its two indexes are written in units of 1 KiB. A record has about so many bytes without its keys, of
# which the object's key is in three.
_WRITTEN_PLACES = 3
_RECORD_BYTES = 700
_KEYS_IN_RECORD = 3
# Both functions' lines about one transfer: 1.6 KB as measured, and a little more for failures.
_LOG_BYTES = 2 * _KIB
# The copier as it is shipped: 1,769 MB for batches of 10, in which 32 parts go at a time; about 64 MiB/s each.
_COPIER_GB = 1769 / 1024
_COPIES_AT_A_TIME = 10
_PARTS_AT_A_TIME = 32
_BYTES_PER_SECOND = 64 * _MIB
_SECONDS_EACH = 0.15


class Item(NamedTuple):
    """One line of a bill: so many of something, for so many US dollars."""

    name: str
    amount: int
    unit: str
    usd: float


class Cost:
    """The bill for copies whose keys are new at their destination, without data transfer and storage."""

    def __init__(self, parts: PartSizes) -> None:
        self._parts = parts
        self._copies = 0
        self._reads = 0
        self._writes: Counter[str] = Counter()
        self._retrieved: Counter[str] = Counter()
        self._units = 0
        self._gb_seconds = 0.0

    def add(self, existing: Existing, route: Route) -> None:
        """One more copy is to be made."""
        size = existing.size
        parts = part_count(size, self._parts)
        in_parts = size > self._parts.threshold
        self._copies += 1
        self._writes[route.storage_class or "STANDARD"] += parts + _WRITES_AROUND_PARTS * in_parts
        self._reads += _READS_OF_PARTS * in_parts + (existing.etag is None)
        if existing.storage_class in prices.S3_RETRIEVAL:
            self._retrieved[existing.storage_class] += size
        self._units += _WRITTEN_PLACES * -(-(_RECORD_BYTES + _KEYS_IN_RECORD * len(existing.key.encode())) // _KIB)
        at_a_time = _PARTS_AT_A_TIME if in_parts else _COPIES_AT_A_TIME
        self._gb_seconds += _COPIER_GB * (_SECONDS_EACH + size / _BYTES_PER_SECOND) / at_a_time

    def items(self) -> Iterator[Item]:
        """The bill, line by line; without those on which nothing is."""
        return (item for item in self._items() if item.amount)

    @property
    def usd(self) -> float:
        """What it comes to."""
        return sum(item.usd for item in self._items())

    def _items(self) -> Iterator[Item]:
        writes = sum(
            count * prices.S3_WRITE.get(name, prices.S3_WRITE["STANDARD"]) for name, count in self._writes.items()
        )
        yield Item("S3 writes", self._writes.total(), "COPY, PUT and POST requests", writes)
        yield Item("S3 reads", self._reads, "GET and HEAD requests", self._reads * prices.S3_READ)
        retrieval = sum(count * prices.S3_RETRIEVAL[name] for name, count in self._retrieved.items())
        yield Item("S3 retrieval", self._retrieved.total(), "bytes", retrieval)
        events = _EVENTS * self._copies
        yield Item("EventBridge", events, "custom events", events * prices.CUSTOM_EVENT)
        requests = _SQS_REQUESTS * self._copies
        yield Item("SQS", requests, "requests", requests * prices.SQS_REQUEST)
        invocations = _INVOCATIONS * self._copies
        running = invocations * prices.LAMBDA_REQUEST + self._gb_seconds * prices.LAMBDA_GB_SECOND
        yield Item("Lambda", invocations, "invocations", running)
        yield Item("DynamoDB", self._units, "writes of 1 KiB", self._units * prices.DYNAMODB_WRITE)
        logged = _LOG_BYTES * self._copies
        yield Item("CloudWatch Logs", logged, "bytes", logged * prices.LOG_BYTE)


def usd_shown(usd: float) -> str:
    """An amount of money for a person: `12.34 USD`, `under 0.01 USD`."""
    return f"{usd:,.2f} USD" if usd >= 0.01 else "under 0.01 USD"  # noqa: PLR2004 - a cent
