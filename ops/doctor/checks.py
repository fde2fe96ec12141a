"""The checks that there are: of how uploads arrive and are recorded, and of what is about to expire unseen."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

from ops.dlq.sweep import CONNECTIONS
from ops.doctor.check import THREADS, Check
from ops.doctor.events import event_checks
from ops.doctor.expiry import expiry_checks
from ops.doctor.functions import function_checks
from ops.doctor.storage import bucket_checks, key_checks, table_check
from ops.stack import Stack
from shared import times


def delivery_checks(stack: Stack, clients: ExitStack) -> list[Check]:
    """What must be so for an upload to arrive and be recorded: a few quick calls, along the way of an upload.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack of this version.
    """
    client = _clients(stack, clients)
    return [
        *bucket_checks(client("s3"), stack),
        *event_checks(client("events"), client("sqs"), stack),
        *function_checks(client("lambda"), stack),
        # Where there are no keys, no client waits to be made.
        *(key_checks(client("kms"), stack) if stack.key_arns else ()),
        table_check(client("dynamodb"), stack),
    ]


def all_checks(stack: Stack, clients: ExitStack) -> list[Check]:
    """Those, and of what is about to expire; that reads every dead letter.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack of this version.
    """
    client = _clients(stack, clients, connections=CONNECTIONS)
    return [
        *delivery_checks(stack, clients),
        *expiry_checks(client("sqs"), client("cloudwatch"), stack, times.now()),
    ]


def _clients(stack: Stack, clients: ExitStack, *, connections: int = THREADS) -> Callable[[str], Any]:
    return lambda service: clients.enter_context(closing(stack.client(service, connections=connections)))
