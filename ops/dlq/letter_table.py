"""Owns how letters are shown in tables: what a line of a terminal holds of one, by its width, and of a pipe."""

from collections.abc import Iterable
from datetime import datetime

from ops.dlq.letter import ExplainedBy, Letter
from ops.dlq.letter_json import age_s
from ops.terminal.formats import WIDEST_DURATION, WIDEST_SIZE, cause_first, duration_shown, shown_moment, size_shown
from ops.terminal.tables import Cell, Column, print_table, terminal_width
from shared import times

# At least so many characters of a letter's id tell it from others; `show` and `--id` take them.
SHORT_ID = 8
# `show`, `--json` and pipes have all of a letter; a terminal, from so many characters a line on, more and more.
_WIDE = 110
_WIDEST = 160
_COLUMNS = (
    Column("Id", SHORT_ID),
    Column("First seen (UTC)", 19, from_width=_WIDEST),
    Column("Age", WIDEST_DURATION, right=True, from_width=60),
    Column("Tries", 5, right=True, from_width=_WIDE),
    Column("Size", WIDEST_SIZE, right=True, from_width=_WIDE),
    Column("Reason", 18, least=12),
    Column("Bucket", from_width=_WIDEST, keeps_end=True),
    Column("Key", keeps_end=True),
    Column("Message", from_width=_WIDE),
)
_STYLES = {
    ExplainedBy.COPYTRAIL: "red",
    ExplainedBy.EVENTBRIDGE: "red",
    ExplainedBy.NOBODY: "yellow",
    ExplainedBy.NOT_OURS: "magenta",
}
_NOT_KNOWN = "?"


def print_letters(letters: Iterable[Letter], now: datetime) -> None:
    """Print letters as they come: a table; into a pipe, all but attributes and body, whole."""
    if terminal_width() is None:
        print_table((), (_whole_row(letter, now) for letter in letters))
    else:
        print_table(_COLUMNS, (_row(letter, now) for letter in letters))


def _whole_row(letter: Letter, now: datetime) -> tuple[Cell, ...]:
    return (
        Cell(letter.id),
        Cell(times.to_text(letter.first_seen)),
        Cell(str(age_s(letter, now))),
        Cell("" if letter.attempts is None else str(letter.attempts)),
        Cell("" if letter.size is None else str(letter.size)),
        Cell(letter.reason),
        Cell(letter.bucket),
        Cell(letter.key),
        Cell(letter.message),
    )


def _row(letter: Letter, now: datetime) -> tuple[Cell, ...]:
    return (
        Cell(letter.id[:SHORT_ID]),
        Cell(shown_moment(letter.first_seen)),
        Cell(duration_shown(age_s(letter, now))),
        Cell(_NOT_KNOWN if letter.attempts is None else str(letter.attempts)),
        Cell(_NOT_KNOWN if letter.size is None else size_shown(letter.size)),
        Cell(letter.reason, _STYLES[letter.explained_by]),
        Cell(letter.bucket),
        Cell(letter.key or letter.title or _NOT_KNOWN),
        Cell(cause_first(letter.message, letter.key)),
    )
