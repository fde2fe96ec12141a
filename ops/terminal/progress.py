"""Progress bars and spinners: on a terminal's stderr, and nowhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ops.terminal.formats import counted
from shared.humanize import visible


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="dim")


class _Count(ProgressColumn):
    """How many of how many, where that is known."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        done = int(task.completed)
        if task.total is None:
            return Text(counted(done, self._unit))
        return Text(f"{done:,} of {counted(int(task.total), self._unit)}")


@contextmanager
def progress(title: str, *, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Show how far something has come; gives a function to tell of so many more. It may be called by any thread.

    Args:
        total: how many there will be, or None where that is not known.
        unit: what is counted, in the singular: `letter`.
    """
    console = Console(stderr=True)
    bar: list[ProgressColumn] = [TextColumn(title), BarColumn(bar_width=None), _Count(unit), _Rate()]
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
    # A title may name a key, which is no markup.
    with console.status(Text(visible(title))) if console.is_terminal else nullcontext():
        yield
