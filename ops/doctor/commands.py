"""The `copytrail doctor` command: whether uploads can arrive and be recorded, and, with --canary, whether one does."""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import timedelta

import click

from ops.doctor.canary import canaries
from ops.doctor.check import Finding, Result, make
from ops.doctor.checks import all_checks
from ops.errors import UsageError
from ops.params.moment import span
from ops.reconcile.scope import ALL, route_numbers
from ops.stack import Stack
from ops.terminal.json import json_option, print_json
from ops.terminal.progress import waiting
from shared.humanize import visible

_EXAMPLES = """\b
Examples:
  $ copytrail doctor
  $ copytrail doctor --all
  $ copytrail doctor --json | jq -r 'select(.State == "Wrong") | .Command'
  $ copytrail doctor --canary --route 1
"""
_TIMEOUT = timedelta(minutes=2)
_WORDS = {Result.FINE: "fine", Result.WRONG: "wrong", Result.UNKNOWN: "could not be made"}
_STYLES = {Result.FINE: "green", Result.WRONG: "red", Result.UNKNOWN: "yellow"}


@click.command(short_help="Check all that an upload needs to arrive and be recorded.", epilog=_EXAMPLES)
@click.option("--all", "everything", is_flag=True, help="Also show what is fine, as --json does.")
@click.option("--canary", is_flag=True, help="Upload a small object instead, and follow it to its record.")
@click.option("--route", metavar="N", help="With --canary: which route, from 1, instead of all.")
@click.option("--timeout", type=span, metavar="SPAN", help="With --canary: how long each may take, instead of 2m.")
@json_option
@click.pass_obj
@click.pass_context
def doctor(
    ctx: click.Context,
    stack: Stack,
    *,
    everything: bool,
    canary: bool,
    route: str | None,
    timeout: timedelta | None,
    as_json: bool,
) -> None:
    """Check all that an upload needs to arrive and be recorded: exit code 0 if it is so, 1 if not.

    These are, as they were deployed: the notifications of the source buckets, the rules with their targets and
    patterns, the event bus, the queues and their policies, the event source mappings, the functions, the destination
    buckets, the audit table and its indexes; versions and keys where a route needs them; and what is about to expire in
    a queue. Each thing that is wrong is a line with what to type. What could not be looked at is such a line, too, and
    not taken for fine. Nothing is changed. Buckets and keys of other accounts are theirs to look at.

    --canary uploads a small object under a new key, copytrail-canary/… below the route's first prefix, and tells when
    it was copied and when it was recorded; then it deletes the object at both ends. The record stays. Where it gets
    stuck, a line says where and what to look at, the object stays, and the exit code is 1.
    """
    if canary and everything:
        raise UsageError("--all is of the checks, which --canary leaves out: leave one of them out")
    if not canary and (route or timeout):
        raise UsageError("--route and --timeout belong to --canary: add it, or leave them out")
    with ExitStack() as clients:
        if canary:
            numbers = route_numbers(route or ALL, len(stack.routes))
            arrived = canaries(stack, numbers, timeout or _TIMEOUT, clients, as_json=as_json)
            ctx.exit(0 if arrived else 1)
        with waiting(f"Examining stack {stack.name}"):
            findings = list(make(all_checks(stack, clients), stack.typed))
    counts = Counter(finding.state for finding in findings)
    shown = [finding for finding in findings if everything or finding.state is not Result.FINE]
    if as_json:
        for finding in findings:
            print_json(finding.attributes())
    else:
        _print(shown, counts)
    ctx.exit(0 if counts.keys() <= {Result.FINE} else 1)


def _print(findings: Iterable[Finding], counts: Counter[Result]) -> None:
    for finding in findings:
        # click leaves colours out of what is no terminal.
        click.echo(f"{click.style(f'{finding.state:7}', fg=_STYLES[finding.state])}  {visible(str(finding))}")
    told = ", ".join(f"{counts[result]} {word}" for result, word in _WORDS.items() if counts[result])
    click.echo(told)
