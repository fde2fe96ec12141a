"""Owns how letters are shown in tables: what a line of a terminal holds of one, by its width, and of a pipe."""

from collections.abc import Callable, Iterable
from datetime import datetime

from ops.dlq.letter import ExplainedBy, Letter
from ops.dlq.letter_json import age_s
from ops.terminal.formats import WIDEST_DURATION, WIDEST_SIZE, cause_first, duration_shown, shown_moment, size_shown
from ops.terminal.tables import Cell, Column, Table
from shared import times

# At least so many characters of a letter's id tell it from others; `show` and `--id` take them.
SHORT_ID = 8
# `show`, `--json` and pipes have all of a letter; a terminal, from so many characters a line on, more and more.
_WIDE = 110
_WIDEST = 160
_STYLES = {
    ExplainedBy.COPYTRAIL: "red",
    ExplainedBy.EVENTBRIDGE: "red",
    ExplainedBy.NOBODY: "yellow",
    ExplainedBy.NOT_OURS: "magenta",
}
_NOT_KNOWN = "?"


def print_letters(letters: Iterable[Letter], now: datetime) -> None:
    """Print letters as they come: a table; into a pipe, all but attributes and body, whole."""
    _table(now).print(letters)


def _table(now: datetime) -> Table[Letter]:
    return Table(
        Column("Id", lambda letter: letter.id[:SHORT_ID], SHORT_ID),
        Column("First seen (UTC)", lambda letter: shown_moment(letter.first_seen), 19, from_width=_WIDEST),
        Column("Age", lambda letter: duration_shown(age_s(letter, now)), WIDEST_DURATION, right=True, from_width=60),
        Column("Tries", lambda letter: _known(letter.attempts, str), 5, right=True, from_width=_WIDE),
        Column("Size", lambda letter: _known(letter.size, size_shown), WIDEST_SIZE, right=True, from_width=_WIDE),
        Column("Reason", lambda letter: Cell(letter.reason, _STYLES[letter.explained_by]), 18, least=12),
        Column("Bucket", lambda letter: letter.bucket, from_width=_WIDEST, keeps_end=True),
        Column("Key", lambda letter: letter.key or letter.title or _NOT_KNOWN, keeps_end=True),
        Column("Message", lambda letter: cause_first(letter.message, letter.key), from_width=_WIDE),
        piped=lambda letter: (
            letter.id,
            times.to_text(letter.first_seen),
            str(age_s(letter, now)),
            "" if letter.attempts is None else str(letter.attempts),
            "" if letter.size is None else str(letter.size),
            letter.reason,
            letter.bucket,
            letter.key,
            letter.message,
        ),
    )


def _known(number: int | None, shown: Callable[[int], str]) -> str:
    return _NOT_KNOWN if number is None else shown(number)
