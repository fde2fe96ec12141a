"""Repair: copies of exactly the differences that a copy ends are requested, under one operation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from tempfile import SpooledTemporaryFile

import msgspec

from ops.aws.concurrency import Pace, run_in_order
from ops.copy_requests import CopyRequests, PartlyRefusedError
from ops.operation_events import RunningOperation, operation
from ops.reconcile.differences import Difference
from ops.stack import Output, Stack
from ops.terminal.progress import progress
from shared.events import Trigger, Upload
from shared.operations import OperationKind
from shared.transfer_bus import MOST_EVENTS

_THREADS = 8
_MOST_IN_MEMORY = 1 << 20

_Group = Sequence[Upload]


class Spool:
    """Spool file of differences that are to be repaired: in memory, and on disk when they are many."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_MOST_IN_MEMORY)  # noqa: SIM115 - closed by close()
        self.count = 0
        self.bytes = 0

    def close(self) -> None:
        """Leave nothing of it on the disk."""
        self._file.close()

    def __iter__(self) -> Iterator[Difference]:
        self._file.seek(0)
        for line in self._file:
            yield msgspec.json.decode(line, type=Difference)

    def add(self, found: Difference) -> None:
        """Add one more. Not while they are iterated."""
        self._file.write(msgspec.json.encode(found) + b"\n")
        self.count += 1
        self.bytes += found.bytes


def repair(
    stack: Stack, differences: Spool, *, sources: Iterable[str], rate: float | None, filters: Mapping[str, str]
) -> RunningOperation:
    """Request a copy of each difference. The copier copies what still has the ETag that was listed.

    Raises:
        CopytrailError, CommandError: not all requests were accepted; those that were are in the operation's counts.
    """
    bus_name = stack.output(Output.TRANSFER_BUS_NAME)
    subject = ", ".join(f"s3://{bucket}" for bucket in sorted(set(sources)))
    with (
        closing(stack.client("events", connections=_THREADS)) as events,
        operation(stack, OperationKind.REPAIR, subject=subject, filters=filters) as running,
        progress("requesting", total=differences.count, unit="object") as advance,
    ):

        def done(group: _Group, _: None) -> None:
            running.count("requested", len(group))
            advance(len(group))

        requests = CopyRequests(events, bus_name, running, Trigger.RECONCILE)
        accepted_of_others: list[int] = []

        def publish(group: _Group) -> None:
            try:
                requests.publish(group)
            except PartlyRefusedError as error:
                accepted_of_others.append(len(group) - len(error.uploads))
                raise

        groups = Pace(rate).groups((found.upload for found in differences), MOST_EVENTS)
        try:
            run_in_order(publish, groups, threads=_THREADS, done=done)
        finally:
            running.count("requested", sum(accepted_of_others))
    return running
