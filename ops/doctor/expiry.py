"""Checks of what is about to be deleted unseen: SQS deletes a message at the end of its retention, wherever it is."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from ops.aws.sqs import LONGEST_RETENTION_S, raw_attributes
from ops.dlq.queue import DeadLetterQueue, QueueName
from ops.dlq.sweep import sweep
from ops.doctor.check import Check, Problem
from ops.stack import Stack
from ops.status.checks import ages_of
from ops.terminal.formats import counted, duration_shown

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient

# As the alarm has it: time for a long weekend.
_SOON = timedelta(days=4)
# Of a queue itself, which keeps messages for four days.
_HALF = 0.5


def expiry_checks(sqs: "SQSClient", cloudwatch: "CloudWatchClient", stack: Stack, now: datetime) -> Iterator[Check]:
    """One for each queue, and one for each dead-letter queue.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack.
    """
    for queue in QueueName:
        yield Check(
            f"oldest message of the {queue} queue",
            partial(_backlog_problems, sqs, cloudwatch, queue.url(stack), queue.log_group(stack), now),
        )
        yield Check(f"letters of the {queue.dlq}", partial(_letter_problems, sqs, queue, queue.dlq_url(stack), now))


def _backlog_problems(
    sqs: "SQSClient", cloudwatch: "CloudWatchClient", url: str, log_group: str, now: datetime
) -> Iterator[Problem]:
    age_s = ages_of(cloudwatch, [url], now)[url]
    retention_s = _retention_s(sqs, url)
    if age_s is None or age_s < retention_s * _HALF:
        return
    left = duration_shown(max(0.0, retention_s - age_s))
    # More time, where SQS gives more; then what the function says.
    prolong = (
        f"aws sqs set-queue-attributes --queue-url {url} --attributes MessageRetentionPeriod={LONGEST_RETENTION_S}"
    )
    yield Problem(
        f"it is {duration_shown(age_s)} old, and deleted unseen in {left}",
        prolong if retention_s < LONGEST_RETENTION_S else f"aws logs tail {log_group}",
    )


def _letter_problems(sqs: "SQSClient", queue: QueueName, url: str, now: datetime) -> Iterator[Problem]:
    dead = DeadLetterQueue(sqs, url)
    if not dead.attributes().total:
        return
    retention = timedelta(seconds=_retention_s(sqs, url))
    expiring: list[datetime] = []
    with sweep(dead) as swept:
        for letters in swept:
            # A letter that SQS moved there itself keeps the moment at which it was first sent ("Amazon SQS dead-letter
            # queues", SQS developer guide).
            expiring += [letter.sent_at for letter in letters if letter.sent_at + retention - now < _SOON]
    if expiring:
        left = duration_shown(max(0.0, (min(expiring) + retention - now).total_seconds()))
        option = "" if queue is QueueName.COPY else f" --queue {queue}"
        verb = "expires" if len(expiring) == 1 else "expire"
        yield Problem(
            f"{counted(len(expiring), 'letter')} {verb} within {_SOON.days} days, the first in {left}",
            f"copytrail dlq export{option} {queue}-letters.jsonl",
        )
    else:
        swept.unseen.check()


def _retention_s(sqs: "SQSClient", url: str) -> int:
    return int(raw_attributes(sqs, url, "MessageRetentionPeriod")["MessageRetentionPeriod"])
