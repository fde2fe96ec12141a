"""Replay: letters are sent to their queue, and deleted once it has accepted them; then, what became of each."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from ops.audit.records import audit_query
from ops.aws.concurrency import results_in_order
from ops.dlq.apply import Tally, apply
from ops.dlq.letter import Letter
from ops.dlq.preview import Action, ApplyOptions, preview_and_ask
from ops.dlq.queue import DeadLetterQueue, QueueName, send
from ops.dlq.results import Lines, Result
from ops.dlq.sweep import CONNECTIONS, Sweep
from ops.errors import CommandError
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.prompts import note
from shared import times
from shared.audit_log.items import AnyRecord
from shared.audit_log.query import THREADS as QUERY_THREADS
from shared.audit_log.record import Identity, Record
from shared.errors import PermanentError
from shared.events import Completion, CopyRequest, Outcome
from shared.lambda_runtime.message import REPLAY_OPERATION, REPLAYED_BY
from shared.log_id import is_log_id
from shared.operations import OperationKind

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Each group of letters is sent, then deleted: calls that the threads mostly wait for.
_THREADS = 8
_BETWEEN_READS_S = 2.0
# A message's deliveries come at most five minutes apart, and a copy may take a function's fifteen.
_MOST_WITHOUT_NEWS_S = 20 * 60
_MOST_NAMED = 5
_WHAT_NEXT = {
    QueueName.COPY: "copytrail audit list --operation {operation_id}",
    QueueName.AUDIT: "copytrail dlq ls --queue audit",
}


def replay_letters(stack: Stack, options: ApplyOptions, lines: Lines, *, rate: float | None, wait: bool) -> None:
    """Preview, ask, send what was agreed on, and tell how it ended.

    Args:
        rate: letters a second at most.
        wait: until each has left a record.

    Raises:
        CopytrailError, BotoCoreError, ClientError: AWS did not answer, or refused; what is left is in the queue.
        CommandError: some letters were refused, failed again, or could not be seen.
    """
    queue = options.queue
    action = Action(
        kind=OperationKind.REPLAY,
        options=options,
        verb="replaying",
        would=f"go to the {queue} queue",
        done=Result.REPLAYED,
        left_out_why="superseded since",
        to_check_why="a delivery may have copied one and died, and the copier checks that the newest is there",
        threads=_THREADS,
        rate=rate,
    )
    outcomes = ReplayOutcomes() if wait else None
    with closing(stack.client("sqs", connections=CONNECTIONS + _THREADS)) as sqs:
        letters = DeadLetterQueue(sqs, queue.dlq_url(stack))
        preview = preview_and_ask(stack, letters, action, lines)
        if preview is None:
            return
        act = partial(send_then_delete, sqs, queue.url(stack), outcomes=outcomes)
        operation_id, problem = apply(action, act, letters, preview, stack=stack, lines=lines)
    if outcomes:
        _wait(outcomes, stack, lines)
    if problem:
        raise problem
    if outcomes:
        outcomes.check()
    else:
        note(f"what becomes of them: {_WHAT_NEXT[queue].format(operation_id=operation_id)}")
    preview.check_all(queue.dlq)


def send_then_delete(
    sqs: "SQSClient",
    queue_url: str,
    tally: Tally,
    swept: Sweep,
    letters: Sequence[Letter],
    *,
    outcomes: "ReplayOutcomes | None" = None,
) -> None:
    """Send letters to their queue, and delete what it has accepted.

    Args:
        outcomes: where the records are expected that the letters leave, if anybody waits for these.

    Raises:
        CopytrailError: SQS did not answer, or refused all of them.
    """
    marks = {REPLAYED_BY: tally.operation.performed_by, REPLAY_OPERATION: tally.operation.id}
    sent = send(sqs, queue_url, letters, marks=marks)
    tally.refuse(sent.refused)
    accepted = [letter for letter, _ in sent.accepted]
    if outcomes:
        outcomes.expect(sent.accepted)
    try:
        still_there = swept.delete(accepted)
    finally:
        tally.enter(accepted, Result.REPLAYED)
    # Replayed once more, it would find its work done: that is a copy in vain, and no harm.
    tally.remark("replayed, and still in the dead-letter queue", still_there)


# The record under a LogID, or None. Raises CopytrailError where there is no answer.
Get = Callable[[str], AnyRecord | None]


@dataclass(frozen=True)
class Expected:
    """What a replayed letter leaves: the LogIDs of its success and of its next failure, if that would have one.

    `identity`: what the record must be of, where it is that of a letter of the audit queue.
    """

    success: str
    failure: str | None = None
    identity: Identity | None = None

    def found_by(self, get: Get) -> AnyRecord | None:
        """The record, if it is there. Raises CopytrailError where DynamoDB does not answer."""
        found = get(self.success)
        if self.identity and not (isinstance(found, Record) and found.identity == self.identity):
            return None
        return found if found or self.failure is None else get(self.failure)


class ReplayOutcomes:
    """The records that replayed letters leave, by what they say; about 300 bytes of memory for each.

    `pending`: those that were not found yet. `without_record`: how many letters are no events of ours, so that whatever
    becomes of them is not on record.
    """

    def __init__(self) -> None:
        self.pending: list[Expected] = []
        self.without_record = 0
        self.outcomes: Counter[str] = Counter()
        self.failures: list[Record] = []
        self._lock = Lock()

    def expect(self, accepted: Iterable[tuple[Letter, str]]) -> None:
        """Expect the records of letters that their queue accepted, each as the message with this id. On any thread."""
        expected = [_expected(letter, message_id) for letter, message_id in accepted]
        with self._lock:
            self.pending += [one for one in expected if one]
            self.without_record += expected.count(None)

    def read(self, get: Get) -> Iterator[AnyRecord]:
        """Look up each record that is pending, once; those that are found, as they are.

        Raises:
            CopytrailError: while iterating, DynamoDB did not answer.
        """
        before, without = self.pending, list[Expected]()
        read = 0
        try:
            look_ups = results_in_order(lambda one: (one, one.found_by(get)), before, threads=QUERY_THREADS)
            with closing(look_ups) as results:
                for expected, record in results:
                    read += 1
                    if record is None:
                        without.append(expected)
                    else:
                        self._take(expected, record)
                        yield record
        finally:
            self.pending = without + before[read:]

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
    outcomes: ReplayOutcomes,
    get: Get,
    lines: Lines,
    advance: Callable[[int], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until each letter has left its record, as long as there is news at least every 20 minutes.

    Raises:
        CopytrailError: DynamoDB did not answer.
    """
    news_at = clock()
    try:
        while outcomes.pending and clock() - news_at < _MOST_WITHOUT_NEWS_S:
            for record in outcomes.read(get):
                news_at = clock()
                advance(1)
                lines.show_record(record)
            if outcomes.pending:
                sleep(_BETWEEN_READS_S)
    except BaseException:
        note("stopped waiting: nothing is undone by that")
        outcomes.tell()
        raise


def _wait(outcomes: ReplayOutcomes, stack: Stack, lines: Lines) -> None:
    with lines.bar("waiting", total=len(outcomes.pending)) as advance:
        wait_for(outcomes, audit_query(stack).get, lines, advance)
    outcomes.tell()
    lines.show_without_record(expected.success for expected in outcomes.pending)


def _expected(letter: Letter, message_id: str) -> Expected | None:
    """The record that a letter leaves which was replayed as the message with this id; None: it leaves none."""
    if success := letter.copy_log_id():
        return Expected(success, letter.copy_log_id(failed_message_id=message_id))
    about = letter.about
    if isinstance(about, CopyRequest | PermanentError) or not is_log_id(about.log_id):
        return None
    identity = Record.of(about, times.now()).identity if isinstance(about, Completion) else None
    return Expected(about.log_id, identity=identity)
