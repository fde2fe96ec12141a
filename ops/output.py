"""Owns how results are printed: tables for people, tab-separated lines for pipes, JSON lines for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ops.columns import Column, Place, filled, placed

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


def json_option(command: F) -> F:
    """Add `--json` to a command, as the argument `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")(command)


def visible(text: str) -> str:
    r"""The text with what would not be seen, or would move the cursor, written as `\x1b` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def print_json(thing: Mapping[str, object]) -> None:
    """Print one JSON object on one line, non-printing characters escaped as JSON does."""
    click.echo(json_line(thing))


def json_line(thing: Mapping[str, object]) -> str:
    """One JSON object on one line, non-printing characters escaped as JSON does."""
    text = json.dumps(thing, ensure_ascii=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else _json_escape(c) for c in text)


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


def note(text: str) -> None:
    """Tell a person something that is not a result: on stderr."""
    click.echo(visible(text), err=True)


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


def _json_escape(character: str) -> str:
    # json.dumps leaves DEL and the C1 controls alone unless asked for ASCII, and DEL even then.
    return json.dumps(character)[1:-1] if ord(character) > 0x7F else f"\\u{ord(character):04x}"  # noqa: PLR2004 - DEL
