"""Owns what became of what was replayed: the records that its copies, or its failures, are expected to leave."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Protocol
from uuid import UUID

from ops.aws.concurrency import with_results
from ops.dlq.letter import Letter
from ops.dlq.results import Lines
from ops.failures import CommandError
from ops.terminal.formats import counted
from ops.terminal.prompts import note
from shared import times
from shared.audit_log.items import AnyRecord
from shared.audit_log.query import THREADS
from shared.audit_log.record import Identity, Record
from shared.errors import PermanentError
from shared.events import Completion, CopyRequest, Outcome
from shared.log_id import is_log_id

_BETWEEN_LOOKS_S = 2.0
# A message's deliveries come at most five minutes apart, and a copy may take a function's fifteen.
_MOST_WITHOUT_NEWS_S = 20 * 60
_MOST_NAMED = 5


class Table(Protocol):
    """Where records are."""

    def get(self, log_id: str) -> AnyRecord | None:
        """The record under a LogID, or None. Raises CopytrailError where there is no answer."""


@dataclass(frozen=True)
class Expected:
    """What a replayed letter leaves: the LogIDs of its success and of its next failure, if that would have one.

    `identity`: what the record must be of, where it is that of a letter of the audit queue.
    """

    success: UUID
    failure: UUID | None = None
    identity: Identity | None = None

    def found_in(self, table: Table) -> AnyRecord | None:
        """The record, if it is there. Raises CopytrailError where DynamoDB does not answer."""
        found = table.get(str(self.success))
        if self.identity and not (isinstance(found, Record) and found.identity == self.identity):
            return None
        return found if found or self.failure is None else table.get(str(self.failure))


class Replayed:
    """What the letters that were replayed are expected to leave; about 300 bytes for each. May be shared by threads.

    `without_record`: how many are no events of ours, so that whatever becomes of them is not on record.
    """

    def __init__(self) -> None:
        self.expected: list[Expected] = []
        self.without_record = 0
        self._lock = Lock()

    def take(self, letter: Letter, message_id: str) -> None:
        """This letter was accepted by the queue, as the message with this id."""
        expected = _expected(letter, message_id)
        with self._lock:
            if expected:
                self.expected.append(expected)
            else:
                self.without_record += 1


class Aftermath:
    """The records that were found so far, by what they say; `pending`: what has none yet."""

    def __init__(self, replayed: Replayed) -> None:
        self.pending = list(replayed.expected)
        self.without_record = replayed.without_record
        self.outcomes: Counter[str] = Counter()
        self.failures: list[Record] = []

    def look(self, table: Table) -> Iterator[AnyRecord]:
        """Look for each record that is pending, once; those that are found, as they are.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer.
        """
        before, without = self.pending, list[Expected]()
        looked_for = 0
        executor = ThreadPoolExecutor(THREADS, thread_name_prefix="aftermath")
        try:
            found = with_results(executor, lambda one: one.found_in(table), before, ahead=2 * THREADS)
            for expected, record in found:
                looked_for += 1
                if record is None:
                    without.append(expected)
                else:
                    self._take(expected, record)
                    yield record
        finally:
            self.pending = without + before[looked_for:]
            executor.shutdown(cancel_futures=True)

    def _take(self, expected: Expected, record: AnyRecord) -> None:
        if expected.failure is None or not isinstance(record, Record):
            # Of a letter of the audit queue, the record is all that was to be had.
            self.outcomes["recorded"] += 1
            return
        self.outcomes[record.outcome.lower()] += 1
        if record.outcome == Outcome.FAILED and len(self.failures) < _MOST_NAMED:
            self.failures.append(record)

    def tell(self) -> None:
        """Tell a person what became of the letters."""
        told = [f"{number:,} {outcome}" for outcome, number in self.outcomes.most_common()]
        if self.pending:
            told.append(f"{len(self.pending):,} without a record yet")
        if self.without_record:
            told.append(f"{self.without_record:,} that leave none")
        note(f"of what was replayed: {', '.join(told)}")
        for record in self.failures:
            note(f"failed again: {record.source_url}: {record.reason}: {record.message}")

    def check(self) -> None:
        """Let pass what was copied, deleted or skipped.

        Raises:
            CommandError: some letters failed again, have no record yet, or leave none.
        """
        problems = []
        if failed := self.outcomes[Outcome.FAILED.lower()]:
            problems.append(f"{counted(failed, 'letter')} failed again: `copytrail dlq ls`")
        if self.pending:
            problems.append(f"{counted(len(self.pending), 'letter')} left no record yet: `copytrail status`")
        if self.without_record:
            problems.append(f"{counted(self.without_record, 'letter')} cannot be followed: `copytrail dlq ls`")
        if problems:
            raise CommandError("; ".join(problems))


def wait_for(
    replayed: Replayed,
    table: Table,
    lines: Lines,
    advance: Callable[[int], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Aftermath:
    """Wait until each letter has left its record, as long as there is news at least every 20 minutes.

    Raises:
        CopytrailError: DynamoDB did not answer.
    """
    aftermath = Aftermath(replayed)
    news_at = clock()
    try:
        while aftermath.pending and clock() - news_at < _MOST_WITHOUT_NEWS_S:
            for record in aftermath.look(table):
                news_at = clock()
                advance(1)
                lines.show_record(record)
            if aftermath.pending:
                sleep(_BETWEEN_LOOKS_S)
    except BaseException:
        note("stopped waiting: nothing is undone by that")
        aftermath.tell()
        raise
    return aftermath


def _expected(letter: Letter, message_id: str) -> Expected | None:
    if success := letter.copy_log_id():
        failure = letter.copy_log_id(failed_message_id=message_id)
        return Expected(UUID(success), UUID(failure) if failure else None)
    about = letter.about
    if isinstance(about, CopyRequest | PermanentError) or not is_log_id(about.log_id):
        return None
    identity = Record.of(about, times.now()).identity if isinstance(about, Completion) else None
    return Expected(UUID(about.log_id), identity=identity)
