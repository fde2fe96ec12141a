"""Owns the use case of routes with `versions: every`: each version is placed once, and none on top of a newer one.

One copier at a time places versions under a destination key; the ledger holds its lease and what it is about to place.
`docs/decisions.md` says how the order is kept, and what it costs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from services.copier.placements import (
    Lease,
    LeaseHeldError,
    NotNewerError,
    Placement,
    PlacementLedger,
    Standing,
    Version,
    position_of,
)
from services.copier.placing import Placer, Placing, superseded
from services.copier.rounds import Order, Result
from shared.errors import CopytrailError, PermanentError, Reason
from shared.events import Upload
from shared.lambda_runtime.delivery_policy import OccupiedError

# A small object is placed in a fraction of a second; this many pauses make a few seconds.
_MOST_WAITS = 8
# What a request of a dead holder may still take to have its effect, and how far apart two clocks may be.
_GRACE = timedelta(seconds=60)


class EveryVersion:
    """The use case: place a version, unless one that came later has been placed before it.

    `new_owner` gives every try a name of its own: a redelivery must not take the lease of an earlier try that lives.
    """

    def __init__(self, placer: Placer, ledger: PlacementLedger, *, new_owner: Callable[[], str]) -> None:
        self._placer = placer
        self._ledger = ledger
        self._new_owner = new_owner

    def bring_over(self, order: Order) -> Result:
        """Place one version along its route.

        Raises:
            PermanentError: `NoOrder`, of an upload without a version id or a sequencer; or S3 refuses for good.
            TransientError: S3 or the ledger did not answer, or others place versions of this key (`Occupied`).
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        try:
            result = self._in_turn(order, _version(order.upload))
        except PermanentError:
            self._forget_continuation(order)
            raise
        self._forget_continuation(order)
        return result

    def _in_turn(self, order: Order, version: Version) -> Result:
        try:
            with self._turn(order, version) as placing:
                return placing.run()
        except NotNewerError as refused:
            newest = refused.newest
        result = self._told_again(order, version, newest)
        if result is None and newest.version.on_the_way_to:
            newest = self._help(order, newest.version.on_the_way_to) or newest
            result = self._told_again(order, version, newest)
        return result or superseded(order)

    def _help(self, order: Order, later: Version) -> Placement | None:
        """Place what a dead holder left on the way to a later version, as ours may be among it; the newest then."""
        try:
            with self._turn(order, later) as placing:
                placing.prepare()
        except NotNewerError as refused:
            return refused.newest
        return placing.newest

    def _told_again(self, order: Order, version: Version, newest: Placement) -> Result | None:
        """How it ended when the version was placed, or None when it was not."""
        if newest.version.id == version.id:
            return newest.copied
        kept = self._ledger.recall(order.target.location, version.id)
        return kept.copied if kept else None

    @contextmanager
    def _turn(self, order: Order, version: Version) -> Iterator[Placing]:
        """A turn under a lease, which is given back at its end. A crash leaves it to run out."""
        owner = self._new_owner()
        standing = self._take(order, version, owner)
        placing = Placing(self._placer, self._ledger, order, version, owner=owner, standing=standing)
        try:
            yield placing
        except Exception:
            self._release(order, owner, placing)
            raise
        self._release(order, owner, placing)

    def _take(self, order: Order, version: Version, owner: str) -> Standing:
        destination = order.target.location
        for wait in range(_MOST_WAITS):
            now = self._placer.clock()
            lease = Lease(owner, now, now + timedelta(seconds=order.seconds_left()) + _GRACE)
            try:
                return self._ledger.take(destination, version, lease)
            except LeaseHeldError:
                self._placer.pause(wait)
        raise OccupiedError(Reason.CONTENDED, f"another copier is placing versions of {destination.url}")

    def _release(self, order: Order, owner: str, placing: Placing) -> None:
        if placing.has_released:
            return
        try:
            self._ledger.release(order.target.location, owner, settled=placing.is_settled)
        except CopytrailError as error:
            self._placer.warn("a lease was not given back; it runs out", {"explanation": error.message})

    def _forget_continuation(self, order: Order) -> None:
        if order.continuation:
            self._placer.parts.forget(order.source, order.target, order.continuation)


def _version(upload: Upload) -> Version:
    missing = "version id" if upload.version_id is None else "sequencer" if upload.sequencer is None else None
    if upload.version_id is None or upload.sequencer is None:
        raise PermanentError(
            Reason.NO_ORDER,
            f"{upload.url}: the event has no {missing}, so nobody can tell which version comes after which;"
            " every version of a key is copied only on S3's own events, from a bucket that keeps versions",
        )
    return Version(upload.version_id, position_of(upload.sequencer), upload.etag, upload.size)
