"""Owns where the signs come from: queue attributes, CloudWatch, the dead letters, and the audit table.

The queues themselves are never received from, as a receive counts; a look at dead letters puts them back at once.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ops.dlq.queue import DeadLetterQueue
from ops.dlq.sweep import sweep
from ops.status.kept import Kept
from ops.status.signs import Depth, Letters, Transfers
from shared.audit_log.query import CLOCKS_DIFFER_BY, AuditQuery
from shared.events import Outcome
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef
    from mypy_boto3_sqs import SQSClient

    from shared.audit_log.record import Record

_HOUR = timedelta(hours=1)
# So far back the newest record is looked for.
_NEWEST_WITHIN = timedelta(days=7)
MOST_RECORDS = 2000
MOST_LETTERS = 1000
# SQS tells CloudWatch once a minute, and some minutes late.
_METRIC_PERIOD_S = 60
_METRIC_WITHIN = timedelta(minutes=10)


def depth_of(sqs: "SQSClient", url: str) -> Depth:
    """How many messages a queue holds.

    Raises:
        CopytrailError: SQS did not answer.
    """
    with translated("sqs:GetQueueAttributes", queue_name(url)):
        found = sqs.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
    return Depth(
        waiting=int(found["ApproximateNumberOfMessages"]),
        in_flight=int(found["ApproximateNumberOfMessagesNotVisible"]),
        delayed=int(found["ApproximateNumberOfMessagesDelayed"]),
    )


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
            MetricDataQueries=[_age_query(id_, queue_name(url)) for id_, url in queries.items()],
        )
    newest = {result["Id"]: next(iter(result["Values"]), None) for result in found["MetricDataResults"]}
    return {url: newest.get(id_) for id_, url in queries.items()}


class LetterReasons:
    """Why dead letters are there.

    To look at letters makes them invisible for a moment. So `count` is asked when their number has changed, or when the
    kept answer is old, and never while somebody else has some of them in hand.
    """

    def __init__(self, count: Callable[[], Letters], kept: Kept[Letters]) -> None:
        self._count = count
        self._kept = kept

    def of(self, dead: Depth) -> Letters:
        """The reasons, now that the dead-letter queue is so deep."""
        if not dead.total:
            return Letters({})
        if dead.in_flight:
            return self._kept.last or Letters({}, others_at_work=True)
        return self._kept.get(self._count, state=dead.total)


def count_reasons(queue: DeadLetterQueue) -> Letters:
    """Look at the first thousand letters.

    Raises:
        CopytrailError: SQS did not answer.
    """
    counts: Counter[str] = Counter()
    with sweep(queue) as swept:
        for letters in swept:
            counts.update(letter.reason for letter in letters[: MOST_LETTERS - counts.total()])
            if counts.total() >= MOST_LETTERS:
                break
    return Letters(counts)


def recent_transfers(query: AuditQuery, now: datetime) -> Transfers:
    """The newest record of the last days, and the failures among those of the last hour, up to two thousand.

    Raises:
        CopytrailError: DynamoDB did not answer.
    """
    newest: Record | None = None
    failures: Counter[str] = Counter()
    looked_at = 0
    for record in query.by_time(now - _NEWEST_WITHIN, now + CLOCKS_DIFFER_BY):
        newest = newest or record
        if record.finished_at < now - _HOUR:
            break
        if looked_at == MOST_RECORDS:
            return Transfers(newest, failures, looked_at, more=True, unreadable=len(query.unreadable))
        looked_at += 1
        if record.outcome == Outcome.FAILED:
            failures[str(record.reason)] += 1
    return Transfers(newest, failures, looked_at, more=False, unreadable=len(query.unreadable))


def queue_name(url: str) -> str:
    """A queue's name, which ends its URL."""
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
