"""Owns how a table fits its terminal: which columns there is room for, how wide each is, and how a value is cut.

A cell is the place of one Latin character on a terminal; a CJK character or an emoji takes two, a combining mark none.
"""

import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

_GAP = 1
_ELLIPSIS = "…"
# As `ops.output.visible` writes it.
_ESCAPE = re.compile(r"(\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))")
# The least of a column that takes what is left: less tells nothing of a key.
_LEAST = 12


class Column(NamedTuple):
    """One column of a table.

    Args:
        width: in cells; without one, the column shares what the others leave.
        least: in cells, how narrow it may get where others need the room; its width, unless it is given.
        from_width: how many cells a line of the terminal must hold for the column to be there at all.
        below: how many it may not hold.
        right: whether values end in line, as numbers do.
        keeps_end: whether a value that is cut keeps its end: keys of one folder differ there.
        is_whole: whether the column gets wider rather than cut a value, as half a number or half an id is a lie.
    """

    title: str
    width: int | None = None
    least: int | None = None
    from_width: int = 0
    below: int = sys.maxsize
    right: bool = False
    keeps_end: bool = False
    is_whole: bool = False

    @property
    def narrowest(self) -> int:
        """The least cells that it is of use with."""
        return next(width for width in (self.least, self.width, _LEAST) if width is not None)


class Place(NamedTuple):
    """Where a column stands: its number among all, and its width in cells."""

    number: int
    column: Column
    width: int


def placed(columns: Sequence[Column], room: int, widest: Sequence[int] = ()) -> list[Place]:
    """The columns that a terminal of so many cells a line shows, in order, and how wide each is.

    Args:
        widest: how many cells the widest value of each column takes, where that is known.
    """
    chosen = [number for number, each in enumerate(columns) if each.from_width <= room < each.below]
    wide = {
        number: max([columns[number].narrowest, *(widest[number : number + 1] if columns[number].is_whole else ())])
        for number in chosen
    }
    left = max(0, room - sum(wide.values()) - _GAP * (len(chosen) - 1))
    sharing = [number for number in chosen if columns[number].width is None]
    for number in chosen:
        more = min(left, max(0, (columns[number].width or 0) - wide[number]))
        wide[number] += more
        left -= more
    for position, number in enumerate(sharing):
        more = left // (len(sharing) - position)
        wide[number] += more
        left -= more
    return [Place(number, columns[number], wide[number]) for number in chosen]


def cut(text: str, room: int, *, keeps_end: bool = False) -> str:
    """The text, or as much of its beginning (or its end) as `room` cells hold beside an ellipsis."""
    if cell_len(text) <= room:
        return text
    if room <= 0:
        return ""
    characters = _characters(text)
    left = room - len(_ELLIPSIS)
    kept: list[str] = []
    for character in reversed(characters) if keeps_end else characters:
        left -= cell_len(character)
        if left < 0:
            break
        kept.append(character)
    return _ELLIPSIS + "".join(reversed(kept)) if keeps_end else "".join(kept) + _ELLIPSIS


def _characters(text: str) -> list[str]:
    """What is not cut in two: a letter with its marks, or what is written for one that would not be seen."""
    found: list[str] = []
    for part in _ESCAPE.split(text):
        escape = _ESCAPE.fullmatch(part)
        found += [part] if escape else [part[start:end] for start, end, _ in split_graphemes(part)[0]]
    return found


def filled(text: str, column: Column, width: int) -> str:
    """The text cut to the column's width, or filled up with blanks on the side where the column's values differ."""
    shown = cut(text, width, keeps_end=column.keeps_end)
    blanks = " " * (width - cell_len(shown))
    return blanks + shown if column.right else shown + blanks
