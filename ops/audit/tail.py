"""`copytrail audit tail`: the last records, and those that come, each once, also those that come late."""

import select
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Protocol

import click

from ops.audit.record_filter import RecordFilter, no_match
from ops.audit.records import BEGINNING, audit_query, matching, tell_unreadable
from ops.audit.records_table import LOG
from ops.errors import UsageError, as_command_error
from ops.stack import Stack
from ops.terminal.json import json_option
from ops.terminal.prompts import note
from shared import times
from shared.audit_log.query import CLOCKS_DIFFER_BY
from shared.audit_log.record import Record
from shared.errors import CopytrailError, PermanentError

_EXAMPLES = """\b
Examples:
  $ copytrail audit tail -f
  $ copytrail audit tail -n 50 -f --outcome failed --json
"""
_EVERY_S = 2.0
_LONGEST_WAIT_S = 30.0
# A record has its place in the index by when its transfer finished, and comes there when the auditor has written it:
# seconds later, minutes after a retry. Looking back far is dear where much is copied, so it is done now and then.
LATEST = timedelta(minutes=10)
_USUALLY_LATEST = timedelta(seconds=20)
_READS_PER_LONG_READ = 15

Show = Callable[[Iterable[Record]], None]


@click.command(epilog=_EXAMPLES)
@click.option("-f", "--follow", is_flag=True, help="Go on with the records that come, until Ctrl-C.")
@click.option("-n", "count", type=click.IntRange(min=0), default=10, show_default=True, metavar="N", help="The last N.")
@RecordFilter.options("record_filter", without=("until", "operation_id"))
@json_option
@click.pass_obj
def tail(stack: Stack, *, follow: bool, count: int, record_filter: RecordFilter, as_json: bool) -> None:
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
        last = list(islice(matching(query, record_filter), count))[::-1]
        show(last)
        if not last and count:
            note(no_match(record_filter))
        return
    follower = Follower(query, record_filter.matches, times.now)
    show(follower.begin(count, record_filter.since or BEGINNING))
    keep_following(follower, show, time.sleep, lambda: tell_unreadable(query.unreadable))


class Index(Protocol):
    """Records by when they finished: an AuditQuery."""

    def by_time(self, since: datetime, until: datetime, *, newest_first: bool = True) -> Iterator[Record]:
        """The records of a span."""


class Follower:
    """The records that pass the filters, each once, as they come; it remembers those that may be read again."""

    def __init__(self, index: Index, matches: Callable[[Record], bool], clock: Callable[[], datetime]) -> None:
        self._index = index
        self._matches = matches
        self._clock = clock
        self._seen: dict[str, datetime] = {}
        self._reads = 0
        self._read_at = self._read_far_at = clock()

    def begin(self, count: int, since: datetime) -> list[Record]:
        """The last so many records from `since` on, oldest first; from now on, `new` gives what comes after them.

        Raises:
            CopytrailError: DynamoDB did not answer, or an item is not a record.
        """
        far = self._read_far_at - LATEST
        last = deque(self._unseen(far), maxlen=count)
        if since < far:
            earlier = filter(self._matches, self._index.by_time(since, far))
            last.extendleft(islice(earlier, count - len(last)))
        return list(last)

    def new(self) -> Iterator[Record]:
        """The records that have come since they were asked for last, as far as they are taken.

        Raises:
            CopytrailError: DynamoDB did not answer; those that it did not give come the next time.
        """
        started_at = self._clock()
        far = self._reads % _READS_PER_LONG_READ == 0
        since = self._read_far_at - LATEST if far else self._read_at - _USUALLY_LATEST
        yield from self._unseen(since)
        self._reads += 1
        self._read_at = started_at
        if far:
            self._read_far_at = started_at
            self._forget_before(started_at - LATEST)

    def _unseen(self, since: datetime) -> Iterator[Record]:
        for record in self._index.by_time(since, self._clock() + CLOCKS_DIFFER_BY, newest_first=False):
            if record.log_id not in self._seen and self._matches(record):
                self._seen[record.log_id] = record.finished_at
                yield record

    def _forget_before(self, oldest: datetime) -> None:
        self._seen = {log_id: finished_at for log_id, finished_at in self._seen.items() if finished_at >= oldest}


def keep_following(
    follower: Follower, show: Show, sleep: Callable[[float], None], after_each: Callable[[], None] = lambda: None
) -> None:
    """Show what comes, for ever; `after_each` is called each time.

    Raises:
        CommandError: trying again will not help.
        BrokenPipeError: nobody reads any more.
    """
    wait_s = _EVERY_S
    while True:
        sleep(wait_s)
        if _reader_gone():
            raise BrokenPipeError
        try:
            show(follower.new())
        except CopytrailError as error:
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            note(f"{_curable(error)}; trying again in {wait_s:.0f} s")
        else:
            wait_s = _EVERY_S
        after_each()


def _curable(failure: CopytrailError) -> str:
    """What a person is told of an error that time may cure.

    Raises:
        CommandError: it will not.
    """
    told = as_command_error(failure)
    if isinstance(failure, PermanentError) or isinstance(told, UsageError):
        raise told from failure
    return told.message


class _Log:
    """One table with one header, of records that come some at a time, even where a read of some fails."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._with_header = True

    def __call__(self, records: Iterable[Record]) -> None:
        remaining = iter(records)
        for first in islice(remaining, 1):
            with_header, self._with_header = self._with_header, False
            LOG.print(chain([first], remaining), as_json=self._as_json, with_header=with_header)


def _reader_gone() -> bool:
    # While nothing comes nothing is written, and only a write would tell.
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
