"""Owns how a few things with much to tell are shown on a terminal: a moment, and beside it some lines each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.output import Cell, visible

_NARROWEST = 80
_MOMENT = len("2026-11-23 10:00:00")


class Block(NamedTuple):
    """A moment, UTC, and what is told of it; the first line's cells stand apart, and long lines go on below."""

    moment: datetime
    first_line: Sequence[Cell]
    lines: Sequence[str]


def print_blocks(blocks: Iterable[Block], *, width: int) -> None:
    """Print blocks as they come, on a terminal of so many characters a line."""
    console = Console(width=max(width, _NARROWEST), highlight=False, emoji=False, markup=False)
    for block in blocks:
        grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False, expand=True)
        grid.add_column(width=_MOMENT, no_wrap=True)
        grid.add_column(ratio=1, overflow="fold")
        grid.add_row(shown_moment(block.moment), _joined(block.first_line))
        for line in block.lines:
            grid.add_row("", Text(visible(line), style="dim"))
        console.print(grid)


def shown_moment(moment: datetime) -> str:
    """A moment in UTC for a person, to the second."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _joined(cells: Sequence[Cell]) -> Text:
    return Text(" · ").join(Text(visible(cell.text), style=cell.style) for cell in cells if cell.text)
