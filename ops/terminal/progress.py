"""Progress bars and spinners: on a terminal's stderr, and nowhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="dim")


@contextmanager
def progress(title: str, *, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Show how far something has come; gives a function to tell of so many more. It may be called by any thread.

    Args:
        total: how many there will be, or None where that is not known.
        unit: what is counted, in the plural: `letters`.
    """
    console = Console(stderr=True)
    counted = "{task.completed:,}" + (" of {task.total:,} " if total is not None else " ") + unit
    bar: list[ProgressColumn] = [TextColumn(title), BarColumn(bar_width=None), TextColumn(counted), _Rate()]
    if total is not None:
        bar.append(TimeRemainingColumn(compact=True))
    # What is printed meanwhile goes above the bar, but never from a pipe's or a file's stdout to the terminal.
    on_terminal = sys.stdout.isatty()
    shown = Progress(
        *bar, console=console, transient=True, redirect_stdout=on_terminal, disable=not console.is_terminal
    )
    with shown:
        task = shown.add_task(title, total=total)
        yield lambda count: shown.advance(task, count)


@contextmanager
def waiting(title: str) -> Iterator[None]:
    """Show that something is under way whose length nobody knows."""
    console = Console(stderr=True)
    with console.status(title) if console.is_terminal else nullcontext():
        yield
