"""Tables for people, tab-separated lines for pipes: columns that fit the terminal, and values cut to them.

A cell is the place of one Latin character on a terminal; a CJK character or an emoji takes two, a combining mark none.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

import click
from rich.cells import cell_len, split_graphemes
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.terminal.formats import shown_moment, visible
from ops.terminal.json import json_line

_GAP = 1
_ELLIPSIS = "…"
# As `ops.terminal.formats.visible` writes it.
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


F = TypeVar("F", bound=Callable[..., object])

# Rows are printed as they come: a screenful is enough to look like one table.
_ROWS_AT_ONCE = 50
# A terminal narrower than this wraps the lines itself: cut values would be of no use.
_NARROWEST = 40


class Cell(NamedTuple):
    """One value of a row, and its rich style."""

    text: str
    style: str = ""


def terminal_width() -> int | None:
    """How many characters a line of the terminal holds, or None: stdout is a pipe or a file."""
    return Console().width if sys.stdout.isatty() else None


def console() -> Console:
    """The terminal, or one of the least width that a table needs."""
    return Console(width=_width(), highlight=False, emoji=False, markup=False)


def columns_with_room(columns: Sequence[Column]) -> list[Place]:
    """Which of the columns the terminal has room for, and how wide each is."""
    return placed(columns, _width())


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, with_header: bool = True) -> None:
    """Print rows as they come: a table on a terminal; into a pipe, one line per row, values whole, tabs between."""
    if terminal_width() is None:
        for row in rows:
            click.echo("\t".join(visible(cell.text) for cell in row))
        return
    terminal = console()
    for number, some in enumerate(_chunks(iter(rows))):
        visibly = [[Cell(visible(cell.text), cell.style) for cell in row] for row in some]
        places = placed(columns, terminal.width, _widest(columns, visibly))
        if with_header and number == 0 and any(column.title for column in columns):
            _print_line(terminal, places, [Cell(column.title, "bold") for column in columns])
        for row in visibly:
            _print_line(terminal, places, row)


def print_attributes(attributes: Mapping[str, object], *, err: bool = False) -> None:
    """Print one thing's attributes, a line each; with `err` on stderr, where they are not the result."""
    width = max(map(len, attributes), default=0)
    for name, value in attributes.items():
        shown = json_line(value) if isinstance(value, dict) else visible(str(value))
        click.echo(f"{click.style(name.ljust(width), dim=True)}  {shown}", err=err)


def _width() -> int:
    return max(terminal_width() or 0, _NARROWEST)


def _widest(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    return [max(cell_len(row[number].text) for row in rows) for number in range(len(columns))]


def _print_line(terminal: Console, places: Sequence[Place], row: Sequence[Cell]) -> None:
    cells = [Text(filled(row[number].text, column, width), style=row[number].style) for number, column, width in places]
    line = Text(" ").join(cells)
    line.rstrip()
    terminal.print(line, soft_wrap=True)


def _chunks(rows: Iterator[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        yield some


_MOMENT = len("2026-11-23 10:00:00")


class Block(NamedTuple):
    """A moment, UTC, and what is told of it; the first line's cells stand apart, and long lines go on below."""

    moment: datetime
    first_line: Sequence[Cell]
    lines: Sequence[str]


def print_blocks(blocks: Iterable[Block]) -> None:
    """Print blocks as they come."""
    terminal = console()
    for block in blocks:
        grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False, expand=True)
        grid.add_column(width=_MOMENT, no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
        grid.add_row(shown_moment(block.moment), _joined(block.first_line))
        for line in block.lines:
            grid.add_row("", Text(visible(line), style="dim"))
        terminal.print(grid)


def _joined(cells: Sequence[Cell]) -> Text:
    return Text(" · ").join(Text(visible(cell.text), style=cell.style) for cell in cells if cell.text)
