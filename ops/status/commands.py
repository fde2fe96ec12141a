"""The `copytrail status` command: whether all is well."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta

import click
from rich.console import Console
from rich.live import Live

from ops.interrupts import INTERRUPTED
from ops.params.moment import span
from ops.stack import Stack
from ops.status.screen import line, screen, to_json
from ops.status.snapshot import Snapshot, Snapshots
from ops.status.verdict import Health, Verdict, assess
from ops.terminal.json import json_option, print_json
from ops.terminal.progress import waiting
from ops.terminal.tables import terminal_width

# Into a pipe, nothing is wrapped.
_ENDLESS = 10_000

_Show = Callable[[Snapshot, Verdict], None]

_EXAMPLES = """\b
Examples:
  $ copytrail status
  $ copytrail status --watch --every 10s
  $ copytrail status --json | jq .Queues.copy.DeadLettersByReason
"""


@click.command(short_help="Show on one screen whether all is well.", epilog=_EXAMPLES)
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C.")
@click.option("--every", type=span, default="5s", show_default=True, metavar="SPAN", help="With --watch: how often.")
@click.option(
    "--behind",
    type=span,
    default="15m",
    show_default=True,
    metavar="SPAN",
    help="A queue whose oldest message waits so long has fallen behind.",
)
@json_option
@click.pass_obj
@click.pass_context
def status(
    ctx: click.Context, stack: Stack, *, watch: bool, every: timedelta, behind: timedelta, as_json: bool
) -> None:
    """Show on one screen whether all is well: exit code 0 if it is, 1 if not.

    Not healthy: uploads cannot arrive or be recorded (notifications are off, a rule or a mapping is disabled:
    `copytrail doctor` says what to type), there are dead letters, or a queue has fallen behind. The failures of the
    last hour are shown; what is wrong about them is their dead letters, until somebody replays or drops these. What
    could not be read is shown as "?", and is not taken for healthy.

    CloudWatch tells how old the oldest message is, some minutes late. With --watch, it, whether uploads can arrive, and
    the reasons of dead letters are asked for once a minute, or when the letters' number changes. Into a pipe, each
    snapshot is then one line. Ctrl-C ends with the exit code of the last one.
    """
    title = f"Stack {stack.name} in {stack.region}"
    with ExitStack() as clients:
        with waiting(f"Reading stack {stack.name}"):
            snapshots = Snapshots(stack, clients)
            snapshot = snapshots.take()

        if watch:
            ctx.exit(_watch(snapshot, snapshots, behind, _each_in_its_place(title, as_json=as_json), every))
        verdict = assess(snapshot, behind=behind)
        if as_json:
            _print_json(snapshot, verdict)
        else:
            _print_screen(title, snapshot, verdict)
        ctx.exit(_exit_code(verdict))


def _watch(
    snapshot: Snapshot,
    snapshots: Snapshots,
    behind: timedelta,
    showing: AbstractContextManager[_Show],
    every: timedelta,
) -> int:
    exit_code = INTERRUPTED
    try:
        with showing as show:
            while True:
                verdict = assess(snapshot, behind=behind)
                # Before it is shown: whoever stops the command has read it.
                exit_code = _exit_code(verdict)
                show(snapshot, verdict)
                time.sleep(every.total_seconds())
                snapshot = snapshots.take()
    except KeyboardInterrupt:
        return exit_code


def _exit_code(verdict: Verdict) -> int:
    return 0 if verdict.health is Health.HEALTHY else 1


@contextmanager
def _each_in_its_place(title: str, *, as_json: bool) -> Iterator[_Show]:
    """How snapshot after snapshot is shown: on a terminal, each in the place of the one before."""
    if as_json or terminal_width() is None:
        yield _print_json if as_json else _print_line
        return
    with Live(console=_console(), auto_refresh=False, vertical_overflow="visible") as live:
        yield lambda snapshot, verdict: live.update(
            screen(title, snapshot, verdict, width=live.console.width), refresh=True
        )


def _print_screen(title: str, snapshot: Snapshot, verdict: Verdict) -> None:
    console = _console()
    shown = screen(title, snapshot, verdict, width=console.width)
    if console.is_terminal:
        console.print(shown)
        return
    with console.capture() as printed:
        console.print(shown)
    # rich fills up the last cell of each row.
    click.echo("\n".join(row.rstrip() for row in printed.get().splitlines()))


def _print_json(snapshot: Snapshot, verdict: Verdict) -> None:
    print_json(to_json(snapshot, verdict))


def _print_line(snapshot: Snapshot, verdict: Verdict) -> None:
    click.echo(line(snapshot, verdict))


def _console() -> Console:
    return Console(width=terminal_width() or _ENDLESS, highlight=False, emoji=False, markup=False)
