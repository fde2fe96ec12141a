"""Owns when copytrail is well, and how a person is told.

A failure by itself is no ailment: its letter is, until somebody has replayed or dropped it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ops.status.signs import Depth, Letters, QueueSigns, Signs, Unseen
from ops.terminal.formats import counted, duration_shown

_MOST_REASONS = 3


class Health(StrEnum):
    """How copytrail is. `UNCLEAR`: nothing is known to be wrong, but not everything could be looked at."""

    HEALTHY = "Healthy"
    NOT_HEALTHY = "NotHealthy"
    UNCLEAR = "Unclear"

    @property
    def shown(self) -> str:
        """The word for a person."""
        return "Not healthy" if self is Health.NOT_HEALTHY else str(self)


@dataclass(frozen=True)
class Verdict:
    """How copytrail is, and why, in words."""

    health: Health
    why: str

    def __str__(self) -> str:
        return f"{self.health.shown}: {self.why}"


def judge(signs: Signs, *, behind: timedelta, logs: Mapping[str, str]) -> Verdict:
    """The verdict on what a look found.

    Args:
        behind: a queue whose oldest message waits so long has fallen behind.
        logs: the log group of the function behind each queue, by the queue's name.
    """
    problems = [problem for queue in signs.queues for problem in _problems(queue, behind, logs[queue.name])]
    if problems:
        return Verdict(Health.NOT_HEALTHY, "; ".join(problems))
    if signs.unseen:
        return Verdict(Health.UNCLEAR, f"nothing is known to be wrong, but {'; '.join(signs.unseen)}")
    under_way = sum(queue.depth.total for queue in signs.queues if isinstance(queue.depth, Depth))
    return Verdict(Health.HEALTHY, f"there are no dead letters, and {_messages(under_way)}")


def reasons_shown(counts: Mapping[str, int]) -> str:
    """Reasons with their counts, the commonest first: `AccessDenied 2, Archived 1`."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{reason} {count:,}" for reason, count in ordered[:_MOST_REASONS]]
    if others := ordered[_MOST_REASONS:]:
        shown.append(f"other reasons {sum(count for _, count in others):,}")
    return ", ".join(shown)


def letters_shown(dead: Depth, letters: Letters | Unseen) -> str:
    """The reasons of dead letters, and of how many of them they are; empty where there are none."""
    if isinstance(letters, Unseen) or not dead.total:
        return ""
    if letters.others_at_work and not letters.total:
        return "somebody is looking at them, or replaying them"
    reasons = reasons_shown(letters.by_reason)
    return reasons if letters.total >= dead.total or not reasons else f"of {letters.total:,} of them: {reasons}"


def _problems(queue: QueueSigns, behind: timedelta, log_group: str) -> Iterator[str]:
    if isinstance(queue.dead, Depth) and queue.dead.total:
        shown = letters_shown(queue.dead, queue.letters)
        where = "" if queue.name == "copy" else f" --queue {queue.name}"
        yield (
            f"{counted(queue.dead.total, 'dead letter')} in the {queue.name} DLQ{f' ({shown})' if shown else ''}:"
            f" `copytrail dlq ls{where}`"
        )
    if isinstance(queue.oldest_s, int | float) and queue.oldest_s >= behind.total_seconds():
        yield (
            f"the {queue.name} queue is {duration_shown(queue.oldest_s)} behind: `aws logs tail {log_group}` shows why"
        )


def _messages(number: int) -> str:
    if not number:
        return "nothing is waiting"
    return f"{counted(number, 'message')} {'is' if number == 1 else 'are'} on the way"
