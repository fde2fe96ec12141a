"""A sweep of a dead-letter queue: each letter once, and afterwards every one that is left visible again.

A dead-letter queue has no redrive limit of its own, so that a sweep moves no letter on.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import takewhile
from queue import SimpleQueue

from ops.aws.concurrency import run_in_order
from ops.aws.sqs import MOST_ENTRIES, QueueAttributes, tens
from ops.dlq.letter import Letter
from ops.dlq.queue import DeadLetterQueue, Refused
from ops.errors import CommandError, IncompleteError, UsageError
from ops.interrupts import uninterrupted
from ops.terminal.formats import counted, duration_shown
from ops.terminal.prompts import note
from shared.errors import CopytrailError

THREADS = 12
# To keep 100,000 letters invisible takes 10,000 calls of some 80 ms: so many threads take a third of the time they are.
_KEEPERS = 8
# So many receives each thread may be ahead of the reader.
_AHEAD = 2
# How many calls are made at once: a client that is handed over has as many connections.
CONNECTIONS = THREADS + _KEEPERS
# So many long polls in a row bring nothing old, until a queue that is said to hold more counts as empty all the same.
_LONG_POLLS = 3
# What SQS counts is right a minute after the last letter came ("GetQueueAttributes", SQS API reference). Their times do
# not tell letters that a redrive brings meanwhile from the others: they keep the moment they were first sent.
_COUNTS_LAG_S = 60
# So many letters may have been received and not been counted here yet when SQS is asked for its counts.
_MOST_ON_THEIR_WAY = THREADS * MOST_ENTRIES
# A standard queue has no more than about 120,000 messages in flight ("Amazon SQS message quotas").
_MOST_IN_FLIGHT = 115_000
_OVER_LIMIT = "OverLimit"
# A letter that became visible by itself, or was deleted by somebody else.
_NOT_IN_FLIGHT = ("MessageNotInflight", "ReceiptHandleIsInvalid", "InvalidParameterValue")
# What was received stays invisible for so long and is kept so, so that letters come back soon when nobody keeps them.
_SHORTEST_INVISIBLE_S = 30
_LONGEST_INVISIBLE_S = 12 * 60 * 60
_LETTERS_A_SECOND = 400


@dataclass(frozen=True)
class Unseen:
    """How many letters a sweep could not see, as far as SQS knows: received by others (`in_flight`), and `waiting`.

    `back_within_s`: how long a sweep of ours that was killed leaves letters invisible.
    """

    in_flight: int = 0
    waiting: int = 0
    back_within_s: int = field(default=_SHORTEST_INVISIBLE_S, compare=False)

    def __bool__(self) -> bool:
        return bool(self.in_flight or self.waiting)

    def __str__(self) -> str:
        told = []
        if self.in_flight:
            told.append(
                f"{counted(self.in_flight, 'letter')} cannot be seen at present: somebody lists them or replays them,"
                " or was stopped while doing so, and then they come back within"
                f" {duration_shown(self.back_within_s)}"
            )
        if self.waiting:
            told.append(f"{counted(self.waiting, 'letter')} more may be there and did not come: try again in a minute")
        return "; ".join(told)

    def check(self) -> None:
        """Let a sweep pass that has seen all.

        Raises:
            IncompleteError: it has not.
        """
        if self:
            raise IncompleteError(str(self))


def not_found(dlq: str, ids: Sequence[str], unseen: Unseen) -> CommandError:
    """What a search for letters by their ids fails with that found none."""
    why = f"no letter of the {dlq} has the id {' or '.join(ids)}"
    return IncompleteError(f"{why}; {unseen}") if unseen else CommandError(why)


@contextmanager
def sweep(
    queue: DeadLetterQueue,
    *,
    most_in_flight: int = _MOST_IN_FLIGHT,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator["Sweep"]:
    """Go through a queue. However the block ends, letters that were not deleted are then visible again.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: in this queue, a sweep could move letters on.
    """
    state = queue.attributes()
    if state.redrive_policy is not None:
        raise UsageError(
            f"{queue.url} has a redrive policy of its own ({state.redrive_policy}), by which reading letters could"
            " move them on: take it away"
        )
    begun = Sweep(queue, state, most_in_flight=most_in_flight, clock=clock)
    with begun.staying_invisible():
        yield begun


class _End(Enum):
    """Why a thread receives no more."""

    EMPTY = "empty"
    # SQS gives out no more at a time.
    LIMIT = "limit"
    # As many have come as there were a minute after the sweep began.
    ENOUGH = "enough"
    STOPPED = "stopped"


class Sweep:
    """One way through a dead-letter queue.

    `waiting`: how many letters it is said to have had before. `unseen`: those that were not seen, once the sweep has
    come to its end.
    """

    def __init__(
        self,
        queue: DeadLetterQueue,
        state: QueueAttributes,
        *,
        most_in_flight: int,
        clock: Callable[[], float],
    ) -> None:
        self.waiting = state.waiting
        self.unseen = Unseen()
        self._queue = queue
        self._state = state
        self._most_received = most_in_flight - state.in_flight
        self._clock = clock
        self._began = clock()
        self._old = 0
        self._found = 0
        self._enough: int | None = None
        # Message ids of what was received and not deleted, each with its newest receipt handle: about 650 bytes.
        self._handles: dict[str, str] = {}
        self._lock = threading.Lock()
        # Daemons: while SQS is silent, an impatient person must be able to end the command all the same.
        threads = min(THREADS, 1 + self.waiting // MOST_ENTRIES)
        self._receivers = [threading.Thread(target=self._receive, name="receive", daemon=True) for _ in range(threads)]
        self._received: SimpleQueue[Sequence[Letter] | _End | BaseException] = SimpleQueue()
        self._room = threading.Semaphore(_AHEAD * threads)
        self._stopped = False

    def __iter__(self) -> Iterator[Sequence[Letter]]:
        """The letters, up to 10 at a time, each once. What came to the queue since may or may not be among them.

        Raises:
            CopytrailError: SQS did not answer.
        """
        # Nothing is waited for in here at the end: an abandoned generator swallows the person's Ctrl-C.
        for thread in self._receivers:
            thread.start()
        ends: list[_End] = []
        while len(ends) < len(self._receivers):
            received = self._received.get()
            if isinstance(received, BaseException):
                raise received
            self._room.release()
            if isinstance(received, _End):
                ends.append(received)
            elif received:
                yield received
        if _End.LIMIT in ends:
            note(
                f"SQS gives out no more than about 120,000 letters at a time: these are the first {self._found:,}."
                " Replay or drop some of them to see the others."
            )
        self.unseen = self._count_unseen(is_cut_off=set(ends) != {_End.EMPTY})

    def delete(self, letters: Sequence[Letter]) -> list[Refused]:
        """Delete up to 10 letters from the queue, on any thread; those that are not deleted, each with why.

        Raises:
            CopytrailError: SQS did not answer; nothing is known to be deleted.
        """
        refused: list[Refused] = []
        if not letters:
            return refused
        told = self._queue.delete([self._handles.get(letter.id, letter.receipt_handle) for letter in letters])
        for letter, why in zip(letters, told, strict=True):
            if why is None:
                self._handles.pop(letter.id, None)
            else:
                refused.append((letter, why))
        return refused

    @contextmanager
    def staying_invisible(self) -> Iterator[None]:
        """Keep what was received invisible to others during the block, and make it visible again after it."""
        ended = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(ended,), name="keep", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            with uninterrupted():
                self._stop_receiving()
                ended.set()
                keeper.join()
                self._give_back()

    @property
    def _invisible_s(self) -> int:
        # As many as there turn out to be: what SQS says before may be too little.
        return _invisible_s(max(self.waiting, len(self._handles)))

    def _receive(self) -> None:
        try:
            self._received.put(self._receive_all())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the thread that goes through them
            self._received.put(error)

    def _receive_all(self) -> _End:
        """Receive, a little ahead of the reader, until there seems to be nothing more that was there at first."""
        polls = 0
        while polls < _LONG_POLLS and (not polls or self._old < self.waiting):
            self._room.acquire()
            if self._stopped:
                return _End.STOPPED
            if self._has_enough():
                return _End.ENOUGH
            if len(self._handles) >= self._most_received:
                return _End.LIMIT
            try:
                letters = self._new(self._queue.receive(self._invisible_s))
            except CopytrailError as error:
                if not error.reason.endswith(_OVER_LIMIT):
                    raise
                return _End.LIMIT
            # Where letters come in all the time, a queue is never empty.
            began_at = self._state.at
            old = sum(began_at is None or letter.sent_at <= began_at for letter in letters)
            with self._lock:
                self._old += old
                self._found += len(letters)
            polls = 0 if old else polls + 1
            self._received.put(letters)
        return _End.EMPTY

    def _stop_receiving(self) -> None:
        """Wait until every thread has ended its receive, and begins no other."""
        self._stopped = True
        self._room.release(len(self._receivers))
        for thread in self._receivers:
            if thread.ident is not None:
                thread.join()

    def _new(self, letters: Iterable[Letter]) -> list[Letter]:
        """Those that come for the first time; of the others, the newest receipt handle counts."""
        new: list[Letter] = []
        with self._lock:
            for letter in letters:
                if letter.id not in self._handles:
                    new.append(letter)
                self._handles[letter.id] = letter.receipt_handle
        return new

    def _has_enough(self) -> bool:
        """Whether as many have come as there were at a moment when SQS's counts knew all that was there before."""
        with self._lock:
            if self._enough is None:
                if self._clock() - self._began < _COUNTS_LAG_S:
                    return False
                self._enough = self._found + self._queue.attributes().waiting + _MOST_ON_THEIR_WAY
            return self._found >= self._enough

    def _count_unseen(self, *, is_cut_off: bool) -> Unseen:
        before = self._state
        missing = max(0, before.waiting - self._old)
        if not (before.in_flight or missing or is_cut_off):
            return Unseen()
        now = self._queue.attributes()
        # What somebody gave back meanwhile has come. Letters that a redrive brought do not stand for others.
        come_back = max(0, self._old - before.waiting)
        others = min(before.in_flight, max(0, now.in_flight - len(self._handles)))
        return Unseen(
            in_flight=max(before.in_flight - come_back, others),
            waiting=now.waiting if is_cut_off else min(missing, now.waiting),
            back_within_s=_invisible_s(before.waiting + before.in_flight),
        )

    def _keep(self, ended: threading.Event) -> None:
        while not ended.wait(self._invisible_s / 3):
            with self._lock:
                received = list(self._handles)
            run_in_order(self._keep_some, takewhile(lambda _: not ended.is_set(), tens(received)), threads=_KEEPERS)

    def _keep_some(self, ids: Sequence[str]) -> None:
        # Those that are deleted when their turn comes need it no more.
        if handles := [handle for id_ in ids if (handle := self._handles.get(id_))]:
            # What fails is tried again in its turn. Should it fail for good, others see the letters: nothing is lost.
            with suppress(CopytrailError):
                self._queue.change_visibility(handles, self._invisible_s)

    def _give_back(self) -> None:
        received = list(self._handles.values())
        given: list[int] = []

        def give(handles: Sequence[str]) -> None:
            told = self._queue.change_visibility(handles, 0)
            given.append(sum(why is None or why.startswith(_NOT_IN_FLIGHT) for why in told))

        why = ""
        try:
            run_in_order(give, tens(received), threads=THREADS)
        except CopytrailError as error:
            why = f" ({error.message})"
        finally:
            if left := len(received) - sum(given):
                note(
                    f"{counted(left, 'letter')} could not be made visible again{why}: they come"
                    f" back by themselves within {duration_shown(self._invisible_s)}"
                )


def _invisible_s(letters: int) -> int:
    return min(_SHORTEST_INVISIBLE_S + letters // _LETTERS_A_SECOND, _LONGEST_INVISIBLE_S)
