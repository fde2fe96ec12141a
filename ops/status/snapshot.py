"""Snapshot of a stack: what all checks found at one moment; one that fails does not hide the rest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ops.aws.sqs import QueueAttributes, queue_attributes
from ops.dlq.queue import DeadLetterQueue, QueueName
from ops.dlq.sweep import THREADS as SQS_THREADS
from ops.doctor.check import Finding, Result, make
from ops.doctor.checks import delivery_checks
from ops.errors import CommandError, UsageError, as_command_error
from ops.stack import Output, Stack
from ops.status.checks import (
    Cache,
    Reasons,
    RecentTransfers,
    ages_of,
    count_reasons,
    reasons_of,
    recent_transfers,
)
from shared import times
from shared.audit_log.query import THREADS, AuditQuery
from shared.errors import CopytrailError

T = TypeVar("T")
_Ages = Mapping[str, float | None]

_TTL_S = 60.0
# Eight shards are asked for a page each: most snapshots need no more than that.
_RECORDS_A_PAGE = 100


@dataclass(frozen=True)
class Unavailable:
    """What could not be read, and why, for a person."""

    why: str


@dataclass(frozen=True)
class QueueState:
    """A queue, its dead-letter queue, and the log group of the function behind it.

    `oldest_s`: for how many seconds its oldest message waits, where known.
    """

    name: str
    log_group: str
    depth: QueueAttributes | Unavailable
    oldest_s: float | Unavailable | None
    dead: QueueAttributes | Unavailable
    reasons: Reasons | Unavailable


@dataclass(frozen=True)
class Snapshot:
    """All that the checks found at one moment. `delivery`: whether uploads can arrive and be recorded."""

    at: datetime
    queues: tuple[QueueState, ...]
    transfers: RecentTransfers | Unavailable
    delivery: Sequence[Finding] = ()

    @property
    def unavailable(self) -> tuple[str, ...]:
        """What could not be read, and why, a sentence for each reason."""
        by_reason: dict[str, list[str]] = {}
        for what, found in self._by_name():
            if isinstance(found, Unavailable):
                by_reason.setdefault(found.why, []).append(what)
        return tuple(f"could not read {_joined(what)}: {why}" for why, what in by_reason.items())

    def _by_name(self) -> Iterator[tuple[str, object]]:
        for queue in self.queues:
            yield f"the {queue.name} queue", queue.depth
            yield f"the oldest message of the {queue.name} queue", queue.oldest_s
            yield f"the {queue.name} DLQ", queue.dead
            yield f"the letters of the {queue.name} DLQ", queue.reasons
        yield "the audit table", self.transfers
        for finding in self.delivery:
            if finding.state is Result.UNKNOWN:
                yield finding.subject, Unavailable(finding.message or "")


class Snapshots:
    """Snapshots of a stack, one after the other, with the same clients, which `clients` closes."""

    def __init__(self, stack: Stack, clients: ExitStack) -> None:
        self._urls = {queue: queue.url(stack) for queue in QueueName}
        self._log_groups = {queue: queue.log_group(stack) for queue in QueueName}
        table_name = stack.output(Output.AUDIT_TABLE_NAME)
        self._sqs = clients.enter_context(closing(stack.client("sqs", connections=SQS_THREADS)))
        self._cloudwatch = clients.enter_context(closing(stack.client("cloudwatch")))
        dynamodb = clients.enter_context(closing(stack.client("dynamodb", connections=THREADS)))
        self._query = AuditQuery(dynamodb, table_name, page_size=_RECORDS_A_PAGE)
        self._typed = stack.typed
        self._delivery_checks = delivery_checks(stack, clients)
        self._delivery: Cache[Sequence[Finding]] = Cache(ttl_s=_TTL_S)
        self._ages: Cache[_Ages | Unavailable] = Cache(ttl_s=_TTL_S)
        self._dlqs = {queue: DeadLetterQueue(self._sqs, queue.dlq_url(stack)) for queue in QueueName}
        self._reasons: dict[QueueName, Cache[Reasons]] = {queue: Cache(ttl_s=_TTL_S) for queue in QueueName}

    def take(self) -> Snapshot:
        """Take one.

        Raises:
            CommandError: the credentials or the configuration cannot work.
        """
        now = times.now()
        urls = list(self._urls.values())
        ages = self._ages.get(lambda: or_unavailable(lambda: ages_of(self._cloudwatch, urls, now)))
        return Snapshot(
            at=now,
            queues=tuple(self._queue_state(queue, ages) for queue in QueueName),
            transfers=or_unavailable(lambda: recent_transfers(self._query, now)),
            delivery=self._delivery.get(lambda: list(make(self._delivery_checks, self._typed))),
        )

    def _queue_state(self, queue: QueueName, ages: "_Ages | Unavailable") -> QueueState:
        url, dlq = self._urls[queue], self._dlqs[queue]
        depth = or_unavailable(lambda: queue_attributes(self._sqs, url))
        dead = or_unavailable(dlq.attributes)
        return QueueState(
            name=queue,
            log_group=self._log_groups[queue],
            depth=depth,
            oldest_s=ages if isinstance(ages, Unavailable) else _oldest_now(depth, ages[url]),
            dead=dead,
            reasons=dead
            if isinstance(dead, Unavailable)
            else or_unavailable(lambda: reasons_of(dead, lambda: count_reasons(dlq), self._reasons[queue])),
        )


def or_unavailable(check: Callable[[], T]) -> T | Unavailable:
    """What a check finds, or why it was not possible.

    Raises:
        CommandError: the credentials or the configuration cannot work: no other check would be possible either.
    """
    try:
        return check()
    except CommandError as error:
        return Unavailable(error.message)
    except (CopytrailError, BotoCoreError, ClientError) as error:
        failure = as_command_error(error)
        if isinstance(failure, UsageError):
            raise failure from error
        return Unavailable(failure.message)


def _oldest_now(depth: QueueAttributes | Unavailable, last_known: float | None) -> float | None:
    # CloudWatch is minutes behind: an empty queue has no oldest message any more.
    return None if isinstance(depth, QueueAttributes) and not depth.total else last_known


def _joined(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
