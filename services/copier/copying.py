"""Owns the copier's use case: bring an upload over, or find the one that was meant."""

from collections.abc import Callable
from dataclasses import replace

from services.copier.model import Location, SourceObject
from services.copier.ports import ObjectStore, PartsCopier, Warn
from services.copier.rounds import Order, Result, Rounds, Skipped
from shared.copy_plan import PartSizes
from shared.errors import Reason
from shared.events import Upload
from shared.uploads import decoded_twin


class Copying:
    """The use case: bring an upload over, unless a newer one makes that pointless.

    `pause` is called with the number of a lost round before the next one: writers of one key should not march in step.
    """

    def __init__(
        self,
        store: ObjectStore,
        parts: PartsCopier,
        sizes: PartSizes,
        *,
        sleep: Callable[[float], None],
        warn: Warn,
        pause: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._parts = parts
        self._sizes = sizes
        self._sleep = sleep
        self._warn = warn
        self._pause = pause

    def bring_over(self, order: Order) -> Result:
        """Copy one upload along its route.

        Raises:
            PermanentError: S3 refuses for a reason that only a person can cure, or the object is `TooLarge`.
            TransientError: S3 did not answer, or other writers won every round (`Contended`).
            UnfinishedError: time ran short in the middle of a copy in parts.
        """
        result = Rounds(self._store, self._parts, self._sizes, order, sleep=self._sleep, pause=self._pause).run()
        if isinstance(result, Skipped) and result.reason is Reason.SOURCE_DELETED:
            return replace(result, decoded=self._decoded(order))
        return result

    def abandon(self, order: Order) -> None:
        """Abort the upload that the order was to continue."""
        if order.continuation:
            self._parts.forget(order.source, order.target, order.continuation)

    def _decoded(self, order: Order) -> Upload | None:
        """The upload that was meant, if the key was URL-encoded: it is copied under its own name."""

        def head(twin: Upload) -> SourceObject | None:
            on_route = order.route.matches(twin.bucket, twin.key, twin.size)
            return self._store.head_source(Location(twin.bucket, twin.key)) if on_route else None

        twin = decoded_twin(order.upload, head)
        if twin:
            self._warn("the event's key may be URL-encoded", {"key": order.upload.key, "decoded_key": twin.key})
        return twin
