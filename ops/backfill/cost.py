"""Cost of the copies that a backfill requests, about, by AWS list prices (`ops.backfill.prices`)."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from ops.backfill.objects import SourceObject
from ops.backfill.prices import PRICES
from ops.terminal.json import JsonObject
from shared.copy_plan import PartSizes, part_count
from shared.routes import Route

_KIB = 1024
_MIB = 1024**2
GB = 1024**3
_S3_WRITE = "s3 write "
_S3_RETRIEVAL = "s3 retrieval "

# A copy in parts, as counted: three HEADs, and the tags before and after; its begin and its end are writes.
_READS_OF_PARTS = 5
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
# The copier as it is shipped: 512 MB for batches of 10, in which 32 parts go at a time; about 64 MiB/s each.
_COPIER_GB = 512 / 1024
_COPIES_AT_A_TIME = 10
_PARTS_AT_A_TIME = 32
_BYTES_PER_SECOND = 64 * _MIB
_SECONDS_EACH = 0.15


class CostItem(JsonObject, frozen=True, kw_only=True):
    """One line of a bill: so many of something, for so many US dollars, to the millionth."""

    item: str
    amount: int
    unit: str
    usd: float = msgspec.field(name="USD")


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

    def add(self, source_object: SourceObject, route: Route) -> None:
        """One more copy is to be made."""
        size = source_object.size
        parts = part_count(size, self._parts)
        in_parts = size > self._parts.threshold
        self._copies += 1
        self._writes[route.storage_class or "STANDARD"] += parts + _WRITES_AROUND_PARTS * in_parts
        self._reads += _READS_OF_PARTS * in_parts + (source_object.etag is None)
        if f"{_S3_RETRIEVAL}{source_object.storage_class}" in PRICES.prices:
            self._retrieved[source_object.storage_class] += size
        self._units += _WRITTEN_PLACES * -(-(_RECORD_BYTES + _KEYS_IN_RECORD * len(source_object.key.encode())) // _KIB)
        at_a_time = _PARTS_AT_A_TIME if in_parts else _COPIES_AT_A_TIME
        self._gb_seconds += _COPIER_GB * (_SECONDS_EACH + size / _BYTES_PER_SECOND) / at_a_time

    def items(self) -> Iterator[CostItem]:
        """The bill, line by line; without those on which nothing is."""
        return (item for item in self._items() if item.amount)

    @property
    def usd(self) -> float:
        """All lines together."""
        return round(sum(item.usd for item in self._items()), 6)

    def _items(self) -> Iterator[CostItem]:
        writes = sum(count * _price_of_writes(name) for name, count in self._writes.items())
        yield _item("S3 writes", self._writes.total(), "COPY, PUT and POST requests", writes)
        yield _item("S3 reads", self._reads, "GET and HEAD requests", self._reads * PRICES["s3 read"])
        retrieval = sum(count * PRICES[f"{_S3_RETRIEVAL}{name}"] / GB for name, count in self._retrieved.items())
        yield _item("S3 retrieval", self._retrieved.total(), "bytes", retrieval)
        events = _EVENTS * self._copies
        yield _item("EventBridge", events, "custom events", events * PRICES["event"])
        requests = _SQS_REQUESTS * self._copies
        yield _item("SQS", requests, "requests", requests * PRICES["sqs request"])
        invocations = _INVOCATIONS * self._copies
        running = invocations * PRICES["lambda request"] + self._gb_seconds * PRICES["lambda arm"]
        yield _item("Lambda", invocations, "invocations", running)
        yield _item("DynamoDB", self._units, "writes of 1 KiB", self._units * PRICES["dynamodb write"])
        logged = _LOG_BYTES * self._copies
        yield _item("CloudWatch Logs", logged, "bytes", logged * PRICES["log ingestion"] / GB)


def _price_of_writes(storage_class: str) -> float:
    # Classes that are not on the list, such as REDUCED_REDUNDANCY, are written for as much as STANDARD.
    known = f"{_S3_WRITE}{storage_class}" in PRICES.prices
    return PRICES[f"{_S3_WRITE}{storage_class if known else 'STANDARD'}"]


def _item(item: str, amount: int, unit: str, usd: float) -> CostItem:
    return CostItem(item=item, amount=amount, unit=unit, usd=round(usd, 6))


def usd_shown(usd: float) -> str:
    """An amount of money for a person: `12.34 USD`, `under 0.01 USD`."""
    return f"{usd:,.2f} USD" if usd >= 0.01 else "under 0.01 USD"  # noqa: PLR2004 - a cent
