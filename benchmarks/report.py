"""The report of results: a table and verdicts for people, JSON lines for programs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

from benchmarks.measured import Measured

_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Result:
    """One run: what it was, over how many things, what it took, a note, and what was wrong with what it did."""

    what: str
    count: int
    measured: Measured
    note: str = ""
    problems: Sequence[str] = ()

    @property
    def peak_mb(self) -> float:
        """The peak of resident memory, in megabytes."""
        return self.measured.peak_rss / _MEGABYTE


def print_results(results: Iterable[Result], *, as_json: bool) -> bool:
    """Print results, and on stderr each as it comes; whether nothing was wrong with any."""
    results = list(map(_announced, results))
    if as_json:
        for result in results:
            click.echo(json.dumps(_plain(result)))
    else:
        Console(highlight=False, markup=False, width=120).print(_table(results))
    return not any(result.problems for result in results)


def _announced(result: Result) -> Result:
    click.echo(f"{result.what}: {result.measured.seconds:.1f} s", err=True)
    for problem in result.problems:
        click.echo(f"  WRONG: {problem}", err=True)
    return result


def _table(results: Iterable[Result]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("what", no_wrap=True)
    for column in ("things", "seconds", "CPU s", "a second", "peak RSS"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for result in results:
        measured = result.measured
        table.add_row(
            result.what,
            f"{result.count:,}",
            f"{measured.seconds:.1f}",
            f"{measured.cpu_seconds:.1f}",
            f"{result.count / measured.seconds:,.0f}",
            f"{result.peak_mb:.0f} MB",
            result.note,
        )
    return table


def _plain(result: Result) -> dict[str, object]:
    return {
        "what": result.what,
        "count": result.count,
        "seconds": round(result.measured.seconds, 2),
        "cpuSeconds": round(result.measured.cpu_seconds, 2),
        "peakRssBytes": result.measured.peak_rss,
        "note": result.note,
        "problems": list(result.problems),
    }
