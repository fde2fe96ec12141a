"""Owns a backfill under way: groups of requests several at a time, at a pace, with a checkpoint behind them."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from msgspec import structs

from ops.aws.concurrency import InOrder, Pace
from ops.backfill.checkpoint import Checkpoint, CheckpointFile
from ops.backfill.existing import Existing
from ops.backfill.requesting import Bus, Requested
from shared.events import CopyRequest
from shared.transfer_bus import MOST_EVENTS

# A PutEvents call takes tens of milliseconds on AWS: sixteen at a time make more than its default quotas allow.
THREADS = 16
_KEPT_EVERY_S = 1.0


class Stop:
    """The end of patience: those who pause wake up, and go no further."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> None:
        """Let nobody pause any longer."""
        self._stopped.set()

    def pause(self, seconds: float) -> None:
        """Wait.

        Raises:
            InterruptedError: the backfill is being stopped.
        """
        if self._stopped.wait(seconds):
            raise InterruptedError


class Keeper:
    """Keeps the checkpoint about once a second, and when told to.

    `under_way`: something has been requested before. Else there is no checkpoint until something is about to be.
    """

    def __init__(
        self,
        file: CheckpointFile,
        checkpoint: Checkpoint,
        *,
        under_way: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._clock = clock
        self._checkpoint = checkpoint
        self._kept_at = clock()
        self._under_way = under_way
        self._beginning = threading.Lock()

    @property
    def under_way(self) -> bool:
        """Whether something may have been requested, so that there is a checkpoint to go on from."""
        return self._under_way

    def begin(self) -> None:
        """Something is about to be requested. May be called by any thread. Raises CommandError as `keep`."""
        with self._beginning:
            if not self._under_way:
                self.keep()

    @property
    def checkpoint(self) -> Checkpoint:
        """How far the backfill has come."""
        return self._checkpoint

    def accepted(self, group: Sequence[Existing], requested: Requested) -> None:
        """All up to the end of this group has been requested."""
        self._checkpoint = structs.replace(
            self._checkpoint,
            position=group[-1].position,
            requested=self._checkpoint.requested + requested.requested,
            gone=self._checkpoint.gone + requested.gone,
            failed=self._checkpoint.failed + len(requested.failed),
        )
        self._under_way = True
        if self._clock() - self._kept_at >= _KEPT_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Write the checkpoint. Raises CommandError when that is not possible."""
        self._file.write(self._checkpoint)
        self._kept_at = self._clock()
        self._under_way = True


class Checkpointed:
    """A bus on which nothing is requested before there is a checkpoint. May be shared by threads."""

    def __init__(self, bus: Bus, keeper: Keeper) -> None:
        self._bus = bus
        self._keeper = keeper

    def publish(self, requests: Sequence[CopyRequest]) -> None:
        """Ask for up to 10 copies. Raises what the bus raises, and Failure when the checkpoint cannot be written."""
        self._keeper.begin()
        self._bus.publish(requests)


def request_all(
    objects: Iterable[Existing],
    request: Callable[[Sequence[Existing]], Requested],
    *,
    keeper: Keeper,
    pace: Pace,
    told: Callable[[Requested], None],
    stop: Stop,
) -> None:
    """Request copies of all objects. However it ends, the checkpoint says how far it came, if anything was requested.

    Raises:
        CopytrailError, CommandError: what `request` or the checkpoint raises.
    """

    def done(group: Sequence[Existing], requested: Requested) -> None:
        keeper.accepted(group, requested)
        told(requested)

    try:
        InOrder(request, done, threads=THREADS, stop=stop.now).run(pace.groups(objects, MOST_EVENTS))
    finally:
        if keeper.under_way:
            keeper.keep()
