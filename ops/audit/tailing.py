"""Owns `copytrail audit tail`: the last records, and those that come."""

import select
import sys
import time
from collections.abc import Callable, Iterable
from itertools import chain, islice

import click

from ops.audit.following import Follower
from ops.audit.record_filter import RecordFilter, no_match
from ops.audit.record_table import LOG
from ops.audit.table import BEGINNING, audit_query, last_matching, tell_unreadable
from ops.failures import UsageError, explained
from ops.stack import Stack
from ops.terminal.json import json_option
from ops.terminal.prompts import note
from shared import times
from shared.audit_log.record import Record
from shared.errors import CopytrailError, PermanentError

_EXAMPLES = """\b
Examples:
  $ copytrail audit tail -f
  $ copytrail audit tail -n 50 -f --outcome failed --json
"""
_EVERY_S = 2.0
_LONGEST_WAIT_S = 30.0

Show = Callable[[Iterable[Record]], None]


@click.command(epilog=_EXAMPLES)
@click.option("-f", "--follow", is_flag=True, help="Go on with the records that come, until Ctrl-C.")
@click.option("-n", "count", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="The last N.")
@RecordFilter.options("wanted", without=("until", "operation_id"))
@json_option
@click.pass_obj
def tail(stack: Stack, *, follow: bool, count: int, wanted: RecordFilter, as_json: bool) -> None:
    """Show the last records, and with -f those that come.

    The last are those that finished last, oldest first.

    With -f, every record is shown once: within seconds when it was recorded within 20 s of the transfer's end, within
    half a minute when it was recorded within 10 min. One that is recorded later still is not shown: `copytrail audit
    list` has it. When AWS does not answer, the command says so and tries again.

    Into a pipe: the lines of `copytrail audit list`.
    """
    show: Show = _Log(as_json=as_json)
    query = audit_query(stack)
    if not follow:
        last = last_matching(query, wanted, count)
        show(last)
        if not last and count:
            note(no_match(wanted))
        return
    follower = Follower(query, wanted.matches, times.now)
    show(follower.begin(count, wanted.since or BEGINNING))
    keep_following(follower, show, time.sleep, lambda: tell_unreadable(query.unreadable))


def keep_following(
    follower: Follower, show: Show, sleep: Callable[[float], None], after_each: Callable[[], None] = lambda: None
) -> None:
    """Show what comes, for ever; `after_each` is called after each look.

    Raises:
        CommandError: trying again will not help.
        BrokenPipeError: nobody reads any more.
    """
    wait_s = _EVERY_S
    while True:
        sleep(wait_s)
        if _reader_gone():
            raise BrokenPipeError
        show(follower.look())
        after_each()
        if follower.failure is None:
            wait_s = _EVERY_S
            continue
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        note(f"{_curable(follower.failure)}; trying again in {wait_s:.0f} s")


def _curable(failure: CopytrailError) -> str:
    """What a person is told of a failure that time may cure.

    Raises:
        CommandError: it will not.
    """
    told = explained(failure)
    if isinstance(failure, PermanentError) or isinstance(told, UsageError):
        raise told from failure
    return told.message


class _Log:
    """What is shown of the records, which come some at a time: one table, with one header."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._with_header = True

    def __call__(self, records: Iterable[Record]) -> None:
        remaining = iter(records)
        for first in islice(remaining, 1):
            LOG.print(chain([first], remaining), as_json=self._as_json, with_header=self._with_header)
            self._with_header = False


def _reader_gone() -> bool:
    # While nothing comes nothing is written, and only a write would tell.
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
