"""Owns the signs by which one can tell whether copytrail is well, as one look at it finds them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.audit_log.record import Record


@dataclass(frozen=True)
class Unseen:
    """What could not be looked at, and why, for a person."""

    why: str


@dataclass(frozen=True)
class Depth:
    """How many messages a queue holds, approximately: SQS knows no better."""

    waiting: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.in_flight + self.delayed


@dataclass(frozen=True)
class Letters:
    """The dead letters that were looked at, by their reasons; `others_at_work`: none were, so as to disturb nobody."""

    by_reason: Mapping[str, int]
    others_at_work: bool = False

    @property
    def total(self) -> int:
        """How many were looked at."""
        return sum(self.by_reason.values())


@dataclass(frozen=True)
class QueueSigns:
    """A queue and its dead-letter queue. `oldest_s`: for how many seconds its oldest message waits, as far as told."""

    name: str
    depth: Depth | Unseen
    oldest_s: float | Unseen | None
    dead: Depth | Unseen
    letters: Letters | Unseen


@dataclass(frozen=True)
class Transfers:
    """What has ended: the newest record, and the failures of the last hour by their reasons.

    Of the last hour's records, so many as were `looked_at`; all of them, unless there are `more`. `unreadable`: items
    beside them that this version cannot read.
    """

    newest: Record | None
    failures: Mapping[str, int]
    looked_at: int
    more: bool
    unreadable: int = 0

    @property
    def failed(self) -> int:
        """How many failures were found."""
        return sum(self.failures.values())


@dataclass(frozen=True)
class Signs:
    """All that one look finds."""

    at: datetime
    queues: tuple[QueueSigns, ...]
    transfers: Transfers | Unseen

    @property
    def unseen(self) -> tuple[str, ...]:
        """What could not be looked at, and why, a sentence for each reason."""
        by_reason: dict[str, list[str]] = {}
        for what, sign in self._by_name():
            if isinstance(sign, Unseen):
                by_reason.setdefault(sign.why, []).append(what)
        return tuple(f"no look at {_joined(what)}: {why}" for why, what in by_reason.items())

    def _by_name(self) -> Iterator[tuple[str, object]]:
        for queue in self.queues:
            yield f"the {queue.name} queue", queue.depth
            yield f"the oldest message of the {queue.name} queue", queue.oldest_s
            yield f"the {queue.name} DLQ", queue.dead
            yield f"the letters of the {queue.name} DLQ", queue.letters
        yield "the audit table", self.transfers


def _joined(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
