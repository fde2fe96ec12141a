"""Owns how many letters there are for each reason, and how that is shown."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ops.dlq.letter import Letter
from ops.terminal.formats import WIDEST_DURATION, cause_first, duration_shown
from ops.terminal.json import Told
from ops.terminal.tables import Column, Table


@dataclass
class Reason:
    """The letters of one reason: how many, when the oldest and the newest were first seen, and one of them."""

    name: str
    letters: int
    oldest: datetime
    newest: datetime
    example: Letter

    def take(self, letter: Letter) -> None:
        """One more of them."""
        self.letters += 1
        self.oldest = min(self.oldest, letter.first_seen)
        self.newest = max(self.newest, letter.first_seen)


class Summary:
    """The reasons of letters, the commonest first."""

    def __init__(self) -> None:
        self._reasons: dict[str, Reason] = {}

    @classmethod
    def of(cls, letters: Iterable[Letter]) -> "Summary":
        """The summary of some letters, of which one is in memory at a time."""
        summary = cls()
        for letter in letters:
            summary.take(letter)
        return summary

    def take(self, letter: Letter) -> None:
        """One more letter."""
        name, seen = letter.reason, letter.first_seen
        self._reasons.setdefault(name, Reason(name, 0, seen, seen, letter)).take(letter)

    def __iter__(self) -> Iterator[Reason]:
        return iter(sorted(self._reasons.values(), key=lambda reason: (-reason.letters, reason.name)))


def print_summary(summary: Summary, now: datetime, *, as_json: bool) -> None:
    """Print a line for each reason."""
    _table(now).print(summary, as_json=as_json)


def _table(now: datetime) -> Table[Reason]:
    return Table(
        Column("Letters", lambda reason: f"{reason.letters:,}", 7, right=True, is_whole=True),
        Column("Reason", lambda reason: reason.name, 24, least=14),
        Column(
            "Oldest",
            lambda reason: duration_shown((now - reason.oldest).total_seconds()),
            WIDEST_DURATION,
            right=True,
        ),
        Column("For example", lambda reason: cause_first(reason.example.message, reason.example.key), from_width=60),
        piped=lambda reason: map(str, _told(reason, now).values()),
        json=lambda reason: _told(reason, now),
    )


class ReasonTold(Told, frozen=True, kw_only=True):
    """The dead letters of one reason."""

    reason: str
    letters: int
    oldest_first_seen: datetime
    oldest_age_seconds: int
    newest_first_seen: datetime
    example: str


def _told(reason: Reason, now: datetime) -> Mapping[str, object]:
    return ReasonTold(
        reason=reason.name,
        letters=reason.letters,
        oldest_first_seen=reason.oldest,
        oldest_age_seconds=max(0, int((now - reason.oldest).total_seconds())),
        newest_first_seen=reason.newest,
        example=reason.example.message,
    ).attributes()
