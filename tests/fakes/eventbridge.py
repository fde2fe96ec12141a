"""An in-memory transfer bus that can refuse."""

from collections.abc import Sequence

import msgspec

from shared.errors import CopytrailError, Reason, TransientError
from shared.events import Completion, Event


class FakeBus:
    """The `Bus` Protocol: keeps what was accepted, in groups; refuses the keys that it is told to."""

    def __init__(self) -> None:
        self.groups: list[list[Completion]] = []
        self.refused_keys: set[str] = set()

    @property
    def accepted(self) -> list[Completion]:
        """Every accepted event, in order."""
        return [completion for group in self.groups for completion in group]

    def publish(self, events: Sequence[Event]) -> list[CopytrailError | None]:
        """Accept all but the refused keys."""
        completions = [msgspec.json.decode(event.detail, type=Completion) for event in events]
        refused = [completion.upload.key in self.refused_keys for completion in completions]
        self.groups.append([c for c, no in zip(completions, refused, strict=True) if not no])
        return [TransientError(Reason.EVENT_NOT_ACCEPTED, "InternalFailure: ") if no else None for no in refused]
