"""The record of what an operator does: an event when an operation starts, and one when it ends."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from uuid import uuid4

from msgspec import structs

from ops.errors import CommandError
from ops.stack import Output, Stack
from ops.terminal.prompts import note
from shared import times
from shared.errors import CopytrailError
from shared.events import Event, encode_detail
from shared.operations import Operation, OperationKind, Stage
from shared.transfer_bus import TransferBus


class RunningOperation:
    """An operation that is under way. `id` is that of the operation; `counts`, what became of how many things."""

    def __init__(self, operation_id: str, performed_by: str) -> None:
        self.id = operation_id
        self.performed_by = performed_by
        self.counts: Counter[str] = Counter()

    def count(self, what: str, number: int = 1) -> None:
        """So many more things came to this; `what` in snake_case."""
        self.counts[what] += number


@contextmanager
def operation(
    stack: Stack,
    kind: OperationKind,
    *,
    subject: str,
    filters: Mapping[str, str],
    operation_id: str | None = None,
) -> Iterator[RunningOperation]:
    """Put on record who does what, before the block and after it, however it ends.

    Args:
        subject: what is worked on: a queue, a bucket.
        filters: what narrows it down, as the person wrote it.
        operation_id: that of the operation that goes on here, if one does.

    Raises:
        CopytrailError, BotoCoreError, ClientError: the beginning could not be put on record; nothing may be touched.
    """
    running = RunningOperation(operation_id or str(uuid4()), stack.caller_arn)
    began = Operation(
        operation_id=running.id,
        kind=kind,
        stage=Stage.STARTED,
        subject=subject,
        performed_by=running.performed_by,
        at=times.now(),
        filters=filters,
    )
    with closing(stack.client("events")) as events:
        bus = TransferBus(events, name=stack.output(Output.TRANSFER_BUS_NAME), sleep=time.sleep)
        if refused := _publish(bus, began):
            raise refused
        stage, message = Stage.FAILED, None
        try:
            yield running
            stage = Stage.COMPLETED
        except (KeyboardInterrupt, GeneratorExit):
            stage = Stage.INTERRUPTED
            raise
        except Exception as error:
            message = error.message if isinstance(error, CommandError) else str(error)
            raise
        finally:
            ended = structs.replace(began, stage=stage, at=times.now(), counts=dict(running.counts), message=message)
            if refused := _publish(bus, ended):
                note(f"the end of operation {running.id} is not on record: {refused.message}")


def _publish(bus: TransferBus, operation: Operation) -> CopytrailError | None:
    [verdict] = bus.publish([Event(operation.detail_type, encode_detail(operation), operation.at)])
    return verdict
