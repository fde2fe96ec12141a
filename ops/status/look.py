"""Owns one look at all the signs: what cannot be looked at does not hide the rest."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ops.dlq.queue import DeadLetterQueue, QueueName
from ops.dlq.sweep import THREADS as SQS_THREADS
from ops.errors import CommandError, UsageError, as_command_error
from ops.stack import Output, Stack
from ops.status.kept import Kept
from ops.status.signs import Depth, QueueSigns, Signs, Unseen
from ops.status.sources import LetterReasons, ages_of, count_reasons, depth_of, recent_transfers
from shared import times
from shared.audit_log.query import THREADS, AuditQuery
from shared.errors import CopytrailError

T = TypeVar("T")
_Ages = Mapping[str, float | None]

_LOG_GROUPS = {QueueName.COPY: Output.COPIER_LOG_GROUP_NAME, QueueName.AUDIT: Output.AUDITOR_LOG_GROUP_NAME}
_KEPT_FOR_S = 60.0
# Eight shards are asked for a page each: most looks need no more than that.
_RECORDS_A_PAGE = 100


class Looks:
    """Looks at a stack, one after the other, with the same clients."""

    def __init__(self, stack: Stack) -> None:
        self._urls = {queue: (queue.url(stack), queue.dlq_url(stack)) for queue in QueueName}
        self.logs: Mapping[str, str] = {queue: stack.output(log_group) for queue, log_group in _LOG_GROUPS.items()}
        table_name = stack.output(Output.AUDIT_TABLE_NAME)
        with ExitStack() as clients:
            self._sqs = clients.enter_context(closing(stack.client("sqs", connections=SQS_THREADS)))
            self._cloudwatch = clients.enter_context(closing(stack.client("cloudwatch")))
            dynamodb = clients.enter_context(closing(stack.client("dynamodb", connections=THREADS)))
            self._clients = clients.pop_all()
        self._query = AuditQuery(dynamodb, table_name, page_size=_RECORDS_A_PAGE)
        self._ages: Kept[_Ages | Unseen] = Kept(for_s=_KEPT_FOR_S)
        self._reasons = {
            queue: LetterReasons(partial(count_reasons, DeadLetterQueue(self._sqs, dlq)), Kept(for_s=_KEPT_FOR_S))
            for queue, (_, dlq) in self._urls.items()
        }

    def __enter__(self) -> "Looks":
        return self

    def __exit__(self, *_: object) -> None:
        self._clients.close()

    def look(self) -> Signs:
        """Look once.

        Raises:
            CommandError: the credentials or the configuration cannot work.
        """
        now = times.now()
        urls = [url for url, _ in self._urls.values()]
        ages = self._ages.get(lambda: seen(lambda: ages_of(self._cloudwatch, urls, now)))
        return Signs(
            at=now,
            queues=tuple(self._queue_signs(queue, ages) for queue in QueueName),
            transfers=seen(lambda: recent_transfers(self._query, now)),
        )

    def _queue_signs(self, queue: QueueName, ages: "_Ages | Unseen") -> QueueSigns:
        url, dlq_url = self._urls[queue]
        depth = seen(lambda: depth_of(self._sqs, url))
        dead = seen(lambda: depth_of(self._sqs, dlq_url))
        return QueueSigns(
            name=queue,
            depth=depth,
            oldest_s=ages if isinstance(ages, Unseen) else _oldest_now(depth, ages[url]),
            dead=dead,
            letters=dead if isinstance(dead, Unseen) else seen(lambda: self._reasons[queue].of(dead)),
        )


def seen(look: Callable[[], T]) -> T | Unseen:
    """What a look finds, or why it was not possible.

    Raises:
        CommandError: the credentials or the configuration cannot work: no other look would be possible either.
    """
    try:
        return look()
    except CommandError as error:
        return Unseen(error.message)
    except (CopytrailError, BotoCoreError, ClientError) as error:
        failure = as_command_error(error)
        if isinstance(failure, UsageError):
            raise failure from error
        return Unseen(failure.message)


def _oldest_now(depth: Depth | Unseen, last_told: float | None) -> float | None:
    # CloudWatch is minutes behind: an empty queue has no oldest message any more.
    return None if isinstance(depth, Depth) and not depth.total else last_told
