"""Owns how letters are shown in tables: what a line of a terminal holds of one, by its width, and of a pipe."""

from collections.abc import Iterable
from datetime import datetime

from ops.dlq.letter import ExplainedBy, Letter
from ops.dlq.letter_json import age_s
from ops.durations import duration_shown
from ops.moments import shown_moment
from ops.output import Cell, Column, end_of, print_table, room_beside, terminal_width
from ops.sizes import size_shown
from shared import times

# At least so many characters of a letter's id tell it from others; `show` and `--id` take them.
SHORT_ID = 8
# From so many characters a line on, there is room for more: `show`, `--json` and pipes have all of it.
_WIDE = 110
_WIDEST = 160
_NARROW_COLUMNS = (Column("Id", SHORT_ID), Column("Age", 6), Column("Reason", 18))
_WIDE_COLUMNS = (*_NARROW_COLUMNS[:2], Column("Tries", 5), Column("Size", 8), _NARROW_COLUMNS[2])
_WIDEST_COLUMNS = (_WIDE_COLUMNS[0], Column("First seen (UTC)", 19), *_WIDE_COLUMNS[1:])
_STYLES = {
    ExplainedBy.COPYTRAIL: "red",
    ExplainedBy.EVENTBRIDGE: "red",
    ExplainedBy.NOBODY: "yellow",
    ExplainedBy.NOT_OURS: "magenta",
}
_NOT_KNOWN = "?"


def print_letters(letters: Iterable[Letter], now: datetime) -> None:
    """Print letters as they come: a table; into a pipe, all but attributes and body, whole."""
    width = terminal_width()
    if width is None:
        print_table((), (_whole_row(letter, now) for letter in letters))
    elif width >= _WIDEST:
        room = room_beside(_WIDEST_COLUMNS) * 4 // 10
        more = (Column("Bucket", room // 2), Column("Key", room), Column("Message"))
        print_table((*_WIDEST_COLUMNS, *more), (_widest_row(letter, now, room) for letter in letters))
    elif width >= _WIDE:
        room = room_beside(_WIDE_COLUMNS) // 2
        print_table(
            (*_WIDE_COLUMNS, Column("Key", room), Column("Message")),
            (_wide_row(letter, now, room) for letter in letters),
        )
    else:
        room = room_beside(_NARROW_COLUMNS)
        print_table((*_NARROW_COLUMNS, Column("Key")), (_narrow_row(letter, now, room) for letter in letters))


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


def _widest_row(letter: Letter, now: datetime, room: int) -> tuple[Cell, ...]:
    id_, age, *others, key, message = _wide_row(letter, now, room)
    return (
        id_,
        Cell(shown_moment(letter.first_seen)),
        age,
        *others,
        Cell(letter.bucket),
        key,
        message,
    )


def _wide_row(letter: Letter, now: datetime, room: int) -> tuple[Cell, ...]:
    id_, age, reason, key = _narrow_row(letter, now, room)
    return (
        id_,
        age,
        Cell((_NOT_KNOWN if letter.attempts is None else str(letter.attempts)).rjust(5)),
        Cell((_NOT_KNOWN if letter.size is None else size_shown(letter.size)).rjust(8)),
        reason,
        key,
        Cell(letter.short_message),
    )


def _narrow_row(letter: Letter, now: datetime, room: int) -> tuple[Cell, ...]:
    return (
        Cell(letter.id[:SHORT_ID]),
        Cell(duration_shown(age_s(letter, now)).rjust(6)),
        Cell(letter.reason, _STYLES[letter.explained_by]),
        Cell(end_of(letter.key or letter.title or "?", room)),
    )
