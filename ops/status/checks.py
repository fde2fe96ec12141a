"""Checks of `copytrail status`: ages of queues, reasons of dead letters, recent transfers.

The queues themselves are never received from, as a receive counts; dead letters that are read are put back at once.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from ops.aws.sqs import QueueAttributes
from ops.dlq.queue import DeadLetterQueue
from ops.dlq.sweep import sweep
from ops.terminal.json import JsonObject
from shared.audit_log.query import CLOCKS_DIFFER_BY, AuditQuery
from shared.audit_log.record import Record
from shared.events import Outcome
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

T = TypeVar("T")

_HOUR = timedelta(hours=1)
# So far back the newest record is searched for.
_NEWEST_WITHIN = timedelta(days=7)
MOST_RECORDS = 2000
MOST_LETTERS = 1000
# SQS tells CloudWatch once a minute, and some minutes late.
_METRIC_PERIOD_S = 60
_METRIC_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Reasons:
    """Why dead letters are there: counts by reason; `in_use`: none was read, as another command holds some of them."""

    by_reason: Mapping[str, int]
    in_use: bool = False

    @property
    def total(self) -> int:
        """How many dead letters were read."""
        return sum(self.by_reason.values())


class LastHour(JsonObject, frozen=True, kw_only=True):
    """The transfers that ended within the last hour.

    `transfers`: how many were counted; all of them, unless it is `at_least`. `unreadable`: items beside them that this
    version cannot read.
    """

    failed: int
    failed_by_reason: Mapping[str, int]
    transfers: int
    at_least: bool
    unreadable: int


@dataclass(frozen=True)
class RecentTransfers:
    """What has ended: the newest record of the last days, and the last hour."""

    newest: Record | None
    last_hour: LastHour


def ages_of(cloudwatch: "CloudWatchClient", urls: Sequence[str], now: datetime) -> Mapping[str, float | None]:
    """URL → for how many seconds the oldest message of that queue had waited, when CloudWatch last heard of any.

    A message that was received three times no longer counts there ("Available CloudWatch metrics for Amazon SQS").

    Raises:
        CopytrailError: CloudWatch did not answer.
    """
    queries = {f"queue{number}": url for number, url in enumerate(urls)}
    with translated("cloudwatch:GetMetricData", "AWS/SQS"):
        found = cloudwatch.get_metric_data(
            StartTime=now - _METRIC_WITHIN,
            EndTime=now + CLOCKS_DIFFER_BY,
            ScanBy="TimestampDescending",
            MetricDataQueries=[_age_query(id_, _name(url)) for id_, url in queries.items()],
        )
    newest = {result["Id"]: next(iter(result["Values"]), None) for result in found["MetricDataResults"]}
    return {url: newest.get(id_) for id_, url in queries.items()}


def count_reasons(queue: DeadLetterQueue) -> Reasons:
    """The reasons of the first thousand dead letters.

    Raises:
        CopytrailError: SQS did not answer.
    """
    counts: Counter[str] = Counter()
    with sweep(queue) as swept:
        for letters in swept:
            counts.update(letter.cause.reason for letter in letters[: MOST_LETTERS - counts.total()])
            if counts.total() >= MOST_LETTERS:
                break
    return Reasons(counts)


def recent_transfers(query: AuditQuery, now: datetime) -> RecentTransfers:
    """The newest record of the last days, and the failures among those of the last hour, up to two thousand.

    Raises:
        CopytrailError: DynamoDB did not answer.
    """
    newest: Record | None = None
    failures: Counter[str] = Counter()
    counted = 0
    at_least = False
    for record in query.by_time(now - _NEWEST_WITHIN, now + CLOCKS_DIFFER_BY):
        newest = newest or record
        if record.finished_at < now - _HOUR:
            break
        if counted == MOST_RECORDS:
            at_least = True
            break
        counted += 1
        if record.outcome == Outcome.FAILED:
            failures[str(record.reason)] += 1
    last_hour = LastHour(
        failed=failures.total(),
        failed_by_reason=failures,
        transfers=counted,
        at_least=at_least,
        unreadable=len(query.unreadable),
    )
    return RecentTransfers(newest, last_hour)


class Cache(Generic[T]):
    """One answer that costs: asked for again after `ttl_s` seconds, or when the state that it is of has changed."""

    def __init__(self, *, ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._ttl_s = ttl_s
        self._clock = clock
        self._answer: tuple[float, object, T] | None = None

    def get(self, ask: Callable[[], T], *, state: object = None) -> T:
        """The answer for this state: the cached one, where it is recent and of the same state."""
        now = self._clock()
        if self._answer is None or now - self._answer[0] >= self._ttl_s or self._answer[1] != state:
            self._answer = (now, state, ask())
        return self._answer[2]

    @property
    def last(self) -> T | None:
        """The cached answer, however old."""
        return self._answer[2] if self._answer else None


def reasons_of(dead: QueueAttributes, count: Callable[[], Reasons], cache: Cache[Reasons]) -> Reasons:
    """Why dead letters are there, by `count`, which makes them invisible for a moment.

    So it is called when their number has changed, or when the cached answer is old, and never while another command
    holds some of them.
    """
    if not dead.total:
        return Reasons({})
    if dead.in_flight:
        return cache.last or Reasons({}, in_use=True)
    return cache.get(count, state=dead.total)


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _age_query(id_: str, name: str) -> "MetricDataQueryTypeDef":
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": name}],
            },
            "Period": _METRIC_PERIOD_S,
            "Stat": "Maximum",
        },
    }
