"""Owns how a few things with much to tell are shown on a terminal: a moment, and beside it some lines each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from ops.moments import shown_moment
from ops.output import Cell, console, visible

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
