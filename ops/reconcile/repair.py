"""Owns the repair: copies of what is missing or different are requested, exactly these, under one operation."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing

from ops.aws.concurrency import InOrder, Pace
from ops.aws.copy_requests import CopyRequests, PartlyRefusedError
from ops.operation_events import RunningOperation, operation
from ops.reconcile.difference import Difference, Kept
from ops.stack import Output, Stack
from ops.terminal.progress import progress
from shared.events import CopyRequest, Trigger
from shared.operations import OperationKind
from shared.transfer_bus import MOST_EVENTS

_THREADS = 8

_Group = Sequence[CopyRequest]


def repair(
    stack: Stack, wanted: Kept, *, sources: Iterable[str], rate: float | None, filters: Mapping[str, str]
) -> RunningOperation:
    """Request a copy of each; what the operation came to. The copier copies what still has the ETag that was seen.

    Raises:
        CopytrailError, CommandError: not all requests were accepted; those that were are in the operation's counts.
    """
    bus_name = stack.output(Output.TRANSFER_BUS_NAME)
    subject = ", ".join(f"s3://{bucket}" for bucket in sorted(set(sources)))
    with (
        closing(stack.client("events", connections=_THREADS)) as events,
        operation(stack, OperationKind.REPAIR, subject=subject, filters=filters) as running,
        progress("requesting", total=wanted.count, unit="copies") as advance,
    ):

        def done(group: _Group, _: None) -> None:
            running.count("requested", len(group))
            advance(len(group))

        requests = CopyRequests(events, bus_name)
        accepted_of_others: list[int] = []

        def publish(group: _Group) -> None:
            try:
                requests.publish(group)
            except PartlyRefusedError as error:
                accepted_of_others.append(len(group) - len(error.requests))
                raise

        groups = Pace(rate).groups((_request(found, running) for found in wanted), MOST_EVENTS)
        try:
            InOrder(publish, done, threads=_THREADS, stop=lambda: None).run(groups)
        finally:
            running.count("requested", sum(accepted_of_others))
    return running


def _request(found: Difference, running: RunningOperation) -> CopyRequest:
    return CopyRequest(
        upload=found.upload,
        trigger=Trigger.RECONCILE,
        request_id=running.id,
        requested_by=running.performed_by,
        operation_id=running.id,
    )
