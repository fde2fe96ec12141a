"""Owns what copying needs of S3, whoever gives it."""

from collections.abc import Callable
from typing import Protocol

from services.copier.model import CopyResult, DestinationState, Location, SourceObject, Target
from shared.events import Continuation

SecondsLeft = Callable[[], float]
Warn = Callable[[str, dict[str, str]], None]


class ObjectStore(Protocol):
    """What copying needs of S3. Every method raises CopytrailError for what S3 refuses or does not answer."""

    def copy(self, source: Location, etag: str, target: Target, *, if_match: str | None) -> CopyResult:
        """Copy the newest upload of `source` with all its properties, if its ETag is `etag`.

        `if_match` is the ETag that the destination must have; None: it must not exist. Raises ConditionRefusedError.
        """

    def head_source(self, source: Location) -> SourceObject | None:
        """The newest upload of a source key, or None when there is none."""

    def head_destination(self, destination: Location) -> DestinationState:
        """What the destination key holds."""


class PartsCopier(Protocol):
    """What copying needs of a copy in parts."""

    def copy(
        self,
        source: Location,
        found: SourceObject,
        target: Target,
        *,
        bytes_each: int,
        if_match: str | None,
        seconds_left: SecondsLeft,
        continuation: Continuation | None,
    ) -> tuple[CopyResult, int]:
        """Copy what was found, pinned; how it went, and in how many parts.

        Raises:
            ConditionRefusedError: as `ObjectStore.copy`; nothing is left open.
            UnfinishedError: time ran short; the upload is kept, and is told.
        """

    def forget(self, source: Location, target: Target, continuation: Continuation) -> None:
        """Abort what an earlier invocation left open: it is of no use any more."""
