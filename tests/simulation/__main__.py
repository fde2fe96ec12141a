"""The command line of the simulator: `python -m tests.simulation --help`."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.simulation.campaign import Summary, find_all, run_everywhere
from tests.simulation.guards import ALL_GUARDS, NAMES, without
from tests.simulation.run import run

T = TypeVar("T")
_MOST_SCHEDULES_PER_MUTATION = 50_000
_MOST_VIOLATIONS_SHOWN = 10


@click.command()
@click.option(
    "-n", "--schedules", type=click.IntRange(min=1), default=20_000, show_default=True, help="How many to run."
)
@click.option("--first", type=click.IntRange(min=0), default=0, show_default=True, help="The first seed.")
@click.option("--seed", type=click.IntRange(min=0), help="Run one schedule, and tell its story.")
@click.option("--without", "guard", type=click.Choice(NAMES), help="With --seed: take this guard away first.")
@click.option("--mutations", is_flag=True, help="Take each guard away in turn, and show that it is missed.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="one for each core",
    help="How many to use.",
)
def main(schedules: int, first: int, seed: int | None, guard: str | None, *, mutations: bool, processes: int) -> None:
    """Run the real use cases on a simulated AWS, in schedules that seeds decide, and check that nothing is lost.

    Ends with 1 when something was violated, or a missing guard was not missed.
    """
    if guard and seed is None:
        raise click.UsageError("--without needs --seed: say which schedule to run without the guard")
    if seed is not None:
        holds = _tell(seed, guard)
    elif mutations:
        holds = _mutate(first, processes)
    else:
        holds = _simulate(range(first, first + schedules), processes)
    sys.exit(0 if holds else 1)


def _tell(seed: int, guard: str | None) -> bool:
    verdict = run(seed, without(guard) if guard else ALL_GUARDS, traced=True)
    click.echo("\n".join(verdict.trace))
    click.echo(f"\nseed {seed}: " + ("; ".join(verdict.violations) or "holds"))
    return not verdict.violations


def _simulate(seeds: range, processes: int) -> bool:
    started = time.monotonic()
    total = Summary()
    for part in _progress(run_everywhere(seeds, processes), len(seeds), lambda part: part.schedules):
        total.add(part)
    _print_summary(total, time.monotonic() - started)
    return not total.violations


def _print_summary(total: Summary, seconds: float) -> None:
    table = Table("", "count", box=None)
    table.columns[1].justify = "right"
    table.add_row("schedules", f"{total.schedules:,}")
    for name, count in sorted(total.counts.items()):
        table.add_row(name, f"{count:,}")
    table.add_row("violations", f"{len(total.violations):,}", style="red" if total.violations else "green")
    console = Console()
    console.print(table)
    console.print(f"{seconds:.1f} s, {total.schedules / seconds:,.0f} schedules/s", highlight=False)
    for seed, violation in sorted(total.violations.items())[:_MOST_VIOLATIONS_SHOWN]:
        click.echo(f"seed {seed}: {violation}\n  python -m tests.simulation --seed {seed}")
    if total.violations:
        _tell(min(total.violations), None)


def _mutate(first: int, processes: int) -> bool:
    found_all = True
    click.echo("| guard taken away | schedules | seed | what the simulator says |\n|---|---:|---:|---|")
    seeds = range(first, first + _MOST_SCHEDULES_PER_MUTATION)
    for found in _progress(find_all(seeds, processes), len(NAMES), lambda _: 1):
        found_all = found_all and found.seed is not None
        seed = "-" if found.seed is None else found.seed
        click.echo(f"| `{found.guard}` | {found.schedules:,} | {seed} | {found.violation or 'NOT FOUND'} |")
    return found_all


def _progress(parts: Iterable[T], total: int, size: Callable[[T], int]) -> Iterator[T]:
    console = Console(stderr=True)
    columns = (TextColumn("simulating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("simulating", total=total)
        for part in parts:
            progress.advance(bar, size(part))
            yield part


if __name__ == "__main__":
    main()
