"""The queues of a stack while it is drained: each is waited for until it is empty, and dead letters keep it up."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ops.aws.sqs import queue_attributes
from ops.errors import CommandError
from ops.stack import Output, Stack
from ops.terminal.formats import counted, duration_shown
from ops.terminal.progress import waiting
from ops.terminal.prompts import note

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_POLL_EVERY_S, _POLL_AT_LEAST_S = 5.0, 0.2


def wait_until_empty(
    sqs: "SQSClient",
    url: str,
    what: str,
    *,
    empty_for_s: float,
    give_up_after_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until a queue has been seen empty for so long: nothing waiting, in flight or delayed. Tells how it goes.

    SQS's counts are right a minute after the last message was sent ("GetQueueAttributes", SQS API reference), so one
    zero proves nothing.

    Args:
        what: the queue, as a person calls it.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: it is not empty after `give_up_after_s`.
    """
    began = clock()
    empty_since: float | None = None
    told = -1
    with waiting(f"Waiting until the {what} has been empty for {duration_shown(empty_for_s)}"):
        while True:
            now = clock()
            held = queue_attributes(sqs, url)
            if held.total != told:
                flying = f", of which a function works on {held.in_flight:,}" if held.in_flight else ""
                watched = "" if held.total else f"; watched until it has been so for {duration_shown(empty_for_s)}"
                note(f"{what}: {counted(held.total, 'message')}{flying}{watched}")
                told = held.total
            empty_since = None if held.total else now if empty_since is None else empty_since
            if empty_since is not None and now - empty_since >= empty_for_s:
                return
            if now - began > give_up_after_s:
                raise CommandError(
                    f"the {what} is not empty after {duration_shown(give_up_after_s)}, it has"
                    f" {counted(held.total, 'message')}: look with `copytrail status`"
                )
            sleep(min(_POLL_EVERY_S, max(_POLL_AT_LEAST_S, empty_for_s / 2)))


def check_empty(sqs: "SQSClient", url: str, what: str) -> None:
    """Refuse to go on where something has come into a queue that nobody takes from any more: a replay, say.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: it is so.
    """
    if held := queue_attributes(sqs, url).total:
        raise CommandError(f"{counted(held, 'message')} came into the {what} meanwhile: run the same command again")


def check_dead_letters(stack: Stack, sqs: "SQSClient") -> None:
    """Refuse to go on while a dead-letter queue holds messages, which the stack would take with it.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: it does.
    """
    held = {
        name: queue_attributes(sqs, stack.output(output)).total
        for name, output in (("copy", Output.COPY_DLQ_URL), ("audit", Output.AUDIT_DLQ_URL))
    }
    if sum(held.values()):
        each = ", ".join(f"{name} {number:,}" for name, number in held.items() if number)
        raise CommandError(
            f"{counted(sum(held.values()), 'dead letter')} would be deleted with the stack ({each}): replay, drop or"
            " export them with `copytrail dlq`, or add --discard-dead-letters"
        )
