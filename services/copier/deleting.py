"""Owns deletions: where the source has no object any more, the destination gets a delete marker, and nothing else.

The same rule as for copies, with the delete marker in the place of a newer upload: the destination is read before the
source, the marker is put on the condition that the destination has not changed, and the source is looked at again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from msgspec import structs

from services.copier.model import ConditionRefusedError, DestinationState, Location, SourceObject
from services.copier.rounds import Order, Result, Skipped
from shared.errors import PermanentError, Reason, TransientError
from shared.events import Destination, Upload

_MOST_ROUNDS = 8


class DeletingStore(Protocol):
    """What deleting needs of S3. Every method raises CopytrailError for what S3 refuses or does not answer."""

    def head_source(self, source: Location) -> SourceObject | None:
        """The newest upload of a source key, or None when there is none."""

    def head_destination(self, destination: Location) -> DestinationState:
        """What the destination key holds."""

    def keeps_versions(self, bucket: str) -> bool:
        """Whether a deletion in this bucket leaves a marker and removes nothing."""

    def put_delete_marker(self, destination: Location, *, if_match: str) -> str | None:
        """Delete the key, if it holds this ETag; the marker's version id. Raises ConditionRefusedError."""


@dataclass(frozen=True)
class Deleted:
    """The destination has no current object any more. The version id is the marker's."""

    destination: Destination


class Deleting:
    """The use case: let a deletion follow, unless the key has been uploaded again.

    `bring_over` is what copies a newer upload that came while the marker was put.
    """

    def __init__(self, store: DeletingStore, bring_over: Callable[[Order], Result]) -> None:
        self._store = store
        self._bring_over = bring_over

    def follow(self, order: Order) -> Deleted | Skipped:
        """Put a delete marker where the source has no object any more.

        Raises:
            PermanentError: `DestinationNotVersioned`; the deletion would remove bytes for good.
            TransientError: S3 did not answer, or other writers won every round (`Contended`).
        """
        location = order.target.location
        nowhere = Destination(bucket=location.bucket, key=location.key)
        for _ in range(_MOST_ROUNDS):
            destination = self._store.head_destination(location)
            source = self._store.head_source(order.source)
            if source:
                if order.retried:
                    self._bring_newest(order, source)
                return order.skipped(Reason.SUPERSEDED, f"{order.source.url} was uploaded again since")
            if destination.etag is None:
                return Deleted(nowhere)
            self._require_versions(location.bucket)
            try:
                marker = self._store.put_delete_marker(location, if_match=destination.etag)
            except ConditionRefusedError:
                continue
            if source := self._store.head_source(order.source):
                self._bring_newest(order, source)
            return Deleted(structs.replace(nowhere, version_id=marker))
        raise TransientError(Reason.CONTENDED, f"{location.url} was changed by others in each of {_MOST_ROUNDS} rounds")

    def keep_gone(self, order: Order) -> None:
        """After a copy: where the source has no object any more, the copy may have come after its deletion.

        Raises:
            CopytrailError: as `follow`.
        """
        if self._store.head_source(order.source) is None:
            self.follow(replace(order, retried=True))

    def _bring_newest(self, order: Order, source: SourceObject) -> None:
        newest = Upload(
            bucket=order.upload.bucket,
            key=order.upload.key,
            etag=source.etag,
            size=source.size,
            version_id=source.version_id,
            uploaded_at=source.last_modified,
        )
        self._bring_over(replace(order, upload=newest, retried=True))

    def _require_versions(self, bucket: str) -> None:
        if not self._store.keeps_versions(bucket):
            raise PermanentError(
                Reason.DESTINATION_NOT_VERSIONED,
                f"{bucket} keeps no versions: a deletion there would be for good. Turn its versioning on, then replay.",
            )
