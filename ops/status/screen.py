"""Output of `copytrail status`: a snapshot and its verdict as a screen, as one line, or as JSON."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.aws.sqs import QueueAttributes
from ops.doctor.check import Finding, Result
from ops.status.checks import LastHour
from ops.status.snapshot import QueueState, Snapshot, Unavailable
from ops.status.verdict import Health, Verdict, dead_letters_shown, reasons_shown
from ops.terminal.formats import counted, duration_shown
from ops.terminal.json import JsonObject
from ops.terminal.tables import cut
from shared import times
from shared.audit_log.record import Record
from shared.humanize import visible

_UNKNOWN = "?"
_NONE = "-"
# What is shown of a queue, and on lines of how many characters: dead letters and their reasons come first.
_WIDE = 64
_NUMBERS = (("Waiting", 0), ("In flight", _WIDE), ("Delayed", _WIDE), ("Oldest", 0))
# A key of 1,024 bytes is no reason for a screen that is full of it.
_MOST_LINES = 3
_BESIDE_TRANSFERS = len("Failed in the last hour  ")
_STYLES = {Health.HEALTHY: "bold green", Health.NOT_HEALTHY: "bold red", Health.UNCLEAR: "bold yellow"}


def screen(title: str, snapshot: Snapshot, verdict: Verdict, *, width: int) -> RenderableType:
    """All of it, to be printed by rich on lines of so many characters."""
    # Of what is unclear, the verdict itself says why.
    failed = () if verdict.health is Health.UNCLEAR else snapshot.unavailable
    notes = [Text(visible(f"? {why}"), style="yellow") for why in failed]
    return Group(
        Text(visible(f"{title}, {snapshot.at:%Y-%m-%d %H:%M:%S} UTC"), style="dim"),
        Text(),
        _queues(snapshot, width),
        Text(),
        _transfers(snapshot, width),
        Text(),
        Text.assemble((verdict.health.shown, _STYLES[verdict.health]), visible(f": {verdict.why}")),
        *notes,
    )


def line(snapshot: Snapshot, verdict: Verdict) -> str:
    """One line: when, and the verdict."""
    return visible(f"{times.to_text(snapshot.at)} {verdict}")


class QueueStatus(JsonObject, frozen=True, kw_only=True):
    """A queue and its dead-letter queue."""

    waiting: int | None = None
    in_flight: int | None = None
    delayed: int | None = None
    oldest_age_seconds: float | None = None
    dead_letters: int | None = None
    dead_letters_by_reason: Mapping[str, int] | None = None


class Status(JsonObject, frozen=True, kw_only=True):
    """Whether all is well."""

    at: datetime
    health: Health
    message: str
    queues: Mapping[str, QueueStatus]
    last_transfer: Record | None = None
    last_hour: LastHour | None = None
    wrong: list[Finding]
    not_read: list[str]


def to_json(snapshot: Snapshot, verdict: Verdict) -> Mapping[str, object]:
    """One object; what could not be read is left out, and says why under `NotRead`."""
    transfers = None if isinstance(snapshot.transfers, Unavailable) else snapshot.transfers
    return Status(
        at=snapshot.at,
        health=verdict.health,
        message=verdict.why,
        queues={queue.name: _queue_status(queue) for queue in snapshot.queues},
        last_transfer=transfers.newest if transfers else None,
        last_hour=transfers.last_hour if transfers else None,
        wrong=[finding for finding in snapshot.delivery if finding.state is Result.WRONG],
        not_read=list(snapshot.unavailable),
    ).attributes()


def _queues(snapshot: Snapshot, width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2 if width >= _WIDE else 1, 0, 0), header_style="bold")
    table.add_column("Queue", no_wrap=True)
    numbers = [at for at, (_, from_width) in enumerate(_NUMBERS) if width >= from_width]
    for at in numbers:
        table.add_column(_NUMBERS[at][0], justify="right", no_wrap=True)
    table.add_column("Dead letters", overflow="fold")
    for queue in snapshot.queues:
        shown = [*_depths(queue.depth), _age(queue.oldest_s)]
        table.add_row(queue.name, *(shown[at] for at in numbers), _dead(queue))
    return table


def _depths(depth: QueueAttributes | Unavailable) -> Iterator[str]:
    if isinstance(depth, Unavailable):
        yield from [_UNKNOWN] * 3
    else:
        yield from (f"{number:,}" for number in (depth.waiting, depth.in_flight, depth.delayed))


def _age(oldest_s: float | Unavailable | None) -> str:
    if isinstance(oldest_s, Unavailable):
        return _UNKNOWN
    return _NONE if oldest_s is None else duration_shown(oldest_s)


def _dead(queue: QueueState) -> Text:
    if isinstance(queue.dead, Unavailable):
        return Text(_UNKNOWN)
    if not queue.dead.total:
        return Text("0")
    shown = _UNKNOWN if isinstance(queue.reasons, Unavailable) else dead_letters_shown(queue.dead, queue.reasons)
    return Text.assemble((f"{queue.dead.total:,}", "red"), visible(f"  {shown}"))


def _transfers(snapshot: Snapshot, width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    if isinstance(snapshot.transfers, Unavailable):
        table.add_row("Last transfer", _UNKNOWN)
        table.add_row("Failed in the last hour", _UNKNOWN)
    else:
        table.add_row("Last transfer", _newest(snapshot, snapshot.transfers.newest, width))
        table.add_row("Failed in the last hour", _failures(snapshot.transfers.last_hour))
        if unreadable := snapshot.transfers.last_hour.unreadable:
            table.add_row(
                "Unreadable", f"{counted(unreadable, 'record')} that this version cannot read: audit list says more"
            )
    return table


def _newest(snapshot: Snapshot, record: Record | None, width: int) -> Text:
    if record is None:
        return Text("none in the last 7 days")
    ago = duration_shown((snapshot.at - record.finished_at).total_seconds())
    outcome = f"{record.outcome} {record.reason or ''}".strip()
    shown = visible(f"{ago} ago, {outcome}: ")
    room = _MOST_LINES * (width - _BESIDE_TRANSFERS) - cell_len(shown)
    return Text(shown + cut(visible(record.source_url), room, keeps_end=True))


def _failures(hour: LastHour) -> Text:
    reasons = visible(reasons_shown(hour.failed_by_reason))
    if hour.at_least:
        among = f"of the newest {hour.transfers:,} transfers"
        return Text(f"at least {hour.failed:,}, {among}: {reasons}" if reasons else f"none {among}")
    return Text(f"{hour.failed:,} of {hour.transfers:,}: {reasons}" if reasons else "none")


def _queue_status(queue: QueueState) -> QueueStatus:
    depth = None if isinstance(queue.depth, Unavailable) else queue.depth
    dead = None if isinstance(queue.dead, Unavailable) else queue.dead
    return QueueStatus(
        waiting=depth.waiting if depth else None,
        in_flight=depth.in_flight if depth else None,
        delayed=depth.delayed if depth else None,
        oldest_age_seconds=None if isinstance(queue.oldest_s, Unavailable) else queue.oldest_s,
        dead_letters=dead.total if dead else None,
        dead_letters_by_reason=None if isinstance(queue.reasons, Unavailable) else dict(queue.reasons.by_reason),
    )
