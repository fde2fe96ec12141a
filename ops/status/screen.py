"""Owns how the signs and the verdict are shown: as a screen, as one line, as JSON."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.status.signs import Depth, QueueSigns, Signs, Transfers, Unseen
from ops.status.verdict import Health, Verdict, letters_shown, reasons_shown
from ops.terminal.formats import counted, duration_shown, visible
from ops.terminal.json import Told
from ops.terminal.tables import cut
from shared import times
from shared.audit_log.record import Record

_UNSEEN = "?"
_NONE = "-"
# What is told of a queue, and on lines of how many characters: dead letters and their reasons come first.
_WIDE = 64
_NUMBERS = (("Waiting", 0), ("In flight", _WIDE), ("Delayed", _WIDE), ("Oldest", 0))
# A key of 1,024 bytes is no reason for a screen that is full of it.
_MOST_LINES = 3
_BESIDE_TRANSFERS = len("Failed in the last hour  ")
_STYLES = {Health.HEALTHY: "bold green", Health.NOT_HEALTHY: "bold red", Health.UNCLEAR: "bold yellow"}


def screen(title: str, signs: Signs, verdict: Verdict, *, width: int) -> RenderableType:
    """All of it, to be printed by rich on lines of so many characters."""
    # Of what is unclear, the verdict itself says why.
    unseen = () if verdict.health is Health.UNCLEAR else signs.unseen
    notes = [Text(visible(f"? {why}"), style="yellow") for why in unseen]
    return Group(
        Text(visible(f"{title}, {signs.at:%Y-%m-%d %H:%M:%S} UTC"), style="dim"),
        Text(),
        _queues(signs, width),
        Text(),
        _transfers(signs, width),
        Text(),
        Text.assemble((verdict.health.shown, _STYLES[verdict.health]), visible(f": {verdict.why}")),
        *notes,
    )


def line(signs: Signs, verdict: Verdict) -> str:
    """One line: when, and the verdict."""
    return visible(f"{times.to_text(signs.at)} {verdict}")


class QueueTold(Told, frozen=True, kw_only=True):
    """A queue and its dead-letter queue."""

    waiting: int | None = None
    in_flight: int | None = None
    delayed: int | None = None
    oldest_age_seconds: float | None = None
    dead_letters: int | None = None
    dead_letters_by_reason: Mapping[str, int] | None = None


class LastHourTold(Told, frozen=True, kw_only=True):
    """The transfers that ended within the last hour."""

    failed: int
    failed_by_reason: Mapping[str, int]
    transfers: int
    at_least: bool
    unreadable: int


class StatusTold(Told, frozen=True, kw_only=True):
    """Whether all is well."""

    at: datetime
    health: Health
    message: str
    queues: Mapping[str, QueueTold]
    last_transfer: Record | None = None
    last_hour: LastHourTold | None = None
    not_seen: list[str]


def to_json(signs: Signs, verdict: Verdict) -> Mapping[str, object]:
    """One object; what could not be looked at is left out, and says why under `NotSeen`."""
    transfers = None if isinstance(signs.transfers, Unseen) else signs.transfers
    return StatusTold(
        at=signs.at,
        health=verdict.health,
        message=verdict.why,
        queues={queue.name: _queue_told(queue) for queue in signs.queues},
        last_transfer=transfers.newest if transfers else None,
        last_hour=_last_hour_told(transfers) if transfers else None,
        not_seen=list(signs.unseen),
    ).attributes()


def _queues(signs: Signs, width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2 if width >= _WIDE else 1, 0, 0), header_style="bold")
    table.add_column("Queue", no_wrap=True)
    numbers = [at for at, (_, from_width) in enumerate(_NUMBERS) if width >= from_width]
    for at in numbers:
        table.add_column(_NUMBERS[at][0], justify="right", no_wrap=True)
    table.add_column("Dead letters", overflow="fold")
    for queue in signs.queues:
        shown = [*_depths(queue.depth), _age(queue.oldest_s)]
        table.add_row(queue.name, *(shown[at] for at in numbers), _dead(queue))
    return table


def _depths(depth: Depth | Unseen) -> Iterator[str]:
    if isinstance(depth, Unseen):
        yield from [_UNSEEN] * 3
    else:
        yield from (f"{number:,}" for number in (depth.waiting, depth.in_flight, depth.delayed))


def _age(oldest_s: float | Unseen | None) -> str:
    if isinstance(oldest_s, Unseen):
        return _UNSEEN
    return _NONE if oldest_s is None else duration_shown(oldest_s)


def _dead(queue: QueueSigns) -> Text:
    if isinstance(queue.dead, Unseen):
        return Text(_UNSEEN)
    if not queue.dead.total:
        return Text("0")
    shown = _UNSEEN if isinstance(queue.letters, Unseen) else letters_shown(queue.dead, queue.letters)
    return Text.assemble((f"{queue.dead.total:,}", "red"), visible(f"  {shown}"))


def _transfers(signs: Signs, width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    if isinstance(signs.transfers, Unseen):
        table.add_row("Last transfer", _UNSEEN)
        table.add_row("Failed in the last hour", _UNSEEN)
    else:
        table.add_row("Last transfer", _newest(signs, signs.transfers.newest, width))
        table.add_row("Failed in the last hour", _failures(signs.transfers))
        if unreadable := signs.transfers.unreadable:
            table.add_row(
                "Unreadable", f"{counted(unreadable, 'record')} that this version cannot read: audit list says more"
            )
    return table


def _newest(signs: Signs, record: Record | None, width: int) -> Text:
    if record is None:
        return Text("none in the last 7 days")
    ago = duration_shown((signs.at - record.finished_at).total_seconds())
    outcome = f"{record.outcome} {record.reason or ''}".strip()
    told = visible(f"{ago} ago, {outcome}: ")
    room = _MOST_LINES * (width - _BESIDE_TRANSFERS) - cell_len(told)
    return Text(told + cut(visible(record.source_url), room, keeps_end=True))


def _failures(transfers: Transfers) -> Text:
    reasons = visible(reasons_shown(transfers.failures))
    if transfers.more:
        among = f"of the newest {transfers.looked_at:,} transfers"
        return Text(f"at least {transfers.failed:,}, {among}: {reasons}" if reasons else f"none {among}")
    return Text(f"{transfers.failed:,} of {transfers.looked_at:,}: {reasons}" if reasons else "none")


def _queue_told(queue: QueueSigns) -> QueueTold:
    depth = None if isinstance(queue.depth, Unseen) else queue.depth
    dead = None if isinstance(queue.dead, Unseen) else queue.dead
    return QueueTold(
        waiting=depth.waiting if depth else None,
        in_flight=depth.in_flight if depth else None,
        delayed=depth.delayed if depth else None,
        oldest_age_seconds=None if isinstance(queue.oldest_s, Unseen) else queue.oldest_s,
        dead_letters=dead.total if dead else None,
        dead_letters_by_reason=None if isinstance(queue.letters, Unseen) else dict(queue.letters.by_reason),
    )


def _last_hour_told(transfers: Transfers) -> LastHourTold:
    return LastHourTold(
        failed=transfers.failed,
        failed_by_reason=dict(transfers.failures),
        transfers=transfers.looked_at,
        at_least=transfers.more,
        unreadable=transfers.unreadable,
    )
