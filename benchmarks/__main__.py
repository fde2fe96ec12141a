"""The command line of the benchmarks: `python -m benchmarks --help`."""

import sys
from collections.abc import Iterable, Iterator

import click

from benchmarks import cold_start, export, letters, messages, reconcile
from benchmarks.report import Result, print_results

_LETTERS = 100_000
_RECORDS = _OBJECTS = 1_000_000
_STARTS = 11
_MESSAGES = 10_000

_size = click.IntRange(min=1_000)


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
@click.pass_context
def main(ctx: click.Context, *, as_json: bool) -> None:
    """Measure the installed `copytrail` on an endpoint of this machine; without COMMAND, all of it (20 minutes).

    Each run is checked: ends with 1 when a command did not do what it was to do, or not within its limits.
    """
    ctx.obj = as_json
    if ctx.invoked_subcommand is None:
        _tell(ctx, _all())


@main.command("letters")
@click.option("--count", type=_size, default=_LETTERS, show_default=True, help="Dead letters.")
@click.pass_context
def _letters(ctx: click.Context, *, count: int) -> None:
    """List a dead-letter queue, and replay it."""
    _tell(ctx, letters.run(count))


@main.command("export")
@click.option("--count", type=_size, default=_RECORDS, show_default=True, help="Records.")
@click.pass_context
def _export(ctx: click.Context, *, count: int) -> None:
    """Export the audit table to CSV, JSON lines and Parquet."""
    _tell(ctx, export.run(count))


@main.command("reconcile")
@click.option("--count", type=_size, default=_OBJECTS, show_default=True, help="Objects of the source.")
@click.pass_context
def _reconcile(ctx: click.Context, *, count: int) -> None:
    """Compare two buckets, side by side with `rclone check` and `aws s3 sync --dryrun`."""
    _tell(ctx, reconcile.run(count))


@main.command("cold-start")
@click.option("--count", type=click.IntRange(min=1), default=_STARTS, show_default=True, help="Starts of each.")
@click.pass_context
def _cold_start(ctx: click.Context, *, count: int) -> None:
    """Start each function, with its bytecode and without."""
    _tell(ctx, cold_start.run(count))


@main.command("messages")
@click.option("--count", type=_size, default=_MESSAGES, show_default=True, help="Messages of each kind.")
@click.pass_context
def _messages(ctx: click.Context, *, count: int) -> None:
    """Have each function process messages whose AWS calls are answered at once."""
    _tell(ctx, messages.run(count))


def _all() -> Iterator[Result]:
    yield from cold_start.run(_STARTS)
    yield from messages.run(_MESSAGES)
    yield from letters.run(_LETTERS)
    yield from export.run(_RECORDS)
    yield from reconcile.run(_OBJECTS)


def _tell(ctx: click.Context, results: Iterable[Result]) -> None:
    sys.exit(0 if print_results(results, as_json=ctx.obj) else 1)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
