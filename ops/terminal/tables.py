"""Tables on a terminal, tab-separated lines in a pipe, JSON lines for programs: output declared once for each type.

A cell is the place of one Latin character on a terminal; a CJK character or an emoji takes two, a combining mark none.
"""

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import click
from rich.cells import cell_len, split_graphemes
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from ops.terminal.formats import moment_shown
from ops.terminal.json import json_line, print_json
from shared.humanize import visible

R = TypeVar("R")

_GAP = 1
_ELLIPSIS = "…"
# As `shared.humanize.visible` writes it.
_ESCAPE = re.compile(r"(\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))")
# The least of a column that takes what is left: less tells nothing of a key.
_LEAST = 12
# Rows are printed as they come: a screenful is enough to look like one table.
_ROWS_AT_ONCE = 50
# A terminal narrower than this wraps the lines itself: cut values would be of no use.
_NARROWEST = 40
_MOMENT = len("2026-11-23 10:00:00")


class Cell(NamedTuple):
    """One value of a row, and its rich style."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column of a table on a terminal.

    Args:
        value: the text of a row's cell, or a `Cell`, which has a style.
        width: in cells; without one, the column shares what the others leave.
        least: in cells, how narrow it may get where others need the room; its width, unless it is given.
        from_width: how many cells a line of the terminal must hold for the column to be there at all.
        below: how many it may not hold.
        right: whether values end in line, as numbers do.
        keeps_end: whether a value that is cut keeps its end: keys of one folder differ there.
        is_whole: whether the column gets wider rather than cut a value, as half a number or half an id is a lie.
    """

    title: str
    value: Callable[[R], str | Cell]
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

    def cell(self, row: R) -> Cell:
        """The row's cell, with what would not be seen written out."""
        value = self.value(row)
        text, style = value if isinstance(value, Cell) else (value, "")
        return Cell(visible(text), style)


class _Listing(ABC, Generic[R]):
    """How many things of one kind are shown, wherever they are printed to."""

    piped: Callable[[R], Iterable[str]]
    json: Callable[[R], Mapping[str, object]] | None

    def print(self, things: Iterable[R], *, as_json: bool = False, with_header: bool = True) -> int:
        """Print things as they come: for a person at a terminal, in a pipe with tabs between the values, or as JSON.

        Returns:
            How many there were.
        """
        count = 0

        def counting() -> Iterator[R]:
            nonlocal count
            for count, thing in enumerate(things, start=1):  # noqa: B007 - it is returned
                yield thing

        if as_json and self.json:
            for thing in counting():
                print_json(self.json(thing))
        elif terminal_width() is None:
            print_lines(map(self.piped, counting()))
        else:
            self._print_on_terminal(counting(), with_header=with_header)
        return count

    @abstractmethod
    def _print_on_terminal(self, rows: Iterable[R], *, with_header: bool) -> None: ...


class Table(_Listing[R]):
    """Things of one kind, a line each.

    Args:
        columns: on a terminal.
        piped: the values of a thing in a pipe, whole; those of the columns, unless it is given.
        json: a thing's JSON object.
    """

    def __init__(
        self,
        *columns: Column[R],
        piped: Callable[[R], Iterable[str]] | None = None,
        json: Callable[[R], Mapping[str, object]] | None = None,
    ) -> None:
        self.columns = columns
        self.piped = piped or (lambda row: (column.cell(row).text for column in columns))
        self.json = json

    def _print_on_terminal(self, rows: Iterable[R], *, with_header: bool) -> None:
        terminal = _console()
        for number, some in enumerate(_chunks(rows)):
            lines = [[column.cell(row) for column in self.columns] for row in some]
            widest = [max(cell_len(cell.text) for cell in cells) for cells in zip(*lines, strict=True)]
            places = placed(self.columns, terminal.width, widest)
            if with_header and number == 0 and any(column.title for column in self.columns):
                _print_line(terminal, places, [Cell(column.title, "bold") for column in self.columns])
            for line in lines:
                _print_line(terminal, places, line)


class Block(NamedTuple):
    """A moment, UTC, and what is told of it; the first line's cells stand apart, and long lines go on below."""

    moment: datetime
    first_line: Sequence[Cell]
    lines: Sequence[str]


@dataclass
class Blocks(_Listing[R]):
    """Things of one kind, some lines each.

    Args:
        block: what a thing is on a terminal.
        piped: the values of a thing in a pipe, whole.
        json: a thing's JSON object.
    """

    block: Callable[[R], Block]
    piped: Callable[[R], Iterable[str]]
    json: Callable[[R], Mapping[str, object]]

    def _print_on_terminal(self, rows: Iterable[R], *, with_header: bool) -> None:
        terminal = _console()
        for block in map(self.block, rows):
            grid = Grid.grid(padding=(0, 2, 0, 0), pad_edge=False, expand=True)
            grid.add_column(width=_MOMENT, no_wrap=True)
            grid.add_column(ratio=1, overflow="fold")
            grid.add_row(moment_shown(block.moment), _joined(block.first_line))
            for line in block.lines:
                grid.add_row("", Text(visible(line), style="dim"))
            terminal.print(grid)


def print_lines(rows: Iterable[Iterable[str]]) -> None:
    """Print a line for each row as they come, its values whole, with tabs between."""
    for row in rows:
        click.echo("\t".join(map(visible, row)))


def print_attributes(attributes: Mapping[str, object], *, err: bool = False) -> None:
    """Print one thing's attributes, a line each; with `err` on stderr, where they are not the result."""
    width = max(map(len, attributes), default=0)
    for name, value in attributes.items():
        shown = json_line(value) if isinstance(value, dict) else visible(str(value))
        click.echo(f"{click.style(name.ljust(width), dim=True)}  {shown}", err=err)


def terminal_width() -> int | None:
    """How many characters a line of the terminal holds, or None: stdout is a pipe or a file."""
    return Console().width if sys.stdout.isatty() else None


class PlacedColumn(NamedTuple):
    """Where a column stands: its number among all, and its width in cells."""

    number: int
    column: Column[Any]
    width: int


def placed(columns: Sequence[Column[Any]], room: int | None = None, widest: Sequence[int] = ()) -> list[PlacedColumn]:
    """The columns that a terminal has room for, in order, and how wide each is.

    Args:
        room: how many cells a line of the terminal holds; None: as this one's.
        widest: how many cells the widest value of each column takes, where that is known.
    """
    room = _width() if room is None else room
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
    return [PlacedColumn(number, columns[number], wide[number]) for number in chosen]


def cut(text: str, room: int, *, keeps_end: bool = False) -> str:
    """The text, or as much of its beginning (or its end) as `room` cells hold beside an ellipsis."""
    if cell_len(text) <= room:
        return text
    if room <= 0:
        return ""
    characters = _characters(text)
    left = room - len(_ELLIPSIS)
    shown: list[str] = []
    for character in reversed(characters) if keeps_end else characters:
        left -= cell_len(character)
        if left < 0:
            break
        shown.append(character)
    return _ELLIPSIS + "".join(reversed(shown)) if keeps_end else "".join(shown) + _ELLIPSIS


def filled(text: str, column: Column[Any], width: int) -> str:
    """The text cut to the column's width, or filled up with blanks on the side where the column's values differ."""
    shown = cut(text, width, keeps_end=column.keeps_end)
    blanks = " " * (width - cell_len(shown))
    return blanks + shown if column.right else shown + blanks


def _characters(text: str) -> list[str]:
    """What is not cut in two: a letter with its marks, or what is written for one that would not be seen."""
    found: list[str] = []
    for part in _ESCAPE.split(text):
        escape = _ESCAPE.fullmatch(part)
        found += [part] if escape else [part[start:end] for start, end, _ in split_graphemes(part)[0]]
    return found


def _console() -> Console:
    """The terminal, or one of the least width that a table needs."""
    return Console(width=_width(), highlight=False, emoji=False, markup=False)


def _width() -> int:
    return max(terminal_width() or 0, _NARROWEST)


def _print_line(terminal: Console, places: Sequence[PlacedColumn], row: Sequence[Cell]) -> None:
    cells = [Text(filled(row[number].text, column, width), style=row[number].style) for number, column, width in places]
    line = Text(" ").join(cells)
    line.rstrip()
    terminal.print(line, soft_wrap=True)


def _chunks(rows: Iterable[R]) -> Iterator[list[R]]:
    """The rows, some at a time; where the next cannot be had, those that have come are given first."""
    some: list[R] = []
    try:
        for row in rows:
            some.append(row)
            if len(some) == _ROWS_AT_ONCE:
                yield some
                some = []
    except Exception:
        if some:
            yield some
        raise
    if some:
        yield some


def _joined(cells: Sequence[Cell]) -> Text:
    return Text(" · ").join(Text(visible(cell.text), style=cell.style) for cell in cells if cell.text)
