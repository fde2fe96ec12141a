"""Owns which queue is meant: the copy queue or the audit queue, each with its dead-letter queue."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

import click

from ops.stack import Output, Stack

F = TypeVar("F", bound=Callable[..., object])


class QueueName(StrEnum):
    """A queue of the stack."""

    COPY = "copy"
    AUDIT = "audit"

    def url(self, stack: Stack) -> str:
        """The URL of the queue itself.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack.
        """
        return stack.output(Output.COPY_QUEUE_URL if self is QueueName.COPY else Output.AUDIT_QUEUE_URL)

    def dlq_url(self, stack: Stack) -> str:
        """The URL of its dead-letter queue.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack.
        """
        return stack.output(Output.COPY_DLQ_URL if self is QueueName.COPY else Output.AUDIT_DLQ_URL)

    @property
    def dlq(self) -> str:
        """What a person calls the dead-letter queue."""
        return f"{self} DLQ"


def queue_choice() -> click.Choice[str]:
    """What may be said for a queue on the command line; becomes a QueueName."""
    # click calls an enum's members by their names, in capitals.
    return _QueueChoice([name.value for name in QueueName])


class _QueueChoice(click.Choice[str]):
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> QueueName:
        return QueueName(super().convert(str(value), param, ctx))


def queue_option(command: F) -> F:
    """Add `--queue` to a command, as `queue`: a QueueName."""
    return click.option(
        "--queue",
        type=queue_choice(),
        default=QueueName.COPY.value,
        show_default=True,
        help="Whose dead letters.",
    )(command)
