"""The selection of letters: filters by key, reason, time and id, and which letters an id names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import click

from ops.dlq.letter import KNOWN_REASONS, Letter
from ops.errors import UsageError
from ops.params.filters import Filters, filtered
from ops.params.keys import key_glob, key_prefix
from ops.params.moment import check_order, moment
from shared import times
from shared.humanize import visible

_PART_OF_AN_ID = re.compile("[0-9a-f-]{8,36}")


class LetterId(click.ParamType[str]):
    """A message id or a LogID on the command line, or its beginning: 8 characters at least."""

    name = "id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read an id.

        Raises:
            CommandError: no id begins like this, or too many would.
        """
        text = str(value).strip().lower()
        if not _PART_OF_AN_ID.fullmatch(text):
            raise UsageError(
                f"'{value}' is not a message id or LogID, nor the first 8 characters of one: `copytrail dlq ls` shows"
                " them"
            )
        return text


def complete_reason(_ctx: click.Context, _option: click.Parameter, incomplete: str) -> list[str]:
    """The known reasons that begin like this, in any case, for a shell: AWS's codes come as they are, and are many."""
    begins = incomplete.casefold()
    return [reason for reason in KNOWN_REASONS if reason.casefold().startswith(begins)]


def _has_id(letter: Letter, id_: str) -> bool:
    """Whether a message id or LogID, or the beginning of one, is the letter's."""
    return letter.id.lower().startswith(id_) or (letter.log_id or "").startswith(id_)


def _has_reason(letter: Letter, reasons: tuple[str, ...]) -> bool:
    # As it is, and as it is shown.
    told = {letter.cause.reason.casefold(), visible(letter.cause.reason).casefold()}
    return any(reason.casefold() in told for reason in reasons)


def _first_seen(letter: Letter) -> str:
    return f"it was first seen at {times.to_text(letter.first_seen)}"


@dataclass(frozen=True)
class Selection(Filters[Letter]):
    """Letters first seen from `since` up to, not including, `until`, and as the rest says; empty takes all of ours.

    Letters that are not ours are only selected where `ids` or `reasons` name them. Reasons are taken in any case.
    `limit`: no more than so many, whichever come first; who goes through the letters counts them.
    """

    key_prefix: str = key_prefix(lambda letter: letter.key)
    key_glob: str = key_glob(lambda letter: letter.key)
    reasons: tuple[str, ...] = filtered(
        "--reason",
        _has_reason,
        instead=lambda letter: f"its reason is {letter.cause.reason}",
        shell_complete=complete_reason,
        multiple=True,
        metavar="REASON",
        help="Only this reason, as `ls` shows it: NoReasonRecorded and NotOurs, too. May be repeated.",
    )
    since: datetime | None = filtered(
        "--since",
        lambda letter, since: letter.first_seen >= since,
        instead=_first_seen,
        type=moment,
        help="Only what was first seen then or later: 15m, 1h, 7d or ISO-8601.",
    )
    until: datetime | None = filtered(
        "--until",
        lambda letter, until: letter.first_seen < until,
        instead=_first_seen,
        type=moment,
        help="Only what was first seen before then.",
    )
    ids: tuple[str, ...] = filtered(
        "--id",
        lambda letter, ids: any(_has_id(letter, id_) for id_ in ids),
        type=LetterId(),
        multiple=True,
        help="Only this letter: its message id or LogID, or how that begins. May be repeated.",
    )
    limit: int | None = filtered("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")

    def __post_init__(self) -> None:
        check_order(self.since, self.until)

    def matches(self, letter: Letter) -> bool:
        """Whether a letter is to be replayed or dropped."""
        return (bool(self.ids) or letter.is_ours or _has_reason(letter, self.reasons)) and self.shows(letter)

    def shows(self, letter: Letter) -> bool:
        """Whether a letter is to be shown or exported: then also one that is not ours."""
        return super().matches(letter)

    def check_all(self, *, everything: bool) -> None:
        """Let `--all` pass where nothing narrows it down but a limit.

        Raises:
            CommandError: there are filters beside it.
        """
        if everything and (filters := self.described().keys() - {"limit"}):
            raise UsageError(f"--all is every letter, and --{min(filters)} is not: say one of them")


class IdMatches:
    """Which letters each id of a selection turns out to name: the beginning of an id may be that of several."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._letters: dict[str, list[str]] = {id_: [] for id_ in selection.ids}
        self._excluded: dict[str, str] = {}
        self._found: set[str] = set()

    def take(self, letter: Letter) -> None:
        """A letter of the queue."""
        for id_, letters in self._letters.items():
            if not _has_id(letter, id_):
                continue
            self._found.add(id_)
            if why := self._selection.why_not(letter):
                self._excluded[letter.id] = why
            elif id_ not in (letter.id, letter.log_id):
                letters.append(letter.id)

    @property
    def of_nothing(self) -> list[str]:
        """The ids that no letter has, of those that were taken."""
        return sorted(self._letters.keys() - self._found)

    @property
    def excluded(self) -> Iterator[str]:
        """What a person is to know of letters that an id names and another filter excludes: a line for each."""
        return (f"letter {id_} is excluded by {why}" for id_, why in sorted(self._excluded.items()))

    def check(self) -> None:
        """Let ids pass that name one letter each.

        Raises:
            CommandError: the beginning of an id is that of several letters' ids.
        """
        for id_, letters in self._letters.items():
            if len(letters) > 1:
                raise UsageError(f"'{id_}' is how the ids of several letters begin: name one of {_listed(letters)}")


def _listed(letters: list[str]) -> str:
    most = 3
    return ", ".join(letters[:most]) + (", …" if len(letters) > most else "")
