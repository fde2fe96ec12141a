"""Routes with `versions: every`: each version is placed once, and none on top of a newer one.

One copier at a time places versions under a destination key; the ledger holds its lease and what it is about to place.
`docs/decisions.md` says how the order is kept, and what it costs.
"""

from collections.abc import Callable
from datetime import timedelta

from services.copier.conditional_copy import attempts
from services.copier.model import (
    Copied,
    CopyCommand,
    Lease,
    LeaseHeldError,
    NotNewerError,
    Placement,
    Skipped,
    Version,
)
from services.copier.version_placement import Placer, Turn, superseded
from shared.errors import Reason
from shared.lambda_runtime.delivery_policy import OccupiedError

# What a request of a dead holder may still take to have its effect, and how far apart two clocks may be.
_GRACE = timedelta(seconds=60)


class EveryVersion:
    """Places a version, unless one that came later has been placed before it.

    `new_owner` names each try: a redelivery must not take the lease of an earlier try that lives.
    """

    def __init__(self, placer: Placer, *, new_owner: Callable[[], str]) -> None:
        self._placer = placer
        self._ledger = placer.ledger
        self._new_owner = new_owner

    def copy(self, command: CopyCommand) -> Copied | Skipped:
        """Place one version along its route.

        Raises:
            PermanentError: `NoOrder`, of an upload without a version id or a sequencer; or S3 refuses for good.
            TransientError: S3 or the ledger did not answer, or others place versions of this key (`Occupied`).
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        with self._placer.copies.ending(command):
            version = Version.of(command.upload)
            try:
                with self._take_turn(command, version) as turn:
                    return turn.run()
            except NotNewerError as refused:
                newest = refused.newest
            outcome = self._earlier_outcome(command, version, newest)
            if outcome is None and newest.version.on_the_way_to:
                newest = self._finish_turn_of(command, newest.version.on_the_way_to) or newest
                outcome = self._earlier_outcome(command, version, newest)
            return outcome or superseded(command)

    def _take_turn(self, command: CopyCommand, version: Version) -> Turn:
        destination, owner = command.target.location, self._new_owner()
        for _ in attempts(self._placer.backoff):
            now = self._placer.clock()
            lease = Lease(owner, now, now + timedelta(seconds=command.seconds_left()) + _GRACE)
            try:
                return Turn(self._placer, command, version, owner, self._ledger.take(destination, version, lease))
            except LeaseHeldError:
                # A small object is placed in a fraction of a second: these attempts make a few seconds.
                continue
        raise OccupiedError(Reason.CONTENDED, f"another copier is placing versions of {destination.url}")

    def _finish_turn_of(self, command: CopyCommand, later: Version) -> Placement | None:
        """Place what a dead holder left on the way to a later version, as ours may be among it; the newest then."""
        try:
            with self._take_turn(command, later) as turn:
                turn.prepare()
                return turn.newest
        except NotNewerError as refused:
            return refused.newest

    def _earlier_outcome(self, command: CopyCommand, version: Version, newest: Placement) -> Copied | None:
        """How it ended when the version was placed, or None when it was not."""
        if newest.version.id == version.id:
            return newest.copied
        remembered = self._ledger.recall(command.target.location, version.id)
        return remembered.copied if remembered else None
