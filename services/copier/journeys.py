"""Owns which use case an order is for."""

from collections.abc import Callable

from services.copier.copying import Copying
from services.copier.deleting import Deleted, Deleting
from services.copier.rounds import Order, Result
from shared.errors import PermanentError, Reason


class Journeys:
    """Copies and deletions, as the route says. `place_version` is for routes of every version."""

    def __init__(
        self, copying: Copying, deleting: Deleting, *, place_version: Callable[[Order], Result] | None = None
    ) -> None:
        self._copying = copying
        self._deleting = deleting
        self._place_version = place_version or _refuse

    def bring_over(self, order: Order) -> Result | Deleted:
        """Let a deletion follow, or copy an upload. Raises what the use case raises."""
        if order.upload.is_deletion:
            return self._deleting.follow(order)
        if order.route.versions == "every":
            return self._place_version(order)
        result = self._copying.bring_over(order)
        if order.route.deletes:
            self._deleting.keep_gone(order)
        return result

    def abandon(self, order: Order) -> None:
        """Give up what an order was to continue."""
        self._copying.abandon(order)


def _refuse(order: Order) -> Result:
    raise PermanentError(Reason.NO_ORDER, f"no placement table keeps the versions of {order.source.url} in order")
