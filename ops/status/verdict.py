"""Verdict on a snapshot: when copytrail is healthy, and how a person is told.

A failure by itself is no ailment: its dead letter is, until somebody has replayed or dropped it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ops.aws.sqs import QueueAttributes
from ops.doctor.check import Finding, Result
from ops.status.checks import Reasons
from ops.status.snapshot import QueueState, Snapshot, Unavailable
from ops.terminal.formats import counted, duration_shown

_MOST_REASONS = 3


class Health(StrEnum):
    """How copytrail is. `UNCLEAR`: nothing is known to be wrong, but not everything could be read."""

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


def assess(snapshot: Snapshot, *, behind: timedelta) -> Verdict:
    """The verdict on a snapshot. `behind`: a queue whose oldest message waits so long has fallen behind."""
    problems = [
        *_delivery_problems(snapshot.delivery),
        *(problem for queue in snapshot.queues for problem in _problems(queue, behind)),
    ]
    if problems:
        return Verdict(Health.NOT_HEALTHY, "; ".join(problems))
    if snapshot.unavailable:
        return Verdict(Health.UNCLEAR, f"nothing is known to be wrong, but {'; '.join(snapshot.unavailable)}")
    on_the_way = sum(queue.depth.total for queue in snapshot.queues if isinstance(queue.depth, QueueAttributes))
    return Verdict(Health.HEALTHY, f"there are no dead letters, and {_messages(on_the_way)}")


def reasons_shown(counts: Mapping[str, int]) -> str:
    """Reasons with their counts, the commonest first: `AccessDenied 2, Archived 1`."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{reason} {count:,}" for reason, count in ordered[:_MOST_REASONS]]
    if others := ordered[_MOST_REASONS:]:
        shown.append(f"other reasons {sum(count for _, count in others):,}")
    return ", ".join(shown)


def dead_letters_shown(dead: QueueAttributes, reasons: Reasons | Unavailable) -> str:
    """The reasons of dead letters, and of how many of them they are; empty where there are none."""
    if isinstance(reasons, Unavailable) or not dead.total:
        return ""
    if reasons.in_use:
        return "another command is reading or replaying them"
    shown = reasons_shown(reasons.by_reason)
    return shown if reasons.total >= dead.total or not shown else f"of {reasons.total:,} of them: {shown}"


def _delivery_problems(findings: Sequence[Finding]) -> Iterator[str]:
    wrong = [f"{finding.subject}: {finding.message}" for finding in findings if finding.state is Result.WRONG]
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield f"{wrong[0]}{more}: `copytrail doctor` says what to type"


def _problems(queue: QueueState, behind: timedelta) -> Iterator[str]:
    if isinstance(queue.dead, QueueAttributes) and queue.dead.total:
        shown = dead_letters_shown(queue.dead, queue.reasons)
        where = "" if queue.name == "copy" else f" --queue {queue.name}"
        yield (
            f"{counted(queue.dead.total, 'dead letter')} in the {queue.name} DLQ{f' ({shown})' if shown else ''}:"
            f" `copytrail dlq ls{where}`"
        )
    if isinstance(queue.oldest_s, int | float) and queue.oldest_s >= behind.total_seconds():
        yield (
            f"the {queue.name} queue is {duration_shown(queue.oldest_s)} behind:"
            f" `aws logs tail {queue.log_group}` shows why"
        )


def _messages(number: int) -> str:
    if not number:
        return "nothing is waiting"
    return f"{counted(number, 'message')} {'is' if number == 1 else 'are'} on the way"
